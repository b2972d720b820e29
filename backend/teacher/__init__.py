"""The rule-based conductor."""

from .conductor import conduct

__all__ = ["conduct"]
