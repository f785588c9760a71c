"""The replay server's clock, what it hides, and what it says of itself."""

from __future__ import annotations

import logging
import shutil
import socket
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

import pytest

from flows.replay.archive import Archive
from flows.replay.known_through import bars_known_through, releases_known_through, utc_days_known_through
from flows.replay.server import create_app, running, serve
from warehouse.errors import ArchiveError, BadRequest


def _last_bar(get, base: str, symbol: str) -> str:
    (result,) = get(base, f"/v8/finance/chart/{symbol}", range="max").json()["chart"]["result"]
    return datetime.fromtimestamp(result["timestamp"][-1], UTC).date().isoformat()


def test_the_clock_stands_at_the_end_of_the_day_after_the_last_bar(base, get):
    answer = get(base, "/clock")
    assert answer.json() == {"now": "2026-03-11T03:59:59+00:00", "first_session": "2026-03-02",
                             "last_session": "2026-03-09", "simulated": False}
    assert parsedate_to_datetime(answer.headers["Date"]) == datetime(2026, 3, 11, 3, 59, 59, tzinfo=UTC)


def test_every_answer_carries_the_clock_once(handmade, get, new_york):
    with running(handmade, new_york("2026-03-04 12:00")) as base:
        answers = [get(base, path) for path in ("/health", "/v8/finance/chart/NOPE", "/no/such", "/weights/NDX.csv")]
    assert [answer.headers.get_all("Date") for answer in answers] == [["Wed, 04 Mar 2026 17:00:00 GMT"]] * 4


def test_a_bar_is_known_a_quarter_of_an_hour_after_the_close(handmade, get, new_york):
    with running(handmade, new_york("2026-03-04 16:14:59")) as base:
        assert _last_bar(get, base, "AAA") == "2026-03-03"
    with running(handmade, new_york("2026-03-04 16:15")) as base:
        assert _last_bar(get, base, "AAA") == "2026-03-04"


def test_an_early_close_is_known_early(new_york):
    """The day after Thanksgiving ends at 13:00; a Wednesday and a Saturday do not."""
    assert bars_known_through(new_york("2025-11-28 13:14:59")) == date(2025, 11, 27)
    assert bars_known_through(new_york("2025-11-28 13:15")) == date(2025, 11, 28)
    assert bars_known_through(new_york("2025-11-26 13:15")) == date(2025, 11, 25)
    assert bars_known_through(new_york("2025-11-29 13:15")) == date(2025, 11, 28)
    assert bars_known_through(new_york("2025-11-28 00:05")) == date(2025, 11, 27)


def test_a_bitcoin_day_in_progress_is_not_served(handmade, get):
    with running(handmade, datetime(2026, 3, 9, 0, 14, 59, tzinfo=UTC)) as base:
        assert _last_bar(get, base, "BTC-USD") == "2026-03-07"
    with running(handmade, datetime(2026, 3, 9, 0, 15, tzinfo=UTC)) as base:
        assert _last_bar(get, base, "BTC-USD") == "2026-03-08"
    assert utc_days_known_through(datetime(2026, 3, 9, 23, 59, tzinfo=UTC)) == date(2026, 3, 8)


def test_a_release_counts_from_the_last_minute_of_its_day(new_york):
    assert releases_known_through(new_york("2026-03-05 23:58:59")) == date(2026, 3, 4)
    assert releases_known_through(new_york("2026-03-05 23:59")) == date(2026, 3, 5)


def test_a_split_and_a_count_are_known_from_the_morning_of_their_day(handmade, new_york):
    before, after = (Archive(handmade, new_york(f"2026-03-{day} 00:00")) for day in ("04", "05"))
    assert [(a.bars("AAA").close[0], len(a.splits("AAA"))) for a in (before, after)] == [(100, 0), (10, 1)]
    assert [len(Archive(handmade, new_york(f"2026-03-{day} 00:00")).shares("AAA")) for day in ("05", "06")] == [1, 2]


