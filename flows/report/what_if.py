"""Compute the effect of a move of some companies on the index at the newest weights (`rallyscope what-if`).

The direct leg is weight x shock. The beta-implied leg is the average move of the other members when the shocked ones
moved: the regression of each member's daily return on those of the shocked members over the last 63 sessions, evaluated at
the shock (the conditional mean of a joint normal, Sigma_os Sigma_ss^-1 s). It is an association of the past, not a
forecast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flows.report.terminal import SectionRows, print_sections
from flows.report.views import Section
from warehouse.data_folder import DataFolder
from warehouse.errors import BadRequest

if TYPE_CHECKING:
    import duckdb

    from warehouse.catalog import Universe

WINDOW, FEWEST = 63, 50

WEIGHTS = """
    select issuer, weight_scheme, weight, date from core.index_weight
    where index_code = $index and weight is not null
        and date = (select max(date) from core.index_weight where index_code = $index)"""

COVARIANCES = f"""
    with dates as (select distinct date from core.issuer_value order by date desc limit {WINDOW}),
    returns as (
        select issuer, date, price_return from core.issuer_value join dates using (date)
        where price_return is not null and issuer in (select issuer from weights))
    select o.issuer, s.issuer, covar_samp(o.price_return, s.price_return)
    from returns o join returns s using (date)
    where s.issuer in (select unnest($shocked))
    group by all having count(*) >= {FEWEST} order by all"""

IMPACT = Section("Impact on the {index_code}, weights by {weight_scheme} of {date}", """
    select $index as index_code, weight_scheme, any_value(moved.date) as date, sum(weight * direct) as direct_return,
        sum(weight * implied) as beta_implied_return, sum(weight * (direct + implied)) as total_return,
        sum(weight * (direct + implied)) * any_value(l.close) as total_index_points,
        sum(weight) filter (implied is not null) as regressed_weight
    from moved left join core.index_level l
      on l.date = moved.date and l.symbol = $published_index
    group by weight_scheme order by weight_scheme""", upright=True, key="impact")

LEGS = Section("The largest legs by full market value, in bp of the index", """
    select issuer, weight, direct as shock_return, implied as beta_implied_return,
        weight * direct * 10000 as direct_bp, weight * implied * 10000 as implied_bp
    from moved where weight_scheme = 'full_cap' order by direct = 0, abs(weight * (direct + implied)) desc limit 12""",
    key="legs")

CONCENTRATION = Section("Concentration before and after", """
    with moment as (
        select weight_scheme, 'before' as moment, 1 as place, weight as value from moved
        union all select weight_scheme, 'after direct', 2, weight * (1 + direct) from moved
        union all select weight_scheme, 'after both', 3, weight * (1 + direct + implied) from moved
    ), weighed as (
        select weight_scheme, moment, place, value / sum(value) over (partition by weight_scheme, place) as weight
        from moment)
    select weight_scheme as scheme, moment, max(weight) as top1_weight, list_sum(max(weight, 5)) as top5_weight,
        list_sum(max(weight, 10)) as top10_weight, 1 / sum(weight * weight) as effective_names,
        coalesce(sum(weight) filter (weight > 0.045), 0) as "over 4.5 % weight"
    from weighed group by weight_scheme, moment, place order by weight_scheme, place""", key="concentration")

RULES = Section("The published limits on weights, at the next rebalance on these weights", """
    with moment as (
        select weight_scheme, 'before' as moment, weight as value, issuer from moved
        union all select weight_scheme, 'after both', weight * (1 + direct + implied), issuer from moved
    ), weighed as (
        select weight_scheme, moment, value / sum(value) over (partition by weight_scheme, moment) as weight from moment
    ), measured as (
        select weight_scheme, moment, place, is_annual, limited, size, above, case limited
            when 'issuer' then max(weight)
            when 'issuers_over' then coalesce(sum(weight) filter (weight > size), 0)
            when 'largest_issuers' then list_sum(max(weight, 100)[:size::integer]) end as weight
        from weighed cross join limits
        group by weight_scheme, moment, place, is_annual, limited, size, above)
    select weight_scheme as scheme, if(is_annual, 'annual', 'quarterly') as review,
        case limited when 'issuer' then 'the largest issuer'
            when 'issuers_over' then format('issuers over {:.1f} % together', 100 * size)
            else format('the {:.0f} largest together', size) end as limited,
        above as limit_weight, any_value(weight) filter (moment = 'before') as before_weight,
        any_value(weight) filter (moment = 'after both') as after_weight,
        any_value(weight > above) filter (moment = 'after both') as broken
    from measured group by weight_scheme, place, is_annual, limited, size, above order by weight_scheme, place""",
    key="limits")

SECTIONS = (IMPACT, LEGS, CONCENTRATION, RULES)


def what_if(home: DataFolder, universe: Universe, shocks: Mapping[str, float], as_json: bool = False) -> None:
    """Print the impact of `shocks` (symbol to return: -0.10 is a fall of 10 %); raise BadRequest for a non-member."""
    with home.marts() as con:
        answers = _answers(con, universe, shocks)
        [(session,)] = con.execute("select max(date) from weights").fetchall()
        print_sections(con, session, answers, as_json)


def parse(shocks: list[str]) -> dict[str, float]:
    """Parse ["NVDA=-0.10"] as {"NVDA": -0.1}; raise BadRequest for an invalid or repeated shock."""
    parsed = {}
    for shock in shocks:
        symbol, _, move = shock.partition("=")
        symbol = symbol.strip().upper()
        if symbol in parsed:
            raise BadRequest(f"shock {shock!r}", f"{symbol} is given twice", "Write each symbol once")
        try:
            if not symbol or "_" in move:  # Python reads 1_0 as 10
                raise ValueError(shock)
            parsed[symbol] = float(move)
        except ValueError:
            raise BadRequest(f"shock {shock!r}", "it is not SYMBOL=RETURN", "Write NVDA=-0.10 for a fall of 10 %") from None
        if not -1 <= parsed[symbol] <= 10:
            raise BadRequest(f"shock {shock!r}", "a return lies between -1 and 10", "Write -0.10 for a fall of 10 %")
    return parsed


def _answers(con: duckdb.DuckDBPyConnection, universe: Universe,
             shocks: Mapping[str, float]) -> list[SectionRows]:
    given = {"index": universe.code, "published_index": universe.published_index}
    con.execute(f"create temp table weights as {WEIGHTS}", {"index": universe.code})
    issuers = {issuer for issuer, in con.execute("select distinct issuer from weights").fetchall()}
    lines = dict(con.execute("select symbol, issuer from core.instrument").fetchall())
    shocked = {lines.get(symbol, symbol): move for symbol, move in shocks.items()}
    if unknown := sorted(shocked.keys() - issuers):
        raise BadRequest(f"shock of {', '.join(unknown)}", f"not in the {universe.title}",
                         'Members: rallyscope query "select distinct issuer from core.index_weight '
                         f"where index_code = '{universe.code}'\"")
    if len(shocked) < len(shocks):
        raise BadRequest(f"shock of {', '.join(shocks)}", "two of them are share classes of one company",
                         "Write each company once")
    implied = _implied(con, shocked)
    con.execute("create temp table moves (issuer varchar, direct double, implied double)")
    con.execute("insert into moves select unnest($1), unnest($2), unnest($3)", [
        (names := sorted(issuers)), [shocked.get(issuer, 0.0) for issuer in names],
        [0.0 if issuer in shocked else implied.get(issuer) for issuer in names]])
    _load_limits(con, universe)
    con.execute("create temp table moved as from weights join moves using (issuer)")
    answers: list[SectionRows] = []
    for section in SECTIONS:
        answer = con.execute(section.sql, {name: value for name, value in given.items() if f"${name}" in section.sql})
        answers.append((section, [column[0] for column in answer.description or []], answer.fetchall()))
    return answers


def _load_limits(con: duckdb.DuckDBPyConnection, universe: Universe) -> None:
    """Create the temporary table `limits` with the catalog's limits of the universe; empty if it declares no limits."""
    con.execute("create temp table limits (place integer, is_annual boolean, limited varchar, size double, above double)")
    if rules := universe.rebalancing:
        declared = [*((False, limit) for limit in rules.limits), *((True, limit) for limit in rules.annual_limits)]
        con.executemany("insert into limits values (?, ?, ?, ?, ?)",
                        [[scheme_number, is_annual, limit.of, limit.size, limit.above]
                         for scheme_number, (is_annual, limit) in enumerate(declared)])


def _implied(con: duckdb.DuckDBPyConnection, shocked: Mapping[str, float]) -> dict[str, float]:
    """Return each member's mean return given the shocks; leave out members with too few sessions in common."""
    import numpy as np

    names = sorted(shocked)
    covariances: dict[str, dict[str, float]] = {}
    for issuer, name, covariance in con.execute(COVARIANCES, {"shocked": names}).fetchall():
        covariances.setdefault(issuer, {})[name] = covariance
    rows = {issuer: [pairs[name] for name in names] for issuer, pairs in covariances.items() if len(pairs) == len(names)}
    if not all(name in rows for name in names):
        return {}
    among = np.array([rows[name] for name in names])
    response = np.linalg.solve(among, np.array([shocked[name] for name in names]))
    return {issuer: float(np.dot(row, response)) for issuer, row in rows.items()}
