"""Writing the page of a session, its picture and the list of days, each in one step; the files of `<home>/site`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from flows.report.facts import Facts, facts
from warehouse.catalog import Catalog
from warehouse.data_folder import DataFolder
from warehouse.errors import HomeUnusable

HERE = Path(__file__).parent


class Named(Protocol):
    """What a page says of a source of data."""

    @property
    def title(self) -> str: ...
    @property
    def terms(self) -> str: ...


def write(home: DataFolder, catalog: Catalog, day: date | None = None, index_code: str | None = None) -> Path:
    """Make the page of a session, by default the newest published one; its file. BadRequest names the nearest session."""
    return write_for(home, list(catalog.sources.values()), day, index_code)


def write_for(home: DataFolder, sources: Sequence[Named], day: date | None, index_code: str | None = None) -> Path:
    """The same, for who knows the sources and not the whole catalog."""
    with home.marts() as con:
        found = facts(con, day, index_code)
    return _write(home, sources, found, "" if index_code is None else f"-{index_code}")


def refresh(home: DataFolder, catalog: Catalog) -> Path:
    """The page of the newest published session; made anew only if what it is made from is not what it was.

    It is drawn in a process of its own: what a chart library does to that one ends no run. PageNotMade says what it was.
    """
    from flows.report.page.page import meta
    from flows.report.page.separate_process import write_in_separate_process

    sources = list(catalog.sources.values())

    with home.marts() as con:
        found = facts(con, None)
    file = _site(home) / f"{found.date}.html"
    picture = file.with_suffix(".png")
    if file.is_file() and picture.is_file() and meta(file, "made-from") == _key(found, sources):
        return file
    return write_in_separate_process(home, sources, found.date)


def _write(home: DataFolder, sources: Sequence[Named], found: Facts, suffix: str) -> Path:
    from flows.report.answer import answer, tiles
    from flows.report.page import page
    from flows.report.page.picture import picture

    sections = page.story(found)
    stamp = found["publication"].row
    footer = " · ".join(["Sources: " + ", ".join(source.title for source in sources),
                         *([f"as of {stamp['as_of']:%Y-%m-%d %H:%M} UTC", f"build {stamp['build_id']}"] if stamp else [])])
    html = page.page(found, sections, sources, _key(found, sources))
    image = picture(page.title(found.date), answer(found), list(tiles(found)), sections, footer, found.simulated)
    site = _site(home)
    # The page last: where it stands, its picture does.
    files: Mapping[str, bytes] = {f"{found.date}{suffix}.png": image, f"{found.date}{suffix}.html": html.encode()}
    try:
        site.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _put(site / name, content)
        _put(site / "index.html", page.index(list(page.standing(site))).encode())
    except OSError as error:
        raise HomeUnusable(str(site), error.strerror or str(error)) from None
    return site / f"{found.date}{suffix}.html"


def _put(file: Path, content: bytes) -> None:
    """The whole new file or the old one, never half of one."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _key(found: Facts, sources: Sequence[Named]) -> str:
    """What a page is made from, in one word: equal words, equal pages."""
    files = sorted((*HERE.parent.iterdir(), *HERE.iterdir()))
    code = [file.read_text(encoding="utf-8") for file in files if file.suffix in (".py", ".j2", ".css")]
    answers = [(key, answer.sql, answer.rows, answer.lack) for key, answer in sorted(found.answers.items())]
    terms = [(source.title, source.terms) for source in sources]
    versions = [version(package) for package in ("rallyscope", "altair", "vl-convert-python")]
    return hashlib.sha256(repr((code, answers, terms, versions)).encode()).hexdigest()


def _site(home: DataFolder) -> Path:
    return home.folder / "site"
