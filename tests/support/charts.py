"""Chart responses of Yahoo for a scripted server, and accessors for the fetched results."""

from __future__ import annotations

import json

import pandas as pd

OPEN_NY = 14 * 3600 + 30 * 60  # 09:30 New York in winter, in seconds after midnight UTC


def chart(days: list[str], closes: list[float | None], volumes: list[int | None] | None = None,
          events: dict | None = None, zone: str = "America/New_York", opens: int = OPEN_NY,
          **meta: object) -> tuple[int, str]:
    """Return a chart response of Yahoo: status and body."""
    stamps = [int(pd.Timestamp(day).timestamp()) + opens for day in days]
    quote = {name: closes for name in ("open", "high", "low", "close")}
    result = {
        "meta": {"currency": "USD", "symbol": "AAA", "instrumentType": "EQUITY", "exchangeTimezoneName": zone,
                 "validRanges": ["1d", "max"], "priceHint": 2} | meta,
        "timestamp": stamps, "events": events or {},
        "indicators": {"quote": [quote | {"volume": volumes or [100] * len(days)}],
                       "adjclose": [{"adjclose": closes}]},
    }
    return 200, json.dumps({"chart": {"result": [result], "error": None}})


def closes(fetched, symbol: str = "AAA") -> dict[str, float]:
    bars = fetched.frames["bars"]
    bars = bars[bars["symbol"] == symbol]
    return dict(zip(bars["date"].dt.strftime("%Y-%m-%d"), bars["close"], strict=True))


def outcome(fetched, key: str = "AAA") -> dict:
    return fetched.outcomes.set_index("key").loc[key].to_dict()
