"""The rule-based conductor."""

from .character import Character
from .conductor import conduct, conduct_taught

__all__ = ["Character", "conduct", "conduct_taught"]
