"""Check that tables are equal however a range is split, repeated or interrupted, on two markets. `make drill-history`

Each way of backfilling fills a new data folder by the commands that a user types. Every mart and core table must have the
same hash as after a single plain backfill. The real market is the folder RALLYSCOPE_ARCHIVE; without it, only the other
market runs.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from tiny_market import clean_environment, rallyscope, table_hashes

from flows.pipeline import windows
from flows.pipeline.plan import Chunk, Window, chunks
from flows.replay.server import running
from flows.simulator import simulate

WHOLE = Window(date(2024, 1, 2), date(2026, 5, 29))
HALF = Window(date(2025, 12, 1), date(2026, 5, 29))
# A member leaves on the 18th.
WEEK = Window(date(2026, 5, 12), date(2026, 5, 20))

Way = Callable[["Market", Path, random.Random], None]


class Market:
    """An archive, and the commands that run against it."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive

    def ask(self, home: Path, *command: object, clock: date | None = None) -> None:
        """Run a command to its end on the evening of `clock`, by default after the archive's last session."""
        with running(self.archive, windows.parse_instant(str(clock)) if clock else None) as base:
            ran = rallyscope(*command, "--home", home, "--source", base, cwd=home.parent)
        if ran.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {ran.returncode}: {ran.stderr[-2000:]}")

    def ask_interrupted(self, home: Path, *command: object, chance: random.Random) -> int:
        """Repeat a command, killed or interrupted at random moments, until it completes; return the interruptions."""
        with running(self.archive) as base:
            for attempt in range(1000):
                process = subprocess.Popen([sys.executable, "-m", "flows.cli", *map(str, command), "--home", str(home),
                                            "--source", base], cwd=home.parent, env=clean_environment(),
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    if process.wait(chance.uniform(4, 30 + 2 * attempt)) == 0:
                        return attempt
                    raise RuntimeError(f"ended with {process.returncode} by itself")
                except subprocess.TimeoutExpired:
                    process.send_signal(chance.choice([signal.SIGKILL, signal.SIGINT]))
                    process.wait()
        raise RuntimeError("never came through")


def in_chunks(window: Window, chunk: Chunk) -> Way:
    return lambda market, home, chance: market.ask(home, "backfill", window.start, window.end, "--chunk", chunk)


def by_commands(window: Window, chunk: Chunk, shuffled: bool = False) -> Way:
    """Run one command per part, each with its own publication, optionally in random order."""

    def ask(market: Market, home: Path, chance: random.Random) -> None:
        parts = chunks(window, chunk)
        for part in chance.sample(parts, len(parts)) if shuffled else parts:
            market.ask(home, "backfill", part.start, part.end)

    return ask


def twice(market: Market, home: Path, chance: random.Random) -> None:
    for _ in range(2):
        market.ask(home, "backfill", WHOLE.start, WHOLE.end)


def interrupted(market: Market, home: Path, chance: random.Random) -> None:
    times = market.ask_interrupted(home, "backfill", WHOLE.start, WHOLE.end, "--chunk", "month", chance=chance)
    print(f"    interrupted {times} times")


def evening_by_evening(market: Market, home: Path, chance: random.Random) -> None:
    """Run as in production: fetch each session on its own evening, when later ones are not known yet."""
    for part in chunks(WEEK, Chunk.day):
        market.ask(home, "run", clock=part.start)
    market.ask(home, "run")


WAYS: dict[Window, dict[str, Way]] = {
    WHOLE: {"one command": in_chunks(WHOLE, Chunk.whole), "--chunk month": in_chunks(WHOLE, Chunk.month),
            "--chunk day": in_chunks(WHOLE, Chunk.day), "twice": twice, "interrupted": interrupted},
    HALF: {"one command": in_chunks(HALF, Chunk.whole), "a command a month": by_commands(HALF, Chunk.month),
           "the months shuffled": by_commands(HALF, Chunk.month, shuffled=True)},
    WEEK: {"one command": in_chunks(WEEK, Chunk.whole), "a command a day": by_commands(WEEK, Chunk.day),
           "evening by evening": evening_by_evening},
}


def main() -> int:
    """Compare all ways on all markets; the exit code is 1 if a table differs."""
    different = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "simulated")
        markets = {"simulated": folder / "simulated"}
        if real := os.environ.get("RALLYSCOPE_ARCHIVE"):
            markets["real"] = Path(real).absolute()
        for label, archive in markets.items():
            for window, ways in WAYS.items():
                different += _compared(label, Market(archive), window, ways, folder)
    print(f"{different} of the ways gave other tables")
    return bool(different)


def _compared(label: str, market: Market, window: Window, ways: dict[str, Way], folder: Path) -> int:
    truth: dict[str, str] = {}
    different = 0
    for place, (name, way) in enumerate(ways.items()):
        home = folder / f"{label}-{window.start}-{place}"
        began = time.monotonic()
        way(market, home, random.Random(7))
        found = {table: digest for table, digest in table_hashes(home).items() if table.startswith(("marts.", "core."))}
        truth = truth or found
        differ = sorted(table for table in truth.keys() | found.keys() if truth.get(table) != found.get(table))
        different += bool(differ)
        reported = f"DIFFER: {', '.join(differ)}" if differ else f"{len(found)} tables equal"
        print(f"{label} {window}, {name}: {reported}, {time.monotonic() - began:.0f} s", flush=True)
    return different


if __name__ == "__main__":
    raise SystemExit(main())
