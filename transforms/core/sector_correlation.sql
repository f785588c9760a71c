/*
doc = """
How much the sector funds move together: the mean of their pairwise correlations by session. The windows' sums are taken
in decimals, which add exactly in any order.
"""
grain = ["date"]

[columns]
date = "Session."
pairs = "Pairs of sector funds that have a correlation."
average_correlation_63d = "Mean over all pairs of funds of the correlation of their daily returns over 63 sessions, from 50 on which both have a return over the same span; NULL where they are fewer than the pairs of eight tenths of the sector funds that the catalog has that day."
known_at = "When the funds' prices were known (UTC)."

[assertions]
"a mean of correlations is one" = "average_correlation_63d between -1 and 1 + 1e-9"
"correlation takes two" = "pairs >= 1"
"nothing is known before its day" = "known_at >= date"
*/
with fund as (
    select r.basket, r.date, r.position, r.gap_sessions, r.basket_return, r.known_at
    from core.basket_risk r
    join staging.basket b using (basket)
    where b.role = 'sector_fund'
), pair as (
    select a.date, a.position, a.basket as one, b.basket as other, a.basket_return as x, b.basket_return as y
    from fund a
    join fund b on b.date = a.date and b.gap_sessions = a.gap_sessions and b.basket > a.basket
), summed as (
    select date, one, other,
        count(*) over last_63 as pairs,
        sum(x::decimal(38, 18)) over last_63::double as sum_x,
        sum(y::decimal(38, 18)) over last_63::double as sum_y,
        sum((x * x)::decimal(38, 18)) over last_63::double as sum_xx,
        sum((x * y)::decimal(38, 18)) over last_63::double as sum_xy,
        sum((y * y)::decimal(38, 18)) over last_63::double as sum_yy
    from pair
    window last_63 as (partition by one, other order by position range between 62 preceding and current row)
), correlated as (
    -- What is left of a sum of squares below its 12th digit is rounding: the fund does not vary.
    select date, one, other, (sum_xy - sum_x * sum_y / pairs) / sqrt(
        case when sum_xx - sum_x * sum_x / pairs > 1e-12 * sum_xx then sum_xx - sum_x * sum_x / pairs end
        * case when sum_yy - sum_y * sum_y / pairs > 1e-12 * sum_yy then sum_yy - sum_y * sum_y / pairs end
    ) as correlation
    from summed
    where pairs >= 50
), averaged as (
    select date,
        count(correlation) as pairs,
        sum(correlation::decimal(38, 18))::double / count(correlation) as correlation
    from correlated
    group by date
), required as (
    -- A fund that was not there yet is not missed.
    select a.date, ceil(0.8 * count(distinct m.basket)) as funds
    from averaged a
    join staging.basket_member m on a.date >= m.valid_from and a.date < coalesce(m.valid_to, date 'infinity')
    join staging.basket b on b.basket = m.basket and b.role = 'sector_fund'
    group by a.date
)
select
    date,
    a.pairs,
    case when a.pairs >= r.funds * (r.funds - 1) / 2 then a.correlation end as average_correlation_63d,
    k.known_at
from averaged a
join (select date, max(known_at) as known_at from fund group by date) k using (date)
join required r using (date)
where a.pairs > 0
