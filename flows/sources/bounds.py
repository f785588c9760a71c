"""Bound the size, depth and duration of a response; a response beyond a bound is refused unread and fails only its key.

The bounds are several times the size of the largest genuine response: 100,000 observations are 11 MB of XML, and a
century of daily bars is 2 MB of JSON.
"""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET

from flows.sources.retry import FetchError

BYTES = 24 << 20
"""The size limit of one response, as sent and as inflated."""
REDIRECTS = 5
VALUES, CONTAINERS = 2_000_000, 200_000
"""The most values, and the most lists and objects, in a JSON response."""
DEPTH = 8
"""The most levels of nested elements in an XML response."""
ROWS_A_PAGE, PAGES, ROWS = 110_000, 100, 3_000_000
"""FRED returns 100,000 rows at once. A series with all its vintages may take this many pages and rows."""
SECONDS = 900.0
"""The time limit for all pages of one series."""
LINES, LINE_LENGTH = 500_000, 4_000
"""The most lines of a CSV file, and the longest line."""
ENCODINGS = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "latin1"}


class Body:
    """Collects the decompressed chunks of a response up to BYTES; sets `too_long` if the response is longer."""

    REFUSE = 0xFFFFFFFF  # CURL_WRITEFUNC_ERROR, on which libcurl ends the transfer

    def __init__(self) -> None:
        self.taken = bytearray()
        self.too_long = False

    def take(self, chunk: bytes) -> int:
        """Add a chunk and return its length, or REFUSE to end the transfer if the response is too long."""
        if len(self.taken) + len(chunk) > BYTES:
            self.too_long = True
            self.taken.clear()
            return self.REFUSE
        self.taken += chunk
        return len(chunk)


def too_long() -> FetchError:
    return FetchError("answer", f"an answer of more than {BYTES >> 20} MB, which is above the limit")


def refuse_encoding(content_type: str, body: bytes) -> None:
    """Raise FetchError for text with NUL bytes, or in an encoding whose syntax characters may take more than one byte."""
    declared_charset = re.search(r"charset\s*=\s*[\"']?([^\s\"';]*)", content_type, re.IGNORECASE)
    if declared_charset and declared_charset[1].lower() not in ENCODINGS:
        raise FetchError("answer", f"text in the encoding {declared_charset[1][:20]}, which is above the limit")
    if b"\0" in body:
        raise FetchError("answer", "bytes that are not text")


def refuse_vast_json(body: bytes) -> None:
    """Raise FetchError for JSON that would need far more memory than any genuine response; count without parsing it."""
    if body.count(b",") > VALUES or body.count(b"[") + body.count(b"{") > CONTAINERS:
        raise FetchError("answer", "more values than any answer has, which are not read")


def xml(body: bytes) -> ET.Element | None:
    """Parse an XML response and return its root; None if it is not XML.

    Raises FetchError if its encoding is not in ENCODINGS, if it declares entities, or if it is too deep or too large.
    """
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)", body)
    if declared and declared[1].decode("latin-1").lower() not in ENCODINGS:
        raise FetchError("answer", f"XML in the encoding {declared[1].decode('latin-1')[:20]}, which is above the limit")
    if b"<!ENTITY" in body:
        raise FetchError("answer", "XML that declares entities, which is above the limit")
    if b"<!DOCTYPE" in body.upper():
        return None  # an HTML page has a doctype; FRED's XML has none
    try:
        return ET.XML(body, ET.XMLParser(target=_Counted()))
    except (ET.ParseError, ValueError):
        return None


class _Counted(ET.TreeBuilder):
    """Builds the tree of an XML response; raises FetchError if it exceeds DEPTH or ROWS_A_PAGE."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._rows = 0

    def start(self, tag, attrs, /):  # type: ignore[override]
        self._depth, self._rows = self._depth + 1, self._rows + 1
        if self._depth > DEPTH or self._rows > ROWS_A_PAGE:
            raise FetchError("answer", "XML of more rows, or deeper, than any answer is, which is above the limit")
        return super().start(tag, attrs)

    def end(self, tag, /):
        self._depth -= 1
        return super().end(tag)


def csv(body: bytes) -> str:
    """Decode a CSV response; raise FetchError if it is not UTF-8 or exceeds LINES or LINE_LENGTH."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise FetchError("answer", "a file that is not UTF-8 text")
    lines = text.splitlines()
    if len(lines) > LINES or max(map(len, lines), default=0) > LINE_LENGTH:
        raise FetchError("answer", "more or longer lines than any list has, which are not read")
    return text


class Pages:
    """Counts the pages of one key's response and its total time; raises FetchError beyond PAGES, ROWS or SECONDS."""

    def __init__(self) -> None:
        self._pages, self._began = 0, time.monotonic()

    def refuse_vast(self, total: int, limit: int) -> None:
        """Raise FetchError if a page declares more rows, or more pages of `limit` rows, than any series has."""
        if total > ROWS or total > PAGES * limit:
            raise FetchError("answer", f"{total:,} rows announced, {limit:,} a page, which no series has")

    def turned(self) -> None:
        """Count a received page; raise FetchError if there are too many or they take too long."""
        self._pages += 1
        if self._pages > PAGES:
            raise FetchError("answer", f"more than {PAGES} pages, which no series has")
        if time.monotonic() - self._began > SECONDS:
            raise FetchError("answer", f"no end of its pages within {SECONDS:g} seconds")
