"""Repairs of the built pages, each for one thing that the stack gets wrong or lacks."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

LINE = 88  # characters that fit the column of a desktop page
SHORT = 16  # characters of code that fit any line
BROAD = 1.6  # times as wide as high: too small to read on a phone


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


def storage_first(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """A script before the theme's own, which fail where storage is blocked."""
    if "pathto" in context:
        place = context["pathto"]("_static/js/storage.js", 1)
        context["metatags"] = f'<script src="{place}"></script>\n' + context.get(
            "metatags", ""
        )


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
    """Ask for a picture when the reader comes near it; keep its place until then.

    On a narrow screen a broad picture keeps its size, and scrolls.
    """
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
        size = f'loading="lazy" width="{width}" height="{height}"'
        picture = f"{tag['begin']}{size} {tag['rest']}"
        is_broad = width > BROAD * height
        return f'<span class="broad">{picture}</span>' if is_broad else picture

    pictures = (
        r'(?P<begin><img )(?P<rest>[^>]*src="[./]*_images/(?P<name>[^"]+)"[^>]*>)'
    )
    context["body"] = re.sub(pictures, with_size, context.get("body", ""))


def keep_marks_at_formulas(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """No line ends between a formula and the punctuation before or after it."""
    formula = r'<span class="math notranslate nohighlight">[^<]*</span>'
    marks = rf"([(\[“‘]*)({formula})((?:’s)?[.,;:!?)\]’”]*)"

    def kept(found: re.Match) -> str:
        alone = not found[1] and not found[3]
        return found[0] if alone else f'<span class="keep">{found[0]}</span>'

    context["body"] = re.sub(marks, kept, context.get("body", ""))


def break_names_in_tables(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """A name of code may go on in the next line after its underscores."""

    def broken(cell: re.Match) -> str:
        return re.sub(
            r'(?<=<span class="pre">)[^<]+',
            lambda name: name[0].replace("_", "_<wbr/>"),
            cell[0],
        )

    cells = re.compile(r"<td.*?</td>", re.DOTALL)
    context["body"] = cells.sub(broken, context.get("body", ""))


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


def keep_short_code_together(app: Sphinx, doctree: nodes.document) -> None:
    """No line ends within a shape like `(N, K)`."""
    for code in doctree.findall(nodes.literal):
        if len(code.astext()) <= SHORT:
            code["classes"].append("short")


def keep_columns(app: Sphinx, doctree: nodes.document) -> None:
    """Mark what a cell prints in columns, so that a narrow screen breaks no line."""
    for block in doctree.findall(nodes.literal_block):
        lines = block.astext().split("\n")
        in_columns = [line for line in lines if re.search(r"\S {2,}\S", line)]
        is_output = "output" in block["classes"]
        if is_output and len(in_columns) >= 2 and max(map(len, lines)) <= LINE:
            block["classes"].append("columns")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", drop_repeated_inline_scripts, priority=900)
    app.connect("html-page-context", storage_first, priority=900)
    app.connect("html-page-context", offer_notebook_for_class, priority=900)
    app.connect("html-page-context", load_pictures_when_seen, priority=900)
    app.connect("html-page-context", keep_marks_at_formulas, priority=900)
    app.connect("html-page-context", break_names_in_tables, priority=900)
    app.connect("doctree-read", hide_directives_of_cells)
    app.connect("doctree-read", keep_short_code_together)
    app.connect("doctree-read", keep_columns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
