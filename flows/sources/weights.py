"""Published lists of index weights: a CSV file by URL or on disk, its columns as the catalogue declares them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from flows.sources import Ask, Endpoint, Fetched, bounds
from flows.sources.frames import COLUMNS, days, fetched
from flows.sources.retry import Answer, Kind, Problem, Round, ask_all
from flows.sources.wire import Wire
from warehouse.catalog.weighting import LIST_COLUMNS, PublishedWeights

THREADS = 2
UNITS = {"fraction": 1.0, "percent": 100.0}


def lists(asks: Sequence[Ask], endpoint: Endpoint, declared: Mapping[str, PublishedWeights | None],
          folder: Path) -> Fetched:
    """Frame `weights`: index_code, date, published_on, symbol, weight (0 to 1), of the lists published in the range.

    The key of an Ask is the index's code. A replay server is asked for its own list, and one that has none gives an
    empty answer; else the place is the one `declared`, a file's path being relative to `folder`.
    """
    base = endpoint.base_url.rstrip("/") if endpoint.base_url else None
    places = {ask.key: PublishedWeights(url=f"{base}/weights/{ask.key}.csv") if base else declared.get(ask.key)
              for ask in asks}
    hosts = sorted({urlsplit(place.url).netloc if place.url else str(place.file) for place in places.values() if place})
    round_ = Round("the list's publisher", "published weights", ", ".join(hosts) or "no place", THREADS)
    with Wire(endpoint) as wire:

        def ask_one(ask: Ask) -> Answer:
            place = places[ask.key]
            if place is None:
                raise Problem("unknown", "the catalog declares no address or file for it")
            text = (_download(place.url, wire, replay=base is not None) if place.url
                    else _read(folder / str(place.file), wire))
            if text is None:
                return Answer({"weights": _nothing()}, 0, "no list is published there")
            frame = _within(_rows(text, place), ask)
            # A list said twice is one list; two weights of a security are both for validation to see.
            frame = frame.drop_duplicates(ignore_index=True)
            return Answer({"weights": frame}, len(frame))

        return fetched(ask_all(asks, ask_one, endpoint, wire, round_), ("weights",))


def _download(url: str, wire: Wire, *, replay: bool) -> str | None:
    """The file's text; None where a replay server has no list."""
    response = wire.get(url)
    if response.status_code == 404 and replay:
        return None
    if response.status_code != 200:
        kinds: dict[int, Kind] = {401: "refused", 403: "refused", 404: "unknown"}
        raise Problem(kinds.get(response.status_code, "answer"), f"HTTP {response.status_code}")
    return bounds.csv(response.content)


def _read(path: Path, wire: Wire) -> str:
    wire.answers += 1  # the disk answers, whatever it says
    said, reason = b"", ""
    try:
        with path.open("rb") as file:
            said = file.read(bounds.BYTES + 1)
    except OSError as error:
        reason = error.strerror
    if reason:
        raise Problem("unknown", f"the file {path} cannot be read: {reason}")
    if len(said) > bounds.BYTES:
        raise bounds.too_long()
    return bounds.csv(said)


def _rows(text: str, place: PublishedWeights) -> pd.DataFrame:
    """All rows of the file under our names, weights as fractions."""
    try:
        table = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
    except ValueError:
        table = None
    if table is None:
        raise Problem("answer", "an answer that is not a CSV file", transient=True)
    missing = [name for name in place.columns if name not in table]
    if missing:
        raise Problem("answer", f"a file without the columns {', '.join(missing)}")
    columns = {ours: pd.Series(table[theirs]) for ours, theirs in zip(LIST_COLUMNS, place.columns, strict=True)}
    return pd.DataFrame({
        "index_code": columns["index"],
        "date": _days(columns["date"]), "published_on": _days(columns["published_on"]),
        "symbol": columns["symbol"].str.strip(),
        "weight": _numbers(columns["weight"]) / UNITS[place.unit],
    })


def _within(rows: pd.DataFrame, ask: Ask) -> pd.DataFrame:
    """The lists of the index asked that were published in the range asked."""
    others = sorted(set(rows["index_code"]))
    if others and ask.key not in others:
        raise Problem("contradiction", f"the weights of {', '.join(others)[:40]}")
    published = rows["published_on"].to_numpy()
    inside = (published >= np.datetime64(ask.start)) & (published <= np.datetime64(ask.end))
    return rows.loc[inside & (rows["index_code"] == ask.key).to_numpy()]


def _days(said: pd.Series) -> np.ndarray:
    read = days(said)
    if read is None:
        raise Problem("answer", "an invalid date", transient=True)
    return read


def _numbers(said: pd.Series) -> np.ndarray:
    """Numbers; an empty cell is NaN, which validation sees."""
    try:
        return np.array([value or "nan" for value in said.str.strip()], dtype="float64")
    except ValueError:
        pass
    raise Problem("answer", "a weight that is not a number", transient=True)


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(columns=list(COLUMNS["weights"])).astype(COLUMNS["weights"])