def test_a_symbol_is_unknown_before_its_first_bar(handmade, get, new_york):
    with running(handmade, new_york("2026-03-01 12:00")) as base:
        assert get(base, "/v8/finance/chart/AAA").status == 404
        assert get(base, "/clock").json()["last_session"] is None


def test_published_weights_show_from_their_publication_on(handmade, get, new_york):
    with running(handmade, new_york("2026-03-05 23:59:59")) as base:
        early = get(base, "/weights/NDX.csv").text
        unknown = get(base, "/weights/SPX.csv")
    with running(handmade) as base:
        late = get(base, "/weights/NDX.csv").text
    assert early == ("index,date,published_on,symbol,weight\n"
                     "NDX,2026-03-03,2026-03-04,AAA,0.6\nNDX,2026-03-03,2026-03-04,BBB,0.4\n")
    assert len(late.splitlines()) == 5
    assert unknown.status == 404


def test_a_simulated_market_says_so_on_every_answer(handmade, get):
    with running(handmade) as base:
        assert get(base, "/health").headers["X-Rallyscope-Simulated"] is None
    (handmade / "simulated.json").write_text('{"seed": 7, "simulated": true}')
    with running(handmade) as base:
        assert get(base, "/clock").json()["simulated"] is True
        for path in ("/health", "/v8/finance/chart/NOPE", "/fred/series", "/no/such/path"):
            assert get(base, path).headers["X-Rallyscope-Simulated"] == "1"


def test_a_feed_without_a_file_is_empty(handmade, get, fred):
    for path in handmade.glob("*.parquet"):
        if path.stem != "bars":
            path.unlink()
    with running(handmade) as base:
        chart = get(base, "/v8/finance/chart/AAA", range="max", events="div,splits").json()["chart"]["result"][0]
        assert "does not exist" in fred(base, "series", series_id="DAILY").json()["error_message"]
        assert get(base, "/weights/NDX.csv").status == 404
    # Without the split nothing divides the first close; without instruments the symbol tells the kind.
    assert chart["indicators"]["quote"][0]["close"][0] == 100.0
    assert "events" not in chart
    assert (chart["meta"]["instrumentType"], chart["meta"]["longName"]) == ("EQUITY", "AAA")


def test_a_folder_that_is_no_archive_is_named_in_one_sentence(handmade, tmp_path):
    with pytest.raises(ArchiveError, match="there is no such folder"):
        create_app(tmp_path / "nowhere")
    (handmade / "bars.parquet").unlink()
    with pytest.raises(ArchiveError, match=r"there is no bars\.parquet in it"):
        create_app(handmade)


def test_a_file_of_another_layout_is_named(handmade):
    shutil.copy(handmade / "shares.parquet", handmade / "actions.parquet")
    with pytest.raises(ArchiveError, match=r"actions\.parquet is not as the layout says .*dividend"):
        create_app(handmade)
    (handmade / "actions.parquet").write_bytes(b"PAR?")
    with pytest.raises(ArchiveError, match=r"actions\.parquet is not as the layout says"):
        create_app(handmade)


def test_a_taken_port_is_refused_before_serving(handmade):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadRequest, match="already in use"):
            serve(handmade, taken.getsockname()[1])


def test_no_key_is_ever_logged(base, get, caplog):
    key = "abcdefghijklmnopqrstuvwxyz012345"
    caplog.set_level(logging.DEBUG)
    get(base, "/fred/series", series_id="DAILY", api_key=key)
    get(base, "/fred/series", series_id="DAILY", api_key=key.upper())
    get(base, f"/fred/series/{'x' * 3}", api_key=key)
    assert "GET /fred/series 200" in caplog.text
    assert key not in caplog.text.lower()


def test_the_real_archive_is_served_up_to_its_last_session(real_archive):
    assert create_app(real_archive).state.archive.last_session == date(2026, 5, 29)


@pytest.mark.parametrize("port", [99_999, -1])
def test_a_port_that_is_none_is_said_in_one_sentence(handmade, port):
    with pytest.raises(BadRequest, match=rf"127\.0\.0\.1:{port}: a port lies between 0 and 65535"):
        serve(handmade, port)
