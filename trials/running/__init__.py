"""Running trials: claims, supervised children, beats and the sweep. The database is the truth."""
