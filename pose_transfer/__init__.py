"""One photo to a person who conducts."""
