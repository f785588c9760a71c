"""Fetch Cboe's daily history of an index: one public CSV file, DATE,OPEN,HIGH,LOW,CLOSE with dates as mm/dd/yyyy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from flows.sources import Endpoint, Fetched, FetchKey, bounds
from flows.sources.frames import days, fetched
from flows.sources.http import HttpSession
from flows.sources.retry import FetchContext, FetchError, KeyResult, Kind, fetch_all

THREADS = 2
HOST = "https://cdn.cboe.com"
PATH = "/api/global/us_indices/daily_prices/{name}_History.csv"
HEADER = ["DATE", "OPEN", "HIGH", "LOW", "CLOSE"]
DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
"""A price as the file writes it: digits, never “1e5”, “nan” or “0x1f”, which Python reads too."""


def prices(fetch_keys: Sequence[FetchKey], endpoint: Endpoint) -> Fetched:
    """Fetch the frame `bars`, as traded and without volumes, of an index ^NAME from its file NAME_History.csv.

    The frame `actions` is empty. A file holds the full history; only the requested range is kept. A date with two
    different lines becomes two rows, which validation checks.
    """
    base = (endpoint.base_url or HOST).rstrip("/")
    context = FetchContext("Cboe", "daily bars", urlsplit(base).netloc, THREADS)
    with HttpSession(endpoint) as session:

        def fetch_one(fetch_key: FetchKey) -> KeyResult:
            text = _download(base + PATH.format(name=_name(fetch_key.key)), session)
            frame = _within(_rows(text, fetch_key.key), fetch_key)
            return KeyResult({"bars": frame}, int(np.isfinite(frame["close"]).sum()))

        return fetched(fetch_all(fetch_keys, fetch_one, endpoint, session, context), ("bars", "actions"))


def _name(symbol: str) -> str:
    if not re.fullmatch(r"\^[A-Z0-9]{1,12}", symbol):
        raise FetchError("unknown", "Cboe names its files for indices alone")
    return symbol[1:]


def _download(url: str, session: HttpSession) -> str:
    response = session.get(url)
    if response.status_code != 200:
        kinds: dict[int, Kind] = {401: "refused", 403: "refused", 404: "unknown"}
        raise FetchError(kinds.get(response.status_code, "answer"), f"HTTP {response.status_code}")
    return bounds.csv(response.content)


def _rows(text: str, symbol: str) -> pd.DataFrame:
    """Parse every line of the file as a bar; raise FetchError if the file is truncated or has an invalid date or price."""
    header, *lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    if [name.strip().upper() for name in header.split(",")] != HEADER:
        raise FetchError("answer", f"a file that does not begin with {','.join(HEADER)}", transient=True)
    cells = [[cell.strip() for cell in line.split(",")] for line in lines]
    if any(len(line) != len(HEADER) for line in cells):
        raise FetchError("answer", f"a line that has not {len(HEADER)} values", transient=True)
    dates, *values = zip(*cells, strict=True) if cells else [()] * len(HEADER)
    return pd.DataFrame({
        "symbol": symbol, "date": _days(dates),
        **{name.lower(): _numbers(column) for name, column in zip(HEADER[1:], values, strict=True)},
        "volume": np.nan,
    })


def _days(texts: Sequence[str]) -> np.ndarray:
    parts = [DAY.fullmatch(day) for day in texts]
    read = days(f"{part[3]}-{part[1]}-{part[2]}" for part in parts if part)
    if read is None or not all(parts):
        raise FetchError("answer", "an invalid date", transient=True)
    return read


def _numbers(texts: Sequence[str]) -> np.ndarray:
    """Parse prices; an empty cell becomes NaN, which validation checks. Raise FetchError for any other text."""
    if not all(NUMBER.fullmatch(value) for value in texts if value):
        raise FetchError("answer", "a price that is not a number", transient=True)
    return np.array([value or "nan" for value in texts], dtype="float64")


def _within(rows: pd.DataFrame, fetch_key: FetchKey) -> pd.DataFrame:
    """Return the bars in the requested range without duplicate lines."""
    return rows.loc[rows["date"].between(str(fetch_key.start), str(fetch_key.end))].drop_duplicates(ignore_index=True)


FETCHERS = {"bars": lambda fetch_keys, endpoint, catalog: prices(fetch_keys, endpoint)}
