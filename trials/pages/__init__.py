"""HTML pages of the tracker."""
