"""Where a chapter can be run: a menu on its page; and Python for the reader's browser.

What JupyterLite serves is assembled before the build, in _build/lite. Where it could
not be assembled the site is built without it and without the buttons. The buttons of
Colab and Binder are there where the repository's address is known.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from provenance import binder_url, colab_url, repository_url
from sphinx.application import Sphinx
from sphinx.config import Config

NOTEBOOK = "lite/notebooks/index.html?path={chapter}.ipynb"
IN_BROWSER = (
    (NOTEBOOK, "Open as a notebook", "fas fa-play", "open-as-notebook-button"),
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


def button(url: str, text: str, tooltip: str, icon: str, label: str) -> dict[str, str]:
    return {
        "type": "link",
        "url": url,
        "text": text,
        "tooltip": tooltip,
        "icon": icon,
        "label": label,
    }


def offer_to_run(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object
) -> None:
    """Put the places where a chapter runs into a menu of its page."""
    if not pagename.startswith("chapters/"):
        return
    chapter = pagename.removeprefix("chapters/")
    buttons = cloud_buttons(f"{chapter}.ipynb")
    if assembled(app).is_dir():
        root = context["pathto"]("", 1).rstrip("/")
        buttons = [*browser_buttons(root, chapter), *buttons]
    if buttons:
        menu = {
            "type": "group",
            "tooltip": "Run this chapter",
            "icon": "fas fa-rocket",
            "buttons": buttons,
            "label": "launch-buttons",
        }
        context["header_buttons"].insert(0, menu)


def browser_buttons(root: str, chapter: str) -> list[dict[str, str]]:
    return [
        button(
            f"{root}/{address.format(chapter=chapter)}",
            text,
            f"{text.lstrip('… ').capitalize()}: nothing is installed",
            icon,
            label,
        )
        for address, text, icon, label in IN_BROWSER
    ]


def cloud_buttons(file: str) -> list[dict[str, str]]:
    repository = repository_url()
    places = {
        "Colab": colab_url(repository, file),
        "Binder": binder_url(repository, file),
    }
    return [
        button(
            url,
            f"Run in {name}",
            f"{name}, on somebody else's computer",
            "fas fa-cloud",
            f"{name.lower()}-button",
        )
        for name, url in places.items()
        if url
    ]


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
