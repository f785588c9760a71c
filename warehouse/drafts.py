"""What a process that was killed in the middle left half written, in a data folder."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from warehouse.data_folder import DataFolder


def abandoned(home: DataFolder) -> Iterator[Path]:
    """Every draft of a dead process; to be asked within the writer's turn, in which nobody else writes but pages."""
    for pattern, folder in ((".draft-*", home.landing), (".*.draft*", home.builds), (".marts.*.draft*", home.folder)):
        yield from folder.glob(pattern)
    for page in (home.folder / "site").glob(".*.draft"):  # a page is written without the turn
        writer = re.search(r"\.(\d+)\.draft$", page.name)
        if writer and not _lives(int(writer[1])):
            yield page


def sweep(home: DataFolder) -> None:
    """Delete them."""
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
