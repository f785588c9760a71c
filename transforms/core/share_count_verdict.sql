/*
doc = """
What becomes of each spell of the feed's count (core.share_count_spell, cut again where evidence begins to speak), from
what was known when it began. Its units are compared with those in force:
- up to 4 % off is drift (buy-backs, issuance) and passes at once: of the changes of a count nine in ten are that small;
- a count that moved by the ratio of a named price adjustment within six sessions passes: the two agree;
- off by a split's ratio, on its ex-date or in the five sessions after it, is the split seen late: it changes nothing;
- evidence (core.share_count_evidence) that has room for the count and none for the one in force: it passes at once. A
  list or the index can take away from a count by a whole number only, and only from the first one of a history;
- up to 25 % more or 20 % less must settle: it passes on the 5th session that it stands.
  While the feed oscillates (three changes in 21 sessions) it passes on the 21st session of a row, or where it is the
  median of the last 42 sessions;
- back at the count that was in force before the last leap (10 %) passes on the 5th session;
- a leap upwards that is no ratio of whole numbers (a merger, stock issued) passes on the 21st session, over three
  times on the 63rd;
- times or parts of nearly a whole number (2.5 %; 3 : 2 within 1 %) without a split are mistakes of unit, class or
  receipt, and a company does not retire a fifth of its shares in a day: both need evidence, however long they stand.
  One exception, so that a wrong beginning is not in force for ever: a history's first count is proved by nothing. It
  gives way to one that has stood 252 sessions and longer than itself (mistakes were seen to last half a year), and if
  it stood under 63 sessions to its double that has stood 63 (receipts of half a share are counted so); not while
  evidence speaks against that.
"""
grain = ["symbol", "number"]

[columns]
symbol = "Ticker."
number = "Number of the spell, 1 for the first."
spell_number = "Number of the feed's spell it is a part of (core.share_count_spell)."
first_position = "Number of its first session."
feed_units = "Units reported by the feed."
accepted_units = "Units in force before it; its own for the first."
ratio = "feed_units / accepted_units."
kind = """\
What the ratio is: first, drift, adjustment, split_noise, evidence, step, oscillation, return, leap, fall, or \
whole_number."""
evidence = "Kinds of evidence that speak against the count in force, or against the feed's; NULL for none that matters."
sessions_needed = "On which session of its row of held sessions it passes, 1 at once; NULL for never."
stood_before = "Held sessions of its row before the spell."
former_units = "Units in force before the last leap; NULL for none in the last 252 sessions."
known_at = """\
When its first session had closed, and the counts of its row, and the splits and the evidence used, could be known \
(UTC)."""

[assertions]
"units are positive" = "feed_units > 0 and accepted_units > 0"
"a whole-number ratio never passes for having stood" = """\
kind <> 'whole_number' or sessions_needed is null or sessions_needed >= 252 or sessions_needed = 63 and ratio between \
1.95 and 2.05"""
"a fall never passes for having stood" = "kind <> 'fall' or sessions_needed is null or sessions_needed >= 252"
"a kind we know" = """\
kind in ('first', 'drift', 'adjustment', 'split_noise', 'evidence', 'step', 'oscillation', 'return', 'leap', 'fall', \
'whole_number')"""
*/
with recursive boundary as (
    select symbol, first_position as position from core.share_count_spell
    union
    select share_count_evidence.symbol, share_count_evidence.position
    from core.share_count_evidence
    join (
        select share_count_spell.symbol, min(share_count_spell.first_position) as first_position,
            coalesce(max(session.position), 2147483647) as last_position
        from core.share_count_spell
        left join staging.instrument on instrument.symbol = share_count_spell.symbol
        asof left join staging.session on session.date <= instrument.until
        group by share_count_spell.symbol
    ) life on life.symbol = share_count_evidence.symbol and share_count_evidence.position between life.first_position
        and life.last_position
), cut as (
    select boundary.symbol, boundary.position, share_count_spell.number as spell_number, share_count_spell.feed_units,
        share_count_spell.recent_split, share_count_spell.recent_adjustment, share_count_spell.changes,
        share_count_spell.earlier_share, share_count_spell.known_at
    from boundary
    asof join core.share_count_spell on share_count_spell.symbol = boundary.symbol
        and share_count_spell.first_position <= boundary.position
), spell_with_evidence as (
    -- The newest evidence of each kind, while it speaks.
    select cut.symbol, cut.position,
        list(struct_pack(kind := share_count_evidence.kind, low := share_count_evidence.low_units,
            high := share_count_evidence.high_units, known_at := share_count_evidence.known_at)
                order by share_count_evidence.kind)
            as evidence
    from cut
    cross join (select unnest(['stated', 'merger', 'list', 'index']) as kind) evidence_kind
    asof join core.share_count_evidence on share_count_evidence.symbol = cut.symbol
        and share_count_evidence.kind = evidence_kind.kind and share_count_evidence.position <= cut.position
    where share_count_evidence.last_position >= cut.position
    group by cut.symbol, cut.position
), spell as (
    select cut.*, coalesce(spell_with_evidence.evidence, []) as evidence,
        row_number() over spells as number,
        lead(cut.position) over spells - cut.position as sessions
    from cut
    left join spell_with_evidence using (symbol, position)
    window spells as (partition by cut.symbol order by cut.position)
), decided as (
    select symbol, number, spell_number, position, sessions, feed_units, known_at as spell_known_at,
        feed_units as before, 1::double as ratio, 'first' as kind, null::varchar as evidence, 1 as needed,
        0::bigint as stood_before, null::double as former_before, known_at,
        -- What holds after the spell: units in force, those before the last leap and when that was, the first
        -- session of a history's first count, the held units and the sessions they have stood.
        feed_units as accepted, null::double as former, null::integer as leapt_position,
        position as first_stand, feed_units as held, 0::bigint as run, known_at as run_known_at,
            known_at as force_known_at
    from spell
    where number = 1
    union all
    select symbol, number, spell_number, position, sessions, feed_units, spell_known_at,
        before, ratio, kind, evidence, needed, stood_before, former_before,
        greatest(spell_known_at, evidence_known_at,
                 if(kind in ('drift', 'adjustment', 'evidence'), null, greatest(run_known_at, force_known_at)))
                     as known_at,
        if(passes, feed_units, before),
        case when not passes or is_small then former_before when kind = 'leap' then before end,
        case when not passes or is_small then leapt_position when kind = 'leap' then position end,
        case when not passes or is_small then first_stand end,
        if(kind = 'split_noise', held, feed_units),
        case when passes then 0 when kind = 'split_noise' then stood_before else stood_before + sessions end,
        greatest(spell_known_at, if(stood_before > 0, run_known_at, null)),
        if(passes, greatest(spell_known_at, evidence_known_at,
                            if(kind in ('drift', 'adjustment', 'evidence'), null, run_known_at)), force_known_at)
    from (
        select *, coalesce(stood_before + sessions >= needed, false) as passes,
            kind in ('drift', 'step', 'oscillation') as is_small
        from (
            select *,
                case kind
                    when 'drift' then 1
                    when 'adjustment' then 1
                    when 'evidence' then 1
                    when 'split_noise' then null
                    when 'return' then 5
                    when 'oscillation' then if(earlier_share > 0.5, 1, 21)
                    when 'step' then 5
                    when 'leap' then if(is_refuted, null, if(ratio > 3, 63, 21))
                    else case
                        when is_refuted or first_stand is null then null
                        when position - stood_before - first_stand < 63 and ratio between 1.95 and 2.05 then 63
                        else greatest(252, position - stood_before - first_stand + 1)
                    end
                end as needed
            from (
                select *,
                    case
                        when abs(ln(ratio)) <= ln(1.04) + 1e-9 then 'drift'
                        when abs(ratio * recent_split - 1) <= 0.05 then 'split_noise'
                        when abs(ratio / recent_adjustment - 1) <= 0.01 then 'adjustment'
                        when len(against_force) > 0 then 'evidence'
                        when abs(ln(feed_units / former_before)) <= ln(1.1) then 'return'
                        when is_whole then 'whole_number'
                        when ratio > 1.25 + 1e-9 then 'leap'
                        when ratio < 0.8 - 1e-9 then 'fall'
                        when changes >= 3 then 'oscillation'
                        else 'step'
                    end as kind,
                    len(against_feed) > 0 as is_refuted,
                    case when abs(ln(ratio)) > ln(1.04) + 1e-9 and len(against_force) + len(against_feed) > 0
                        then array_to_string(
                        list_transform(if(len(against_force) > 0, against_force, against_feed), lambda e: e.kind), ', ')
                        end as evidence,
                    -- What was used: the evidence that lets it pass, or the one that keeps it from ever passing.
                    list_max(list_transform(case
                        when kind = 'evidence' then against_force
                        when kind in ('whole_number', 'leap', 'fall') then against_feed
                    end, lambda e: e.known_at)) as evidence_known_at
                from (
                    select *,
                        -- Room for the feed's count and none for the one in force.
                        list_filter(said, lambda e: case
                            when e.kind = 'stated'
                                then feed_units between e.low and e.high and before not between e.low and e.high
                            when e.kind = 'merger'
                                then feed_units between e.low and e.high and before < e.low and not is_whole
                                    and ratio <= 3
                            when ratio > 1
                                then before < e.low and feed_units >= e.low
                                    and (e.kind = 'list' or feed_units <= e.high)
                            else before > e.high and feed_units between e.low and e.high and is_whole
                                and first_stand is not null
                        end) as against_force,
                        -- Room for the one in force and none for the feed's.
                        list_filter(said, lambda e: e.kind <> 'merger'
                            and before between e.low and e.high and feed_units not between e.low
                                and e.high) as against_feed
                    from (
                        select spell.symbol, spell.number, spell.spell_number, spell.position, spell.sessions,
                            spell.feed_units,
                            spell.recent_split, spell.recent_adjustment, spell.changes, spell.earlier_share,
                                spell.evidence as said,
                            spell.known_at as spell_known_at,
                            decided.accepted as before, decided.held, decided.first_stand, decided.run_known_at,
                                decided.force_known_at,
                            case when spell.position - decided.leapt_position <= 252
                                then decided.former end as former_before,
                            case when spell.position - decided.leapt_position <= 252
                                then decided.leapt_position end as leapt_position,
                            spell.feed_units / decided.accepted as ratio,
                            greatest(spell.feed_units / decided.accepted, decided.accepted / spell.feed_units) as times,
                            times >= 1.8 and times < 10.5 and abs(times / round(times) - 1) <= 0.025
                                or abs(times / 1.5 - 1) <= 0.01
                                or times >= 10.5 and len(list_filter([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 10],
                                    lambda m: abs(times / power(10, floor(log10(times))) / m - 1) <= 0.025)) > 0
                                as is_whole,
                            -- Split noise passes the row on as it was; a held count continues it or begins its own.
                            case
                                when abs(spell.feed_units / decided.accepted * spell.recent_split - 1) <= 0.05
                                    then decided.run
                                when abs(ln(spell.feed_units / decided.held))
                                    <= if(spell.feed_units / decided.accepted between 0.8 and 1.25, ln(1.04),
                                        ln(1.25)) + 1e-9 then decided.run
                                else 0
                            end as stood_before
                        from decided
                        join spell on spell.symbol = decided.symbol and spell.number = decided.number + 1
                    )
                )
            )
        )
    )
)
select symbol, number, spell_number, position as first_position, feed_units, before as accepted_units, ratio, kind,
    evidence,
    needed as sessions_needed, stood_before, former_before as former_units,
        greatest(decided.known_at, session.known_at) as known_at
from decided
join staging.session using (position)
