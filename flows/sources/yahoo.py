"""Fetch from Yahoo Finance through yfinance: daily bars with their actions, share counts, quarterly statements.

yfinance keeps one session, one cookie and one response cache per process, so a lock serializes the calls; within a call
several threads send requests. `yahoo_chart` reads the values that yfinance drops or moves from the response itself.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import yfinance
from peewee import DatabaseError
from yfinance import cache as yf_cache
from yfinance.data import SingletonMeta, YfData
from yfinance.exceptions import YFException, YFPricesMissingError, YFRateLimitError, YFTzMissingError

from flows.sources import Endpoint, Fetched, FetchKey, bounds, yahoo_chart
from flows.sources.frames import fetched
from flows.sources.http import HttpSession
from flows.sources.retry import FetchContext, FetchError, KeyResult, fetch_all
from flows.sources.yahoo_cache import discard_unreadable
from warehouse.errors import HomeUnusable

THREADS = 8
HOST = "query2.finance.yahoo.com"
HOSTS = (".yahoo.com",)
"""Where Yahoo may redirect to."""
CHART = "/v8/finance/chart/"
DATA = (CHART, "/ws/fundamentals-timeseries/")
STATEMENTS = {"income": "quarterly_income_stmt", "balance": "quarterly_balance_sheet",
              "cashflow": "quarterly_cashflow"}
UNREADABLE = (YFException, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, NotImplementedError)
"""What yfinance raises on an answer of a shape it does not expect."""

yfinance.config.debug.hide_exceptions = False
yfinance.config.network.retries = 0  # only retry.py counts tries
# The debug lines of yfinance contain cookies and full URLs, and its warnings repeat the outcomes.
logging.getLogger("yfinance").setLevel(logging.CRITICAL)
logging.getLogger("peewee").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")  # not ours to fix

_yfinance_lock = threading.Lock()


def prices(fetch_keys: Sequence[FetchKey], endpoint: Endpoint, kinds: Mapping[str, str] | None = None) -> Fetched:
    """Fetch the frames `bars` and `actions`; prices are split-adjusted up to the request, but not dividend-adjusted.

    Dates are in the time zone of the exchange (UTC for BTC-USD). A bar without a close remains a row, which validation
    excludes, and is not counted. `kinds` maps each key to stock, fund, index or crypto. A response whose time zone is
    impossible for the kind, or that has bars on days on which it does not trade, is held.
    """
    return _request(fetch_keys, endpoint, "daily bars", ("bars", "actions"),
                lambda fetch_key, session: _prices(fetch_key, session, (kinds or {}).get(fetch_key.key)))


def shares(fetch_keys: Sequence[FetchKey], endpoint: Endpoint) -> Fetched:
    """Fetch the frame `shares`: every count of shares outstanding by date; a remark lists dates with several counts."""
    return _request(fetch_keys, endpoint, "share counts", ("shares",), _shares)


def statements(fetch_keys: Sequence[FetchKey], endpoint: Endpoint) -> Fetched:
    """Fetch the frame `statements`: quarterly items under Yahoo's names whose period ends in the requested range."""
    return _request(fetch_keys, endpoint, "quarterly statements", ("statements",), _statements)


