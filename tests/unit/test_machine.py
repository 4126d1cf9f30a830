"""What a machine lacks is said in a sentence, before anything is installed or built."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple

import pytest

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def machine(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "tools")
    import check_machine

    return check_machine


def test_nothing_is_said_where_nothing_is_missing(machine):
    assert machine.trouble_with_python((3, 11, 0)) is None
    assert machine.trouble_with_python((4, 0)) is None
    assert machine.trouble_with_venv() is None


def test_an_old_python(machine):
    said = machine.trouble_with_python((3, 9, 18))
    assert "3.11 or newer is needed, this is 3.9" in said
    assert "make PYTHON=" in said


def test_a_missing_node(machine, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "npm is missing" in machine.trouble_with_node()


def test_a_full_disk(machine, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9e9, 8.7e9, 0.3e9))
    said = machine.trouble_with_space(1)
    assert "0.3 GB are free" in said
    assert "1 are needed" in said
    assert machine.trouble_with_space(0.2) is None


def test_a_full_disk_stops_the_build_before_it_begins(
    machine, root, monkeypatch, tmp_path, capsys
):
    monkeypatch.syspath_prepend(root / "tools")
    import build_book

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(9e9, 9e9, 0))
    assert build_book.build_book(tmp_path) == 1
    assert "the disk is too full" in capsys.readouterr().out
    assert not (tmp_path / "_build").exists()


def make(root, tmp_path, *arguments, path=None):
    """Run make in a copy of what it needs, where nothing is installed."""
    copied = ("Makefile", "pyproject.toml", "package.json", "package-lock.json")
    for name in copied:
        shutil.copy(root / name, tmp_path)
    (tmp_path / "requirements.txt").write_text("no-such-package-anywhere==1.0\n")
    shutil.copytree(root / "tools", tmp_path / "tools")
    environment = os.environ | {"PATH": path or os.environ["PATH"]}
    # A port that nobody answers: the network is cut off.
    environment |= {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_fetch_retries": "0",
        "npm_config_cache": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "GIGABYTES=0.1", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
    )
    return done.returncode, done.stdout + done.stderr


def test_no_network_for_the_packages(root, tmp_path):
    status, output = make(root, tmp_path, ".venv/installed")
    assert status != 0
    assert "the packages were not installed" in output
    assert "Is there a network?" in output
    assert not (tmp_path / ".venv/installed").exists()


def test_no_network_for_the_browser_files(root, tmp_path):
    status, output = make(root, tmp_path, "node_modules/installed")
    assert status != 0
    assert "the browser files were not fetched" in output
    assert not (tmp_path / "node_modules/installed").exists()


def test_a_machine_without_node_is_told_before_anything_is_installed(root, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("make", "bash", "sh", "echo", "touch", "test", "grep", "shell"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    status, output = make(root, tmp_path, ".venv/installed", path=str(programs))
    assert status != 0
    assert "npm is missing" in output
    assert not (tmp_path / ".venv").exists()


def test_an_environment_that_was_cut_short_is_made_again(root, tmp_path):
    """Killed while it was made, it has a Python and no pip."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True
    )
    status, output = make(root, tmp_path, ".venv/installed")
    assert status != 0
    assert "no-such-package-anywhere" in output, "pip was not there to be asked"
