"""Every drill, two at a time, the longest first, so that all of them take an hour at most on two cores. `make drill`

What each prints goes into a file of its own; here come the last lines of each, and how long it took.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# One lane per core, to which its process is bound: on tiny tables DuckDB's second thread costs more than it gains.
LANES = 2


def jobs(number: int, seed: int) -> dict[str, list[str]]:
    """Return the drills, longest first; combined faults, which take the longest of all, in halves."""
    half = number // 2
    return {
        "kills": ["drill.py", "--kills", str(number), "--seed", str(seed)],
        "faults": ["drill_faults.py", "--number", str(number - half), "--seed", str(seed)],
        "more-faults": ["drill_faults.py", "--number", str(half), "--seed", str(seed + 1)],
        "home": ["drill_home.py", "--number", str(number), "--seed", str(seed)],
        "full-size": ["drill_full_size.py", "--seed", str(seed)],
        "fuzzing": ["-m", "pytest", "-q", str(ROOT / "tests" / "pipeline" / "fuzz")],
    }


def drilled(name: str, arguments: list[str], folder: Path, cores: SimpleQueue[int]) -> bool:
    """Run one drill to its end on a free core; return whether it found no problem."""
    began, log, core = time.monotonic(), folder / f"{name}.txt", cores.get()
    command = arguments if arguments[0] == "-m" else [str(HERE / arguments[0]), *arguments[1:]]
    with log.open("w") as written:
        drill = subprocess.Popen([sys.executable, *command], stdout=written, stderr=subprocess.STDOUT, cwd=ROOT,
                                 env={**os.environ, "RALLYSCOPE_FUZZ_EXAMPLES": "2000"})
        os.sched_setaffinity(drill.pid, {core})
        code = drill.wait()
    cores.put(core)
    found = [line for line in log.read_text().splitlines() if line.strip()]
    print(f"{name}: {'FAILED' if code else 'passed'} after {time.monotonic() - began:.0f} s; {log}")
    print("\n".join(f"  {line}" for line in found[-20 if code else -1:]), flush=True)
    return not code


def main() -> int:
    """Run all drills; the exit code is 1 if one of them found a problem."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--number", type=int, default=200, help="of kills, damages and combinations, each")
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="rallyscope-drill-"))
    print(f"seed {given.seed}, {given.number} of each, {LANES} at a time; what they print: {folder}", flush=True)
    cores: SimpleQueue[int] = SimpleQueue()
    for core in itertools.islice(itertools.cycle(sorted(os.sched_getaffinity(0))), LANES):
        cores.put(core)
    with ThreadPoolExecutor(LANES) as lanes:
        passed = list(lanes.map(lambda job: drilled(*job, folder, cores), jobs(given.number, given.seed).items()))
    print(f"{sum(passed)} of {len(passed)} drills found nothing, {time.monotonic() - began:.0f} s in all")
    return not all(passed)


if __name__ == "__main__":
    raise SystemExit(main())
