"""Check a response against the held rows: contradictions go to `held_answer`, or are left out with a reason.

The checks read the results of `load.split_evidence`. They ignore corrections of single bars. They detect a window of
bars that is off by one factor, dated a session late or of another symbol, and a jump that looks like an unreported split.
"""

from __future__ import annotations

import duckdb

from warehouse.load import split_evidence
from warehouse.load.tables import UNREVISED

# The number of re-requested bars needed to tell a window that is off from bars that were corrected.
FEWEST = 5
# The number of closes before a jump needed to tell it from the symbol's own moves.
FEWEST_BEFORE = 5
# Only jumps within this many of a response's newest sessions are doubted.
DOUBTED_SESSIONS = 10
# The split ratios a jump is compared with, how near it must be, and how much the traded value may grow at a mere split.
# Among 176 stocks since 2024, reported splits stay below, and of true jumps only one of a third (WULF 2025-01-27) comes
# near.
RATIOS = "[1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50]"
NEAR = 0.12
VALUE_GROWTH = "if(r.ratio >= 3, 10, 3)"

# Leave out splits whose ex-date shows no jump; load the rest of the response.
REFUTED = """
    create or replace temp table refuted_split as
    select symbol, date, ratio, printf('the split of %g on %s is not used: the close went from %g to %g, no leap like it',
        ratio, date::varchar, close_before, close_since) as reason
    from split_verdict where is_named and verdict = 'refuted'"""

CONTRADICTED = """
    insert into held_answer
    select symbol, null, case
        when verdict = 'contradicted'
            then printf('the split of %g on %s does not fit its prices, the close went from %g to %g',
                        ratio, date::varchar, close_before, close_since)
        when counted_ratio is not null
            then printf('it names a split of %g on %s instead of %g, by which the share count moved',
                        ratio, date::varchar, counted_ratio)
        when not is_named and not is_forgotten
            then printf('it no longer names the split of %g on %s, by which the share count moved',
                        ratio, date::varchar)
        when is_forgotten
            then printf('it no longer names the split of %g on %s, and the earlier bars are still divided by it',
                        ratio, date::varchar)
        when proved is not null and abs(proved / ratio - 1) <= 1e-3
            then printf('it names a split of %g on %s, and the close went from %g to %g', ratio, date::varchar,
                        close_before, close_since)
        when is_near_another then printf('it names splits near %s twice, and no close tells which is right', date::varchar)
        else printf('it names a split of %g on %s, and the earlier bars are not divided by it', ratio, date::varchar) end
    from split_verdict
    where verdict = 'unclear' or verdict = 'contradicted' and is_named"""

# Compare re-requested closes with the held ones. If the response continues the closes held before them and the held ones
# do not, the response is right.
WINDOW = f"""
    insert into held_answer
    with compared as (
        -- Held closes that rest on a split which is now corrected change with it.
        select b.symbol, b.date, b.close * f.factor as close, b.held_close,
            m.factor is not null and (m.factor = f.factor or not m.is_witness) as is_same,
            b.held_close / (b.close * f.factor) as off
        from answer_bar b join bar_factor f using (symbol, date)
        left join bar_match m on m.symbol = b.symbol and m.date = b.date
        where b.held_close is not null
    ), neighbors as (
        select symbol, date, close,
            lag(close) over w as before, lead(close) over w as after
        from held_close window w as (partition by symbol order by date)
    ), windows as (
        select c.symbol, count(*) as bars, count(*) filter (not c.is_same) as differ,
            min(c.date) as first, max(c.date) as last,
            median(c.off) filter (not c.is_same) as off,
            count(*) filter (not c.is_same and c.close between n.before * 0.9999 and n.before * 1.0001) as late,
            count(*) filter (not c.is_same and c.close between n.after * 0.9999 and n.after * 1.0001) as early,
            arg_min(c.date, c.date) filter (not c.is_same) as first_off,
            arg_min(c.close, c.date) filter (not c.is_same) as first_close,
            arg_min(c.held_close, c.date) filter (not c.is_same) as first_held,
            arg_min(n.before, c.date) filter (not c.is_same) as held_before
        from compared c join neighbors n using (symbol, date)
        group by c.symbol
    ), measured as (
        select w.*, (select count(*) from compared c where c.symbol = w.symbol and not c.is_same
                     and abs(c.off / w.off - 1) <= 1e-3) as alike
        from windows w
    )
    select symbol, null, case
        when late >= 0.8 * differ
            then printf('its closes from %s to %s are those of the session before', first::varchar, last::varchar)
        when early >= 0.8 * differ
            then printf('its closes from %s to %s are those of the session after', first::varchar, last::varchar)
        when alike >= 0.8 * differ
            then printf('%d of %d re-asked closes from %s to %s are %g times the held ones, and no split explains it',
                        alike, bars, first::varchar, last::varchar, 1 / off)
        else printf('%d of %d re-asked closes from %s to %s differ from the held ones, %s is %g instead of %g',
            differ, bars, first::varchar, last::varchar, first_off::varchar, first_close, first_held) end
    from measured
    where bars >= {FEWEST} and 2 * differ > bars
        and not (alike >= 0.8 * differ and greatest(late, early) < 0.8 * differ and held_before is not null
                 and abs(ln(off)) > 0.05
                 and abs(ln(first_held / held_before)) > abs(ln(first_close / held_before)) + abs(ln(off)) / 2)"""

