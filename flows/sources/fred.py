"""Fetch from FRED through fredapi: the latest values of a series, or all its vintages with their real-time periods.

fredapi has no timeout and leaves the API key in its exceptions. For vintages it drops realtime_end and parses "." as NaT.
This module therefore replaces its fetching method and parses the rows itself.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from urllib.parse import quote_plus, urlencode, urlsplit

import fredapi
import numpy as np
import pandas as pd

from flows.sources import Endpoint, Fetched, FetchKey, bounds
from flows.sources.frames import days, fetched
from flows.sources.http import HttpSession
from flows.sources.retry import FetchContext, FetchError, KeyResult, Kind, fetch_all

THREADS = 4
ROOT = "https://api.stlouisfed.org/fred"
KEYLESS = "https://fred.stlouisfed.org/graph/fredgraph.csv"
PLACEHOLDER_KEY = "0" * 32
"""What a replay server is given when there is no key: it takes any of the right length."""
OBSERVED_SINCE = "X-Observed-Since"
"""Header of a replay server: the day from which on its archive's real-time periods were observed."""
VINTAGES_A_REQUEST = 2000
"""FRED refuses a request whose real-time range holds more vintage dates."""
LONGEST_QUOTE = 160


def observations(fetch_keys: Sequence[FetchKey], endpoint: Endpoint, *, keyless: bool | None = None) -> Fetched:
    """Fetch the frame `observations`; NaN is a value that the source reports as missing.

    For a key with `vintages` it holds every value ever published with realtime_start and realtime_end (9999-12-31 for the
    latest). For other keys it holds the latest values, and both columns are NaT. Without an API key the values come from
    the public CSV of the real host, which has only the latest; the outcome of a key with `vintages` then says so.
    """
    if keyless is None:
        keyless = endpoint.base_url is None and endpoint.api_key is None
    base = endpoint.base_url.rstrip("/") if endpoint.base_url else None
    root, csv = (f"{base}/fred", f"{base}/graph/fredgraph.csv") if base else (ROOT, KEYLESS)
    context = FetchContext("FRED", "observations", urlsplit(csv if keyless else root).netloc, THREADS)
    with HttpSession(endpoint) as session:
        fred = None if keyless else _Fred(session, root, endpoint.api_key or PLACEHOLDER_KEY)

        def fetch_one(fetch_key: FetchKey) -> KeyResult:
            if fred is None:
                return _public_csv(fetch_key, csv, session)
            return _vintages(fetch_key, fred) if fetch_key.vintages else _latest(fetch_key, fred)

        return fetched(fetch_all(fetch_keys, fetch_one, endpoint, session, context), ("observations",))


class _Fred(fredapi.Fred):
    """fredapi over HttpSession, which bounds time and rate; its errors never contain the API key."""

    def __init__(self, session: HttpSession, root_url: str, api_key: str) -> None:
        super().__init__(api_key=api_key)
        self.root_url = root_url
        self._session = session
        self._key_as_sent = "|".join({re.escape(api_key), re.escape(quote_plus(api_key))})

    def fetch(self, path: str, **query: str) -> ET.Element:
        """Send one request and return the root of the XML response."""
        return self._Fred__fetch_data(f"{self.root_url}/{path}?{urlencode(query)}")

    def _Fred__fetch_data(self, url: str) -> ET.Element:  # the name fredapi's own methods call
        # No redirect is followed: it could carry the key to another host.
        response = self._session.get(url, params={"api_key": self.api_key}, allow_redirects=False)
        root = bounds.xml(response.content)
        if response.status_code == 200 and root is not None and root.tag != "error":
            _mark_unobserved(root, response.headers.get(OBSERVED_SINCE))
            return root
        raise self._refusal(response.status_code, root)

    def _refusal(self, status: int, root: ET.Element | None) -> FetchError:
        message = root.get("message", "") if root is not None and root.tag == "error" else ""
        code = root.get("code", str(status)) if message and root is not None else str(status)
        about_the_key = "api_key" in message or code in ("401", "403")
        quoted = f"HTTP {status} “{self._without_key(message)}”" if message else f"HTTP {status}"
        if about_the_key:
            return FetchError("refused", quoted, for_all=True)
        if "does not exist" in message or code == "404":
            return FetchError("unknown", quoted)
        if status != 200:
            return FetchError("answer", quoted)
        response_summary = "an answer that is not FRED's XML" if root is None else quoted
        return FetchError("answer", response_summary, transient=True)

    def _without_key(self, text: str) -> str:
        clean = re.sub(self._key_as_sent, "[key]", text, flags=re.IGNORECASE)
        return " ".join(clean.split())[:LONGEST_QUOTE]


