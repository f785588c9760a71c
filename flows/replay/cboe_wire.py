"""Serve Cboe's public CSV file of an index's daily history from the archive's bars of that index."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from flows.replay.archive import Archive

HEADER = "DATE,OPEN,HIGH,LOW,CLOSE"
NAMES = ("VIX", "VIX3M")
"""The indices whose file has these columns; those of others have a close alone."""


def history(archive: Archive, name: str) -> tuple[int, str, bytes]:
    """Return status, content type and body: a line for each known bar, prices with six decimals; 404 for another index."""
    bars = archive.bars(f"^{name}") if name in NAMES else None
    if bars is None:
        return 404, "text/html; charset=UTF-8", b"<html><body>404 Not Found</body></html>\n"
    days = [datetime.fromtimestamp(int(opened), UTC).strftime("%m/%d/%Y") for opened in bars.opened]
    columns = [[f"{price:.6f}" if np.isfinite(price) else "" for price in column]
               for column in (bars.open, bars.high, bars.low, bars.close)]
    lines = [",".join(line) for line in zip(days, *columns, strict=True)]
    return 200, "text/csv", "\n".join([HEADER, *lines, ""]).encode()
