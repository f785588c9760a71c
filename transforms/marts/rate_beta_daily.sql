/*
doc = """
How each asset moves with the 10-year Treasury yield: ordinary least squares of its daily returns on the yield's change
and, except for the S&P 500 itself, the S&P 500's return, over the pairs of the last 126 sessions that were known on the
evening of the row (core.rate_pair): today's yield is published tomorrow, so today's pair is not among them. One row per
asset and session on which it has a return.
"""
grain = ["date", "asset"]

[columns]
date = "Session."
asset = "^IXIC (Nasdaq Composite), ^GSPC (S&P 500), or the basket of a tier or sector fund."
rate_beta_126d = """\
Return per basis point of rise in DGS10, the S&P 500's return held fixed; -0.001 is a loss of 0.1 % a basis point. \
NULL under 100 pairs, or where the yield never changes."""
rate_beta_126d_standard_error = """\
Newey-West standard error of it: Bartlett kernel, 5 lags, no small-sample correction (statsmodels' HAC with \
use_correction=False); pairs follow each other as observations."""
r_squared = """\
Share of the variance of the returns that the regression explains, the S&P 500's part included; NULL where the returns \
never change."""
pairs = "Pairs of return and yield change in the regression."
pit_quality = """\
The weakest of the yields in the regression: rule when the moment of any follows from a rule, then snapshot, then \
vintage; NULL without a pair."""
known_at = "When the last input was known (UTC)."

[assertions]
"a beta has its error" = "(rate_beta_126d is null) = (rate_beta_126d_standard_error is null)"
"a beta takes 100 pairs" = "rate_beta_126d is null or pairs >= 100"
"no more pairs than sessions" = "pairs between 0 and 126"
"an error is not negative" = "rate_beta_126d_standard_error >= 0"
"figures are numbers" = "isfinite(rate_beta_126d) and isfinite(rate_beta_126d_standard_error)"
"explained is a share" = "r_squared between -1e-9 and 1 + 1e-9"
"nothing is known before its day" = "known_at >= date"
*/
with returned as (
    select symbol as asset, date, position from core.index_level
    where symbol in ('^IXIC', '^GSPC') and price_return is not null
    union all
    select basket_return.basket, basket_return.date, basket_return.position
    from core.basket_return
    join staging.basket using (basket)
    where basket.role in ('tier', 'sector_fund') and basket_return.basket_return is not null
), unusual as (
    -- A pair that was not simply known on the next evening for good: what a window holds may then depend on its day.
    select asset, position, from_position,
        until_position from core.rate_pair where from_position <> position + 1 or until_position is not null
), day as (
    -- Evenings without a return of the asset may still learn of an earlier pair.
    select asset_span.asset, session.date, session.position,
        returned.asset is not null as has_row,
        exists (
            from unusual where unusual.asset = asset_span.asset and unusual.position between session.position - 125
                and session.position
                -- A late one (a yield after a holiday of the Board) only until it is known, an early
                -- one on its own evening.
                and (unusual.until_position is not null
                    or (unusual.from_position > session.position) = (unusual.position < session.position))
        ) as is_unusual
    from (select asset, min(position) as first, max(position) as last from returned group by asset) asset_span
    join staging.session on session.position between asset_span.first and asset_span.last
    left join returned on returned.asset = asset_span.asset and returned.position = session.position
), windowed as (
    select day.asset, day.date, day.has_row and not day.is_unusual as is_whole,
        list(rate_pair.rate_change_bp) filter (rate_pair.asset is not null) over last_126 as x,
        list(rate_pair.control_return) filter (rate_pair.asset is not null) over last_126 as z,
        list(rate_pair.asset_return) filter (rate_pair.asset is not null) over last_126 as y,
        min(rate_pair.pit_quality) over last_126 as pit_quality,
        max(rate_pair.known_at) over last_126 as known_at
    from day
    left join core.rate_pair on rate_pair.asset = day.asset and rate_pair.position = day.position - 1
    window last_126 as (partition by day.asset order by day.position range between 124 preceding and current row)
), known_pair as (
    select asset, date, x, z, y, pit_quality, known_at from windowed where is_whole
    union all
    select day.asset, day.date,
        list(rate_pair.rate_change_bp order by rate_pair.position) filter (rate_pair.asset is not null) as x,
        list(rate_pair.control_return order by rate_pair.position) filter (rate_pair.asset is not null) as z,
        list(rate_pair.asset_return order by rate_pair.position) filter (rate_pair.asset is not null) as y,
        min(rate_pair.pit_quality) as pit_quality,
        max(rate_pair.known_at) as known_at
    from day
    left join core.rate_pair
        on rate_pair.asset = day.asset and rate_pair.position between day.position - 125 and day.position
        and rate_pair.from_position <= day.position
            and day.position < coalesce(rate_pair.until_position, day.position + 1)
    where day.is_unusual and day.has_row
    group by day.asset, day.date
), summed as (
    -- Sums over a list add in its order: what comes later moves no last digit.
    select asset, date, x, y, z, pit_quality, known_at,
        coalesce(len(x), 0) as n,
        list_avg(x) as mean_x, list_avg(y) as mean_y, list_avg(z) as mean_z,
        list_inner_product(x, x) as xx, list_inner_product(x, z) as xz, list_inner_product(z, z) as zz,
        list_inner_product(x, y) as xy, list_inner_product(z, y) as zy, list_inner_product(y, y) as yy
    from known_pair
), centred as (
    -- What is left of a sum of squares below its 12th digit is rounding: the series does not vary.
    select * replace (
        case when xx - n * mean_x ** 2 > 1e-12 * xx then xx - n * mean_x ** 2 end as xx,
        xz - n * mean_x * mean_z as xz,
        case when zz - n * mean_z ** 2 > 1e-12 * zz then zz - n * mean_z ** 2 end as zz,
        xy - n * mean_x * mean_y as xy,
        zy - n * mean_z * mean_y as zy,
        case when yy - n * mean_y ** 2 > 1e-12 * yy then yy - n * mean_y ** 2 end as yy)
    from summed
), purged as (
    -- The yield's change without what the control explains of it (Frisch-Waugh-Lovell).
    select *, coalesce(xz / zz, 0) as slope,
        case when xx - coalesce(xz / zz, 0) * xz > 1e-12 * xx then xx - coalesce(xz / zz, 0) * xz end as purged_xx
    from centred
), fitted as (
    select *, case when n >= 100 then (xy - slope * zy) / purged_xx end as beta
    from purged
), controlled as (
    select *,
        mean_x - slope * mean_z as purged_mean,
        coalesce((zy - beta * xz) / zz, 0) as control_beta,
        mean_y - coalesce(beta, 0) * mean_x - coalesce((zy - beta * xz) / zz, 0) * mean_z as intercept
    from fitted
), scored as (
    -- A session's score is the purged change x the residual; the error is that of the scores' sum.
    select asset, date, pit_quality, known_at, n, beta, purged_xx,
        (beta * xy + control_beta * zy) / yy as r_squared,
        list_transform(x, lambda change, i:
            (change - slope * z[i] - purged_mean)
            * (y[i] - coalesce(beta, 0) * change - control_beta * z[i] - intercept)) as score
    from controlled
)
select
    scored.date,
    scored.asset,
    scored.beta as rate_beta_126d,
    case when scored.beta is not null then sqrt(greatest(0, list_inner_product(scored.score, scored.score) + 2 * (
        5 / 6 * list_inner_product(scored.score[2:], scored.score[:-2])
        + 4 / 6 * list_inner_product(scored.score[3:], scored.score[:-3])
        + 3 / 6 * list_inner_product(scored.score[4:], scored.score[:-4])
        + 2 / 6 * list_inner_product(scored.score[5:], scored.score[:-5])
        + 1 / 6 * list_inner_product(scored.score[6:], scored.score[:-6])))) / scored.purged_xx end
            as rate_beta_126d_standard_error,
    scored.r_squared,
    scored.n as pairs,
    scored.pit_quality,
    greatest(session.known_at, scored.known_at) as known_at
from scored
join staging.session using (date)
