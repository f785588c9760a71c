"""A tiny handwritten archive, whose responses can be computed by hand, and the real clients that read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import duckdb
import pytest

KEY = "0123456789abcdef0123456789abcdef"

# AAA splits ten for one on 5 March 2026; the clocks go forward on the 8th.
TABLES = {
    "bars": """(symbol varchar, date date, open double, high double, low double, close double, volume bigint)
        ('AAA', '2026-03-02',  99, 101,  98, 100,  1000), ('AAA', '2026-03-03', 101, 111, 100, 110, 1100),
        ('AAA', '2026-03-04', null, null, null, 120, null), ('AAA', '2026-03-05', 12, 13, 11.5, 12.5, 20000),
        ('AAA', '2026-03-06', 12.5, 13.5, 12, 13, 21000), ('AAA', '2026-03-09', 13, 14, 12.5, 13.5, 22000),
        ('^VIX', '2026-03-06', 20, 22, 19, 21, null), ('^VIX', '2026-03-09', 21, 26, 20, 25, null),
        ('BTC-USD', '2026-03-07', 60, 62, 59, 61, 5), ('BTC-USD', '2026-03-08', 61, 66, 60, 65, 6),
        ('BTC-USD', '2026-03-09', 65, 67, 63, 64, 7)""",
    "actions": """(symbol varchar, date date, dividend double, split_ratio double)
        ('AAA', '2026-03-03', 1.0, null), ('AAA', '2026-03-05', null, 10.0)""",
    "shares": """(symbol varchar, date date, shares_outstanding bigint)
        ('AAA', '2026-03-02', 1000000), ('AAA', '2026-03-06', 10000000)""",
    "instruments": """(symbol varchar, name varchar, quote_type varchar)
        ('AAA', 'Triple A Inc.', 'EQUITY'), ('^VIX', null, 'INDEX'), ('BTC-USD', null, 'CRYPTOCURRENCY')""",
    "observations": """(series_id varchar, date date, value double, realtime_start date, realtime_end date)
        ('REVISED', '2026-01-01', 100.0, '2026-02-15', '2026-03-04'),
        ('REVISED', '2026-01-01', 101.5, '2026-03-05', null),
        ('REVISED', '2026-02-01', 102.0, '2026-03-05', null),
        ('DAILY', '2026-03-02', 18.5, '2026-03-03', null), ('DAILY', '2026-03-03', null, '2026-03-04', null),
        ('DAILY', '2026-03-04', 19.0, '2026-03-05', null)""",
    "series": """(series_id varchar, frequency varchar, units varchar)
        ('REVISED', 'Monthly', 'Index 2017=100'), ('DAILY', 'Daily, Close', 'Percent')""",
    "statements": """(symbol varchar, statement varchar, period_end date, item varchar, value double)
        ('AAA', 'income', '2025-09-30', 'Total Revenue', 39000000),
        ('AAA', 'income', '2025-12-31', 'Total Revenue', 43718000000),
        ('AAA', 'income', '2025-12-31', 'Basic EPS', 1.57),
        ('AAA', 'income', '2025-12-31', 'Gain On Sale Of Ppe', 5)""",
    "index_weights": """("index" varchar, date date, published_on date, symbol varchar, weight double)
        ('NDX', '2026-03-03', '2026-03-04', 'AAA', 0.6), ('NDX', '2026-03-03', '2026-03-04', 'BBB', 0.4),
        ('NDX', '2026-03-05', '2026-03-06', 'AAA', 0.7), ('NDX', '2026-03-05', '2026-03-06', 'BBB', 0.3)""",
}


def write(folder: Path, tables: dict[str, str]) -> Path:
    """Write each table ("(columns) (row), (row) ...") as a Parquet file of an archive folder."""
    with duckdb.connect() as con:
        for name, text in tables.items():
            columns, _, rows = text.partition("\n")
            con.execute(f'create table "{name}" {columns}')
            con.execute(f'insert into "{name}" values {rows}')
            con.execute(f"""copy "{name}" to '{folder / name}.parquet' (format parquet)""")
    return folder


@pytest.fixture
def handmade(tmp_path: Path) -> Path:
    """The archive folder of TABLES."""
    folder = tmp_path / "archive"
    folder.mkdir()
    return write(folder, TABLES)


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Iterator[str]:
    """The base URL of one server for all tests that only read the handmade archive at its default clock."""
    from flows.replay.server import running

    with running(write(tmp_path_factory.mktemp("served"), TABLES)) as url:
        yield url


@pytest.fixture
def new_york() -> Callable[[str], datetime]:
    """Convert a New York time: new_york("2026-03-04 16:15")."""
    return lambda text: datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


class Answer:
    """One HTTP response over a real socket."""

    def __init__(self, status: int, headers: Any, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def get() -> Callable[..., Answer]:
    """get(base, "/path", name=value): the server's response, including errors."""
    def ask(base: str, path: str, **query: Any) -> Answer:
        try:
            with urlopen(f"{base}{path}{'?' + urlencode(query) if query else ''}", timeout=10) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except HTTPError as error:
            return Answer(error.code, error.headers, error.read())
    return ask


@pytest.fixture
def fred(get) -> Callable[..., Answer]:
    """fred(base, "series/observations", series_id=...): FRED's JSON response to a request with an API key."""
    def ask(base: str, endpoint: str, **query: Any) -> Answer:
        return get(base, f"/fred/{endpoint}", **{"api_key": KEY, "file_type": "json", **query})
    return ask


@pytest.fixture
def ticker(tmp_path: Path) -> Iterator[Callable[[str, str], Any]]:
    """ticker(base, "AAA"): yfinance's own client with Yahoo's hosts rewritten to `base` and nothing preset."""
    import yfinance
    from curl_cffi import requests
    from yfinance.data import YfData

    class Rewritten(requests.Session):
        base = ""

        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            path = "/" + url.split("://", 1)[1].partition("/")[2]
            return super().request(method, self.base + path, *args, **kwargs)

    def client(base: str, symbol: str) -> Any:
        session = Rewritten()
        session.base = base
        YfData(session=session).cache_get.cache_clear()
        return yfinance.Ticker(symbol, session=session)

    hidden = yfinance.config.debug.hide_exceptions
    yfinance.config.debug.hide_exceptions = False
    yfinance.set_tz_cache_location(str(tmp_path / "yfinance"))
    YfData()._cookie = YfData()._crumb = None
    yield client
    YfData().cache_get.cache_clear()
    yfinance.config.debug.hide_exceptions = hidden


@pytest.fixture
def fredapi_client(monkeypatch) -> Callable[[str], Any]:
    """fredapi_client(base): fredapi's own client pointed at a server."""
    from fredapi import Fred

    def client(base: str) -> Any:
        monkeypatch.setattr(Fred, "root_url", f"{base}/fred")
        return Fred(api_key=KEY)
    return client


@pytest.fixture(scope="session")
def wire(real_archive: Path) -> Path:
    """The folder of recorded responses next to the real archive."""
    folder = real_archive.parent / "wire"
    if not folder.is_dir():
        pytest.skip("no recorded answers beside the archive that RALLYSCOPE_ARCHIVE names")
    return folder
