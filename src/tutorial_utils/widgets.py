"""`explore`: a picture with knobs, for a page without Python and for a live kernel."""

from __future__ import annotations

import io
import itertools
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from .live.knobs import Control, choice, slider

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Control", "Explorer", "choice", "explore", "slider"]
HERE = Path(__file__).parent
N_COLOURS = 64


def explore(
    name: str,
    draw: Callable[..., Figure],
    describe: Callable[..., str],
    published: Mapping[str, Iterable[Any]] | None = None,
    **controls: Control,
) -> Explorer:
    """Show the picture that draw makes for the values of the controls.

    name : of letters, digits and hyphens, unique in the book; its address on the page.
    draw(**values) : a new matplotlib figure. describe(**values) : the sentence that is
    its alt text and caption. published : for some controls the values whose pictures
    the page holds; all if not given. The others take Python. Raises ValueError for bad
    input. Source: "How to read this book".
    """
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValueError(f"name must be letters, digits and hyphens, got {name!r}")
    if not controls:
        raise ValueError("controls must name at least one slider or choice, got none")
    published = dict(published or {})
    if unknown := set(published) - set(controls):
        raise ValueError(f"published must name controls, got {sorted(unknown)}")
    for key, control in controls.items():
        if not isinstance(control, Control):
            raise ValueError(f"{key} must be a slider or a choice, got {control!r}")

    places = [
        control.places(published.get(key, control.values))
        for key, control in controls.items()
    ]
    explorer = Explorer(name, draw, describe, controls)
    if folder := os.environ.get("TUTORIAL_FRAMES"):
        explorer.published = places
        keys = json.loads(os.environ.get("TUTORIAL_FRAME_KEYS", "{}"))
        explorer.provide_frames(Path(folder) / name, keys.get(name, ""))
    return explorer


class Explorer(anywidget.AnyWidget):
    """The widget that `explore` returns.

    setting holds the index of each control's value. With a kernel, a change of setting
    draws `picture` (a PNG) and `caption`, or fills `error`, and then sets `shown`.
    On a page without one, the pictures of some settings are files: `published` has for
    each control the indices of its values there, `captions` the captions.
    """

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"
    name = traitlets.Unicode().tag(sync=True)
    controls: traitlets.List = traitlets.List().tag(sync=True)
    setting = traitlets.List(traitlets.Int()).tag(sync=True)
    shown = traitlets.List(traitlets.Int()).tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    published: traitlets.List = traitlets.List().tag(sync=True)
    captions = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self,
        name: str,
        draw: Callable[..., Figure],
        describe: Callable[..., str],
        controls: Mapping[str, Control],
    ) -> None:
        self._draw, self._describe, self._knobs = draw, describe, dict(controls)
        start = [control.start for control in self._knobs.values()]
        super().__init__(
            name=name,
            controls=[_for_browser(key, c) for key, c in self._knobs.items()],
            setting=start,
            shown=start,
            picture=self.frame(start),
            caption=self.sentence(start),
        )
        self.observe(lambda change: self.redraw(), "setting")

    def __repr__(self) -> str:
        knobs = ", ".join(f"{k}: {len(c.values)}" for k, c in self._knobs.items())
        return f"Explorer({self.name}; {knobs})"

    def settings(self) -> list[tuple[int, ...]]:
        """All published settings, the last control's value changing fastest."""
        every = [range(len(c.values)) for c in self._knobs.values()]
        return [*itertools.product(*(self.published or every))]

    def values(self, setting: Sequence[int]) -> dict[str, Any]:
        """The controls' values in a setting; ValueError if it is not a setting."""
        if len(setting) != len(self._knobs):
            raise ValueError(f"setting must have {len(self._knobs)} entries: {setting}")
        chosen = {}
        for (key, control), index in zip(self._knobs.items(), setting, strict=True):
            if not 0 <= index < len(control.values):
                raise ValueError(f"setting of {key} is out of range, got {index}")
            chosen[key] = control.values[index]
        return chosen

    def sentence(self, setting: Sequence[int]) -> str:
        """The caption of a setting."""
        return self._describe(**self.values(setting))

    def frame(self, setting: Sequence[int]) -> bytes:
        """The picture of a setting, as a PNG with a small palette."""
        import matplotlib.pyplot as plt
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        figure = self._draw(**self.values(setting))
        try:
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
        finally:
            plt.close(figure)
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        small = io.BytesIO()
        # The other ways to choose colours lose those of small areas.
        palette = picture.quantize(
            N_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        palette.save(small, format="png", optimize=True)
        return small.getvalue()

    def provide_frames(self, folder: Path, key: str) -> None:
        """Take the pictures that were drawn under this key, else draw them.

        key : stands for all that the pictures depend on; "" for nothing known.
        """
        report = folder / "report.json"
        kept = json.loads(report.read_text()) if report.exists() else {}
        if key and kept.get("key") == key:
            self.captions = kept["captions"]
        else:
            self.write_frames(folder, key)

    def write_frames(self, folder: Path, key: str = "") -> None:
        """Write every setting's picture, and a report of number, bytes and time."""
        start = time.perf_counter()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        n_bytes = 0
        for setting in self.settings():
            file = folder / f"{'-'.join(map(str, setting))}.png"
            n_bytes += file.write_bytes(self.frame(setting))
        self.captions = [self.sentence(setting) for setting in self.settings()]
        report = {
            "frames": len(self.settings()),
            "bytes": n_bytes,
            "seconds": round(time.perf_counter() - start, 2),
            "captions": self.captions,
            "key": key,
        }
        (folder / "report.json").write_text(json.dumps(report))

    def redraw(self) -> None:
        """Draw the setting, for the browser. An error is shown there, as a message."""
        with self.hold_sync():  # one message, so that the browser sees one state
            try:
                self.picture = self.frame(self.setting)
                self.caption = self.sentence(self.setting)
                self.error = ""
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}"
            self.shown = list(self.setting)


def _for_browser(key: str, control: Control) -> dict[str, Any]:
    values = [f"{v:g}" if isinstance(v, float) else str(v) for v in control.values]
    return {
        "key": key,
        "label": control.label,
        "values": values,
        "kind": control.kind,
        "play": control.play,
    }
