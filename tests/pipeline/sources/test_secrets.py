"""A canary: the FRED key is in no error, no outcome, no frame and no log, whatever the other side does."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from flows.sources import fred
from warehouse.errors import RallyscopeError

KEY = "canary0123456789canary0123456789"  # a global: a local would be seen in the frames that are searched


def observation(value: str = "1", day: str = "2026-01-02", start: str = "2026-01-05") -> str:
    return (f'<observations count="1"><observation date="{day}" value="{value}" realtime_start="{start}" '
            'realtime_end="9999-12-31"/></observations>')


SCRIPTS = {
    "bad request that quotes the key": (400, f'<error code="400" message="The value {KEY} of api_key is bad"/>'),
    "bad request about something else": (400, f'<error code="400" message="No. See ?api_key={KEY}&amp;a=b"/>'),
    "bad request in capitals": (400, f'<error code="400" message="{KEY.upper()} is not lower-case"/>'),
    "bad request as a page": (400, f"<html>/fred/series?api_key={KEY}"),
    "unknown series": (400, f'<error code="400" message="The series does not exist. {KEY}"/>'),
    "forbidden": (403, KEY),
    "not found": (404, KEY),
    "error with status 200": (200, f'<error code="500" message="{KEY}"/>'),
    "outage": (500, f"<html>{KEY}</html>"),
    "gateway": (502, KEY),
    "rate limit": (429, KEY),
    "garbage": (200, f"<html><p>{KEY}"),
    "another document": (200, f"<x{KEY}/>"),
    "value that is the key": (200, observation(value=KEY)),
    "date that is the key": (200, observation(day=KEY)),
    "vintage that is the key": (200, observation(start=KEY)),
    "vintage date that is the key": (200, f"<vintage_dates><vintage_date>{KEY}</vintage_date></vintage_dates>"),
    "redirect": (302, "", {"Location": f"http://127.0.0.1:1/?api_key={KEY}"}),
    "no answer": "hang",
    "dripping answer": "drip",
    "half an answer": "cut",
    "dropped connection": "reset",
}


def everything_said(error: BaseException) -> list[str]:
    """All that a log, a debugger or another process could show of an error and of every error behind it."""
    reported, todo, done = [repr(pickle.dumps(error))], [error], []
    while todo:
        one = todo.pop()
        done.append(one)
        reported += [str(one), repr(one), repr(one.args), repr(vars(one))]
        reported += [repr(vars(value)) for value in vars(one).values() if hasattr(value, "__dict__")]
        reported += traceback.TracebackException.from_exception(one, capture_locals=True).format()
        behind = [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            for value in frame.f_locals.values():
                behind += value if isinstance(value, list) else [value]
        todo += [link for link in behind if isinstance(link, BaseException) and link not in done]
    return reported


@pytest.fixture
def leaks(caplog, capfd, endpoint, ask):
    """The places where the key showed up after asking a base URL for every kind of observations."""
    caplog.set_level(logging.DEBUG)

    def search(base_url: str) -> list[str]:
        where = endpoint(base_url, api_key=KEY, timeout=0.2, tries=2)
        reported = [repr(where), str(where)]
        for vintages in (False, True):
            for keys in (["A"], [f"S{n}" for n in range(8)]):
                try:
                    fetched = fred.observations([ask(key, vintages=vintages) for key in keys], where)
                except RallyscopeError as error:
                    reported += everything_said(error)
                else:
                    reported += [fetched.outcomes.to_csv(), fetched.frames["observations"].to_csv(), repr(fetched),
                             repr(pickle.dumps(fetched))]
        reported += [record.getMessage() for record in caplog.records] + [repr(vars(r)) for r in caplog.records]
        reported += capfd.readouterr()
        assert caplog.records
        return [text for text in reported if KEY in text.lower()]

    return search


@pytest.mark.parametrize("answer", SCRIPTS.values(), ids=SCRIPTS)
def test_the_key_reaches_the_server_and_nobody_else(scripted, leaks, answer):
    server = scripted(lambda path, query: answer)
    assert leaks(server.base_url) == []
    assert all(f"api_key={KEY}" in seen for seen in server.seen)


def test_the_key_is_in_nothing_said_of_a_host_that_cannot_be_reached(leaks, closed_port):
    assert leaks(closed_port) == []


def test_the_canary_would_be_seen():
    """What fredapi itself raises carries the key: the search above can find one."""
    import fredapi

    plain = fredapi.Fred(api_key=KEY)
    plain.root_url = "http://127.0.0.1:1"
    with pytest.raises(OSError, match="refused") as raised:
        plain.get_series("DGS10")
    assert any(KEY in text for text in everything_said(raised.value))
