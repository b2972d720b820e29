"""Sound files to features."""
