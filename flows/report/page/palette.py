"""Define the colours of the page by name, light and dark; charts use the names, so that one drawing serves both."""

from __future__ import annotations

LIGHT = {
    "ground": "#fbfbf9", "panel": "#ffffff", "ink": "#1c2126", "soft": "#57616b", "rule": "#dfe3e6", "link": "#0b5cad",
    "alarm": "#8a1f11", "alarmground": "#fdecea",
    "up": "#1a7f5a", "down": "#b8402f", "total": "#46525e",
    "tier1": "#1a7f5a", "tier2": "#1f68b0", "tier3": "#b54f08", "tier4": "#8a3f9e",
    "fund1": "#0e7480", "fund2": "#7d6200", "fund3": "#b92c74", "fund4": "#6b4a2b", "fund5": "#4b3fa8",
    "band1": "#e6f3ec", "band2": "#fbf3d0", "band3": "#fbe3c8", "band4": "#f7d3cd",
    "stage1": "#c9463a", "stage2": "#6d1a1a", "stage3": "#d9a13b", "stage4": "#7fa650", "stage5": "#9a63b5",
    "stage6": "#2f7fd0", "stage7": "#1a7f5a", "stage8": "#a9b1b8",
}
DARK = {
    "ground": "#14181c", "panel": "#1b2025", "ink": "#e4e8eb", "soft": "#a3aeb8", "rule": "#333b43", "link": "#82b9f2",
    "alarm": "#ffb4a8", "alarmground": "#4a1d17",
    "up": "#4fbf91", "down": "#ef8272", "total": "#a9b7c4",
    "tier1": "#4fbf91", "tier2": "#6fb1f2", "tier3": "#f0924a", "tier4": "#cf8fe0",
    "fund1": "#4cc3cc", "fund2": "#d9bd4a", "fund3": "#f28cbf", "fund4": "#c79f7a", "fund5": "#a79bf5",
    "band1": "#1d3328", "band2": "#37321a", "band3": "#40301c", "band4": "#472623",
    "stage1": "#e0685c", "stage2": "#a33a3a", "stage3": "#d9a13b", "stage4": "#7fa650", "stage5": "#a877c2",
    "stage6": "#4b93dd", "stage7": "#2f9d73", "stage8": "#7c868f",
}
# Fonts with equal metrics, so that text is as wide on the page as in the layout of the chart.
FONT = "Arial, 'Liberation Sans', 'Helvetica Neue', Helvetica, Roboto, sans-serif"


def css() -> str:
    """Return both palettes as CSS custom properties; the reader's colour scheme selects one."""

    def block(colours: dict[str, str]) -> str:
        return " ".join(f"--{name}: {value};" for name, value in colours.items())

    return f":root {{ {block(LIGHT)} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {block(DARK)} }} }}"
