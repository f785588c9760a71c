"""Make text safe to show: nothing in it moves the cursor, colors a terminal or reverses the reading order.

Text of a source, the catalog, a query or a path passes through here on its way in (names and messages of a response)
and on its way out (terminal, page, picture, log, artifact), so that a reader sees every character.
"""

from __future__ import annotations

import re

# C0 except tab and line feed, DEL and C1; direction marks and overrides; line and paragraph separators, zero-width
# characters, surrogates, and the invisible tags.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
                     "\ud800-\udfff\U000e0000-\U000e007f]")


def visible(text: str) -> str:
    """Replace every invisible character by its escape, which JSON can read too: `\\u001b` for ESC."""
    return _UNSEEN.sub(_escaped, text)


def is_visible(text: str) -> bool:
    """Whether the text has no invisible character."""
    return not _UNSEEN.search(text)


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xd800 + (code >> 10):04x}\\u{0xdc00 + (code & 0x3ff):04x}"
