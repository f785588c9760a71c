"""Decide whether the bars of a response are divided by its splits, and which splits the prices confirm.

The source usually divides each bar by every later split, but not always, and it does not always report the split. Three
kinds of evidence decide: the held closes as traded, the price jump at the ex-date, and the share counts. The results:

`split_event`      splits that the response reports or that are held within its range; `split_verdict` judges them
`segment_factor`   by symbol and span between two ex-dates, the factor that restores the traded prices
`bar_factor`       the same by bar; a single bar may differ from its span

Bars that equal the held ones under the right factor add nothing. Contradictions go to `held_answer`.
"""

from __future__ import annotations

import duckdb

from warehouse.load.split_verdict import NEAR_DAYS, SAME, SMALL, SPLIT_VERDICT, TRADED

# The held closes around the response, each with the fetch that first reported it.
HELD_CLOSE = """
    create or replace temp table held_close as
    with reach as (
        select symbol, min(date) as first_date, max(date) as last_date from said_bars group by symbol
    ), versions as (
        select h.symbol, h.date, h.close, h.volume, h.is_withdrawn, h.known_at, h.fetched_at
        from recorded_price_bar h
        join reach r on r.symbol = h.symbol and h.date between r.first_date - 60 and r.last_date
    ), latest as (
        select * from versions
        qualify row_number() over (partition by symbol, date order by known_at desc, fetched_at desc) = 1
    )
    select l.symbol, l.date, l.close, l.volume, min(v.fetched_at) as first_fetched_at
    from latest l join versions v on v.symbol = l.symbol and v.date = l.date and abs(v.close / l.close - 1) <= 1e-6
    where not l.is_withdrawn and l.close > 0
    group by all"""

# Splits that the response reports, and those held within the requested range. `segment` numbers the spans between
# ex-dates: the number of a span is the count of ex-dates up to its first day.
SPLIT_EVENT = """
    create or replace temp table split_event as
    with versions as (
        select a.symbol, a.date, a.value as ratio, a.is_withdrawn, a.known_at, a.fetched_at
        from recorded_corporate_action a
        join outcomes o on o.key = a.symbol and a.date between o.asked_from::date and o.asked_to::date
        where a.kind = 'split' and o.status = 'received'
    ), latest as (
        select * from versions
        qualify row_number() over (partition by symbol, date order by known_at desc, fetched_at desc) = 1
    ), together as (
        select symbol, date, value as ratio, true as is_named, null as first_fetched_at
        from landed_actions where kind = 'split' and value > 0
        union all
        select l.symbol, l.date, l.ratio, false, min(v.fetched_at)
        from latest l join versions v using (symbol, date, ratio)
        where not l.is_withdrawn group by all
    ), merged as (
        select symbol, date, coalesce(max(ratio) filter (is_named), max(ratio)) as ratio,
            bool_or(is_named) as is_named, bool_or(not is_named) as is_held, min(first_fetched_at) as first_fetched_at
        from together group by symbol, date, round(ratio, 6)
    )
    select *, dense_rank() over (partition by symbol order by date) as segment from merged"""

# The bars of the response with the held close and volume of the same date, each with its span.
ANSWER_BAR = """
    create or replace temp table answer_bar as
    with ex_dates as (select distinct symbol, date, segment from split_event)
    select b.symbol, b.date, b.close, b.volume, coalesce(e.segment, 0) as segment,
        h.close as held_close, h.volume as held_volume, h.first_fetched_at
    from landed_bars b
    asof left join ex_dates e on e.symbol = b.symbol and e.date <= b.date
    left join held_close h on h.symbol = b.symbol and h.date = b.date
    where b.close > 0"""

# A source with the as_traded convention divides no bar, whatever splits it reports.
IS_AS_TRADED = "(from price_convention) = 'as_traded'"

# Every span of every symbol, with the factor of the source's convention: the product of all later splits it reports.
SEGMENT = f"""
    create or replace temp table segment as
    with spans as (
        select symbol, unnest(range(0, max(segment) + 1)) as segment
        from (select symbol, segment from answer_bar union all select symbol, segment from split_event
              union all select symbol, 0 from landed_actions)
        group by symbol
    )
    select s.symbol, s.segment,
        if({IS_AS_TRADED}, 1, coalesce(product(e.ratio order by e.date, e.ratio), 1)) as convention
    from spans s left join split_event e on e.symbol = s.symbol and e.is_named and e.segment > s.segment
    group by all"""

