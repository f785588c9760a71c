"""The day's page: one self-contained HTML file a session, a picture of the same story, and a list of all days."""
