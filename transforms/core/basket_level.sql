/*
doc = """
What one unit put in a basket became, and the Nasdaq Composite beside it, as logarithms. A silence of more than five
sessions breaks the level: a new one starts, which is not compared with the old one.
"""
grain = ["basket", "date"]

[columns]
basket = "Name of the basket."
date = "Session with a basket return, and the session the first return counts from."
position = "Number of the session."
run = "Number of the level, 1 for the basket's first; a higher one after each longer silence."
log_level = "Natural logarithm of the level: 0 where the run starts, then the sum of log(1 + basket return)."
benchmark_close = "Nasdaq Composite, index points; NULL where it has no close."
relative_log_level = "log_level minus the logarithm of benchmark_close: only its differences mean something."
known_at = "When the prices since the run's start were known (UTC)."

[assertions]
"levels are numbers" = "isfinite(log_level) and coalesce(isfinite(relative_log_level), true)"
"relative needs a benchmark" = "(relative_log_level is null) = (benchmark_close is null)"
*/
with steps as (
    select basket, date, position, previous_date, basket_return, known_at,
        position - gap_sessions - 1 as previous_position,
        last_value(date) over (partition by basket order by position range between 5 preceding and 1 preceding)
            is null as starts
    from core.basket_return where basket_return is not null
), runs as (
    select *, count(*) filter (starts) over (
        partition by basket order by position rows between unbounded preceding and current row
    ) as run
    from steps
), points as (
    select basket, date, position, run, ln(1 + basket_return) as log_return, known_at from runs
    union all
    select basket, previous_date, previous_position, run, 0, known_at from runs where starts
), beside as (
    select points.*, index_level.close as benchmark_close,
        greatest(points.known_at, index_level.known_at) as both_known_at
    from points left join core.index_level on index_level.date = points.date and index_level.symbol = '^IXIC'
), levels as (
    select *,
        sum(exact(log_return)) over so_far::double as log_level,
        max(both_known_at) over so_far as all_known_at
    from beside
    window so_far as (partition by basket, run order by position rows between unbounded preceding and current row)
)
select basket, date, position, run, log_level,
    benchmark_close,
    log_level - ln(benchmark_close) as relative_log_level,
    all_known_at as known_at
from levels
