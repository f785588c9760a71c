"""Text as it may be shown: nothing in it moves a cursor, colours a terminal or turns the order of what is read.

What a source, the catalog, a query or a path says goes through here on its way in (names and sentences of an answer)
and on its way out (terminal, page, picture, log, artifact), so that one who reads it sees every character.
"""

from __future__ import annotations

import re

# C0 but for tab and line feed, DEL and C1; marks and overrides of direction; line and paragraph separators, what has no
# width, halves of a character, and the invisible tags.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                     "\ud800-\udfff\U000e0000-\U000e007f]")


def visible(text: str) -> str:
    """The text with every character that would not be seen as its escape, which JSON reads too: `\\u001b` for ESC."""
    return _UNSEEN.sub(_escaped, text)


def is_visible(text: str) -> bool:
    """Whether there is no such character in it."""
    return not _UNSEEN.search(text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xd800 + (code >> 10):04x}\\u{0xdc00 + (code & 0x3ff):04x}"
