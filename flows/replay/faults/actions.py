"""Declare faults of splits and dividends in the archive, and of the way the source adjusts the bars before them."""

from __future__ import annotations

from flows.replay.faults.declared import SYMBOL, Declared

# The newest split of the symbol that the source knows, in the archive and in its responses.
IN_ARCHIVE = """symbol = $symbol and split_ratio > 0
    and date = (select max(date) from actions where symbol = $symbol and date <= $today and split_ratio > 0)"""
IN_ANSWER = "symbol = $symbol and date = (select max(date) from split where symbol = $symbol)"
BEFORE_IT = """
    from (select max(date) as split_date, arg_max(ratio, date) as newest_ratio from split where symbol = $symbol)
    where symbol = $symbol and date < split_date"""
PRICES = ("open", "high", "low", "close")
NEXT_SESSION, SESSION_BEFORE = (
    f"(select {nearest}(date) from bars where symbol = $symbol and date {side} actions.date)"
    for nearest, side in (("min", ">"), ("max", "<")))


def multiplied(factor: str) -> str:
    return ", ".join(f"{price} = {price} {factor}" for price in PRICES)


def added(kind: str, amount: str) -> str:
    """Return SQL that adds an action on the newest session."""
    other = "dividend" if kind == "split_ratio" else "split_ratio"
    return f"insert into actions (symbol, date, {kind}, {other}) values ($symbol, $last, {amount}, null)"


FAULTS = (
    Declared("split-late", "omits the newest split and does not adjust bars for it", SYMBOL, among="split",
             archive=(f"delete from actions where {IN_ARCHIVE}",)),
    Declared("split-lost", "omits the newest split; bars stay adjusted for it", SYMBOL, among="split",
             answer=(f"delete from split where {IN_ANSWER}",)),
    Declared("split-undivided", "reports the newest split without adjusting the bars before it", SYMBOL, among="split",
             answer=(f"update bar set {multiplied('* newest_ratio')} {BEFORE_IT}",)),
    Declared("split-early", "dates the newest split a session early", SYMBOL, among="split",
             archive=(f"update actions set date = {SESSION_BEFORE} where {IN_ARCHIVE}",)),
    Declared("split-a-day-late", "dates the newest split a session late", SYMBOL, among="split",
             archive=(f"update actions set date = {NEXT_SESSION} where {IN_ARCHIVE}",)),
    Declared("split-doubled", "reports the newest split a second time, a week earlier", SYMBOL, among="split",
             answer=("insert into split select symbol, date - 7, opened - 604800, ratio, factor from split "
                     f"where {IN_ANSWER}",)),
    Declared("split-divided-twice", "adjusts the bars before the newest split twice", SYMBOL, among="split",
             answer=(f"update bar set {multiplied('/ newest_ratio')} {BEFORE_IT}",)),
    Declared("split-wrong-ratio", "reports the newest split with another ratio than it adjusts by", SYMBOL | {"ratio": 7.0},
             among="split", answer=(f"update split set ratio = $ratio where {IN_ANSWER}",)),
    Declared("split-invented", "reports a split that never was on the newest session, and adjusts by it",
             SYMBOL | {"ratio": 2.0}, archive=(added("split_ratio", "$ratio"),)),
    Declared("split-invented-undivided", "reports a split that never was on the newest session, without adjusting bars",
             SYMBOL | {"ratio": 2.0}, answer=(
                 "insert into split select symbol, date, opened, $ratio, $ratio from bar "
                 "where symbol = $symbol and date = $last",)),
    Declared("spinoff-as-split", "reports a spin-off on the newest session as a split", SYMBOL | {"ratio": 1.323}, archive=(
        f"update bars set {multiplied('/ $ratio')} where symbol = $symbol and date >= $last",
        added("split_ratio", "$ratio"))),
    Declared("spinoff-unnamed", "lets the price fall by an unreported spin-off on the newest session",
             SYMBOL | {"ratio": 1.323},
             archive=(f"update bars set {multiplied('/ $ratio')} where symbol = $symbol and date >= $last",)),
    Declared("dividend-doubled", "reports each dividend of a symbol twice, on the ex-date and a session later", SYMBOL,
             answer=("insert into dividend select symbol, date - 1, opened - 86400, amount from dividend "
                     "where symbol = $symbol",)),
    Declared("dividend-invented", "reports a dividend that never was on the newest session", SYMBOL | {"amount": 1.0},
             archive=(added("dividend", "$amount"),)),
    Declared("dividend-of-a-million", "reports a dividend of a million a share on the newest session",
             SYMBOL | {"amount": 1_000_000.0}, archive=(added("dividend", "$amount"),)),
    Declared("dividends-lost", "no longer reports dividends", SYMBOL,
             answer=("delete from dividend where symbol = $symbol",)),
)
