"""Every page of the built site, in a browser that reaches nothing else."""

import functools
import gzip
import io
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import nbformat
import pytest
from browsers import BROWSERS, FLAGS, found
from bs4 import BeautifulSoup
from PIL import Image, ImageChops
from playwright.sync_api import Page, Response, expect

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
sys.path.append(str(ROOT / "book" / "_ext"))
from provenance import binder_url, colab_url, repository_url, site_url  # noqa: E402

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def test_a_visit(visit, path):
    """All that can be seen in one visit: each takes a page's scripts and formulas."""
    page = visit(path)
    assert visit.wrong == [], "it loads without errors, from here alone"
    check_weight(visit.responses)
    assert page.context.cookies() == []
    assert page.evaluate("() => document.cookie") == ""
    check_formulas(page)
    check_alt_texts(page)
    # A chapter has a thousand formulas, links and lines of code, all alike: those of
    # one chapter and of all other pages are looked at.
    is_one_of_many = path.startswith("chapters/") and "02_neural_networks" not in path
    if is_one_of_many:
        page.evaluate(PASS_OVER)
    check_tab_key(page)
    for width in (320, 360, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert page.evaluate(WIDTH) <= width, f"scrolls sideways at {width} pixels"
        assert page.evaluate(BROKEN_LINES) == [], f"tables broken at {width} pixels"
    if is_one_of_many:
        page.evaluate(EMPTY)
    page.add_script_tag(path=AXE)
    assert serious_findings(page) == []
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark' }")
    page.wait_for_timeout(500)
    page.wait_for_function(AT_REST)  # colours change gradually
    assert serious_findings(page, COLOURS) == [], "the themes differ in colours"
    assert visit.wrong == []


AT_REST = "() => document.getAnimations().every((a) => a.playState !== 'running')"
WIDTH = "() => document.documentElement.scrollWidth"
# The printed tables that are higher than their lines.
BROKEN_LINES = r"""() => {
  const higher = (pre) => {
    const style = getComputedStyle(pre);
    const lines = pre.textContent.replace(/\n$/, "").split("\n").length;
    const inside = pre.clientHeight
      - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    return inside > (lines + 0.5) * parseFloat(style.lineHeight);
  };
  return [...document.querySelectorAll("article .columns pre")]
    .filter(higher).map((pre) => pre.textContent.slice(0, 200));
}"""


def check_formulas(page: Page) -> None:
    sources = page.locator("span.math, div.math")
    assert page.locator("mjx-container").count() >= sources.count()
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert not re.search(r"\\\(|\\\[|\$\$", page.locator("main").first.inner_text())


def check_alt_texts(page: Page) -> None:
    alts = page.locator("article :is(img, .drawing svg)").evaluate_all(
        "all => all.map((i) => (i.alt ?? i.getAttribute('aria-label')).trim())"
    )
    assert all(len(alt.split()) >= 5 for alt in alts), alts
    assert len(set(alts)) == len(alts)


def test_what_is_broad_scrolls_on_a_phone(visit):
    page = visit("chapters/06_recurrent_networks.html", width=360, formulas=False)
    [table] = page.locator(".columns pre", has_text="solved of 12").all()
    assert table.evaluate("(pre) => pre.scrollWidth > pre.clientWidth")
    assert table.get_attribute("tabindex") == "0", "the keys reach and scroll it"
    assert "goes-on" in table.get_attribute("class"), "and it is seen that it goes on"
    table.evaluate("(pre) => { pre.scrollLeft = pre.scrollWidth }")
    expect(table).not_to_have_class(re.compile("goes-on"))
    [words] = page.locator(".cell_output pre", has_text="temperature 0.3:").all()
    assert words.evaluate("(pre) => pre.scrollWidth == pre.clientWidth")

    # Broad figures can be read.
    frame = page.locator(".broad:has(img)").first
    frame.scroll_into_view_if_needed()
    assert frame.locator("img").bounding_box()["width"] == 560
    assert frame.bounding_box()["width"] < 360
    assert page.evaluate(WIDTH) <= 360


def test_no_line_ends_between_a_formula_and_its_punctuation(path):
    page = BeautifulSoup((SITE / path).read_text(encoding="utf-8"), "html.parser")
    loose = [
        f"{formula} {formula.next_sibling}"[:100]
        for formula in page.select("article span.math")
        if re.match("[.,;:!?)]", str(formula.next_sibling or ""))
        and "keep" not in formula.parent.get("class", [])
    ]
    assert loose == []


def test_the_theme_is_the_one_that_the_reader_has_set(browser, address):
    for wanted in ("light", "dark"):
        page = browser.new_page(color_scheme=wanted)
        page.goto(f"{address}book/index.html")
        found = page.evaluate("() => document.documentElement.dataset.theme")
        page.close()
        assert found == wanted


COLOURS = ("color-contrast", "link-in-text-block")


def serious_findings(
    page: Page,
    rules: tuple[str, ...] = (),
    within: list[str] | None = None,
) -> list[str]:
    """What axe finds on the page as it is, by these rules; by all if none is named.

    within : parts of the page, by their selectors; if not given, all of it.
    """
    options: dict = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    where = {"include": within or ["html"]}
    result = page.evaluate(
        "([where, options]) => axe.run(where, options)", [where, options]
    )
    return [
        f"{v['id']} ({v['impact']}): {[node['target'] for node in v['nodes']][:5]}"
        for v in result["violations"]
        if v["impact"] in {"serious", "critical"}
    ]


POLICY = re.compile(
    r'<head[^>]*>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">'
)


def test_has_a_content_policy_before_anything_else(path):
    text = (SITE / path).read_text(encoding="utf-8")
    assert text.count('http-equiv="Content-Security-Policy"') == 1
    [policy] = POLICY.findall(text)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["object-src"] == "'none'"
    for sources in rules.values():
        assert set(sources.split()) <= {
            *("'self'", "'none'", "data:", "blob:"),
            *("'unsafe-inline'", "'wasm-unsafe-eval'"),
        }, "nothing from another site, no text compiled"


def test_the_content_policy_bites(visit):
    page = visit("book/index.html")
    page.evaluate("() => { new Image().src = 'http://192.0.2.1/a.png'; }")
    page.wait_for_timeout(300)
    assert any("refused: img-src" in wrong for wrong in visit.wrong), visit.wrong


def test_the_pages_of_the_browsers_python_have_one_too(lite):
    pages = [page for page in lite.rglob("*.html") if "<head" in page.read_text()]
    assert len(pages) >= 5
    for page in pages:
        assert POLICY.search(page.read_text()), page


# What the tab key should reach: everything that takes focus and can be seen. What it
# has reached loses its mark.
MARK_REACHABLE = """() => {
  const all = document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex]");
  let count = 0;
  for (const e of all) {
    const seen = e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const none = e.getClientRects().length === 0;
    const off = e.disabled || e.tabIndex < 0 || e.closest("[inert], dialog");
    if (seen && !none && !off) { e.dataset.reachable = ""; count += 1; }
  }
  window.unmarked = [];
  addEventListener("focusin", ({ target }) => {
    delete target.dataset.reachable;
    // The points of a plot are marked by a frame around the plot.
    const marked = [target, target.closest(".live-stage")].some((e) => {
      const style = e && getComputedStyle(e);
      const width = style ? parseFloat(style.outlineWidth) : 0;
      return width >= 2 && style.outlineStyle !== "none";
    });
    if (!marked) window.unmarked.push(target.outerHTML.slice(0, 120));
  });
  return count;
}"""


PASS_OVER = """() => document.querySelectorAll(
  "mjx-container[tabindex], article p a.reference, div.cell[data-cell] *")
  .forEach((element) => { element.tabIndex = -1; })"""
# The elements of formulas and of coloured code are most of a page, which axe goes
# through whatever it is told to leave out.
EMPTY = """() => {
  for (const formula of document.querySelectorAll("mjx-container")) formula.remove();
  for (const code of document.querySelectorAll(".highlight pre")) {
    code.replaceChildren(code.textContent);
  }
}"""


def check_tab_key(page: Page) -> None:
    """It reaches everything, marks where it is, and nothing traps it."""
    expected = page.evaluate(MARK_REACHABLE)
    missing = page.locator("[data-reachable]")
    # Chromium lets the tab key reach what scrolls as well: more stops than we count.
    for n_pressed in range(2 * expected + 100):
        page.keyboard.press("Tab")
        if n_pressed % 20 == 0 and missing.count() == 0:
            break
    described = missing.evaluate_all("all => all.map((e) => e.outerHTML.slice(0, 160))")
    assert described == []
    assert page.evaluate("() => window.unmarked") == [], "each stop has an outline"


MAX_BYTES, MAX_SCRIPT_BYTES, MAX_REQUESTS = 2_000_000, 500_000, 80


def check_weight(responses: list[Response]) -> None:
    """What the page has asked for before the reader did anything, compressed."""
    files = [
        SITE / unquote(urlsplit(response.url).path).lstrip("/")
        for response in responses
        if response.url.startswith("http")
    ]
    # Pictures and fonts are compressed as they are.
    packed = (".png", ".woff2", ".woff")
    sizes = {
        file: len(body if file.suffix in packed else gzip.compress(body))
        for file, body in ((file, file.read_bytes()) for file in files)
    }
    assert sum(sizes.values()) <= MAX_BYTES
    scripts = [size for file, size in sizes.items() if file.suffix in (".js", ".mjs")]
    assert sum(scripts) <= MAX_SCRIPT_BYTES
    assert len(files) <= MAX_REQUESTS


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


@functools.cache
def places_in(page: Path) -> set[str]:
    return Anchors(page).ids | {""}


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
            found = unquote(target.fragment) in places_in(file)
        if not found:
            broken.append(link)
    assert broken == []


# Sites that give a work or a project its lasting address; nobody can take one over.
LASTING = ("https://doi.org/", "https://arxiv.org/abs/", "https://aclanthology.org/")


def may_lead_to(link: str) -> bool:
    """Whether the allow-list has an outward link: lasting addresses, and our own."""
    repository = repository_url()
    ours = [
        repository and f"{repository}/",
        colab_url(repository, ""),
        binder_url(repository, ""),
        site_url(),
    ]
    return link == repository or link.startswith((*LASTING, *filter(None, ours)))


LINK = re.compile(r'\s(?:href|src|action|content)="((?:\w+:)?//[^"]+)"')


def test_outward_links_are_on_the_allow_list(path):
    """Those of every kind: what is followed, what is loaded, what is named."""
    outward = LINK.findall((SITE / path).read_text(encoding="utf-8"))
    assert [link for link in outward if not may_lead_to(link)] == []


def test_outward_links_of_the_notebooks_are_on_it_too(chapter):
    for copy in (SITE / "lite/files", SITE / "_sources/chapters"):
        cells = nbformat.read(copy / chapter.name, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        outward = re.findall(r"https?://[^\s)>\"\]]+", text)
        assert [link for link in outward if not may_lead_to(link)] == []


def test_the_allow_list_knows_our_own_repository_only(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/fork")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    colab = "https://colab.research.google.com/github"
    for good in (
        "https://github.com/somebody/fork",
        "https://github.com/somebody/fork/issues/new",
        f"{colab}/somebody/fork/blob/notebooks/chapters/01_linear_classifiers.ipynb",
        "https://doi.org/10.1000/182",
    ):
        assert may_lead_to(good), good
    for bad in (
        "https://github.com/somebody/fork-of-another",
        "https://github.com/executablebooks/jupyter-book",
        f"{colab}/executablebooks/jupyter-book/blob/notebooks/chapters/a.ipynb",
        "https://mybinder.org/v2/gh/executablebooks/jupyter-book/main?urlpath=a",
        "http://example.org/",
        "//example.org/",
    ):
        assert not may_lead_to(bad), bad
    monkeypatch.delenv("GITHUB_REPOSITORY")
    monkeypatch.setattr("provenance.git", lambda *arguments: "")
    assert not may_lead_to("https://github.com/somebody/fork")


def test_footer_names_the_commit(path):
    page = (SITE / path).read_text()
    front_door = 'http-equiv="refresh"' in page  # leads on to the book's first page
    assert front_door or re.search(r"Built on \d{4}-\d\d-\d\d from commit", page)


def test_the_cell_that_fetches_the_book_is_not_on_the_page(chapter):
    page = (SITE / "chapters" / f"{chapter.stem}.html").read_text()
    assert "REPOSITORY" not in page
    assert "pip" not in re.findall(r"<pre>.*?</pre>", page, re.DOTALL)[0]


def test_each_chapter_offers_a_notebook_for_class(chapter):
    page = Anchors(SITE / "chapters" / f"{chapter.stem}.html")
    name = f"_sources/chapters/{chapter.stem}_class.ipynb"
    assert any(link.endswith(name) for link in page.links)
    whole = (SITE / "_sources/chapters" / chapter.name).read_text()
    for_class = (SITE / name).read_text()
    nbformat.validate(nbformat.reads(for_class, as_version=4))
    for kept in ("### Exercise ", "answer_"):
        assert for_class.count(kept) == whole.count(kept) > 0
    for gone in ("<summary>Hint", "#### Solution", "solution_"):
        assert gone in whole
        assert gone not in for_class


def test_each_chapter_offers_its_notebook(chapter):
    page = Anchors(SITE / "chapters" / f"{chapter.stem}.html")
    assert any(
        link.endswith(f"_sources/chapters/{chapter.name}") for link in page.links
    )
    assert (SITE / "_sources" / "chapters" / chapter.name).exists()


# ---- focus, contrast themes, narrow screens, storage that is blocked


def unmarked_stops(page: Page, n_stops: int) -> tuple[int, list[str]]:
    """How many stops of the tab key are in sight, and those that look as without it."""
    seen, unmarked = 0, []
    for _ in range(n_stops):
        page.keyboard.press("Tab")
        box, name = page.evaluate(
            """() => {
              const e = document.activeElement, r = e.getBoundingClientRect();
              return [[r.x, r.y, r.width, r.height], e.outerHTML.slice(0, 120)];
            }"""
        )
        x, y, width, height = box
        if min(width, height) < 2 or y < 0 or y + height > 900:
            continue
        clip = {
            "x": max(0, x - 5),
            "y": max(0, y - 5),
            "width": width + 10,
            "height": height + 10,
        }
        pictures = []
        for script in (
            "() => { window.kept = document.activeElement; }",
            "() => window.kept.blur()",
        ):
            page.evaluate(script)
            page.wait_for_timeout(150)
            picture = Image.open(io.BytesIO(page.screenshot(clip=clip)))
            pictures.append(picture.convert("RGB"))
        page.evaluate("() => window.kept.focus({ preventScroll: true })")
        seen += 1
        if ImageChops.difference(*pictures).getbbox() is None:
            unmarked.append(name)
    return seen, unmarked


@pytest.mark.parametrize("colours", ["none", "active"])
@pytest.mark.parametrize(
    "place", ["book/how_to_read.html", "chapters/02_neural_networks.html"]
)
def test_the_focus_is_seen(browser, address, place, colours):
    """In the page's own colours, and in those that a contrast theme forces on it."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        forced_colors=colours,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address + place, wait_until="networkidle")
    seen, unmarked = unmarked_stops(page, 36)
    context.close()
    assert seen > 25
    assert unmarked == []


def check_search_theme_and_menus(page: Page) -> None:
    """At a desk, then on a phone, where the menus are dialogs."""
    search = page.locator("#pst-search-dialog")
    page.locator("button.search-button-field:visible").first.click()
    expect(search).to_be_visible()
    page.keyboard.press("Escape")
    expect(search).to_be_hidden()
    before = page.evaluate("() => document.documentElement.dataset.mode")
    page.locator("button.theme-switch-button:visible").first.click()
    assert page.evaluate("() => document.documentElement.dataset.mode") != before
    page.set_viewport_size({"width": 360, "height": 740})
    for button in ("button.primary-toggle", "button.secondary-toggle"):
        page.locator(f"{button}:visible").first.click()
        expect(page.locator("dialog[open]")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)


def test_where_storage_is_blocked_all_but_remembering_works(
    playwright, address, tmp_path
):
    (tmp_path / "Default").mkdir()
    wish = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default/Preferences").write_text(json.dumps(wish))
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path),
        executable_path=found(BROWSERS, "chromium"),
        args=FLAGS,
        viewport={"width": 1280, "height": 900},
    )
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{address}search.html?q=perceptron")
    expect(page.locator("#search-results li").first).to_be_visible()
    page.goto(f"{address}book/how_to_read.html")
    own = "Object.getOwnPropertyDescriptor(window, 'localStorage')"
    assert page.evaluate(f"() => {own}?.value !== undefined"), "ours stands in for it"
    check_search_theme_and_menus(page)
    page.goto(f"{address}chapters/02_neural_networks.html")
    expect(page.locator(".live-play").first).to_be_visible()
    context.close()
    assert wrong == []


def test_a_first_visit_has_no_error_in_the_console(visit):
    """On each kind of page, with nothing stored yet."""
    for path in ("book/index.html", "search.html", "genindex.html", "book/data.html"):
        page = visit(path, theme=None, formulas=False)
        assert page.evaluate("() => document.documentElement.dataset.mode") == "auto"
    assert visit.wrong == []