class _YahooSession(HttpSession):
    """The session of yfinance; in a replay it sends requests for any Yahoo host to the base URL and refuses other hosts."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(endpoint, HOSTS, impersonate="chrome")
        self.of_this_thread = threading.local()
        self._no_cookies = False

    def request(self, method, url, *args, **options):  # type: ignore[override]
        parts, base = urlsplit(url), self.endpoint.base_url
        if base:
            if not f".{parts.hostname}".endswith(".yahoo.com"):
                raise FetchError("answer", f"a request to {parts.hostname}, which a replay never makes")
            url = base.rstrip("/") + url[len(f"{parts.scheme}://{parts.netloc}"):]
        if not parts.path.startswith(DATA):
            return self._handshake(method, url, *args, **options)
        self.of_this_thread.status = 0
        response = super().request(method, url, *args, **options)
        self.of_this_thread.status = response.status_code
        if response.status_code == 404:
            raise FetchError("unknown", "HTTP 404")
        bounds.refuse_vast_json(response.content)
        if response.status_code == 200:
            try:
                body = response.json()
            except ValueError:
                return response  # yfinance reports the invalid JSON
            yahoo_chart.refuse_foreign(parts.path, body)
            self.of_this_thread.body = body
            if hasattr(self.of_this_thread, "statement"):
                self.of_this_thread.statement.append(body)
        return response

    def _handshake(self, method, url, *args, **options):
        """Request a cookie or crumb and return the response whatever its status; after a failure do not try again.

        Raises ConnectionError, an OSError, after which yfinance continues without them. The endpoints used here need none.
        """
        if not self._no_cookies:
            try:
                return self.bare_request(method, url, *args, **options)
            except FetchError:
                self._no_cookies = True
        raise ConnectionError("Yahoo gave no cookie")


def _request(fetch_keys: Sequence[FetchKey], endpoint: Endpoint, what: str, names: tuple[str, ...],
             fetch_one: Callable[[FetchKey, _YahooSession], KeyResult]) -> Fetched:
    host = urlsplit(endpoint.base_url).netloc if endpoint.base_url else HOST
    with _yfinance_lock, _fresh_yfinance(endpoint) as (session, data):
        context = FetchContext("Yahoo", what, host, THREADS, before_retry=data.cache_get.cache_clear)
        results = fetch_all(fetch_keys, lambda fetch_key: fetch_one(fetch_key, session), endpoint, session, context)
        return fetched(results, names)


@contextmanager
def _fresh_yfinance(endpoint: Endpoint) -> Iterator[tuple[_YahooSession, YfData]]:
    """Provide a yfinance without cookies, cached responses or fallbacks from an earlier call or another host."""
    folder = str(endpoint.cache)
    if discard_unreadable(endpoint.cache) or yf_cache._TzDBManager.get_location() != folder:
        yfinance.set_tz_cache_location(folder)
        yf_cache._TzCacheManager._tz_cache = None
        yf_cache._CookieCacheManager._Cookie_cache = None
        yf_cache._ISINCacheManager._isin_cache = None
    zones = yf_cache.get_tz_cache()
    if zones:
        try:
            zones.lookup("")  # open it here, before eight threads open it at the same time
        except DatabaseError as error:  # raised by SQLite on a full disk
            raise HomeUnusable(folder, str(error)) from None
    session = _YahooSession(endpoint)
    try:
        data = YfData(session=session)
        if endpoint.base_url:
            # yfinance would not keep the cookies of a replay server's host, and would request them every time.
            data._cookie = data._crumb = "replay"
        yield session, data
    finally:
        SingletonMeta._instances.pop(YfData, None)
        session.close()


@contextmanager
def _in_our_words(session: _YahooSession, of: int = 0) -> Iterator[None]:
    """Convert exceptions of yfinance to FetchError; let YFPricesMissingError through if Yahoo just has no rows.

    `of` is the status of a response that was read before the block; 0 if none was.
    """
    session.of_this_thread.status = of
    try:
        yield
    except YFRateLimitError:
        raise FetchError("answer", "HTTP 429", transient=True) from None
    except YFTzMissingError:
        raise FetchError("unknown", "its time zone is missing") from None
    except UNREADABLE as error:
        status = session.of_this_thread.status
        if not status and not isinstance(error, YFException):
            raise  # no response was read, so the error is not Yahoo's
        reason = getattr(error, "yahoo_reason", None) or ""
        if status in (401, 403):
            raise FetchError("refused", f"HTTP {status}") from None
        if "No data found" in reason:
            raise FetchError("unknown", f"“{reason}”") from None
        if isinstance(error, YFPricesMissingError) and (status < 400 or "Data doesn't exist" in reason):
            raise
        if status >= 400:
            raise FetchError("answer", f"HTTP {status}{f' “{reason}”' if reason else ''}") from None
        raise FetchError("answer", f"an answer that is not Yahoo's JSON: {type(error).__name__}",
                      transient=True) from None


def _prices(fetch_key: FetchKey, session: _YahooSession, kind: str | None) -> KeyResult:
    try:
        with _in_our_words(session):
            yfinance.Ticker(fetch_key.key, session=session).history(
                start=fetch_key.start, end=fetch_key.end + timedelta(days=1), interval="1d", auto_adjust=False,
                back_adjust=False, repair=False, keepna=True, actions=True, rounding=False, prepost=False,
                timeout=session.endpoint.source.timeout_seconds)
            chart = session.of_this_thread.body["chart"]["result"][0]
            bars, remarks = yahoo_chart.bars(chart, fetch_key, kind)
            actions = yahoo_chart.actions(chart, fetch_key)
    except YFPricesMissingError as nothing:
        return KeyResult({}, 0, nothing.yahoo_reason or "")
    except FetchError as problem:
        zones = yf_cache.get_tz_cache()
        if problem.kind == "contradiction" and zones:
            zones.store(fetch_key.key, None)  # yfinance would reuse the zone of this response
        raise
    return KeyResult({"bars": bars, "actions": actions}, int(np.isfinite(bars["close"]).sum()), "; ".join(remarks))


def _shares(fetch_key: FetchKey, session: _YahooSession) -> KeyResult:
    with _in_our_words(session):
        ticker = yfinance.Ticker(fetch_key.key, session=session)
        counts = ticker.get_shares_full(fetch_key.start, fetch_key.end + timedelta(days=1))
        if counts is None:
            return KeyResult({}, 0)
        frame = pd.DataFrame({"symbol": fetch_key.key, "date": yahoo_chart.days_of(counts.index),
                              "shares_outstanding": counts.astype("float64").to_numpy()})
    frame = yahoo_chart.within(fetch_key, frame.dropna()).drop_duplicates(keep="last")
    several = frame.loc[frame.duplicated("date", keep=False)].groupby("date")["shares_outstanding"]
    remarks = [f"several counts for {day:%Y-%m-%d}: {' and '.join(f'{count:,.0f}' for count in counts)}"
               for day, counts in several]
    return KeyResult({"shares": frame}, len(frame), "; ".join(remarks))


def _statements(fetch_key: FetchKey, session: _YahooSession) -> KeyResult:
    ticker = yfinance.Ticker(fetch_key.key, session=session)
    parts, missing = [], []
    for name, table_of in STATEMENTS.items():
        table, currencies = _statement(ticker, table_of, session)
        with _in_our_words(session, of=200):
            rows = table.rename_axis("item").reset_index().melt("item", var_name="period_end").dropna()
            rows = rows.assign(symbol=fetch_key.key, statement=name).astype({"value": "float64"})
            rows = yahoo_chart.within(fetch_key, rows, "period_end")
            rows["currency"] = [currencies.get((_bare(item), end)) for item, end in
                                zip(rows["item"], pd.to_datetime(rows["period_end"]), strict=True)]
        parts.append(rows)
        if rows.empty:
            missing.append(name)
    frame = pd.concat(parts, ignore_index=True)
    remark = f"no {' and no '.join(missing)} statement" if missing and len(frame) else ""
    return KeyResult({"statements": frame}, len(frame), remark)


def _statement(ticker: yfinance.Ticker, table_of: str, session: _YahooSession) -> tuple[pd.DataFrame, dict]:
    """Fetch a statement as items by period end, and the currency of each amount; both are empty if Yahoo has none."""
    session.of_this_thread.statement = []
    with _in_our_words(session):
        try:
            return getattr(ticker, table_of), _currencies(session.of_this_thread.statement)
        except YFException as error:
            if "Empty fundamentals-timeseries" in str(error) and session.of_this_thread.status < 400:
                return pd.DataFrame(), {}
            raise


def _currencies(answers: list) -> dict[tuple, str]:
    """Return the three-letter currency of each amount by item and period end, which yfinance's table leaves out."""
    results = [entry for answer in answers for entry in answer["timeseries"]["result"] or ()]
    return {(_bare(kind.removeprefix("quarterly")), pd.Timestamp(value["asOfDate"])): value["currencyCode"]
            for entry in results for kind, values in entry.items() if kind not in ("meta", "timestamp")
            for value in values if value and re.fullmatch("[A-Z]{3}", value.get("currencyCode") or "")}


def _bare(item: str) -> str:
    """Normalize an item's name, which Yahoo writes TotalRevenue and yfinance Total Revenue."""
    return item.replace(" ", "").lower()


FETCHERS = {
    "bars": lambda fetch_keys, endpoint, catalog: prices(
        fetch_keys, endpoint, {symbol: instrument.kind for symbol, instrument in catalog.instruments.items()}),
    "shares": lambda fetch_keys, endpoint, catalog: shares(fetch_keys, endpoint),
    "statements": lambda fetch_keys, endpoint, catalog: statements(fetch_keys, endpoint),
}
