"""The door of the Prefect server: whose requests it hears at all, before Prefect asks for user and password.

A web page can make a browser send requests to this machine. Prefect compares neither the name that a request asks for nor
the page that sent it, so this does, for HTTP and WebSockets alike: only the service's own names, and only its own pages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

NAMES = ("127.0.0.1", "localhost")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def hosts(port: int) -> tuple[str, ...]:
    """What a browser calls the service, as it writes it into the Host header."""
    return tuple(name if port == 80 else f"{name}:{port}" for name in NAMES)


def origins(port: int) -> tuple[str, ...]:
    """The origins of the service's own pages."""
    return tuple(f"http://{host}" for host in hosts(port))


class Door:
    """An ASGI application that passes on what comes from here and answers the rest with 403."""

    def __init__(self, app: App, port: int) -> None:
        self.app, self.hosts, self.origins = app, hosts(port), origins(port)
        here = " ".join((*self.origins, *(f"ws://{host}" for host in self.hosts)))
        # The pages of Prefect may ask nobody else, whatever they hold, and nobody may show them inside a page of his own.
        policy = (f"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob: {here}; form-action {here}; "
                  "base-uri 'self'; frame-ancestors 'none'")
        self.more_headers = ((b"content-security-policy", policy.encode()), (b"x-frame-options", b"DENY"),
                             (b"x-content-type-options", b"nosniff"))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif not (reason := self.refusal(scope)):
            await self.app(scope, receive, self._shut_off(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    def refusal(self, scope: Message) -> str | None:
        """Why a request is not passed on; None when it is."""
        if self._only(scope, b"host") not in self.hosts:  # a name of another's that was made to lead here
            return f"This service answers to {' and '.join(self.hosts)} only."
        if (origin := self._only(scope, b"origin")) is not None:
            return None if origin in self.origins else "This service takes no requests from pages of other sites."
        # A browser names no origin with pictures, scripts, frames and links. Of these only a link may come from elsewhere.
        if self._only(scope, b"sec-fetch-site") in (None, "same-origin", "none") or self._is_link(scope):
            return None
        return "This service is no part of pages of other sites."

    def _is_link(self, scope: Message) -> bool:
        return (scope.get("method") == "GET" and not scope["path"].startswith("/api")
                and self._only(scope, b"sec-fetch-mode") == "navigate"
                and self._only(scope, b"sec-fetch-dest") == "document")

    def _shut_off(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self.more_headers]
            await send(message)

        return sent

    @staticmethod
    def _only(scope: Message, name: bytes) -> str | None:
        """A header's value; None when it is absent, nothing that anyone allows when it comes twice."""
        values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
        return ", ".join(values) if values else None


def server() -> Door:
    """Prefect's server with its scheduler and automations behind the door; for `uvicorn --factory`."""
    from prefect.server.api.server import create_app
    from prefect.settings import get_current_settings

    return Door(create_app(final=True), get_current_settings().server.api.port)
