"""Build the tidy frames of all sources: their columns, types and row order, which do not depend on thread timing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict

import numpy as np
import pandas as pd

from flows.sources import Fetched
from flows.sources.retry import KeyResult, Outcome
from warehouse.visible import is_visible, visible

DAY = "datetime64[s]"
COLUMNS = {
    "bars": {"symbol": "str", "date": DAY, "open": "float64", "high": "float64", "low": "float64",
             "close": "float64", "volume": "float64"},
    "actions": {"symbol": "str", "date": DAY, "kind": "str", "value": "float64"},
    "shares": {"symbol": "str", "date": DAY, "shares_outstanding": "float64"},
    "statements": {"symbol": "str", "statement": "str", "period_end": DAY, "item": "str", "value": "float64",
                   "currency": "str"},
    "observations": {"series_id": "str", "date": DAY, "value": "float64", "realtime_start": DAY,
                     "realtime_end": DAY, "pit_quality": "str"},
    "weights": {"index_code": "str", "date": DAY, "published_on": DAY, "symbol": "str", "weight": "float64"},
    "outcomes": {"key": "str", "status": "str", "rows": "int64", "reason": "str", "asked_from": DAY,
                 "asked_to": DAY, "is_unknown_key": "bool"},
}
LABELS = {"currency", "pit_quality"}
"""Texts that a source may leave out."""
VALUES = {"open", "high", "low", "close", "volume", "value", "shares_outstanding", "realtime_end", "weight", "currency",
          "pit_quality"}


DAY_AS_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}")


def days(texts: Iterable[str]) -> np.ndarray | None:
    """Parse dates written YYYY-MM-DD as datetime64[s]; None if any is not.

    The format is checked here because numpy also accepts “2026” and “today”.
    """
    texts = list(texts)
    if not all(DAY_AS_WRITTEN.fullmatch(day) for day in texts):
        return None
    try:
        return np.array(texts, dtype=DAY)
    except ValueError:
        return None


def fetched(results: list[tuple[Outcome, KeyResult | None]], names: tuple[str, ...]) -> Fetched:
    """Combine the results of all keys into one frame per name, with the declared columns even if there are no rows."""
    answers = [answer for _, answer in results if answer]
    frames = {name: tidy(name, [answer.frames[name] for answer in answers if name in answer.frames])
              for name in names}
    outcomes = pd.DataFrame([asdict(outcome) for outcome, _ in results], columns=list(COLUMNS["outcomes"]))
    return Fetched(frames, outcomes.astype(COLUMNS["outcomes"]))


def tidy(name: str, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Combine the parts into one frame of the declared columns and types.

    It is sorted by its key columns, and invisible characters in its texts are escaped.
    """
    types = COLUMNS[name]
    labels = LABELS & types.keys()
    parts = [part.assign(**dict.fromkeys(labels - set(part))).loc[:, list(types)].astype(types)
             for part in parts if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(types)).astype(types)
    for column in (column for column, kind in types.items() if kind == "str"):
        for text in frame[column].dropna().unique():
            if not is_visible(text):
                frame.loc[frame[column] == text, column] = visible(text)
    keys = [column for column in types if column not in VALUES]
    return frame.sort_values(keys, kind="stable", ignore_index=True)
