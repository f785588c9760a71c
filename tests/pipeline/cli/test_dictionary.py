"""The data dictionary: nothing is missing from it, its lineage is right, and it is safe, small and alone."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from spec import Spec
from tiny_market import rallyscope

from flows.pipeline import build
from flows.pipeline.run import open_run
from flows.report import dictionary
from flows.report.dictionary import Branch, Stored
from flows.report.render import render
from flows.settings import Settings
from transforms.engine.project import Model
from warehouse.data_folder import DataFolder
from warehouse.errors import HomeUnusable

VOID = {"meta", "link", "img", "br", "hr", "input", "base", "source"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: list[Element | str] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        found = [self] if not tags or self.tag in tags else []
        return found + [each for child in self.inside if isinstance(child, Element) for each in child.all(*tags)]

    def text(self) -> str:
        return " ".join("".join(child if isinstance(child, str) else child.text() for child in self.inside).split())

    def links(self) -> set[str | None]:
        return {each.attributes["href"] for each in self.all("a")}


class Page(HTMLParser):
    """A page as a tree; a tag that does not close what was opened last is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open = [Element("", {})]
        self.feed(text)
        self.close()
        assert [each.tag for each in self.open] == [""]
        self.elements = self.open[0].all()
        self.by_id = {each.attributes["id"]: each for each in self.elements if "id" in each.attributes}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the command writes, in a folder in which nothing was ever loaded."""
    folder = tmp_path_factory.mktemp("docs")
    ran = rallyscope("docs", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.strip() == str(folder / "data" / "site" / "dictionary.html")
    return folder / "data" / "site" / "dictionary.html"


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page(written.read_text(encoding="utf-8"))


def test_every_column_of_every_model_is_on_the_page_with_its_description(page: Page, spec: Spec) -> None:
    for model in spec.models.values():
        assert " ".join(model.doc.split()) in page.by_id[model.name].text()
        for column, description in model.columns.items():
            assert " ".join(description.split()) in page.by_id[f"{model.name}.{column}"].text()


def test_every_column_says_its_type_and_whether_it_is_key(page: Page, spec: Spec) -> None:
    for model in spec.models.values():
        types = {row[0]: row[1] for row in spec.con.execute(f"describe {model.name}").fetchall()}
        for column in model.columns:
            name = page.by_id[f"{model.name}.{column}"].all("dt")[0].text()
            assert name == f"{column}{' key' if column in model.grain else ''} {types[column].lower()}"


def test_every_table_of_raw_and_audit_is_there_with_its_comment(page: Page, spec: Spec) -> None:
    for table, comment in spec.con.execute("select schema_name || '.' || table_name, comment from duckdb_tables() "
                                           "where schema_name in ('raw', 'audit')").fetchall():
        assert " ".join((comment or "").split()) in page.by_id[table].text()


def test_every_assertion_is_on_the_page_with_its_condition(page: Page, spec: Spec) -> None:
    for model in spec.models.values():
        assertions = [each.text() for each in page.by_id[model.name].all("li")]
        assert {" ".join(f"{name}{sql}".split()) for name, sql in model.assertions.items()} <= set(assertions)


def test_a_table_says_what_it_reads_and_who_reads_it(page: Page, spec: Spec) -> None:
    for model in spec.models.values():
        reported = {each.text().partition(" ")[0]: each.links() for each in page.by_id[model.name].all("p")[:4]}
        assert reported.get("Reads", set()) == {f"#{table}" for table in model.reads}
        assert reported.get("Read", set()) == {f"#{m.name}" for m in spec.models.values() if model.name in m.reads}


def test_the_marts_come_first_and_what_is_not_published_last(page: Page) -> None:
    assert [each.attributes["id"] for each in page.elements if each.tag == "h2"] == [
        "marts", "core", "audit", "staging", "raw"]


@pytest.mark.parametrize(("column", "links"), [
    ("marts.concentration_daily.residual_bp", {"#core.index_level.close", "#raw.price_bar.close"}),
    ("marts.regime_daily.nfci", {"#core.macro_as_known.value", "#raw.macro_observation.value"}),
    ("staging.price_bar.close", {"#raw.price_bar.close", "#core.price_bar.close"}),
    ("raw.price_bar.close", {"#staging.price_bar_by_source.close"}),
])
def test_a_column_is_linked_to_its_sources_to_the_end_and_to_its_readers(column: str, links: set[str], page: Page) -> None:
    assert links <= page.by_id[column].links()


def test_a_name_in_a_text_is_a_link(page: Page) -> None:
    assert "#core.weight_coverage" in page.by_id["core.full_cap_weight"].all("p")[0].links()


def test_every_link_leads_somewhere_on_the_page_and_no_name_stands_twice(page: Page) -> None:
    assert {each.attributes["href"] for each in page.elements if each.tag == "a"} <= {f"#{name}" for name in page.by_id}
    assert len(page.by_id) == sum("id" in each.attributes for each in page.elements)


def test_the_page_asks_nobody_for_anything(page: Page, written: Path) -> None:
    """No element that fetches, no style that does, and a policy that would forbid it."""
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & {each.tag for each in page.elements}
    assert not [each for each in page.elements if {"src", "srcset", "action", "ping"} & each.attributes.keys()]
    assert not [name for each in page.elements for name in each.attributes if name.startswith("on")]
    style, = (each.text() for each in page.elements if each.tag == "style")
    assert not re.search(r"url\(|@import|https?:", style)
    assert "default-src 'none'" in written.read_text()


def test_a_screen_reader_finds_its_way(page: Page) -> None:
    tags = [each.tag for each in page.elements]
    assert [tags.count(tag) for tag in ("main", "nav", "header", "h1", "title")] == [1] * 5
    assert page.elements[1].attributes["lang"] == "en"
    assert all(each.inside and each.all("summary") for each in page.elements if each.tag == "details")
    summaries = [each.text() for each in page.by_id["marts.regime_daily"].all("summary")]
    assert len(set(summaries)) == len(summaries)


def test_the_page_is_small(page: Page, written: Path) -> None:
    """It grows with what it documents, by about a kilobyte a column."""
    assert written.stat().st_size < 1_500 * sum(each.tag == "dt" for each in page.elements)


@pytest.fixture
def model() -> Model:
    return Model("marts.made", "A & B, <script>alert('doc')</script>", ("date",),
                 {"date": "Less < more.", "made": "<b>\"bold\"</b>"}, {"<i>kept</i>": "made < 1 and '&lt;' is not null"},
                 "select date, close as made from staging.price", frozenset({"staging.price"}))


@pytest.fixture
def stored() -> dict[str, Stored]:
    return {"marts.made": Stored("", {"date": ("DATE", ""), "made": ("ENUM('<u>')", "")}),
            "staging.price": Stored("", {"date": ("DATE", ""), "close": ("DOUBLE", "")}),
            "raw.told": Stored("<img src=x>", {"it": ("INTEGER", "<svg onload=x>")})}


def test_text_from_outside_is_text(model: Model, stored: dict[str, Stored]) -> None:
    text = dictionary.page([model], stored)
    made = Page(text)
    assert not {"script", "b", "i", "u", "img", "svg"} & {each.tag for each in made.elements if each.text() != "key"}
    for reported in (model.doc, *model.columns.values(), *model.assertions, *model.assertions.values(), "enum('<u>')"):
        assert reported in made.by_id["marts.made"].text()
    assert "<img src=x>" in made.by_id["raw.told"].text()
    assert "<svg onload=x>" in made.by_id["raw.told.it"].text()


def test_a_model_that_cannot_be_followed_says_so_and_keeps_the_rest(model: Model, stored: dict[str, Stored]) -> None:
    lost = replace(model, sql="select columns('made|date') from staging.price")
    made = Page(dictionary.page([lost], stored)).by_id["marts.made"]
    assert "are unknown" in made.text()
    assert "Computed from" not in made.text()
    assert {"#staging.price"} <= made.links()
    assert "cannot be told" not in Page(dictionary.page([model], stored)).by_id["marts.made"].text()


def test_a_tree_unfolds_each_table_once_as_near_to_its_root_as_it_can() -> None:
    reads = {"a": ["b", "c"], "b": ["c"], "c": ["d"], "d": []}
    assert dictionary.upstream("a", reads) == [
        Branch("b", [Branch("c", [])]), Branch("c", [Branch("d", [])])]


def test_equal_models_give_equal_bytes(spec: Spec, written: Path, tmp_path: Path) -> None:
    assert dictionary.docs(DataFolder(tmp_path)).read_bytes() == written.read_bytes()


def test_a_publication_writes_the_page(tiny: Path, tiny_server: str, tmp_path: Path) -> None:
    settings = Settings(home_folder=tmp_path, source=tiny_server, catalog_folder=tiny / "catalog")
    with open_run(settings, "build") as run:
        build.build(run)
        build.publish(run)
        render(run)
    assert "marts.regime_daily.nfci" in Page((tmp_path / "site" / "dictionary.html").read_text()).by_id


def test_the_page_is_written_once_and_again_when_a_model_changed(spec: Spec, tmp_path: Path) -> None:
    home, models = DataFolder(tmp_path), list(spec.models.values())
    file = dictionary.refresh(home, spec.con, models)
    first = file.stat().st_mtime_ns
    assert dictionary.refresh(home, spec.con, models).stat().st_mtime_ns == first
    models[0] = replace(models[0], doc="Something else.")
    assert dictionary.refresh(home, spec.con, models).stat().st_mtime_ns > first
    assert "Something else." in file.read_text()


def test_a_folder_that_cannot_be_written_is_one_sentence(spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file in the way")
    with pytest.raises(HomeUnusable, match="cannot be used"):
        dictionary.refresh(DataFolder(tmp_path), spec.con, list(spec.models.values()))


def test_a_table_that_no_model_makes_any_more_is_not_on_the_page(spec: Spec, tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute("create schema marts; create schema raw; create table marts.old (x int); create table raw.kept (x int)")
        text = dictionary.refresh(DataFolder(tmp_path), con, []).read_text()
    assert "raw.kept" in text
    assert "marts.old" not in text


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_asks_for_nothing_and_need_not_scroll_sideways(written: Path, width: int, scheme: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
        requested: list[str] = []
        reported: list[str] = []
        tab.on("request", lambda request: requested.append(request.url))
        tab.on("console", lambda message: reported.append(message.text))
        tab.goto(written.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert requested == [written.as_uri()]
        assert reported == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 384) == (scheme == "dark")
        browser.close()
