/*
doc = """
Where the Nasdaq Composite and the S&P 500 part, and what credit and the capital-intensive sectors show: one row
per session on which one of the two indices has a close.
"""
grain = ["date"]

[columns]
date = "Session."
nasdaq_return = "Price return of the Nasdaq Composite since its last close within five sessions."
sp500_return = "The same of the S&P 500."
spread_1d_return = "Nasdaq Composite's price return minus the S&P 500's since the last session within five that has both."
spread_5d_return = "The same over 5 sessions: from the last session by then that has both, at most four earlier."
spread_21d_return = "The same over 21 sessions."
spread_63d_return = "The same over 63 sessions."
spread_252d_return = "The same over 252 sessions."
is_divergent_day = "The Nasdaq Composite closes strictly above every earlier close, and sp500_return is below 0."
hy_oas_change_1d_bp = """\
High-yield option-adjusted spread as known this evening minus as known on the evening of the session before, basis \
points: usually the change of the day before, since a day's spread is published on the next. NULL where nothing newer \
had become known."""
hy_oas_pct_date = "Day the newer of the two is for."
is_decline_without_credit_stress = """\
sp500_return is below 0 and hy_oas_change_1d_bp is not above 0: a decline that credit does not confirm."""
cyclicals_minus_ai_leaders_rs_21d = """\
Mean rs_21d (log strength against the Nasdaq Composite) of xlf, xli, xlre and xle minus that of ai_leaders; NULL \
unless all five have one."""
pit_quality = """\
How the moments of the two credit spreads were found, the weaker of them: rule, then snapshot, then vintage; NULL \
without a change of them."""
known_at = "When the last input of the row was known (UTC)."

[assertions]
"a spread is a number" = """\
isfinite(spread_1d_return) and isfinite(spread_5d_return) and isfinite(spread_21d_return) and \
isfinite(spread_63d_return) and isfinite(spread_252d_return)"""
"a divergent day is a fall of the S&P" = "not is_divergent_day or (sp500_return < 0 and nasdaq_return > 0)"
"calm credit has not widened" = "not is_decline_without_credit_stress or (sp500_return < 0 and hy_oas_change_1d_bp <= 0)"
"a spread of credit has its date, not a later one" = """\
(hy_oas_change_1d_bp is null or hy_oas_pct_date is not null) and coalesce(hy_oas_pct_date <= date, true)"""
"nothing is known before its day" = "known_at >= date"
*/
with paired as (
    select
        date, position,
        any_value(close) filter (symbol = '^IXIC') as nasdaq,
        any_value(price_return) filter (symbol = '^IXIC') as nasdaq_return,
        any_value(close) filter (symbol = '^GSPC') as sp500,
        any_value(price_return) filter (symbol = '^GSPC') as sp500_return,
        max(known_at) as known_at
    from core.index_level
    where symbol in ('^IXIC', '^GSPC')
    group by date, position
), started as (
    select *,
        last_value(point ignore nulls) over (order by position range between 5 preceding and 1 preceding) as start_1d,
        last_value(point ignore nulls) over (order by position range between 9 preceding and 5 preceding) as start_5d,
        last_value(point ignore nulls) over (order by position range between 25 preceding
            and 21 preceding) as start_21d,
        last_value(point ignore nulls) over (order by position range between 67 preceding
            and 63 preceding) as start_63d,
        last_value(point ignore nulls) over (order by position range between 256 preceding and 252 preceding)
            as start_252d,
        max(known_at) over (order by position rows between unbounded preceding and current row) as all_known_at
    from (
        select *, case when nasdaq is not null and sp500 is not null then struct_pack(nasdaq, sp500) end as point
        from paired
    )
), credit as (
    select date, value, observation_date, pit_quality, macro_as_known.known_at,
        last_value(struct_pack(value, observation_date, pit_quality, macro_as_known.known_at)) over (
            order by position range between 5 preceding and 1 preceding
        ) as before
    from core.macro_as_known
    join staging.session using (date)
    where series_id = 'BAMLH0A0HYM2'
), strength as (
    select date,
        any_value(rs_21d) filter (basket = 'xlf') as xlf,
        any_value(rs_21d) filter (basket = 'xli') as xli,
        any_value(rs_21d) filter (basket = 'xlre') as xlre,
        any_value(rs_21d) filter (basket = 'xle') as xle,
        any_value(rs_21d) filter (basket = 'ai_leaders') as ai_leaders,
        max(known_at) as known_at
    from marts.rotation_daily
    where basket in ('xlf', 'xli', 'xlre', 'xle', 'ai_leaders')
    group by date
), session_row as (
    select started.*, nasdaq_state.is_ath_close, credit.observation_date,
        case when credit.observation_date > credit.before.observation_date
            then (credit.value - credit.before.value) * 100 end as hy_oas_change,
        least(credit.pit_quality, credit.before.pit_quality) as credit_quality,  -- the weakest is first in the alphabet
        (strength.xlf + strength.xli + strength.xlre + strength.xle) / 4 - strength.ai_leaders
            as cyclicals_minus_ai_leaders,
        greatest(started.all_known_at, nasdaq_state.known_at, credit.known_at, credit.before.known_at,
            strength.known_at) as row_known_at
    from started
    left join core.nasdaq_state on nasdaq_state.date = started.date
    left join credit on credit.date = started.date
    left join strength on strength.date = started.date
)
select
    date,
    nasdaq_return,
    sp500_return,
    nasdaq / start_1d.nasdaq - sp500 / start_1d.sp500 as spread_1d_return,
    nasdaq / start_5d.nasdaq - sp500 / start_5d.sp500 as spread_5d_return,
    nasdaq / start_21d.nasdaq - sp500 / start_21d.sp500 as spread_21d_return,
    nasdaq / start_63d.nasdaq - sp500 / start_63d.sp500 as spread_63d_return,
    nasdaq / start_252d.nasdaq - sp500 / start_252d.sp500 as spread_252d_return,
    is_ath_close and sp500_return < 0 as is_divergent_day,
    hy_oas_change as hy_oas_change_1d_bp,
    observation_date as hy_oas_pct_date,
    sp500_return < 0 and hy_oas_change <= 0 as is_decline_without_credit_stress,
    cyclicals_minus_ai_leaders as cyclicals_minus_ai_leaders_rs_21d,
    case when hy_oas_change is not null then credit_quality end as pit_quality,
    row_known_at as known_at
from session_row
