"""Locks on open files: one process at a time, released by the kernel however that process ends.

A lock belongs to the opened file and not to the process: another thread that opens the file is refused as well, and a
child that inherits the descriptor keeps the lock until it has ended too.
"""

from __future__ import annotations

from typing import IO

import portalocker
from portalocker import LockFlags


def take(file: int | IO) -> bool:
    """Lock an open file for this holder alone; False when it is locked. OSError where the system cannot lock."""
    return _lock(file, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)


def wait_for(file: int | IO) -> None:
    """The same, once everybody else has let go."""
    _lock(file, LockFlags.EXCLUSIVE)


def is_taken(file: int | IO) -> bool:
    """Whether somebody holds the lock. It looks with a shared lock, so that two who look at once do not see each other."""
    if not _lock(file, LockFlags.SHARED | LockFlags.NON_BLOCKING):
        return True
    portalocker.unlock(file)
    return False


def _lock(file: int | IO, flags: LockFlags) -> bool:
    try:
        portalocker.lock(file, flags)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException as error:
        raise error.__cause__ or OSError(str(error)) from None
    return True
