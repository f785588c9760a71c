"""Find and delete the half-written files that killed processes left in a data folder."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from warehouse.data_folder import DataFolder


def abandoned(home: DataFolder) -> Iterator[Path]:
    """Yield every draft of a dead process.

    Call this while holding the writer lock, so that no other process writes anything but pages.
    """
    for pattern, folder in ((".draft-*", home.landing), (".*.draft*", home.builds), (".marts.*.draft*", home.folder)):
        yield from folder.glob(pattern)
    for page in (home.folder / "site").glob(".*.draft"):  # a page is written without the writer lock
        writer = re.search(r"\.(\d+)\.draft$", page.name)
        if writer and not _lives(int(writer[1])):
            yield page


def sweep(home: DataFolder) -> None:
    """Delete all abandoned drafts."""
    for draft in abandoned(home):
        shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
