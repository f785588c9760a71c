"""Serve FRED's web service in XML and JSON, including real-time periods, and its keyless CSV download."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import orjson

from flows.replay.archive import Archive, Observations

FIRST_DAY, LAST_DAY = date(1776, 7, 4), date(9999, 12, 31)
MAX_VINTAGES = 2_000
TOO_MANY = f"This exceeds the maximum number of vintage dates allowed for this file type ({MAX_VINTAGES})."
UNITS = "cap, cca, cch, ch1, chg, lin, log, pc1, pca, pch"
FREQUENCIES = {"Daily": "D", "Weekly": "W", "Biweekly": "BW", "Monthly": "M", "Quarterly": "Q", "Annual": "A"}


@dataclass
class Refused(Exception):
    """A request that FRED rejects with HTTP 400 and one sentence."""

    sentence: str


@dataclass(frozen=True)
class Document:
    """A response before it is XML or JSON: the attributes of its root, and children that are attributes or text."""

    root: str
    child: str
    plural: str
    attributes: dict[str, Any]
    children: list[Any]
    plain: bool = False  # the children hold only dates and numbers, so thousands of rows need no quoting

    def xml(self) -> bytes:
        """Render the attributes of the root and the children as the XML that fredapi reads."""
        head = "".join(f" {key}={quoteattr(str(value))}" for key, value in self.attributes.items())
        lines = [f'<?xml version="1.0" encoding="utf-8" ?>\n<{self.root}{head}>']
        for child in self.children:
            if isinstance(child, str):
                lines.append(f"  <{self.child}>{child}</{self.child}>")
            else:
                quote = '"{}"'.format if self.plain else quoteattr
                inner = " ".join([f"{key}={quote(str(value))}" for key, value in child.items()])
                lines.append(f"  <{self.child} {inner}/>")
        return "\n".join([*lines, f"</{self.root}>\n"]).encode()

    def json(self) -> bytes:
        """Render FRED's JSON, which names the file type among the attributes of observations."""
        return orjson.dumps({**self.attributes, self.plural: self.children})


def answer(archive: Archive, endpoint: str, query: Mapping[str, str]) -> tuple[int, str, bytes]:
    """Return status, content type and body of an endpoint: series, series/observations or series/vintagedates."""
    as_json = query.get("file_type") == "json"
    try:
        _check_key(query)
        if query.get("file_type", "xml") not in ("xml", "json"):
            raise Refused("Bad Request.  Value of file_type is not one of: json, xml.")
        document = ENDPOINTS[endpoint](archive, query)
        status, body = 200, document.json() if as_json else document.xml()
    except Refused as refusal:
        status = 400
        body = (orjson.dumps({"error_code": 400, "error_message": refusal.sentence}) if as_json else
                f'<?xml version="1.0" encoding="utf-8" ?>\n'
                f'<error code="400" message={quoteattr(refusal.sentence)}/>\n'.encode())
    return status, "application/json; charset=UTF-8" if as_json else "text/xml; charset=UTF-8", body


def series(archive: Archive, query: Mapping[str, str]) -> Document:
    """Describe one series; the id serves as the title, since the archive has no titles or notes."""
    series_id = _series_id(archive, query)
    start, end = _realtime(archive, query)
    frequency, units = archive.series(series_id) or ("", "")
    rows = archive.observations(series_id)
    days, vintages = rows.date, vintage_dates(rows)
    entry = {
        "id": series_id, "realtime_start": str(start), "realtime_end": str(end), "title": series_id,
        "observation_start": str(days[0]) if len(days) else "",
        "observation_end": str(days[-1]) if len(days) else "",
        "frequency": frequency, "frequency_short": FREQUENCIES.get(re.split(r"[,\s]", frequency)[0], ""),
        "units": units, "units_short": units,
        "seasonal_adjustment": "Not Seasonally Adjusted", "seasonal_adjustment_short": "NSA",
        "last_updated": f"{vintages[-1]} 23:59:00-05" if len(vintages) else "", "popularity": 0, "notes": "",
    }
    period = {"realtime_start": str(start), "realtime_end": str(end)}
    return Document("seriess", "series", "seriess", period, [entry])


