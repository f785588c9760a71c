/*
doc = """
A second opinion on the regime, from returns alone: how probable it is that the Nasdaq Composite is in the turbulent of
two states. Filtered, never smoothed: a day's probability knows the returns up to that day and no later one. One row per
session with a return, from the first accepted fit on.
"""
grain = ["date"]

[columns]
date = "Session."
turbulent_probability = """\
Probability of the turbulent state given the returns up to today (Hamilton filter), 0 to 1. It starts at the \
stationary probability before the fit's first return, and takes the newest fit's parameters all the way."""
variance_ratio = "Daily variance of the turbulent state over that of the calm one, in the newest fit."
fitted_on = "Month-end of the newest accepted fit known by the evening of date; that of date itself on a month-end."
is_consistent_with_band = """\
Whether the confirmed VIX band is above 20 (20_to_25 or higher) where turbulent_probability is 0.5 or more, and \
below_20 where it is less; NULL without a band."""
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
    select regime_model_fit.*, first_day.place as first_place, last_day.place as last_place,
        sqrt(turbulent_variance / calm_variance) as scale,
        (1 / turbulent_variance - 1 / calm_variance) / 2 as slope,
        (1 - calm_stay_probability) / (2 - calm_stay_probability - turbulent_stay_probability) as stationary
    from staging.regime_model_fit
    asof join nasdaq first_day on regime_model_fit.first_return_on <= first_day.date
    asof join nasdaq last_day on regime_model_fit.fitted_on >= last_day.date
    where regime_model_fit.is_accepted
), month_end as (
    -- A return is scale * exp(slope * its square) times likelier on a calm day: bounded, however large it is.
    select fit.*, list_reduce(
            history[first_place:last_place],
            lambda turbulent, r: 1 / (1 + scale * exp(slope * (r - mean_return) ** 2) * (1 / (
                turbulent_stay_probability * turbulent + (1 - calm_stay_probability) * (1 - turbulent)) - 1)),
            stationary) as turbulent_probability
    from fit cross join (select list(log_return order by place) as history from nasdaq)
), since as (
    select nasdaq.date, nasdaq.known_at, fit.fitted_on,
        list(log_return) filter (nasdaq.date > fit.fitted_on) over (
            partition by fit.fitted_on order by nasdaq.date rows between unbounded preceding and current row
        ) as returns
    from nasdaq asof join fit on nasdaq.date >= fit.fitted_on
), day as (
    -- The same step again: from its month-end on a fit takes the few returns that came after it.
    select since.date, month_end.fitted_on, turbulent_variance / calm_variance as variance_ratio,
        list_reduce(
            coalesce(since.returns, []),
            lambda turbulent, r: 1 / (1 + scale * exp(slope * (r - mean_return) ** 2) * (1 / (
                turbulent_stay_probability * turbulent + (1 - calm_stay_probability) * (1 - turbulent)) - 1)),
            month_end.turbulent_probability) as turbulent_probability,
        greatest(since.known_at, month_end.known_at) as known_at
    from since join month_end using (fitted_on)
)
select day.date, day.turbulent_probability, day.variance_ratio, day.fitted_on,
    (day.turbulent_probability >= 0.5) = (vix_state.band <> 'below_20') as is_consistent_with_band,
    greatest(day.known_at, vix_state.known_at) as known_at
from day left join core.vix_state using (date)
