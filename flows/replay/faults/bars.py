"""Declare faults of the bars that the source reports: missing, late, wrong by a factor, or not yet settled."""

from __future__ import annotations

from flows.replay.faults.declared import BARS, Declared

ONE = "($symbol = '*' or symbol = $symbol)"
STRUCK = f"{ONE} and date between $first and $last"
MULTIPLIED = "open = open * $factor, high = high * $factor, low = low * $factor, close = close * $factor"
NOTHING = "open = null, high = null, low = null, close = null, volume = null"
ALL = {"symbol": "*", "days": 1, "back": 0}
REPEATED = f"""
    update bar set open = held.open, high = held.high, low = held.low, close = held.close, volume = held.volume
    from (select symbol as held_symbol, arg_max(columns(['open', 'high', 'low', 'close', 'volume']), date)
          from bar where date < $first group by symbol) held
    where held_symbol = symbol and {STRUCK}"""


def bars(name: str, does: str, change: str, takes=BARS, where: str = STRUCK) -> Declared:
    """Declare a fault that sets columns of the affected bars."""
    return Declared(name, does, takes, answer=(f"update bar set {change} where {where}",))


FAULTS = (
    bars("null-bar", "returns a bar without values", NOTHING),
    bars("null-bars-all", "returns bars without values for every symbol", NOTHING, ALL),
    bars("partial-bar", "returns a bar with only a close", "open = null, high = null, low = null, volume = null"),
    Declared("missing-bar", "omits a bar", BARS, answer=(f"delete from bar where {STRUCK}",)),
    Declared("dropped-session", "omits a session for every symbol", ALL, answer=(f"delete from bar where {STRUCK}",)),
    Declared("stale-feed", "lags some sessions behind for every symbol", {"symbol": "*", "days": 1},
             answer=(f"delete from bar where {ONE} and date >= $first",)),
    Declared("stale-bar", "repeats the bar of the session before", BARS, answer=(REPEATED,)),
    Declared("stale-bars-all", "repeats the bars of the session before for every symbol", ALL, answer=(REPEATED,)),
    bars("unsettled-bar", "returns an unsettled bar: a close slightly off and half the volume",
         """close = close * $factor, high = greatest(high, close * $factor), low = least(low, close * $factor),
            volume = volume // 2""", BARS | {"factor": 1.003}),
    bars("corrected-bar", "corrects a bar of the past", MULTIPLIED, BARS | {"back": 3, "factor": 1.01}),
    bars("volume-off", "returns a volume that is some percent off", "volume = (volume * $factor)::bigint",
         BARS | {"factor": 1.02}),
    bars("volume-negative", "returns a negative volume", "volume = -volume"),
    bars("bar-x100", "returns a bar a hundred times too high", MULTIPLIED, BARS | {"factor": 100.0}),
    bars("bar-x2", "returns a bar at twice its prices", MULTIPLIED, BARS | {"factor": 2.0}),
    bars("bar-half", "returns a bar at half its prices", MULTIPLIED, BARS | {"factor": 0.5}),
    bars("bar-hundredth", "returns a bar in another unit, at a hundredth", MULTIPLIED, BARS | {"factor": 0.01}),
    bars("run-x100", "returns several bars in a row a hundred times too high", MULTIPLIED,
         BARS | {"days": 2, "factor": 100.0}),
    bars("run-x2", "returns several bars in a row at twice their prices", MULTIPLIED, BARS | {"days": 3, "factor": 2.0}),
    bars("history-x100", "returns every bar of a symbol a hundred times too high",
     MULTIPLIED, {"symbol": "", "factor": 100.0},
         ONE),
    bars("market-x100", "returns the newest bar of every symbol a hundred times too high", MULTIPLIED,
         ALL | {"factor": 100.0}),
    bars("market-x2", "returns the newest bar of every symbol at twice its prices", MULTIPLIED, ALL | {"factor": 2.0}),
    bars("negative-bar", "returns negative prices", MULTIPLIED, BARS | {"factor": -1.0}),
    bars("zero-bar", "returns prices of zero", MULTIPLIED, BARS | {"factor": 0.0}),
    bars("high-below-low", "returns a high below the low", "high = low * 0.9"),
    bars("close-off-range", "returns a close far above the high", "close = high * 1.3"),
    Declared("day-late", "dates every bar of a symbol a session late", {"symbol": ""}, answer=(f"""
        create or replace table bar as
        select * replace (lead(date) over by_date as date, lead(opened) over by_date as opened)
        from bar where {ONE}
        window by_date as (partition by symbol order by date)
        qualify lead(date) over by_date is not null
        union all by name from bar where not {ONE} order by symbol, date""",)),
)
