/*
doc = """
Weights by index shares solved from the newest published list (core.anchored_value), one row per member issuer of a covered
session (core.weight_coverage). The index shares stand still until the next list, but for splits and members: a leaver's
weight goes to the others in proportion.
"""
grain = ["date", "index_code", "issuer"]

[columns]
date = "Session."
index_code = "Code of the universe."
issuer = "Issuer with a member security on the list; its lines together."
list_date = "Session at whose close the list held."
market_cap = "Dollars at the close, the whole company's; NULL where it cannot be told."
weight = "Share of the index at the session's close; 0 to 1."
open_weight = """\
The weight the session opened with, at the last closes before it, over the members that have a return; 0 to 1."""
price_return = "Return of the issuer's lines since previous_date, each by its weight."
previous_date = "Session at whose close open_weight was valued, the earliest one of several lines."
known_at = "When the list and all the weights of the session could be known (UTC)."

[assertions]
"weights are fractions" = "weight > 0 and weight <= 1 and open_weight > 0 and open_weight <= 1 + 1e-12"
"an open weight has a return" = "(open_weight is null) = (price_return is null)"
"a list is older than the session" = "list_date < date"
*/
with valued as (
    select anchored_value.* exclude known_at, weight_coverage.has_return, weight_coverage.known_at
    from core.anchored_value
    join core.weight_coverage
        on weight_coverage.date = anchored_value.date and weight_coverage.index_code = anchored_value.index_code
            and weight_coverage.weight_scheme = 'anchored'
    where weight_coverage.is_covered and anchored_value.close_value is not null
), total as (
    select
        date, index_code,
        sum(exact(close_value))::double as close_value,
        sum(exact(open_value))::double as open_value
    from valued
    group by date, index_code
), company as (
    select
        date, index_code, issuer, any_value(list_date) as list_date, any_value(market_cap) as market_cap,
        sum(exact(close_value))::double as close_value,
        sum(exact(open_value))::double as open_value,
        -- A mean of one would lose the last digit of its only return.
        if(count(price_return) = 1, max(price_return),
           sum(exact(open_value * price_return))::double / sum(exact(open_value))::double) as price_return,
        min(previous_date) as previous_date,
        any_value(has_return) as has_return,
        any_value(known_at) as known_at
    from valued
    group by date, index_code, issuer
)
select
    company.date, company.index_code, company.issuer, company.list_date, company.market_cap,
    company.close_value / total.close_value as weight,
    case when company.has_return then company.open_value / total.open_value end as open_weight,
    case when company.has_return then company.price_return end as price_return,
    case when company.has_return then company.previous_date end as previous_date,
    company.known_at
from company
join total using (date, index_code)
