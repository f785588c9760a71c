"""`rallyscope doctor`: is everything here that a run needs, and if not, what to do."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli.doctor import data
from flows.cli.doctor.check_result import Answer, Finding, found, well
from flows.cli.doctor.source import Source, key
from warehouse.catalog import overlay

if TYPE_CHECKING:
    from flows.settings import Settings

WIDTH = 100


def doctor(settings: Settings, as_json: bool = False) -> int:
    """Print a line a check, and return 0 when nothing is wrong, else 1. Data is only looked at, and nobody waited for."""
    findings = []
    for finding in checks(settings):
        findings.append(finding)
        if not as_json:
            print(_readable(finding), flush=True)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    return 0 if all(finding.ok for finding in findings) else 1


def checks(settings: Settings) -> Iterator[Finding]:
    """Every check: settings and disk, the data, the source, the service."""
    from flows.cli.doctor.service import service

    home = settings.home
    source = Source(settings)
    source.ask()  # the answers come while the data is looked at
    yield found("catalogue", lambda: _catalogue(settings))
    yield found("data folder", lambda: data.folder(home))
    yield found("disk", lambda: data.disk(home))
    yield found("writer", lambda: data.writer(home))
    yield from data.working(home)
    yield found("publication", lambda: data.publication(home))
    if home.published.exists() and source.clock:
        yield found("freshness", lambda clock=source.clock: data.freshness(home, clock))
    yield found("source", source.answers)
    yield found("clock", source.clock_is_right)
    yield found("FRED key", lambda: key(settings))
    yield from service(home)


def _catalogue(settings: Settings) -> Answer:
    catalog = settings.catalog
    return well(f"{len(catalog.instruments)} instruments, {len(catalog.series)} series, {len(catalog.baskets)} baskets"
                f"{overlay(settings.catalog_folder)}, hash {catalog.hash[:10]}")


def _readable(finding: Finding) -> str:
    start = f"{'ok ' if finding.ok else 'FIX'}  {finding.name:<13}"
    return textwrap.fill(finding.line, WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
                         break_long_words=False, break_on_hyphens=False)
