"""Drawings: SVG files that stand in the page itself and follow the reader's theme.

A figure whose file is an SVG, with a name, an alt text and a caption, is a drawing:

    :::{figure} figures/network.svg
    :name: fig-network
    :alt: A network with three inputs, ...

    The caption.
    :::

Colours are `var(--drawing-ink, #1f2328)` and the like: the page has the values for its
themes, and the fallback serves where the file is seen by itself. Text is text. Where
notebooks are published, `picture_address` puts the drawing into the cell.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.directives.patches import Figure

SVG = "http://www.w3.org/2000/svg"
ElementTree.register_namespace("", SVG)

ELEMENTS = {
    *("svg", "g", "defs", "marker", "use", "clipPath", "title", "desc"),
    *("path", "line", "polyline", "polygon", "rect", "circle", "ellipse"),
    *("text", "tspan"),
}
PAINTS = ("fill", "stroke", "color")
PAINT = re.compile(
    r"none|currentColor|context-stroke|var\(--drawing-[a-z-]+, #[0-9a-f]{6}\)"
)
URL = re.compile(r"url\(\s*['\"]?([^)'\"]*)['\"]?\s*\)")
SMALLEST = 12  # CSS pixels: nine points
WIDEST = 640  # pixels: a page's width
BROAD = 420  # pixels: what is wider keeps its size on a phone, and scrolls


class NoDrawing(ValueError):
    """A file that cannot be a drawing; the message says why."""


def parsed(text: str) -> ElementTree.Element:
    """The root of a drawing, without comments. Raises NoDrawing."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise NoDrawing(f"it is no XML: {error}") from None
    box = root.get("viewBox", "").split()
    if root.tag != f"{{{SVG}}}svg" or len(box) != 4 or not all(map(is_number, box)):
        raise NoDrawing("it must be an svg with a viewBox of four numbers")
    faults = {*faults_of(root)}
    if float(box[2]) > WIDEST:
        faults.add(f"it may not be wider than {WIDEST}, got {box[2]}")
    if faults := sorted(faults):
        raise NoDrawing("; ".join(faults))
    return root


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def faults_of(root: ElementTree.Element) -> Iterator[str]:
    """What a drawing may not have: scripts, styles, outward links, own colours."""
    identifiers = {element.get("id") for element in root.iter()}
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{SVG}}}")
        if name not in ELEMENTS:
            yield f"it may not hold <{name}>"
        for key, value in element.attrib.items():
            if key == "style" or key.startswith("on"):
                yield f"<{name}> may not have {key}"
            if key.endswith("}href"):
                yield "href must stand without xlink"
            if key == "href" and not value.startswith("#"):
                yield f"<{name}> may not lead outside: {value}"
            targets = [value] if key == "href" else URL.findall(value)
            for target in targets:
                if target[:1] != "#" or target[1:] not in identifiers:
                    yield f"<{name}> leads to {target}, which is not in the drawing"
            if key == "transform" and "scale" in value:
                yield f"<{name}> may not be scaled, its text would be too"
            if key in PAINTS and not PAINT.fullmatch(value):
                yield f"{key} {value!r} must be var(--drawing-..., #rrggbb)"
            if key == "font-size" and not (
                is_number(value) and float(value) >= SMALLEST
            ):
                yield f"font-size must be a number of at least {SMALLEST}, got {value}"


def inline(text: str, name: str, alt: str) -> str:
    """The markup of a drawing for a page, its identifiers made unique by a name."""
    root = parsed(text)
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{name}-{value}")
            elif key == "href":
                element.set(key, f"#{name}-{value[1:]}")
            else:
                element.set(key, URL.sub(lambda u: f"url(#{name}-{u[1][1:]})", value))
    width, height = root.get("viewBox", "").split()[2:]
    root.attrib.update(
        {"role": "img", "aria-label": alt, "width": width, "height": height}
    )
    markup = ElementTree.tostring(root, encoding="unicode")
    kind = "drawing broad" if float(width) > BROAD else "drawing"
    return f'<div class="{kind}">{markup}</div>'


class Drawing(Figure):
    """The directive figure; a file that is an SVG becomes part of the page."""

    def run(self) -> list[nodes.Node]:
        place = self.arguments[0]
        if not place.endswith(".svg"):
            return super().run()
        if unknown := {*self.options} - {"name", "alt"}:
            raise self.error(f"the drawing {place} has no option {unknown.pop()!r}")
        for option in ("name", "alt"):
            if not self.options.get(option):
                raise self.error(f"the drawing {place} needs the option :{option}:")
        if not self.content:
            raise self.error(f"the drawing {place} needs a caption")
        name, alt = nodes.make_id(self.options["name"]), self.options["alt"]
        env = self.state.document.settings.env
        source, file = env.relfn2path(place)
        env.note_dependency(source)
        try:
            markup = inline(
                Path(file).read_text(encoding="utf-8"), name, " ".join(alt.split())
            )
        except (OSError, NoDrawing) as trouble:
            raise self.error(f"the drawing {place}: {trouble}") from None
        made = super().run()
        for image in [i for node in made for i in node.findall(nodes.image)]:
            image.parent.replace(image, nodes.raw("", markup, format="html"))
        return made


# ---- for the notebooks that readers open elsewhere


def picture(text: str) -> bytes:
    """A drawing as a PNG on a light ground, with a font that Matplotlib brings."""
    import resvg_py
    from matplotlib import get_data_path

    parsed(text)
    plain = re.sub(r"var\(--[a-z-]+, (#[0-9a-f]{6})\)", r"\1", text)
    fonts = Path(get_data_path()) / "fonts" / "ttf"
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=plain,
            background="#ffffff",
            zoom=2,
            skip_system_fonts=True,
            font_dirs=[str(fonts)],
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
        )
    )


def picture_address(file: Path) -> str:
    """An address that holds a drawing as a picture, or a picture's own.

    A picture, since Colab shows neither SVG nor what is attached to a cell.
    """
    content = file.read_bytes()
    if file.suffix == ".svg":
        content = picture(content.decode("utf-8"))
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("figure", Drawing, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
