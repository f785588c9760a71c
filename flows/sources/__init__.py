"""Define the interface of every source: the keys to fetch, the endpoint to fetch from, and tidy frames with outcomes.

Callers import `yahoo` and `fred` where they use them, since their libraries take half a second to import.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from warehouse.catalog import Source


@dataclass(frozen=True)
class Endpoint:
    """Where to send requests, with which limits and which API key; its repr never shows the key."""

    base_url: str | None
    """The base URL of a replay server; None for the real hosts."""
    source: Source
    """The catalog's limits: requests a second and host, seconds a request may take, tries a key gets."""
    cache: Path
    """Folder for what yfinance remembers between runs (time zones, cookies)."""
    api_key: str | None = field(default=None, repr=False)
    backoff_seconds: float = 1.0
    """The wait before the second try; it doubles with every further one."""
    newest_fetch: datetime | None = None
    """The time of the newest fetch that is loaded; the source's clock must not be before it."""


@dataclass(frozen=True)
class FetchKey:
    """One key to fetch and its range of dates, both ends included."""

    key: str
    start: date
    end: date
    vintages: bool = False
    """FRED only: every value ever published, with the period in which it was the latest."""

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError(f"{self.key}: the range {self.start} to {self.end} ends before it begins")


@dataclass(frozen=True)
class Fetched:
    """Tidy frames by name, each sorted by its key columns, and one outcome per key.

    `outcomes`: key, status (received, empty, failed, held), rows, reason (a sentence; empty if there is no problem),
    asked_from, asked_to, is_unknown_key.
    """

    frames: dict[str, pd.DataFrame]
    outcomes: pd.DataFrame
