"""Replace the output streams of a command: escape invisible characters, and do not fail a run if the reader is closed.

The replacement lasts as long as the command runs. Rich bypasses these streams, since its output contains colour
sequences; `Screen` escapes the text before Rich adds them.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from warehouse.errors import OutputFailed
from warehouse.visible import visible

# Replacements for the non-ASCII characters in our messages, for a terminal that cannot encode them.
_PLAIN = str.maketrans({"–": "-", "−": "-", "…": "...", "“": '"', "”": '"', "’": "'", "×": "x", "·": "-",
                        "─": "-", "━": "-"})


class Screen(Console):
    """A Rich console that keeps Rich's control sequences and escapes invisible characters in texts."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class _Stream(io.TextIOBase):
    """A stream of the process; `cleaned` escapes invisible characters, and `must` marks the stream of requested output."""

    def __init__(self, under: TextIO, must: bool, cleaned: bool = True) -> None:
        self._under, self._must, self._cleaned = under, must, cleaned
        if cleaned:
            self.rich_proxied_file = _Stream(under, must, cleaned=False)

    def write(self, text: str) -> int:
        try:
            self._under.write(visible(text) if self._cleaned else text)
        except OSError as error:
            self._untaken(error)
        return len(text)

    def flush(self) -> None:
        try:
            self._under.flush()
        except OSError as error:
            self._untaken(error)

    def _untaken(self, error: OSError) -> None:
        if isinstance(error, BrokenPipeError) or not self._must:
            to_nowhere(self._under.fileno())
        if isinstance(error, BrokenPipeError) and self._must:
            raise error
        if self._must:
            raise OutputFailed(error.strerror or str(error)) from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)

    # TextIOBase would not delegate these to the wrapped stream.
    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._under.encoding

    @property
    def buffer(self) -> Any:
        return self._under.buffer

    def isatty(self) -> bool:
        return self._under.isatty()

    def fileno(self) -> int:
        return self._under.fileno()

    def writable(self) -> bool:
        return True


def replace() -> None:
    """Replace standard output and error of this process by streams that escape what the terminal cannot show.

    A closed standard stream is opened on the null device. Otherwise the next file opened, perhaps a database, would get
    its file descriptor.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error("rallyscope", _in_plain_letters)
    for name, number in (("stdout", 1), ("stderr", 2)):
        under = getattr(sys, name) or os.fdopen(number, "w", encoding="utf-8", closefd=False)
        if isinstance(under, io.TextIOWrapper):
            under.reconfigure(errors="rallyscope")
        setattr(sys, name, _Stream(under, must=name == "stdout"))


def to_nowhere(number: int) -> None:
    """Redirect a file descriptor to the null device, with buffered and later output, so that the last flush succeeds."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def say(line: str) -> None:
    """Print a line to stderr; a closed stream or a full disk does not fail the command."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler: replace a character by its plain form, or by an escape if it has none."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start:error.end].translate(_PLAIN)
    return text.encode("ascii", "backslashreplace").decode(), error.end
