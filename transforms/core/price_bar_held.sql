/*
doc = """
Bars that evidence keeps out of every figure: a level or a day that nothing confirms, and bars that repeat the one before
(core.price_bar_verdict). The raw row stays; the session counts as one without a bar.
"""
grain = ["symbol", "date"]

[columns]
symbol = "Ticker."
date = "The source's date of the bar."
close = "Close as traded, as reported by the source."
kind = "leap, there_and_back or stale (core.price_bar_verdict)."
ratio = "Split-free close over the last accepted one where the bar's level begins; 1 for a stale bar."
reason = "Why it is held, in one sentence that begins with held."
known_at = "When that could be known (UTC)."

[assertions]
"a reason begins with held" = "reason like 'held: %'"
*/
select symbol, date, close, kind, ratio, reason, known_at
from core.price_bar_verdict
where status = 'held'
