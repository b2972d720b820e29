"""Conducting: by rules, and as it was learned."""
