"""Serve the wire protocols of Yahoo, FRED and Cboe from an archive folder."""
