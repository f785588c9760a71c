"""A replay server and its clients; see tests/support/replay_fixtures.py."""

from replay_fixtures import base, fred, fredapi_client, get, handmade, new_york, ticker, wire

__all__ = ["base", "fred", "fredapi_client", "get", "handmade", "new_york", "ticker", "wire"]
