"""The service in a real browser, as it is without any setting: what its own pages do, and what other pages cannot."""

from __future__ import annotations

import base64
import http.client
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import KEY, Served, until, up
from served import browser as open_browser
from tiny_market import published

pytestmark = pytest.mark.xdist_group("serve")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def served(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    home.chmod(0o755)
    before = os.umask(0o022)  # as on most machines
    with up(tiny, home) as this:
        yield this
    os.umask(before)


@pytest.fixture(scope="module")
def page(browser, served: Served):
    """A page of the UI whose user has given the password; afterwards, that it asked no other host."""
    hosts = set()
    page = browser.new_page(viewport={"width": 1400, "height": 1100})
    page.set_default_timeout(30_000)
    page.add_init_script(f"localStorage.setItem('prefect-password', '{base64.b64encode(served.auth.encode()).decode()}')")
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
    reported = until(lambda: [text for text in served.posted if sentence in text])
    assert reported[0].startswith("backfill 2026-05-08 to 2026-05-04 Failed: ")


# Who may


def test_whoever_opens_it_is_asked_and_the_string_of_the_home_is_the_answer(browser, served: Served) -> None:
    hosts = set()
    page = browser.new_page()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(served.ui)
    page.get_by_text("Login").first.wait_for()
    page.locator("input").fill(served.auth)
    page.keyboard.press("Enter")
    page.get_by_text("Active Work Pools").first.wait_for()
    page.goto(f"{served.ui}/v2/deployments")
    page.get_by_text("macro-revisions").first.wait_for()
    page.close()
    assert hosts == {f"127.0.0.1:{served.port}"}, "it reports to nobody"


def test_nobody_else_can_read_what_it_keeps(served: Served) -> None:
    folder = served.home / "prefect"
    modes = {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert modes.keys() >= {"auth", "prefect.db", "prefect.db-wal", "prefect.db-shm", "server.log", "serve.json"}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert served.home.stat().st_mode & 0o777 == 0o700
    assert f"log in with  the line in {folder}/auth\n" in served.reported


def test_the_string_is_in_no_process_list_no_log_and_no_pipe(served: Served) -> None:
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    logs = [file.read_text(errors="replace") for file in (served.home / "prefect").glob("*.log*")]
    for secret in (served.auth, served.auth.partition(":")[2], KEY):
        assert not [text for text in (shown, served.reported, *logs) if secret in text]


@pytest.fixture(scope="module")
def token(served: Served) -> dict[str, str]:
    """The headers of one who knows everything."""
    given = served.api("GET", "/csrf-token?client=foreign")["token"]
    basic = base64.b64encode(served.auth.encode()).decode()
    return {"Authorization": f"Basic {basic}", "Prefect-Csrf-Token": given, "Prefect-Csrf-Client": "foreign",
            "Content-Type": "application/json"}


def requested(served: Served, path: str, headers: dict[str, str], body: str | None = None) -> tuple[int, str]:
    """The status and the answer to a request with just these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.putrequest("GET" if body is None else "POST", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body or "")))
    connection.endheaders((body or "").encode())
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.mark.parametrize("foreign", [{"Origin": "http://foreign.example"}, {"Origin": "null"}, {"Host": "foreign.example"},
                                     {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://127.0.0.1:9"}])
def test_a_request_in_the_name_of_another_page_is_refused(served: Served, token: dict[str, str],
                                                          foreign: dict[str, str]) -> None:
    start = f"/api/deployments/{served.deployment('rebuild')['id']}/create_flow_run"
    before = runs(served)
    for path, body in (("/api/block_documents/filter", '{"include_secrets": true}'), (start, "{}"), ("/api/version", None)):
        assert requested(served, path, token | foreign, body)[0] == 403
    assert runs(served) == before
    assert requested(served, "/api/version", token)[0] == 200, "without the foreign header it is answered"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_who_does_not_know_the_string_starts_and_reads_nothing(served: Served, kind: str) -> None:
    start = f"/api/deployments/{served.deployment('rebuild')['id']}/create_flow_run"
    before = runs(served)
    assert requested(served, start, {"Content-Type": kind}, "{}")[0] in (401, 403)
    assert requested(served, "/api/version", {})[0] == 401
    assert runs(served) == before


def runs(served: Served) -> int:
    """How many runs of `rebuild` there are; nobody else starts any."""
    return served.api("POST", "/flow_runs/count", {"deployments": {"name": {"any_": ["rebuild"]}}})


# A page of another site that knows all there is to know, and what it got.
DRIVE_BY = """async ({api, ui, start, headers}) => {
    const got = {};
    const attempt = async (name, action) => { try { got[name] = await action() } catch { got[name] = null } };
    const body = JSON.stringify({include_secrets: true});
    const later = (element, url, target) => new Promise(done => {
        element.onload = () => done('loaded'); element.onerror = () => done(null); setTimeout(() => done(null), 2000);
        element[target] = url; document.body.append(element);
    });
    const blocks = api + '/block_documents/filter';
    await attempt('reads', async () => (await fetch(blocks, {method: 'POST', headers, body})).text());
    await attempt('reads without preflight', async () => (await fetch(api + '/health')).text());
    await attempt('starts', async () => (await fetch(start, {method: 'POST', headers, body: '{}'})).status);
    await attempt('starts without preflight', async () => {
        await fetch(start, {method: 'POST', mode: 'no-cors', headers: {'Content-Type': 'text/plain'}, body: '{}'});
        return null;
    });
    await attempt('sends a beacon', async () => { navigator.sendBeacon(start, '{}'); return null });
    await attempt('posts a form', async () => {
        const frame = document.createElement('iframe'), form = document.createElement('form');
        frame.name = form.target = 'hidden';
        Object.assign(form, {method: 'post', action: start, enctype: 'text/plain'});
        form.innerHTML = `<input name='{"parameters": {}, "x": "' value='"}'>`;
        document.body.append(frame, form);
        form.submit();
        await new Promise(done => setTimeout(done, 1000));
        return null;
    });
    await attempt('shows a picture', () => later(new Image(), ui + '/ico/favicon-32x32.png', 'src'));
    await attempt('loads a script', () => later(document.createElement('script'), ui + '/ui-settings', 'src'));
    await attempt('opens a socket', () => new Promise(done => {
        const socket = new WebSocket(api.replace('http', 'ws') + '/events/in', ['prefect']);
        socket.onopen = () => done('opened'); socket.onerror = () => done(null);
    }));
    return got;
}"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """The port of another server on this machine, which any name that ends in .example leads to."""
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title><body>")

        def log_message(self, *_) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("host", ["foreign.example", "127.0.0.1", "localhost"])
def test_a_page_of_another_site_reads_nothing_and_starts_nothing(browser, served: Served, token: dict[str, str],
                                                                 elsewhere: int, host: str) -> None:
    start = f"{served.ui}/api/deployments/{served.deployment('rebuild')['id']}/create_flow_run"
    before = runs(served)
    page = browser.new_page()
    answered: list[tuple[int, str]] = []
    page.on("response", lambda answer: answer.url.startswith(served.ui) and answered.append((answer.status, answer.url)))
    page.goto(f"http://{host}:{elsewhere}/")
    got = page.evaluate(DRIVE_BY, {"api": f"{served.ui}/api", "ui": served.ui, "start": start, "headers": token})
    page.close()
    assert len(got) == 9
    assert {name: what for name, what in got.items() if what is not None} == {}
    assert [status for status, _ in answered if status < 400] == []
    assert runs(served) == before


def test_a_page_of_the_service_itself_can_so_the_attempts_are_real(browser, served: Served, token: dict[str, str]) -> None:
    start = f"{served.ui}/api/deployments/{served.deployment('rebuild')['id']}/create_flow_run"
    before = runs(served)
    page = browser.new_page()
    page.goto(f"{served.ui}/ui-settings")
    got = page.evaluate(DRIVE_BY, {"api": f"{served.ui}/api", "ui": served.ui, "start": start, "headers": token})
    page.close()
    assert got["starts"] == 201
    assert "secret-path" in got["reads"], "the webhook's address"
    assert (got["opens a socket"], got["shows a picture"]) == ("opened", "loaded")
    assert runs(served) == before + 1
    for run in served.api("POST", "/flow_runs/filter", {"deployments": {"name": {"any_": ["rebuild"]}}}):
        served.api("DELETE", f"/flow_runs/{run['id']}")


def test_a_name_that_was_made_to_lead_here_opens_nothing(browser, served: Served) -> None:
    """DNS rebinding: for the browser the page and the service are one site."""
    page = browser.new_page()
    page.goto(f"http://rebound.example:{served.port}/")
    names = f"127.0.0.1:{served.port} and localhost:{served.port}"
    assert page.inner_text("body").strip() == f"This service answers to {names} only."
    answer = page.evaluate("async () => { const a = await fetch('/api/health'); return [a.status, await a.text()] }")
    page.close()
    assert answer == [403, f"This service answers to {names} only.\n"]
