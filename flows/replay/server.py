"""Run the replay server: the wire protocols of Yahoo, FRED and Cboe on loopback from one archive folder, at one instant."""

import asyncio
import contextlib
import csv
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from flows.replay import cboe_wire, fred_wire, fundamentals_wire, quote_wire, yahoo_wire
from flows.replay.archive import Archive
from flows.replay.faults import Fault, FaultyApp, InjectedFault
from warehouse.errors import BadRequest

log = logging.getLogger("rallyscope.replay")

YAHOO_JSON = "application/json;charset=utf-8"


def create_app(archive: Path, now: datetime | None = None, faults: Sequence[Fault | InjectedFault] = ()) -> FastAPI:
    """Create the app that serves an archive folder as it was known at `now`; see Archive for the default clock.

    Raises ArchiveError, and BadRequest for a fault of a row that the archive does not have. `app.state.archive` is the
    served archive, and `app.state.faults` holds the faults on the wire with their hit counts.
    """
    world = Archive(archive, now, [fault for fault in faults if isinstance(fault, InjectedFault)])
    on_wire = [fault for fault in faults if isinstance(fault, Fault)]
    on_wire += [fault.declared.wire({**fault.arguments, "now": world.now.isoformat()})
                for fault in world.faults if fault.declared.wire]
    # No interactive docs: their pages load scripts from another host.
    app = FastAPI(title="Rallyscope replay", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.archive, app.state.faults = world, on_wire
    _add_yahoo(app, world)
    _add_fred(app, world)
    _add_cboe(app, world)
    _add_own(app, world)
    app.add_middleware(FaultyApp, faults=app.state.faults)
    app.add_middleware(_Stamped, archive=world)
    return app


def _add_yahoo(app: FastAPI, world: Archive) -> None:
    @app.get("/v8/finance/chart/{symbol}")
    async def chart(symbol: str, request: Request) -> Response:
        return _yahoo(yahoo_wire.chart(world, symbol.upper(), request.query_params))

    @app.get("/ws/fundamentals-timeseries/v1/finance/timeseries/{symbol}")
    async def timeseries(symbol: str, request: Request) -> Response:
        return _yahoo(fundamentals_wire.timeseries(world, symbol.upper(), request.query_params))

    @app.get("/v7/finance/quote")
    async def quote(request: Request) -> Response:
        return _yahoo(quote_wire.quote(world, request.query_params))

    @app.get("/v10/finance/quoteSummary/{symbol}")
    async def summary(symbol: str) -> Response:
        """Report an unknown symbol: yfinance requests this endpoint, which is not served, if it finds no time zone."""
        return _json(yahoo_wire.error("quoteSummary", "Not Found", f"Quote not found for symbol: {symbol}"), 404,
                     YAHOO_JSON)

    @app.get("/v1/test/getcrumb")
    async def crumb() -> Response:
        return Response("replay.crumb", media_type="text/plain")

    @app.get("/consent")
    async def consent() -> Response:
        """Serve the page that yfinance requests for another cookie after an error; without a form it gives up quietly."""
        return Response("<html><body></body></html>", media_type="text/html")

    @app.get("/")
    async def cookie() -> Response:
        """Set the cookie that yfinance requests from fc.yahoo.com."""
        answer = Response("Rallyscope replay server", media_type="text/plain")
        answer.set_cookie("A3", "replay", max_age=86_400)
        return answer


def _add_fred(app: FastAPI, world: Archive) -> None:
    def answer(endpoint: str, request: Request) -> Response:
        status, content_type, body = fred_wire.answer(world, endpoint, request.query_params)
        # FRED does not send this header, since it observed every release that dates its real-time periods.
        since = world.observed_since(request.query_params.get("series_id", "").upper())
        return Response(body, status, {"content-type": content_type} | ({"x-observed-since": str(since)} if since else {}))

    @app.get("/fred/series")
    async def series(request: Request) -> Response:
        return answer("series", request)

    @app.get("/fred/series/observations")
    async def observations(request: Request) -> Response:
        return answer("series/observations", request)

    @app.get("/fred/series/vintagedates")
    async def vintagedates(request: Request) -> Response:
        return answer("series/vintagedates", request)

    @app.get("/graph/fredgraph.csv")
    async def fredgraph(request: Request) -> Response:
        status, content_type, body = fred_wire.fredgraph(world, request.query_params)
        return Response(body, status, {"content-type": content_type})


def _add_cboe(app: FastAPI, world: Archive) -> None:
    @app.get("/api/global/us_indices/daily_prices/{name}_History.csv")
    async def history(name: str) -> Response:
        status, content_type, body = cboe_wire.history(world, name)
        return Response(body, status, {"content-type": content_type})


def _add_own(app: FastAPI, world: Archive) -> None:
    @app.get("/weights/{index}.csv")
    async def weights(index: str) -> Response:
        rows = world.weights(index.upper())
        if rows is None:
            return Response(f"no published weights of {index}\n", 404, media_type="text/plain")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["index", "date", "published_on", "symbol", "weight"])
        writer.writerows(rows)
        return Response(text.getvalue(), media_type="text/csv")

    @app.get("/clock")
    async def clock() -> Response:
        return _json({"now": world.now.isoformat(), "first_session": world.first_session,
                      "last_session": world.last_session, "simulated": world.simulated})

    @app.get("/health")
    async def health() -> Response:
        return _json({"status": "ok"})

    @app.get("/faults")
    async def faults() -> Response:
        """The fault plan and how often each has struck."""
        return _json([{"match": fault.match, "kind": fault.kind, "times": fault.times, "hits": fault.hits}
                      for fault in app.state.faults])


