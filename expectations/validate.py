"""Validate a landed batch by its suites: which rows pass, which are quarantined and why, and whether the batch stops."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.held_facts import held_facts, nothing_held
from expectations.severity import NAMES, QUARANTINE, STOP
from warehouse.calendar import sessions
from warehouse.catalog import Catalog
from warehouse.landing import Batch
from warehouse.load.batch import Stop

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd
    from great_expectations.core.batch_definition import BatchDefinition

RESULT_COLUMNS = ["suite", "expectation", "severity", "success", "observed", "unexpected_rows"]
REJECTED_COLUMNS = ["frame", "row", "key", "date", "row_json", "reason"]
# The inputs of columns that are derived only for validation, by frame; and those columns.
DERIVED_FROM = {"actions": {"symbol", "date", "kind", "value"},
                "weights": {"index_code", "symbol", "date", "published_on", "weight"}}
DERIVED = ["spike", "list_total", "is_known", "is_session", "names_kept", "share_of_price"]
# Columns that describe a value; a source may omit them, and no suite checks them.
LABELS = ["currency", "pit_quality"]


@dataclass(frozen=True)
class Verdict:
    """`rejected` rows go to quarantine and `results` to the audit; a batch or key in `stopped` is not loaded.

    `held` has one sentence for each set of values that contradict each other or the held rows.
    """

    rejected: pd.DataFrame
    results: pd.DataFrame
    stopped: tuple[Stop, ...]
    held: tuple[str, ...] = ()


def validate(batch: Batch, catalog: Catalog, con: duckdb.DuckDBPyConnection | None = None) -> Verdict:
    """Run every suite on the batch's frames, without changing the landed frames.

    With a connection to the warehouse, the suites also compare the response with the held rows.
    """
    import pandas as pd

    facts = nothing_held() | (held_facts(con, batch) if con else {})
    whole_frame = _whole_frame()
    results: list[tuple] = []
    rejected: list[dict[str, Any]] = []
    stopped: list[Stop] = []
    held: list[str] = []
    for frame_name, frame, suite, key in _suites(batch, catalog, facts, rejected):
        outcome = whole_frame.get_batch({"dataframe": frame.drop(columns=LABELS, errors="ignore")}) \
            .validate(suite, result_format={"result_format": "COMPLETE"})
        for result in outcome.results:
            config: Any = result.expectation_config
            severity, why = str(config.severity.value), config.meta["why"]
            rows = list(dict.fromkeys(result.result.get("unexpected_index_list") or []))
            results.append((suite.name, why, NAMES[severity], bool(result.success),
                            _observed(result.result), len(rows)))
            if result.success:
                continue
            raised = not result.result
            if severity == STOP or raised:
                stopped.append(Stop(f"{suite.name}: fails the check that {why}", key))
            elif severity == QUARANTINE:
                rejected_rows = list(_whole(frame_name, frame, rows, why))
                if column := config.meta.get("contradicts"):
                    held.extend(_hold(rejected_rows, column, why))
                rejected.extend(rejected_rows)
    return Verdict(_one_row_each(pd.DataFrame(rejected, columns=REJECTED_COLUMNS)),
                   pd.DataFrame(results, columns=RESULT_COLUMNS), (*stopped, *_without_a_split(rejected)), tuple(held))


def _hold(rejected: list[dict[str, Any]], column: str, why: str) -> Iterator[str]:
    """Mark rows with contradicting values as held, with all values of their key and date in the reason.

    Yields one sentence per key and date.
    """
    def key_and_date(row: dict[str, Any]) -> tuple:
        return row["key"], row["date"], row["values"].get("symbol")

    for (key, day, symbol), rows in groupby(sorted(rejected, key=lambda row: str(key_and_date(row))), key_and_date):
        rows = list(rows)
        values = [f"{row['values'][column]:g}" for row in rows if row["values"][column] is not None]
        name = f"{key} {symbol}" if symbol and symbol != key else key
        for row in rows:
            row["reason"] = f"held: {column} {' and '.join(values)}; {row['reason']}"
        yield (f"{rows[0]['frame']} of {name} for {day} held: {column} {' and '.join(values)} "
               f"fail{'s' * (len(values) == 1)} the check that {why}")


def _suites(batch: Batch, catalog: Catalog, facts: Mapping[str, pd.DataFrame],
            rejected: list[dict[str, Any]]) -> Iterator[tuple[str, pd.DataFrame, gx.ExpectationSuite, str | None]]:
    """Yield each non-empty frame of the batch with its suite, and the key if the suite is for a single key."""
    import pandas as pd

    from expectations import macro, prices, shares, statements, weights

    fetched_on = batch.fetched_at.astimezone(UTC).date()  # this date may already be tomorrow in New York
    if batch.feed == "observations":
        whole = _frame(batch, "observations")
        if len(whole):
            yield "observations", whole, macro.names_suite(catalog.series), None
        series_of: Any = whole.get("series_id", [])
        spikes = _spikes(batch, catalog, facts) if set(macro.COLUMNS) <= set(whole) else None
        for series_id in sorted(set(series_of) & catalog.series.keys()):
            yield ("observations", whole.loc[series_of == series_id].assign(spike=spikes),
                   macro.macro_suite(catalog.series[series_id], fetched_on), series_id)
        return
    checks = {
        "bars": [("actions", prices.ACTIONS, prices.actions_suite), ("bars", None, prices.bars_suite)],
        "shares": [("shares", None, shares.shares_suite)],
        "statements": [("statements", None, statements.statements_suite)],
        "weights": [("weights", weights.LISTS, weights.weights_suite)],
    }
    known = catalog.universes if batch.feed == "weights" else catalog.instruments
    if batch.feed == "weights":
        days = [day for day, _, _ in sessions(batch.fetched_at.year + 1)]
        facts = {**facts, "instrument": pd.DataFrame({"symbol": list(catalog.instruments)}, dtype="str"),
                 "session": pd.DataFrame({"date": days})}
    for name, derived, suite in checks[batch.feed]:
        frame = _frame(batch, name, derived, facts)
        if name == "shares" and set(shares.COLUMNS) <= set(frame):
            frame = _choose(batch, frame, facts, rejected)
        if len(frame):
            yield name, frame, suite(known, fetched_on), None


def _without_a_split(rejected: list[dict[str, Any]]) -> Iterator[Stop]:
    """Yield a stop for each key with a rejected split.

    The source adjusts earlier bars for that split all the same, so the prices traded before it cannot be restored.
    """
    for key in sorted({r["key"] for r in rejected if r["frame"] == "actions" and r["values"]["kind"] == "split"}):
        yield Stop(f"bars: a split of {key} was rejected, so its earlier prices cannot be restored", key)


def _spikes(batch: Batch, catalog: Catalog, facts: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return the distance of each observation of a series with a limit from its neighbors, by row position."""
    import pandas as pd

    from expectations import macro

    with _landed(batch, "observations", facts) as con:
        con.execute("create table series_limit (series_id varchar, low double, high double, largest_change double, "
                    "largest_ratio double, symbol varchar)")
        limits = pd.DataFrame(macro.limits(catalog.series.values()), dtype=object)  # noqa: F841, DuckDB reads it
        con.execute("insert into series_limit from limits")
        con.execute(macro.CHANGE)
        spikes = con.execute(macro.SPIKES).df()
    return pd.Series(spikes["spike"].to_numpy(), index=spikes["file_row_number"])


