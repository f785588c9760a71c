/*
doc = """
How fast leadership changes among the sector funds, and how far they and the index's members part, one row per session
on which a sector fund traded or the index has a return.
"""
grain = ["date"]

[columns]
date = "Session."
rotation_speed = """\
1 - Spearman's correlation of the sector funds' ranks by rs_21d (average ranks for ties) today and five sessions ago: \
0 when the order stands, 2 when it is turned round. NULL where under eight tenths of the sector funds that the catalog \
has that day have both, or where all of them tie."""
kendall_tau = """\
Kendall's tau-b of the same two orders: 1 when it stands, -1 when it is turned round; NULL where rotation_speed is."""
ranked_funds = "Sector funds that have rs_21d on both days: those compared."
compared_date = """\
Session compared with: five sessions ago, or where under eight tenths of the funds have rs_21d that day the last such \
one before, at most four earlier."""
dispersion = """\
Standard deviation of the members' returns across the Nasdaq-100 (NDX, full_cap), weighted by open weight, about the \
index's return."""
average_correlation_63d = "Mean correlation over 63 sessions of the pairs of sector funds (core.sector_correlation)."
known_at = "When the row's last price was known (UTC)."

[assertions]
"an order turns at most round" = "rotation_speed between -1e-9 and 2 + 1e-9 and kendall_tau between -1 and 1"
"a speed has the date it is compared with" = "rotation_speed is null or compared_date is not null"
"compared with five to nine sessions ago" = "compared_date < date"
"no spread is negative" = "dispersion >= 0"
"a mean of correlations is one" = "average_correlation_63d between -1 and 1 + 1e-9"
"nothing is known before its day" = "known_at >= date"
*/
with fund as (
    select rotation_daily.date, session.position, rotation_daily.basket, rotation_daily.rs_21d, rotation_daily.known_at
    from marts.rotation_daily
    join staging.basket using (basket)
    join staging.session using (date)
    where basket.role = 'sector_fund'
), catalogd as (
    -- A fund that was not there yet is not missed.
    select session.date, count(distinct basket_member.basket) as funds
    from staging.session
    join staging.basket_member on session.date >= basket_member.valid_from
        and session.date < coalesce(basket_member.valid_to, date 'infinity')
    join staging.basket on basket.basket = basket_member.basket and basket.role = 'sector_fund'
    group by session.date
), day as (
    select date, position, max(known_at) as known_at, count(rs_21d) >= 0.8 * any_value(funds) as is_ranked
    from fund join catalogd using (date)
    group by date, position
), compared as (
    select date, known_at, is_ranked,
        last_value(case when is_ranked then struct_pack(date, known_at) end ignore nulls) over (
            order by position range between 9 preceding and 5 preceding
        ) as before
    from day
), placed as (
    -- Average ranks: ties share the mean of their places. Halves are exact, so that sums are in any order.
    select date, basket, now, past,
        rank() over (partition by date order by now) + (count(*) over (partition by date, now) - 1) / 2 as rank_now,
        rank() over (partition by date order by past) + (count(*) over (partition by date, past) - 1) / 2 as rank_past
    from (
        select compared.date, current_fund.basket, current_fund.rs_21d as now, previous_fund.rs_21d as past
        from compared
        join fund current_fund on current_fund.date = compared.date
        join fund previous_fund on previous_fund.date = compared.before.date
            and previous_fund.basket = current_fund.basket
        where current_fund.rs_21d is not null and previous_fund.rs_21d is not null
    )
), spearman as (
    select date, count(*) as ranked_funds,
        sum(exact(rank_now * rank_past))::double - count(*) * ((count(*) + 1) / 2) ** 2 as covariation,
        sum(exact(rank_now * rank_now))::double - count(*) * ((count(*) + 1) / 2) ** 2 as variation_now,
        sum(exact(rank_past * rank_past))::double - count(*) * ((count(*) + 1) / 2) ** 2 as variation_past
    from placed
    group by date
), kendall as (
    select first_fund.date,
        sum(exact(sign(first_fund.now - second_fund.now)
            * sign(first_fund.past - second_fund.past)))::double as concordance,
        sum(exact(abs(sign(first_fund.now - second_fund.now))))::double as untied_now,
        sum(exact(abs(sign(first_fund.past - second_fund.past))))::double as untied_past
    from placed first_fund
    join placed second_fund on second_fund.date = first_fund.date and second_fund.basket > first_fund.basket
    group by first_fund.date
), spread as (
    select index_weight.date,
        sqrt(sum(exact(index_weight.open_weight
            * (index_weight.price_return - index_return.index_return) ** 2))::double) as dispersion,
        max(index_weight.known_at) as known_at
    from core.index_weight
    join core.index_return using (date, index_code, weight_scheme)
    where index_weight.index_code = (select index_code from core.index_definition where is_primary)
        and index_weight.weight_scheme = 'full_cap' and index_weight.open_weight is not null
    group by index_weight.date
), session_row as (
    select session.date, compared.before, spearman.* exclude (date), kendall.* exclude (date), spread.dispersion,
        sector_correlation.average_correlation_63d,
        spearman.ranked_funds >= 0.8 * catalogd.funds as is_ranked,
        greatest(session.known_at, compared.known_at, compared.before.known_at, spread.known_at,
            sector_correlation.known_at) as known_at
    from staging.session
    left join catalogd on catalogd.date = session.date
    left join compared on compared.date = session.date
    left join spearman on spearman.date = session.date
    left join kendall on kendall.date = session.date
    left join spread on spread.date = session.date
    left join core.sector_correlation on sector_correlation.date = session.date
    where compared.date is not null or spread.date is not null
)
select
    date,
    case when is_ranked and variation_now > 0 and variation_past > 0
        then 1 - covariation / sqrt(variation_now * variation_past) end as rotation_speed,
    case when is_ranked and untied_now > 0 and untied_past > 0
        then concordance / sqrt(untied_now * untied_past) end as kendall_tau,
    coalesce(ranked_funds, 0) as ranked_funds,
    before.date as compared_date,
    dispersion,
    average_correlation_63d,
    known_at
from session_row