def observations(archive: Archive, query: Mapping[str, str]) -> Document:
    """Return rows whose real-time period overlaps the requested one, clipped to it (output_type 1); first releases (4)."""
    series_id = _series_id(archive, query)
    output_type = _integer(query, "output_type", 1, 1, 4)
    if output_type not in (1, 4):
        raise Refused("Bad Request.  Value of output_type is not one of: 1, 4.")
    if query.get("units", "lin") != "lin":
        served = "lin" if query["units"] in UNITS.split(", ") else UNITS
        raise Refused(f"Bad Request.  Value of units is not one of: {served}.")
    if "frequency" in query:
        raise Refused("Bad Request.  Variable frequency is not served here: leave it out.")
    rows = archive.observations(series_id)
    requested = _days(query, "vintage_dates")
    if len(requested) > MAX_VINTAGES:
        raise Refused(f"Bad Request.  There are {len(requested)} vintage dates in vintage_dates. {TOO_MANY}")
    if requested:
        start, end = requested[0], requested[-1]
    else:
        start, end = _realtime(archive, query, open_end=output_type == 4)
        _check_vintages(rows, start, end)
    first = _day(query, "observation_start") or date(1600, 1, 1)
    last = _day(query, "observation_end") or LAST_DAY
    keep = _first_releases(rows, start, end) if output_type == 4 else _known_in(rows, start, end, requested)
    keep &= (rows.date >= np.datetime64(first)) & (rows.date <= np.datetime64(last))
    kept = np.flatnonzero(keep)
    order, page, limit, offset = _page(query, kept, most=100_000)
    children = _children(rows, page, start, end)
    return Document("observations", "observation", "observations", {
        "realtime_start": str(start), "realtime_end": str(end), "observation_start": str(first),
        "observation_end": str(last), "units": "lin", "output_type": output_type,
        "file_type": query.get("file_type", "xml"), "order_by": "observation_date", "sort_order": order,
        "count": len(kept), "offset": offset, "limit": limit,
    }, children, plain=True)


def vintagedates(archive: Archive, query: Mapping[str, str]) -> Document:
    """Return the days on which the data of the series changed, including first releases."""
    series_id = _series_id(archive, query)
    start = _day(query, "realtime_start") or FIRST_DAY
    end = _day(query, "realtime_end") or LAST_DAY
    found = vintage_dates(archive.observations(series_id))
    kept = np.flatnonzero((found >= np.datetime64(start)) & (found <= np.datetime64(end)))
    order, page, limit, offset = _page(query, kept, most=10_000)
    return Document("vintage_dates", "vintage_date", "vintage_dates", {
        "realtime_start": str(start), "realtime_end": str(end), "order_by": "vintage_date",
        "sort_order": order, "count": len(kept), "offset": offset, "limit": limit,
    }, np.datetime_as_string(found[page]).tolist())


ENDPOINTS = {"series": series, "series/observations": observations, "series/vintagedates": vintagedates}


def fredgraph(archive: Archive, query: Mapping[str, str]) -> tuple[int, str, bytes]:
    """Return the keyless download: the latest value of each date from `cosd` to `coed`, empty if it is missing."""
    series_id = query.get("id", "").upper()
    if archive.series(series_id) is None:
        return 404, "text/html; charset=UTF-8", b"<html><head><title>404 Not Found</title></head></html>\n"
    try:
        first, last = _day(query, "cosd") or FIRST_DAY, _day(query, "coed") or LAST_DAY
    except Refused as refusal:
        return 400, "text/html; charset=UTF-8", f"<html><body>{refusal.sentence}</body></html>\n".encode()
    rows = archive.observations(series_id)
    keep = _known_in(rows, archive.today, archive.today, [])
    keep &= (rows.date >= np.datetime64(first)) & (rows.date <= np.datetime64(last))
    days, values = np.datetime_as_string(rows.date[keep]).tolist(), rows.value[keep].tolist()
    lines = [f"{day},{'' if value == '.' else value}" for day, value in zip(days, values, strict=True)]
    return 200, "text/csv; charset=UTF-8", "\n".join([f"observation_date,{series_id}", *lines, ""]).encode()


def vintage_dates(rows: Observations) -> np.ndarray:
    """Return the days on which a real-time period begins, and the day after each one that ends."""
    ends = rows.realtime_end[rows.realtime_end < np.datetime64(LAST_DAY)] + 1
    return np.unique(np.concatenate([rows.realtime_start, ends]))


def _known_in(rows: Observations, start: date, end: date, requested: list[date]) -> np.ndarray:
    """Mark the rows that were current at any time in [start, end], or on one of the requested days."""
    if not requested:
        return (rows.realtime_start <= np.datetime64(end)) & (rows.realtime_end >= np.datetime64(start))
    days = np.array(requested, dtype="datetime64[D]")
    until = np.searchsorted(days, rows.realtime_end, "right")
    return np.searchsorted(days, rows.realtime_start) < until


