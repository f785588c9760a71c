/*
doc = """
How each basket moves with the Nasdaq Composite and how much: ordinary least squares and volatility over 63 sessions.
The window's sums are taken in decimals: sums of doubles depend in their last digit on how the engine cuts a window,
and so on rows that came later.
"""
grain = ["basket", "date"]

[columns]
basket = "Name of the basket."
date = "Session on which the benchmark or one of the basket's members traded."
position = "Number of the session."
members = "Members that day."
traded_members = "Members with a price return that day: those basket_return is the mean of."
basket_return = "Price return of the basket; NULL where it has none."
benchmark_return = "Price return of the Nasdaq Composite over the same span; the day's own where basket_return is NULL."
gap_sessions = "Sessions without a basket return before this one, 0 normally; NULL where basket_return is."
beta_63d = """\
Slope of basket_return on benchmark_return over 63 sessions; NULL under 50 pairs, or where the benchmark never \
changes."""
correlation_63d = "Correlation of the same pairs; NULL under 50 pairs, or where one of the two never changes."
volatility_63d = """\
Sample standard deviation of log(1 + basket_return) over 63 sessions, times sqrt(252); NULL under 50 returns."""
known_at = "When the prices since the basket's first return were known (UTC)."

[assertions]
"correlation is a cosine" = "abs(correlation_63d) <= 1 + 1e-9"
"volatility is not negative" = "volatility_63d >= 0"
"a figure is a number" = "isfinite(beta_63d) and isfinite(correlation_63d) and isfinite(volatility_63d)"
*/
with paired as (
    select basket_return.basket, basket_return.date, basket_return.position, basket_return.members,
        basket_return.traded_members, basket_return.basket_return,
        basket_return.gap_sessions,
        case when basket_return.basket_return is null then benchmark.price_return
            else benchmark.close / previous_benchmark.close - 1 end as benchmark_return,
        ln(1 + basket_return.basket_return) as log_return,
        max(greatest(basket_return.known_at, benchmark.known_at, previous_benchmark.known_at)) over (
            partition by basket_return.basket order by basket_return.position rows between unbounded preceding
                and current row
        ) as known_at
    from core.basket_return
    left join core.index_level benchmark on benchmark.symbol = '^IXIC' and benchmark.date = basket_return.date
    left join core.index_level previous_benchmark on previous_benchmark.symbol = '^IXIC'
        and previous_benchmark.date = basket_return.previous_date
    where basket_return.traded_members > 0 or benchmark.close is not null
), pair as (
    select *,
        case when basket_return is not null then benchmark_return end as x,
        case when benchmark_return is not null then basket_return end as y
    from paired
), summed as (
    select *,
        count(x) over last_63 as pairs,
        sum(exact(x)) over last_63::double as sum_x,
        sum(exact(y)) over last_63::double as sum_y,
        sum(exact(x * x)) over last_63::double as sum_xx,
        sum(exact(x * y)) over last_63::double as sum_xy,
        sum(exact(y * y)) over last_63::double as sum_yy,
        count(log_return) over last_63 as returns,
        sum(exact(log_return)) over last_63::double as sum_log,
        sum(exact(log_return * log_return)) over last_63::double as sum_log_squared
    from pair
    window last_63 as (partition by basket order by position range between 62 preceding and current row)
), centred as (
    select *,
        sum_xy - sum_x * sum_y / pairs as covariation,
        sum_xx - sum_x * sum_x / pairs as x_variation,
        sum_yy - sum_y * sum_y / pairs as y_variation,
        sum_log_squared - sum_log * sum_log / returns as log_variation
    from summed
), cleared as (
    -- What is left of a sum of squares below its 12th digit is rounding: the series does not vary.
    select * replace (
        case when x_variation > 1e-12 * sum_xx then x_variation end as x_variation,
        case when y_variation > 1e-12 * sum_yy then y_variation end as y_variation,
        case when log_variation > 1e-12 * sum_log_squared then log_variation else 0 end as log_variation)
    from centred
)
select basket, date, position, members, traded_members, basket_return, benchmark_return, gap_sessions,
    case when pairs >= 50 then covariation / x_variation end as beta_63d,
    case when pairs >= 50 then covariation / sqrt(x_variation * y_variation) end as correlation_63d,
    case when returns >= 50 then sqrt(log_variation / (returns - 1) * 252) end as volatility_63d,
    known_at
from cleared
