"""The sentences of errors that are put together from parts."""

from __future__ import annotations

import pytest

from flows.sources.errors import SourceUnreachable
from warehouse.errors import CatalogError, RunIncomplete


@pytest.mark.parametrize(("problems", "begins"), [
    (("FRED cannot be reached. Check the network.",), "the run is incomplete (1 problem): FRED cannot be reached. Check "
     "the network. Everything else was loaded"),
    (("no bar of AAA", "no bar of BBB"), "the run is incomplete (2 problems): no bar of AAA; no bar of BBB. Everything")])
def test_a_run_names_each_part_that_is_missing(problems: tuple[str, ...], begins: str) -> None:
    assert str(RunIncomplete(problems)).startswith(begins)


@pytest.mark.parametrize(("error", "sentence"), [
    (CatalogError("mine", "-", "-", "is not a folder"), "catalog mine: is not a folder"),
    (CatalogError("macro.toml", "DGS10", "-", "is missing"), "catalog macro.toml, entry DGS10: is missing"),
    (CatalogError("macro.toml", "DGS10", "unit", "is missing"), "catalog macro.toml, entry DGS10, key unit: is missing")])
def test_a_catalog_error_names_what_there_is_to_name(error: CatalogError, sentence: str) -> None:
    assert str(error) == sentence


def test_a_source_error_says_which_request_failed_and_why() -> None:
    assert str(SourceUnreachable("stlouisfed.org", "observations of DGS10", "no answer within 20 seconds")).startswith(
        "stlouisfed.org cannot be reached: the request for observations of DGS10 failed (no answer within 20 seconds). ")
