"""Sources under test: a replay server over a drawn archive, and a scripted server for responses that no replay gives."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import pytest

from flows.replay.server import running
from flows.sources import Endpoint, FetchKey
from warehouse.catalog import Source

NOW = datetime(2026, 6, 30, 23, 0, tzinfo=UTC)
DAYS = {"date", "published_on", "realtime_start", "realtime_end", "period_end"}
ASK_FROM, ASK_TO = date(2026, 1, 1), date(2026, 1, 31)


@pytest.fixture
def endpoint(tmp_path) -> Callable[..., Endpoint]:
    """An Endpoint with short timeouts for tests; keyword arguments change it."""
    def make(base_url: str | None, *, api_key: str | None = None, tries: int = 3, timeout: float = 5.0,
             per_second: float = 1000.0) -> Endpoint:
        source = Source("test", "A test", per_second, timeout, tries, "none")
        return Endpoint(base_url, source, tmp_path / "cache", api_key, backoff_seconds=0.01)
    return make


@pytest.fixture
def ask() -> Callable[..., FetchKey]:
    """A FetchKey, by default for January 2026."""
    def make(key: str, start: date | str = ASK_FROM, end: date | str = ASK_TO, **more) -> FetchKey:
        start, end = (date.fromisoformat(day) if isinstance(day, str) else day for day in (start, end))
        return FetchKey(key, start, end, **more)
    return make


@pytest.fixture
def replay(tmp_path) -> Iterator[Callable[..., str]]:
    """Serve drawn tables (`bars="symbol | date | close ..."`) as of 2026-06-30; return the base URL."""
    contexts = []

    def serve(faults=(), now: datetime = NOW, **tables: str | pd.DataFrame) -> str:
        folder = tmp_path / f"archive{len(contexts)}"
        folder.mkdir()
        tables = {"bars": "symbol | date | close\nAAA | 2026-01-02 | 1"} | tables
        for name, drawn in tables.items():
            table = drawn if isinstance(drawn, pd.DataFrame) else draw(drawn)
            if name == "bars":
                table = table.reindex(columns=["symbol", "date", "open", "high", "low", "close", "volume"])
            table.to_parquet(folder / f"{name}.parquet")
        contexts.append(running(folder, now, faults))
        return contexts[-1].__enter__()

    yield serve
    for context in contexts:
        context.__exit__(None, None, None)


def draw(text: str) -> pd.DataFrame:
    """Parse a table drawn with | between columns; empty cells are missing values."""
    lines = "\n".join("|".join(cell.strip() for cell in line.split("|")) for line in text.split("\n")
                      if line.strip())
    table = pd.read_csv(StringIO(lines), sep="|")
    for column in DAYS & set(table.columns):
        table[column] = [date.fromisoformat(day) for day in table[column]]
    return table


Reply = tuple[int, bytes | str] | tuple[int, bytes | str, dict[str, str]] | str


class Scripted:
    """A server that responds by a script: a status and a body, or "reset", "hang", "drip", "cut"."""

    def __init__(self, script: Callable[[str, dict[str, str]], Reply]) -> None:
        self.seen: list[str] = []
        self.over = threading.Event()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                scripted.seen.append(self.path)
                parts = urlsplit(self.path)
                reply = script(parts.path, dict(parse_qsl(parts.query)))
                if isinstance(reply, str):
                    return getattr(scripted, reply)(self)
                status, body, *headers = reply
                body = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **(headers[0] if headers else {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_) -> None:
                """Log nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def requested(self, path: str) -> int:
        """Return the number of requests whose path contains this text."""
        return sum(path in seen for seen in self.seen)

    def hang(self, handler: BaseHTTPRequestHandler) -> None:
        self.over.wait(30)

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Send single bytes forever: each byte arrives in time, but the response never completes."""
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not self.over.wait(0.05):
            handler.wfile.write(b" ")

    def cut(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half of it")

    def reset(self, handler: BaseHTTPRequestHandler) -> None:
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.wfile = handler.rfile = open("/dev/null", "wb")  # noqa: SIM115

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def scripted() -> Iterator[Callable[[Callable[[str, dict[str, str]], Reply]], Scripted]]:
    servers: list[Scripted] = []

    def start(script: Callable[[str, dict[str, str]], Reply]) -> Scripted:
        servers.append(Scripted(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def closed_port() -> str:
    """The base URL of a port on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def shared_wire(real_archive) -> Path:
    """The folder of recorded responses of the real services, next to the real archive."""
    folder = real_archive.parent / "wire"
    if not folder.exists():
        pytest.skip("no recorded answers next to the archive")
    return folder
