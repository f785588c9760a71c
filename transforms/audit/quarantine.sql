/*
doc = """
What was kept out of the figures, whole and with the reason: rows that validation rejected, bars that evidence holds
(core.price_bar_held), share counts that are or were held (core.share_count_held), and published lists of weights that
are held (core.weight_list_date).
"""
grain = ["feed", "key", "row_json", "reason"]

[columns]
feed = "Frame the row came in: bars, actions, shares, observations, statements, weights."
key = "Symbol, series or index."
date = "Date of the row; of a held count, the first session. NULL where the row itself has none."
row_json = "The row as it came, or the run of held sessions, as JSON."
reason = "Why it was kept out, in one sentence."
times = "How often it was kept out: fetches that brought it, or sessions it was held."
known_at = """\
When it was first fetched; of a held bar, when that could be told; of a held count, when its newest session was known \
(UTC)."""
*/
select
    feed, key,
    any_value(date) as date,
    row_json, reason,
    count(*) as times,
    min(fetched_at) as known_at
from raw.rejected_row
where fetched_at <= getvariable('recorded_by') and (date is null or date <= getvariable('as_of')::date)
group by feed, key, row_json, reason
union all
select
    'bars', symbol, date,
    to_json(struct_pack(symbol := symbol, date := date, close := close, kind := kind, ratio := ratio))::varchar,
    reason, 1, known_at
from core.price_bar_held
union all
select
    'shares', symbol, first_date,
    to_json(struct_pack(
        symbol := symbol, first_date := first_date, last_date := last_date, sessions := sessions,
        shares_outstanding := feed_count, ratio := ratio, outcome := outcome
    ))::varchar,
    reason, sessions, known_at
from core.share_count_held
union all
select
    'weights', index_code, date,
    to_json(struct_pack(
        index_code := index_code, date := date, published_on := published_on, missing := missing,
        deviation_bp := deviation_bp
    ))::varchar,
    reason, 1, known_at
from core.weight_list_date
where list_date is null
