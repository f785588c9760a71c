"""Simulate a market whose true drivers are known, as an archive folder of the catalog's symbols and memberships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warehouse.catalog import Catalog


def simulate(out: Path, seed: int = 7, catalog: Catalog | None = None) -> None:
    """Write a simulated archive into `out`: sessions 2020-06-01 to 2026-05-29, the same bytes for the same seed.

    The folder has the layout of the replay server, `simulated.json`, which describes it, and `truth/` with the planted
    facts. `catalog` defaults to the packaged one; every stock that it requests since 2023-02 is simulated. An earlier
    simulation in `out` is overwritten. Raises ArchiveNotSimulated if `out` holds another archive, and BadRequest for a
    folder that holds other files or cannot be created.
    """
    from flows.simulator import (
        actions,
        archive,
        bars,
        funds,
        index,
        listings,
        market,
        paths,
        releases,
        spinoffs,
        statements,
        stocks,
        story,
        truth,
    )
    from flows.simulator.write import write

    out = Path(out)
    _make_room(out)
    if catalog is None:
        from warehouse.catalog import load

        catalog = load()
    sessions = paths.Sessions(story.FIRST, story.LAST)
    plan = market.plan(sessions, seed)
    listed = listings.choose(catalog, sessions, seed)
    counts = actions.count_paths(listed, sessions, seed)
    rebalancing = next((u.rebalancing for u in catalog.universes.values() if u.published_index == "^NDX"), None)
    given = spinoffs.spin_offs(catalog, listed, sessions)
    priced = stocks.simulate_stocks(listed, counts, given, plan, sessions, rebalancing, seed)
    closes = funds.closes(catalog, listed, counts, plan, priced, seed)
    stock_bars, held = bars.stock_bars(listed, counts, priced, plan, sessions, seed)
    other_bars = bars.other_bars(closes, plan, sessions, seed)
    observed = releases.observe(catalog, plan, closes, sessions, seed)
    accounts, leverage = statements.statements(listed, seed)
    weights = truth.weigh(listed, counts, priced, held)
    leads, excess = truth.leadership(plan, sessions)

    tables = {
        "actions": archive.actions(listed, counts, priced, closes, sessions, seed),
        "shares": archive.shares(listed, priced, sessions),
        "instruments": archive.instruments(catalog, listed),
        "membership": archive.membership(catalog),
        "series": archive.series(catalog),
        "observations": observed.rows,
        "statements": accounts,
        "index_weights": truth.published_weights(weights, listed, sessions),
        "truth/index_weight": truth.index_weight(weights, listed, sessions),
        "truth/index_return": truth.index_return(weights, closes["^NDX"], index.reviews(rebalancing, sessions), sessions),
        "truth/shares": truth.shares(listed, counts, priced, sessions),
        "truth/splits": archive.splits(listed, counts, sessions),
        "truth/holes": archive.holes(bars.holes(listed, sessions)),
        "truth/revisions": observed.revisions,
        "truth/loadings": archive.loadings(listed),
        "truth/leadership": leads,
        "truth/tier_excess": excess,
        "truth/operating_leverage": leverage,
    }
    first, last = (str(day) for day in sessions.days[[0, -1]])
    # Move the bars into place last, after simulated.json exists, so that a half-written folder is taken neither for a
    # complete nor for a real archive.
    for name in ("bars.parquet", "simulated.json"):
        (out / name).unlink(missing_ok=True)
    for name, table in tables.items():
        write(out, name, table)
    _write_json(out / "truth" / "story.json", archive.story_told(plan, closes, sessions))
    unfinished = out / "unfinished"
    write(unfinished, "bars", archive.bars(stock_bars, other_bars, listed))
    _write_json(out / "simulated.json", {"seed": seed, "simulated": True, "first_session": first, "last_session": last})
    (unfinished / "bars.parquet").rename(out / "bars.parquet")
    unfinished.rmdir()


def _make_room(out: Path) -> None:
    """Accept a folder that is new, empty, or of an earlier simulation, complete or not; refuse one with other files."""
    from flows.simulator.write import SCHEMAS
    from warehouse.errors import ArchiveNotSimulated, BadRequest, disk_is_full

    ours = {*(f"{table}.parquet" for table in SCHEMAS), "unfinished/bars.parquet", "simulated.json", "truth/story.json"}
    try:
        there = {file.relative_to(out).as_posix() for file in out.rglob("*") if file.is_symlink() or not file.is_dir()}
        # A simulation begins with the folder of its truth, which no other archive has, and ends with simulated.json.
        if there & ours and not (out / "truth").exists() and not (out / "simulated.json").exists():
            raise ArchiveNotSimulated(str(out))
        if foreign := sorted(there - ours):
            raise BadRequest(f"simulate {out}", f"it holds {foreign[0]}, which no simulation wrote",
                             "Name a new folder with --out, or move what is in this one")
        (out / "truth").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if disk_is_full(error):
            raise
        raise BadRequest(f"simulate {out}", f"the folder cannot be made: {error.strerror or error}",
                         "Name a new folder with --out") from None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
