"""Plant wrong bars in a real archive and check that core.price_bar_verdict finds them; no pipeline, only models."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from transforms.engine.build import AsOf, set_as_of
from transforms.engine.project import FOLDER, read
from warehouse import catalog
from warehouse.catalog.record import record

LATE = datetime(2100, 1, 1, tzinfo=UTC)
KINDS = {"x2": (2.0,), "x0.5": (0.5,), "x100": (100.0,), "undivided": (1.5, 2.0, 3.0, 4.0, 5.0, 10.0, 15.0, 20.0, 0.1),
         "stale": (None,)}
VERDICT = read(FOLDER / "core" / "price_bar_verdict.sql").sql
STAGING = ("session", "instrument", "universe", "universe_member", "spinoff")


@dataclass(frozen=True)
class Plant:
    """Consecutive `days` of `symbol`, multiplied by `factor`; None repeats the bar before them."""

    symbol: str
    kind: str
    factor: float | None
    days: tuple[date, ...]


class Planted:
    """An archive's bars with the other tables that the verdict reads; each call of `held` starts from the true bars."""

    def __init__(self, archive: Path, packaged: bool = True) -> None:
        self.con = con = duckdb.connect()
        con.execute((FOLDER.parent / "warehouse" / "schema.sql").read_text())
        con.execute("set threads = 1")
        set_as_of(con, AsOf(LATE, LATE))
        known = "date + interval '21 hours 15 minutes' as known_at"
        con.execute(f"""
            create table truth as select symbol, date, open, high, low, close::double as close, volume::double as volume,
                null::timestamp as high_known_at, null::timestamp as low_known_at, null::timestamp as volume_known_at,
                'archive' as source, {known} from '{archive}/bars.parquet' where close > 0 order by symbol, date;
            create table staging.split as select symbol, date, split_ratio as ratio, {known}
                from '{archive}/actions.parquet' where split_ratio > 0;
            create table staging.shares_outstanding as select symbol, date, shares_outstanding::double as
                shares_outstanding, {known} from '{archive}/shares.parquet' where shares_outstanding > 0""")
        record(con, catalog.load(), datetime(2026, 5, 30, tzinfo=UTC))
        for name in STAGING:
            con.execute(f"create table staging.{name} as {read(FOLDER / 'staging' / f'{name}.sql').sql}")
        if not packaged:
            self._whole_market(archive)
        con.execute("create table staging.price_bar as from truth")
        self.stocks = [symbol for symbol, in con.execute("""
            select distinct symbol from truth join staging.instrument using (symbol) where kind = 'stock'
            order by symbol""").fetchall()]
        self.true = self.held()

    def _whole_market(self, archive: Path) -> None:
        """Add the archive's own instruments and memberships, for an archive that holds more than the catalog."""
        self.con.execute(f"""
            insert into staging.instrument (symbol, name, kind, issuer, is_primary_line, counts_whole_company, since)
            select symbol, name, 'stock', symbol, true, false, date '2024-01-02' from '{archive}/instruments.parquet'
            where quote_type = 'EQUITY' and symbol not in (select symbol from staging.instrument);
            create or replace table staging.universe as select * from (values ('NDX', 'N', '^NDX', true), ('SPX', 'S',
                                                                                                           '^GSPC', false),
                ('COMP', 'C', '^IXIC', false)) universe (index_code, title, published_index, is_primary);
            create or replace table staging.universe_member as
            select * exclude change from (
                select "index" as index_code, symbol, date as valid_from, change,
                    lead(date) over (partition by "index", symbol order by date, change desc) as valid_to
                from '{archive}/membership.parquet') where change = 'add'""")

    def plants(self, random_: random.Random, count: int, last: date | None) -> Iterator[Plant]:
        """Yield random plants of random symbols: the newest bars of a market that ends on `last`, or bars in the middle."""
        for symbol in random_.sample(self.stocks, count):
            days = [day for day, in self.con.execute(
                "select date from truth where symbol = ? and date <= ? order by date", [symbol, last or date.max]
            ).fetchall()]
            kind, length = random_.choice(list(KINDS)), random_.randint(1, 5)
            if len(days) < 30 or (last is not None and days[-1] != last):
                continue
            start = len(days) - length if last else random_.randrange(1, len(days) - length - 12)
            yield Plant(symbol, kind, random_.choice(KINDS[kind]), tuple(days[start:start + length]))

    def held(self, plants: tuple[Plant, ...] = (), last: date | None = None) -> set[tuple[str, date]]:
        """Return (symbol, date) of the bars that are held after planting these."""
        con = self.con
        con.execute("create or replace table staging.price_bar as from truth where date <= ?", [last or date.max])
        for plant in plants:
            where = "b.symbol = $symbol and list_contains($days, b.date)"
            given = {"symbol": plant.symbol, "days": list(plant.days)}
            if plant.factor:
                con.execute(f"""update staging.price_bar b set close = close * $factor, open = open * $factor,
                    high = high * $factor, low = low * $factor where {where}""", {**given, "factor": plant.factor})
            else:
                con.execute(f"""update staging.price_bar b set close = t.close, open = t.open, high = t.high, low = t.low,
                        volume = t.volume
                    from (from truth where symbol = $symbol and date < $days[1] order by date desc limit 1) t
                    where {where}""", given)
        return set(con.execute(f"select symbol, date from ({VERDICT}) where status = 'held'").fetchall())

    def moves_bp(self, plant: Plant, day: date) -> float:
        """Return how far the wrong bar moves an index of all stocks, in basis points of its capitalization.

        It is 0 if the stock has no capitalization.
        """
        weight, before, now = self.con.execute("""
            with cap as (
                select t.symbol, t.close * s.shares_outstanding as value
                from truth t asof join staging.shares_outstanding s on s.symbol = t.symbol and s.date <= t.date
                where t.date = $day)
            select (select value from cap where symbol = $symbol) / (select sum(value) from cap),
                (select arg_max(close, date) from truth where symbol = $symbol and date < $first),
                (select close from truth where symbol = $symbol and date = $day)""",
            {"day": day, "symbol": plant.symbol, "first": plant.days[0]}).fetchone()  # type: ignore[misc]
        wrong = plant.factor - 1 if plant.factor else before / now - 1
        return abs(wrong) * (weight or 0) * 1e4


def drill(market: Planted, seed: int, rounds: int, count: int) -> tuple[int, list[tuple], set[tuple[str, date]]]:
    """Return the number of planted bars that move the index by over 1 bp, the missed ones, and true bars that were held."""
    random_ = random.Random(seed)
    sessions = [day for day, in market.con.execute(
        "select distinct date from truth where symbol = 'AAPL' and date >= '2024-03-01' order by date").fetchall()]
    material, missed, wronged = 0, [], set()
    for number in range(rounds):
        last = random_.choice(sessions) if number % 2 else None
        plants = tuple(market.plants(random_, count, last))
        held = market.held(plants, last)
        for plant in plants:
            for day in plant.days:
                if (moved := market.moves_bp(plant, day)) > 1:
                    material += 1
                    if (plant.symbol, day) not in held:
                        missed.append((plant, day, round(moved, 1), "newest" if last else "middle"))
        wronged |= held - market.true - {(plant.symbol, day) for plant in plants for day in plant.days}
    return material, missed, wronged
