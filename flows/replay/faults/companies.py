"""Declare faults of a company's share counts, symbol and statements."""

from __future__ import annotations

from flows.replay.faults.declared import SYMBOL, Declared

NEWEST_COUNT = "(select arg_max(shares_outstanding, date) from shares where symbol = $symbol and date <= $last)"


def counted(name: str, does: str, factor: float) -> Declared:
    """Declare a fault that adds a share count on the newest session, a multiple of the last one."""
    return Declared(name, does, SYMBOL | {"factor": factor}, answer=(
        f"insert into shares values ($symbol, $last, {NEWEST_COUNT} * $factor)",))


TABLES = ("bar", "split", "dividend", "shares", "statements", "kind")

FAULTS = (
    counted("count-x5", "reports a share count five times as high on the newest session", 5.0),
    counted("count-x4", "reports a share count four times as high on the newest session", 4.0),
    counted("count-of-one-class", "reports the share count of one class on the newest session", 0.45),
    counted("count-zero", "reports a share count of zero on the newest session", 0.0),
    counted("count-negative", "reports a negative share count on the newest session", -1.0),
    Declared("count-flipping", "alternates between two share counts on the newest sessions",
     SYMBOL | {"factor": 4.0, "days": 6},
             answer=(f"""
        insert into shares
        select $symbol, date, {NEWEST_COUNT} * if(row_number() over (order by date) % 2 = 1, $factor, 1)
        from bar where symbol = $symbol and date between $first and $last""",)),
    Declared("count-conflicting", "reports two share counts for the newest session", SYMBOL | {"factor": 1.5}, answer=(
        f"insert into shares values ($symbol, $last, {NEWEST_COUNT})",
        f"insert into shares values ($symbol, $last, {NEWEST_COUNT} * $factor)")),
    Declared("counts-lost", "reports no share count", SYMBOL, answer=("delete from shares where symbol = $symbol",)),
    Declared("delisted", "no longer knows a symbol", SYMBOL,
             answer=tuple(f"delete from {table} where symbol = $symbol" for table in TABLES)),
    Declared("renamed", "knows a symbol only under a new name", SYMBOL | {"to": "RENAMED"},
             answer=tuple(f"update {table} set symbol = $to where symbol = $symbol" for table in TABLES)),
    Declared("reused-symbol", "reuses a symbol for another company and returns that company's bars", SYMBOL, answer=(
        """update bar set open = o.open / 3, high = o.high / 3, low = o.low / 3, close = o.close / 3
           from bar o where bar.symbol = $symbol and o.date = bar.date
               and o.symbol = (select min(symbol) from bar where symbol <> $symbol and not starts_with(symbol, '^'))""",
        "delete from split where symbol = $symbol", "delete from dividend where symbol = $symbol")),
    Declared("statement-currency", "reports a company's statements in another currency", SYMBOL | {"currency": "TWD"},
             answer=("update statements set currency = $currency where symbol = $symbol",)),
    Declared("statement-x1000", "reports a company's statements in thousands", SYMBOL | {"factor": 0.001},
             answer=("update statements set value = value * $factor where symbol = $symbol",)),
    Declared("statement-restated", "restates a company's newest statement", SYMBOL | {"factor": 1.05}, answer=(
        """update statements set value = value * $factor where symbol = $symbol
               and period_end = (select max(period_end) from statements where symbol = $symbol)""",)),
)
