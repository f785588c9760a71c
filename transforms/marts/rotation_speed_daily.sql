/*
doc = """
How fast leadership changes among the sector funds, and how far they and the index's members part, one row per session
on which a sector fund traded or the index has a return.
"""
grain = ["date"]

[columns]
date = "Session."
rotation_speed = "1 - Spearman's correlation of the sector funds' ranks by rs_21d (average ranks for ties) today and five sessions ago: 0 when the order stands, 2 when it is turned round. NULL where under eight tenths of the sector funds that the catalog has that day have both, or where all of them tie."
kendall_tau = "Kendall's tau-b of the same two orders: 1 when it stands, -1 when it is turned round; NULL where rotation_speed is."
ranked_funds = "Sector funds that have rs_21d on both days: those compared."
compared_date = "Session compared with: five sessions ago, or where under eight tenths of the funds have rs_21d that day the last such one before, at most four earlier."
dispersion = "Standard deviation of the members' returns across the Nasdaq-100 (NDX, full_cap), weighted by open weight, about the index's return."
average_correlation_63d = "Mean correlation over 63 sessions of the pairs of sector funds (core.sector_correlation)."
known_at = "When the row's last price was known (UTC)."

[assertions]
"an order turns at most round" = "rotation_speed between -1e-9 and 2 + 1e-9 and kendall_tau between -1 and 1"
"a speed says what it compares" = "rotation_speed is null or compared_date is not null"
"compared with five to nine sessions ago" = "compared_date < date"
"no spread is negative" = "dispersion >= 0"
"a mean of correlations is one" = "average_correlation_63d between -1 and 1 + 1e-9"
"nothing is known before its day" = "known_at >= date"
*/
with fund as (
    select r.date, s.position, r.basket, r.rs_21d, r.known_at
    from marts.rotation_daily r
    join staging.basket b using (basket)
    join staging.session s using (date)
    where b.role = 'sector_fund'
), catalogd as (
    -- A fund that was not there yet is not missed.
    select s.date, count(distinct m.basket) as funds
    from staging.session s
    join staging.basket_member m on s.date >= m.valid_from and s.date < coalesce(m.valid_to, date 'infinity')
    join staging.basket b on b.basket = m.basket and b.role = 'sector_fund'
    group by s.date
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
        select c.date, f.basket, f.rs_21d as now, p.rs_21d as past
        from compared c
        join fund f on f.date = c.date
        join fund p on p.date = c.before.date and p.basket = f.basket
        where f.rs_21d is not null and p.rs_21d is not null
    )
), spearman as (
    select date, count(*) as ranked_funds,
        sum(rank_now * rank_past) - count(*) * ((count(*) + 1) / 2) ** 2 as covariation,
        sum(rank_now * rank_now) - count(*) * ((count(*) + 1) / 2) ** 2 as variation_now,
        sum(rank_past * rank_past) - count(*) * ((count(*) + 1) / 2) ** 2 as variation_past
    from placed
    group by date
), kendall as (
    select a.date,
        sum(sign(a.now - b.now) * sign(a.past - b.past)) as concordance,
        sum(abs(sign(a.now - b.now))) as untied_now,
        sum(abs(sign(a.past - b.past))) as untied_past
    from placed a
    join placed b on b.date = a.date and b.basket > a.basket
    group by a.date
), spread as (
    select w.date,
        sqrt(sum(w.open_weight * (w.price_return - r.index_return) ** 2 order by w.issuer)) as dispersion,
        max(w.known_at) as known_at
    from core.index_weight w
    join core.index_return r using (date, index_code, weight_scheme)
    where w.index_code = (select index_code from core.index_definition where is_primary)
        and w.weight_scheme = 'full_cap' and w.open_weight is not null
    group by w.date
), whole as (
    select s.date, c.before, p.* exclude (date), k.* exclude (date), d.dispersion, a.average_correlation_63d,
        p.ranked_funds >= 0.8 * f.funds as is_ranked,
        greatest(s.known_at, c.known_at, c.before.known_at, d.known_at, a.known_at) as known_at
    from staging.session s
    left join catalogd f on f.date = s.date
    left join compared c on c.date = s.date
    left join spearman p on p.date = s.date
    left join kendall k on k.date = s.date
    left join spread d on d.date = s.date
    left join core.sector_correlation a on a.date = s.date
    where c.date is not null or d.date is not null
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
from whole