def _mark_unobserved(root: ET.Element, since: str | None) -> None:
    """Mark the rows whose real-time period begins before `since` as dated by a rule instead of a release.

    Only a replay server sends the header with `since`; FRED dates every period by a release.
    """
    if since:
        for row in root:
            if row.get("realtime_start", since) < since:
                row.set("pit_quality", "rule")


def _latest(fetch_key: FetchKey, fred: _Fred) -> KeyResult:
    frame = _observations(fetch_key, fred)
    frame[["realtime_start", "realtime_end"]] = np.datetime64("NaT", "s")
    return KeyResult({"observations": frame}, len(frame))


def _vintages(fetch_key: FetchKey, fred: _Fred) -> KeyResult:
    """Fetch every vintage row in chunks of vintage dates; join a period that a chunk boundary splits into one row."""
    dates = _days([row.text or "" for row in _pages(fred, "series/vintagedates", series_id=fetch_key.key)])
    seams = np.sort(dates)[VINTAGES_A_REQUEST::VINTAGES_A_REQUEST]
    starts = [fred.earliest_realtime_start, *_iso(seams)]
    ends = [*_iso(seams - np.timedelta64(1, "D")), fred.latest_realtime_end]
    chunks = [_observations(fetch_key, fred, realtime_start=start, realtime_end=end)
              for start, end in zip(starts, ends, strict=True)]
    frame = _join_seams(pd.concat(chunks, ignore_index=True), seams)
    return KeyResult({"observations": frame}, len(frame))


def _join_seams(frame: pd.DataFrame, seams: np.ndarray) -> pd.DataFrame:
    """Join rows that continue across a seam with the same value; keep the first realtime_start and last realtime_end."""
    frame = frame.sort_values(["date", "realtime_start"], kind="stable", ignore_index=True)
    before = frame.shift()
    same_value = (frame["value"] == before["value"]) | (frame["value"].isna() & before["value"].isna())
    next_day = before["realtime_end"] + pd.Timedelta(days=1)
    goes_on = (frame["realtime_start"].isin(list(seams)) & (frame["realtime_start"] == next_day)
               & (frame["date"] == before["date"]) & same_value)
    joined = frame.loc[~goes_on].copy()
    joined["realtime_end"] = frame["realtime_end"].groupby((~goes_on).cumsum()).last().to_numpy()
    return joined


def _observations(fetch_key: FetchKey, fred: _Fred, **realtime: str) -> pd.DataFrame:
    """Fetch the rows of one request, with "." as NaN."""
    rows = _pages(fred, "series/observations", series_id=fetch_key.key, observation_start=str(fetch_key.start),
                  observation_end=str(fetch_key.end), **realtime)
    _refuse_another_series(fetch_key, (row.get("series_id") or row.get("id") for row in rows))
    return _within(fetch_key, pd.DataFrame({
        "series_id": fetch_key.key,
        "date": _days([row.get("date", "") for row in rows]),
        "value": _values([row.get("value", "") for row in rows]),
        "realtime_start": _days([row.get("realtime_start", "") for row in rows]),
        "realtime_end": _days([row.get("realtime_end", "") for row in rows]),
        "pit_quality": [row.get("pit_quality") for row in rows],
    }))


