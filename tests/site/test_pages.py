"""Every page of the built site, in a browser that reaches nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def test_loads_without_errors_and_from_here_alone(visit, path):
    visit(path)
    assert visit.wrong == []


def test_formulas_are_typeset(visit, path):
    page = visit(path)
    sources = page.locator("span.math, div.math")
    assert page.locator("mjx-container").count() >= sources.count()
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert not re.search(r"\\\(|\\\[|\$\$", page.locator("main").first.inner_text())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit, path, theme):
    page = visit(path, theme=theme)
    page.add_script_tag(path=AXE)
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    serious = [
        f"{v['id']} ({v['impact']}): {[node['target'] for node in v['nodes']][:5]}"
        for v in result["violations"]
        if v["impact"] in {"serious", "critical"}
    ]
    assert serious == []


def test_a_phone_does_not_scroll_sideways(visit, path):
    page = visit(path, width=360)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_every_picture_has_alt_text_of_its_own(visit, path):
    page = visit(path)
    alts = page.locator("article img").evaluate_all(
        "all => all.map((i) => i.alt.trim())"
    )
    assert all(len(alt.split()) >= 5 for alt in alts), alts
    assert len(set(alts)) == len(alts)


class Anchors(HTMLParser):
    """The places of a page that can be linked to, and its links."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(
        self, tag: str, attributes: list[tuple[str, str | None]]
    ) -> None:
        named = dict(attributes)
        self.ids |= {named[key] for key in ("id", "name") if named.get(key)}
        if tag == "a" and named.get("href"):
            self.links.append(named["href"])


def test_internal_links_resolve(path):
    broken = []
    for link in Anchors(SITE / path).links:
        target = urlsplit(urljoin(f"http://site/{path}", link))
        if target.scheme != "http" or target.netloc != "site":
            continue
        file = SITE / unquote(target.path).lstrip("/")
        file = file / "index.html" if file.is_dir() else file
        if file.suffix != ".html" or not file.exists():
            found = file.exists()
        else:
            found = unquote(target.fragment) in Anchors(file).ids | {""}
        if not found:
            broken.append(link)
    assert broken == []


def test_footer_names_the_commit(path):
    if path in {"index.html", "genindex.html", "search.html"}:
        pytest.skip("generated pages have a footer of their own")
    assert re.search(r"Built on \d{4}-\d\d-\d\d from commit", (SITE / path).read_text())


def test_each_chapter_offers_its_notebook(chapter):
    page = Anchors(SITE / "chapters" / f"{chapter.stem}.html")
    assert any(
        link.endswith(f"_sources/chapters/{chapter.name}") for link in page.links
    )
    assert (SITE / "_sources" / "chapters" / chapter.name).exists()
