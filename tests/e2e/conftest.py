"""The told story and its page, for the tests that read them."""

from story_fixtures import changed, copied, home, known, shown, undrawn, written

__all__ = ["changed", "copied", "home", "known", "shown", "undrawn", "written"]
