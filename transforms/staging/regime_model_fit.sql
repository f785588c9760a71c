/*
doc = """
Month-end fits of the two-state model of the Nasdaq Composite's daily log returns (normal, one mean, a calm and a
turbulent variance, the state a Markov chain), made outside the build from what was known at that month-end.
"""
grain = ["fitted_on"]

[columns]
fitted_on = "Month-end session whose evening the fit stands for."
first_return_on = "Session of the first return it was made from; the last one is fitted_on's at the latest."
returns = "How many returns it was made from, at most 2,520."
mean_return = "Mean daily log return, the same in both states."
calm_variance = "Daily variance of log returns in the calm state, the one of the smaller variance."
turbulent_variance = "Daily variance of log returns in the turbulent state."
calm_stay_probability = "Probability that a calm day is followed by another."
turbulent_stay_probability = "Probability that a turbulent day is followed by another."
log_likelihood = "Logarithm of the likelihood of the returns, at its maximum."
turbulent_share = "Share of the returns whose day was turbulent rather than calm, by what was known on it."
is_accepted = "Whether it describes two states; only then is it used."
reason = """\
Why it was rejected: too few returns, no maximum, a state that never ends, or one visited on under 5 % of the days; \
NULL when it was accepted."""
known_at = "When the month-end's prices were known (UTC), the first moment at which it could be made."

[assertions]
"an accepted fit is complete, a rejected one has its reason" = """
is_accepted = (reason is null) and (not is_accepted or coalesce(isfinite(
    mean_return + calm_variance + turbulent_variance + calm_stay_probability + turbulent_stay_probability
), false))
"""
"the turbulent state varies more" = "not is_accepted or (0 < calm_variance and calm_variance <= turbulent_variance)"
"a state may end" = """
not is_accepted or (calm_stay_probability between 0 and 1 - 1.0 / returns
    and turbulent_stay_probability between 0 and 1 - 1.0 / returns)
"""
"both states are visited" = "not is_accepted or turbulent_share between 0.05 and 0.95"
"a fit sees no later day" = "first_return_on <= fitted_on and known_at >= fitted_on"
*/
select
    fitted_on, first_return_on, returns, mean_return, calm_variance, turbulent_variance, calm_stay_probability,
    turbulent_stay_probability, log_likelihood, turbulent_share, is_accepted, nullif(reason, '') as reason,
    known_at
from raw.regime_model_fit
where known_at <= getvariable('as_of') and fetched_at <= getvariable('recorded_by')
qualify row_number() over (partition by fitted_on order by known_at desc, fetched_at desc) = 1
