"""The rule-based conductor."""
