"""An answer has bounds: what is larger, longer, deeper, elsewhere or in another alphabet costs its key, never the run."""

from __future__ import annotations

import gzip
import json
import resource
import zlib

import pytest
from charts import chart, outcome

from flows.sources import bounds, fred, weights, yahoo
from flows.sources.errors import SourceAnswerInvalid
from warehouse.catalog.weighting import PublishedWeights

WEEK = ["2026-01-05", "2026-01-06"]
ROW = '<observation date="2026-01-05" value="4" realtime_start="2026-01-05" realtime_end="9999-12-31"/>'
GZIP = {"Content-Encoding": "gzip"}
LIST = "index,date,published_on,symbol,weight\nNDX,2026-01-05,2026-01-06,AAA,0.5\n"


def reported(fetch_one) -> str:
    """Why the one key failed, or the source with it."""
    try:
        fetched = fetch_one()
    except SourceAnswerInvalid as error:
        return str(error)
    assert list(fetched.outcomes["status"]) in (["failed"], ["held"])
    return fetched.outcomes["reason"][0]


@pytest.fixture
def of_fred(scripted, endpoint, ask):
    """What becomes of D when FRED gives this answer."""
    return lambda *reply: reported(
        lambda: fred.observations([ask("D")], endpoint(scripted(lambda *_: reply).base_url, tries=1)))


@pytest.fixture
def of_yahoo(scripted, endpoint, ask):
    """What becomes of AAA when Yahoo gives this answer."""
    return lambda *reply: reported(lambda: yahoo.prices([ask("AAA")], endpoint(scripted(lambda *_: reply).base_url,
                                                                               tries=1)))


