"""Python for the reader's browser, beside the pages, and a button for it on chapters.

What JupyterLite serves is assembled before the build, in _build/lite. Where it could
not be assembled the site is built without it and without the buttons.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

NOTEBOOK = "lite/notebooks/index.html?path={chapter}.ipynb"
ENTRIES = (
    (NOTEBOOK, "Run in your browser", "fas fa-play", "run-in-browser-button"),
    (
        "lite/lab/index.html?path={chapter}.ipynb",
        "… in the full lab",
        "fas fa-flask",
        "run-in-lab-button",
    ),
    (
        "lite/start_afresh.html?path={chapter}.ipynb",
        "… afresh, without my changes",
        "fas fa-undo",
        "start-afresh-button",
    ),
)


def offer_to_run(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Add the browser's Python to the chapter's menu of places to run it."""
    if not pagename.startswith("chapters/"):
        return
    chapter = pagename.removeprefix("chapters/")
    groups = context["header_buttons"]
    launch = next((g for g in groups if g.get("label") == "launch-buttons"), None)
    if launch is None:
        launch = {
            "type": "group",
            "tooltip": "Run this chapter",
            "icon": "fas fa-rocket",
            "buttons": [],
            "label": "launch-buttons",
        }
        groups.insert(0, launch)
    root = context["pathto"]("", 1).rstrip("/")
    for address, text, icon, label in ENTRIES:
        launch["buttons"].append(
            {
                "type": "link",
                "url": f"{root}/{address.format(chapter=chapter)}",
                "text": text,
                "tooltip": f"{text.lstrip('… ').capitalize()}: nothing is installed",
                "icon": icon,
                "label": label,
            }
        )


def leave_pages_alone(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Take out what jupyterlite-sphinx loads for its directives, which we do not use.

    Among it is a font from another site.
    """
    for kind in ("css_files", "script_files"):
        context[kind] = [
            file
            for file in context.get(kind, [])
            if "jupyterlite_sphinx" not in str(file.filename)
            and "fonts.googleapis" not in str(file.filename)
        ]


def fill_contents(app: Sphinx, config: Config) -> None:
    """Copy notebooks and data to where jupyterlite-sphinx, which empties it, looks."""
    contents = Path(app.srcdir) / config.jupyterlite_content_dir
    shutil.copytree(assembled(app) / "files", contents, dirs_exist_ok=True)


def assembled(app: Sphinx) -> Path:
    return Path(app.srcdir) / "_build" / "lite"


def setup(app: Sphinx) -> dict[str, bool]:
    if assembled(app).is_dir():
        app.setup_extension("jupyterlite_sphinx")
        app.config.jupyterlite_dir = str(assembled(app))
        app.config.jupyterlite_config = str(assembled(app) / "jupyter_lite_config.json")
        app.config.jupyterlite_content_dir = "_build/lite_contents"
        app.config.jupyterlite_bind_ipynb_suffix = False
        app.connect("config-inited", fill_contents, priority=900)
        app.connect("html-page-context", leave_pages_alone, priority=900)
        app.connect("html-page-context", offer_to_run, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
