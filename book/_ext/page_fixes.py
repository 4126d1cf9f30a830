"""Repairs of the built pages, each for one thing that the stack gets wrong or lacks."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx


def drop_repeated_inline_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Sphinx 7.4 emits inline scripts twice: keep the first of each."""
    kept, seen = [], set()
    for script in context.get("script_files", []):
        body = getattr(script, "attributes", {}).get("body")
        if body is None or body not in seen:
            kept.append(script)
            seen.add(body)
    context["script_files"][:] = kept


def offer_notebook_for_class(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Add the chapter without hints and solutions to the page's download menu."""
    if not pagename.startswith("chapters/"):
        return
    for group in context.get("header_buttons", []):
        if group.get("label") == "download-buttons":
            group["buttons"].append(
                {
                    "type": "link",
                    "url": f"{context['pathto']('_sources', 1)}/{pagename}_class.ipynb",
                    "text": ".ipynb for class",
                    "tooltip": "Download the notebook without hints and solutions",
                    "icon": "fas fa-users",
                    "label": "download-class-button",
                }
            )


def load_pictures_when_seen(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Ask for a picture when the reader comes near it; keep its place until then."""
    sources = {
        name: Path(app.srcdir) / source
        for source, (_, name) in app.env.images.items()
        if name.endswith(".png")
    }

    def with_size(tag: re.Match) -> str:
        source = sources.get(tag["name"])
        if source is None:
            return tag[0]
        width, height = Image.open(source).size
        return f'{tag[0]} loading="lazy" width="{width}" height="{height}"'

    pictures = r'<img (?=[^>]*src="[./]*_images/(?P<name>[^"]+)")'
    body = context.get("body", "")
    context["body"] = re.sub(pictures, lambda tag: with_size(tag).strip() + " ", body)


def hide_directives_of_cells(app: Sphinx, doctree: nodes.document) -> None:
    """Take the `#|` lines out of the cells; mark those that the package ships."""
    for block in doctree.findall(nodes.literal_block):
        lines = block.astext().split("\n")
        code = [line for line in lines if not line.startswith("#|")]
        if len(code) == len(lines):
            continue
        text = "\n".join(code).lstrip("\n")
        block.rawsource = text
        block.children = []
        block += nodes.Text(text)
        if "#| export" in lines:
            cell = block.parent.parent
            cell["classes"].append("exported")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", drop_repeated_inline_scripts, priority=900)
    app.connect("html-page-context", offer_notebook_for_class, priority=900)
    app.connect("html-page-context", load_pictures_when_seen, priority=900)
    app.connect("doctree-read", hide_directives_of_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
