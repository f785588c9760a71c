"""Fetch keys on a few threads; retry transient failures with a back-off, and do not retry final ones.

If a host fails for several keys in a row, the remaining keys fail at once, so that an outage costs seconds instead of
two hundred timeouts. If no key was received, the call raises.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import tenacity

from flows.sources import Endpoint, FetchKey
from flows.sources.errors import SourceAnswerInvalid, SourceRefused, SourceUnreachable
from warehouse.visible import visible

if TYPE_CHECKING:
    import pandas as pd

    from flows.sources.http import HttpSession

Kind = Literal["unreachable", "refused", "answer", "unknown", "contradiction"]
Part = TypeVar("Part")

FAILURES_IN_A_ROW = 6
"""Keys in a row that may exhaust their tries before no further key is requested from the host."""
LONGEST_BACKOFF_SECONDS = 30.0

log = logging.getLogger("rallyscope.sources")


class FetchError(Exception):
    """Why one request failed; `response_summary` must not contain a secret, since messages quote it in parentheses."""

    def __init__(self, kind: Kind, response_summary: str, *, transient: bool = False, for_all: bool = False) -> None:
        self.response_summary = visible(" ".join(response_summary.split()))
        super().__init__(kind, self.response_summary)
        self.kind: Kind = kind
        self.transient = transient
        """The same request may succeed a little later."""
        self.for_all = for_all
        """Every other key would fail for the same reason."""

    def without_traceback(self) -> FetchError:
        """Copy the error without its traceback, whose frames hold URLs and so perhaps an API key."""
        return FetchError(self.kind, self.response_summary, transient=self.transient, for_all=self.for_all)


@dataclass(frozen=True)
class KeyResult:
    """The result of one key: its frames by name, the number of usable rows, and a remark for the outcome."""

    frames: dict[str, pd.DataFrame]
    rows: int
    remark: str = ""


@dataclass(frozen=True)
class Outcome:
    """One row of Fetched.outcomes."""

    key: str
    status: Literal["received", "empty", "failed", "held"]
    rows: int
    reason: str
    asked_from: object
    asked_to: object
    is_unknown_key: bool = False
    """Whether the source said that it does not know the key; repeating the request is then no remedy."""


@dataclass(frozen=True)
class FetchContext:
    """The source and the kind of data of one call, as error messages and log lines name them."""

    source: str
    """“Yahoo”."""
    what: str
    """“daily bars”."""
    host: str
    threads: int
    before_retry: Callable[[], None] = lambda: None
    """Makes the client forget the failed answer."""


class _Breaker:
    """A circuit breaker: it opens after too many failures of the host in a row, or one that applies to every key."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.cause: FetchError | None = None
        self.answered = 0
        self._in_a_row = 0
        self._lock = threading.Lock()

    def key_answered(self) -> None:
        with self._lock:
            self.answered += 1
            self._in_a_row = 0

    def key_failed(self, problem: FetchError) -> None:
        with self._lock:
            self._in_a_row += 1
            if problem.for_all or self._in_a_row >= FAILURES_IN_A_ROW:
                self.cause = self.cause or problem
                self.stop.set()


def fetch_all(fetch_keys: Sequence[FetchKey], fetch_one: Callable[[FetchKey], KeyResult], endpoint: Endpoint,
              session: HttpSession,
            context: FetchContext) -> list[tuple[Outcome, KeyResult | None]]:
    """Fetch every key and return one outcome per key, sorted by key whatever the order of the threads.

    If no key was received, raises SourceUnreachable (no request got a response), SourceRefused (the source refuses the
    client) or SourceAnswerInvalid (it responds to several keys in a row, but never with data).
    """
    keys = [fetch_key.key for fetch_key in fetch_keys]
    if len(set(keys)) < len(keys):
        raise ValueError(f"each key may be requested once per call, but these repeat: "
                         f"{', '.join(sorted({key for key in keys if keys.count(key) > 1}))}")
    if not fetch_keys:
        return []
    breaker, began = _Breaker(), time.monotonic()
    results: list[tuple[Outcome, KeyResult | None]] = []
    problems: list[FetchError] = []

    def work(fetch_key: FetchKey) -> tuple[Outcome, KeyResult | None]:
        answer, problem, tries = _one_key(fetch_key, fetch_one, endpoint, context, breaker)
        if problem:
            problems.append(problem)
        return _outcome(fetch_key, answer, problem, tries, context), answer

    pool = ThreadPoolExecutor(min(context.threads, len(fetch_keys)), thread_name_prefix="rallyscope-source")
    try:
        results = list(pool.map(work, sorted(fetch_keys, key=lambda fetch_key: fetch_key.key)))
    finally:
        breaker.stop.set()  # after an interrupt no thread sleeps through its back-off or requests another key
        pool.shutdown(cancel_futures=True)
    _log(results, session, context, time.monotonic() - began)
    if not breaker.answered:
        _raise_if_down(fetch_keys, problems, breaker, session, context)
    return results


