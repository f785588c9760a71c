"""The pages of the service in a real browser: the form of a backfill, and what its run shows."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import PASSWORD, Served, until, up
from tiny_market import published

pytestmark = pytest.mark.xdist_group("serve")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("there is no chromium here (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def served(browser, tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with up(tiny, tmp_path_factory.mktemp("served")) as this:
        yield this


@pytest.fixture(scope="module")
def page(browser, served: Served):
    """A page of the UI whose user has given the password; afterwards, that it asked no other host."""
    hosts = set()
    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    page.set_default_timeout(30_000)
    page.add_init_script(f"localStorage.setItem('prefect-password', '{base64.b64encode(PASSWORD.encode()).decode()}')")
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield page
    assert hosts == {f"127.0.0.1:{served.port}"}


def pick(page, name: str, day: str) -> None:
    """Choose a date in the form of a deployment."""
    label = page.locator(f".schema-form-property__label:text-is('{name}')")
    page.locator(".schema-form-property").filter(has=label).locator(".p-date-button__control").click()
    page.locator(".p-date-picker input[type=date]").fill(day)
    page.locator(".p-date-picker").get_by_role("button", name="Apply").click()


def submitted(page, served: Served, start: str, end: str) -> str:
    """Fill the form of `backfill` and submit it; the id of the run it made."""
    page.goto(f"{served.ui}/deployments/deployment/{served.deployment('backfill')['id']}/run")
    pick(page, "start", start)
    pick(page, "end", end)
    for _ in range(5):
        with page.expect_response("**/create_flow_run") as answer:
            page.get_by_role("button", name="Submit").press("Enter")  # the page's word of a busy SQLite may lie over it
        if answer.value.status != 503:
            break
    made = answer.value.json()["id"]
    page.goto(f"{served.ui}/runs/flow-run/{made}")
    return made


@pytest.fixture(scope="module")
def filled(page, served: Served) -> dict[str, Any]:
    """A past week's run, asked for in the form; it has ended."""
    return served.ended(submitted(page, served, "2026-05-04", "2026-05-08"))


def test_a_past_week_is_filled_from_the_form(page, served: Served, filled: dict[str, Any], tmp_path: Path) -> None:
    assert filled["name"] == "backfill 2026-05-04 to 2026-05-08"
    assert filled["state_type"] == "COMPLETED", filled["state"]["message"]
    page.reload()
    page.get_by_text("Completed", exact=True).first.wait_for()
    page.get_by_text("build", exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "backfill.png")
    assert published(served.home, """select count(*) from marts.regime_daily
                                     where date between '2026-05-04' and '2026-05-08'""") == [(5,)]


def test_the_page_of_a_run_shows_its_summary_and_tables(page, served: Served, filled: dict[str, Any],
                                                        tmp_path: Path) -> None:
    page.goto(f"{served.ui}/runs/flow-run/{filled['id']}")
    page.get_by_text(filled["name"]).first.wait_for()
    page.get_by_text("Artifacts", exact=True).click()
    for key in ("summary", "coverage", "quarantine", "validation", "progress"):
        page.get_by_text(key, exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "run.png")
    page.get_by_text("summary", exact=True).first.click()
    page.get_by_role("heading", name="Friday, 29 May 2026").wait_for()
    page.get_by_role("heading", name="Regime").wait_for()
    page.get_by_role("cell", name="vix_close", exact=True).wait_for()
    page.screenshot(path=tmp_path / "summary.png", full_page=True)


def test_a_range_that_ends_before_it_begins_is_refused_in_a_sentence_and_told(page, served: Served, tmp_path: Path) -> None:
    run = served.ended(submitted(page, served, "2026-05-08", "2026-05-04"))
    sentence = "range 2026-05-08 to 2026-05-04: it ends before it begins. Give the earlier date first"
    assert (run["state_type"], run["state"]["message"]) == ("FAILED", sentence)
    page.get_by_text(sentence).first.wait_for()
    page.screenshot(path=tmp_path / "refused.png")
    assert not page.get_by_text("Traceback").count()
    said = until(lambda: [text for text in served.told if sentence in text])
    assert said[0].startswith("backfill 2026-05-08 to 2026-05-04 Failed: ")
