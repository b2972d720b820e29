"""The rule-based conductor."""

from .character import Character
from .conductor import conduct

__all__ = ["Character", "conduct"]
