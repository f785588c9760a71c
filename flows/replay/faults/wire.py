"""Apply faults on the wire: match requests and alter their responses."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl, urlencode

Kind = Literal["status", "rate_limit", "timeout", "garbage", "reset", "empty", "unknown", "changed"]

BAD_JSON = b'{"chart":{"result":[{"meta":{"currency":"USD","sym'
# HTML that is not valid XML, with the words by which yfinance recognizes an outage.
OUTAGE = b"<!DOCTYPE html><html><head><meta charset=utf-8><title>Service unavailable</title><body>Will be right back..."


@dataclass(frozen=True)
class Response:
    """An outgoing response, which a fault may change."""

    status: int
    headers: dict[str, str]
    body: bytes
    chunk: int = 0
    """Bytes that go out at a time, `pause` seconds apart; 0 sends all at once."""
    pause: float = 0.0
    breaks_off: bool = False
    """Close the connection after the body, of which more was announced."""

    def with_body(self, body: bytes, content_type: str | None = None) -> Response:
        """Return the response with another body."""
        return replace(self, body=body, headers=self.headers | ({"content-type": content_type} if content_type else {}))

    def json(self) -> dict[str, Any]:
        """Parse the body as a JSON object; return an empty dict if it is not one, as after another fault broke it."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}


Change = Callable[[Response], Response]


@dataclass
class Fault:
    """One fault on the wire; `hits` counts how often it occurred.

    match    a path, `*` allowed; after a `?` the parameters a request must carry ("/fred/*?series_id=ICSA")
    kind     status      responds with `status` and an HTML page
             rate_limit  responds with 429 in plain text
             timeout     waits `seconds` before the true response
             garbage     responds with 200 and `body`, by default truncated JSON
             reset       closes the connection without a response
             empty       responds as if the requested range had no data
             unknown     responds as if the symbol or series did not exist
             changed     passes the true response through `change`; several faults of this kind apply in order
    times    how many matching requests fail; None means all. A client may send more requests than its caller expects:
             yfinance repeats a request that failed with 400 or more.
    after    how many matching requests succeed first
    """

    match: str
    kind: Kind
    times: int | None = 1
    after: int = 0
    status: int = 503
    seconds: float = 30.0
    body: bytes = BAD_JSON
    change: Change = lambda answer: answer
    name: str = ""
    hits: int = field(default=0, init=False)
    _seen: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"a fault is one of {', '.join(get_args(Kind))}, not {self.kind!r}")

    def strikes(self, path: str, query: bytes) -> bool:
        """Count this request if it matches, and return whether it must fail."""
        wanted, _, parameters = self.match.partition("?")
        if not fnmatchcase(path, wanted) or not set(parse_qsl(parameters)) <= set(parse_qsl(query.decode())):
            return False
        self._seen += 1
        if self._seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True


class FaultyApp:
    """ASGI middleware: the first fault that strikes a request responds to it, or several faults change the response."""

    def __init__(self, app: Any, faults: Iterable[Fault]):
        self.app = app
        self.faults = list(faults)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Respond to one request, with a fault if one strikes it."""
        fault = self._striking(scope)
        if fault is None:
            await self._changed(scope, receive, send)
            return
        match fault.kind:
            case "status":
                await _send(scope, send, Response(fault.status, {"content-type": "text/html; charset=UTF-8"}, OUTAGE))
            case "rate_limit":
                await _send(scope, send, Response(429, {"content-type": "text/plain"}, b"Too Many Requests\r\n"))
            case "garbage":
                await _send(scope, send, Response(200, {"content-type": "application/json;charset=utf-8"}, fault.body))
            case "reset":
                await _reset(scope)
            case "timeout":
                await asyncio.sleep(fault.seconds)
                await self.app(scope, receive, send)
            case "empty" | "unknown":
                await self.app(_about_nothing(scope, fault.kind), receive, send)

    async def _changed(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Send the true response after the faults that change it."""
        changes = [fault.change for fault in self.faults if fault.kind == "changed" and _meets(fault, scope)]
        if not changes:
            await self.app(scope, receive, send)
            return
        answer = await _heard(self.app, scope, receive)
        for change in changes:
            answer = change(answer)
        await _send(scope, send, answer)

    def _striking(self, scope: dict[str, Any]) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind != "changed" and _meets(fault, scope)), None)


def _meets(fault: Fault, scope: dict[str, Any]) -> bool:
    return scope["type"] == "http" and fault.strikes(scope["path"], scope["query_string"])


async def _heard(app: Any, scope: dict[str, Any], receive: Any) -> Response:
    """Collect the full response of the wrapped app."""
    heard: list[dict[str, Any]] = []

    async def listen(message: dict[str, Any]) -> None:
        heard.append(message)

    await app(scope, receive, listen)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in heard[0]["headers"]}
    return Response(heard[0]["status"], headers, b"".join(message.get("body", b"") for message in heard[1:]))


async def _send(scope: dict[str, Any], send: Any, answer: Response) -> None:
    headers = answer.headers | {"content-length": str(len(answer.body) + (1000 if answer.breaks_off else 0))}
    await send({"type": "http.response.start", "status": answer.status,
                "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]})
    size = answer.chunk or len(answer.body) or 1
    for start in range(0, len(answer.body), size):
        await send({"type": "http.response.body", "body": answer.body[start:start + size], "more_body": True})
        await asyncio.sleep(answer.pause)
    if answer.breaks_off:
        await _reset(scope)
    else:
        await send({"type": "http.response.body", "body": b""})


async def _reset(scope: dict[str, Any]) -> None:
    """Abort the connection with a TCP reset; the server puts its transport into the scope's state for this."""
    transport = scope["state"]["transport"]
    raw: socket.socket = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # Let the loop notice the loss before this request ends, or the server writes a 500 to a closed socket.
    await asyncio.sleep(0.01)


def _about_nothing(scope: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the request for an empty range or an unknown name, so that the true response is the wanted one."""
    path, query = scope["path"], dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
    if kind == "unknown":
        if path.startswith(("/fred/", "/graph/")):
            query["id" if path.startswith("/graph/") else "series_id"] = "NOSUCHSERIES"
        else:
            path = path.rpartition("/")[0] + "/NO-SUCH-SYMBOL"
    elif path.startswith("/fred/"):
        query["observation_start"] = query["observation_end"] = "9999-12-31"
    elif path.startswith("/graph/"):
        query["cosd"] = query["coed"] = "9999-12-31"
    else:
        query["period1"], query["period2"] = "1", "2"
    return {**scope, "path": path, "query_string": urlencode(query).encode()}