def _choose(batch: Batch, frame: pd.DataFrame, facts: Mapping[str, pd.DataFrame],
            rejected: list[dict[str, Any]]) -> pd.DataFrame:
    """Keep for each date only the count nearest to the count in force, and reject the others."""
    from expectations import shares

    with _landed(batch, "shares", facts) as con:
        others = con.execute(f"select * from ({shares.CHOICE}) where place > 1 and len(list_distinct(counts)) > 1"
                             " order by file_row_number").fetchall()
    for row, in_force, _, counts in others:
        numbers = " and ".join(f"{count:,.0f}" for count in sorted(set(counts)))
        kept = f"the one nearest to the current count of {in_force:,.0f}" if in_force else "the last one"
        rejected.extend(_whole("shares", frame, [row], f"a symbol has one count per date; of {numbers}, {kept} was kept"))
    return frame.drop(index=[row for row, *_ in others])


@contextmanager
def _landed(batch: Batch, name: str, facts: Mapping[str, pd.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory with the frame as view `landed`, for actions also the batch's bars, and the held facts."""
    def parquet(frame: str) -> str:
        return "select * from read_parquet('" + str(batch.frame(frame)).replace("'", "''") + "', file_row_number = true)"

    with duckdb.connect() as con:
        con.execute(f"create view landed as {parquet(name)}")
        if name == "actions":
            con.execute(f"create view bars as {parquet('bars')}")
        for fact, rows in facts.items():
            con.register(fact, rows)
        yield con


def _frame(batch: Batch, name: str, derived: str | None = None,
           facts: Mapping[str, pd.DataFrame] = MappingProxyType({})) -> pd.DataFrame:
    """Read the landed rows, indexed by position, with dates as plain dates; `derived` is SQL that adds columns."""
    with _landed(batch, name, facts) as con:
        columns = {row[0] for row in con.execute("describe landed").fetchall()}
        # If columns are missing, skip the derivation instead of failing: the suite stops the batch.
        derivable = derived and DERIVED_FROM[name] <= columns
        if name == "actions" and derivable:
            derivable = {"symbol", "date", "close"} <= {row[0] for row in con.execute("describe bars").fetchall()}
        frame = con.execute(derived if derivable else "select * from landed order by file_row_number").df()  # type: ignore[arg-type]
    frame = frame.set_index("file_row_number")
    frame.index.name = None  # Great Expectations reports rows of a named index as dicts
    for column in ("date", "period_end", "published_on"):
        if column in frame:
            frame[column] = frame[column].dt.date
    return frame


def _whole(frame_name: str, frame: pd.DataFrame, rows: list[int], why: str) -> Iterator[dict[str, Any]]:
    """Yield the rows as received, with null instead of NaN, which is not valid JSON."""
    import pandas as pd

    received = frame.loc[rows].drop(columns=DERIVED, errors="ignore").to_dict("records")
    for row, record in zip(rows, received, strict=True):
        values = {name: None if pd.isna(value) else value for name, value in record.items()}
        as_json = {name: str(value) if value in (math.inf, -math.inf) else value for name, value in values.items()}
        yield {"frame": frame_name, "row": row, "key": str(next(iter(values.values()))), "values": values,
               "date": values.get("date", values.get("period_end")),
               "row_json": json.dumps(as_json, default=str), "reason": f"fails the check that {why}"}


def _one_row_each(rejected: pd.DataFrame) -> pd.DataFrame:
    """Merge the rejections of each row, so that a row that fails twice is quarantined once with both reasons."""
    if rejected.empty:
        return rejected.astype({"row": "int64"})
    first = {c: "first" for c in REJECTED_COLUMNS if c not in ("frame", "row", "reason")}
    merged = rejected.groupby(["frame", "row"], as_index=False, sort=True).agg({**first, "reason": "; ".join})
    return merged.reindex(columns=REJECTED_COLUMNS)


def _observed(result: dict[str, Any]) -> str | None:
    if "observed_value" in result:
        return str(result["observed_value"])
    share = result.get("unexpected_percent")
    return None if share is None else f"{share:.4g} % unexpected"


@cache
def _whole_frame() -> BatchDefinition:
    """Define the batch that is an entire frame, in one context per process.

    The context is in memory, silent, and without the documentation site it would write to disk. It is written out again
    for each definition, so all suites use this one.
    """
    # Disable analytics, so that no data of a run leaves the machine. The library reads this variable at import.
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral", project_config=DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False)))
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    landing = context.data_sources.add_pandas("landing").add_dataframe_asset("frame")
    return landing.add_batch_definition_whole_dataframe("whole")
