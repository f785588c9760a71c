"""Damage every kind of file of a home, and run in every kind of surroundings. `make drill`

After each: no traceback, the published file whole, no published value without an accepted row, nothing accepted lost, and
the tables of an undisturbed run after one good run; where a sentence says that a file must be restored, after that.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from drilled import Ended, command, lost, not_whole, surrounded, tmpfs, unfounded
from tiny_market import table_hashes, write_archive, write_catalog

from flows.cli import demo
from flows.pipeline import ingest, windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.report.render import render
from flows.settings import Settings

BEFORE, EVENING = "2026-05-20", "2026-05-21"
# The kinds of files of a home.
KINDS = ("warehouse.duckdb", "marts.duckdb", "builds/*.duckdb", "landing/*/*/bars.parquet", "landing/*/*/outcomes.parquet",
         "landing/*/*/manifest.json", "cache/tkr-tz.db", "writer.lock", "site/dictionary.html")


def flipped(place: float) -> Callable[[Path, random.Random], None]:
    def damage(file: Path, chance: random.Random) -> None:
        reported = bytearray(file.read_bytes())
        for _ in range(16):
            where = min(len(reported) - 1, int(len(reported) * place) + chance.randrange(max(1, len(reported) // 8)))
            if where >= 0:
                reported[where] ^= 1 + chance.randrange(255)
        file.write_bytes(reported)
    return damage


def cut(share: float) -> Callable[[Path, random.Random], None]:
    def damage(file: Path, _: random.Random) -> None:
        os.truncate(file, int(file.stat().st_size * share))
    return damage


def replaced(how: str) -> Callable[[Path, random.Random], None]:
    def damage(file: Path, chance: random.Random) -> None:
        file.unlink()
        match how:
            case "gone":
                pass
            case "a folder":
                file.mkdir()
            case "a dangling link":
                file.symlink_to(file.parent / "nowhere")
            case "noise":
                file.write_bytes(chance.randbytes(4096))
    return damage


DAMAGES = {"16 bytes of its head flipped": flipped(0), "16 bytes of its middle flipped": flipped(0.5),
           "half of it cut off": cut(0.5), "empty": cut(0), "noise": replaced("noise"), "gone": replaced("gone"),
           "a folder": replaced("a folder"), "a dangling link": replaced("a dangling link")}

SURROUNDINGS: dict[str, dict[str, str]] = {
    "TZ of Kolkata": {"TZ": "Asia/Kolkata"}, "TZ of Kiritimati": {"TZ": "Pacific/Kiritimati"},
    "a TZ that is none": {"TZ": "No/Where"}, "LC_ALL=C": {"LC_ALL": "C", "LANG": "C"}, "Turkish": {"LC_ALL": "tr_TR.UTF-8"},
    "ASCII output": {"PYTHONIOENCODING": "ascii"}, "Latin-1 output": {"PYTHONIOENCODING": "latin-1"},
    "no HOME": {"HOME": "unset"}, "a HOME that cannot be": {"HOME": "/nowhere/at/all"}, "one column": {"COLUMNS": "1"},
    "a dumb terminal": {"TERM": "dumb"}, "no colour": {"NO_COLOR": "1"}, "no PATH": {"PATH": "unset"},
    "a proxy that is none": {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"},
}
STREAMS: dict[str, Callable[[], dict[str, object]]] = {
    "no terminal": lambda: {"stdin": -3},
    "output closed": lambda: {"preexec_fn": lambda: os.close(1)},
    "errors closed": lambda: {"preexec_fn": lambda: os.close(2)},
    "input closed": lambda: {"preexec_fn": lambda: os.close(0)},
    "a full output": lambda: {"stdout": os.open("/dev/full", os.O_WRONLY)},
    "full errors": lambda: {"stderr": os.open("/dev/full", os.O_WRONLY)},
    "umask 000": lambda: {"preexec_fn": lambda: os.umask(0)}, "umask 077": lambda: {"preexec_fn": lambda: os.umask(0o77)},
    "a file limit of 64": lambda: {"preexec_fn": _few_files},
}
CLOCKS = {"two days back": "2026-05-18", "a year back": "2025-05-21", "a week ahead": "2026-05-28",
          "two years ahead": "2028-05-23"}


def _few_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


FREE_KILOBYTES = (0, 4, 64, 1_000, 4_000)
FOLDERS = (".", "landing", "builds", "cache", "site")


class Drill:
    """Two homes: one that ran the evening before and has landed but not loaded data, and one that ran undisturbed."""

    def __init__(self, folder: Path, base: str, chance: random.Random) -> None:
        self.folder, self.base, self.chance = folder, base, chance
        self.archive, self.catalog = folder / "archive", folder / "catalog"
        self.failures: list[str] = []
        self.endings: Counter[str] = Counter()
        self.before, self.truth = folder / "before", folder / "truth"
        with running(self.archive, windows.parse_instant(BEFORE)) as earlier:
            self._backfill(self.before, earlier, BEFORE)
        shutil.copytree(self.before, self.truth)
        self._backfill(self.truth, base, EVENING)
        shutil.copytree(self.before, pending := folder / "pending")
        settings = self._settings(pending, base)
        try:
            with open_run(settings, "run", windows.session_window(settings, None)) as this:
                ingest.fetch(this, ingest.requests(this)[0])
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            self.before = pending

    def _settings(self, home: Path, base: str) -> Settings:
        return Settings(home_folder=home, source=base, catalog_folder=self.catalog)

    def _backfill(self, home: Path, base: str, day: str) -> None:
        settings = self._settings(home, base)
        window = windows.range_window(settings, date(2026, 3, 2), date.fromisoformat(day))
        with open_run(settings, "run", window, lambda line: None) as this:
            execute(this, render=render)  # the pages are files to damage, too

    def options(self, home: Path, base: str | None = None) -> list[object]:
        return ["--home", home, "--source", base or self.base, "--catalog", self.catalog]

    def note(self, what: str, ended: Ended, home: Path, heal: Callable[[], Ended]) -> None:
        """Check a home after a command, then after a good run."""
        found = list(ended.misbehaved())
        good = heal()
        found += [f"then {problem}" for problem in good.misbehaved()]
        if good.exit:
            found.append(f"the good run ended with {good.exit}: {good.sentence()}")
        else:
            found += [*not_whole(home), *unfounded(home)]
            if "warehouse.duckdb gone" not in what:  # in that case another run loads the landed rows again
                found += lost(home, self.before)
            mine, truth = table_hashes(home), table_hashes(self.truth)
            differ = sorted(name for name in truth if mine.get(name) != truth[name])
            found += [f"not the tables of an undisturbed run: {', '.join(differ)[:200]}"] if differ else []
        self.endings[f"exit {ended.exit}"] += 1
        self.failures += [f"{what}: {problem}" for problem in found]
        report(what, ended, found)

    def damage(self, kind: str, how: str) -> None:
        """Damage one file, then run, read and call doctor; then run again, with the file restored if the run failed."""
        home = Path(shutil.copytree(self.before, self.folder / f"damaged{self.endings.total()}"))
        file = max(home.glob(kind), key=lambda file: file.parts)  # of the landed files, one that is not loaded yet
        kept = shutil.copy(file, self.folder / "kept")
        DAMAGES[how](file, self.chance)
        ended = command("run", *self.options(home))
        problems = self._look(f"{kind} {how}", home)

        def heal() -> Ended:
            if ended.exit:
                shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink(missing_ok=True)
                shutil.copy(kept, file)
            return command("run", *self.options(home))

        self.note(f"{kind} {how}" + (f" [{'; '.join(problems)}]" if problems else ""), ended, home, heal)
        shutil.rmtree(home)

    def surroundings(self, name: str) -> None:
        """Run in another environment, and then in the normal one."""
        home = Path(shutil.copytree(self.before, self.folder / "surrounded"))
        ended = surrounded("run", *self.options(home), cwd=self.folder, env=SURROUNDINGS.get(name, {}),
                           **STREAMS.get(name, dict)())
        self.note(name, ended, home, lambda: command("run", *self.options(home)))
        shutil.rmtree(home)

    def clock(self, name: str) -> None:
        """Run with a source whose clock has jumped, and then with one whose clock is right."""
        home = Path(shutil.copytree(self.before, self.folder / "clocked"))
        with demo._replaying(self.archive, date.fromisoformat(CLOCKS[name])) as base:
            ended = command("run", *self.options(home, base))
        ahead = "ahead" in name and ended.exit != 2
        if ahead:  # rows fetched by a fast clock are newer than the right clock: the run must report it and lose nothing
            found = [*ended.misbehaved(), *not_whole(home), *unfounded(home), *lost(home, self.before)]
            back = command("run", *self.options(home))
            found += [*back.misbehaved(), *([] if "went back" in back.reported else [f"then {back.sentence()}"])]
            self.failures += [f"the clock {name}: {problem}" for problem in found]
            self.endings[f"exit {ended.exit}"] += 1
            report(f"the clock {name}", ended, found)
        else:
            self.note(f"the clock {name}", ended, home, lambda: command("run", *self.options(home)))
        shutil.rmtree(home)


    def full_disk(self, kilobytes: int) -> None:
        """Run on a disk with the given free space, and then with more."""
        with tmpfs(self.folder / "disk", "1g") as disk:
            if disk is None:
                return print("no tmpfs can be mounted here: no full disk")
            home, filler = Path(shutil.copytree(self.before, disk / "home")), disk / "filler"
            _fill(filler, kilobytes)
            ended = command("run", *self.options(home))
            self._look(f"a disk with {kilobytes} kB", home)
            filler.unlink()
            self.note(f"a disk with {kilobytes} kB", ended, home, lambda: command("run", *self.options(home)))

    def read_only(self, name: str) -> None:
        """Run with a read-only folder in the home, and then with the folder writable again."""
        home = Path(shutil.copytree(self.before, self.folder / f"read-only{self.endings.total()}"))
        place = home / name
        place.mkdir(exist_ok=True)
        kept = Path(shutil.copytree(place, self.folder / f"kept{self.endings.total()}"))
        with tmpfs(place, "1g") as mounted:
            if mounted is None:
                return print("no tmpfs can be mounted here: no read-only folder")
            shutil.copytree(kept, mounted, dirs_exist_ok=True)
            subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
            ended = command("run", *self.options(home))
            self._look(f"read-only {name}", home)
            subprocess.run(["mount", "-o", "remount,rw", str(mounted)], check=True)
            self.note(f"read-only {name}", ended, home, lambda: command("run", *self.options(home)))

    def _look(self, what: str, home: Path) -> list[str]:
        """Return the problems of the commands that only read."""
        looks = {"status": command("status", "--home", home), "show": command("show", "regime", "--home", home),
                 "doctor": command("doctor", *self.options(home))}
        found = [f"{name} {problem}" for name, look in looks.items() for problem in look.misbehaved()]
        self.failures += [f"{what}: {problem}" for problem in found]
        return found


def _fill(file: Path, kilobytes: int) -> None:
    """Fill a disk until only the given free space is left."""
    with file.open("wb") as written:
        room = os.statvfs(file.parent)
        try:
            os.posix_fallocate(written.fileno(), 0, max(1, room.f_bavail * room.f_frsize - kilobytes * 1000))
        except OSError:
            written.write(b"\0" * (room.f_bavail * room.f_frsize - kilobytes * 1000))


def report(what: str, ended: Ended, found: list[str]) -> None:
    """Print one line about a case."""
    print(f"{what}: exit {ended.exit} {ended.sentence()}{'  FAILED: ' + '; '.join(found) if found else ''}", flush=True)


def things(drill: Drill, chance: random.Random, number: int) -> Iterator[Callable[[], None]]:
    """Yield `number` damages, and all environments, clocks and disks; a small number gives a sample of both."""
    damages = [(kind, how) for kind in KINDS for how in DAMAGES]
    others: list[Callable[[], None]] = [lambda name=name: drill.surroundings(name) for name in (*SURROUNDINGS, *STREAMS)]
    others += [lambda name=name: drill.clock(name) for name in CLOCKS]
    others += [lambda room=room: drill.full_disk(room) for room in FREE_KILOBYTES]
    others += [lambda name=name: drill.read_only(name) for name in FOLDERS]
    every: list[Callable[[], None]] = [lambda k=kind, h=how: drill.damage(k, h) for kind, how in damages]
    yield from chance.sample(every, min(number, len(every)))
    yield from others if number >= len(every) else chance.sample(others, min(len(others), number))


def main() -> int:
    """Run the drill; the exit code is 1 if anything was lost or incomplete, or did not converge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--number", type=int, default=200)
    options.add_argument("--seed", type=int, default=7)
    given = options.parse_args()
    chance = random.Random(given.seed)
    import drill as crash

    crash.import_everything()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_archive(folder / "archive")
        write_catalog(folder / "catalog")
        with demo._replaying(folder / "archive", date.fromisoformat(EVENING)) as base:
            this = Drill(folder, base, chance)
            for thing in things(this, chance, given.number):
                thing()
    print(f"seed {given.seed}: {this.endings.total()} damages, surroundings, clocks and disks, "
          f"{', '.join(f'{times} {what}' for what, times in sorted(this.endings.items()))}; {len(this.failures)} failures")
    for failure in this.failures:
        print(f"  {failure}")
    return bool(this.failures)


if __name__ == "__main__":
    raise SystemExit(main())
