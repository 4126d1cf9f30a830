"""The built site, served on this machine, and a browser that reaches nothing else."""

import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from browsers import BROWSERS, FIREFOXES, FLAGS, found, missing
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)

expect.set_options(timeout=20_000)

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
# A picture that is replaced before it has come is no failure of the site.
REPLACED = ("net::ERR_ABORTED", "NS_BINDING_ABORTED")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `path` once for every page of the site."""
    if "path" in metafunc.fixturenames:
        pages = sorted(p.relative_to(SITE).as_posix() for p in SITE.rglob("*.html"))
        # JupyterLite's pages are not ours; what we put there has tests of its own.
        pages = [p for p in pages if not p.startswith(("_", "lite/"))]
        metafunc.parametrize("path", pages or ["the site is not built: run make book"])


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing about each request."""


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = found(BROWSERS, "chromium")
    browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    """Firefox as Debian has it, by WebDriver BiDi."""
    program = found(FIREFOXES, "firefox-esr")
    firefox = playwright.firefox.launch(channel="moz-firefox", executable_path=program)
    yield firefox
    firefox.close()


@pytest.fixture(scope="session")
def lite() -> Path:
    """Where the site has Python for the reader's browser, if it could be had."""
    folder = SITE / "lite"
    if not folder.exists():
        missing("the site was built without Python for the reader's browser")
    return folder


def watch_policy(place: Page | BrowserContext, say: Callable[[str], None]) -> None:
    """Say what breaks a page's content policy, also where the console does not."""
    place.expose_function("sayRefused", lambda what: say(f"refused: {what}"))
    place.add_init_script(
        "addEventListener('securitypolicyviolation', (e) =>"
        " sayRefused(`${e.violatedDirective} ${e.blockedURI}`))"
    )


NOTHING = "window.MathJax = { startup: { promise: Promise.resolve() } };"


class Visit:
    """A page in a context of its own, and what went wrong on it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address, self.contexts = browser, address, []
        self.wrong: list[str] = []
        self.responses: list[Response] = []

    def __call__(
        self,
        path: str,
        width: int = 1280,
        theme: str | None = "light",
        formulas: bool = True,
    ) -> Page:
        """Open a page. Without its formulas, a chapter is there in half the time.

        theme : what the reader has chosen before, None on a first visit.
        """
        context = self.browser.new_context(viewport={"width": width, "height": 900})
        self.contexts.append(context)
        page = context.new_page()
        if theme:
            # The empty page before the first has no storage, and Firefox says so.
            page.add_init_script(
                "if (location.href.startsWith('http')) {"
                f"localStorage.setItem('mode', '{theme}');"
                f"localStorage.setItem('theme', '{theme}') }}"
            )
        own = (self.address, "data:", "blob:")
        say = self.wrong.append
        page.on("request", lambda r: r.url.startswith(own) or say(f"outside: {r.url}"))
        page.on(
            "requestfailed",
            lambda r: r.failure in REPLACED or say(f"failed: {r.url} {r.failure}"),
        )
        page.on("response", lambda r: r.status < 400 or say(f"{r.status}: {r.url}"))
        page.on("response", lambda r: self.responses.append(r))
        page.on("console", lambda m: m.type != "error" or say(f"console: {m.text}"))
        page.on("pageerror", lambda e: say(f"script: {e}"))
        watch_policy(page, say)
        if not formulas:
            page.route("**/mathjax/**", lambda route: route.fulfill(body=NOTHING))
        page.goto(self.address + path, wait_until="networkidle")
        # A quiet network says nothing of a script that is still being read.
        page.wait_for_function(
            "() => !document.querySelector('script[src*=mathjax]')"
            " || window.MathJax?.startup?.promise"
        )
        page.evaluate("() => window.MathJax?.startup?.promise")
        return page


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    visit = Visit(browser, address)
    yield visit
    for context in visit.contexts:
        context.close()


TOC = "format: jb-book\nroot: book/index\nchapters:\n  - file: chapters/01_planted\n"


@pytest.fixture
def small_book(root: Path, tmp_path: Path) -> Path:
    """A book with our settings and a page, to which a test adds one chapter."""
    book = tmp_path / "small"
    (book / "chapters").mkdir(parents=True)
    shutil.copy(root / "_config.yml", book)
    for folder in ("_ext", "_assets"):
        shutil.copytree(root / "book" / folder, book / "book" / folder)
    shutil.copy(root / "book/references.bib", book / "book")
    (book / "_toc.yml").write_text(TOC)
    (book / "book/index.md").write_text("# A small book\n\nOne page.\n")
    return book


def plant(book: Path, *sources: str, text: str = "Text.") -> None:
    """Write the small book's chapter, with these cells."""
    cells = [nbformat.v4.new_markdown_cell(f"# A chapter\n\n{text}")]
    cells += [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, book / "chapters/01_planted.ipynb")


@pytest.fixture(params=["light", "dark", "forced"])
def looks(
    request: pytest.FixtureRequest, browser: Browser, address: str
) -> Iterator[Callable[[str], Page]]:
    """Opens a page in light, in dark, and in forced colours, without its formulas."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="light" if request.param == "forced" else request.param,
        forced_colors="active" if request.param == "forced" else "none",
    )

    def open_page(path: str) -> Page:
        page = context.new_page()
        page.route("**/mathjax/**", lambda route: route.fulfill(body=NOTHING))
        page.goto(f"{address}{path}", wait_until="networkidle")
        return page

    yield open_page
    context.close()
