"""A warehouse at hand; see tests/support/desk.py."""

from desk import desk, new_desk

__all__ = ["desk", "new_desk"]
