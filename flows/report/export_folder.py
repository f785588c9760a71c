"""The folder of an export: each publication in a folder of its own, its manifest written last, and one link to the newest.

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
# The intermediate steps (core) stay in the published file; an export is what others build on.
EXPORTED = ("marts", "audit")
LATEST, NEXT, DRAFT = "latest", ".rallyscope-export.latest", ".rallyscope-export.draft"

Manifest = dict[str, Any]


@contextmanager
def writing(out: Path) -> Iterator[Callable[[Manifest], None]]:
    """Write an export's files to `out / DRAFT`, then call what is yielded with their manifest.

    One export at a time; what a killed one left is deleted. If this one fails, `out` is as it was. BadRequest where `out`
    holds anything that no export wrote.
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
                with suppress(OSError):  # it is not empty: the export is there
                    out.rmdir()
    finally:
        os.close(folder)


def _publish(out: Path, manifest: Manifest) -> None:
    """Make the draft the newest publication: its manifest is written last, and one rename shows all of it."""
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
    for earlier in out.iterdir():  # the one before stays, for those who are reading it
        if not earlier.is_symlink() and earlier.name not in (name, before) and _files_of_export(earlier):
            earlier.rename(out / DRAFT)  # or half of it would be no export, if this process were killed now
            shutil.rmtree(out / DRAFT, ignore_errors=True)


def _names(build_id: str) -> Iterator[str]:
    yield build_id
    number = 2
    while True:
        yield f"{build_id}.{number}"
        number += 1


def _link(out: Path, name: str, target: str) -> None:
    """`name` leads to `target`, from one moment to the next."""
    link = out / name
    if link.is_symlink() and os.readlink(link) == target:
        return
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)  # of an export of 0.1.0, which wrote its files here
    (out / NEXT).unlink(missing_ok=True)
    (out / NEXT).symlink_to(target)
    (out / NEXT).replace(link)


def refuse_other_files(out: Path) -> None:
    """Take only a new folder, an empty one, or one that holds exports and nothing else."""
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
    """The files that the manifest in `folder` names, with itself; none where there is no manifest of an export."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] == FORMAT:
            return {MANIFEST, *(table["file"] for table in manifest["tables"].values())}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return set()
