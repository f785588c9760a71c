/*
doc = """
How many shares a large member must have for its index to return what it did. Every 21 sessions the published return of
the last 126 is set against a light reconstruction: members by the median of the feed's units over the window (those
that stay below 0.1 % by each day's), the issuers above 2.5 % times one factor (0.2 to 1.2), since limits hold them
down. What is left, regressed on a member's excess return times its weight, estimates by how much the member's count is
off; the factor is the one that then leaves the smallest squares. It is estimated for members of at least 1 % only, and
only where 94 % of the published squares over 63 sessions or more are explained.
Limits, classes that are not listed and receipts make an index hold less than a company has, and what they take goes to
the others: true counts look up to 1.9 times too small, or 0.5 of the limits' factor (0.5 without) too large. Of a
member of 7 % or more, which is certainly limited, they look at most 1.3 times too small. The bounds leave that room,
and two standard errors. So the index tells a half of the largest companies and a fifth or five times of other large
ones; smaller mistakes, and small companies, it cannot tell.
"""
grain = ["symbol", "position"]

[columns]
symbol = "Member's line that its issuer is counted by."
position = "Number of the session the window ends on; at 21, 42 and so on."
weight = "Mean weight at index_units, 0 to 1."
reference_units = "Units of the feed it was weighted by: the median over the window."
index_units = "Units at which the reconstruction would have closed."
standard_error = "Standard error of index_units / reference_units."
low_units = "Fewer units than these contradict the index."
high_units = "More units than these contradict the index."
known_at = "When every price, count and index level of the window could be known (UTC)."

[assertions]
"bounds are in order" = "0 <= low_units and low_units < high_units"
"only large members are told" = "weight between 0.01 and 1"
*/
with line as (
    select instrument.issuer, instrument.symbol
    from staging.instrument
    join (
        select issuer, bool_or(counts_whole_company) as counts_whole_company
        from staging.instrument
        where kind = 'stock'
        group by issuer
    ) company using (issuer)
    where instrument.kind = 'stock' and (instrument.is_primary_line or not company.counts_whole_company)
), bar as (
    select universe_member.index_code, security_price.symbol, security_price.position, security_price.price_return,
        security_price.level / (1 + security_price.price_return) as open_level,
        share_count_spell.feed_units, index_level.price_return as published_return,
            greatest(security_price.known_at, share_count_spell.known_at, index_level.known_at) as known_at
    from staging.universe_member
    join staging.universe using (index_code)
    join line using (symbol)
    join core.security_price
        on security_price.symbol = universe_member.symbol and security_price.date >= universe_member.valid_from
            and (universe_member.valid_to is null or security_price.date < universe_member.valid_to)
        and security_price.gap_sessions = 0
    join core.index_level on index_level.symbol = universe.published_index and index_level.date = security_price.date
        and index_level.gap_sessions = 0
    asof join core.share_count_spell on share_count_spell.symbol = security_price.symbol
        and share_count_spell.first_position < security_price.position
), valued as (
    -- A window is six spans of 21 sessions, so that each span is computed once for six windows.
    select *, feed_units * open_level as daily_value, (position + 20) // 21 as span
    from bar
), all_members as (
    select index_code, position, sum(exact(daily_value)) as daily_value,
        sum(exact(daily_value * price_return)) as daily_gain, max(known_at) as known_at
    from valued
    group by index_code, position
), span_maximum as (
    select valued.index_code, valued.symbol, valued.span,
        max(valued.daily_value / all_members.daily_value::double) as weight
    from valued
    join all_members using (index_code, position)
    group by valued.index_code, valued.symbol, valued.span
), window_span as (
    select last_span * 21 as end_position, unnest(range(last_span - 5, last_span + 1)) as span
    from (select position // 21 as last_span from staging.session where position % 21 = 0)
), candidate as (
    -- Who never weighed 0.1 % is too small to be told, and too small to matter: the others suffice one by one.
    select index_code, end_position, symbol
    from span_maximum
    join window_span using (span)
    group by index_code, end_position, symbol
    having max(weight) >= 0.001
), tallied as (
    select index_code, end_position, symbol, feed_units, sum(exact(sessions)) as sessions
    from (select index_code, symbol, span, feed_units, count(*) as sessions from valued group by all)
    join window_span using (span)
    group by index_code, end_position, symbol, feed_units
), middle as (
    -- The smallest count that at least half of the window's sessions do not exceed: its median, without a row for each.
    select index_code, end_position, symbol, min(feed_units) as units
    from (
        select *,
            sum(sessions) over (partition by index_code, end_position, symbol order by feed_units) as sessions_up_to,
            sum(sessions) over (partition by index_code, end_position, symbol) as sessions_in_all
        from tallied
    )
    where 2 * sessions_up_to >= sessions_in_all
    group by index_code, end_position, symbol
), sampled as (
    select candidate.end_position, valued.*, middle.units
    from candidate
    join window_span using (end_position)
    join middle using (index_code, end_position, symbol)
    join valued using (index_code, symbol, span)
), opened as (
    -- All members by the counts of each day, with the candidates at their median instead.
    select sampled.index_code, sampled.end_position, sampled.position,
        (any_value(all_members.daily_value) - sum(exact(sampled.daily_value))
            + sum(exact(sampled.units * sampled.open_level)))::double as open_value,
        any_value(all_members.daily_gain) - sum(exact(sampled.daily_value * sampled.price_return)) as small_gain,
        max(any_value(all_members.known_at)) over (partition by sampled.index_code, sampled.end_position)
            as window_known_at
    from sampled
    join all_members using (index_code, position)
    group by sampled.index_code, sampled.end_position, sampled.position
), weighed as (
    select sampled.*, sampled.units * sampled.open_level / opened.open_value as plain_weight,
        opened.small_gain::double / opened.open_value as small_return, opened.window_known_at
    from sampled
    join opened using (index_code, end_position, position)
), sized as (
    select weighed.*, session_total.typical_weight, session_total.typical_weight > 0.025 as is_large
    from weighed
    join (
        select index_code, end_position, symbol, exact_mean(plain_weight) as typical_weight
        from weighed
        group by index_code, end_position, symbol
    ) session_total using (index_code, end_position, symbol)
), day as (
    select sized.*, session_total.plain_return, session_total.large_return, session_total.large_weight
    from sized
    join (
        select index_code, end_position, position,
            sum(exact(plain_weight * price_return))::double + any_value(small_return) as plain_return,
            coalesce(sum(exact(plain_weight * price_return)) filter (is_large)::double, 0) as large_return,
            coalesce(sum(exact(plain_weight)) filter (is_large)::double, 0) as large_weight
        from sized
        group by index_code, end_position, position
    ) session_total using (index_code, end_position, position)
    where sized.typical_weight >= 0.004
), tried as (
    -- The member at its own count, the other large ones at the factor.
    select symbol, index_code, end_position, position, units, factor, published_return, window_known_at,
        1 + (factor - 1) * (large_weight - is_large::integer * plain_weight) as total,
        plain_weight / total as weight,
        -- In basis points, so that squares keep their digits.
        1e4 * weight * (price_return - published_return) as lever,
        1e4 * (published_return
            - (plain_return + (factor - 1) * (large_return - is_large::integer * plain_weight * price_return)) / total)
            as residual
    from day
    cross join (select unnest(range(2, 13)) / 10 as factor)
), regressed as (
    select symbol, index_code, end_position as position, factor, any_value(units) as units,
        exact_mean(weight) as plain_weight,
        sum(exact(lever * residual))::double / sum(exact(lever * lever))::double as slope,
        sum(exact(residual * residual))::double
            - power(sum(exact(lever * residual))::double, 2) / sum(exact(lever * lever))::double as squares,
        sqrt(greatest(squares, 0) / (count(*) - 1) / sum(exact(lever * lever))::double) as standard_error,
        1e8 * sum(exact(published_return * published_return))::double as published_squares,
        any_value(window_known_at) as known_at
    from tried
    group by symbol, index_code, end_position, factor
    having count(*) >= 63 and sum(exact(lever * lever)) > 0
), fitted as (
    select *
    from regressed
    qualify row_number() over (partition by symbol, index_code, position order by squares, factor) = 1
), estimated_share_count as (
    -- The lever is against the published return, so that 1 + slope is true units / units, however large the member.
    select symbol, position, units, factor, standard_error, known_at,
        1 + slope as times,
        plain_weight * (1 + slope) / (1 + plain_weight * slope) as weight
    from fitted
    where squares < 0.06 * published_squares and weight >= 0.01
    qualify row_number() over (partition by symbol, position order by weight desc, index_code) = 1
)
select symbol, position, weight,
    units as reference_units,
    units * times as index_units,
    standard_error,
    units * greatest(times - 2 * standard_error, 0) / if(weight >= 0.07, 1.3 * factor, 1.9) as low_units,
    units * greatest(times + 2 * standard_error, 0.1) / if(weight >= 0.02, 0.5 * factor, 0.5) as high_units,
    known_at
from estimated_share_count
