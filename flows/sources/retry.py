"""How keys are asked: on a few threads, what is transient again and again a little later, what is final once.

A host that fails key after key is left alone: the rest fail at once, and when nothing at all was received the
call raises, so that an outage costs seconds and not two hundred timeouts.
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
"""Keys that may exhaust their tries one after another before the host is left alone."""
LONGEST_BACKOFF_SECONDS = 30.0

log = logging.getLogger("rallyscope.sources")


class FetchError(Exception):
    """Why one request gave nothing; `response_summary` stands in “the request for … failed (…)” and holds no secret."""

    def __init__(self, kind: Kind, response_summary: str, *, transient: bool = False, for_all: bool = False) -> None:
        self.response_summary = visible(" ".join(response_summary.split()))
        super().__init__(kind, self.response_summary)
        self.kind: Kind = kind
        self.transient = transient
        """The same request may succeed a little later."""
        self.for_all = for_all
        """Every other key would meet it too."""

    def without_traceback(self) -> FetchError:
        """The same without the frames it passed through, whose variables hold URLs and so perhaps a key."""
        return FetchError(self.kind, self.response_summary, transient=self.transient, for_all=self.for_all)


@dataclass(frozen=True)
class KeyResult:
    """What one key gave: a frame by name, the rows that count, and a remark for the outcome."""

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


@dataclass(frozen=True)
class FetchContext:
    """One call's request to a source, in the words its messages use."""

    source: str
    """“Yahoo”."""
    what: str
    """“daily bars”."""
    host: str
    threads: int
    before_retry: Callable[[], None] = lambda: None
    """Makes the client forget the failed answer."""


class _Breaker:
    """Counts keys in a row that failed because of the host; opens on too many, or on one that is for all."""

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
            round_: FetchContext) -> list[tuple[Outcome, KeyResult | None]]:
    """One outcome a key, sorted by key, whatever the threads do; raises when no key was given anything.

    Raises SourceUnreachable when no request got an answer, SourceRefused when the source refuses whoever
    asks, and SourceAnswerInvalid when it answers key after key with something that is not data.
    """
    keys = [ask.key for ask in fetch_keys]
    if len(set(keys)) < len(keys):
        raise ValueError(f"each key may be asked once in a call, but these repeat: "
                         f"{', '.join(sorted({key for key in keys if keys.count(key) > 1}))}")
    if not fetch_keys:
        return []
    breaker, began = _Breaker(), time.monotonic()
    results: list[tuple[Outcome, KeyResult | None]] = []
    problems: list[FetchError] = []

    def work(ask: FetchKey) -> tuple[Outcome, KeyResult | None]:
        answer, problem, tries = _one_key(ask, fetch_one, endpoint, round_, breaker)
        if problem:
            problems.append(problem)
        return _outcome(ask, answer, problem, tries, round_), answer

    pool = ThreadPoolExecutor(min(round_.threads, len(fetch_keys)), thread_name_prefix="rallyscope-source")
    try:
        results = list(pool.map(work, sorted(fetch_keys, key=lambda ask: ask.key)))
    finally:
        breaker.stop.set()  # on an interrupt nobody sleeps through a back-off or asks another key
        pool.shutdown(cancel_futures=True)
    _log(results, session, round_, time.monotonic() - began)
    if not breaker.answered:
        _raise_if_down(fetch_keys, problems, breaker, session, round_)
    return results


def _one_key(ask: FetchKey, fetch_one: Callable[[FetchKey], KeyResult], endpoint: Endpoint, round_: FetchContext,
             breaker: _Breaker) -> tuple[KeyResult | None, FetchError | None, int]:
    """The key's answer or its problem, and how often it was asked."""
    if breaker.stop.is_set():
        return None, breaker.cause, 0
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, FetchError) and error.transient),
        stop=tenacity.stop_any(tenacity.stop_after_attempt(endpoint.source.tries),
                               tenacity.stop_when_event_set(breaker.stop)),
        wait=tenacity.wait_exponential_jitter(initial=endpoint.backoff_seconds, max=LONGEST_BACKOFF_SECONDS,
                                              jitter=endpoint.backoff_seconds),
        sleep=tenacity.sleep_using_event(breaker.stop),
        before_sleep=lambda _: round_.before_retry(),
        reraise=True,
    )
    try:
        answer = attempts(fetch_one, ask)
    except FetchError as caught:
        problem = caught.without_traceback()
    else:
        breaker.key_answered()
        return answer, None, attempts.statistics["attempt_number"]
    if problem.kind in ("unknown", "contradiction"):
        breaker.key_answered()  # the host is well; it does not know this key, or answers it with something else
    else:
        breaker.key_failed(problem)
    return None, problem, attempts.statistics["attempt_number"]


def _outcome(ask: FetchKey, answer: KeyResult | None, problem: FetchError | None, tries: int,
             round_: FetchContext) -> Outcome:
    wanted = f"{round_.what} {ask.start} to {ask.end}"
    failed = f"{ask.key}: the request to {round_.source} for {wanted} failed"
    if answer is not None:
        status = "received" if answer.rows else "empty"
        reason = answer.remark if answer.rows else (
            f"{ask.key}: {round_.source} returned no rows for {wanted}{f' ({answer.remark})' if answer.remark else ''}")
        return Outcome(ask.key, status, answer.rows, visible(reason), ask.start, ask.end)
    if problem and problem.kind == "contradiction":
        reason = (f"{round_.source} returned {problem.response_summary}, when asked for {wanted}; "
                  "nothing of it is loaded, and the next run requests it again")
        return Outcome(ask.key, "held", 0, reason, ask.start, ask.end)
    response_summary = problem.response_summary if problem else "the run was stopped"
    if tries == 0:
        reason = (f"{ask.key}: not requested, because {round_.source} failed key after key ({response_summary}); "
                  "the next run requests it")
    elif problem and problem.kind == "unknown":
        reason = (f"{failed} ({response_summary}); {round_.source} does not know it: "
                  "check its catalog entry (renamed, delisted, discontinued?)")
    else:
        times = f", {tries} tries" if tries > 1 else ""
        reason = f"{failed} ({response_summary}{times}); the next run repeats it"
    return Outcome(ask.key, "failed", 0, reason, ask.start, ask.end)


def _raise_if_down(fetch_keys: Sequence[FetchKey], problems: list[FetchError], breaker: _Breaker, session: HttpSession,
                   round_: FetchContext) -> None:
    first = min(ask.key for ask in fetch_keys)
    requested = f"{round_.what} of {first}" + (f" and {len(fetch_keys) - 1} more" if len(fetch_keys) > 1 else "")
    cause = breaker.cause or problems[0]
    if cause.kind == "refused":
        raise SourceRefused(round_.host, requested, cause.response_summary)
    if session.answers == 0:
        raise SourceUnreachable(round_.host, requested, cause.response_summary)
    if breaker.cause:
        raise SourceAnswerInvalid(round_.host, requested, cause.response_summary)


def _log(results: list[tuple[Outcome, KeyResult | None]], session: HttpSession, round_: FetchContext,
         seconds: float) -> None:
    counts = {status: sum(outcome.status == status for outcome, _ in results)
              for status in ("received", "empty", "failed", "held")}
    log.info("%s, %s: %d keys, %d received, %d empty, %d failed, %d held, %d rows, %d requests, %.1f s", round_.source,
             round_.what, len(results), counts["received"], counts["empty"], counts["failed"], counts["held"],
             sum(outcome.rows for outcome, _ in results), session.requests, seconds)
    for outcome, _ in results:
        if outcome.status in ("failed", "held"):
            log.warning("%s", outcome.reason)