# Every product of later splits by which the bars of a span may be divided: all subsets of the next six splits.
# `derived_since`: if the product has splits that the response no longer reports, the fetch that first reported the
# earliest of them. Closes held since then may be derived from that split.
CANDIDATE = f"""
    create or replace temp table candidate as
    with later as (
        select s.symbol, s.segment, e.ratio, e.is_named, e.first_fetched_at,
            row_number() over (partition by s.symbol, s.segment order by e.date, e.ratio) as place,
            count(*) over (partition by s.symbol, s.segment) as places
        from segment s join split_event e on e.symbol = s.symbol and e.segment > s.segment
    ), subsets as (
        select *, unnest(range(0, 1 << least(places, 6))) as subset from later
    ), products as (
        select symbol, segment, subset,
            product(if(if(place <= 6, (subset >> (place - 1)) & 1 = 1, is_named), ratio, 1)
                    order by place) as factor,
            min(first_fetched_at) filter (place <= 6 and (subset >> (place - 1)) & 1 = 1 and not is_named) as derived_since
        from subsets group by all
    )
    select symbol, segment, factor, derived_since, false as is_convention from products where not {IS_AS_TRADED}
    union all
    select symbol, segment, convention, null, true from segment"""

# The candidate factor under which each bar equals the held close, if any. The convention comes first, then factors that
# the held close was not itself derived from.
BAR_MATCH = f"""
    create or replace temp table bar_match as
    select b.symbol, b.date, b.segment, c.factor, c.is_convention,
        c.is_convention or c.derived_since is null or b.first_fetched_at < c.derived_since as is_witness
    from answer_bar b join candidate c using (symbol, segment)
    where abs(b.close * c.factor / b.held_close - 1) <= {SAME}
    qualify row_number() over (partition by b.symbol, b.date order by
        c.is_convention desc, is_witness desc, abs(b.close * c.factor / b.held_close - 1), c.factor) = 1"""

# The evidence of the held closes for each span: its factor, or that they derive from the split in question (`is_derived`).
SEGMENT_MATCH = f"""
    create or replace temp table segment_match as
    with overlap as (
        select symbol, segment, count(held_close) as bars, count(*) as all_bars from answer_bar group by all
    ), by_factor as (
        select symbol, segment, factor, is_convention, is_witness, count(*) as bars from bar_match group by all
    ), best as (
        select f.*, o.bars as overlapping
        from by_factor f join overlap o using (symbol, segment)
        where 2 * f.bars >= o.bars
        qualify row_number() over (partition by f.symbol, f.segment
                                   order by is_convention desc, is_witness desc, f.bars desc, factor) = 1
    ), newest as (
        select symbol, max(segment) as segment from segment group by symbol
    )
    select s.symbol, s.segment, s.convention,
        case when {IS_AS_TRADED} then null when b.is_witness then b.factor
            when n.segment is not null and coalesce(o.bars, 0) = 0 then 1.0 end as factor,
        b.factor as matched_factor, coalesce(not b.is_witness, false) as is_derived
    from segment s
    left join overlap o using (symbol, segment)
    left join best b using (symbol, segment)
    left join newest n on n.symbol = s.symbol and n.segment = s.segment"""

# The change of the held share count across each split, as a fraction of the change its ratio implies: 1 moved, 0 did not.
COUNT_MOVE = """
    create or replace temp table count_move as
    with counts as (
        select c.symbol, c.date, c.shares_outstanding as shares
        from raw.shares_outstanding c join (select distinct symbol from split_event) using (symbol)
        where c.fetched_at <= (select fetched_at from stamp)
        qualify row_number() over (partition by c.symbol, c.date order by c.known_at desc, c.fetched_at desc) = 1
    )
    select e.symbol, e.date, e.ratio,
        ln(arg_max(c.shares, c.date) filter (c.date >= e.date - 3)
            / arg_max(c.shares, c.date) filter (c.date < e.date - 3)) / ln(e.ratio) as moved
    from split_event e join counts c on c.symbol = e.symbol and c.date between e.date - 400 and e.date + 30
    where c.shares > 0 and e.ratio <> 1
    group by e.symbol, e.date, e.ratio"""

