"""What a failed expectation does, in the project's words and in Great Expectations'."""

from __future__ import annotations

from typing import Any

STOP = "critical"
"""The batch is not loaded and the run fails."""
QUARANTINE = "warning"
"""The rows go to audit.quarantine whole, with the reason; the rest load."""
WARN = "info"
"""Recorded, nothing more."""

NAMES = {STOP: "stop", QUARANTINE: "quarantine", WARN: "warn"}

# A batch in which more than this share of rows is wrong is wrong as a whole.
MOSTLY = 0.8


def why(sentence: str, severity: str, contradicts: str | None = None) -> dict[str, Any]:
    """Keyword arguments of an expectation: its severity, and the sentence people read when it fails.

    `contradicts` is the column whose values are evidence against one another: such rows are held, and the run says so.
    """
    return {"severity": severity, "meta": {"why": sentence, "contradicts": contradicts}}
