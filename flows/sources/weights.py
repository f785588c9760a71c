"""Fetch published lists of index weights from a CSV file, by URL or on disk, whose columns the catalog declares."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from flows.sources import Endpoint, Fetched, FetchKey, bounds
from flows.sources.frames import COLUMNS, days, fetched
from flows.sources.http import HttpSession
from flows.sources.retry import FetchContext, FetchError, KeyResult, Kind, fetch_all
from warehouse.catalog.weighting import LIST_COLUMNS, PublishedWeights

THREADS = 2
UNITS = {"fraction": 1.0, "percent": 100.0}


def lists(fetch_keys: Sequence[FetchKey], endpoint: Endpoint, declared: Mapping[str, PublishedWeights | None],
          folder: Path) -> Fetched:
    """Fetch the frame `weights` of the lists published in the range.

    Its columns are index_code, date, published_on, symbol and weight (0 to 1).
    The key is the code of the index. With a replay server, the list is the server's, or empty if it has none. Otherwise it
    is the `declared` one, whose file path is relative to `folder`.
    """
    base = endpoint.base_url.rstrip("/") if endpoint.base_url else None
    lists_by_index = {key: PublishedWeights(url=f"{base}/weights/{key}.csv") if base else declared.get(key)
                      for key in (fetch_key.key for fetch_key in fetch_keys)}
    hosts = sorted({urlsplit(declared_list.url).netloc if declared_list.url else str(declared_list.file)
                    for declared_list in lists_by_index.values() if declared_list})
    context = FetchContext("the list's publisher", "published weights", ", ".join(hosts) or "no address", THREADS)
    with HttpSession(endpoint) as session:

        def fetch_one(fetch_key: FetchKey) -> KeyResult:
            declared_list = lists_by_index[fetch_key.key]
            if declared_list is None:
                raise FetchError("unknown", "the catalog declares no address or file for it")
            text = (_download(declared_list.url, session, replay=base is not None) if declared_list.url
                    else _read(folder / str(declared_list.file), session))
            if text is None:
                return KeyResult({"weights": _no_rows()}, 0, "no list is published there")
            frame = _within(_rows(text, declared_list), fetch_key)
            # Drop the rows of a repeated list. Two different weights of a security remain, and validation checks them.
            frame = frame.drop_duplicates(ignore_index=True)
            return KeyResult({"weights": frame}, len(frame))

        return fetched(fetch_all(fetch_keys, fetch_one, endpoint, session, context), ("weights",))


def _download(url: str, session: HttpSession, *, replay: bool) -> str | None:
    """Download the text of the file; None if a replay server has no list."""
    response = session.get(url)
    if response.status_code == 404 and replay:
        return None
    if response.status_code != 200:
        kinds: dict[int, Kind] = {401: "refused", 403: "refused", 404: "unknown"}
        raise FetchError(kinds.get(response.status_code, "answer"), f"HTTP {response.status_code}")
    return bounds.csv(response.content)


def _read(path: Path, session: HttpSession) -> str:
    session.answers += 1  # the disk always responds
    content, reason = b"", ""
    try:
        with path.open("rb") as file:
            content = file.read(bounds.BYTES + 1)
    except OSError as error:
        reason = error.strerror
    if reason:
        raise FetchError("unknown", f"the file {path} cannot be read: {reason}")
    if len(content) > bounds.BYTES:
        raise bounds.too_long()
    return bounds.csv(content)


def _rows(text: str, declared_list: PublishedWeights) -> pd.DataFrame:
    """Parse all rows of the file under the project's column names, with weights as fractions."""
    try:
        table = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
    except ValueError:
        table = None
    if table is None:
        raise FetchError("answer", "an answer that is not a CSV file", transient=True)
    missing = [name for name in declared_list.columns if name not in table]
    if missing:
        raise FetchError("answer", f"a file without the columns {', '.join(missing)}")
    columns = {ours: pd.Series(table[theirs]) for ours, theirs in zip(LIST_COLUMNS, declared_list.columns, strict=True)}
    return pd.DataFrame({
        "index_code": columns["index"],
        "date": _days(columns["date"]), "published_on": _days(columns["published_on"]),
        "symbol": columns["symbol"].str.strip(),
        "weight": _numbers(columns["weight"]) / UNITS[declared_list.unit],
    })


def _within(rows: pd.DataFrame, fetch_key: FetchKey) -> pd.DataFrame:
    """Return the lists of the requested index that were published in the requested range.

    Raises FetchError if the file holds only other indices.
    """
    others = sorted(set(rows["index_code"]))
    if others and fetch_key.key not in others:
        raise FetchError("contradiction", f"the weights of {', '.join(others)[:40]}")
    published = rows["published_on"].to_numpy()
    inside = (published >= np.datetime64(fetch_key.start)) & (published <= np.datetime64(fetch_key.end))
    return rows.loc[inside & (rows["index_code"] == fetch_key.key).to_numpy()]


def _days(texts: pd.Series) -> np.ndarray:
    read = days(texts)
    if read is None:
        raise FetchError("answer", "an invalid date", transient=True)
    return read


def _numbers(texts: pd.Series) -> np.ndarray:
    """Parse weights; an empty cell becomes NaN, which validation checks. Raise FetchError for any other text."""
    try:
        return np.array([value or "nan" for value in texts.str.strip()], dtype="float64")
    except ValueError:
        pass
    raise FetchError("answer", "a weight that is not a number", transient=True)


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS["weights"])).astype(COLUMNS["weights"])


FETCHERS = {
    "weights": lambda fetch_keys, endpoint, catalog: lists(
        fetch_keys, endpoint, {code: universe.published_weights for code, universe in catalog.universes.items()},
        catalog.folder),
}
