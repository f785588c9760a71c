/*
doc = """
How much the sector funds move together: the mean of their pairwise correlations by session. The windows' sums are taken
in decimals, which add exactly in any order.
"""
grain = ["date"]

[columns]
date = "Session."
pairs = "Pairs of sector funds that have a correlation."
average_correlation_63d = """\
Mean over all pairs of funds of the correlation of their daily returns over 63 sessions, from 50 on which both have a \
return over the same span; NULL where they are fewer than the pairs of eight tenths of the sector funds that the \
catalog has that day."""
known_at = "When the funds' prices were known (UTC)."

[assertions]
"a mean of correlations is one" = "average_correlation_63d between -1 and 1 + 1e-9"
"correlation takes two" = "pairs >= 1"
"nothing is known before its day" = "known_at >= date"
*/
with fund as (
    select basket_risk.basket, basket_risk.date, basket_risk.position, basket_risk.gap_sessions,
        basket_risk.basket_return, basket_risk.known_at
    from core.basket_risk
    join staging.basket using (basket)
    where basket.role = 'sector_fund'
), pair as (
    select first_fund.date, first_fund.position, first_fund.basket as one, second_fund.basket as other,
        first_fund.basket_return as x, second_fund.basket_return as y
    from fund first_fund
    join fund second_fund on second_fund.date = first_fund.date and second_fund.gap_sessions = first_fund.gap_sessions
        and second_fund.basket > first_fund.basket
), summed as (
    select date, one, other,
        count(*) over last_63 as pairs,
        sum(exact(x)) over last_63::double as sum_x,
        sum(exact(y)) over last_63::double as sum_y,
        sum(exact(x * x)) over last_63::double as sum_xx,
        sum(exact(x * y)) over last_63::double as sum_xy,
        sum(exact(y * y)) over last_63::double as sum_yy
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
        exact_mean(correlation) as correlation
    from correlated
    group by date
), required as (
    -- A fund that was not there yet is not missed.
    select averaged.date, ceil(0.8 * count(distinct basket_member.basket)) as funds
    from averaged
    join staging.basket_member on averaged.date >= basket_member.valid_from
        and averaged.date < coalesce(basket_member.valid_to, date 'infinity')
    join staging.basket on basket.basket = basket_member.basket and basket.role = 'sector_fund'
    group by averaged.date
)
select
    date,
    averaged.pairs,
    case when averaged.pairs >= required.funds * (required.funds - 1) / 2
        then averaged.correlation end as average_correlation_63d,
    known.known_at
from averaged
join (select date, max(known_at) as known_at from fund group by date) known using (date)
join required using (date)
where averaged.pairs > 0