def _within(fetch_key: FetchKey, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the requested range without duplicates; validation checks dates with two different values."""
    return frame.loc[frame["date"].between(str(fetch_key.start), str(fetch_key.end))].drop_duplicates(ignore_index=True)


def _refuse_another_series(fetch_key: FetchKey, named: Iterable[str | None]) -> None:
    others = sorted({name for name in named if name and name != fetch_key.key})
    if others:
        raise FetchError("contradiction", f"the observations of {', '.join(others)[:40]}")


def _pages(fred: _Fred, path: str, **query: str) -> list[ET.Element]:
    """Fetch all elements of a response that FRED splits into pages (100,000 observations, 10,000 vintage dates)."""
    found: list[ET.Element] = []
    pages = bounds.Pages()
    while True:
        root = fred.fetch(path, **query, **({"offset": str(len(found))} if found else {}))
        found.extend(root)
        total, limit = _row_count(root.get("count")), _row_count(root.get("limit")) or 1
        if total is None or len(found) >= total:
            return found
        pages.refuse_vast(total, limit)
        # Require every page but the last to be full, so that a response of one row per page cannot continue forever.
        if len(root) < limit:
            raise FetchError("answer", f"only {len(found)} of {total} rows", transient=True)
        pages.turned()


def _row_count(text: str | None) -> int | None:
    """Parse a number of rows; None if the text is not a number or has more digits than any count."""
    return int(text) if text and re.fullmatch("[0-9]{1,18}", text) else None


def _days(texts: list[str]) -> np.ndarray:
    """Parse dates as datetime64[s]; raise FetchError, which does not quote the text, if any is invalid."""
    read = days(texts)
    if read is None:
        raise FetchError("answer", "an invalid date", transient=True)
    return read


def _values(texts: list[str]) -> np.ndarray:
    """Parse numbers, with FRED's "." as NaN; raise FetchError, which does not quote the text, if any is invalid."""
    try:
        values = np.array(["nan" if value == "." else value for value in texts], dtype="float64")
    except ValueError:
        values = None
    if values is not None and int(np.isnan(values).sum()) == texts.count("."):
        return values
    raise FetchError("answer", "a value that is not a number", transient=True)


def _iso(days: np.ndarray) -> list[str]:
    return [str(day) for day in days.astype("datetime64[D]")]


def _public_csv(fetch_key: FetchKey, url: str, session: HttpSession) -> KeyResult:
    """Fetch the latest values from the public CSV; an empty cell or "." is NaN."""
    query = urlencode({"id": fetch_key.key, "cosd": str(fetch_key.start), "coed": str(fetch_key.end)})
    response = session.get(f"{url}?{query}")
    if response.status_code != 200:
        kinds: dict[int, Kind] = {401: "refused", 403: "refused", 404: "unknown"}
        raise FetchError(kinds.get(response.status_code, "answer"), f"HTTP {response.status_code}")
    try:
        table = pd.read_csv(io.StringIO(bounds.csv(response.content)), na_values=["."], dtype={0: "str", 1: "float64"})
        # If rows have more cells than the header has names, pandas uses the first cells as row labels.
        is_plain = isinstance(table.index, pd.RangeIndex)
        dates, values = days(table.iloc[:, 0].fillna("")) if is_plain else None, table[fetch_key.key]
    except (ValueError, LookupError):
        dates = None
    if dates is None:
        raise FetchError("answer", f"an answer that is not FRED's CSV of {fetch_key.key}", transient=True)
    frame = _within(fetch_key, pd.DataFrame({"series_id": fetch_key.key, "date": dates, "value": values}))
    frame[["realtime_start", "realtime_end"]] = np.datetime64("NaT", "s")
    remark = "latest values only: vintages need FRED_API_KEY" if fetch_key.vintages and len(frame) else ""
    return KeyResult({"observations": frame}, len(frame), remark)


FETCHERS = {"observations": lambda fetch_keys, endpoint, catalog: observations(fetch_keys, endpoint)}
