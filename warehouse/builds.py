"""The kept builds: name one, go back to one."""

from __future__ import annotations

from pathlib import Path

from warehouse.errors import BadRequest
from warehouse.home import Home
from warehouse.publish import current_build, make_current


def kept(home: Home) -> list[Path]:
    """The files of the kept builds, newest publication first."""
    return sorted(home.builds.glob("*.duckdb"), key=lambda file: (file.stat().st_mtime_ns, file.name), reverse=True)


def find(home: Home, text: str) -> Path:
    """The one kept build whose id begins with `text` (“current” is the published one); BadRequest when there is not one."""
    wanted = (current_build(home) or "") if text == "current" else text
    found = [file for file in kept(home) if file.stem.startswith(wanted)]
    if len(found) != 1:
        raise BadRequest(f"build {text}", f"{len(found) or 'no'} kept builds begin with it",
                         f"Kept: {', '.join(file.stem for file in kept(home)) or 'none yet'}")
    return found[0]


def rollback(home: Home, text: str | None = None) -> Path:
    """Make an older build current in one step: the one named, or the newest kept one before the current.

    Raw data and the working database stay as they are; the next publication moves forward again.
    """
    if text is not None:
        build = find(home, text)
    else:
        current = current_build(home)
        names = [file.stem for file in kept(home)]
        older = kept(home)[names.index(current) + 1:] if current in names else kept(home)
        if not older:
            raise BadRequest("rollback", "no older build is kept", f"Kept: {', '.join(names) or 'none yet'}")
        build = older[0]
    make_current(home, build)
    return build
