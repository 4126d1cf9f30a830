"""The one style of the book's figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .checks import checked_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Dark enough for text on white, apart from each other for colour-blind readers too;
# classes differ in marker and hatching as well.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#007A5A",
    "#8A5A83",
    "#7A5F00",
    "#2B6A8F",
    "#B3401E",
    "#444444",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "|||", "---", "ooo")


def use_style() -> None:
    """Set the book's style for the figures that follow, whatever the user's own is."""
    import matplotlib
    from cycler import cycler

    matplotlib.rcdefaults()  # without the user's matplotlibrc
    matplotlib.rcParams.update(
        {
            "figure.figsize": (6.0, 4.0),
            "figure.dpi": 100,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.axisbelow": True,
            # A frame, or the legend's markers look like data where they lie among it.
            "legend.framealpha": 0.9,
            "legend.edgecolor": "0.8",
            "legend.fancybox": False,
            "hatch.linewidth": 0.5,
            "lines.linewidth": 1.8,
        }
    )


def frame(
    width_ratios: Sequence[float] = (1,), size: tuple[float, float] = (5.6, 3.6)
) -> tuple[Figure, np.ndarray]:
    """A figure for a widget, one row of axes; its margins are fixed, so it draws fast.

    width_ratios : relative widths of the axes, left to right. size : in inches. Returns
    the figure and the axes, (len(width_ratios),).
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(
        1,
        len(width_ratios),
        figsize=size,
        width_ratios=width_ratios,
        squeeze=False,
        layout="none",
    )
    fig.subplots_adjust(left=0.14, right=0.98, bottom=0.14, top=0.91, wspace=0.25)
    return fig, axes[0]


def scatter_classes(
    ax: Axes, X: np.ndarray, y: np.ndarray, names: Sequence[str] | None = None
) -> None:
    """Draw points X (N, 2) in the colour and marker of their class, y (N,)."""
    for k in np.unique(y):
        ax.scatter(
            X[y == k, 0],
            X[y == k, 1],
            s=42,
            color=COLOURS[k],
            marker=MARKERS[k],
            edgecolor="white",
            linewidth=0.7,
            label=names[k] if names else f"class {k}",
            zorder=3,
        )


def decision_regions(
    ax: Axes,
    predict: Callable[[np.ndarray], np.ndarray],
    n_classes: int,
    limits: tuple[float, float, float, float],
    resolution: int = 400,
) -> None:
    """Tint and hatch each class's region of the rectangle limits = (x0, x1, y0, y1).

    predict : takes points (M, 2) and returns their classes (M,).
    """
    x0, x1, y0, y1 = limits
    first, second = np.meshgrid(
        np.linspace(x0, x1, resolution), np.linspace(y0, y1, resolution)
    )
    classes = predict(np.column_stack([first.ravel(), second.ravel()])).reshape(
        first.shape
    )
    for k in range(n_classes):
        if not (classes == k).any():
            continue
        inside = (classes == k).astype(float)
        fill = ax.contourf(
            first,
            second,
            inside,
            levels=[0.5, 1.5],
            colors=[COLOURS[k]],
            alpha=0.16,
            hatches=[HATCHES[k]],
        )
        fill.set_edgecolor(COLOURS[k])
        fill.set_linewidth(0)
        if not inside.all():
            ax.contour(
                first, second, inside, levels=[0.5], colors="0.25", linewidths=1.2
            )
    ax.set(xlim=(x0, x1), ylim=(y0, y1))


def sign_regions(ax: Axes, side: np.ndarray, lead: np.ndarray) -> None:
    """As `decision_regions` for two classes, and quickly, as a widget needs it.

    side : places along either axis, (M,). lead : of the second class over the first,
    (M, M), one row for each place along the vertical axis.
    """
    tints = ("#d6e6f2", "#f9e2d2")  # of the first two colours
    fill = ax.contourf(
        side, side, lead, [-np.inf, 0, np.inf], colors=tints, hatches=("", "//")
    )
    fill.set_edgecolor(COLOURS[1])
    fill.set_linewidth(0)
    ax.contour(side, side, lead, [0], colors="0.2", linewidths=1)


