"""Declare faults of transport: statuses, pauses, broken connections, and responses of excessive size or wrong type."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from flows.replay.faults.declared import WIRE, Arguments, Declared, changing, fault
from flows.replay.faults.wire import OUTAGE, Change, Response

HTML = "text/html; charset=UTF-8"
CONSENT = b"<!DOCTYPE html><html><body><h1>Before you continue</h1><form action=/consent></form></body></html>"
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31mall your bars\x9b1m\r\n\u202egnorw"


def status(code: int, body: bytes = OUTAGE, content_type: str = HTML, **headers: str) -> Callable[[Arguments], Change]:
    """Replace the response by a status and a body."""
    return lambda _: lambda answer: Response(code, {"content-type": content_type} | headers, body)


def body(make: Callable[[bytes], bytes]) -> Callable[[Arguments], Change]:
    """Change only the body."""
    return lambda _: lambda answer: answer.with_body(make(answer.body))


def retry_after(arguments: Arguments) -> Change:
    return lambda answer: Response(429, {"content-type": "text/plain", "retry-after": str(arguments["seconds"])},
                                 b"Too Many Requests\r\n")


def slow_drip(arguments: Arguments) -> Change:
    return lambda answer: Response(answer.status, answer.headers, answer.body, int(arguments["bytes"]),
                                 float(arguments["seconds"]))


def broken_off(arguments: Arguments) -> Change:
    return lambda answer: Response(answer.status, answer.headers, answer.body[:len(answer.body) // 2], breaks_off=True)


def redirect(arguments: Arguments) -> Change:
    return lambda answer: Response(302, {"location": str(arguments["to"])}, b"")


def huge(arguments: Arguments) -> Change:
    """Append so many megabytes of blanks to the true response; JSON and XML both allow them at the end."""
    return lambda answer: answer.with_body(answer.body + b" " * (int(arguments["megabytes"]) << 20))


def bomb(arguments: Arguments) -> Change:
    """Do the same as `huge`, compressed to a thousandth."""
    def change(answer: Response) -> Response:
        packed = gzip.compress(answer.body + b" " * (int(arguments["megabytes"]) << 20), 6)
        return Response(answer.status, answer.headers | {"content-encoding": "gzip"}, packed)
    return change


def malformed(content: bytes) -> bytes:
    """Remove the first colon of JSON or the last bracket of XML, or add an unclosed quote to CSV."""
    if content.lstrip().startswith(b"{"):
        return content.replace(b":", b" ", 1)
    return content.rstrip().removesuffix(b">") if content.lstrip().startswith(b"<") else content.replace(b",", b',"', 1)


def nested(content: bytes) -> bytes:
    """Return brackets or tags nested a hundred thousand deep."""
    deep = 100_000
    return b"<a>" * deep if content.lstrip().startswith(b"<") else b"[" * deep + b"]" * deep


def control_characters(arguments: Arguments) -> Change:
    """Return an error in the format of the source whose message contains terminal escape sequences."""
    def change(answer: Response) -> Response:
        if "xml" in answer.headers.get("content-type", ""):
            words = "".join(character for character in ESCAPES if character >= " " or character in "\r\n")
            return Response(400, answer.headers, f'<error code="400" message="Bad Request.  {words}"/>'.encode())
        quoted = "".join(f"\\u{ord(character):04x}" for character in ESCAPES)
        return Response(400, answer.headers,
                      b'{"chart":{"result":null,"error":{"code":"Bad Request","description":"%s"}}}' % quoted.encode())
    return change


FAULTS = (
    Declared("rate-limited", "returns 429 without a Retry-After header", WIRE,
             wire=changing(status(429, b"Too Many Requests\r\n", "text/plain"))),
    Declared("rate-limited-retry-after", "returns 429 with a Retry-After header", WIRE | {"seconds": 1},
             wire=changing(retry_after)),
    Declared("server-error", "returns 500 with an HTML page", WIRE, wire=changing(status(500))),
    Declared("bad-gateway", "returns 502 with an HTML page", WIRE, wire=changing(status(502))),
    Declared("unavailable", "returns 503 with an HTML page", WIRE, wire=changing(status(503))),
    Declared("forbidden", "returns 403", WIRE, wire=changing(status(403, b"Forbidden", "text/plain"))),
    Declared("bad-request", "returns 400 with an HTML page", WIRE, wire=changing(status(400))),
    Declared("timeout", "delays the response by some seconds", WIRE | {"seconds": 60.0},
             wire=lambda a: fault(a, "timeout", seconds=float(a["seconds"]))),
    Declared("slow-drip", "sends the response a few bytes at a time", WIRE | {"bytes": 16, "seconds": 1.0},
             wire=changing(slow_drip)),
    Declared("reset", "closes the connection without a response", WIRE, wire=lambda a: fault(a, "reset")),
    Declared("broken-off", "closes the connection in the middle of the response", WIRE, wire=changing(broken_off)),
    Declared("redirect", "redirects to another host", WIRE | {"to": "http://localhost:9/elsewhere"},
             wire=changing(redirect)),
    Declared("redirect-loop", "redirects to an address that redirects again", WIRE | {"to": "?"}, wire=changing(redirect)),
    Declared("empty-body", "returns 200 with an empty body", WIRE, wire=changing(body(lambda content: b""))),
    Declared("html-page", "returns 200 with a consent page", WIRE, wire=changing(status(200, CONSENT))),
    Declared("truncated", "returns 200 with the first half of the response", WIRE,
             wire=changing(body(lambda content: content[:len(content) // 2]))),
    Declared("malformed", "returns JSON, XML or CSV with one invalid character", WIRE, wire=changing(body(malformed))),
    Declared("not-text", "returns bytes that are not text", WIRE,
             wire=changing(body(lambda content: bytes(range(128, 256)) * 20))),
    Declared("nested", "returns brackets or tags nested 100,000 levels deep", WIRE, wire=changing(body(nested))),
    Declared("huge", "appends some megabytes of blanks to the response", WIRE | {"megabytes": 100},
             wire=changing(huge)),
    Declared("bomb", "returns a compressed response that inflates by some megabytes", WIRE | {"megabytes": 400},
             wire=changing(bomb)),
    Declared("control-characters", "returns an error message with terminal escape sequences", WIRE,
             wire=changing(control_characters)),
    Declared("no-rows", "returns no rows for the requested range", WIRE, wire=lambda a: fault(a, "empty")),
)
