"""For readers without JavaScript: a widget's first picture, and a word about it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

STATE = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-state\+json">(.*?)</script>',
    re.DOTALL,
)
VIEW = re.compile(
    r'(<script type="application/vnd\.jupyter\.widget-view\+json">(.*?)</script>)'
    r"(<noscript>.*?</noscript>)?",
    re.DOTALL,
)
WORD = "This picture has controls, for which your browser must allow JavaScript."


def still(widget: dict, page: Path) -> str:
    """The first picture of a widget, a file beside its page, and its caption."""
    if "spec" in widget:
        name, file = json.loads(widget["spec"])["name"], "first.svg"
    else:
        name, file = widget["name"], f"{'-'.join(map(str, widget['shown']))}.png"
    caption = html.escape(widget["caption"])
    place = f"{page.stem}/{name}/{file}"
    return (
        f'<noscript><div class="explore"><img class="explore-picture" src="{place}" '
        f'alt="{caption}"><p class="explore-caption">{caption}</p>'
        f'<p class="explore-note">{WORD}</p></div></noscript>'
    )


def is_published(widget: dict) -> bool:
    """Whether it is one of the book's widgets, made for a page."""
    return bool(widget.get("captions")) or "spec" in widget


def add_first_pictures(site: Path) -> None:
    """Give each page the first pictures of its widgets, where there are no scripts."""
    for page in sorted(site.glob("*/*.html")):
        text = page.read_text(encoding="utf-8")
        known = STATE.search(text)
        if known is None:
            continue
        models = json.loads(known[1])["state"]

        def with_still(view: re.Match, models: dict = models, page: Path = page) -> str:
            widget = models[json.loads(view[2])["model_id"]]["state"]
            return view[1] + (still(widget, page) if is_published(widget) else "")

        page.write_text(VIEW.sub(with_still, text), encoding="utf-8")
