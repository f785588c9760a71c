"""Render the page of a session as HTML, and the list of all days."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import unescape
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flows.report.answer import answer, tiles
from flows.report.facts import Facts
from flows.report.page import story_baskets, story_index, story_record
from flows.report.page.palette import css
from flows.report.page.sections import Section
from flows.report.words import cell, name

if TYPE_CHECKING:
    from markupsafe import Markup

HERE = Path(__file__).parent
STORY: tuple[Callable[[Facts], Section], ...] = (
    story_index.regime, story_index.contributions, story_index.window, story_index.concentration, story_baskets.rotation,
    story_baskets.since_peak, story_baskets.divergence, story_index.breadth, story_record.ledger, story_record.changes,
    story_record.coverage)
STAMP = {"as_of": "As of (UTC)", "recorded_by": "Recorded by (UTC)", "published_at": "Published (UTC)", "build_id": "Build",
         "code_version": "Code", "catalog_hash": "Catalog"}


class Source(Protocol):
    """A source of data and its terms."""

    @property
    def title(self) -> str: ...
    @property
    def terms(self) -> str: ...


@dataclass(frozen=True)
class Day:
    """A page in the folder, described by its HTML head."""

    date: date
    answer: str
    simulated: bool

    @property
    def title(self) -> str:
        return title(self.date)


def title(day: date) -> str:
    """Format a date as Friday, 29 May 2026."""
    return f"{day:%A, %-d %B %Y}"


def story(facts: Facts) -> list[Section]:
    """Build every section of the page and draw its charts."""
    return [part(facts) for part in STORY]


def page(facts: Facts, sections: Sequence[Section], sources: Sequence[Source], key: str = "") -> str:
    """Render the page without scripts or external resources; the same answers give the same bytes."""
    stamp = [(label, cell(column, facts["publication"].row[column])) for column, label in STAMP.items()
             if column in facts["publication"].row]
    return _render("page.html.j2", facts=facts, sections=sections, sources=sources, key=key, title=title(facts.date),
                   answer=answer(facts), tiles=list(tiles(facts)), claims=story_record.claims(facts), stamp=stamp)


def index(days: Sequence[Day]) -> str:
    """Render the list of all days by month, newest first."""
    ordered = sorted(days, key=lambda day: day.date, reverse=True)
    months = [(month, list(some)) for month, some in groupby(ordered, key=lambda day: f"{day.date:%B %Y}")]
    return _render("index.html.j2", months=months)


def standing(folder: Path) -> Iterator[Day]:
    """Yield the days that have a page in a folder; ignore other files."""
    for file in sorted(folder.glob("????-??-??.html")):
        try:
            day = date.fromisoformat(file.stem)
        except ValueError:
            continue
        yield Day(day, meta(file, "description"), meta(file, "simulated") == "yes")


def meta(file: Path, key: str) -> str:
    """Read the meta element of a page with a name; empty if there is none."""
    with file.open(encoding="utf-8") as text:
        found = re.search(rf'<meta name="{key}" content="([^"]*)">', text.read(4000))
    return unescape(found[1]) if found else ""


def unbroken(text: str) -> Markup:
    """Escape text for the page and keep hyphenated words, like Nasdaq-100, from breaking across lines."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"\w+(?:-\w+)+", r'<span class="whole">\g<0></span>', str(escape(text))))


def _render(template: str, **given: object) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
                              loader=FileSystemLoader(HERE, encoding="utf-8"))
    environment.filters |= {"named": name, "unbroken": unbroken}
    style = Markup(css() + "\n" + (HERE / "page.css").read_text(encoding="utf-8").strip())
    return environment.get_template(template).render(style=style, **given)
