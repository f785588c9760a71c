"""Manage the folder of an export: one folder per publication, its manifest written last, and a link to the newest one.

    out/20260529T035959Z-5914d91a03d0/   the files of one publication; nothing in it ever changes
    out/latest                           a link to the newest of them; an export takes effect when this link is replaced
    out/marts, out/audit, out/export.json   links through `latest`, so that the path of a file stays the same
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from warehouse import file_lock
from warehouse.errors import BadRequest

FORMAT = "rallyscope-export-1"
MANIFEST = "export.json"
# An export holds the tables that others build on; the intermediate ones (core) stay in the published file.
EXPORTED = ("marts", "audit")
LATEST, NEXT, DRAFT = "latest", ".rallyscope-export.latest", ".rallyscope-export.draft"

Manifest = dict[str, Any]


@contextmanager
def writing(out: Path) -> Iterator[Callable[[Manifest], None]]:
    """Yield a function; the block writes the export's files to `out / DRAFT`, then calls it with their manifest.

    Only one export runs at a time; it deletes the draft of a killed one. If this export fails, `out` is unchanged. Raises
    BadRequest if `out` holds a file that no export wrote.
    """
    refuse_other_files(out)
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    folder = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if not file_lock.take(folder):
            file_lock.wait_for(folder)
        shutil.rmtree(out / DRAFT, ignore_errors=True)
        (out / DRAFT).mkdir()
        try:
            yield lambda manifest: _publish(out, manifest)
        finally:
            shutil.rmtree(out / DRAFT, ignore_errors=True)
            if is_new:
                with suppress(OSError):  # the folder is not empty if the export succeeded
                    out.rmdir()
    finally:
        os.close(folder)


def _publish(out: Path, manifest: Manifest) -> None:
    """Make the draft the newest publication: write its manifest last, then switch to it with one rename."""
    (out / DRAFT / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    refuse_other_files(out)
    before = Path(os.path.realpath(out / LATEST)).name
    name = next(name for name in _names(manifest["build_id"]) if not (out / name).exists())
    (out / DRAFT).rename(out / name)
    try:
        for shown in (*EXPORTED, MANIFEST):
            _link(out, shown, f"{LATEST}/{shown}")
        _link(out, LATEST, name)
    except BaseException:
        (out / name).rename(out / DRAFT)
        raise
    for earlier in out.iterdir():  # keep the previous export for its current readers
        if not earlier.is_symlink() and earlier.name not in (name, before) and _files_of_export(earlier):
            earlier.rename(out / DRAFT)  # a kill during the deletion leaves a draft instead of half an export
            shutil.rmtree(out / DRAFT, ignore_errors=True)


def _names(build_id: str) -> Iterator[str]:
    yield build_id
    number = 2
    while True:
        yield f"{build_id}.{number}"
        number += 1


def _link(out: Path, name: str, target: str) -> None:
    """Point the link `name` to `target` in one atomic step."""
    link = out / name
    if link.is_symlink() and os.readlink(link) == target:
        return
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # release 0.1.0 wrote the files of its export here
    (out / NEXT).unlink(missing_ok=True)
    (out / NEXT).symlink_to(target)
    (out / NEXT).replace(link)


def refuse_other_files(out: Path) -> None:
    """Raise BadRequest unless the folder is new, is empty, or holds only exports."""
    if not out.exists():
        return
    if not out.is_dir():
        raise BadRequest(f"export {out}", "it is a file", "Name a new folder with --out")
    if foreign := next(iter(sorted(_other_files(out))), None):
        raise BadRequest(f"export {out}", f"it holds {foreign}, which no export wrote",
                         "Name a new folder with --out, or move what is in this one")


def _other_files(out: Path) -> Iterable[str]:
    links = {LATEST: None, NEXT: None} | {name: f"{LATEST}/{name}" for name in (*EXPORTED, MANIFEST)}
    old = _files_of_export(out) if not (out / MANIFEST).is_symlink() else set()
    for entry in out.iterdir():
        if entry.is_symlink():
            if entry.name not in links or links[entry.name] not in (None, os.readlink(entry)):
                yield entry.name
        elif entry.name == DRAFT:
            continue
        elif not entry.is_dir():
            if entry.name not in old:
                yield entry.name
        else:
            ours = old if entry.name in EXPORTED else {f"{entry.name}/{file}" for file in _files_of_export(entry)}
            if not ours:
                yield entry.name
                continue
            for file in entry.rglob("*"):
                path = file.relative_to(out).as_posix()
                if (file.is_symlink() or not file.is_dir()) and path not in ours:
                    yield path


def _files_of_export(folder: Path) -> set[str]:
    """Return the manifest in `folder` and the files that it names; empty if there is no manifest of an export."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] == FORMAT:
            return {MANIFEST, *(table["file"] for table in manifest["tables"].values())}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()
