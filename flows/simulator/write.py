"""Write archive tables as Parquet with fixed schemas and zstd; the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

STRING, DAY, FLOAT, WHOLE = pa.string(), pa.date32(), pa.float64(), pa.int64()

SCHEMAS: dict[str, list[tuple[str, pa.DataType]]] = {
    "bars": [("symbol", STRING), ("date", DAY), ("open", FLOAT), ("high", FLOAT), ("low", FLOAT), ("close", FLOAT),
             ("volume", WHOLE)],
    "actions": [("symbol", STRING), ("date", DAY), ("dividend", FLOAT), ("split_ratio", FLOAT)],
    "shares": [("symbol", STRING), ("date", DAY), ("shares_outstanding", WHOLE)],
    "instruments": [("symbol", STRING), ("name", STRING), ("nasdaq_sector", STRING), ("nasdaq_industry", STRING),
                    ("country", STRING), ("gics_sector", STRING), ("gics_sub_industry", STRING),
                    ("quote_type", STRING)],
    "observations": [("series_id", STRING), ("date", DAY), ("value", FLOAT), ("realtime_start", DAY),
                     ("realtime_end", DAY), ("pit_quality", STRING)],
    "series": [("series_id", STRING), ("frequency", STRING), ("units", STRING), ("publication_lag_days", WHOLE)],
    "statements": [("symbol", STRING), ("statement", STRING), ("period_end", DAY), ("item", STRING), ("value", FLOAT)],
    "membership": [("symbol", STRING), ("date", DAY), ("change", STRING), ("index", STRING)],
    "index_weights": [("index", STRING), ("date", DAY), ("published_on", DAY), ("symbol", STRING), ("weight", FLOAT)],
    "truth/index_weight": [("date", DAY), ("index", STRING), ("scheme", STRING), ("issuer", STRING),
                           ("open_weight", FLOAT), ("price_return", FLOAT), ("contribution", FLOAT),
                           ("close_weight", FLOAT)],
    "truth/index_return": [("date", DAY), ("index", STRING), ("official_return", FLOAT), ("full_cap_return", FLOAT),
                           ("capped_return", FLOAT), ("equal_weight_return", FLOAT), ("span_sessions", WHOLE),
                           ("effective", STRING)],
    "truth/shares": [("symbol", STRING), ("date", DAY), ("true_count", WHOLE), ("count_in_force", FLOAT)],
    "truth/splits": [("symbol", STRING), ("date", DAY), ("split_ratio", FLOAT), ("count_late_sessions", WHOLE)],
    "truth/holes": [("kind", STRING), ("symbol", STRING), ("first_date", DAY), ("last_date", DAY), ("detail", STRING)],
    "truth/revisions": [("series_id", STRING), ("date", DAY), ("realtime_start", DAY), ("previous", FLOAT),
                        ("value", FLOAT), ("reason", STRING)],
    "truth/loadings": [("symbol", STRING), ("issuer", STRING), ("tier", STRING), ("sector", STRING), ("beta", FLOAT),
                       ("idiosyncratic_volatility", FLOAT)],
    "truth/tier_excess": [("date", DAY), ("tier", STRING), ("excess_log_return", FLOAT)],
    "truth/leadership": [("tier", STRING), ("position", WHOLE), ("lead_date", DAY), ("sessions_after_peak", WHOLE)],
    "truth/operating_leverage": [("symbol", STRING), ("period_end", DAY), ("revenue_change", FLOAT),
                                 ("operating_margin_change", FLOAT), ("degree", FLOAT)],
}


def write(out: Path, table: str, columns: Mapping[str, Any]) -> None:
    """Write one table of SCHEMAS into the archive folder; NaN, NaT and None become null."""
    arrays = [_array(columns[name], kind) for name, kind in SCHEMAS[table]]
    floats = [name for name, kind in SCHEMAS[table] if kind == FLOAT]
    path = out / f"{table}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding: dict[str, Any] = {}
    if table.startswith("truth/"):      # values of full doubles do not repeat, but their bytes do
        strings = [name for name, kind in SCHEMAS[table] if kind == STRING]
        encoding = {"use_dictionary": strings, "use_byte_stream_split": floats}
    names = [name for name, _ in SCHEMAS[table]]
    pq.write_table(pa.table(arrays, names=names), path, compression="zstd", compression_level=6, **encoding)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    values = np.asarray(values)
    if kind == FLOAT:
        values = values.astype(float)
        return pa.array(values, kind, mask=np.isnan(values))
    if kind == WHOLE and values.dtype.kind == "f":
        unknown = np.isnan(values)
        return pa.array(np.where(unknown, 0, values).astype(np.int64), kind, mask=unknown)
    if kind == DAY:
        return pa.array(values.astype("datetime64[D]"), kind)
    return pa.array(values.tolist(), kind)


def coded(codes: np.ndarray, names: list[str]) -> pa.Array:
    """Decode `codes`, which index `names`, to an array of strings."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names, STRING)).cast(STRING)
