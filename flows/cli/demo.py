"""Run the full pipeline on a simulated market over real sockets (`rallyscope demo`)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.request import urlopen

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.report.render import render
from flows.report.terminal import show
from flows.settings import Settings
from flows.sources.errors import SourceUnreachable

YEARS = 3
# A replay server starts in a second or two, but a busy machine can take much longer.
START_SECONDS = 120


def demo(settings: Settings, seed: int, say: Callable[[str], None]) -> None:
    """Simulate a market (once per seed), backfill three years as known on the evening before, then run the last day.

    The two replay servers differ only in their clock: the second one has one more session.
    """
    archive = settings.home.folder / f"simulated-{seed}"
    if not (archive / "simulated.json").exists():
        from flows.simulator import simulate

        say(f"simulating a market (seed {seed})")
        simulate(archive, seed, settings.catalog)
    simulation = json.loads((archive / "simulated.json").read_text())
    last = date.fromisoformat(simulation["last_session"])
    first = last.replace(year=last.year - YEARS) + timedelta(days=1)
    with _replaying(archive, last - timedelta(days=1)) as base:
        window = windows.range_window(served := _at(settings, base), first, last)
        say(f"backfilling {window}")
        with open_run(served, "backfill", window, say) as run:
            execute(run, render=render)
    with _replaying(archive, None) as base:
        window = windows.session_window(served := _at(settings, base), last)
        say(f"running {window}")
        with open_run(served, "run", window, say) as run:
            execute(run, render=render)
    show(settings.home, "day", None)
    print(f"""
Where to look next
  rallyscope query "select date, band, vix_close, drawdown_return from marts.regime_daily order by date desc limit 5"
  rallyscope show concentration --date {last}      also: rotation, sectors, regime
  rallyscope status                                 freshness, coverage, quarantine
  {_shown(settings.home.folder / "site" / "index.html"):<48}  the day's page and the data dictionary, in a browser
  rallyscope replay --archive {_shown(archive)}     serve this market again, then in another shell
  rallyscope backfill {first} {first + timedelta(days=7)} --source http://127.0.0.1:8765""")


def _at(settings: Settings, base: str) -> Settings:
    return settings.model_copy(update={"source": base})


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@contextmanager
def _replaying(archive: Path, now: date | None) -> Iterator[str]:
    """Run a replay server in a separate process on a free port, so that it does not share this interpreter."""
    command = [sys.executable, "-m", "flows.cli", "replay", "--archive", str(archive), "--port", str(port := _free_port())]
    server = subprocess.Popen(command + (["--now", str(now)] if now else []), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(server, base)
        yield base
    finally:
        server.terminate()
        server.wait()


def _wait(server: subprocess.Popen, base: str) -> None:
    patience = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < patience:
        try:
            with urlopen(f"{base}/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    server.terminate()
    raise SourceUnreachable(base, "the replay server's start", (server.communicate()[1] or "no answer").strip())


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