def _first_releases(rows: Observations, start: date, end: date) -> np.ndarray:
    """Mark the first row of every date that was first released in [start, end].

    A history published at once is not a release. The dates of the first vintage count only if it holds a single date, and
    a date added later counts only if it is newer than all dates known before it.
    """
    keep = np.zeros(len(rows.date), dtype=bool)
    if not len(rows.date):
        return keep
    first = np.r_[True, rows.date[1:] != rows.date[:-1]]
    began = rows.realtime_start[first]
    newer_began = np.r_[np.minimum.accumulate(began[::-1])[::-1][1:], np.datetime64(LAST_DAY)]
    is_newer = began != began.min() if (began == began.min()).sum() > 1 else np.ones(len(began), dtype=bool)
    keep[np.flatnonzero(first)] = is_newer & (newer_began >= began)
    return keep & (rows.realtime_start >= np.datetime64(start)) & (rows.realtime_start <= np.datetime64(end))


def _children(rows: Observations, page: np.ndarray, start: date, end: date) -> list[dict[str, str]]:
    began = np.datetime_as_string(np.maximum(rows.realtime_start[page], np.datetime64(start))).tolist()
    ended = np.datetime_as_string(np.minimum(rows.realtime_end[page], np.datetime64(end))).tolist()
    days, values = np.datetime_as_string(rows.date[page]).tolist(), rows.value[page].tolist()
    return [{"realtime_start": a, "realtime_end": b, "date": day, "value": value}
            for a, b, day, value in zip(began, ended, days, values, strict=True)]


def _check_key(query: Mapping[str, str]) -> None:
    """Accept any API key of the right form and reject others; no other code reads the key."""
    key = query.get("api_key", "")
    if not key:
        raise Refused("Bad Request.  Variable api_key has not been set.")
    if not re.fullmatch("[a-z0-9]{32}", key):
        raise Refused("Bad Request.  The value for variable api_key is not a 32 character alpha-numeric "
                      "lower-case string.  Read https://fred.stlouisfed.org/docs/api/api_key.html for more "
                      "information.")


def _series_id(archive: Archive, query: Mapping[str, str]) -> str:
    series_id = query.get("series_id", "").upper()
    if not series_id:
        raise Refused("Bad Request.  Variable series_id has not been set.")
    if archive.series(series_id) is None:
        raise Refused("Bad Request.  The series does not exist.")
    return series_id


def _realtime(archive: Archive, query: Mapping[str, str], open_end: bool = False) -> tuple[date, date]:
    """Return the requested real-time period, by default only today; the default end for first releases is 9999-12-31."""
    start = _day(query, "realtime_start") or archive.today
    end = _day(query, "realtime_end") or (LAST_DAY if open_end else archive.today)
    for name, day in (("realtime_start", start), ("realtime_end", end)):
        if archive.today < day != LAST_DAY:
            raise Refused(f"Bad Request.  Variable {name} can not be after today's date ({archive.today}).")
    if start > end:
        raise Refused("Bad Request.  The date set by variable realtime_start can not be after the date set "
                      "by variable realtime_end.")
    return start, end


def _check_vintages(rows: Observations, start: date, end: date) -> None:
    found = vintage_dates(rows)
    count = int(((found >= np.datetime64(start)) & (found <= np.datetime64(end))).sum())
    if count > MAX_VINTAGES:
        raise Refused(f"Bad Request.  There are {count} vintage dates in the specified real-time period: "
                      f"{start} to {end}. {TOO_MANY}")


def _page(query: Mapping[str, str], kept: np.ndarray, most: int) -> tuple[str, np.ndarray, int, int]:
    order = query.get("sort_order", "asc")
    if order not in ("asc", "desc"):
        raise Refused("Bad Request.  Value of sort_order is not one of: asc, desc.")
    limit = _integer(query, "limit", most, 1, most)
    offset = _integer(query, "offset", 0, 0, 10**9)
    return order, (kept if order == "asc" else kept[::-1])[offset:offset + limit], limit, offset


def _integer(query: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,10}", text) or not low <= int(text) <= high:
        raise Refused(f"Bad Request.  Variable {name} is not between {low} and {high}.")
    return int(text)


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name)
    return None if text is None else _date(text, name)


def _days(query: Mapping[str, str], name: str) -> list[date]:
    return sorted({_date(text.strip(), name) for text in query.get(name, "").split(",") if text.strip()})


def _date(text: str, name: str) -> date:
    if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
        try:
            return date(*map(int, text.split("-")))
        except ValueError:
            pass
    raise Refused(f"Bad Request.  Value of {name} is not a valid date: YYYY-MM-DD.")
