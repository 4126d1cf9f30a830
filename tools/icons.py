"""The icons of the pages as drawings in them, in the place of the theme's script.

The theme draws them with a script of 1.5 MB, of which a page uses a dozen icons.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ICONS = ROOT / "node_modules" / "@fortawesome" / "fontawesome-free" / "svgs"
SCRIPT = re.compile(r"\s*<script[^>]*scripts/fontawesome\.js[^>]*></script>")
PLACE = re.compile(r'<i class="([^"]*\bfa-[^"]*)"([^>]*)></i>')
SIZES = {"fa-lg"}
STYLES = {
    "fas": "solid",
    "fa-solid": "solid",
    "far": "regular",
    "fa-regular": "regular",
    "fab": "brands",
    "fa-brands": "brands",
}


@cache
def drawing(style: str, name: str) -> tuple[str, str]:
    """The view box and the path of an icon. FileNotFoundError if there is none."""
    text = (ICONS / style / f"{name}.svg").read_text(encoding="utf-8")
    [box], [path] = (
        re.findall(r'viewBox="([^"]*)"', text),
        re.findall(r' d="([^"]*)"', text),
    )
    return box, path


def drawn(place: re.Match) -> str:
    classes = place[1].split()
    others = {*STYLES, *SIZES}
    [name] = [c for c in classes if c.startswith("fa-") and c not in others]
    style = next((STYLES[c] for c in classes if c in STYLES), "solid")
    box, path = drawing(style, name.removeprefix("fa-"))
    mode = re.search(r'data-mode="\w+"', place[2])
    return (
        f'<svg class="icon {" ".join(classes)}" {mode[0] if mode else ""} '
        f'aria-hidden="true" focusable="false" viewBox="{box}">'
        f'<path fill="currentColor" d="{path}"/></svg>'
    )


def draw_icons(site: Path) -> None:
    """Draw the icons of all pages, and take out the theme's script."""
    for page in sorted(site.rglob("*.html")):
        if page.is_relative_to(site / "lite"):
            continue
        text = page.read_text(encoding="utf-8")
        if SCRIPT.search(text):
            text = PLACE.sub(drawn, SCRIPT.sub("", text))
            page.write_text(text, encoding="utf-8")
    for file in site.glob("_static/scripts/fontawesome.js*"):
        file.unlink()
