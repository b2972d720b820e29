"""The learned conductor."""

from .conductor import conduct_learned, generate

__all__ = ["conduct_learned", "generate"]
