"""Measure speed as a ratio to a simple task that runs next to it, best of three: `make bench`

A ratio is comparable between fast and slow machines, and shows a change that made something slow. Nothing here fails.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
from tiny_market import clean_environment, rallyscope

from flows.replay.server import create_app, running
from flows.settings import Settings
from flows.simulator import simulate
from transforms.engine.build import AsOf, build
from transforms.engine.project import models

Measure = Callable[[], None]


def main() -> None:
    """Print one line per measure: its name and seconds, the name and seconds of the simple task, and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "archive")
        home = folder / "home"
        print(f"{'what':<44} {'s':>7}  {'beside':<44} {'s':>7}  {'ratio':>6}")
        with running(folder / "archive") as base:
            for what, measured, beside, simple in measures(folder, home, base):
                seconds, simple_seconds = best(measured), best(simple)
                print(f"{what:<44} {seconds:>7.2f}  {beside:<44} {simple_seconds:>7.2f}  {seconds / simple_seconds:>6.1f}",
                      flush=True)


def measures(folder: Path, home: Path, base: str) -> Iterator[tuple[str, Measure, str, Measure]]:
    """Yield (name, measure, name of the simple task, its measure); the first one fills the home that the others read."""

    def command(*words: object) -> Measure:
        return lambda: check(rallyscope(*words, "--home", home, "--source", base, cwd=folder))

    def fresh_backfill() -> None:
        shutil.rmtree(home, ignore_errors=True)
        command("backfill", "2023-05-30", "2026-05-29")()

    def python(code: str) -> Measure:
        return lambda: check(subprocess.run([sys.executable, "-c", code], env=clean_environment(), check=False))

    yield "backfill of three years", fresh_backfill, "the archive's files read by DuckDB", lambda: read(folder / "archive")
    again = command("backfill", "2023-05-30", "2026-05-29")
    yield "backfill with nothing to ask", again, "import prefect", python("import prefect")
    yield "all models", lambda: build_models(home), "raw.price_bar sorted", lambda: sort_bars(home)
    yield "rallyscope --help", lambda: check(rallyscope("--help", cwd=folder)), "python -c pass", python("pass")
    query = ("query", "select count(*) from marts.contribution_daily", "--home", home)
    yield "rallyscope query", lambda: check(rallyscope(*query, cwd=folder)), "import duckdb", python("import duckdb")
    show = ("show", "day", "--home", home)
    yield "rallyscope show day", lambda: check(rallyscope(*show, cwd=folder)), "import duckdb", python("import duckdb")
    yield "rallyscope rollback <tab>", lambda: complete(home), "python -c pass", python("pass")
    yield ("replay server, ready to answer", lambda: create_app(folder / "archive"),
           "the archive's files read by DuckDB", lambda: read(folder / "archive"))
    page = ("brief", "--home", home)
    yield "rallyscope brief", lambda: check(rallyscope(*page, cwd=folder)), "import altair", python("import altair")


def best(measure: Measure) -> float:
    """Return the seconds of the fastest of three runs."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        measure()
        taken.append(time.perf_counter() - began)
    return min(taken)


def check(ran: subprocess.CompletedProcess) -> None:
    if ran.returncode:
        raise RuntimeError(f"{' '.join(map(str, ran.args))} ended with {ran.returncode}: {ran.stderr}")


def complete(home: Path) -> None:
    fetch_keys = {"_RALLYSCOPE_COMPLETE": "complete_bash", "COMP_WORDS": "rallyscope rollback ", "COMP_CWORD": "2",
            "RALLYSCOPE_HOME": str(home)}
    check(subprocess.run([Path(sys.executable).with_name("rallyscope")], env=clean_environment(fetch_keys),
                         capture_output=True,
                         check=False))


def read(archive: Path) -> None:
    with duckdb.connect() as con:
        for file in archive.glob("*.parquet"):
            con.execute(f"create table {file.stem} as from '{file}'")


def build_models(home: Path) -> None:
    settings = Settings(home_folder=home)
    with settings.home.writer_lock(), settings.home.warehouse() as con:
        now = con.execute("select timezone('UTC', max(fetched_at)) from raw.fetch_outcome").fetchone()[0]  # type: ignore[index]
        build(con, models(), AsOf(now, now), settings.home.failed_rows)


def sort_bars(home: Path) -> None:
    settings = Settings(home_folder=home)
    with settings.home.writer_lock(), settings.home.warehouse() as con:
        con.execute("create or replace temp table sorted as from raw.price_bar order by all")


if __name__ == "__main__":
    main()