def _one_key(fetch_key: FetchKey, fetch_one: Callable[[FetchKey], KeyResult], endpoint: Endpoint, context: FetchContext,
             breaker: _Breaker) -> tuple[KeyResult | None, FetchError | None, int]:
    """Fetch one key; return its result or its error, and the number of tries."""
    if breaker.stop.is_set():
        return None, breaker.cause, 0
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, FetchError) and error.transient),
        stop=tenacity.stop_any(tenacity.stop_after_attempt(endpoint.source.tries),
                               tenacity.stop_when_event_set(breaker.stop)),
        wait=tenacity.wait_exponential_jitter(initial=endpoint.backoff_seconds, max=LONGEST_BACKOFF_SECONDS,
                                              jitter=endpoint.backoff_seconds),
        sleep=tenacity.sleep_using_event(breaker.stop),
        before_sleep=lambda _: context.before_retry(),
        reraise=True,
    )
    try:
        answer = attempts(fetch_one, fetch_key)
    except FetchError as caught:
        problem = caught.without_traceback()
    else:
        breaker.key_answered()
        return answer, None, attempts.statistics["attempt_number"]
    if problem.kind in ("unknown", "contradiction"):
        breaker.key_answered()  # the host works; it does not know this key, or returned another one
    else:
        breaker.key_failed(problem)
    return None, problem, attempts.statistics["attempt_number"]


def _outcome(fetch_key: FetchKey, answer: KeyResult | None, problem: FetchError | None, tries: int,
             context: FetchContext) -> Outcome:
    wanted = f"{context.what} {fetch_key.start} to {fetch_key.end}"
    failed = f"{fetch_key.key}: the request to {context.source} for {wanted} failed"
    if answer is not None:
        status = "received" if answer.rows else "empty"
        reason = answer.remark if answer.rows else (
            f"{fetch_key.key}: {context.source} returned no rows for {wanted}"
            f"{f' ({answer.remark})' if answer.remark else ''}")
        return Outcome(fetch_key.key, status, answer.rows, visible(reason), fetch_key.start, fetch_key.end)
    if problem and problem.kind == "contradiction":
        reason = (f"{context.source} returned {problem.response_summary} for a request of {wanted}; "
                  "none of it is loaded, and the next run requests it again")
        return Outcome(fetch_key.key, "held", 0, reason, fetch_key.start, fetch_key.end)
    response_summary = problem.response_summary if problem else "the run was stopped"
    if tries == 0:
        reason = (f"{fetch_key.key}: not requested, because {context.source} failed for several keys in a row "
                  f"({response_summary}); the next run requests it")
    elif problem and problem.kind == "unknown":
        reason = (f"{failed} ({response_summary}); {context.source} does not know this key: "
                  "check its catalog entry (renamed, delisted, discontinued?)")
    else:
        times = f", {tries} tries" if tries > 1 else ""
        reason = f"{failed} ({response_summary}{times}); the next run repeats the request"
    is_unknown = tries > 0 and problem is not None and problem.kind == "unknown"
    return Outcome(fetch_key.key, "failed", 0, reason, fetch_key.start, fetch_key.end, is_unknown)


def _raise_if_down(fetch_keys: Sequence[FetchKey], problems: list[FetchError], breaker: _Breaker, session: HttpSession,
                   context: FetchContext) -> None:
    first = min(fetch_key.key for fetch_key in fetch_keys)
    requested = f"{context.what} of {first}" + (f" and {len(fetch_keys) - 1} more" if len(fetch_keys) > 1 else "")
    cause = breaker.cause or problems[0]
    if cause.kind == "refused":
        raise SourceRefused(context.host, requested, cause.response_summary)
    if session.answers == 0:
        raise SourceUnreachable(context.host, requested, cause.response_summary)
    if breaker.cause:
        raise SourceAnswerInvalid(context.host, requested, cause.response_summary)


def _log(results: list[tuple[Outcome, KeyResult | None]], session: HttpSession, context: FetchContext,
         seconds: float) -> None:
    counts = {status: sum(outcome.status == status for outcome, _ in results)
              for status in ("received", "empty", "failed", "held")}
    log.info("%s, %s: %d keys, %d received, %d empty, %d failed, %d held, %d rows, %d requests, %.1f s", context.source,
             context.what, len(results), counts["received"], counts["empty"], counts["failed"], counts["held"],
             sum(outcome.rows for outcome, _ in results), session.requests, seconds)
    for outcome, _ in results:
        if outcome.status in ("failed", "held"):
            log.warning("%s", outcome.reason)