# Find re-requested bars that are off by a factor of more than 1.4 from held bars that continue their neighbors. Splits are
# removed: held splits from the held bars, confirmed or silent ones from the response's bars.
LONE = f"""
    insert into held_answer
    with held_level as (
        select h.symbol, h.date, h.close * coalesce(product(v.ratio order by v.date, v.ratio), 1) as level
        from held_close h left join split_verdict v on v.symbol = h.symbol and v.date <= h.date and v.is_held
        group by h.symbol, h.date, h.close
    ), said as (
        select b.symbol, b.date, b.close * f.factor as close, b.held_close,
            b.close * f.factor * coalesce(product(v.ratio order by v.date, v.ratio), 1) as level
        from answer_bar b join bar_factor f using (symbol, date)
        left join split_verdict v
            on v.symbol = b.symbol and v.date <= b.date and v.verdict in ('confirmed', 'silent')
        group by b.symbol, b.date, b.close, f.factor, b.held_close
    ), compared as (
        select b.*, n.level as held_level, n.around, count(*) over (partition by b.symbol) as bars
        from said b
        join (
            select *, median(level) over (partition by symbol order by date
                rows between 3 preceding and 3 following exclude current row) as around
            from held_level
        ) n using (symbol, date)
        where b.held_close is not null
            and (b.symbol, b.date) not in (select (symbol, date) from bar_match where not is_witness)
    )
    select symbol, null, printf('its close of %s is %g, %g is held and continues the sessions around it',
        date::varchar, close, held_close)
    from compared
    where bars >= {FEWEST} and abs(ln(close / held_close)) > ln(1.4) and abs(ln(level / held_level)) > ln(1.4)
        and abs(ln(level / around)) > abs(ln(held_level / around)) + abs(ln(level / held_level)) / 2
        and symbol not in (select key from held_answer)"""

# Sessions that a response omits although it has those around them. If more than half are missing, they are not withdrawn.
MISSING = f"""
    insert into held_answer
    with spans as (
        select symbol, min(date) as first, max(date) as last from landed_bars group by symbol
    ), missing as (
        select s.symbol, min(h.date) as first, count(*) as bars, count(b.date) as answered
        from spans s join held_close h on h.symbol = s.symbol and h.date between s.first and s.last
        left join said_bars b on b.symbol = h.symbol and b.date = h.date
        group by s.symbol
    )
    select symbol, null, printf('it leaves out %d of the %d sessions held in its range', bars - answered, bars)
    from missing where bars >= {FEWEST} and 2 * answered < bars"""

# The same for observations: if most days are missing at once, it is an outage and not a withdrawal.
MISSING_OBSERVATIONS = f"""
    insert into held_answer
    with said as (
        select series_id, date, value from said_observations where {UNREVISED}
    ), spans as (
        select series_id, min(date) as first, max(date) as last from said group by series_id
    ), held as (
        select h.* from recorded_macro_observation h
        join spans s on s.series_id = h.series_id and h.date between s.first and s.last
        qualify row_number() over (partition by h.series_id, h.date order by h.known_at desc, h.fetched_at desc) = 1
    ), missing as (
        select h.series_id, count(*) as held, count(s.value) as answered
        from held h left join said s using (series_id, date) where not h.is_withdrawn group by h.series_id
    )
    select series_id, null, printf('it leaves out %d of the %d values held in its range', held - answered, held)
    from missing where held >= {FEWEST} and 2 * answered < held"""

