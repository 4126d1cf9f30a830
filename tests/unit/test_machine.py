"""What a machine lacks is said in a sentence, before anything is installed or built."""

import hashlib
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


def would_install(root, folder):
    """Whether make would install in a folder, from what it says without doing it."""
    command = ["make", "-n", ".venv/installed"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return "installing the pinned requirements" in done.stdout


@pytest.fixture
def installed(root, tmp_path):
    """A folder with an odd name, where make has installed what is asked for."""
    folder = tmp_path / "Anna's books"
    folder.mkdir()
    (folder / "bin").mkdir()
    make(root, folder, "help")
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    (folder / "requirements.txt").write_text("")
    # Nothing is to be fetched: the book's own package is left out.
    makefile = (folder / "Makefile").read_text()
    makefile = makefile.replace("pip install -q --no-deps -e .", "true")
    makefile = makefile.replace("'import tutorial_utils'", "''")
    (folder / "Makefile").write_text(makefile)
    done = subprocess.run(
        ["make", f"PYTHON={sys.executable}", "GIGABYTES=0.1", ".venv/installed"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_an_environment_that_is_this_folders_is_kept(root, installed):
    assert not would_install(root, installed)


def test_an_environment_that_was_copied_or_moved_is_made_anew(root, installed):
    copied = installed.with_name("a copy")
    shutil.copytree(installed, copied, symlinks=True)
    assert would_install(root, copied)
    shutil.rmtree(copied)
    installed.rename(copied)
    assert would_install(root, copied)
    marker = copied / ".venv/from the old place"
    marker.touch()
    subprocess.run(
        ["make", f"PYTHON={sys.executable}", "GIGABYTES=0.1", ".venv/installed"],
        cwd=copied,
        check=True,
        capture_output=True,
    )
    assert not marker.exists()
    activate = (copied / ".venv/bin/activate").read_text()
    assert str(copied) in activate
    assert str(installed) not in activate


def test_an_environment_of_other_pins_or_without_its_python_is_made_again(
    root, installed
):
    stamp = installed / ".venv/installed"
    times = os.stat(stamp)
    pins = installed / "requirements.txt"
    pins.write_text("tqdm==4.66.0\n")
    os.utime(pins, (times.st_atime - 100, times.st_mtime - 100))  # restored, say
    assert would_install(root, installed)
    pins.write_text("")
    os.utime(pins, (times.st_atime - 100, times.st_mtime - 100))
    assert not would_install(root, installed)
    python = installed / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert would_install(root, installed)


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("ERROR: NewConnectionError(...)", "Is there a network?"),
        ("npm error code ENOTFOUND", "Is there a network?"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("setuptools_scm: can't parse version from tag 'fall2025'", "git's tags"),
        ("NewConnectionError(...): /simple/setuptools-scm/", "Is there a network?"),
        ("ERROR: setuptools-scm>=8 (from versions: none)", "Is there a network?"),
        ("ERROR: No matching distribution found for a==9", "no such version"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that was pinned"),
        ("error: a compiler is missing", "the messages above say why"),
    ],
)
def test_a_failure_is_explained_by_what_was_said(root, said, cause):
    program = f"import sys; sys.exit(print({said!r}, file=sys.stderr) or 3)"
    done = subprocess.run(
        [
            *(sys.executable, root / "tools/explained.py", "nothing was made"),
            *(sys.executable, "-c", program),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert said in done.stderr
    assert done.stderr.splitlines()[-1].startswith("nothing was made: ")
    assert cause in done.stderr.splitlines()[-1]
    assert ("network" in done.stderr.splitlines()[-1]) == ("network" in cause)


def run_git(folder, *arguments):
    """git in a folder, without the settings of whoever runs the tests."""
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(
        ["git", *who, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env=os.environ | nobody,
    )


@pytest.mark.parametrize(
    "tag",
    ["fall2025", "lecture_01", "2025/26", "v2025", "v1.0-exam", "1.2.3", "v1.2.3.4"],
)
def test_a_forks_own_tags_are_no_versions(root, tmp_path, tag):
    def git(*arguments):
        run_git(tmp_path, *arguments)

    def version():
        done = subprocess.run(
            [sys.executable, "-m", "setuptools_scm"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    shutil.copy(root / "pyproject.toml", tmp_path)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", tag)
    assert version().startswith("0.1"), "before the book's first tag"
    git("tag", "v0.3.0")
    assert version() == "0.3.0"
    git("commit", "-q", "--allow-empty", "-m", "two")
    git("tag", f"{tag}x")
    assert version().startswith("0.3.1.dev1")


def test_links_lead_to_the_books_own_repository_and_to_no_other(root, tmp_path):
    """Unpacked inside another repository, the book has no links to it."""

    def git(*arguments, where=tmp_path):
        run_git(where, *arguments)

    def found(**environment):
        program = (
            "import provenance as p; commit = p.git('rev-parse', 'HEAD');"
            " changes = p.git('status', '--porcelain');"
            " print(p.repository_url(), p.site_url(), commit or None, bool(changes))"
        )
        names = ("GITHUB_REPOSITORY", "GIT_DIR")
        clean = {k: v for k, v in os.environ.items() if k not in names}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=book / "book/_ext",
            capture_output=True,
            text=True,
            check=True,
            env=clean | environment,
        )
        return done.stdout.split()

    book = tmp_path / "course" / "tutorial"
    (book / "book").mkdir(parents=True)
    shutil.copytree(root / "book/_ext", book / "book/_ext")
    git("init", "-q")
    git("remote", "add", "origin", "git@github.com:teacher/my-course.git")
    git("commit", "-q", "--allow-empty", "-m", "my course")
    assert found() == ["None", "None", "None", "False"]
    assert found(GIT_DIR=str(tmp_path / ".git")) == found()
    git("init", "-q", where=book)
    git("remote", "add", "origin", "https://github.com/teacher/fork.git", where=book)
    git("commit", "-q", "--allow-empty", "-m", "the book", where=book)
    url, site, commit, _ = found()
    assert url == "https://github.com/teacher/fork"
    assert site == "https://teacher.github.io/fork/"
    assert len(commit) == 40


def test_what_programs_leave_behind_plays_no_part(root, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(root / "tools")
    import build_book

    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("a = 1")
    before = build_book.digest(["src/**/*"], tmp_path)
    for name in (
        "_modidx.py",
        "a.pyc",
        "__pycache__/a.cpython-311.pyc",
        ".ipynb_checkpoints/a-checkpoint.ipynb",
        ".a.py.swp",
        "a.py~",
        "#a.py#",
        ".DS_Store",
    ):
        path = tmp_path / "src" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("left behind")
        assert build_book.digest(["src/**/*"], tmp_path) == before, name
    (tmp_path / "src/b.py").write_text("")
    assert build_book.digest(["src/**/*"], tmp_path) != before


def test_browser_files_of_another_lock_or_half_there_are_fetched_again(root, tmp_path):
    make(root, tmp_path, "help")

    def would_fetch():
        command = ["make", "-n", "node_modules/installed"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return "fetching the browser files" in done.stdout

    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / ".package-lock.json").touch()
    (modules / "installed").touch()
    assert would_fetch(), "an empty stamp says nothing"
    text = (tmp_path / "package.json").read_bytes()
    text += (tmp_path / "package-lock.json").read_bytes()
    (modules / "installed").write_text(hashlib.sha256(text).hexdigest()[:16] + "\n")
    assert not would_fetch()
    (modules / ".package-lock.json").unlink()
    assert would_fetch(), "the files have gone"
