"""Play evenings with faults: an earlier run, the evening with faults, the good one after it; and compare the results."""

from __future__ import annotations

import logging
import re
import shutil
import sqlite3
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
from drilled import lost, not_whole, unfounded
from tiny_market import table_hashes, write_archive, write_catalog

from flows.pipeline import build, windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.faults import parse_faults
from flows.replay.server import running
from flows.settings import Settings
from warehouse.errors import RallyscopeError

# The evening before, the evening with faults, the good one after it. AAA splits ten for one on 2026-04-15.
QUIET = ("2026-04-16", "2026-04-17", "2026-04-20")
SPLIT = ("2026-04-14", "2026-04-15", "2026-04-16")
# Columns that measure how much was received: they rightly differ if something is missing. So does a weekly series without
# its newest release, since the previous one is then the latest known.
OF_COVERAGE = """coverage|issuers|members|count|sessions|known_at|age|since|_rank|percentile|share_of|breadth|above_|missing
    |unpriced|is_|stale|nfci"""


@dataclass
class Outcome:
    """The outcome of one evening."""

    exit: int | str = 0
    sentence: str = ""
    wrong: list[str] = field(default_factory=list)
    """Columns of marts with a value that is neither the undisturbed one nor NULL, with how many."""
    missing: int = 0
    """Values that the undisturbed evening has and this one has not."""
    held: list[str] = field(default_factory=list)
    signals: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Published values without an accepted row, and accepted rows that are lost: neither may ever be."""
    heals: str = ""


class Stage:
    """The tiny market with a dividend and lists of weights, and homes that ran on it undisturbed."""

    first = "2026-03-02"

    def __init__(self, folder: Path) -> None:
        self._begin(folder)
        self.archive = write_archive(folder / "archive")
        self.catalog = write_catalog(folder / "catalog")
        with duckdb.connect() as con:
            con.execute(f"""
                create table actions as from '{self.archive}/actions.parquet'
                    union all select 'CCC', date '2026-04-08', 0.5, null;
                create table bars as select * replace (1000 + 17 * dayofyear(date) % 400 as volume)
                    from '{self.archive}/bars.parquet';
                copy bars to '{self.archive}/bars.parquet' (format parquet);
                copy actions to '{self.archive}/actions.parquet' (format parquet);
                copy (select 'NDX' as "index", list.date, published_on, symbol,
                          cap / sum(cap) over (partition by list.date) as weight
                      from (select b.symbol, b.date, b.close * s.shares_outstanding as cap
                            from '{self.archive}/bars.parquet' b
                            asof join '{self.archive}/shares.parquet' s on s.symbol = b.symbol and s.date <= b.date)
                      join (values (date '2026-03-31', date '2026-04-01'), (date '2026-04-15', date '2026-04-16'),
                                   (date '2026-04-16', date '2026-04-17')) list(date, published_on) using (date))
                    to '{self.archive}/index_weights.parquet' (format parquet)""")
        impatient(self.catalog)

    def _begin(self, folder: Path) -> None:
        self.folder = folder
        self._played = 0
        self._heals: dict[tuple[Any, ...], str] = {}

    def homes(self, evenings: tuple[str, str, str]) -> tuple[Path, Path, Path]:
        """Return undisturbed homes of the three evenings; create them once."""
        made = [self.folder / f"undisturbed-{day}-{place}" for place, day in enumerate(evenings)]
        for place, home in enumerate(made):
            if home.exists():
                continue
            if place:
                shutil.copytree(made[place - 1], home)
            outcome = self.evening(home, evenings[place], backfill=not place)
            assert outcome.exit == 0, outcome
        return made[0], made[1], made[2]

    def evening(self, home: Path, clock: str, faults: Sequence[str] = (), seed: int = 0, backfill: bool = False) -> Outcome:
        """Run `rallyscope run` on an evening whose source has these faults."""
        outcome = Outcome()
        with running(self.archive, windows.parse_instant(clock), parse_faults(faults, seed)) as base:
            settings = Settings(home_folder=home, source=base, catalog_folder=self.catalog)
            try:
                window = windows.session_window(settings, None)
                if backfill:
                    window = windows.range_window(settings, windows.date.fromisoformat(self.first), window.end)
                with open_run(settings, "run", window, lambda line: None) as this:
                    execute(this)
            except RallyscopeError as error:
                outcome.exit, outcome.sentence = error.exit_code, plain(str(error))
            except Exception as error:  # noqa: BLE001 - a run must not end in any other exception
                outcome.exit, outcome.sentence = "traceback", f"{type(error).__name__}: {error}"[:300]
                outcome.held = traceback.format_exc().splitlines()[-8:]
        return outcome

    def play(self, faults: Sequence[str], evenings: tuple[str, str, str] = QUIET, seed: int = 0) -> Outcome:
        """Play the evening with faults and the good one after it, and compare with homes without faults."""
        before, same, after = self.homes(evenings)
        self._played += 1  # use a new folder each time, since yfinance remembers what it has opened
        home = Path(shutil.copytree(before, self.folder / f"played{self._played}"))
        try:
            outcome = self.evening(home, evenings[1], faults, seed)
            if (home / "marts.duckdb").exists():
                outcome.wrong, outcome.missing = differences(home, same)
                outcome.held = outcome.held or kept_out(home, same)
                outcome.signals = signals(home, same)
                outcome.broken = [*not_whole(home), *unfounded(home), *lost(home, before)]
            # Homes in the same state after the evening heal in the same way, so play the next evening once per state.
            state = (evenings, *self._state(home))
            if state not in self._heals:
                self._heals[state] = self._healed(home, after, evenings)
            outcome.heals = self._heals[state]
        finally:
            shutil.rmtree(home)
        return outcome

    def _healed(self, home: Path, after: Path, evenings: tuple[str, str, str]) -> str:
        good = self.evening(home, evenings[2])
        if good.exit == 0 and table_hashes(home) == table_hashes(after):
            return "the next evening"
        if good.exit == 0 and not any(differences(home, after, "known_at|pit_quality")):
            return "the next evening; corrected values are known from that evening"
        differ = sorted(name for name, digest in table_hashes(after).items() if table_hashes(home).get(name) != digest)
        return (f"NOT: exit {good.exit} {good.sentence[:300]}; differ: {differences(home, after, 'known_at')} "
                f"{', '.join(differ)}")

    def _state(self, home: Path) -> tuple[Any, ...]:
        """Return the raw rows of a home after an evening, independent of the run, and the time zones in its cache."""
        with closing(sqlite3.connect(home / "cache" / "tkr-tz.db")) as zones:
            remembered = tuple(sorted(zones.iterdump()))
        with duckdb.connect(str(home / "warehouse.duckdb")) as con:
            tables = [name for name, in con.execute(
                "select table_name from duckdb_tables() where schema_name = 'raw' order by 1").fetchall()]
            return remembered, *(con.execute(f"""select count(*), sum(hash(columns(* exclude (run_id, batch_id, reason))))
                from (select null as run_id, null as batch_id, null as reason where false
                      union all by name from raw.{name})""").fetchone() for name in tables)


def impatient(catalog: Path) -> None:
    """Set two tries of eight seconds per request: enough on a busy machine, and still quick to fail."""
    sources = catalog / "sources.toml"
    text = re.sub(r"timeout_seconds = \d+", "timeout_seconds = 8", sources.read_text())
    sources.write_text(re.sub(r"tries = \d", "tries = 2", text))


@contextmanager
def cheaply() -> Iterator[None]:
    """Skip the revision ledger, which is slow and covered by other tests, and silence the warnings of sources."""
    log = logging.getLogger("rallyscope.sources")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with (patch.object(build, "record_revisions", lambda *_: 0)):
            yield
    finally:
        log.setLevel(level)  # later tests read the log


def plain(sentence: str) -> str:
    """Replace the parts of a sentence that differ from run to run: ports and build ids."""
    sentence = re.sub(r"(http://)?127\.0\.0\.1:\d+", "SOURCE", sentence)
    return re.sub(r"\d{8}T\d{6}Z-[0-9a-f]+", "BUILD", sentence)


def differences(home: Path, undisturbed: Path, besides: str = "") -> tuple[list[str], int]:
    """Return the mart columns whose values differ from the undisturbed home, and how many of its values are missing.

    A NULL where the undisturbed home has a value is missing, not different.
    """
    wrong: list[str] = []
    missing = 0
    with duckdb.connect() as con:
        con.execute(f"attach '{home}/marts.duckdb' as mine (read_only);"
                    f"attach '{undisturbed}/marts.duckdb' as theirs (read_only)")
        found = con.execute("select table_name, column_name, data_type from duckdb_columns() "
                            "where database_name = 'theirs' and schema_name = 'main' order by column_index").fetchall()
        for mart, keys in grains().items():
            columns = {name: type_ for table, name, type_ in found if table == mart
                       and name not in keys and type_ in TYPES and not re.search(besides or COVERAGE, name)}
            if not columns:
                continue
            counts = con.execute(f"""
                select {', '.join(f'''
                    count(*) filter (m.{c} is not null and not {_partial(mart, c)}
                        and (t.{c} is null or {_differs(c, type_)})),
                    count(*) filter (m.{c} is null and t.{c} is not null)''' for c, type_ in columns.items())}
                from mine.main.{mart} m full join theirs.main.{mart} t using ({', '.join(keys)})""").fetchone() or ()
            wrong += [f"{mart}.{c} {counts[2 * n]}" for n, c in enumerate(columns) if counts[2 * n]]
            missing += sum(counts[1::2])
    return wrong, missing


COVERAGE = re.sub(r"\s", "", OF_COVERAGE)
# A basket's return is a mean over the members that traded, and its row says how many did. Figures of fewer are not wrong.
FEWER = """select date from mine.main.rotation_daily f join theirs.main.rotation_daily u using (date, basket)
    where f.basket_return is not null and f.traded_members < u.traded_members"""
TYPES = ("DOUBLE", "VARCHAR", "BOOLEAN")


def _partial(mart: str, column: str) -> str:
    is_of_baskets = mart == "rotation_daily" or column == "cyclicals_minus_ai_leaders_rs_21d"
    return f"coalesce(m.date, t.date) in ({FEWER})" if is_of_baskets else "false"


def _differs(column: str, type_: str) -> str:
    return f"abs(m.{column} - t.{column}) > 1e-9" if type_ == "DOUBLE" else f"m.{column} <> t.{column}"


@cache
def grains() -> dict[str, list[str]]:
    """Return the marts with one row per session (and other keys), with their grain."""
    from transforms.engine.project import models

    return {m.name.split(".")[1]: list(m.grain) for m in models() if m.layer == "marts" and "date" in m.grain
            and m.name not in ("marts.signal_daily",)}


def kept_out(home: Path, undisturbed: Path) -> list[str]:
    """Return the reasons for quarantined rows and for failed, held or stopped keys that the undisturbed home lacks."""
    def reported(of: Path) -> set[str]:
        with duckdb.connect(str(of / "marts.duckdb"), read_only=True) as con:
            found = con.execute("select key || ': ' || reason from audit.quarantine").fetchall()
        with duckdb.connect(str(of / "warehouse.duckdb")) as con:
            found += con.execute("""select reason from raw.fetch_outcome
                                    where status in ('failed', 'held', 'stopped')""").fetchall()
        return {plain(reason) for reason, in found}

    return sorted(reported(home) - reported(undisturbed))


def signals(home: Path, undisturbed: Path) -> list[str]:
    """Return the signals that only one of the two homes has."""
    def told(of: Path) -> set[tuple[Any, ...]]:
        with duckdb.connect(str(of / "marts.duckdb"), read_only=True) as con:
            return set(con.execute("select date::varchar, signal, current, severity from marts.signal_daily").fetchall())

    mine, theirs = told(home), told(undisturbed)
    return sorted([f"{signal} {current} ({severity})" for _, signal, current, severity in mine - theirs]
                  + [f"not {signal} {current}" for _, signal, current, _ in theirs - mine])
