"""Code of the interactive textbook "Deep Learning: A Shallow Tutorial"."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("tutorial-utils")  # of the git tag that it was installed from
except PackageNotFoundError:
    __version__ = "0+unknown"  # run from its sources