def _yahoo(answer: yahoo_wire.JsonResponse) -> Response:
    return _json(answer[1], answer[0], YAHOO_JSON)


def _json(content: Any, status: int = 200, content_type: str = "application/json") -> Response:
    body = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, status, {"content-type": content_type})


class _Stamped:
    """ASGI middleware that adds the archive's clock to every response, and a header if its market is simulated.

    It logs method, path and status, but never the query, which may contain an API key.
    """

    def __init__(self, app: Any, archive: Archive):
        self.app = app
        self.headers = [(b"date", format_datetime(archive.now, usegmt=True).encode())]
        if archive.simulated:
            self.headers.append((b"x-rallyscope-simulated", b"1"))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def stamped(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in self.headers if pair[0] not in names)]
                log.info("%s %s %s", scope["method"], scope["path"], message["status"])
            await send(message)

        await self.app(scope, receive, stamped if scope["type"] == "http" else send)


class _Connection(AutoHTTPProtocol):
    """uvicorn's connection, which also passes its transport to the app so that a fault can drop it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def _server(app: FastAPI) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(
        app, http=_Connection, ws="none", lifespan="off", access_log=False, date_header=False,
        server_header=False, log_level="warning", timeout_graceful_shutdown=1))


def _listening(host: str, port: int) -> socket.socket:
    # Name the protocol TCP, or asyncio leaves Nagle's algorithm on and every response waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        problem = getattr(error, "strerror", None) or "a port lies between 0 and 65535"
    else:
        return listener
    raise BadRequest(f"address {host}:{port}", problem.lower(), "Name another port with --port.")


def serve(archive: Path, port: int, now: datetime | None = None, host: str = "127.0.0.1", log: bool = False,
          faults: Sequence[Fault | InjectedFault] = (), say: Callable[[str], None] = lambda line: None) -> None:
    """Serve an archive folder until interrupted; `log` writes a line per request, and `say` receives each chosen fault.

    Raises ArchiveError for an invalid folder, and BadRequest for an address that is not available or an impossible fault.
    """
    if log:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("rallyscope.replay").setLevel(logging.INFO)
    app = create_app(archive, now, faults)
    for fault in app.state.archive.faults:
        say(f"fault {fault}")
    server = _server(app)
    with _listening(host, port) as listener, contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


@contextlib.contextmanager
def running(archive: Path, now: datetime | None = None, faults: Sequence[Fault | InjectedFault] = ()) -> Iterator[str]:
    """Run a server in a thread on a free loopback port while the block runs; yield its base URL."""
    server = _server(create_app(archive, now, faults))
    with _listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the replay server did not start")
                time.sleep(0.005)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(timeout=5)
