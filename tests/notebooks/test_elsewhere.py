"""The chapters where readers run them: in an environment like Colab's, and in Binder's.

Both are made anew, from the last commit, in folders of their own. And the package with
the lowest versions of what it needs.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from websocket import create_connection

pytestmark = pytest.mark.release
HERE = Path(__file__).parent


def run(*command: object, cwd: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"[-3000:]
    return done.stdout.strip()


def clean_environment() -> dict[str, str]:
    """Without what would lead a new environment's Python back to this one."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "TUTORIAL_BUDGET", "PYTEST_XDIST_WORKER")
    return {key: value for key, value in os.environ.items() if key not in ours}


def new_environment(folder: Path) -> Path:
    """A Python in an environment of its own, with nothing in it but pip."""
    base = Path(sys.base_prefix) / "bin" / "python3"
    run(base, "-m", "venv", folder)
    return folder / "bin" / "python"


# ---- the lowest versions that the package allows


def test_the_package_works_with_the_lowest_versions_that_it_allows(root, tmp_path):
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = settings["project"]["dependencies"]
    lowest = [dependency.replace(">=", "==") for dependency in wanted]
    assert all("==" in dependency for dependency in lowest)
    command = (sys.executable, "-m", "pip", "install", "-q", "--no-deps")
    run(*command, "--progress-bar=off", "--target", tmp_path, *lowest)
    path = os.pathsep.join([str(tmp_path), str(root / "src")])
    tests = (sys.executable, "-m", "pytest", "-q", "-n", "2", "tests/unit")
    run(*tests, "--dist=loadfile", "-p", "no:cacheprovider", cwd=root, PYTHONPATH=path)


# ---- Colab


@pytest.fixture(scope="module")
def colab(root, tmp_path_factory) -> Iterator[tuple[str, str, Path]]:
    """A repository's address, its commit, and where a kernel like Colab's is known."""
    place = tmp_path_factory.mktemp("colab")
    run("git", "clone", "-q", "--bare", root, place / "book.git")
    commit = run("git", "-C", place / "book.git", "rev-parse", "HEAD")
    python = new_environment(place / "environment")
    wanted = HERE / "colab_requirements.txt"
    run(python, "-m", "pip", "install", "-q", "--progress-bar=off", "-r", wanted)
    kernel = place / "kernels" / "colab"
    kernel.mkdir(parents=True)
    launch = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    about = {"argv": [str(python), *launch], "display_name": "", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(about))
    yield f"file://{place}/book.git", commit, place
    shutil.rmtree(place / "environment")


@pytest.fixture
def content(colab, monkeypatch) -> Path:
    """The machine's one folder to run in, as Colab's /content, and that kernel."""
    monkeypatch.setenv("JUPYTER_PATH", str(colab[2]))
    for name in os.environ.keys() - clean_environment().keys():
        monkeypatch.delenv(name)
    folder = colab[2] / "content"
    folder.mkdir(exist_ok=True)
    return folder


def test_a_chapter_runs_in_colabs_environment(
    chapter, colab, content, root, monkeypatch
):
    monkeypatch.syspath_prepend(root / "tools")
    from notebooks_branch import stamped

    repository, commit, _ = colab
    before = json.loads(chapter.read_text(encoding="utf-8"))
    text = json.dumps(stamped(before, repository, commit))
    notebook = nbformat.reads(text, as_version=4)
    NotebookClient(
        notebook,
        timeout=600,
        kernel_name="colab",
        resources={"metadata": {"path": str(content)}},
    ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    n_explorers = sum("\nexplore(" in cell.source for cell in cells)
    widget = "application/vnd.jupyter.widget-view+json"
    shown = [o for c in cells for o in c.outputs if widget in o.get("data", {})]
    assert len(shown) >= n_explorers > 0
    assert (content / "shallow-tutorial" / "chapters").is_dir()


# ---- Binder


class Server:
    """A Jupyter server, spoken to as a browser does."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token

    def ask(self, path: str, data: dict | None = None) -> dict:
        request = urllib.request.Request(
            f"http://{self.address}/api/{path}",
            data=None if data is None else json.dumps(data).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def run(self, path: str) -> int:
        """Run a notebook's cells; the number of them. Fails at the first error."""
        cells = self.ask(f"contents/{path}")["content"]["cells"]
        about = {"path": path, "type": "notebook", "name": path}
        session = self.ask("sessions", about | {"kernel": {"name": "python3"}})
        kernel = session["kernel"]["id"]
        channel = create_connection(
            f"ws://{self.address}/api/kernels/{kernel}/channels?token={self.token}",
            timeout=600,
        )
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        for source in sources:
            self.run_cell(channel, source)
        channel.close()
        return len(sources)

    @staticmethod
    def run_cell(channel, source: str) -> None:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "reader",
            "session": "test",
            "version": "5.3",
        }
        content = {"code": source, "silent": False, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}}
        channel.send(json.dumps(message | {"content": content, "channel": "shell"}))
        while True:
            text = channel.recv()
            if not isinstance(text, str):
                continue  # a widget's picture, in bytes
            answer = json.loads(text)
            ours = answer["parent_header"].get("msg_id") == header["msg_id"]
            if ours and answer["msg_type"] == "execute_reply":
                said = answer["content"]
                assert said["status"] == "ok", said.get("traceback")
                return


@pytest.fixture(scope="module")
def binder(root, tmp_path_factory) -> Iterator[Server]:
    """A server in an environment made by the steps that repo2docker takes."""
    place = tmp_path_factory.mktemp("binder")
    book = place / "book"
    run("git", "clone", "-q", root, book)
    asked = (book / ".binder/runtime.txt").read_text().strip()
    assert asked == f"python-{sys.version_info.major}.{sys.version_info.minor}"
    python = new_environment(place / "environment")
    programs = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    # One try: where the index of CPU builds is out of reach, the ordinary one serves.
    hasty = {"PIP_RETRIES": "0", "PIP_DEFAULT_TIMEOUT": "20", "PATH": programs}
    install = (python, "-m", "pip", "install", "-q")
    # What repo2docker has in its environment before it reads ours.
    run(*install, "jupyterlab==4.*", "notebook==7.*", "jupyter-resource-usage", **hasty)
    run(*install, "-r", ".binder/requirements.txt", cwd=book, **hasty)
    run("./.binder/postBuild", cwd=book, PATH=programs)
    run(python, "-m", "pip", "check")
    token, port = uuid.uuid4().hex, free_port()
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = ["--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}"]
    log = (place / "log").open("w")
    process = subprocess.Popen(
        [*command, *options],
        cwd=book,
        env=clean_environment() | {"PATH": programs},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        server = Server(f"127.0.0.1:{port}", token)
        wait_for(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)
        shutil.rmtree(place / "environment")


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(server: Server, seconds: int = 120) -> None:
    for _ in range(seconds):
        try:
            server.ask("status")
        except OSError:
            time.sleep(1)
        else:
            return
    pytest.fail("the server does not answer")


def test_a_chapter_runs_through_binders_server(binder):
    assert binder.run("chapters/02_neural_networks.ipynb") > 50


def test_an_error_in_a_cell_is_seen(binder, monkeypatch):
    ask = binder.ask
    planted = {"content": {"cells": [nbformat.v4.new_code_cell("1 / 0")]}}
    monkeypatch.setattr(
        binder, "ask", lambda path, data=None: ask(path, data) if data else planted
    )
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        binder.run("chapters/02_neural_networks.ipynb")