# A new close that jumps like a split although none is reported. If the traded value grew far more, the move is real.
LEAP = f"""
    insert into held_answer
    with instrument as (
        select symbol, kind from raw.catalog_instrument
        where fetched_at = (select max(fetched_at) from raw.catalog_instrument)
    ), closed as (
        select max(date) as date from raw.catalog_session where close_at <= (select fetched_at from stamp)
    ), newest as (
        select t.*, row_number() over (partition by symbol order by date desc) as from_end
        from traded t where date <= (select date from closed)
        qualify from_end <= 45
    ), steps as (
        select *, lag(close) over w as before, lag(date) over w as before_date,
            last_value(close) over (w rows between unbounded preceding and unbounded following) as last_close,
            row_number() over w - 1 as bars_before,
            median(close * volume) over (w rows between 20 preceding and 1 preceding) as usual_value
        from newest window w as (partition by symbol order by date)
    ), leaps as (
        select s.*, ln(close / before) as leap, abs(ln(close / before)) as size,
            median(abs(ln(close / before))) over (partition by symbol) as noise
        from steps s
    )
    select distinct on (l.symbol) l.symbol, l.date,
        printf('the close went from %g to %g on %s as in a split of %g, but no split is reported', before, close,
               l.date::varchar, if(leap < 0, r.ratio, 1 / r.ratio))
    from leaps l cross join (select unnest({RATIOS}) as ratio) r
    left join instrument i on i.symbol = l.symbol
    where l.is_new and from_end <= {DOUBTED_SESSIONS} and bars_before >= {FEWEST_BEFORE}
        and coalesce(i.kind, 'stock') not in ('index', 'crypto') and l.symbol not like '^%'
        and abs(ln(last_close / close)) < size / 2
        and size > 2.5 * noise and abs(size - ln(r.ratio)) <= if(r.ratio < 2, 0.04, greatest({NEAR}, least(2 * noise, 0.3)))
        and coalesce(close * volume < {VALUE_GROWTH} * usual_value, true)
        and not exists (from split_verdict v where v.symbol = l.symbol and v.date > l.before_date and v.date <= l.date
                        and v.verdict in ('confirmed', 'silent', 'contradicted', 'unclear'))
    order by l.symbol, l.date, abs(size - ln(r.ratio))"""


# Bars before the response's range that derive from a split whose ratio is now corrected change with that ratio.
RESTATED = """
    insert into raw.price_bar
    with corrected as (
        select e.symbol, e.date, e.first_fetched_at, n.ratio / e.ratio as change
        from split_verdict v
        join split_event e using (symbol, date, ratio)
        join split_verdict n on n.symbol = v.symbol and n.date = v.date and n.is_named and n.verdict = 'confirmed'
        where not v.is_named and n.ratio <> v.ratio and v.symbol not in (select key from held_answer)
    ), latest as (
        select h.*
        from recorded_price_bar h
        join corrected c on c.symbol = h.symbol and h.date < c.date
        qualify row_number() over (partition by h.symbol, h.date order by h.known_at desc, h.fetched_at desc) = 1
    ), first_said as (
        select l.symbol, l.date, min(h.fetched_at) as fetched_at
        from latest l join recorded_price_bar h using (symbol, date)
        where abs(h.close / l.close - 1) <= 1e-6 group by all
    )
    select l.symbol, l.date, l.open * c.change, l.high * c.change, l.low * c.change, l.close * c.change,
        l.volume / c.change, false, greatest(s.fetched_at, l.known_at + interval 1 microsecond), s.fetched_at, s.source,
        'snapshot', s.run_id
    from latest l join corrected c on c.symbol = l.symbol and l.date < c.date cross join stamp s
    join first_said f on f.symbol = l.symbol and f.date = l.date and f.fetched_at >= c.first_fetched_at
    where not l.is_withdrawn
        and l.date < (select min(b.date) from said_bars b where b.symbol = l.symbol)
    order by l.symbol, l.date"""


def restate(con: duckdb.DuckDBPyConnection) -> int:
    """Append the bars before the response's range that a corrected split ratio changes; return their number."""
    row = con.execute(RESTATED).fetchone()
    return row[0] if row else 0


def judge_observations(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `held_answer` with the series whose response omits most of the held values in its range."""
    con.execute(MISSING_OBSERVATIONS)


def judge(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Fill `held_answer`, exclude splits that prices refute and keep held ones that the response omits.

    Returns one sentence for each excluded split.
    """
    split_evidence.read(con)
    con.execute(REFUTED)
    for check in (CONTRADICTED, WINDOW, LONE, MISSING, LEAP):
        con.execute(check)
    con.execute("""
        insert into held_row
        select 'actions', symbol, date, to_json(struct_pack(symbol, date, kind := 'split', value := ratio))::varchar,
            'held: ' || reason
        from refuted_split where symbol not in (select key from held_answer) order by all""")
    con.execute("""
        update said_actions a set is_accepted = false from refuted_split r
        where r.symbol = a.symbol and r.date = a.date and a.kind = 'split' and a.value = r.ratio""")
    # A missing split that the prices still show is not withdrawn: it counts as reported.
    con.execute("""
        insert into said_actions by name
        select symbol, date, 'split' as kind, ratio as value, false as is_accepted
        from split_verdict where not is_named and verdict <> 'refuted' and verdict <> 'silent'""")
    left_out = con.execute("""
        select symbol, reason from refuted_split
        where symbol not in (select key from held_answer) order by all""")
    return tuple(f"{symbol}: {reason}" for symbol, reason in left_out.fetchall())
