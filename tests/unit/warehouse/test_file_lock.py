"""The lock of the writer and of the service: who is refused, who is not, and when it is free again."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tiny_market import ROOT

from warehouse import file_lock

TAKE = """
import sys, time
from warehouse import file_lock
with open(sys.argv[1], "a+") as file:
    assert file_lock.take(file)
    print("taken", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "lock").write_text("pid 1\n")
    return tmp_path / "lock"


@contextmanager
def another(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    with subprocess.Popen([sys.executable, "-c", TAKE, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


def test_a_lock_of_another_process_refuses_and_is_seen_until_kill_9(path: Path) -> None:
    with path.open("r+") as file, another(path) as holder:
        assert file_lock.is_taken(file)
        assert not file_lock.take(file)
        assert file.read() == "pid 1\n", "who is refused changes nothing in the file"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert not file_lock.is_taken(file)
        assert file_lock.take(file)


def test_two_who_look_at_the_same_time_do_not_see_each_other(path: Path) -> None:
    with path.open() as one, path.open() as two:
        fcntl.flock(one, fcntl.LOCK_SH)  # the moment in which another looks
        assert not file_lock.is_taken(two)
        assert not file_lock.take(two), "but a writer does not begin in that moment"


def test_who_has_looked_holds_nothing(path: Path) -> None:
    with path.open() as one, path.open() as two:
        assert not file_lock.is_taken(one)
        assert file_lock.take(two)


def test_a_thread_that_opens_the_file_waits_for_the_other(path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with path.open() as file:
            assert not file_lock.take(file)
            began.set()
            file_lock.wait_for(file)
            order.append("second")

    began, thread = threading.Event(), threading.Thread(target=second)
    with path.open() as file:
        assert file_lock.take(file)
        thread.start()
        assert began.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_child_that_inherits_the_file_keeps_the_lock(path: Path) -> None:
    with path.open() as looking:
        with path.open() as file:
            assert file_lock.take(file)
            child = subprocess.Popen(["sleep", "60"], pass_fds=[file.fileno()])
        assert file_lock.is_taken(looking)
        child.kill()
        child.wait()
        assert not file_lock.is_taken(looking)


def test_a_file_system_without_locks_is_an_error_of_the_system(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, flags: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("portalocker.portalocker.LOCKER", refuse)
    with path.open() as file, pytest.raises(OSError, match="No locks available"):
        file_lock.take(file)
