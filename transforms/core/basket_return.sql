/*
doc = """
Equal-weighted daily return of each basket over the members of that day that traded, from its first return on.
A member's return runs from the last day on which it and the basket both had one, so that a day with too few members,
which has NULL, loses nothing: the next day carries both.
"""
grain = ["basket", "date"]

[columns]
basket = "Name of the basket."
date = "Session."
position = "Number of the session."
members = "Members that day."
traded_members = "Members with a price return that day."
basket_return = "Mean price return of the members that traded; NULL under 60 % of them."
previous_date = "Session the return counts from; NULL without a return."
gap_sessions = "Sessions between the two without a return, 0 normally."
known_at = "When the members' prices behind the return were known (UTC); without a return, those of that day alone."

[assertions]
"no more trade than are members" = "traded_members between 0 and members"
"a return needs six in ten members" = "basket_return is null or traded_members >= 0.6 * members"
"a return has the date it counts from" = """\
(basket_return is null) = (previous_date is null) and (basket_return is null) = (gap_sessions is null)"""
"a return spans at most five sessions" = "gap_sessions between 0 and 4"
"nothing loses more than everything" = "basket_return > -1"
*/
with member_day as (
    select basket_member.basket, basket_member.symbol, session.date, session.position,
        security_price.return_level as level, security_price.price_return, security_price.previous_date,
        greatest(security_price.known_at, session.known_at) as known_at
    from staging.basket_member
    join staging.session on session.date >= basket_member.valid_from
        and session.date < coalesce(basket_member.valid_to, date 'infinity')
    left join core.security_price on security_price.symbol = basket_member.symbol and security_price.date = session.date
), coverage as (
    select basket, date, count(*) as members, count(price_return) as traded_members,
        count(price_return) >= 0.6 * count(*) as has_return
    from member_day group by basket, date
), member_return as (
    select member_day.*, has_return,
        last_value(case when has_return and price_return is not null then struct_pack(date, level, known_at) end
            ignore nulls) over (
            partition by basket, symbol order by position range between 5 preceding and 1 preceding
        ) as since,
        -- Over the last day alone the price return as it is, so that no digit is lost in levels.
        case when since['date'] < previous_date then level / since['level'] - 1 else price_return end as return_since
    from member_day join coverage using (basket, date)
), averaged as (
    select basket, date, position,
        exact_mean(case when has_return then return_since end) as basket_return,
        max(previous_date) filter (has_return) as members_previous_date,
        max(case when has_return and since.date < previous_date then greatest(known_at, since.known_at)
            else known_at end) as known_at
    from member_return group by basket, date, position
), dated as (
    select *, last_value(case when basket_return is not null then struct_pack(date, position) end ignore nulls) over (
            partition by basket order by position range between 5 preceding and 1 preceding
        ) as previous,
        count(basket_return) over (
            partition by basket order by position rows between unbounded preceding and current row
        ) as returns_so_far
    from averaged
)
select basket, dated.date, dated.position, members, traded_members, basket_return,
    -- The first return, or the first after a longer silence, counts from its members' last prices.
    session.date as previous_date,
    dated.position - session.position - 1 as gap_sessions,
    dated.known_at
from dated
join coverage using (basket, date)
left join staging.session
    on basket_return is not null and session.date = coalesce(previous.date, members_previous_date)
where returns_so_far > 0
