"""The crash drill: kill -9 and SIGTERM at moments fixed by a seed, full disks, a folder made read-only. `make drill`

After each blow: the published file opens and holds one whole build, nothing acknowledged is missing, and the same
command again gives the tables of an undisturbed run.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import duckdb
from drilled import not_whole, tmpfs
from tiny_market import table_hashes, write_archive, write_catalog

from flows.cli import demo
from flows.pipeline import ingest, windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.settings import Settings
from warehouse.errors import HomeUnusable, RallyscopeError

WHOLE = (date(2026, 3, 2), date(2026, 5, 29))
# The signals that end the process: SIGKILL at once, SIGTERM as at a shutdown of the machine.
BLOWS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)
OPERATIONS = ("fresh backfill", "second backfill", "build of a past day")


def main() -> int:
    """Run the drill; the exit code is 1 if anything was lost or incomplete, or did not converge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    import_everything()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_archive(folder / "archive")
        catalog = write_catalog(folder / "catalog")
        with demo._replaying(folder / "archive", None) as base:
            def settings(home: Path) -> Settings:
                return Settings(home_folder=home, source=base, catalog_folder=catalog)

            seconds = {operation: _seconds(settings(folder / "undisturbed"), operation) for operation in OPERATIONS}
            _run(settings(folder / "undisturbed"), os.devnull)
            truth = table_hashes(folder / "undisturbed")
            failures = kills(given.kills, random.Random(given.seed), folder, settings, truth, seconds)
            failures += full_disk(folder, settings, truth) + read_only_landing(folder, settings, truth)
    print(f"seed {given.seed}: {given.kills} kills, a full disk, a read-only folder: {len(failures)} failures")
    for failure in failures:
        print(f"  {failure}")
    return bool(failures)


def kills(number: int, chance: random.Random, folder: Path, settings: Callable[[Path], Settings],
          truth: dict[str, str], seconds: dict[str, float]) -> list[str]:
    """Kill the writer `number` times, at random moments of its run; return the problems found.

    `seconds` is the undisturbed duration of each operation. A process that ended before the signal does not count.
    """
    failures = []
    outcomes: Counter[str] = Counter()
    killed = 0
    while killed < number:
        place = outcomes.total()
        home = folder / f"home{place}"
        operation = OPERATIONS[place % len(OPERATIONS)]
        if operation != "fresh backfill":
            shutil.copytree(folder / "undisturbed", home)
        moment = "2026-04-30" if operation == "build of a past day" else None
        acknowledged = folder / "acknowledged"
        acknowledged.write_text("")
        child = os.fork()
        if child == 0:
            _child(settings(home), acknowledged, moment)
        time.sleep(chance.uniform(0, seconds[operation]))
        os.kill(child, chance.choice(BLOWS))
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        outcomes[f"{operation}, {'killed' if os.WIFSIGNALED(status) else 'had ended'}"] += 1
        failures += [f"blow {place} ({operation}): {what}" for what in examine(home, acknowledged, truth, settings(home))]
        shutil.rmtree(home)
        if place % 20 == 19:
            print(f"{place + 1} blows, {killed} kills, {len(failures)} failures", flush=True)
    print("; ".join(f"{outcome}: {times}" for outcome, times in sorted(outcomes.items())))
    return failures


def examine(home: Path, acknowledged: Path, truth: dict[str, str], settings: Settings) -> Iterator[str]:
    """Yield the problems of a home after a signal or a full disk, and after running the same command again."""
    if (home / "marts.duckdb").exists():
        yield from not_whole(home)
    if missing := [b for b in acknowledged.read_text().split() if b not in _batches(home)]:
        yield f"acknowledged and missing: {missing}"
    try:
        _run(settings, os.devnull)
    except RallyscopeError as error:
        yield f"the rerun failed: {error}"
        return
    if table_hashes(home) != truth:
        yield "the rerun's tables are not those of the undisturbed run"
    yield from not_whole(home)


def full_disk(folder: Path, settings: Callable[[Path], Settings], truth: dict[str, str]) -> list[str]:
    """Run on disks too small for landing, load, build or publication, then enlarge each and run again."""
    failures = []
    for megabytes in (1, 10, 20, 24, 28, 32, 40, 48, 60):
        with tmpfs(folder / f"disk{megabytes}", f"{megabytes}m") as disk:
            if disk is None:
                return ["no tmpfs can be mounted here: the full disk was not tried"]
            outcome = _attempt(settings(disk))
            if (disk / "marts.duckdb").exists():
                failures += [f"disk of {megabytes} MB: {what}" for what in not_whole(disk)]
            subprocess.run(["mount", "-o", "remount,size=500m", str(disk)], check=True)
            failures += [f"disk of {megabytes} MB, after more room: {what}"
                         for what in examine(disk, Path(os.devnull), truth, settings(disk))]
            print(f"disk of {megabytes} MB: {outcome}")
            if outcome.startswith("traceback"):
                failures.append(f"disk of {megabytes} MB: {outcome}")
    return failures


def read_only_landing(folder: Path, settings: Callable[[Path], Settings], truth: dict[str, str]) -> list[str]:
    """Run with a read-only landing folder, which must give a one-sentence error, and again with a writable one."""
    home = folder / "readonly"
    with tmpfs(home / "landing", "50m") as landing:
        if landing is None:
            return ["no tmpfs can be mounted here: the read-only folder was not tried"]
        subprocess.run(["mount", "-o", "remount,ro", str(landing)], check=True)
        outcome = _attempt(settings(home))
        print(f"read-only landing: {outcome}")
        subprocess.run(["mount", "-o", "remount,rw", str(landing)], check=True)
        failures = list(examine(home, Path(os.devnull), truth, settings(home)))
    return failures + ([] if outcome.startswith("sentence") else [f"read-only landing: {outcome}"])


def _attempt(settings: Settings) -> str:
    try:
        _run(settings, os.devnull)
    except HomeUnusable as error:
        return f"sentence: {error}"
    except RallyscopeError as error:
        return f"sentence of another kind: {error}"
    except (OSError, duckdb.Error) as error:
        return f"traceback: {type(error).__name__}: {error}"
    return "had room enough"


def _run(settings: Settings, acknowledged: str | Path, moment: str | None = None) -> None:
    with open(acknowledged, "a") as reported, open_run(settings, "drill", windows.range_window(settings, *WHOLE)) as run:
        def step(function: Callable) -> Callable:
            def call(*arguments: object) -> object:
                answer = function(*arguments)
                if function is ingest.load:
                    reported.write(f"{arguments[1]}\n")
                    reported.flush()
                return answer
            return call

        execute(run, step, (windows.parse_instant(moment) if moment else None, None))


def _seconds(settings: Settings, operation: str) -> float:
    began = time.monotonic()
    _run(settings, os.devnull, "2026-04-30" if operation == OPERATIONS[-1] else None)
    return time.monotonic() - began


def _child(settings: Settings, acknowledged: Path, moment: str | None) -> None:
    try:
        _run(settings, acknowledged, moment)
    finally:
        os._exit(0)


def _batches(home: Path) -> set[str]:
    if not (home / "warehouse.duckdb").exists():
        return set()
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        return {batch for batch, in con.execute("select batch_id from audit.batch").fetchall()}


def import_everything() -> None:
    """Import slow modules once instead of in each child process, so that the signals hit work and not imports."""
    import great_expectations  # noqa: F401

    import flows.sources.fred
    import flows.sources.yahoo  # noqa: F401
    from expectations import macro, prices, shares, statements  # noqa: F401


if __name__ == "__main__":
    raise SystemExit(main())
