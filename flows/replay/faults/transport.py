"""Faults of transport: statuses, pauses, connections that break, answers too large or of another kind than asked."""

from __future__ import annotations

import gzip
from collections.abc import Callable

from flows.replay.faults.declared import WIRE, Arguments, Declared, changing, fault
from flows.replay.faults.wire import OUTAGE, Change, Response

HTML = "text/html; charset=UTF-8"
CONSENT = b"<!DOCTYPE html><html><body><h1>Before you continue</h1><form action=/consent></form></body></html>"
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b[31mall your bars\x9b1m\r\n\u202egnorw"


def status(code: int, body: bytes = OUTAGE, content_type: str = HTML, **headers: str) -> Callable[[Arguments], Change]:
    """Answers with a status and a body of its own."""
    return lambda _: lambda answer: Response(code, {"content-type": content_type} | headers, body)


def body(make: Callable[[bytes], bytes]) -> Callable[[Arguments], Change]:
    """Changes the body and nothing else."""
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
    """The true answer behind so many megabytes of blanks, which both JSON and XML allow at the end."""
    return lambda answer: answer.with_body(answer.body + b" " * (int(arguments["megabytes"]) << 20))


def bomb(arguments: Arguments) -> Change:
    """As `huge`, compressed to a thousandth."""
    def change(answer: Response) -> Response:
        packed = gzip.compress(answer.body + b" " * (int(arguments["megabytes"]) << 20), 6)
        return Response(answer.status, answer.headers | {"content-encoding": "gzip"}, packed)
    return change


def malformed(content: bytes) -> bytes:
    """JSON without its first colon, XML without its last bracket, CSV with a quote that nothing closes."""
    if content.lstrip().startswith(b"{"):
        return content.replace(b":", b" ", 1)
    return content.rstrip().removesuffix(b">") if content.lstrip().startswith(b"<") else content.replace(b",", b',"', 1)


def nested(content: bytes) -> bytes:
    """Brackets or tags, a hundred thousand deep."""
    deep = 100_000
    return b"<a>" * deep if content.lstrip().startswith(b"<") else b"[" * deep + b"]" * deep


def control_characters(arguments: Arguments) -> Change:
    """A refusal in the source's own form, whose words hold escapes for a terminal."""
    def change(answer: Response) -> Response:
        if "xml" in answer.headers.get("content-type", ""):
            words = "".join(character for character in ESCAPES if character >= " " or character in "\r\n")
            return Response(400, answer.headers, f'<error code="400" message="Bad Request.  {words}"/>'.encode())
        quoted = "".join(f"\\u{ord(character):04x}" for character in ESCAPES)
        return Response(400, answer.headers,
                      b'{"chart":{"result":null,"error":{"code":"Bad Request","description":"%s"}}}' % quoted.encode())
    return change


FAULTS = (
    Declared("rate-limited", "answers 429 without a Retry-After", WIRE,
             wire=changing(status(429, b"Too Many Requests\r\n", "text/plain"))),
    Declared("rate-limited-retry-after", "answers 429 and says in how many seconds to try again", WIRE | {"seconds": 1},
             wire=changing(retry_after)),
    Declared("server-error", "answers 500 with a page of HTML", WIRE, wire=changing(status(500))),
    Declared("bad-gateway", "answers 502 with a page of HTML", WIRE, wire=changing(status(502))),
    Declared("unavailable", "answers 503 with a page of HTML", WIRE, wire=changing(status(503))),
    Declared("forbidden", "answers 403", WIRE, wire=changing(status(403, b"Forbidden", "text/plain"))),
    Declared("bad-request", "answers 400 with a page of HTML", WIRE, wire=changing(status(400))),
    Declared("timeout", "makes the client wait some seconds for the true answer", WIRE | {"seconds": 60.0},
             wire=lambda a: fault(a, "timeout", seconds=float(a["seconds"]))),
    Declared("slow-drip", "sends the true answer a few bytes at a time", WIRE | {"bytes": 16, "seconds": 1.0},
             wire=changing(slow_drip)),
    Declared("reset", "closes the connection without an answer", WIRE, wire=lambda a: fault(a, "reset")),
    Declared("broken-off", "closes the connection in the middle of the answer", WIRE, wire=changing(broken_off)),
    Declared("redirect", "redirects to another host", WIRE | {"to": "http://localhost:9/elsewhere"},
             wire=changing(redirect)),
    Declared("redirect-loop", "redirects to an address that redirects again", WIRE | {"to": "?"}, wire=changing(redirect)),
    Declared("empty-body", "answers 200 with nothing", WIRE, wire=changing(body(lambda content: b""))),
    Declared("html-page", "answers 200 with a page that asks for consent", WIRE, wire=changing(status(200, CONSENT))),
    Declared("truncated", "answers 200 with the first half of the answer", WIRE,
             wire=changing(body(lambda content: content[:len(content) // 2]))),
    Declared("malformed", "answers JSON, XML or CSV with one character wrong", WIRE, wire=changing(body(malformed))),
    Declared("not-text", "answers bytes that are not text", WIRE,
             wire=changing(body(lambda content: bytes(range(128, 256)) * 20))),
    Declared("nested", "answers brackets or tags nested a hundred thousand deep", WIRE, wire=changing(body(nested))),
    Declared("huge", "adds so many megabytes of blanks to the end of the answer", WIRE | {"megabytes": 100},
             wire=changing(huge)),
    Declared("bomb", "answers compressed; inflated, the answer is so many megabytes larger", WIRE | {"megabytes": 400},
             wire=changing(bomb)),
    Declared("control-characters", "refuses in words that contain escape sequences for a terminal", WIRE,
             wire=changing(control_characters)),
    Declared("no-rows", "answers as if the range asked held nothing", WIRE, wire=lambda a: fault(a, "empty")),
)
