"""A source that is none, or is another's, is said in one sentence, without what may be a password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from flows.settings import Settings
from flows.sources.errors import SourceUnreachable
from warehouse.errors import BadRequest

Answering = Callable[[bytes], str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """The address of a server that says these bytes to whoever asks, and hangs up."""
    listeners: list[socket.socket] = []

    def serve(reported: bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer() -> None:
            asker, _ = listener.accept()
            with asker:
                asker.recv(4096)
                asker.sendall(reported)

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield serve
    for listener in listeners:
        listener.close()


def http(body: bytes, length: int | None = None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (length or len(body), body)


@pytest.mark.parametrize("source", ["http://127.0.0.1:abc", "http://127.0.0.1:99999", "http://127.0.0.1:0", "http://",
                                    "http://[::1", "http://:8765"])
def test_an_address_without_a_host_or_port_is_refused(source: str) -> None:
    with pytest.raises(BadRequest, match=r"it has no valid host and port\. Use --source live, or"):
        Settings(source=source).clock()


@pytest.mark.parametrize("source", ["http://user:hunter2@127.0.0.1:8765", "http://hunter2@127.0.0.1",
                                    "http://user:hunter2@127.0.0.1:abc", "ftp://user:hunter2@host", "user:hunter2@host",
                                    "http://user:hunter2/3@host"])
def test_a_password_in_the_address_is_refused_and_not_repeated(source: str) -> None:
    with pytest.raises(BadRequest) as raised:
        Settings(source=source).clock()
    assert "hunter2" not in str(raised.value)
    assert "user" not in str(raised.value).replace("users and passwords", "")


@pytest.mark.parametrize(("reported", "reason"), [
    (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH-2.0"), (http(b'{"now":', 500), "IncompleteRead"),
    (http(b"<html>"), "Expecting value"), (b"", "closed connection without response")])
def test_a_server_that_does_not_answer_in_json_over_http_is_unreachable(reported: bytes, reason: str,
                                                                        answering: Answering) -> None:
    with pytest.raises(SourceUnreachable, match=rf"the request for the clock failed \(.*{reason}"):
        Settings(source=answering(reported)).clock()


@pytest.mark.parametrize("body", [b"[" * 60_000, b" " * 70_000, b"\xff\xfe[]"])
def test_a_clock_without_end_or_too_deep_is_no_answer(body: bytes, answering: Answering) -> None:
    with pytest.raises(SourceUnreachable):
        Settings(source=answering(http(body))).clock()


def test_a_clock_elsewhere_is_not_asked(answering: Answering) -> None:
    elsewhere = answering(http(b'{"now": "2026-05-30T00:00:00Z", "simulated": true}'))
    leading_there = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(SourceUnreachable, match="Found"):
        Settings(source=answering(leading_there)).clock()


@pytest.mark.parametrize("body", [b"{}", b"[]", b'"now"', b'{"now": 5, "simulated": true}', b'{"now": "2026-05-30"}',
                                  b'{"now": "then", "simulated": true}', b'{"status": "ok"}'])
def test_a_server_that_tells_no_clock_is_no_replay_server(body: bytes, answering: Answering) -> None:
    with pytest.raises(BadRequest, match="the server there is not a replay server"):
        Settings(source=answering(http(body))).clock()


def test_a_replay_server_tells_its_clock(answering: Answering) -> None:
    clock = Settings(source=answering(http(b'{"now": "2026-05-30T03:59:59+00:00", "simulated": true}'))).clock()
    assert (f"{clock.now:%Y-%m-%dT%H:%M:%SZ}", clock.simulated) == ("2026-05-30T03:59:59Z", True)


def test_a_proxy_of_the_environment_is_not_asked_for_a_clock_of_this_machine(
        answering: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Settings(source=answering(http(b'{"now": "2026-05-30T03:59:59+00:00", "simulated": true}'))).clock().simulated
