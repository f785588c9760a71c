"""The documentation: links lead somewhere, every page can be reached from the README, and what pages count is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = next(folder for folder in Path(__file__).parents if (folder / "pyproject.toml").exists())
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
# Phrases of an older dialect, and what to write: “no such”, “was received”, “again”, “unchanged”, “all of it”.
DIALECT = re.compile(r"\bis none\b|\bthat is none\b|\bwhat came\b|\banew\b|\bas it stands\b|\bof itself\b|"
                     r"\bwaits for nobody\b|\b(nobody|no one) but\b", re.IGNORECASE)
LINK = re.compile(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)")


def links(page: Path) -> list[tuple[Path, str]]:
    """The file and the anchor of every link to a file of this project."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [((page.parent / file).resolve() if file else page, anchor) for file, anchor in LINK.findall(text)]


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), (target, anchor)


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        waiting += {target for target, _ in links(page) if target.suffix == ".md"} - reached
    assert set(PAGES) <= reached


def test_the_glossary_has_at_most_fifty_terms_each_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    tables = re.findall(r"\| --- \| --- \| --- \|\n((?:\|.*\n)+)", text)
    terms = [[line.split("|")[1].strip() for line in table.splitlines()] for table in tables]
    assert all(names == sorted(names, key=str.lower) for names in terms)
    flat = [name for names in terms for name in names]
    assert len(flat) == len(set(flat)) <= 50


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "faults.md"],
                         ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_plain_english(page: Path) -> None:
    """docs/faults.md quotes what runs reported when its faults were played."""
    assert DIALECT.findall(page.read_text(encoding="utf-8")) == []


def test_the_readme_counts_the_claims() -> None:
    counted = re.search(r"states this as (\d+) claims", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert counted
    assert int(counted[1]) == len(list((ROOT / "transforms" / "claims").glob("*.sql")))
