"""Helpers of all drills: run a command in a child process, and check a home for violations."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tiny_market import published, table_hashes

from warehouse.publication.publish import table_hash


@dataclass(frozen=True)
class Ended:
    """The exit code of a command, and its output on stdout and stderr."""

    exit: int
    reported: str

    def misbehaved(self) -> Iterator[str]:
        """Yield a traceback, an exit code that is not ours, or a failure without output."""
        if "Traceback (most recent call last)" in self.reported or "panicked" in self.reported:
            yield f"a traceback: {self.reported.strip().splitlines()[-1][:200]}"
        if self.exit not in (0, 1, 2):
            yield f"ended with {self.exit}: {self.reported.strip()[-200:]}"
        elif self.exit and not self.reported.strip():
            yield f"ended with {self.exit} without a word"

    def sentence(self) -> str:
        """Return the last line of the output."""
        return self.reported.strip().splitlines()[-1][:160] if self.reported.strip() else ""


def command(*arguments: object) -> Ended:
    """Run a command in a forked child, which need not import everything again; a crash affects only the child."""
    with tempfile.TemporaryFile() as heard:
        child = os.fork()
        if child == 0:
            os.dup2(heard.fileno(), 1)
            os.dup2(heard.fileno(), 2)
            _carry_out([str(argument) for argument in arguments])
        _, status = os.waitpid(child, 0)
        heard.seek(0)
        return Ended(os.waitstatus_to_exitcode(status), heard.read().decode(errors="replace"))


def _carry_out(arguments: list[str]) -> None:
    import traceback

    code = 70
    try:
        from flows.cli.app import main

        sys.argv = ["rallyscope", *arguments]
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - the drill looks for any exception
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def not_whole(home: Path) -> Iterator[str]:
    """Yield the tables of the published file that do not match the hashes recorded in it."""
    if not (home / "marts.duckdb").exists():
        return
    try:
        reported = table_hashes(home)
        with duckdb.connect(str(home / "marts.duckdb"), read_only=True) as con:
            for name, digest in reported.items():
                if table_hash(con, name.replace("marts.", "main.")) != digest:
                    yield f"{name} is not the table of its build"
    except duckdb.Error as error:
        yield f"the published file cannot be read: {error}"


def unfounded(home: Path) -> Iterator[str]:
    """Yield published closes and yields without an accepted raw row."""
    with duckdb.connect() as con:
        con.execute(f"attach '{home}/warehouse.duckdb' as held (read_only);"
                    f"attach '{home}/marts.duckdb' as shown (read_only)")
        for what, sql in {
            "closes": """select symbol, date from shown.core.security_price p where close is not null and not exists (
                from held.raw.price_bar b where b.symbol = p.symbol and b.date = p.date and not is_withdrawn
                    and abs(b.close / p.close - 1) < 1e-9)""",
            "yields": """select date from shown.main.regime_daily r where dgs10_pct is not null and not exists (
                from held.raw.macro_observation o
                where series_id = 'DGS10' and o.date <= r.date and o.value = r.dgs10_pct)""",
        }.items():
            if rows := con.execute(sql).fetchall():
                yield f"{len(rows)} published {what} without an accepted row, first {rows[0]}"


def lost(home: Path, before: Path) -> Iterator[str]:
    """Yield the raw tables that lost rows."""
    with duckdb.connect() as con:
        con.execute(f"attach '{home}/warehouse.duckdb' as held (read_only);"
                    f"attach '{before}/warehouse.duckdb' as before (read_only)")
        for table, in con.execute("""select table_name from duckdb_tables()
                                     where database_name = 'before' and schema_name = 'raw'""").fetchall():
            gone, = con.execute(f"""
                select count(*) from (from before.raw.{table} except all from held.raw.{table})""").fetchone() or (0,)
            if gone:
                yield f"{gone} rows of raw.{table} are lost"


def runs(home: Path) -> list[tuple]:
    """Return the number of runs by status, as published."""
    return published(home, "select status, count(*) from audit.run group by 1 order by 1")


@contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Path | None]:
    """Mount a tmpfs of the given size; yield None if it cannot be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def surrounded(*arguments: object, cwd: Path, env: Mapping[str, str], **how: object) -> Ended:
    """Run a command in its own process, with another environment."""
    from tiny_market import clean_environment

    ran = subprocess.run([sys.executable, "-m", "flows.cli", *map(str, arguments)], cwd=cwd, check=False, timeout=600,
                         env={k: v for k, v in {**clean_environment(), **env}.items() if v != "unset"},
                         **({"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | how))  # type: ignore[call-overload]
    return Ended(ran.returncode, (ran.stdout or b"").decode(errors="replace"))
