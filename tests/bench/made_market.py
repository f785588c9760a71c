"""A market of any size for measuring: a catalog of N members of one index, and their raw rows over years, made by SQL.

The values are functions of a hash, so that every machine measures the same rows. Every hundredth company splits once;
sizes fall off as those of a true market do, so that a few companies carry half of the index.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from flows.settings import Settings
from warehouse.catalog.record import record

LAST = date(2026, 5, 29)
FUNDS = ("XLK", "XLP", "XLU", "XLV", "SPY", "RSP")
INDICES = ("^IXIC", "^NDX", "^GSPC", "^VIX")

# Daily steps of 2 percent that a slow wave pulls back, so that a price stays near where it began for decades.
PRICES = """
    select symbol, number, date,
        round(greatest(100 * (1 + number % 7) * exp(0.4 * sin(position / 250.0 + number)
            + 0.04 * (hash(number * 100003 + position) % 1000 / 1000.0 - 0.5)), 1), 4)
            / case when number % 100 = 7 and date >= date '2015-06-01' then 2 else 1 end as close
    from listed cross join market_session"""


def write_catalog(folder: Path, symbols: int, first: date) -> Path:
    """Write a complete catalog folder with `symbols` companies, all members of NDX since `first`."""
    from tests.support import tiny_market

    tiny_market.write_catalog(folder)
    since = f"since = {first}, known = {{ after_close_minutes = 15 }}"
    sectors = ("Information Technology", "Health Care", "Energy", "Financials", "Utilities")
    (folder / "stocks.toml").write_text(f'defaults = {{ kind = "stock", {since} }}\n' + "\n".join(
        f'{name(number)} = {{ name = "Company {number}", gics_sector = "{sectors[number % 5]}" }}'
        for number in range(symbols)))
    for file, kind, members in (("funds.toml", "fund", FUNDS), ("indices.toml", "index", INDICES)):
        (folder / file).write_text(f'defaults = {{ kind = "{kind}", {since} }}\n'
                                   + "\n".join(f'"{symbol}" = {{ name = "{symbol}" }}' for symbol in members))
    ndx = (Path(__file__).parents[2] / "warehouse/catalog/definitions/universes/NDX.toml").read_text()
    rules = ndx[ndx.index("[rebalancing"):] if "[rebalancing" in ndx else ""
    (folder / "universes" / "NDX.toml").write_text(
        f'title = "All"\npublished_index = "^NDX"\ninitial_date = {first}\n'
        f'initial_symbols = {[name(number) for number in range(symbols)]}\nchanges = []\n{rules}'.replace("'", '"'))
    (folder / "baskets.toml").write_text("\n".join(
        f'[tier{rank}]\ntitle = "Tier {rank}"\nrole = "tier"\nrank = {rank}\nweighting = "equal"\nmembers = ['
        + ", ".join(f'{{ symbol = "{name(number)}", valid_from = {first} }}' for number in range(rank - 1, symbols, 40)[:8])
        + "]\n" for rank in range(1, 5)))
    return folder


def fill(settings: Settings, symbols: int, first: date) -> None:
    """Fill the raw tables of a home as if everything had been fetched on the evening of the last session."""
    from datetime import UTC, datetime

    fetched = datetime(2026, 5, 29, 22, tzinfo=UTC)
    with settings.home.writer_lock(), settings.home.warehouse() as con:
        record(con, settings.catalog, fetched)
        con.execute("create temp table listed as select format('SY{:05d}', i) as symbol, i as number from range(?) r(i)",
                    [symbols])
        con.execute(f"insert into listed select unnest({[*FUNDS, *INDICES]!r}), unnest(range(100000, {100000 + 10}))")
        con.execute("""create temp table market_session as
            select date, close_at, row_number() over (order by date) as position from raw.catalog_session
            where date between ? and ?""", [first, LAST])
        stated = "false, known_at, ?::timestamp, 'yahoo', 'rule', 'bench'"
        at = [fetched.replace(tzinfo=None)]
        con.execute(f"""insert into raw.price_bar
            select symbol, date, close, close * 1.01, close * 0.99, close, 1e6, {stated}
            from ({PRICES}) join (select date, close_at + interval 15 minute as known_at from market_session) using (date)
            order by symbol, date""", at)
        con.execute(f"""insert into raw.shares_outstanding
            select symbol, date, round(4e10 / power(number + 10, 0.9) * (1 + 0.002 * (date_part('year', date) - 2001)))
                * if(number % 100 = 7 and date >= date '2015-06-01', 2, 1), {stated}
            from (select * from listed where symbol like 'SY%')
            join (select date, close_at + interval 15 minute as known_at from market_session
                  where position % 63 = 1) on true
            order by symbol, date""", at)
        con.execute("""insert into raw.corporate_action
            select symbol, date '2015-06-01', 'split', 2, false, timestamp '2015-06-01 20:15', ?::timestamp, 'yahoo',
                'rule', 'bench'
            from listed where number % 100 = 7 and date '2015-06-01' > ?""", [*at, first])


def name(number: int) -> str:
    return f"SY{number:05d}"


def home(folder: Path, symbols: int, years: int) -> Settings:
    """Write catalog and filled home into `folder`; return the settings that name them."""
    first = LAST - timedelta(days=round(365.25 * years))
    settings = Settings(home_folder=folder / "home", catalog_folder=write_catalog(folder / "catalog", symbols, first))
    fill(settings, symbols, first)
    return settings
