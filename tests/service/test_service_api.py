"""How the service's own client asks its server: with a token against forged requests, and nobody but the server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError

import pytest

from flows.service.prefect_api import Api


@dataclass
class Server:
    """A server that wants a token, and what it was asked."""

    port: int = 0
    tokens: list[str] = field(default_factory=lambda: ["first", "second"])
    protected: bool = True
    redirect: str | None = None
    requested: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> tuple[int, Any]:
        path = request.path.partition("?")[0]
        self.requested.append((path, request.headers["Prefect-Csrf-Token"], request.headers["Authorization"]))
        if path == "/csrf-token":
            return (200, {"token": self.tokens[0]}) if self.protected else (422, None)
        if request.command != "GET" and self.protected and request.headers["Prefect-Csrf-Token"] != self.tokens[0]:
            return 403, None
        return (307 if self.redirect else 200), "well"


@pytest.fixture
def server() -> Iterator[Server]:
    this = Server()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = this.answer(self)
            self.send_response(status)
            if this.redirect:
                self.send_header("Location", this.redirect)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_POST = do_GET

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        this.port = listening.server_port
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield this
        listening.shutdown()


def api(server: Server) -> Api:
    return Api(f"http://127.0.0.1:{server.port}", "user:password", seconds=5)


def test_what_changes_something_carries_a_token_that_is_asked_for_once(server: Server) -> None:
    ask = api(server)
    assert [ask("GET", "/a"), ask("POST", "/b", {}), ask("POST", "/c", {})] == ["well"] * 3
    assert [(path, token) for path, token, _ in server.requested] == [
        ("/a", None), ("/csrf-token", None), ("/b", "first"), ("/c", "first")]


def test_a_token_that_has_expired_is_asked_for_again(server: Server) -> None:
    ask = api(server)
    ask("POST", "/a", {})
    server.tokens.pop(0)
    assert ask("POST", "/b", {}) == "well"
    assert [(path, token) for path, token, _ in server.requested][2:] == [
        ("/b", "first"), ("/csrf-token", None), ("/b", "second")]


def test_a_server_that_always_refuses_is_asked_twice(server: Server) -> None:
    ask = api(server)
    ask("POST", "/a", {})
    refused: list[str] = []
    server.answer = lambda request: ((200, {"token": "another"}) if "csrf" in request.path
                                     else refused.append(request.path) or (403, None))
    with pytest.raises(HTTPError, match="403"):
        ask("POST", "/b", {})
    assert refused == ["/b", "/b"]


def test_a_server_that_wants_no_token_gets_none(server: Server) -> None:
    server.protected = False
    assert api(server)("POST", "/a", {}) == "well"
    assert server.requested[-1][:2] == ("/a", None)


def test_user_and_password_go_nowhere_else(server: Server) -> None:
    """A redirect is an error, to another host or to this one."""
    server.redirect = f"http://localhost:{server.port}/elsewhere"
    with pytest.raises(HTTPError, match="307"):
        api(server)("GET", "/a")
    assert [path for path, _, _ in server.requested] == ["/a"]


def test_neither_is_shown(server: Server) -> None:
    ask = api(server)
    ask("POST", "/a", {})
    assert "password" not in repr(ask)
    assert "first" not in repr(ask)
