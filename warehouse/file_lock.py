"""Locks on open files: one process at a time, released by the kernel however that process ends.

A lock belongs to the open file, not to the process. Another thread that opens the file is refused as well, and a child
process that inherits the descriptor keeps the lock until it has exited too.
"""

from __future__ import annotations

from typing import IO

import portalocker
from portalocker import LockFlags


def take(file: int | IO) -> bool:
    """Lock an open file exclusively; return False if it is already locked. Raises OSError if locks are not supported."""
    return _lock(file, LockFlags.EXCLUSIVE | LockFlags.NON_BLOCKING)


def wait_for(file: int | IO) -> None:
    """Lock an open file exclusively; block until every other holder has released it."""
    _lock(file, LockFlags.EXCLUSIVE)


def is_taken(file: int | IO) -> bool:
    """Whether the file is locked. The check takes a shared lock, so that two concurrent checks do not see each other."""
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
