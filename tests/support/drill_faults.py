"""Random combinations of faults, several on one evening, and the good evening after it. `make drill`

After each: no traceback, a true state, no published value without an accepted row, nothing accepted lost, figures that are
right or missing, and the tables of an undisturbed run after one good run.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from fault_cases import AS_SAID, GAPS, SIZES, UNHEALED  # noqa: E402
from fault_play import QUIET, SPLIT, Outcome, Stage, cheaply  # noqa: E402

from flows.replay.faults import LIBRARY  # noqa: E402

# Just above the limit of a response: to inflate more only takes time.
ARGUMENTS = SIZES | {"huge": "megabytes=30", "bomb": "megabytes=30"}


def combination(chance: random.Random) -> list[str]:
    """Choose two to four faults; the server's seed decides which keys they affect."""
    names = chance.sample(sorted(LIBRARY), chance.randint(2, 4))
    return [f"{name}:{ARGUMENTS[name]}" if name in ARGUMENTS else name for name in names]


def problems(faults: list[str], outcome: Outcome) -> list[str]:
    """Return the violations: tracebacks, damage, wrong published values, and faults that do not heal."""
    names = {fault.partition(":")[0] for fault in faults}
    found = [f"a traceback: {outcome.sentence}"] if outcome.exit == "traceback" else []
    if not outcome.heals.startswith("the next evening") and not names & set(UNHEALED):
        found.append(f"does not heal: {outcome.heals}")
    found += outcome.broken
    if outcome.wrong and not names & (set(AS_SAID) | set(GAPS)):
        found.append(f"wrong and published: {', '.join(outcome.wrong)}")
    return found


def main() -> int:
    """Play the given number of combinations; the exit code is 1 if one has a violation."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--number", type=int, default=200)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    chance, endings, failures = random.Random(given.seed), Counter[str](), []
    with tempfile.TemporaryDirectory() as folder, cheaply():
        stage = Stage(Path(folder))
        for place in range(given.number):
            faults, evenings = combination(chance), chance.choice((QUIET, SPLIT))
            outcome = stage.play(faults, evenings, seed=(seed := chance.randrange(1000)))
            found = problems(faults, outcome)
            endings[f"exit {outcome.exit}"] += 1
            failures += [f"{' + '.join(faults)} (seed {seed}, {evenings[1]}): {problem}" for problem in found]
            print(f"{place + 1} {' + '.join(faults)} (seed {seed}, {evenings[1]}): exit {outcome.exit}, "
                  f"{outcome.missing} missing"
                  f"{'  FAILED: ' + '; '.join(found)[:400] if found else ''}", flush=True)
    print(f"seed {given.seed}: {given.number} combinations of faults, "
          f"{', '.join(f'{times} {what}' for what, times in sorted(endings.items()))}; {len(failures)} failures")
    for failure in failures:
        print(f"  {failure[:600]}")
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())
