"""Write the page of a session, its picture and the list of days to `<home>/site`, each file atomically."""

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
    """The attributes of a data source that a page shows."""

    @property
    def title(self) -> str: ...
    @property
    def terms(self) -> str: ...


def write(home: DataFolder, catalog: Catalog, day: date | None = None, index_code: str | None = None) -> Path:
    """Write the page of a session, by default the newest published one, and return its file.

    Raises BadRequest, which names the nearest session, if the marts do not have the session.
    """
    return write_for(home, list(catalog.sources.values()), day, index_code)


def write_for(home: DataFolder, sources: Sequence[Named], day: date | None, index_code: str | None = None) -> Path:
    """Do the same as `write` for a caller that has the sources but not the entire catalog."""
    with home.marts() as con:
        found = facts(con, day, index_code)
    return _write(home, sources, found, "" if index_code is None else f"-{index_code}")


def refresh(home: DataFolder, catalog: Catalog) -> Path:
    """Return the page of the newest published session; write it again only if its inputs changed.

    It is drawn in a separate process, so that a crash of a chart library does not end the run. Raises PageNotMade with the
    reason if that process fails.
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
    # Write the page last, so that an existing page always has its picture.
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
    """Replace the file atomically, so that a reader finds the new or the old content and never a part."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _key(found: Facts, sources: Sequence[Named]) -> str:
    """Return a hash of everything that a page is made from; equal hashes mean equal pages."""
    files = sorted((*HERE.parent.iterdir(), *HERE.iterdir()))
    code = [file.read_text(encoding="utf-8") for file in files if file.suffix in (".py", ".j2", ".css")]
    answers = [(key, answer.sql, answer.rows, answer.lack) for key, answer in sorted(found.answers.items())]
    terms = [(source.title, source.terms) for source in sources]
    versions = [version(package) for package in ("rallyscope", "altair", "vl-convert-python")]
    return hashlib.sha256(repr((code, answers, terms, versions)).encode()).hexdigest()


def _site(home: DataFolder) -> Path:
    return home.folder / "site"