def label_points(
    ax: Axes,
    points: np.ndarray,
    names: Sequence[str],
    size: float = 9,
    bold: Sequence[int] = (),
) -> None:
    """Write a name beside each of the points (M, 2).

    The limits of the axes are set to leave room for the names. size : of the text.
    bold : numbers of the names to stress. Where two names would overlap, the upper one
    is moved up, and a line joins it to its point. Raises ValueError for bad input.
    """
    from matplotlib import patheffects

    points = checked_array(points, "points", ("M", 2))
    if len(names) != len(points):
        raise ValueError(
            f"names must be one for each of {len(points)} points, got {len(names)}"
        )
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1)
    ax.set_xlim(low[0] - 0.06 * span[0], high[0] + 0.28 * span[0])
    ax.set_ylim(low[1] - 0.1 * span[1], high[1] + 0.18 * span[1])
    pixel = 72 / ax.figure.dpi
    placed: list[tuple[float, float, float]] = []  # left end, right end, height
    for i in np.argsort(points[:, 1], kind="stable"):
        text = ax.annotate(
            names[i],
            points[i],
            xytext=(4, 1),
            textcoords="offset points",
            fontsize=size,
            weight="bold" if i in bold else "normal",
            parse_math=False,
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )
        text.set_in_layout(False)  # the axes stay where they are
        box = text.get_window_extent()
        left, right, bottom = pixel * box.x0, pixel * box.x1, pixel * box.y0
        y = bottom
        for start, end, other in sorted(placed, key=lambda label: label[2]):
            if start < right and left < end and other <= y + 1.25 * size:
                y = max(y, other + 1.3 * size)
        placed.append((left, right, y))
        text.set_position((4, 1 + y - bottom))
        if y > bottom + size:
            line = {"arrowstyle": "-", "color": "0.6", "lw": 0.7, "shrinkB": 2}
            ax.annotate(
                "",
                points[i],
                xytext=(4, y - bottom),
                textcoords="offset points",
                arrowprops=line,
            ).set_in_layout(False)


def computation_graph(
    ax: Axes,
    parents: Sequence[Sequence[int]],
    labels: Sequence[str],
    current: int | None = None,
    size: float = 9,
) -> None:
    """Draw a graph of computations from top to bottom, an arrow from each parent.

    parents : for each node the numbers of its parents, all below its own; the last
    node is the result. labels : a text for each node. current : a node to be drawn
    with a thick, dashed frame. size : of the text.
    """
    places = _places(parents)
    boxes = []
    for i, (x, y) in enumerate(places):
        is_leaf, is_current = not parents[i], i == current
        frame = {
            "boxstyle": "round,pad=0.4" if is_leaf else "square,pad=0.35",
            "facecolor": "#fff6e0" if is_leaf else "white",
            "edgecolor": COLOURS[is_current],
            "linewidth": 2.6 if is_current else 1.0,
            "linestyle": "--" if is_current else "-",
        }
        text = ax.text(
            x, y, labels[i], ha="center", va="center", fontsize=size, bbox=frame
        )
        boxes.append(text.get_bbox_patch())
    for i, own in enumerate(parents):
        for parent in own:
            arrow = {"arrowstyle": "-|>", "color": "0.3", "shrinkA": 1, "shrinkB": 1}
            arrow |= {"patchA": boxes[parent], "patchB": boxes[i]}
            ax.annotate("", places[i], places[parent], arrowprops=arrow)
    across, down = zip(*places, strict=True)
    ax.set_xlim(min(across) - 0.6, max(across) + 0.6)
    ax.set_ylim(min(down) - 0.5, max(down) + 0.5)
    ax.axis("off")


def _places(parents: Sequence[Sequence[int]]) -> list[tuple[float, float]]:
    """Each node a row above the first that it feeds, and beside what that one needs."""
    n = len(parents)
    fed = [[i for i in range(n) if node in parents[i]] for node in range(n)]
    row, across = [0] * n, [0.0] * n
    for node in reversed(range(n)):
        row[node] = max((row[child] + 1 for child in fed[node]), default=0)
    for height in range(1, max(row) + 1):
        nodes = [node for node in range(n) if row[node] == height]
        for node in nodes:
            own = fed[node]
            # The parents of one node stand apart, in the order in which it names them.
            places = [across[c] + 0.1 * list(parents[c]).index(node) for c in own]
            across[node] = sum(places) / len(own)
        nodes.sort(key=across.__getitem__)
        middle = sum(across[node] for node in nodes) / len(nodes)
        for k, node in enumerate(nodes):
            across[node] = middle + k - (len(nodes) - 1) / 2
    return [(across[node], float(row[node])) for node in range(n)]
