"""The market of `rallyscope demo`, three years of it: a kill in mid-run, and an evening with faults. `make drill`

After each, one good run gives the tables of a folder that was never disturbed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from drill import import_everything  # noqa: E402
from drill_faults import problems  # noqa: E402
from drilled import lost, not_whole, unfounded  # noqa: E402
from fault_play import Outcome, Stage, cheaply, impatient  # noqa: E402
from tiny_market import table_hashes  # noqa: E402

from flows.cli.demo import YEARS  # noqa: E402
from flows.simulator import simulate  # noqa: E402
from warehouse import catalog  # noqa: E402
from warehouse.calendar import sessions  # noqa: E402

# A fault of the connection, one that is held, one of a series, one of a share count: each in another feed.
FAULTS = ["rate-limited:key=NVDA", "bar-x100:symbol=AAPL", "html-page:on=observations,key=DGS10", "count-x5:symbol=MSFT"]


class FullSize(Stage):
    """The simulated market of the demo, and the packaged catalog with shorter timeouts and fewer tries."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._begin(folder)
        self.archive, self.catalog = folder / "archive", folder / "catalog"
        simulate(self.archive, seed, catalog.load(None))
        shutil.copytree(catalog.PACKAGED, self.catalog)
        impatient(self.catalog)
        last = date.fromisoformat(json.loads((self.archive / "simulated.json").read_text())["last_session"])
        self.first = str(last.replace(year=last.year - YEARS) + timedelta(days=1))
        days = [str(day) for day, _, _ in sessions(last.year) if day <= last]
        self.evenings = (days[-3], days[-2], days[-1])
        self.seconds = 0.0
        """How long the newest evening took."""

    def evening(self, *about: Any, **how: Any) -> Outcome:
        began = time.monotonic()
        outcome = super().evening(*about, **how)
        self.seconds = time.monotonic() - began
        return outcome


def kill(stage: FullSize, chance: random.Random) -> list[str]:
    """Kill the run of the second evening in the middle and run it again; return the problems of the folder."""
    before, same, _ = stage.homes(stage.evenings)
    home = Path(shutil.copytree(before, stage.folder / "killed"))
    if not (child := os.fork()):
        stage.evening(home, stage.evenings[1])
        os._exit(0)
    time.sleep(stage.seconds * chance.uniform(0.3, 0.7))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    found = [] if os.WIFSIGNALED(status) else ["it had ended before it was killed"]
    found += not_whole(home)
    again = stage.evening(home, stage.evenings[1])
    found += [f"the run after it ended with {again.exit}: {again.sentence}"] if again.exit else []
    found += [*not_whole(home), *unfounded(home), *lost(home, before)]
    if table_hashes(home) != table_hashes(same):
        found.append("the tables are not those of an undisturbed run")
    return found


def main() -> int:
    """Run both; the exit code is 1 if something was lost or wrong, or did not converge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    import_everything()
    with tempfile.TemporaryDirectory() as folder, cheaply():
        stage = FullSize(Path(folder), given.seed)
        failures = [f"kill: {problem}" for problem in kill(stage, random.Random(given.seed))]
        outcome = stage.play(FAULTS, stage.evenings, given.seed)
        failures += [f"{' + '.join(FAULTS)}: {problem}" for problem in problems(FAULTS, outcome)]
        if outcome.exit != 1:
            failures.append(f"the evening with faults ended with {outcome.exit}")
    print(f"seed {given.seed}: full size, {stage.first} to {stage.evenings[2]}, a kill and an evening of "
          f"{len(FAULTS)} faults ({outcome.missing} figures missing, heals {outcome.heals}): {len(failures)} failures")
    for failure in failures:
        print(f"  {failure[:600]}")
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())
