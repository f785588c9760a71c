"""Dates, shocks, headers of models and parameters of flows: read, or refused in a sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fuzzing import LEAVES, NUMBERS, TEXTS, VALUES, fuzzed, spoilt, tried
from hypothesis import example, given
from hypothesis import strategies as st
from prefect.exceptions import ParameterTypeError

from flows.backfill import backfill, rebuild
from flows.daily import daily, refresh
from flows.pipeline import windows
from flows.pipeline.gate import acceptance
from flows.pipeline.plan import chunks
from flows.report.what_if import parse
from flows.settings import Settings
from transforms.engine import project
from warehouse.calendar import day_of
from warehouse.errors import BadRequest, ModelError

DAYS = st.one_of(TEXTS, st.dates().map(str), st.datetimes().map(str), st.sampled_from([
    "2026-W13", "20260327", "2026-087", "2026-03-27T24:00", "2026-03-27T21:15+25:00", "0001-01-01T00:00-14:00",
    "9999-12-31T23:59:59-12:00", "2026-03-08T02:30", " 2026-03-27", "2026-03-27\n"]))


SHOCKS = st.builds("{}={}".format, st.sampled_from(["NVDA", "nvda", "", "^VIX", "ß"]), st.one_of(NUMBERS, TEXTS))


@fuzzed
@given(DAYS)
def test_a_date_and_a_moment(text) -> None:
    for read in (day_of, windows.parse_instant):
        reported, refusal = tried(lambda read=read: read(text), BadRequest)
        assert refusal or 1 <= reported.year <= 9999


@fuzzed
@given(st.dates(), st.dates())
@example(date.min, date.max)
@example(date.max, date.max)
@example(date.min, date.min)
def test_a_range_of_dates(start, end) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    for ask in (lambda: windows.range_window(settings, start, end), lambda: windows.session_window(settings, start)):
        window, refusal = tried(ask, BadRequest)
        assert refusal or window.start <= window.end


@fuzzed
@given(st.lists(st.one_of(TEXTS, SHOCKS), max_size=4))
@example(["NVDA=nan"])
@example(["NVDA=1e-320"])
@example(["NVDA=１"])
@example(["=0.1"])
def test_shocks(shocks) -> None:
    parsed, refusal = tried(lambda: parse(shocks), BadRequest)
    assert refusal or all(symbol and -1 <= move <= 10 for symbol, move in parsed.items())


HEADER = {"doc": "A model.", "grain": ["date"], "columns": {"date": "Session.", "x": "A figure."},
          "assertions": {"x is there": "x is not null"}}


@fuzzed
@given(spoilt(HEADER))
def test_the_header_of_a_model(tmp_path_factory, header) -> None:
    folder = tmp_path_factory.getbasetemp() / "models" / "marts"
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(project, "header_and_sql", lambda text, name: (header, "select date, x from marts.y"))
        (folder / "x.sql").write_text("")
        if isinstance(header, dict):
            _read(folder / "x.sql")


@fuzzed
@given(st.one_of(st.text(max_size=60), st.text(max_size=40).map(lambda text: f"/*\ndoc = '{text}'\n*/\nselect 1")))
@example("/*\n" + "x = " + "[" * 2000 + "]" * 2000 + "\n*/ select 1")
@example("/*\ndoc = 'x'\ngrain = ['a']\n[columns]\na = 'A'\n*/\nselect ((((((1")
def test_the_text_of_a_model(tmp_path_factory, text) -> None:
    folder = tmp_path_factory.getbasetemp() / "models" / "marts"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "x.sql").write_bytes(text.encode(errors="replace"))
    _read(folder / "x.sql")


def _read(file: Path) -> None:
    model, refusal = tried(lambda: project.read(file), ModelError)
    if model:
        assert model.grain
        assert set(model.grain) <= model.columns.keys()
    else:
        assert str(refusal).startswith("model marts.x ")


@fuzzed
@given(st.sampled_from([daily, refresh, backfill, rebuild]), st.data())
def test_the_parameters_of_a_flow(flow, data) -> None:
    """What Prefect lets through is refused in the flow's first lines, or can be carried out."""
    usual = {daily: {"day": "2026-05-29", "skip_holidays": False, "accept": None},
             refresh: {"feeds": ["bars", "shares"]},
             backfill: {"start": "2026-05-18", "end": "2026-05-29", "as_of": None, "chunk": "month", "accept": None},
             rebuild: {"as_of": "2026-04-01", "recorded_by": None, "accept": "HON spun off SOLS"}}[flow]
    given_ = data.draw(spoilt(usual, st.one_of(LEAVES, VALUES, DAYS)))
    if not isinstance(given_, dict) or not all(isinstance(name, str) for name in given_):
        return
    try:
        read = flow.validate_parameters(given_)
    except (ParameterTypeError, TypeError):  # as Prefect refuses it
        return
    tried(lambda: first_lines(flow, read), BadRequest)


def first_lines(flow, read) -> None:
    """What a flow reads of its parameters before it asks or writes anything."""
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    for name in ("as_of", "recorded_by"):
        if read.get(name):
            windows.parse_instant(str(read[name]))
    acceptance(read.get("accept"))
    if flow is backfill:
        chunks(windows.range_window(settings, read["start"], read["end"]), read["chunk"])
    elif flow is daily:
        windows.session_window(settings, read["day"])
