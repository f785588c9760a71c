/*
doc = """
Betas of each basket to the Nasdaq Composite on the days it rises and on the days it falls: ordinary least squares with an
intercept over 63 sessions, on the pairs of core.basket_risk. The windows' sums are taken in decimals, which add exactly.
"""
grain = ["basket", "date"]

[columns]
basket = "Name of the basket."
date = "Session."
beta_up_63d = """\
Slope of basket_return on benchmark_return over the pairs of 63 sessions whose benchmark_return is above 0; NULL under \
50 pairs in all or 15 of these, or where the benchmark's never change."""
beta_down_63d = "The same over those whose benchmark_return is below 0."
known_at = "When the prices since the basket's first return were known (UTC)."

[assertions]
"a beta is a number" = "isfinite(beta_up_63d) and isfinite(beta_down_63d)"
*/
with pair as (
    select basket, date, position, known_at, benchmark_return as x, basket_return as y,
        basket_return is not null and benchmark_return is not null as is_pair,
        basket_return is not null and benchmark_return > 0 as is_up,
        basket_return is not null and benchmark_return < 0 as is_down
    from core.basket_risk
), summed as (
    select basket, date, known_at,
        count(*) filter (is_pair) over last_63 as pairs,
        count(*) filter (is_up) over last_63 as ups,
        sum(exact(x)) filter (is_up) over last_63::double as up_x,
        sum(exact(y)) filter (is_up) over last_63::double as up_y,
        sum(exact(x * x)) filter (is_up) over last_63::double as up_xx,
        sum(exact(x * y)) filter (is_up) over last_63::double as up_xy,
        count(*) filter (is_down) over last_63 as downs,
        sum(exact(x)) filter (is_down) over last_63::double as down_x,
        sum(exact(y)) filter (is_down) over last_63::double as down_y,
        sum(exact(x * x)) filter (is_down) over last_63::double as down_xx,
        sum(exact(x * y)) filter (is_down) over last_63::double as down_xy
    from pair
    window last_63 as (partition by basket order by position range between 62 preceding and current row)
)
-- What is left of a sum of squares below its 12th digit is rounding: the benchmark does not vary.
select basket, date,
    case when pairs >= 50 and ups >= 15 and up_xx - up_x * up_x / ups > 1e-12 * up_xx
        then (up_xy - up_x * up_y / ups) / (up_xx - up_x * up_x / ups) end as beta_up_63d,
    case when pairs >= 50 and downs >= 15 and down_xx - down_x * down_x / downs > 1e-12 * down_xx
        then (down_xy - down_x * down_y / downs) / (down_xx - down_x * down_x / downs) end as beta_down_63d,
    known_at
from summed
