"""The fixtures of desk."""

from desk import desk, new_desk

__all__ = ["desk", "new_desk"]
