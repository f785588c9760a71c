"""Parsers under fuzzing: whatever a source or a person writes is an answer, a refusal in one sentence, or a held key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from flows.sources import Endpoint
from warehouse.catalog import Source


class Answering:
    """A server that answers every request with `body`."""

    def __init__(self) -> None:
        self.body, self.kind = b"", "application/json"
        answering = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", answering.kind)
                self.send_header("Content-Length", str(len(answering.body)))
                self.end_headers()
                self.wfile.write(answering.body)

            def log_message(self, *_) -> None:
                """Nothing is logged."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture(scope="session")
def answering() -> Iterator[Answering]:
    made = Answering()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="session")
def endpoint(answering: Answering, tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    os.environ.setdefault("NO_PROXY", "127.0.0.1")
    return Endpoint(answering.base_url, Source("test", "A test", 10_000.0, 5.0, 1, "none"),
                    tmp_path_factory.mktemp("cache"), "k" * 32, backoff_seconds=0.001)
