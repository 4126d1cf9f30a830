"""What a notebook may do: its guard bites, and the sources hold nothing that evaluates.

`make test` runs every cell of every chapter under the guard.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

GUARD = Path(__file__).parent / "guard"


def guarded(code: str, folder: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(GUARD), "TUTORIAL_GUARDED": "yes"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )


OUTSIDE = "/var/tmp/from-a-notebook"


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "import urllib.request as r; r.urlopen('http://192.0.2.1/', timeout=1)",
        f"open({OUTSIDE!r}, 'w')",
        f"open({OUTSIDE!r}, 'ab')",
        f"import pathlib; pathlib.Path({OUTSIDE!r}).mkdir()",
        f"import os; os.remove({OUTSIDE!r})",
        f"import os; open('a', 'w').close(); os.rename('a', {OUTSIDE!r})",
        f"import os; os.symlink('a', {OUTSIDE!r})",
        f"import os; os.chmod({OUTSIDE!r}, 0o600)",
        f"import os; os.truncate({OUTSIDE!r}, 0)",
        f"import os; os.system('touch {OUTSIDE}')",
        f"import sqlite3; sqlite3.connect({OUTSIDE!r})",
        "import socket; s = socket.socket(type=socket.SOCK_DGRAM)\n"
        "s.sendto(b'a', ('192.0.2.1', 80))",
        f"import numpy as np; np.save({OUTSIDE!r}, np.ones(3))",
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', "
        f"\"open({OUTSIDE!r}, 'w')\"], check=True)",
    ],
)
def test_what_a_notebook_may_not_do_fails(code, tmp_path):
    done = guarded(code, tmp_path)
    assert done.returncode != 0
    assert "PermissionError: a notebook may not" in done.stderr
    assert not Path(OUTSIDE).exists()


def test_a_foreign_folder_is_not_emptied(tmp_path_factory):
    own = tmp_path_factory.mktemp("own")
    with tempfile.TemporaryDirectory(dir=Path.home()) as foreign:
        Path(foreign, "kept.txt").write_text("kept")
        done = guarded(f"import shutil; shutil.rmtree({foreign!r})", own)
        assert "PermissionError: a notebook may not" in done.stderr
        assert Path(foreign, "kept.txt").exists()


def test_make_runs_the_chapters_under_the_guard(root, tmp_path):
    """A planted cell fails under the very command of the Makefile.

    Its kernel starts where IPython's own folder lies elsewhere and is still empty.
    """
    line = r"^NBVAL := (.*)$"
    command = re.search(line, (root / "Makefile").read_text(), re.MULTILINE)[1]
    cell = nbformat.v4.new_code_cell(f"open({OUTSIDE!r}, 'w')")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "planted.ipynb")
    with tempfile.TemporaryDirectory(dir=Path.home()) as elsewhere:
        done = subprocess.run(
            f"{command.replace('$$', '$')} '{tmp_path / 'planted.ipynb'}'",
            shell=True,
            cwd=root,
            env=os.environ | {"HERE": str(root), "IPYTHONDIR": elsewhere},
            capture_output=True,
            text=True,
        )
    assert done.returncode != 0
    assert "a notebook may not write" in done.stdout


def test_what_a_notebook_may_do(tmp_path):
    code = """
import http.server, pathlib, tempfile, threading, urllib.request
pathlib.Path("here.txt").write_text("in its folder")
with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "there.txt").write_text("in a temporary one")
handler = http.server.SimpleHTTPRequestHandler
with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
    threading.Thread(target=server.handle_request).start()
    address = f"http://127.0.0.1:{server.server_port}/here.txt"
    assert urllib.request.urlopen(address).read() == b"in its folder"
import matplotlib.pyplot as plt
plt.subplots()[0].savefig("picture.png")
"""
    done = guarded(code, tmp_path)
    assert done.returncode == 0, done.stderr


def sources(root: Path) -> dict[str, str]:
    """The code that a reader runs: the package, the programs, the chapters' cells."""
    files = [*root.glob("src/**/*.py"), *root.glob("examples/*.py")]
    found = {str(file): file.read_text(encoding="utf-8") for file in files}
    for chapter in sorted(root.glob("chapters/*.ipynb")):
        for cell in nbformat.read(chapter, as_version=4).cells:
            if cell.cell_type == "code":
                found[f"{chapter}, cell {cell.id}"] = cell.source
    return found


def unsafe(source: str) -> list[str]:
    """The calls of a source that may execute what they are given."""
    found = []
    for node in ast.walk(ast.parse(source)):
        # Under another name a call would not be known again.
        if isinstance(node, ast.ImportFrom) and node.module in ("torch", "pickle"):
            loads = {alias.name for alias in node.names} & {"load", "loads"}
            found += [f"from {node.module} import {name}" for name in sorted(loads)]
    for call in (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)):
        name = ast.unparse(call.func)
        options = {word.arg: ast.unparse(word.value) for word in call.keywords}
        loads = name.endswith(("torch.load", "load_state_dict_from_url"))
        if (
            name in ("eval", "exec", "os.system", "os.popen")
            or name.endswith(("pickle.load", "pickle.loads", "joblib.load"))
            or (loads and options.get("weights_only") != "True")
            or options.get("allow_pickle", "False") != "False"
            or options.get("shell", "False") != "False"
        ):
            found.append(ast.unparse(call))
    return found


def test_nothing_that_a_reader_runs_executes_its_input(root):
    bad = {name: calls for name, s in sources(root).items() if (calls := unsafe(s))}
    assert bad == {}


@pytest.mark.parametrize(
    "source",
    [
        "eval(text)",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "pickle.load(file)",
        "subprocess.run(text, shell=True)",
        "from pickle import load\nload(file)",
        "from torch import load",
    ],
)
def test_what_would_execute_its_input_is_found(source):
    assert unsafe(source)


@pytest.mark.parametrize("source", ["model.eval()", "torch.load(p, weights_only=True)"])
def test_what_is_harmless_is_not(source):
    assert not unsafe(source)