# The ratio by which the bars before each ex-date are divided (`divided_by`): from the held closes on both sides, else from
# the jump between the last bars before and the first bars after. If several splits are reported close together and one of
# them shows its jump, the others have none.
EX_DATE = f"""
    create or replace temp table ex_date as
    with sides as (
        select b.symbol, b.segment, b.close,
            row_number() over (partition by b.symbol, b.segment order by b.date) as from_start,
            row_number() over (partition by b.symbol, b.segment order by b.date desc) as from_end
        from answer_bar b join (select distinct symbol from split_event) using (symbol)
    ), levels as (
        select symbol, segment, median(ln(close)) filter (from_start <= 3) as first_level,
            median(ln(close)) filter (from_end <= 3) as last_level
        from sides group by all
    ), dates as (
        select symbol, date, segment, coalesce(product(ratio order by ratio) filter (is_named), 1) as named,
            product(ratio order by ratio) as ratio, bool_or(is_named) as is_named, max(m.moved) as moved
        from split_event left join count_move m using (symbol, date, ratio) group by all
    ), leaps as (
        select d.*, after.first_level - before.last_level as leap, m_before.factor / m_after.factor as proved,
            m_before.is_derived as is_derived, m_before.matched_factor / coalesce(m_after.factor, 1) as matched,
            abs(ln(named)) as size
        from dates d
        join segment_match m_after on m_after.symbol = d.symbol and m_after.segment = d.segment
        join segment_match m_before on m_before.symbol = d.symbol and m_before.segment = d.segment - 1
        left join levels before on before.symbol = d.symbol and before.segment = d.segment - 1
        left join levels after on after.symbol = d.symbol and after.segment = d.segment
    ), read as (
        select *, leap is not null and size >= {SMALL} and abs(leap + ln(named)) < abs(leap) as shows_leap from leaps
    ), near as (
        select r.symbol, r.date, bool_or(o.is_named) as is_named, bool_or(o.shows_leap) as shows_leap
        from read r join read o on o.symbol = r.symbol and o.date <> r.date and abs(o.date - r.date) <= {NEAR_DAYS}
        group by all
    )
    select r.*,
        r.is_named and coalesce(n.is_named, false) as is_near_another,
        coalesce(n.shows_leap, false) as is_shown_by_another,
        r.is_derived and not r.is_named and not coalesce(n.is_named, false) as is_forgotten,
        case when r.proved is not null then r.proved when is_forgotten and r.moved > 0.75 then r.matched
            when r.shows_leap or is_shown_by_another then 1 else r.named end as divided_by
    from read r left join near n using (symbol, date)"""

SEGMENT_FACTOR = f"""
    create or replace temp table segment_factor as
    select m.symbol, m.segment,
        if({IS_AS_TRADED}, 1, coalesce(m.factor, product(e.divided_by order by e.date), 1)) as factor
    from segment_match m left join ex_date e on e.symbol = m.symbol and e.segment > m.segment
    group by m.symbol, m.segment, m.factor"""

BAR_FACTOR = """
    create or replace temp table bar_factor as
    select b.symbol, b.date, coalesce(m.factor, f.factor) as factor,
        -- A volume may be multiplied although the prices are not divided, or the other way round.
        case when abs(b.volume / s.convention / b.held_volume - 1) <= 1e-3 then s.convention
            when abs(b.volume / b.held_volume - 1) <= 1e-3 then 1 else coalesce(m.factor, f.factor) end as volume_factor
    from (select distinct on (symbol, date) * from answer_bar order by symbol, date, close) b
    join segment_factor f using (symbol, segment)
    join segment s using (symbol, segment)
    left join bar_match m on m.symbol = b.symbol and m.date = b.date and m.is_witness"""

ACTION_FACTOR = """
    create or replace temp table action_factor as
    with ex_dates as (select distinct symbol, date, segment from split_event)
    select a.symbol, a.date, f.factor
    from (select distinct symbol, date from landed_actions) a
    asof left join ex_dates e on e.symbol = a.symbol and e.date <= a.date
    join segment_factor f on f.symbol = a.symbol and f.segment = coalesce(e.segment, 0)"""

STEPS = (HELD_CLOSE, SPLIT_EVENT, ANSWER_BAR, SEGMENT, CANDIDATE, BAR_MATCH, SEGMENT_MATCH, COUNT_MOVE, EX_DATE,
         SEGMENT_FACTOR, BAR_FACTOR, ACTION_FACTOR,
         TRADED, SPLIT_VERDICT)


def read(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables above for the response in `said_bars` and `said_actions`."""
    for step in STEPS:
        con.execute(step)
