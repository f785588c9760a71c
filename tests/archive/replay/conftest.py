"""The fixtures of replay_fixtures."""

from replay_fixtures import base, fred, fredapi_client, get, handmade, new_york, ticker, wire

__all__ = ["base", "fred", "fredapi_client", "get", "handmade", "new_york", "ticker", "wire"]
