"""Where recorded curves come from: folders that others publish, and the studies that ended here."""
