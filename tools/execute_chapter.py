"""Execute one chapter into the cache from which Sphinx takes its outputs.

usage: execute_chapter.py CACHE CHAPTER TIMEOUT     (seconds for a cell)
"""

import sys
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution


def execute(cache_folder: str, chapter: str, timeout: int) -> str:
    """Execute the chapter; return the traceback of the cell that failed, if one did."""
    cache = get_cache(cache_folder)
    notebook = cache.get_project_notebook(chapter).nb
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
    took = {"execution_seconds": result.time}
    done = CacheBundleIn(notebook, chapter, data=took)
    cache.cache_notebook_bundle(done, check_validity=False, overwrite=True)
    return ""


if __name__ == "__main__":
    cache_folder, chapter, timeout = sys.argv[1:]
    sys.exit(execute(cache_folder, chapter, int(timeout)) or 0)
