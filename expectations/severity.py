"""The severities of a failed expectation, in the project's terms and in those of Great Expectations."""

from __future__ import annotations

from typing import Any

STOP = "critical"
"""The batch is not loaded and the run fails."""
QUARANTINE = "warning"
"""The rows go to audit.quarantine whole, with the reason; the rest load."""
WARN = "info"
"""Recorded, nothing more."""

NAMES = {STOP: "stop", QUARANTINE: "quarantine", WARN: "warn"}

# The fraction of rows that must pass; below it the entire batch is wrong.
MOSTLY = 0.8


def why(sentence: str, severity: str, contradicts: str | None = None) -> dict[str, Any]:
    """Return keyword arguments of an expectation: its severity, and the sentence that users see if it fails.

    `contradicts` is a column whose values contradict each other in the failed rows. Such rows are held and reported by the
    run.
    """
    return {"severity": severity, "meta": {"why": sentence, "contradicts": contradicts}}
