"""Execute one chapter into the cache from which Sphinx takes its outputs.

usage: execute_chapter.py CACHE CHAPTER TIMEOUT     (seconds for a cell)
"""

import sys

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor


def execute(cache_folder: str, chapter: str, timeout: int) -> str:
    """Execute the chapter; return the traceback of the cell that failed, if one did."""
    cache = get_cache(cache_folder)
    executor = load_executor("local-serial", cache)
    result = executor.run_and_cache(filter_uris=[chapter], timeout=timeout)
    if result.errored:
        return f"{chapter} could not be executed or kept in {cache_folder}"
    return cache.get_project_record(chapter).traceback or ""


if __name__ == "__main__":
    cache_folder, chapter, timeout = sys.argv[1:]
    sys.exit(execute(cache_folder, chapter, int(timeout)) or 0)
