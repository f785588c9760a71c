/*
doc = """
Relative strength of each tier against its own recent mean: what one unit of it became over what one of the Nasdaq
Composite did, one row per session on which both are known.
"""
grain = ["basket", "date"]

[columns]
basket = "Name of the tier."
date = "Session."
relative_strength = "100 times the tier's level over the Nasdaq Composite's, 100 where the tier's level starts."
relative_strength_mean_50d = """\
Mean of relative_strength over the last 50 sessions; NULL under 45 of them, or across a break of the level."""
is_below_mean = "relative_strength < relative_strength_mean_50d."
sessions_below_mean = "How many sessions in a row, today's included, is_below_mean holds; NULL where that is."
known_at = "When the prices since the level's start were known (UTC)."

[assertions]
"strength is positive" = "relative_strength > 0 and relative_strength_mean_50d > 0"
"below is counted" = "is_below_mean = (sessions_below_mean > 0)"
*/
with strength as (
    select basket_level.basket, basket_level.date, basket_level.position, basket_level.run, basket_level.known_at,
        100 * exp(relative_log_level - first_value(relative_log_level) over (partition by basket_level.basket,
            run order by basket_level.position))
            as relative_strength
    from core.basket_level join staging.basket using (basket)
    where basket.role = 'tier' and basket_level.relative_log_level is not null
), averaged as (
    select *,
        -- Decimals add exactly, so that what comes later moves no last digit.
        case when count(*) over last_50 >= 45
            then sum(exact(relative_strength)) over last_50::double / count(*) over last_50 end as mean_50d
    from strength
    window last_50 as (partition by basket, run order by position range between 49 preceding and current row)
), streaks as (
    -- Each session that is not below begins a streak of those that are.
    select *, count(*) filter ((relative_strength < mean_50d) is not true) over (
        partition by basket order by position rows between unbounded preceding and current row
    ) as streak
    from averaged
)
select basket, date, relative_strength,
    mean_50d as relative_strength_mean_50d,
    relative_strength < mean_50d as is_below_mean,
    case when mean_50d is not null
        then row_number() over (partition by basket, streak order by position) - 1 end as sessions_below_mean,
    known_at
from streaks
