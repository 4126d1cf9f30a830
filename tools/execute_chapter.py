"""Execute one notebook into the cache from which Sphinx takes its outputs.

usage: execute_chapter.py CACHE NOTEBOOK TIMEOUT CODE

TIMEOUT : seconds for a cell. CODE : the sum of all that the outputs depend on, which is
kept with them.
"""

import sys
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import read_myst_markdown_notebook


def read(place: str) -> nbformat.NotebookNode:
    """A notebook, or a page in Markdown with cells, as Sphinx reads it."""
    text = Path(place).read_text(encoding="utf-8")
    if place.endswith(".md"):
        return read_myst_markdown_notebook(text, path=place)
    return nbformat.reads(text, as_version=4)


def execute(cache_folder: str, chapter: str, timeout: int, code: str) -> str:
    """Execute the notebook; the traceback of the cell that failed, if one did."""
    cache = get_cache(cache_folder)
    notebook = read(chapter)
    result = single_nb_execution(
        notebook,
        cwd=str(Path(chapter).parent),
        timeout=timeout,
        allow_errors=False,
        # What a cell prints comes in pieces, which end where the clock has it, in the
        # middle of a line too.
        coalesce_streams=True,
    )
    if result.err is not None:
        return result.exc_string or str(result.err)
    about = {"execution_seconds": result.time, "code": code}
    done = CacheBundleIn(notebook, chapter, data=about)
    cache.cache_notebook_bundle(done, check_validity=False, overwrite=True)
    return ""


if __name__ == "__main__":
    cache_folder, chapter, timeout, code = sys.argv[1:]
    sys.exit(execute(cache_folder, chapter, int(timeout), code) or 0)
