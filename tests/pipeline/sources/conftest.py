"""Sources under test; see tests/support/source_fixtures.py."""

from source_fixtures import ask, closed_port, endpoint, replay, scripted, shared_wire

__all__ = ["ask", "closed_port", "endpoint", "replay", "scripted", "shared_wire"]
