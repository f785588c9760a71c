/*
doc = """
How each basket does against the Nasdaq Composite: returns, relative strength, betas, volatility. From a basket's first
return on, a row for every session on which the benchmark or one of its members traded.
"""
grain = ["date", "basket"]

[columns]
date = "Session."
basket = "Name of the basket: a tier, a sector fund, a fund or bitcoin."
members = "Members of the basket that day."
traded_members = "Members with a price return that day: those basket_return is the mean of."
basket_return = """\
Mean price return of the members that traded, since the basket's last return; NULL where under 60 % of them did. \
Bitcoin's is of the UTC day of the session and known when that has ended, weekends in Monday's; NULL until then."""
benchmark_return = """\
Price return of the Nasdaq Composite over the same span as basket_return; the day's own where that is NULL."""
gap_sessions = "Sessions without a basket return before this one, 0 normally; NULL where basket_return is."
rs_5d = """\
Log change of the basket's level minus that of the benchmark's over 5 sessions; from the last session by then that has \
both, at most four earlier."""
rs_21d = "The same over 21 sessions."
rs_63d = "The same over 63 sessions."
rs_rank = """\
Rank of rs_21d among the tiers old enough to have one, 1 = strongest; NULL for other baskets, and for all on a day \
when a tier has no return."""
sector_rank = """\
Rank of rs_21d among the sector funds old enough to have one, 1 = strongest; NULL for other baskets, and for all on a \
day when a sector fund has no return."""
rs_ratio = """\
Relative rotation by zscore_14w, our own formula (core.relative_rotation), of the last ISO week whose last session is \
today or before: 100 + z-score over 14 weeks of 100 x basket level / benchmark level."""
rs_momentum = "100 + z-score over 14 weeks of the one-week rate of change of rs_ratio, of the same week."
quadrant = """\
leading (rs_ratio >= 100, rs_momentum >= 100), weakening (>= 100, < 100), lagging (< 100, < 100) or improving (< 100, \
>= 100); NULL unless both are there."""
beta_63d = "Slope of basket_return on benchmark_return over 63 sessions (ordinary least squares); NULL under 50 pairs."
beta_up_63d = "The same slope over the days whose benchmark_return is above 0; NULL under 50 pairs in all or 15 of these."
beta_down_63d = "The same slope over the days whose benchmark_return is below 0; NULL under 50 pairs in all or 15 of these."
correlation_63d = "Correlation of the same pairs; NULL under 50 pairs, or where one of the two never changes."
volatility_63d = """\
Sample standard deviation of log(1 + basket_return) over 63 sessions, times sqrt(252); NULL under 50 returns."""
volatility_ratio_to_xlk = "volatility_63d over that of the basket xlk."
known_at = "When the last price of the row was known (UTC), those of the baskets it is ranked among included."

[assertions]
"a rank is a place among its kind" = """
rs_rank between 1 and (select count(*) from staging.basket where role = 'tier') and sector_rank is null
or sector_rank between 1 and (select count(*) from staging.basket where role = 'sector_fund') and rs_rank is null
or coalesce(rs_rank, sector_rank) is null"""
"no more trade than are members" = "traded_members between 0 and members"
"a return needs six in ten members" = "basket_return is null or traded_members >= 0.6 * members"
"a rank has its strength" = "rs_21d is not null or coalesce(rs_rank, sector_rank) is null"
"relative strength needs both" = "basket_return is not null or coalesce(rs_5d, rs_21d, rs_63d) is null"
"a quadrant is where ratio and momentum are" = """
(quadrant is null) = (rs_ratio is null or rs_momentum is null)
and coalesce(quadrant = case when rs_ratio >= 100 then if(rs_momentum >= 100, 'leading', 'weakening')
    else if(rs_momentum >= 100, 'improving', 'lagging') end, true)"""
"correlation is a cosine" = "abs(correlation_63d) <= 1 + 1e-9"
"volatility is not negative" = "volatility_63d >= 0"
"the ratio of xlk to itself is 1" = "basket <> 'xlk' or volatility_ratio_to_xlk = 1"
"nothing is known before its day" = "known_at >= date"
*/
with strength as (
    select basket, date, known_at,
        case when start_5d.run = run then relative_log_level - start_5d.relative_log_level end as rs_5d,
        case when start_21d.run = run then relative_log_level - start_21d.relative_log_level end as rs_21d,
        case when start_63d.run = run then relative_log_level - start_63d.relative_log_level end as rs_63d
    from (
        select *,
            last_value(point) over (partition by basket order by position range between 9 preceding and 5 preceding)
                as start_5d,
            last_value(point) over (partition by basket order by position range between 25 preceding and 21 preceding)
                as start_21d,
            last_value(point) over (partition by basket order by position range between 67 preceding and 63 preceding)
                as start_63d
        from (
            select *, struct_pack(run, relative_log_level) as point
            from core.basket_level where relative_log_level is not null
        )
    )
), measured as (
    select basket_risk.* exclude (known_at), basket.role, strength.rs_5d, strength.rs_21d, strength.rs_63d,
        greatest(basket_risk.known_at, strength.known_at) as known_at
    from core.basket_risk
    join staging.basket using (basket)
    left join strength using (basket, date)
), ranked as (
    select *,
        -- Among some of its kind a rank would be another figure, and a fund's first weeks must not cost the others theirs.
        case when rs_21d is not null and bool_and(basket_return is not null) over (partition by date, role)
            then rank() over (partition by date, role order by rs_21d desc nulls last) end as place,
        case when role in ('tier', 'sector_fund') then max(known_at) over (partition by date, role) end
            as peers_known_at
    from measured
)
select
    date,
    ranked.basket,
    ranked.members,
    ranked.traded_members,
    ranked.basket_return,
    ranked.benchmark_return,
    ranked.gap_sessions,
    ranked.rs_5d,
    ranked.rs_21d,
    ranked.rs_63d,
    case when ranked.role = 'tier' then ranked.place end as rs_rank,
    case when ranked.role = 'sector_fund' then ranked.place end as sector_rank,
    relative_rotation.rs_ratio,
    relative_rotation.rs_momentum,
    case
        when relative_rotation.rs_ratio is null or relative_rotation.rs_momentum is null then null
        when relative_rotation.rs_ratio >= 100 then if(relative_rotation.rs_momentum >= 100, 'leading', 'weakening')
        else if(relative_rotation.rs_momentum >= 100, 'improving', 'lagging')
    end as quadrant,
    ranked.beta_63d,
    basket_side_beta.beta_up_63d,
    basket_side_beta.beta_down_63d,
    ranked.correlation_63d,
    ranked.volatility_63d,
    case when nasdaq_risk.volatility_63d > 0
        then ranked.volatility_63d / nasdaq_risk.volatility_63d end as volatility_ratio_to_xlk,
    greatest(ranked.known_at, ranked.peers_known_at, nasdaq_risk.known_at, relative_rotation.known_at) as known_at
from ranked
left join core.basket_side_beta using (date, basket)
left join (select * from core.basket_risk where basket = 'xlk') nasdaq_risk using (date)
asof left join core.relative_rotation on relative_rotation.basket = ranked.basket
    and ranked.date >= relative_rotation.date
