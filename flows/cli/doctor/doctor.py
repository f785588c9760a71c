"""`rallyscope doctor`: check everything a run needs and print a fix for each problem."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.cli.doctor import data
from flows.cli.doctor.check_result import CheckResult, Outcome, ok, run_check
from flows.cli.doctor.source import Source, key
from warehouse.catalog import overlay

if TYPE_CHECKING:
    from flows.settings import Settings

WIDTH = 100


def doctor(settings: Settings, as_json: bool = False) -> int:
    """Print one line per check; return 1 if a check failed, else 0. It changes no data and waits for no lock."""
    check_results = []
    for check_result in checks(settings):
        check_results.append(check_result)
        if not as_json:
            print(_readable(check_result), flush=True)
    if as_json:
        print(json.dumps([asdict(check_result) for check_result in check_results], indent=1))
    return 0 if all(check_result.ok for check_result in check_results) else 1


def checks(settings: Settings) -> Iterator[CheckResult]:
    """Every check: settings and disk, the data, the source, the service."""
    from flows.cli.doctor.service import service

    home = settings.home
    source = Source(settings)
    source.request()  # the hosts respond while the data is checked
    yield run_check("catalog", lambda: _catalog(settings))
    yield run_check("data folder", lambda: data.folder(home))
    yield run_check("disk", lambda: data.disk(home))
    yield run_check("writer", lambda: data.writer(home))
    yield from data.working(home)
    yield run_check("publication", lambda: data.publication(home))
    if home.published.exists() and source.clock:
        yield run_check("freshness", lambda clock=source.clock: data.freshness(home, clock))
    yield run_check("source", source.is_reachable)
    yield run_check("clock", source.clock_is_right)
    yield run_check("FRED key", lambda: key(settings))
    yield from service(home)


def _catalog(settings: Settings) -> Outcome:
    catalog = settings.catalog
    return ok(f"{len(catalog.instruments)} instruments, {len(catalog.series)} series, {len(catalog.baskets)} baskets"
                f"{overlay(settings.catalog_folder)}, hash {catalog.hash[:10]}")


def _readable(check_result: CheckResult) -> str:
    start = f"{'ok ' if check_result.ok else 'FIX'}  {check_result.name:<13}"
    return textwrap.fill(check_result.line, WIDTH, initial_indent=start, subsequent_indent=" " * len(start),
                         break_long_words=False, break_on_hyphens=False)
