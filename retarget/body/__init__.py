"""The parametric human body that characters are made of."""
