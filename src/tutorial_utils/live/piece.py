"""`live`: a piece that Python steps and the front end draws."""

from __future__ import annotations

import inspect
import itertools
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from .controls import Knob, LiveControl
from .knobs import Control
from .scenes import Scene, pack

HERE = Path(__file__).parent
AGAIN = 5000  # steps at most, to where a piece was
LOOKS = 5  # that are timed for the build's report
ON_A_PAGE = "export default { render() {} }"  # the page draws its pieces itself


class Live(anywidget.AnyWidget):
    """What `live` returns: it answers questions with frames.

    The state is what `start` makes and `step` changes; it never leaves Python. spec is
    what the front end knows before any frame, as JSON, since a notebook that is saved
    sorts the keys of a dict and so would the controls be; first is the first frame and
    caption its sentence.
    """

    _esm = HERE / "live.js"
    _css = HERE / "live.css"
    spec = traitlets.Unicode().tag(sync=True)
    first = traitlets.Bytes().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        name: str,
        functions: Mapping[str, Callable | None],
        controls: Mapping[str, LiveControl],
        pace: float | None,
        ahead: int,
        replay: bool,
        presets: Mapping[str, Mapping[str, Any]],
        folded: Sequence[str],
    ) -> None:
        began = time.perf_counter()
        self.name, self.replay = name, replay
        self.controls = dict(controls)
        self._functions = {key: f for key, f in functions.items() if f}
        self._takes = {
            key: [p for p in inspect.signature(f).parameters if p in controls]
            for key, f in self._functions.items()
        }
        self.values = {key: c.read(c.start) for key, c in self.controls.items()}
        self.begin()
        self.take_steps(ahead)
        spec = {
            "name": name,
            "pace": pace,
            "steps": "step" in self._functions,
            "presets": {
                title: {key: self.controls[key].sent(v) for key, v in values.items()}
                for title, values in presets.items()
            },
            "folded": list(folded),
            "controls": {
                key: {"kind": c.kind, "label": c.label, "start": c.start, **c.spec()}
                for key, c in self.controls.items()
            },
        }
        caption = self._call("describe", self.state)
        told = json.dumps(spec)
        super().__init__(spec=told, first=self.ask({}), caption=caption)
        self.seconds = time.perf_counter() - began
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return f"Live({self.name}; {', '.join(self.controls)})"

    def _call(self, key: str, *given: Any) -> Any:
        taken = {name: self.values[name] for name in self._takes[key]}
        return self._functions[key](*given, **taken)

    def begin(self) -> None:
        """The state at the start, for the controls as they are."""
        self.state, self.t, self.done = self._call("start"), 0, False

    def take_steps(self, n: int, seconds: float = 0.0) -> int:
        """Take n steps, and more for so many seconds; how many were taken."""
        until, taken = time.perf_counter() + seconds, 0
        if "step" not in self._functions:
            return 0
        while not self.done and (taken < n or time.perf_counter() < until):
            self.done = self._call("step", self.state) is False
            taken += 1
        self.t += taken
        return taken

    def scene(self) -> Scene:
        """What is seen now."""
        seen = dict(self._call("view", self.state))
        return seen | {
            "t": self.t,
            "done": self.done,
            "caption": self._call("describe", self.state),
        }

    def ask(self, question: Mapping[str, Any]) -> bytes:
        """The frame after a question.

        set : values of controls. edit : changes of the state, each [name, of, index,
        value]. restart : from the start. steps : how many; ms : and as many more as
        there is time for. ValueError if a control cannot have its value; then none is
        set.
        """
        given = question.get("set") or {}
        new = {key: self.controls[key].read(value) for key, value in given.items()}
        self.values |= new
        restart = bool(question.get("restart"))
        anew = restart or bool({*new} & {*self._takes["start"]})
        if anew:
            n = (AGAIN if self.done else self.t) if self.replay and not restart else 0
            self.begin()
            self.take_steps(n)
        elif new:
            self.done = False
        for edit in question.get("edit") or ():
            self._call("edit", self.state, *edit)
            self.done = False
        taken = self.take_steps(question.get("steps", 0), question.get("ms", 0) / 1000)
        return pack(self.scene() | {"taken": taken, "anew": anew})

    def _hear(self, _: object, content: Mapping[str, Any], __: object) -> None:
        """Answer the front end in a notebook."""
        try:
            frame = self.ask(content["question"])
        except Exception as error:  # whatever it is, the reader is told
            why = f"{type(error).__name__}: {error}"
            self.send({"id": content["id"], "error": why})
        else:
            self.send({"id": content["id"]}, buffers=[frame])

    def write_first(self, folder: Path, key: str) -> None:
        """Write what a page needs of the piece, and a report of bytes and times."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "first.scene").write_bytes(self.first)
        (folder / "spec.json").write_text(self.spec)
        looks = []
        for _ in range(LOOKS):
            began = time.perf_counter()
            pack(self.scene())
            looks.append(time.perf_counter() - began)
        report = {
            "live": True,
            "bytes": len(self.first),
            "seconds": round(self.seconds, 3),
            "view_ms": round(1000 * float(np.median(looks)), 2),
            "key": key,
        }
        (folder / "report.json").write_text(json.dumps(report))


def live(
    name: str,
    start: Callable[..., Any],
    view: Callable[..., Scene],
    describe: Callable[..., str],
    step: Callable[..., object] | None = None,
    edit: Callable[..., None] | None = None,
    *,
    pace: float | None = None,
    ahead: int = 0,
    replay: bool = False,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    folded: Sequence[str] = (),
    **controls: Control | LiveControl,
) -> Live:
    """A picture that is handled: Python computes it, step by step.

    name : of letters, digits and hyphens, unique in the book. start(**controls) : the
    state. view(state, **controls) : the scene. describe(state, **controls) : a
    sentence. step(state, **controls) : False when there is nothing left to do.
    edit(state, name, of, index, value) : changes the state where the reader changes
    it. Each function gets the controls that its signature names; a control that start
    names begins anew. pace : steps a second; None for as many as fit. ahead : steps
    before the first picture. replay : after a new start, steps again to where it was.
    presets : values of several controls under one name. folded : the controls that
    stand behind "More settings". Raises ValueError for bad input. Source: "How to read
    this book".
    """
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValueError(f"name must be letters, digits and hyphens, got {name!r}")
    known = {
        key: Knob(control) if isinstance(control, Control) else control
        for key, control in controls.items()
    }
    for key, control in known.items():
        if not isinstance(control, LiveControl):
            raise ValueError(f"{key} must be a control, got {control!r}")
    for key in [*folded, *itertools.chain(*(presets or {}).values())]:
        if key not in known:
            raise ValueError(f"presets and folded must name controls, got {key!r}")
    functions = {
        "start": start,
        "view": view,
        "describe": describe,
        "step": step,
        "edit": edit,
    }
    piece = Live(name, functions, known, pace, ahead, replay, presets or {}, folded)
    if folder := os.environ.get("TUTORIAL_FRAMES"):
        piece.set_trait("_esm", ON_A_PAGE)
        keys = json.loads(os.environ.get("TUTORIAL_FRAME_KEYS", "{}"))
        piece.write_first(Path(folder) / name, keys.get(name, ""))
    return piece
