"""Print what a chapter asks of its reader: words, code in sight, pictures, height.

usage: chapter_facts.py NOTEBOOK [SITE]

For the core path and what is further of each part, and for the rest (summary,
exercises, notes).
With the built site, and a Chromium, also the heights in the page at 1300 pixels.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from docutils.nodes import make_id

sys.path.append(str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
from lessons import Section, sections_of, source_of  # noqa: E402

WIDTH = 1300
SHOWS = re.compile(r"plt\.show\(\)|\b(?:explore|live)\(")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# The heights of the sections, by all their identifiers, and the first picture's place.
MEASURE = """() => {
  const article = document.querySelector("article");
  const sections = {};
  for (const section of article.querySelectorAll(":scope > section > section"))
    for (const named of [section, ...section.querySelectorAll(":scope > span[id]")])
      sections[named.id] = section.getBoundingClientRect().height;
  const picture = article.querySelector("img, .drawing svg, .explore, .live");
  return {
    page: document.documentElement.scrollHeight,
    sections: sections,
    picture: picture && picture.getBoundingClientRect().top + scrollY,
  };
}"""


def drawings(section: Section) -> int:
    return len(re.findall(r"^:::\{figure\} \S+\.svg$", text_of(section), re.MULTILINE))


def pictures(section: Section) -> int:
    """Drawings, figures and widgets."""
    code = [source_of(c) for c in section.cells if c["cell_type"] == "code"]
    seen = sum(SHOWS.search(source) is not None for source in code)
    return drawings(section) + seen


def text_of(section: Section) -> str:
    return "\n".join(source_of(c) for c in section.cells)


def measured(page: Path) -> dict | None:
    """The heights in a page of the built site, None without a Chromium."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        return None
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        window = browser.new_page(viewport={"width": WIDTH, "height": 900})
        window.goto(page.as_uri())
        window.evaluate("() => window.MathJax?.startup?.promise")
        found = window.evaluate(MEASURE)
        browser.close()
    return found


def facts(notebook: dict, heights: dict | None) -> Iterator[str]:
    sections = sections_of(notebook)
    yield (
        f"{'':12}sections   words   open lines   drawings   pictures"
        f"{'   pixels' if heights else ''}"
    )
    n_parts = max(section.part for section in sections if section.path)
    rows = [
        (path if n_parts == 1 else f"{path} {part}", path, part)
        for part in range(1, n_parts + 1)
        for path in ("core", "further")
    ]
    for name, path, part in [*rows, ("the rest", "", 0)]:
        own = [s for s in sections if s.path == path and part in (s.part, 0)]
        line = (
            f"{name:12}{len(own):8}{sum(s.words() for s in own):8}"
            f"{sum(s.open_lines() for s in own):13}{sum(map(drawings, own)):11}"
            f"{sum(map(pictures, own)):11}"
        )
        if heights:
            known = heights["sections"]
            line += f"{sum(known.get(make_id(s.label), 0) for s in own):9,.0f}"
        yield line
    cells = [source_of(cell) for cell in notebook["cells"]]
    shows = re.compile(r"\.svg$|" + SHOWS.pattern, re.MULTILINE)
    first = next((n for n, source in enumerate(cells) if shows.search(source)), None)
    place = "none" if first is None else f"cell {first + 1} of {len(cells)}"
    if heights and heights["picture"] is not None:
        place += f", {heights['picture']:,.0f} pixels down"
    yield f"first picture: {place}"
    if heights:
        yield f"the page is {heights['page']:,} pixels high at {WIDTH} pixels' width"


def main(chapter: str, site: str = "") -> None:
    notebook = json.loads(Path(chapter).read_text(encoding="utf-8"))
    heights = None
    if site:
        folder = Path(chapter).resolve().parent.name
        page = Path(site).resolve() / folder / f"{Path(chapter).stem}.html"
        heights = measured(page)
        if heights is None:
            print("the page is not measured: there is no Chromium")
    for line in facts(notebook, heights):
        print(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
