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

[assertions]
"a company is worth something" = "market_cap > 0 and open_market_cap > 0"
"a return has an opening value" = "(price_return is null) = (open_market_cap is null)"
"it opens before it closes" = "previous_date < date"
*/
with line as (
    select instrument.issuer, instrument.symbol, instrument.since, instrument.until
    from staging.instrument
    join (
        select issuer, bool_or(counts_whole_company) as counts_whole_company
        from staging.instrument
        where kind = 'stock'
        group by issuer
    ) company using (issuer)
    where instrument.kind = 'stock' and (instrument.is_primary_line or not company.counts_whole_company)
), valued as (
    -- Before the session a line was worth its row before: the last close within five sessions, where there is a return.
    select
        line.issuer, security_price.symbol, security_price.date, security_price.previous_date,
            security_price.price_return,
        security_price.close * share_count.shares_in_force as market_cap,
        case when security_price.price_return is not null
            then lag(security_price.close * share_count.shares_in_force) over bars end as open_market_cap,
        greatest(security_price.known_at, share_count.known_at, case when security_price.price_return is not null
            then lag(share_count.known_at) over bars end)
            as known_at
    from line
    join core.security_price on security_price.symbol = line.symbol
    left join core.share_count on share_count.symbol = security_price.symbol and share_count.date = security_price.date
    window bars as (partition by security_price.symbol order by security_price.position)
), listed as (
    -- A line that is listed and has no close that day counts as one that is missing.
    select company_day.issuer, company_day.date, count(*) as lines
    from (select distinct issuer, date from valued) company_day
    join line on line.issuer = company_day.issuer and company_day.date >= line.since
        and (line.until is null or company_day.date <= line.until)
    group by company_day.issuer, company_day.date
), company as (
    select
        issuer, date,
        count(market_cap) as closed_lines,
        sum(exact(market_cap))::double as market_cap,
        count(open_market_cap) as opened_lines,
        sum(exact(open_market_cap))::double as open_market_cap,
        min(previous_date) as previous_date,
        -- A mean of one would lose the last digit of its only return.
        if(count(*) = 1, any_value(price_return),
           sum(exact(open_market_cap * price_return))::double / sum(exact(open_market_cap))::double) as price_return,
        max(known_at) as known_at
    from valued
    group by issuer, date
)
select
    issuer,
    date,
    case when closed_lines = lines then market_cap end as market_cap,
    case when opened_lines = lines then previous_date end as previous_date,
    case when opened_lines = lines then open_market_cap end as open_market_cap,
    case when opened_lines = lines then price_return end as price_return,
    known_at
from company
join listed using (issuer, date)
where closed_lines = lines or opened_lines = lines
