"""Parse an HTML page for tests."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """The content of a page: its elements with their attributes, its text, and the SQL it shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.sql: list[str] = []
        self.text = ""
        self._in_sql = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "pre":
            self.sql.append("")
            self._in_sql = True

    def handle_endtag(self, tag: str) -> None:
        self._in_sql = self._in_sql and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_sql:
            self.sql[-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]
