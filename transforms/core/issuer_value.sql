/*
doc = """
Market value and return by issuer and session. Where the feed's count is the whole company's, it is counted once, at
the close of the primary line, whose return is the issuer's. Where each class has its own count, the value is the sum
over the listed classes and the return their mean weighted by opening value; it is NULL while a listed class has no
close or no count, because half a company is not its value.
"""
grain = ["issuer", "date"]

[columns]
issuer = "Symbol of the company's primary line."
date = "Session."
market_cap = "Dollars: shares in force x as-traded close; NULL when it cannot be told."
previous_date = "Session of the last close within five sessions, the earliest one of several classes."
open_market_cap = "Dollars: the same at the last close before the session; NULL without a return."
price_return = "Return since previous_date, without dividends."
known_at = "When closes and counts could be known (UTC)."

[promises]
"a company is worth something" = "market_cap > 0 and open_market_cap > 0"
"a return has an opening value" = "(price_return is null) = (open_market_cap is null)"
"it opens before it closes" = "previous_date < date"
*/
with line as (
    select i.issuer, i.symbol, i.since, i.until
    from staging.instrument i
    join (
        select issuer, bool_or(counts_whole_company) as counts_whole_company
        from staging.instrument
        where kind = 'stock'
        group by issuer
    ) company using (issuer)
    where i.kind = 'stock' and (i.is_primary_line or not company.counts_whole_company)
), listed as (
    -- A line that is listed and has no close that day must show as one that is missing.
    select l.issuer, l.symbol, d.date
    from line l
    join (select distinct l.issuer, p.date from line l join core.security_price p using (symbol)) d
        on d.issuer = l.issuer and d.date >= l.since and (l.until is null or d.date <= l.until)
), valued as (
    select
        l.issuer, l.symbol, l.date,
        p.close * c.shares_in_force as market_cap,
        p.previous_date,
        case when p.price_return is not null then before.close * before_count.shares_in_force end as open_market_cap,
        p.price_return,
        greatest(p.known_at, c.known_at, before_count.known_at) as known_at
    from listed l
    left join core.security_price p on p.symbol = l.symbol and p.date = l.date
    left join core.share_count c on c.symbol = l.symbol and c.date = l.date
    left join core.security_price before on before.symbol = l.symbol and before.date = p.previous_date
    left join core.share_count before_count on before_count.symbol = l.symbol and before_count.date = p.previous_date
)
select
    issuer,
    date,
    case when count(market_cap) = count(*) then sum(market_cap order by symbol) end as market_cap,
    case when count(open_market_cap) = count(*) then min(previous_date) end as previous_date,
    case when count(open_market_cap) = count(*) then sum(open_market_cap order by symbol) end as open_market_cap,
    case when count(open_market_cap) = count(*) then
        case when count(*) = 1 then any_value(price_return)
            else sum(open_market_cap * price_return order by symbol) / sum(open_market_cap order by symbol) end
    end as price_return,
    max(known_at) as known_at
from valued
group by issuer, date
having count(market_cap) = count(*) or count(open_market_cap) = count(*)
