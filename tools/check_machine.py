"""Say what this machine lacks, before anything is installed or built.

usage: check_machine.py GIGABYTES     (that must be free)

An old Python must be able to read this file, to be told that it is old.
"""
# ruff: noqa: UP032

import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NEEDED_PYTHON = (3, 11)
GIGABYTES_TO_BUILD = 1


def trouble_with_python(version):
    if tuple(version[:2]) >= NEEDED_PYTHON:
        return None
    return (
        "Python {}.{} or newer is needed, this is {}.{}: "
        "make PYTHON=/path/to/python3.11 ...".format(*(NEEDED_PYTHON + version[:2]))
    )


def trouble_with_venv():
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return "this Python cannot make environments: install Debian's python3-venv"
    return None


def trouble_with_node():
    if shutil.which("npm"):
        return None
    return "npm is missing, which fetches the browser files: install Node 20 or newer"


def trouble_with_space(gigabytes):
    free = shutil.disk_usage(ROOT).free / 1e9
    if free >= gigabytes:
        return None
    return "the disk is too full: {:.1f} GB are free in {}, {} are needed".format(
        free, ROOT, gigabytes
    )


def troubles(gigabytes):
    old = trouble_with_python(tuple(sys.version_info))
    if old:
        return [old]
    found = [
        trouble_with_venv(),
        trouble_with_node(),
        trouble_with_space(gigabytes),
    ]
    return [trouble for trouble in found if trouble]


if __name__ == "__main__":
    sys.exit("\n".join(troubles(float(sys.argv[1]))) or None)
