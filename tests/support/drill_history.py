"""Plant changes in the history of a simulated market and check the revision ledger's causes. `make drill-history`

A home that ran on the evening of 2026-05-20 runs again on the next evening, each time on a market with one change in
between. Every change of the published past must be in the ledger, under the planted cause. At the end all changes are
planted at once. Then the ledger must attribute nine cells in ten to a change that affects them on its own. The ledger
picks the nearest possible cause, and on such an evening the nearest is not always the right one.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from unittest.mock import patch

import duckdb

from flows.pipeline import windows
from flows.pipeline.execute import execute
from flows.pipeline.run import open_run
from flows.replay.server import running
from flows.settings import Settings
from flows.simulator import simulate
from transforms.engine import project
from transforms.engine.project import Model, models
from warehouse import catalog

THEN, NOW = "2026-05-20", "2026-05-21"
START = date(2026, 1, 2)
CATALOG = Path(catalog.__file__).with_suffix("")


@dataclass(frozen=True)
class Planted:
    """One change before the second evening; `then` and `now` alter the archive of the first and second evening."""

    what: str
    cause: str | None
    evidence: str = ""
    then: Callable[[Path], None] | None = None
    now: Callable[[Path], None] | None = None
    catalog: Callable[[Path], None] | None = None
    model: Callable[[Model], Model] = lambda model: model


def alter(table: str, select: str) -> Callable[[Path], None]:
    """Return a function that rewrites a table of an archive; `select` reads the table as `t`."""

    def rewrite(archive: Path) -> None:
        file = archive / f"{table}.parquet"
        with duckdb.connect() as con:
            con.execute(f"create table t as from '{file}'")
            con.execute(f"copy ({select}) to '{file}' (format parquet)")

    return rewrite


def removed(symbol: str, day: str) -> Callable[[Path], None]:
    """Return a function that removes a member from the Nasdaq-100 of a catalog folder."""

    def edit(folder: Path) -> None:
        file = folder / "universes" / "NDX.toml"
        text = file.read_text()
        later = next(entry.start() for entry in re.finditer(r"^ *{ date = ([0-9-]+)", text, re.M) if entry[1] > day)
        entry = f'    {{ date = {day}, add = [], remove = ["{symbol}"] }},\n'
        file.write_text(text[:later] + entry + text[later:])

    return edit


def halved(archive: Path) -> None:
    """Make COST trade at half its price since 2026-05-18, as after a split."""
    half = ", ".join(f"if(symbol = 'COST' and date >= '2026-05-18', {price} / 2, {price}) as {price}"
                     for price in ("open", "high", "low", "close"))
    alter("bars", f"select * replace ({half}) from t")(archive)


def halved_and_told(archive: Path) -> None:
    """Do the same, and let the source report the split."""
    halved(archive)
    alter("actions", "from t union all by name select 'COST' as symbol, date '2026-05-18' as date, "
                     "null::double as dividend, 2.0 as split_ratio")(archive)


def shifted(model: Model) -> Model:
    """Change the code: increase the NFCI of the regime by one."""
    if model.name != "marts.regime_daily":
        return model
    return replace(model, sql=f"select * replace (nfci + 1 as nfci) from ({model.sql})")


NEWEST = "(select max({0}) from t where symbol = '{1}')"
CASES = (
    Planted("nothing: a day more", None),
    Planted("late bar: AMD 2026-05-18", "late data", "AMD 2026-05-18",
            then=alter("bars", "from t where not (symbol = 'AMD' and date = '2026-05-18')")),
    Planted("correction: close of MSFT 2026-05-15", "correction", "MSFT 2026-05-15",
            now=alter("bars", "select * replace (close * if(symbol = 'MSFT' and date = '2026-05-15', 1.01, 1) as close) "
                      "from t")),
    Planted("late split: COST 2026-05-18, two for one", "split", "COST 2026-05-18 split", then=halved, now=halved_and_told),
    Planted("late dividend: AAPL 2026-05-18 (no mart holds a total return)", None,
            now=alter("actions", "from t union all by name select 'AAPL' as symbol, date '2026-05-18' as date, "
                                 "0.5 as dividend, null::double as split_ratio")),
    Planted("vintage of 2026-05-18 told late: newest NFCI", "macro vintage", "NFCI",
            now=alter("observations", """
                with newest as (select max(date) as date from t where series_id = 'NFCI' and realtime_start <= '2026-05-15')
                select * replace (case when series_id = 'NFCI' and date = (from newest) and realtime_start <= '2026-05-15'
                                  then date '2026-05-17' else realtime_end end as realtime_end) from t
                union all by name
                select 'NFCI' as series_id, date, 0.5 as value, date '2026-05-18' as realtime_start,
                    null::date as realtime_end, 'vintage' as pit_quality from newest""")),
    Planted("every planted revision since 2026-02 told late (no row had looked at an older observation)", None,
            then=lambda archive: alter("observations", f"""
                with revised as (select series_id, date, realtime_start from '{archive}/truth/revisions.parquet'
                                 where realtime_start >= '2026-02-01')
                select * replace (if(series_id in (select series_id from revised),
                    lead(realtime_start) over (partition by series_id, date order by realtime_start) - 1,
                    realtime_end) as realtime_end)
                from t anti join revised using (series_id, date, realtime_start)""")(archive)),
    Planted("first releases since 2026-05 told late", "late data", "raw.macro_observation",
            then=alter("observations", "from t where pit_quality <> 'vintage' or realtime_start < '2026-05-01'")),
    Planted("membership: PEP is out since 2026-05-19", "membership", "PEP", catalog=removed("PEP", "2026-05-19")),
    Planted("share count: newest of NVDA 1 % higher", "correction", "raw.shares_outstanding NVDA",
            now=alter("shares", f"select * replace (if(symbol = 'NVDA' and date = {NEWEST.format('date', 'NVDA')}, "
                                "(shares_outstanding * 1.01)::bigint, shares_outstanding) as shares_outstanding) from t")),
    Planted("statement: newest revenue of MSFT 5 % higher (asked weekly: not yet)", None,
            now=alter("statements", "select * replace (if(symbol = 'MSFT' and item = 'Total Revenue' and period_end = "
                                    f"{NEWEST.format('period_end', 'MSFT')}, value * 1.05, value) as value) from t")),
    Planted("code: the NFCI of the regime one higher", "code", model=shifted),
)


def main() -> int:
    """Plant, run, and print one line per case; the exit code is 1 if a cause is wrong or missing."""
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulate(folder / "archive")
        _run(folder / "base", folder / "archive", CATALOG, THEN)
        print(f"{'planted':<80} {'expected':<14} changed  in the ledger")
        alone: dict[tuple, set[Planted]] = {}
        for place, planted in enumerate(CASES):
            changed, found, wrong = played(planted, folder, folder / f"home{place}")
            for cell in ledger(folder / f"home{place}") if planted.model is CASES[0].model else ():
                alone.setdefault(cell, set()).add(planted)
            failures += bool(wrong)
            reported = ", ".join(f"{cause}: {count}" for cause, count in found.items()) or "nothing"
            print(f"{planted.what:<80} {planted.cause or 'nothing':<14} {changed:>7}  {reported}"
                  f"{'  FAILED: ' + wrong if wrong else ''}", flush=True)
        played(at_once([c for c in CASES if c.model is CASES[0].model]), folder, folder / "together")
        failures += agreement(ledger(folder / "together"), alone)
    print(f"{len(CASES)} cases, alone and together; {failures} failures")
    return bool(failures)


def played(planted: Planted, folder: Path, home: Path) -> tuple[int, dict[str, int], str]:
    """Run two evenings with a change between them: return changed mart rows, ledger entries by cause, and problems."""
    archives = [shutil.copytree(folder / "archive", home.with_suffix(f".{evening}")) for evening in ("then", "now")]
    for archive, change in zip(archives, (planted.then, planted.now), strict=True):
        if change:
            change(archive)
    if planted.then:
        _run(home, archives[0], CATALOG, THEN)
    else:
        shutil.copytree(folder / "base", home)
    before = shutil.copy(home / "marts.duckdb", home / "before.duckdb")
    told = shutil.copytree(CATALOG, home.with_suffix(".catalog"))
    if planted.catalog:
        planted.catalog(told)
    with patch.object(project, "models", lambda: [planted.model(model) for model in models()]):
        _run(home, archives[1], told, NOW)
    with duckdb.connect(str(home / "marts.duckdb"), read_only=True) as con:
        found = dict(con.execute("select cause, count(*) from audit.revision group by 1 order by 2 desc").fetchall())
        stray = con.execute("select count(*) from audit.revision where evidence is not null and not contains(evidence, ?)",
                            [planted.evidence]).fetchone()
        listed = con.execute("select count(distinct (mart, key)) from audit.revision").fetchone()
        con.execute(f"attach '{before}' as before (read_only)")
        changed = sum(_changed_rows(con))
    wrong = [f"another cause than {planted.cause}"] if set(found) != ({planted.cause} - {None}) else []
    wrong += [f"{stray[0]} entries name other evidence"] if stray[0] else []
    wrong += [f"{changed} rows changed, {listed[0]} are in the ledger"] if changed != listed[0] else []
    return changed, found, "; ".join(wrong)


def at_once(cases: Sequence[Planted]) -> Planted:
    """Combine all cases into one for the same two evenings."""

    def each(changes: Iterable[Callable[[Path], None] | None]) -> Callable[[Path], None]:
        def change(folder: Path) -> None:
            for one in filter(None, changes):
                one(folder)

        return change

    return Planted("all at once", None, then=each([c.then for c in cases]), now=each([c.now for c in cases]),
                   catalog=each([c.catalog for c in cases]))


def ledger(home: Path) -> dict[tuple, tuple[str, str]]:
    """Return the cause and evidence of every changed cell, by mart, key and column."""
    with duckdb.connect(str(home / "marts.duckdb"), read_only=True) as con:
        return {tuple(cell): (cause, evidence or "") for *cell, cause, evidence in con.execute(
            "select mart, key, column_name, cause, evidence from audit.revision").fetchall()}


def agreement(together: Mapping[tuple, tuple[str, str]], alone: Mapping[tuple, set[Planted]]) -> int:
    """Print how many cells have a cause that changes them on its own, and the others; return 1 if under nine in ten."""
    right, wrong = 0, Counter[tuple]()
    for cell, (cause, evidence) in together.items():
        planted = alone.get(cell, set())
        if any(cause == one.cause and one.evidence in evidence for one in planted):
            right += 1
        elif planted:
            wrong[(cell[0], cell[2], cause, " or ".join(sorted(str(one.cause) for one in planted)))] += 1
    print(f"all at once: {len(together)} cells in the ledger, {right} put down to something that alone changes them, "
          f"{wrong.total()} to something else, {len(together.keys() - alone.keys())} changed by several together")
    for (mart, column, cause, planted), count in wrong.most_common(10):
        print(f"  {count:>6} {mart}.{column}: {cause} instead of {planted}")
    return right < 9 * wrong.total()


def _changed_rows(con: duckdb.DuckDBPyConnection) -> Iterator[int]:
    """Yield per mart the number of keys with differing rows, among sessions that both files have.

    It is independent of the ledger: it uses set differences.
    """
    for model in models():
        if model.layer != "marts" or "as_of" in model.columns:
            continue
        table, keys = model.name.split(".")[1], ", ".join(model.grain)
        past = (f"where date in (select date from before.{table})" if "date" in model.grain
                else f"where known_at <= (select max(known_at) from before.{table})")
        yield con.execute(f"""
            with earlier as (select * exclude known_at from before.{table}),
            later as (select * exclude known_at from (from main.{table} {past}))
            select count(distinct ({keys}))
            from ((from earlier except from later) union all (from later except from earlier))
            """).fetchone()[0]  # type: ignore[index]


def _run(home: Path, archive: Path, catalog: Path, clock: str) -> None:
    with running(archive, windows.parse_instant(clock)) as base:
        settings = Settings(home_folder=home, source=base, catalog_folder=catalog)
        window = windows.range_window(settings, START, date.fromisoformat(clock))
        with open_run(settings, "backfill", window, lambda line: None) as this:
            execute(this)


if __name__ == "__main__":
    raise SystemExit(main())
