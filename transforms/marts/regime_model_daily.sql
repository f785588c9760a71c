/*
doc = """
A second opinion on the regime, from returns alone: how probable it is that the Nasdaq Composite is in the turbulent of
two states. Filtered, never smoothed: a day's probability knows the returns up to that day and no later one. One row per
session with a return, from the first accepted fit on.
"""
grain = ["date"]

[columns]
date = "Session."
turbulent_probability = "Probability of the turbulent state given the returns up to today (Hamilton filter), 0 to 1. It starts at the stationary probability before the fit's first return, and takes the newest fit's parameters all the way."
variance_ratio = "Daily variance of the turbulent state over that of the calm one, in the newest fit."
fitted_on = "Month-end of the newest accepted fit known by the evening of date; that of date itself on a month-end."
is_consistent_with_band = "Whether the confirmed VIX band is above 20 (20_to_25 or higher) where turbulent_probability is 0.5 or more, and below_20 where it is less; NULL without a band."
known_at = "When the last of the returns, the fit and the band was known (UTC)."

[assertions]
"a probability is one" = "turbulent_probability between 0 and 1"
"turbulence varies more" = "variance_ratio >= 1 and isfinite(variance_ratio)"
"a fit is not from the future" = "fitted_on <= date"
"nothing is known before its day" = "known_at >= date"
*/
with nasdaq as (
    select date, log_return, row_number() over (order by position) as place,
        max(known_at) over (order by position rows between unbounded preceding and current row) as known_at
    from core.index_level
    where symbol = '^IXIC' and log_return is not null
), fit as (
    select f.*, a.place as first_place, z.place as last_place,
        sqrt(turbulent_variance / calm_variance) as scale,
        (1 / turbulent_variance - 1 / calm_variance) / 2 as slope,
        (1 - calm_stay_probability) / (2 - calm_stay_probability - turbulent_stay_probability) as stationary
    from staging.regime_model_fit f
    asof join nasdaq a on f.first_return_on <= a.date
    asof join nasdaq z on f.fitted_on >= z.date
    where f.is_accepted
), month_end as (
    -- A return is scale * exp(slope * its square) times likelier on a calm day: bounded, however large it is.
    select f.*, list_reduce(
            history[first_place:last_place],
            lambda turbulent, r: 1 / (1 + scale * exp(slope * (r - mean_return) ** 2) * (1 / (
                turbulent_stay_probability * turbulent + (1 - calm_stay_probability) * (1 - turbulent)) - 1)),
            stationary) as turbulent_probability
    from fit f cross join (select list(log_return order by place) as history from nasdaq)
), since as (
    select n.date, n.known_at, f.fitted_on,
        list(log_return) filter (n.date > f.fitted_on) over (
            partition by f.fitted_on order by n.date rows between unbounded preceding and current row
        ) as returns
    from nasdaq n asof join fit f on n.date >= f.fitted_on
), day as (
    -- The same step again: from its month-end on a fit takes the few returns that came after it.
    select s.date, f.fitted_on, turbulent_variance / calm_variance as variance_ratio,
        list_reduce(
            coalesce(s.returns, []),
            lambda turbulent, r: 1 / (1 + scale * exp(slope * (r - mean_return) ** 2) * (1 / (
                turbulent_stay_probability * turbulent + (1 - calm_stay_probability) * (1 - turbulent)) - 1)),
            f.turbulent_probability) as turbulent_probability,
        greatest(s.known_at, f.known_at) as known_at
    from since s join month_end f using (fitted_on)
)
select d.date, d.turbulent_probability, d.variance_ratio, d.fitted_on,
    (d.turbulent_probability >= 0.5) = (v.band <> 'below_20') as is_consistent_with_band,
    greatest(d.known_at, v.known_at) as known_at
from day d left join core.vix_state v using (date)
