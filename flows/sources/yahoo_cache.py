"""Discard the cache of yfinance (time zones, cookies) if it cannot be read; yfinance then creates it again."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from warehouse.errors import HomeUnusable

FILES = ("tkr-tz.db", "cookies.db", "isin-tkr.db")

log = logging.getLogger("rallyscope.sources")


def discard_unreadable(folder: Path) -> list[str]:
    """Delete each cache path that is not a readable SQLite file and return the names; raise HomeUnusable if that fails."""
    gone = []
    try:
        if not folder.is_dir() and (folder.exists() or folder.is_symlink()):
            folder.unlink()
            gone.append(folder.name)
        for name in FILES:
            file = folder / name
            if (file.exists() or file.is_symlink()) and not _is_whole(file):
                for left in (file, *(file.with_name(name + end) for end in ("-wal", "-shm", "-journal"))):
                    _delete(left)
                gone.append(name)
    except OSError as error:
        raise HomeUnusable(str(error.filename or folder), error.strerror or str(error)) from None
    if gone:
        log.warning("%s in %s could not be read and is created again; it only caches earlier responses",
                    " and ".join(gone), folder)
    return gone


def _is_whole(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=5)) as con:
            tables = con.execute("select count(*) from sqlite_master where name in ('_tz_kv', '_cookieschema', '_isin_kv')")
            return con.execute("pragma quick_check(1)").fetchone() == ("ok",) and tables.fetchone() != (0,)
    except sqlite3.OperationalError as error:
        # A full disk or a locked file does not mean that the file is damaged.
        return not any(sign in str(error) for sign in ("malformed", "unable to open", "disk I/O"))
    except sqlite3.Error:
        return False


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
