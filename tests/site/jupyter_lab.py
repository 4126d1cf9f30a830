"""A JupyterLab of one's own, for as long as it is needed."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Cells out of sight would be taken off the page.
SETTINGS = {"@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def jupyter_lab(folder: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """A JupyterLab that serves a folder, with nothing of the user's settings.

    Yields its address and its process. Raises RuntimeError if it does not start.
    """
    with tempfile.TemporaryDirectory() as own:
        names = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")
        environment = os.environ | {f"JUPYTER_{n}": str(Path(own, n)) for n in names}
        environment["JUPYTERLAB_SETTINGS_DIR"] = own
        environment.pop("TUTORIAL_FRAMES", None)
        for plugin, settings in SETTINGS.items():
            file = Path(own, f"{plugin}.jupyterlab-settings")
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(settings))
        port, log = free_port(), Path(own, "lab.log")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [
            "--expose-app-in-browser",
            f"--port={port}",
            "--IdentityProvider.token=",
            "--ip=127.0.0.1",
        ]
        with log.open("w") as output:
            server = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=output
            )
            address = f"http://127.0.0.1:{port}/"
            try:
                wait_for(f"{address}api", log)
                yield address, server
            finally:
                stop(server)


def stop(server: subprocess.Popen) -> None:
    """End it; now and then one hangs as it says goodbye to its kernels."""
    server.terminate()
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()  # the kernels end by themselves when their parent is gone
        server.wait()


def wait_for(address: str, log: Path) -> None:
    for _ in range(120):
        try:
            with urllib.request.urlopen(address) as answer:
                json.load(answer)
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-2000:]}")
