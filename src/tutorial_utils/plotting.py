"""The one style of the book's figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

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
    """Set the book's style for the figures that follow."""
    import matplotlib
    from cycler import cycler

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
            "legend.frameon": False,
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
