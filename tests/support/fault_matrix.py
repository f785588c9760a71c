"""Play every fault alone and record the outcome; write docs/faults.md from the record. `make faults`

    python tests/support/fault_matrix.py [PART/PARTS] [NAME...]   play the faults that are not recorded, or those named;
                                                                  two processes can share the work as 1/2 and 2/2
    python tests/support/fault_matrix.py --write                  only write the page
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from fault_cases import ON_THE_SPLIT, cases  # noqa: E402
from fault_page import page  # noqa: E402
from fault_play import QUIET, SPLIT, Outcome, Stage, cheaply  # noqa: E402

RECORD = Path(__file__).parent / "fault_outcomes.json"
PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def main(arguments: list[str]) -> int:
    """Play, record, write; the exit code is 1 if an evening ended in a traceback or did not heal."""
    part = next((a for a in arguments if "/" in a), "1/1")
    names = [a for a in arguments if a not in (part, "--write")]
    bad = 0
    if "--write" not in arguments:
        place, parts = map(int, part.split("/"))
        recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        wanted = [text for text in cases() if (text.partition(":")[0] in names or text in names if names
                                               else text not in recorded)]
        with tempfile.TemporaryDirectory() as folder, cheaply():
            stage = Stage(Path(folder))
            for text in wanted[place - 1::parts]:
                began = time.monotonic()
                outcome = stage.play([text], evenings(text))
                keep(text, outcome)
                failed = outcome.exit == "traceback" or not outcome.heals.startswith("the")
                bad += failed
                print(f"{text:<50} exit {outcome.exit}, {len(outcome.wrong)} wrong, {outcome.missing} missing, heals "
                      f"{outcome.heals[:120]}, {time.monotonic() - began:.0f} s{'  FAILED' if failed else ''}", flush=True)
    PAGE.write_text(page(json.loads(RECORD.read_text())))
    return bool(bad)


def evenings(text: str) -> tuple[str, str, str]:
    return SPLIT if text.partition(":")[0] in ON_THE_SPLIT else QUIET


def keep(text: str, outcome: Outcome) -> None:
    """Add an outcome to the record; a lock allows one writer at a time."""
    import fcntl

    with RECORD.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        recorded = json.loads(file.read() or "{}") | {text: asdict(outcome)}
        file.truncate(0)
        known = [name for name in cases() if name in recorded]
        file.write(json.dumps({name: recorded[name] for name in known}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
