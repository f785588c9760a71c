"""Whose requests the door of the Prefect server passes on, without a server behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flows.service.door import Door

PORT = 4200
OWN = {"host": "127.0.0.1:4200"}


def come(kind: str = "http", method: str = "GET", path: str = "/api/version", twice: tuple[str, str] | None = None,
         port: int = PORT, **headers: str) -> list[dict[str, Any]]:
    """What a request with these headers is answered; the application behind the door answers 200, or accepts."""
    sent: list[dict[str, Any]] = []

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []} if kind == "http"
                   else {"type": "websocket.accept"})

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect"}

    async def send(message) -> None:
        sent.append(dict(message))

    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    if twice:
        given.append((twice[0].encode(), twice[1].encode()))
    asyncio.run(Door(app, port)({"type": kind, "method": method, "path": path, "headers": given}, receive, send))
    return sent


def passes(**request: Any) -> bool:
    return come(**request)[0].get("status", 200) == 200 and come(**request)[0]["type"] != "websocket.close"


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200"])
def test_the_own_names_pass(host: str) -> None:
    assert passes(host=host)
    assert passes(kind="websocket", host=host)


@pytest.mark.parametrize("host", ["foreign.example:4200", "foreign.example", "127.0.0.1", "127.0.0.1:4201", "localhost",
                                  "localhost:4200.foreign.example", "127.0.0.1:4200@foreign.example", "0.0.0.0:4200",
                                  "[::1]:4200", "LOCALHOST:4200", ""])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_name_that_was_made_to_lead_here_does_not(host: str, kind: str) -> None:
    assert not passes(kind=kind, host=host)


def test_a_request_without_a_name_or_with_two_does_not() -> None:
    assert not passes()
    assert not passes(**OWN, twice=("host", "foreign.example:4200"))


def test_on_port_80_the_name_stands_alone() -> None:
    assert passes(port=80, host="localhost")
    assert not passes(port=80, host="foreign.example")


@pytest.mark.parametrize("origin", ["http://127.0.0.1:4200", "http://localhost:4200"])
def test_the_own_pages_pass(origin: str) -> None:
    assert passes(**OWN, method="POST", origin=origin, sec_fetch_site="cross-site")
    assert passes(**OWN, kind="websocket", origin=origin)


@pytest.mark.parametrize("origin", ["http://foreign.example", "http://localhost:8765", "https://127.0.0.1:4200", "null", "",
                                    "http://127.0.0.1:4200.foreign.example", "file://"])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_pages_of_others_do_not(origin: str, kind: str) -> None:
    assert not passes(**OWN, kind=kind, method="POST", origin=origin)


def test_a_second_origin_does_not_help() -> None:
    assert not passes(**OWN, origin="http://foreign.example", twice=("origin", "http://127.0.0.1:4200"))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("part", ["image", "script", "iframe", "style", "object", "empty"])
def test_no_page_of_others_shows_a_part_of_this_one(site: str, part: str) -> None:
    mode = "navigate" if part == "iframe" else "no-cors"
    assert not passes(**OWN, path="/", sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=part)


def test_a_link_in_a_message_opens_the_page_of_a_run() -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert passes(**OWN, path="/runs/flow-run/1", **link)
    assert not passes(**OWN, path="/api/version", **link)
    assert not passes(**OWN, path="/runs/flow-run/1", method="POST", **link)


def test_who_is_refused_is_told_in_a_sentence() -> None:
    start, body = come(host="foreign.example")
    assert (start["status"], body["body"]) == (403, b"This service answers to 127.0.0.1:4200 and localhost:4200 only.\n")
    assert b"access-control-allow-origin" not in dict(start["headers"])
    assert come(kind="websocket", host="foreign.example")[0]["code"] == 1008


def test_the_own_pages_ask_nobody_else_and_stand_in_no_other_page() -> None:
    headers = dict(come(**OWN)[0]["headers"])
    policy = headers[b"content-security-policy"].decode()
    assert "frame-ancestors 'none'" in policy
    assert policy.startswith("default-src 'self' ")
    assert {word.rstrip(";") for word in policy.split() if "//" in word} == {
        f"{scheme}://{name}:4200" for scheme in ("http", "ws") for name in ("127.0.0.1", "localhost")}
    assert headers[b"x-frame-options"] == b"DENY"
