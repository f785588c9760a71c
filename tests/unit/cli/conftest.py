"""The fixtures of story_fixtures."""

from story_fixtures import changed, copied, home, known, shown, undrawn, written

__all__ = ["changed", "copied", "home", "known", "shown", "undrawn", "written"]