def bomb(megabytes: int) -> bytes:
    """Blanks, a thousand times smaller as sent."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(megabytes)) + packer.flush()


def test_an_answer_that_inflates_to_gigabytes_is_refused_in_a_few_megabytes(scripted, endpoint, ask):
    body = bomb(600)
    server = scripted(lambda path, query: (200, body, GZIP))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for source in (yahoo.prices, yahoo.shares, yahoo.statements, fred.observations):
        assert "failed (an answer of more than 24 MB, which is above the limit" in reported(
            lambda source=source: source([ask("AAA")], endpoint(server.base_url, tries=1)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 << 10  # KiB


def test_an_answer_as_long_as_it_is_announced_to_be_is_not_even_sent(scripted, endpoint, ask):
    server = scripted(lambda path, query: (200, b"", {"Content-Length": str(400 << 20)}))
    assert "more than 24 MB" in reported(lambda: fred.observations([ask("D")], endpoint(server.base_url, tries=1)))


def test_only_the_key_with_the_vast_answer_is_lost(scripted, endpoint, ask):
    server = scripted(lambda path, query: (200, bomb(40), GZIP) if path.endswith("BAD") else chart(WEEK, [1.0, 2.0]))
    fetched = yahoo.prices([ask("AAA"), ask("BAD")], endpoint(server.base_url))
    assert [outcome(fetched, key)["status"] for key in ("AAA", "BAD")] == ["received", "failed"]
    assert server.requested("BAD") == 1, "such an answer is not asked for again within a run"


@pytest.mark.parametrize("body", [b"[" + b"[]," * 300_000 + b"1]", b"[" + b"1," * 2_100_000 + b"1]"])
def test_json_that_would_take_all_memory_is_not_parsed(of_yahoo, body):
    assert "more values than any answer has" in of_yahoo(200, body)


@pytest.mark.parametrize("body", [b"[" * 100_000 + b"]" * 100_000, b'{"chart":' * 5_000 + b"1" + b"}" * 5_000])
def test_nested_json_is_no_answer(of_yahoo, body):
    assert "an answer that is not Yahoo's JSON" in of_yahoo(200, body)


@pytest.mark.parametrize(("rows", "announced"), [
    (1, 'count="99999999" limit="1"'), (1, 'count="99999999" limit="100000"'), (1, 'count="5000" limit="1"'),
    (1, f'count="{"9" * 18}" limit="{"9" * 18}"')])
def test_pages_without_end_are_refused_at_the_first(scripted, endpoint, ask, rows, announced):
    server = scripted(lambda path, query: (200, f"<observations {announced}>{ROW * rows}</observations>"))
    assert "rows announced" in reported(lambda: fred.observations([ask("D")], endpoint(server.base_url)))
    assert server.requested("observations") == 1


def test_pages_that_take_too_long_in_all_end(scripted, endpoint, ask, monkeypatch):
    monkeypatch.setattr(bounds, "SECONDS", -1.0)
    page = f'<observations count="3" limit="1">{ROW}</observations>'
    assert "no end of its pages" in reported(
        lambda: fred.observations([ask("D")], endpoint(scripted(lambda *_: (200, page)).base_url)))


@pytest.mark.parametrize("body", [
    "<observations>" + "<a>" * 9 + "</a>" * 9 + "</observations>",
    f"<observations>{'<o/>' * 120_000}</observations>"])
def test_xml_of_more_rows_or_depth_than_fred_gives_is_not_read(of_fred, body):
    assert "XML of more rows, or deeper," in of_fred(200, body)


@pytest.mark.parametrize("head", [
    '<!DOCTYPE o [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>', '<!DOCTYPE o [<!ENTITY x SYSTEM "file:///etc/passwd">]>'])
def test_xml_entities_are_refused(of_fred, head):
    assert "XML that declares entities" in of_fred(200, f'{head}<observations x="&b;">{ROW}</observations>')


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "no-such", "shift_jis"])
def test_another_encoding_is_refused_wherever_it_is_said(of_fred, of_yahoo, encoding):
    header = {"Content-Type": f"text/xml; charset={encoding}"}
    xml = f"<observations>{ROW}</observations>"
    assert f"text in the encoding {encoding}, which is above the limit" in of_fred(200, xml, header)
    assert f"text in the encoding {encoding}, which is above the limit" in of_yahoo(*chart(WEEK, [1.0, 2.0]), header)
    assert f"XML in the encoding {encoding}, which is above the limit" in of_fred(
        200, f'<?xml version="1.0" encoding="{encoding}"?>{xml}')


def test_text_of_two_bytes_a_character_is_refused_though_nothing_says_so(of_fred, of_yahoo):
    assert "bytes that are not text" in of_fred(200, f"<observations>{ROW}</observations>".encode("utf-16"))
    assert "bytes that are not text" in of_yahoo(200, chart(WEEK, [1.0, 2.0])[1].encode("utf-16-le"))


# Redirects


@pytest.mark.parametrize("to", ["http://localhost:1/x", "https://example.com/x", "ftp://127.0.0.1/x", "//[", "file:///etc/passwd"])
def test_a_redirect_to_another_host_is_not_followed(scripted, endpoint, ask, to):
    server = scripted(lambda path, query: (302, "", {"Location": to}))
    assert "a redirect to " in reported(lambda: yahoo.prices([ask("AAA")], endpoint(server.base_url, tries=1)))


def test_a_list_is_not_read_from_where_its_publisher_does_not_publish(scripted, endpoint, ask, tmp_path):
    elsewhere = scripted(lambda *_: (200, LIST))
    server = scripted(lambda path, query: (301, "", {"Location": f"{elsewhere.base_url}/x.csv"}))
    place = {"NDX": PublishedWeights(url=f"{server.base_url}/x.csv")}
    reason = reported(lambda: weights.lists([ask("NDX")], endpoint(None, tries=1), place, tmp_path))
    assert "a redirect to 127.0.0.1, not a host of this source" in reason
    assert elsewhere.seen == []


def test_a_redirect_within_the_host_is_followed_a_few_times(scripted, endpoint, ask, tmp_path):
    def once(path, query):
        return (200, LIST) if path == "/there.csv" else (302, "", {"Location": "/there.csv"})

    there = {"NDX": PublishedWeights(url=f"{scripted(once).base_url}/x.csv")}
    assert weights.lists([ask("NDX")], endpoint(None), there, tmp_path).outcomes["status"].tolist() == ["received"]
    ring = scripted(lambda path, query: (302, "", {"Location": "/x.csv"}))
    place = {"NDX": PublishedWeights(url=f"{ring.base_url}/x.csv")}
    assert "more than 5 redirects" in reported(lambda: weights.lists([ask("NDX")], endpoint(None, tries=1), place,
                                                                     tmp_path))
    assert len(ring.seen) == 6


@pytest.mark.parametrize(("location", "led_to"), [
    ("https://guce.yahoo.com/consent", "https://guce.yahoo.com/consent"), ("/v8/x", "https://query2.finance.yahoo.com/v8/x"),
    ("https://yahoo.com.example.org/", None), ("https://notyahoo.com/", None), ("http://fc.yahoo.com/", None),
    ("https://a.yahoo.com:8443/", None), ("https://user@example.com/", None)])
def test_yahoo_may_lead_to_its_own_hosts_alone(endpoint, location, led_to):
    from flows.sources.retry import FetchError

    with yahoo._YahooSession(endpoint(None)) as wire:
        if led_to is None:
            with pytest.raises(FetchError, match="a redirect to"):
                wire._led_to("https://query2.finance.yahoo.com/v8/y", location)
        else:
            assert wire._led_to("https://query2.finance.yahoo.com/v8/y", location) == led_to


# Lists


@pytest.mark.parametrize("text", [LIST + "NDX,2026-01-05,2026-01-06,A,0\n" * 500_001, LIST + "," * 5_000 + "\n"])
@pytest.mark.parametrize("by", ["file", "url"])
def test_a_list_of_too_many_or_too_long_lines_is_not_read(scripted, endpoint, ask, tmp_path, text, by):
    (tmp_path / "x.csv").write_text(text)
    place = (PublishedWeights(file="x.csv") if by == "file"
             else PublishedWeights(url=f"{scripted(lambda *_: (200, text)).base_url}/x.csv"))
    assert "more or longer lines than any list has" in reported(
        lambda: weights.lists([ask("NDX")], endpoint(None, tries=1), {"NDX": place}, tmp_path))


def test_a_list_without_end_on_disk_is_not_read(endpoint, ask, tmp_path):
    assert "more than 24 MB" in reported(lambda: weights.lists([ask("NDX")], endpoint(None, tries=1),
                                                           {"NDX": PublishedWeights(file="/dev/zero")}, tmp_path))


# What is said reaches nobody as a control character


def test_what_an_answer_says_can_be_seen(of_fred, scripted, endpoint, ask, tmp_path):
    hostile = "\x1b[2J\x9b31m\u202eevil"
    assert "“Bad [2J\\u009b31m\\u202eevil”" in of_fred(400, f'<error code="400" message="Bad {hostile}"/>'.replace(
        "\x1b", ""))  # XML has no way to write it
    assert "\\u001b" in reported(lambda: yahoo.prices([ask("AAA")], endpoint(scripted(
        lambda *_: chart(WEEK, [1.0, 2.0], symbol=hostile)).base_url)))
    text = LIST.replace("AAA", f"A{hostile}A")
    fetched = weights.lists([ask("NDX")], endpoint(scripted(lambda *_: (200, text)).base_url), {}, tmp_path)
    assert fetched.frames["weights"]["symbol"].tolist() == ["A\\u001b[2J\\u009b31m\\u202eevilA"]


# One bad value


@pytest.mark.parametrize("moment", [
    1767571200000, 253402300800, -99999999999, 1e300, "soon", None, [], {}, 10**30, True, 1.5])
@pytest.mark.parametrize("where", ["bar", "dividends", "splits"])
def test_one_bad_timestamp_costs_its_key(scripted, endpoint, ask, moment, where):
    _, good = chart(WEEK, [1.0, 2.0], symbol=None)
    bad = json.loads(good)["chart"]["result"][0]
    if where == "bar":
        bad["timestamp"][0] = moment
    else:
        bad["events"] = {where: {"1": {"date": moment, "amount": 1, "numerator": 2, "denominator": 1}}}
    reply = json.dumps({"chart": {"result": [bad], "error": None}})
    server = scripted(lambda path, query: (200, reply if path.endswith("BAD") else good))
    fetched = yahoo.prices([ask("AAA"), ask("BAD")], endpoint(server.base_url, tries=1))
    assert outcome(fetched)["status"] == "received"
    assert outcome(fetched, "BAD")["status"] in ("failed", "held") or moment in (True, 1.5, None)


@pytest.mark.parametrize(("place", "value"), [
    ("exchangeTimezoneName", "America"), ("exchangeTimezoneName", "../../etc/passwd"), ("exchangeTimezoneName", 5),
    ("exchangeTimezoneName", "A" * 5000), ("gmtoffset", "x"), ("validRanges", 1), ("currentTradingPeriod", 7),
    ("priceHint", "x"), ("currency", []), ("regularMarketTime", "x"), ("instrumentType", {})])
def test_one_bad_word_in_an_answers_head_costs_its_key_at_most(scripted, endpoint, ask, place, value):
    server = scripted(lambda path, query: chart(WEEK, [1.0, 2.0], symbol=None, **(
        {place: value} if path.endswith("BAD") else {})))
    fetched = yahoo.prices([ask("AAA"), ask("BAD")], endpoint(server.base_url, tries=1), {"BAD": "stock"})
    assert outcome(fetched)["status"] == "received"


@pytest.mark.parametrize("day", ["10000-01-01", "-271821-04-20", "soon", 5, None, "2026-13-01", "0001-01-01"])
def test_one_bad_period_of_a_statement_costs_its_key_at_most(scripted, endpoint, ask, day):
    entry = {"asOfDate": day, "periodType": "3M", "currencyCode": "USD", "reportedValue": {"raw": 5.0, "fmt": "5"}}
    result = [{"meta": {"symbol": ["BAD"], "type": ["quarterlyTotalRevenue"]}, "timestamp": [1767571200],
               "quarterlyTotalRevenue": [entry]}]
    reply = json.dumps({"timeseries": {"result": result, "error": None}})
    server = scripted(lambda path, query: chart(WEEK, [1.0, 2.0], symbol=None) if "chart" in path else (200, reply))
    assert len(yahoo.statements([ask("BAD")], endpoint(server.base_url, tries=1)).outcomes) == 1


def test_gzip_is_read_as_ever(scripted, endpoint, ask):
    status, body = chart(WEEK, [1.0, 2.0])
    server = scripted(lambda path, query: (status, gzip.compress(body.encode()), GZIP))
    assert outcome(yahoo.prices([ask("AAA")], endpoint(server.base_url)))["status"] == "received"
