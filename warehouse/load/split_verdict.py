"""Decide by the traded prices whether each split is confirmed, contradicted or refuted."""

# A bar times its factor equals the held close within this relative difference, since sources round adjusted prices.
SAME = 5e-4
# Below this |ln(ratio)| the price move of the day hides the jump of the split, so only held closes can decide.
SMALL = 0.15
# Two splits reported within this many days may be one.
NEAR_DAYS = 10

# The closes as traded: those of this response and, around it, the held ones.
TRADED = """
    create or replace temp table traded as
    select b.symbol, b.date, b.close * f.factor as close, b.volume / f.factor as volume, b.held_close is null as is_new
    from answer_bar b join bar_factor f using (symbol, date)
    union all
    select h.symbol, h.date, h.close, h.volume, false
    from held_close h anti join answer_bar b on b.symbol = h.symbol and b.date = h.date"""

# The verdict of the traded prices on each split. For a recent split the close must change by the ratio, give or take the
# move of one day. For a small split only closes that were held before can decide.
SPLIT_VERDICT = f"""
    create or replace temp table split_verdict as
    with steps as (
        select symbol, abs(ln(close) - lag(ln(close)) over (partition by symbol order by date)) as step
        from (select * from traded qualify row_number() over (partition by symbol order by date desc) <= 45)
    ), noise as (
        select symbol, median(step) as noise from steps group by symbol
    ), around as (
        select e.symbol, e.date, e.ratio, e.is_named, e.is_held,
            max_by(t.close, t.date) filter (t.date < e.date) as close_before,
            min_by(t.close, t.date) filter (t.date >= e.date) as close_since
        from split_event e left join traded t on t.symbol = e.symbol and t.date between e.date - 15 and e.date + 15
        group by all
    ), undone as (
        -- A split that is no longer named, and every close since it went back by just that ratio.
        select e.symbol, e.date, e.ratio
        from split_event e
        join answer_bar b on b.symbol = e.symbol and b.segment = e.segment and b.held_close is not null
        where e.is_held and not e.is_named
        group by all having bool_and(abs(b.close / b.held_close / e.ratio - 1) <= {SAME})
    ), recounted as (
        -- A ratio that replaces a held one although the share count moved by the held one.
        select n.symbol, n.date, n.ratio, h.ratio as counted_ratio
        from split_event n
        join split_event h on h.symbol = n.symbol and h.date = n.date and h.is_held and not h.is_named
        join count_move m on m.symbol = h.symbol and m.date = h.date and m.ratio = h.ratio
        where n.is_named and not n.is_held
            and abs(m.moved - 1) * abs(ln(h.ratio)) < abs(m.moved * ln(h.ratio) - ln(n.ratio)) / 3
    ), measured as (
        select a.*, x.proved, x.moved, x.is_forgotten, x.is_near_another, x.is_shown_by_another, x.shows_leap,
            c.counted_ratio,
            ln(close_since / close_before) as leap, abs(ln(a.ratio)) as size,
            n.noise, u.symbol is not null as is_undone,
            if(a.date < s.today - 30, greatest(0.35, size / 2), greatest(0.35, 4 * n.noise)) as bound,
            a.date >= s.today - 30 as is_recent
        from around a cross join stamp s left join undone u using (symbol, date, ratio)
        left join recounted c using (symbol, date, ratio)
        join ex_date x on x.symbol = a.symbol and x.date = a.date left join noise n on n.symbol = a.symbol
    ), judged as (
        select *, case
            when leap is null then 'silent'
            when counted_ratio is not null then 'unclear'
            when is_undone and not coalesce(moved > 0.75, false) then 'refuted'
            when is_forgotten and moved between -0.25 and 0.25 then 'refuted'
            when is_forgotten and moved is null then 'unclear'
            -- What the count shows is not withdrawn by silence, even where the prices are said as if it had never been.
            when is_held and not is_named and not is_near_another and moved > 0.75
                and abs(leap) <= abs(leap + ln(ratio)) then 'unclear'
            when is_recent and is_named and is_near_another and proved is null and not shows_leap
                and not is_shown_by_another then 'unclear'
            -- A small ratio, too, leaves its trace where the symbol moves far less than that from day to day.
            when size < {SMALL} and is_recent and size > 3 * noise and abs(leap) < abs(leap + ln(ratio)) / 3
                and not coalesce(moved > 0.75, false) then if(is_named, 'unclear', 'refuted')
            when size < {SMALL} then case
                when proved is null or abs(proved / ratio - 1) <= 1e-3 or moved > 0.75 or not is_named then 'confirmed'
                else 'unclear' end
            when abs(leap + ln(ratio)) < abs(leap) and abs(leap + ln(ratio)) <= bound then 'confirmed'
            when abs(leap) <= abs(leap + ln(ratio)) and abs(leap) <= bound then 'refuted'
            else 'contradicted' end as verdict
        from measured
    )
    -- Of two ratios for one date the confirmed one stands, and the other is no reason to hold the prices.
    select j.* replace (if(j.verdict = 'contradicted' and exists (
        from judged o where o.symbol = j.symbol and o.date = j.date and o.ratio <> j.ratio and o.verdict = 'confirmed'),
        'refuted', j.verdict) as verdict)
    from judged j"""
