"""Render the day's page: one self-contained HTML file per session, a picture of the same story, and a list of all days."""
