"""Render docs/faults.md from the recorded outcomes of the faults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fault_cases import AS_SAID, GAPS, UNHEALED, cases

from flows.prefect_run import STATE_NAMES
from flows.replay.faults import LIBRARY, SUBJECTS

HEAD = """# Faults

What the pipeline does on a bad evening, for every fault that `rallyscope replay --fault` offers. Each fault was
played alone on the tests' small market: a data folder that ran undisturbed up to the evening before, `rallyscope run`
on an evening when the source has the fault, and `rallyscope run` on the next evening, when the source is correct again.
Do not edit this page: `make faults` plays the faults and writes it from `tests/support/fault_outcomes.json`, and
a test checks that the two match.

- **exit** is the command's exit code: 0; 1 if the data or a source failed; 2 for a request that cannot be carried out. A
  Prefect run of the same evening has the same message and ends in the state that belongs to the exit code (`STATE_NAMES` in
  `flows/prefect_run.py`).
- **signals** are the rows of `marts.signal_daily` that an undisturbed folder does not have, or that are missing here.
- **published** compares every figure of the marts with that of an undisturbed folder: equal, or NULL where it is missing.
- **held** is what `audit.quarantine` and the outcomes of the requests report beyond those of an undisturbed folder.
- **recovers** says when all tables equal those of a folder that was never disturbed. If a wrong row was loaded, the
  correct value is known from the run that corrected it, so only `known_at` is later.
"""


def page(record: Mapping[str, Mapping[str, Any]]) -> str:
    """Render the page as Markdown."""
    lines = [HEAD]
    for subject, faults in SUBJECTS.items():
        names = {fault.name for fault in faults}
        mine = [text for text in cases() if text.partition(":")[0] in names]
        lines += [f"## {subject[0].upper()}{subject[1:]}", "",
                  "| fault | exit | what the run reports | Prefect | signals | published | held | recovers |",
                  "| --- | --- | --- | --- | --- | --- | --- | --- |",
                  *(row(text, record[text]) if text in record else unplayed(text) for text in mine), ""]
    return "\n".join(lines)


def row(text: str, outcome: Mapping[str, Any]) -> str:
    """Render the row of one fault."""
    name = text.partition(":")[0]
    return "| " + " | ".join((
        f"`{text}` {LIBRARY[name].does}", str(outcome["exit"]), reported(outcome["sentence"]),
        STATE_NAMES[outcome["exit"]], short("; ".join(outcome["signals"]), 120) or "none",
        published(name, outcome), held(outcome["held"]), cell(UNHEALED.get(name, str(outcome["heals"]))))) + " |"


def unplayed(text: str) -> str:
    """Render the row of a fault without a recorded outcome."""
    return f"| `{text}` {LIBRARY[text.partition(':')[0]].does} | | not played yet | | | | | |"


def reported(sentence: str) -> str:
    """Shorten the run's error to the parts that differ between faults."""
    bare = re.sub(r"^the run is incomplete \(\d+ problems?\): ", "", sentence)
    bare = re.sub(r"(\w+) \(\w+\) (has no figures for [\d-]+): [\d.]+ % of its weight is known", r"\1 \2", bare)
    parts = dict.fromkeys(bare.partition(". Everything else was loaded and published")[0].split("; "))
    return short("; ".join(parts), 300) or "nothing missing"


def published(name: str, outcome: Mapping[str, Any]) -> str:
    """Describe what the evening published, compared with an undisturbed one."""
    if outcome["sentence"].startswith("not published"):
        return "nothing new: the last publication stays"
    if outcome["wrong"]:
        columns = f"{len(outcome['wrong'])} columns of the marts"
        if name in GAPS:
            return f"**wrong**, {columns}: {GAPS[name]}"
        return f"{columns} as the source reports them: {AS_SAID.get(name, 'not explained')}"
    missing = outcome["missing"]
    return f"all but {missing} figures, which are NULL or missing" if missing else "all figures, correct"


def held(reasons: list[str]) -> str:
    """Describe the held rows: the first reason, and the number of others."""
    if not reasons:
        return "nothing"
    return short(reasons[0], 160) + (f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else "")


def short(text: str, length: int) -> str:
    """Truncate a text so that it fits into a cell."""
    text = cell(text)
    return text if len(text) <= length else f"{text[:length].rsplit(' ', 1)[0]} …"


def cell(text: str) -> str:
    """Escape a text for a Markdown table and HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
