/*
doc = """
How many shares a large member must have for its index to return what it did. Every 21 sessions the published return of
the last 126 is set against a light reconstruction: members by the median of the feed's units over the window, the
issuers above 2.5 % times the one factor (of 0.20 to 1.25) that leaves the smallest squares, since limits hold them
down. What is left, regressed on a member's excess return times its weight, says by how much its count is off.
It is said of members of at least 1 % only, and only where the reconstruction then explains 94 % of the squares over 63
sessions or more. Limits and unlisted classes make true counts look up to 1.45 times too small (1.9 under 3 %, where
one company differs more) or 0.45 times too large: the bounds leave that room, and two standard errors.
"""
grain = ["symbol", "position"]

[columns]
symbol = "Member's line that its issuer is counted by."
position = "Number of the session the window ends on; at 21, 42 and so on."
weight = "Mean weight in the light reconstruction, 0 to 1."
reference_units = "Units of the feed it was weighted by: the median over the window."
index_units = "Units at which the reconstruction would have closed."
standard_error = "Standard error of index_units / reference_units."
low_units = "Fewer units than these contradict the index."
high_units = "More units than these contradict the index."
known_at = "When every price, count and index level of the window could be known (UTC)."

[promises]
"bounds are in order" = "0 <= low_units and low_units < high_units"
"only large members are told" = "weight between 0.01 and 1"
*/
with line as (
    select i.issuer, i.symbol
    from staging.instrument i
    join (
        select issuer, bool_or(counts_whole_company) as counts_whole_company
        from staging.instrument
        where kind = 'stock'
        group by issuer
    ) company using (issuer)
    where i.kind = 'stock' and (i.is_primary_line or not company.counts_whole_company)
), bar as (
    select u.index_code, p.symbol, p.position, p.price_return, p.level / (1 + p.price_return) as open_level,
        c.feed_units, v.price_return as published_return, greatest(p.known_at, c.known_at, v.known_at) as known_at
    from staging.universe_member u
    join staging.universe n using (index_code)
    join line l using (symbol)
    join core.security_price p
        on p.symbol = u.symbol and p.date >= u.valid_from and (u.valid_to is null or p.date < u.valid_to)
        and p.gap_sessions = 0
    join core.index_level v on v.symbol = n.published_index and v.date = p.date and v.gap_sessions = 0
    asof join core.share_count_spell c on c.symbol = p.symbol and c.first_position < p.position
), sampled as (
    select s.position as end_position, b.*,
        quantile_disc(b.feed_units, 0.5) over (partition by b.index_code, s.position, b.symbol) as units
    from staging.session s
    join bar b on b.position between s.position - 125 and s.position
    where s.position % 21 = 0
), weighed as (
    select *,
        units * open_level / sum(units * open_level) over (partition by index_code, end_position, position) as plain_weight
    from sampled
), sized as (
    select *, avg(plain_weight) over (partition by index_code, end_position, symbol) > 0.025 as is_large
    from weighed
), day as (
    select index_code, end_position, position, any_value(published_return) as published_return,
        sum(plain_weight * price_return order by symbol) as plain_return,
        coalesce(sum(plain_weight * price_return order by symbol) filter (is_large), 0) as large_return,
        coalesce(sum(plain_weight order by symbol) filter (is_large), 0) as large_weight
    from sized
    group by index_code, end_position, position
), tried as (
    select index_code, end_position, factor,
        count(*) as sessions,
        sum(power(published_return - (plain_return + (factor - 1) * large_return) / (1 + (factor - 1) * large_weight), 2)
            order by position) as squares,
        sum(power(published_return, 2) order by position) as total_squares
    from day
    cross join (select unnest(range(20, 130, 5)) / 100 as factor)
    group by index_code, end_position, factor
), fitted as (
    select index_code, end_position, factor, total_squares
    from tried
    where sessions >= 63
    qualify row_number() over (partition by index_code, end_position order by squares, factor) = 1
), missed as (
    select s.symbol, s.index_code, s.end_position, s.position, s.units,
        s.plain_weight * if(is_large, factor, 1) / (1 + (factor - 1) * large_weight) as weight,
        weight * (s.price_return - s.published_return) as lever,
        s.published_return - (plain_return + (factor - 1) * large_return) / (1 + (factor - 1) * large_weight) as residual,
        total_squares,
        max(known_at) over (partition by s.index_code, s.end_position) as known_at
    from sized s
    join day using (index_code, end_position, position)
    join fitted using (index_code, end_position)
), regressed as (
    select symbol, index_code, end_position as position, any_value(units) as units,
        avg(weight order by position) as weight,
        sum(lever * residual order by position) / sum(lever * lever order by position) as slope,
        sum(residual * residual order by position)
            - power(sum(lever * residual order by position), 2) / sum(lever * lever order by position) as squares,
        sqrt(greatest(squares, 0) / (count(*) - 1) / sum(lever * lever order by position)) as standard_error,
        any_value(total_squares) as total_squares,
        any_value(known_at) as known_at
    from missed
    group by symbol, index_code, end_position
    having count(*) >= 63 and avg(weight order by position) >= 0.01 and sum(lever * lever order by position) > 0
), told as (
    -- The lever is against the published return, so that 1 + slope is true units / units, however large the member.
    select *, 1 + slope as times
    from regressed
    where squares < 0.06 * total_squares
    qualify row_number() over (partition by symbol, position order by weight desc, index_code) = 1
)
select symbol, position, weight,
    units as reference_units,
    units * times as index_units,
    standard_error,
    units * greatest(times - 2 * standard_error, 0) / if(weight >= 0.03, 1.45, 1.9) as low_units,
    units * greatest(times + 2 * standard_error, 0.1) / 0.45 as high_units,
    known_at
from told
