"""Limit the request rate of each host with one limiter, which every thread and batch of the process shares."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable


class Limiter:
    """Spaces requests evenly: each caller waits for its own slot, on any thread."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], object] = time.sleep) -> None:
        self.per_second = per_second
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = clock()

    def wait(self) -> None:
        """Block until this caller may send its request."""
        with self._lock:
            now = self._clock()
            slot = max(now, self._next)
            self._next = slot + 1 / self.per_second
        if slot > now:
            self._sleep(slot - now)

    def pause(self, seconds: float) -> None:
        """Pause every request to the host for a while, because it reported too many requests."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


_limiters: dict[str, Limiter] = {}
_registry = threading.Lock()


def limiter(host: str, per_second: float) -> Limiter | None:
    """Return the limiter of the host; None on loopback, where a replay server needs no limit."""
    if is_loopback(host):
        return None
    with _registry:
        return _limiters.setdefault(host, Limiter(per_second))


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
