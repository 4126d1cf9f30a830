"""The site without a network, once a reader has asked for it; and its taking away."""

import functools
import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import QuietHandler
from playwright.sync_api import Browser, Page, expect
from test_page_python import LONG_MS, NUMPY, PICTURE, run

pytestmark = pytest.mark.usefixtures("lite")

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
SNAPSHOT = "/python.bin.gz"  # differs from build to build, the list does not
LIST = json.loads((SITE / "offline.json").read_text()) if SITE.exists() else {}


class Handler(QuietHandler):
    """Serves the site, but for what a test has put in the place of some files."""

    others: dict[str, bytes] = {}

    def do_GET(self) -> None:  # noqa: N802
        other = self.others.get(self.path.rpartition("/")[2])
        if other is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(other)))
        self.end_headers()
        self.wfile.write(other)


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    """The site at an address of its own, which a test may shut down."""
    Handler.others = {}
    handler = functools.partial(Handler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def page(browser: Browser, server) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/book/how_to_read.html")
    yield page
    context.close()


def place(page: Page):
    return page.locator("#page-offline")


def keep(page: Page) -> None:
    button = place(page).get_by_role("button", name="Keep the book in this browser")
    button.press("Enter")
    expect(place(page)).to_contain_text("is kept in this browser", timeout=LONG_MS)


def test_every_page_and_its_python_work_without_a_network(page, server):
    size = sum(number for _, number, _ in LIST["files"])
    expect(place(page)).to_contain_text(f"takes {round(size / 1e6)} MB")
    keep(page)
    expect(place(page).get_by_role("button")).to_be_focused()
    server.shutdown()
    server.server_close()
    address = page.url.split("book/")[0]
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(f"{address}chapters/02_neural_networks.html")
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    expect(page.locator("mjx-container").first).to_be_visible()
    for name in (NUMPY, PICTURE):
        _, said = run(page, name)
        assert said.startswith("Done in"), said
    page.goto(f"{address}chapters/03_training.html")
    picture = page.locator(".explore-picture").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 200
    knob = page.locator(".explore").first.locator("input, select").first
    knob.press("End")
    assert picture.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 200
    for path in (*(f"{p.parent.name}/{p.name}" for p in SITE.glob("book/*.html")), ""):
        page.goto(f"{address}{path}")
        expect(page.locator("article h1")).to_be_visible()
    assert failed == []


def test_stopped_on_the_way_nothing_is_kept(page):
    page.route("**/02_neural_networks.html", lambda route: None)  # it never comes
    place(page).get_by_role("button", name="Keep the book").press("Enter")
    expect(place(page).get_by_role("progressbar")).to_be_visible()
    place(page).get_by_role("button", name="Stop").press("Enter")
    expect(place(page)).to_contain_text("Stopped; nothing more is fetched.")
    expect(place(page).get_by_role("button", name="Keep the book")).to_be_visible()
    assert page.evaluate("async () => (await caches.keys()).length") == 0


def test_what_came_wrong_a_new_release_and_the_end(page):
    Handler.others = {"glossary.html": b"another"}
    place(page).get_by_role("button", name="Keep the book").press("Enter")
    expect(place(page)).to_contain_text(
        "the site has changed meanwhile", timeout=LONG_MS
    )
    Handler.others = {}
    keep(page)
    changed = [[p, n, "0" * 64 if "glossary" in p else s] for p, n, s in LIST["files"]]
    Handler.others = {"offline.json": json.dumps({"files": changed}).encode()}
    page.reload()
    expect(place(page)).to_contain_text("as an earlier release")
    update = place(page).get_by_role("button", name=re.compile(r"Update \(\d"))
    expect(update).to_be_visible()
    Handler.others = {}
    page.reload()
    expect(place(page)).to_contain_text("is kept in this browser")
    place(page).get_by_role("button", name="Remove").press("Enter")
    expect(place(page)).to_contain_text("takes")
    left = page.evaluate(
        """async () => [
          ...await caches.keys(),
          ...await navigator.serviceWorker.getRegistrations(),
        ].length"""
    )
    assert left == 0


def test_the_list_holds_what_pages_ask_for_and_no_more():
    places = {path for path, _, _ in LIST["files"]}
    assert {"index.html", "chapters/02_neural_networks.html", "search.html"} <= places
    assert any(path.endswith("pyodide.asm.wasm") for path in places)
    assert any("/numpy-" in path for path in places)
    assert not any(
        "ipykernel" in path or path.startswith("lite/build") for path in places
    )
    exact = [entry for entry in LIST["files"] if not entry[0].endswith(SNAPSHOT)]
    assert len(exact) == len(LIST["files"]) - 1
    assert all((SITE / path).stat().st_size == number for path, number, _ in exact)
