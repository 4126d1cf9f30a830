"""The browsers of the tests, Debian's, and how they are started."""

import os
import shutil

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FIREFOXES = ("firefox-esr", "firefox")


def found(programs: tuple[str, ...], package: str) -> str:
    """The first of these programs; without one the tests are skipped, but in CI."""
    program = next(filter(None, map(shutil.which, programs)), None)
    if program is None:
        missing(f"no {programs[0]} found: install Debian's package {package}")
    return program


def missing(say: str) -> None:
    """What the tests lack is a failure in continuous integration, else a skip."""
    if os.environ.get("CI"):
        pytest.fail(say)
    pytest.skip(say)
