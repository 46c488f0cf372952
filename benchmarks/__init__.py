"""Programs that measure. A package in its own right, because one of the peers installs another of this name."""
