"""Declare the files of an archive folder, and the SQL that derives the source's tables at an instant from them."""

from __future__ import annotations

# The columns that the server reads from each file. A file may have more columns, and every file but `bars` may be missing.
LAYOUT = {
    "bars": {"symbol": "varchar", "date": "date", "open": "double", "high": "double", "low": "double",
             "close": "double", "volume": "double"},
    "actions": {"symbol": "varchar", "date": "date", "dividend": "double", "split_ratio": "double"},
    "shares": {"symbol": "varchar", "date": "date", "shares_outstanding": "double"},
    "instruments": {"symbol": "varchar", "name": "varchar", "quote_type": "varchar"},
    "observations": {"series_id": "varchar", "date": "date", "value": "double", "realtime_start": "date",
                     "realtime_end": "date"},
    "series": {"series_id": "varchar", "frequency": "varchar", "units": "varchar"},
    "statements": {"symbol": "varchar", "statement": "varchar", "period_end": "date", "item": "varchar",
                   "value": "double"},
    "index_weights": {"index": "varchar", "date": "date", "published_on": "date", "symbol": "varchar",
                      "weight": "double"},
}
# Optional columns of a file; NULL if the file does not have them.
OPTIONAL = {"instruments": {"country": "varchar"}, "observations": {"pit_quality": "varchar"},
            "statements": {"currency": "varchar"}}
# The default currency of statements: companies of these countries report in the local currency, others in dollars.
CURRENCIES = {"China": "CNY", "Japan": "JPY", "South Korea": "KRW", "Taiwan": "TWD"}

# Prices as a source reports them on `today`: the as-traded bar divided by every later split known by then.
KNOWN = """
    create table kind as
    select symbol, any_value(name) as name, coalesce(any_value(quote_type), any_value(guess)) as kind
    from (
        select symbol, name, quote_type, null as guess from instruments
        union all
        select distinct symbol, null, null, case
            when starts_with(symbol, '^') then 'INDEX'
            when ends_with(symbol, '-USD') then 'CRYPTOCURRENCY'
            else 'EQUITY' end
        from bars)
    group by symbol;

    create macro opened(day, kind) as epoch(case kind
        when 'CRYPTOCURRENCY' then timezone('UTC', day::timestamp)
        else timezone('America/New_York', day + interval 570 minute) end)::bigint;

    create table split as
    select symbol, date, opened(date, kind) as opened, split_ratio as ratio,
        product(split_ratio) over (partition by symbol order by date desc) as factor
    from actions left join kind using (symbol)
    where split_ratio > 0 and split_ratio <> 1 and not isnan(split_ratio) and date <= $today;

    create table dividend as
    select d.symbol, d.date, opened(d.date, k.kind) as opened, d.dividend / coalesce(s.factor, 1) as amount
    from actions d
    left join kind k using (symbol)
    asof left join split s on d.symbol = s.symbol and d.date < s.date
    where d.dividend > 0 and not isnan(d.dividend) and d.date <= $today;

    create table bar as
    select b.symbol, b.date, opened(b.date, k.kind) as opened,
        open / coalesce(factor, 1) as open, high / coalesce(factor, 1) as high,
        low / coalesce(factor, 1) as low, close / coalesce(factor, 1) as close,
        case when not isnan(volume) then round(volume * coalesce(factor, 1))::bigint end as volume
    from bars b
    join kind k using (symbol)
    asof left join split s on b.symbol = s.symbol and b.date < s.date
    where b.date <= case k.kind when 'CRYPTOCURRENCY' then $crypto_day else $bar_day end
    order by b.symbol, b.date;

    create table observed as
    select series_id, coalesce(min(realtime_start) filter (pit_quality = 'vintage'), date '9999-12-31') as since
    from observations
    group by series_id
    having count(*) filter (pit_quality = 'rule') > 0;

    create table observation as
    with known as (
        select series_id, date, if(isnan(value), null, value) as value,
            coalesce(realtime_start, date) as realtime_start,
            -- an end is news of its own: it shows once the day after it has come
            if(realtime_end < $release_day, realtime_end, null) as realtime_end
        from observations where coalesce(realtime_start, date) <= $release_day)
    select series_id, date, realtime_start,
        least(coalesce(realtime_end, date '9999-12-31'), coalesce(
            lead(realtime_start) over (partition by series_id, date order by realtime_start) - 1,
            date '9999-12-31')) as realtime_end,
        coalesce(regexp_replace(value::varchar, '\\.0$', ''), '.') as value
    from known order by series_id, date, realtime_start;
"""
