"""Print the built book, page after page, into one PDF with an outline.

usage: print_book.py SITE FILE

A Chromium prints each page as a reader would on paper, from the files of the site
alone; the pages are those of _toc.yml, in its order.
"""

from __future__ import annotations

import functools
import http.server
import io
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import yaml
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfWriter
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
FOOTER = (
    '<div style="font-size: 8px; width: 100%; text-align: center">'
    '<span class="title"></span>, page <span class="pageNumber"></span></div>'
)
# A widget comes after its page, and its picture, while it is empty, is complete.
ALL_PICTURES = """() =>
  document.querySelectorAll("script[type*='jupyter.widget-view']").length === 0
  && [...document.images].every((i) => i.complete && i.naturalWidth > 0)"""
MARGINS = {"top": "18mm", "bottom": "20mm", "left": "18mm", "right": "18mm"}


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing about each request."""


def pages(toc: Path) -> list[str]:
    """The pages of the book, in order."""
    contents = yaml.safe_load(toc.read_text(encoding="utf-8"))
    parts = [chapter["file"] for p in contents["parts"] for chapter in p["chapters"]]
    return [contents["root"], *parts]


def printed(page: Page, address: str) -> bytes:
    """The page at the address, with all its pictures and formulas, as a PDF."""
    page.goto(address, wait_until="networkidle")
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(ALL_PICTURES)
    return page.pdf(
        format="A4",
        margin=MARGINS,
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=FOOTER,
    )


def print_all(site: Path, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """Title and PDF of each page, by a browser that sees the site only."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        sys.exit("no Chromium found: install Debian's package chromium")
    handler = functools.partial(QuietHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
            for name in tqdm(names, desc="pages", leave=False):
                page = browser.new_page()
                content = printed(page, f"{address}/{name}.html")
                yield page.title().split(" — ")[0], content
                page.close()
            browser.close()
        server.shutdown()


def print_book(site: Path, file: Path) -> int:
    """Write the book's PDF; return its number of pages."""
    book = PdfWriter()
    for title, content in print_all(site, pages(ROOT / "_toc.yml")):
        book.append(io.BytesIO(content), outline_item=title)
    book.add_metadata({"/Title": "Deep Learning: A Shallow Tutorial"})
    file.parent.mkdir(parents=True, exist_ok=True)
    book.write(file)
    return len(book.pages)


if __name__ == "__main__":
    site, file = map(Path, sys.argv[1:])
    print(f"{print_book(site, file)} pages: {file}")
