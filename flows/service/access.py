"""Manage access to a data folder's service: its authentication string and the modes of its files."""

from __future__ import annotations

import os
import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from flows.settings import PrefectSettings
from warehouse.errors import HomeUnusable

AUTH = "auth"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
# user:password, in characters that are valid in a header and that a person can type.
FORM = re.compile(r"[!-9;-~]+:[!-~]+")


def make(home: Path) -> str:
    """Return the authentication string of the home's service; create it if it does not exist."""
    folder = home / "prefect"
    file = folder / AUTH
    try:
        if text := kept(home):
            return text
        text = f"rallyscope:{secrets.token_urlsafe(24)}"
        draft = folder / f".{AUTH}.{os.getpid()}"
        with private(draft, "x") as out:
            out.write(f"{text}\n")
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        raise HomeUnusable(str(file), error.strerror or str(error)) from None
    return text


def known(own: PrefectSettings, home: Path) -> str | None:
    """Return the string that the service of a data folder requires: the user's, or the generated one."""
    return own.auth.get_secret_value() if own.auth else kept(home)


def kept(home: Path) -> str | None:
    """Return the generated authentication string of the home's service; None if it does not exist or is damaged."""
    try:
        text = (home / "prefect" / AUTH).read_text().strip()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
    except OSError as error:
        raise HomeUnusable(str(home / "prefect" / AUTH), error.strerror or str(error)) from None
    return text if FORM.fullmatch(text) else None


def close(home: Path) -> bool:
    """Create the service's folder, close it and its contents to other users; return whether the home was closed as well.

    The home is closed only the first time, since a user who opens it afterwards intends to share the publication. An
    authentication string that others could read is deleted.
    """
    folder = home / "prefect"
    try:
        first = not folder.exists() or bool(folder.stat().st_mode & OTHERS)
        home.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            home.mkdir(0o700)
        closing = first and _is_ours(home) and bool(home.stat().st_mode & OTHERS)
        if closing:
            home.chmod(0o700)
        folder.mkdir(0o700, exist_ok=True)
        folder.chmod(0o700)
        for path in _within(folder):
            with suppress(FileNotFoundError):
                if path == folder / AUTH and path.stat().st_mode & OTHERS:
                    path.unlink()
                path.chmod(0o700 if path.is_dir() else 0o600)
    except OSError as error:
        raise HomeUnusable(str(folder), error.strerror or str(error)) from None
    return closing


def open_to_others(home: Path) -> list[Path]:
    """Return the paths of the service's folder that other users could read; empty if they cannot enter the folder."""
    folder = home / "prefect"
    try:
        if not folder.stat().st_mode & OTHERS:
            return []
    except OSError:  # the folder does not exist, or belongs to another user
        return []
    return [folder, *(path for path in _within(folder) if path.lstat().st_mode & OTHERS)]


def private(path: Path, mode: str) -> IO[str]:
    """Open a file; if it is created, other users cannot read it."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def _within(folder: Path) -> list[Path]:
    """Return every path below the folder, without links and the paths behind them."""
    found = (Path(root) / name for root, folders, files in os.walk(folder) for name in (*folders, *files))
    return [path for path in found if not path.is_symlink()]


def _is_ours(home: Path) -> bool:
    """Return whether a folder is only a data folder; a shared folder like /tmp is not."""
    if home.stat().st_mode & stat.S_ISVTX:
        return False
    return (home / "warehouse.duckdb").exists() or not any(home.iterdir())
