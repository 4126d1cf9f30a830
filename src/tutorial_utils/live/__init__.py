"""Live pieces: pictures that are handled, computed by the functions of the book."""

from .clouds import Points, cloud, two_clouds
from .controls import drawing, sizes, table, text, toggles
from .knobs import choice, slider
from .piece import Live, live
from .scenes import (
    arrow,
    arrow_with_room,
    bars,
    border,
    cells,
    curve,
    dots,
    graph,
    heat,
    images,
    in_triangle,
    plane,
    plot,
    scene,
    sides,
    turned_line,
    words,
)
from .weights import trained

__all__ = [
    "Live",
    "Points",
    "arrow",
    "arrow_with_room",
    "bars",
    "border",
    "cells",
    "choice",
    "cloud",
    "curve",
    "dots",
    "drawing",
    "graph",
    "heat",
    "images",
    "in_triangle",
    "live",
    "plane",
    "plot",
    "scene",
    "sides",
    "sizes",
    "slider",
    "table",
    "text",
    "toggles",
    "trained",
    "turned_line",
    "two_clouds",
    "words",
]
