"""The browser's Python is assembled of files with the right sums, or not at all."""

import hashlib
import json
import sys
import urllib.error
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
import browser_python  # noqa: E402
import build_book  # noqa: E402
from browser_notebook import for_browser  # noqa: E402
from browser_python import CannotAssemble  # noqa: E402

WHEELS = {"one.whl": b"the first", "two.whl": b"the second"}
SUMS = {name: hashlib.sha256(content).hexdigest() for name, content in WHEELS.items()}


def gives(contents):
    """A source of these files, and the list of what it was asked for."""
    asked = []

    def read(names, version):
        for name in names:
            asked.append(name)
            if name not in contents:
                raise CannotAssemble(f"{name} is not in it")
            yield name, contents[name]

    return read, asked


def out_of_reach(names, version):
    raise urllib.error.URLError("no route")
    yield


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(browser_python, "CACHE", tmp_path)
    return tmp_path


def use(monkeypatch, **sources):
    monkeypatch.setattr(browser_python, "SOURCES", sources)


def test_what_is_in_the_cache_is_not_asked_for(cache, monkeypatch):
    source, asked = gives(WHEELS)
    use(monkeypatch, shop=source)
    browser_python.fetch(SUMS, "1")
    browser_python.fetch(SUMS, "1")
    assert asked == list(WHEELS)
    assert {f.name: f.read_bytes() for f in cache.iterdir()} == WHEELS


def test_a_source_out_of_reach_is_named_and_the_next_one_asked(
    cache, monkeypatch, capsys
):
    source, _ = gives(WHEELS)
    use(monkeypatch, far=out_of_reach, near=source)
    browser_python.fetch(SUMS, "1")
    assert "not from far: <urlopen error no route>" in capsys.readouterr().out


def test_a_wrong_sum_is_refused_and_told(cache, monkeypatch):
    source, _ = gives(WHEELS | {"two.whl": b"forged"})
    use(monkeypatch, shop=source)
    with pytest.raises(CannotAssemble) as trouble:
        browser_python.fetch(SUMS, "1")
    forged = hashlib.sha256(b"forged").hexdigest()
    for part in ("no source gave two.whl", "shop", forged, SUMS["two.whl"]):
        assert part in str(trouble.value)
    assert [f.name for f in cache.iterdir()] == ["one.whl"]


def test_a_damaged_file_of_the_cache_is_fetched_again(cache, monkeypatch, capsys):
    (cache / "one.whl").write_bytes(b"the fir")
    source, asked = gives(WHEELS)
    use(monkeypatch, shop=source)
    browser_python.fetch(SUMS, "1")
    assert "one.whl in the cache is damaged" in capsys.readouterr().out
    assert "one.whl" in asked
    assert (cache / "one.whl").read_bytes() == WHEELS["one.whl"]


def test_what_no_source_has_is_named(cache, monkeypatch):
    source, _ = gives({"one.whl": WHEELS["one.whl"]})
    use(monkeypatch, far=out_of_reach, shop=source)
    with pytest.raises(CannotAssemble, match="no source gave two.whl .*far: .*; shop:"):
        browser_python.fetch(SUMS, "1")


def test_a_pure_wheel_with_another_sum_is_refused(cache, monkeypatch):
    forged = cache / "shop" / "comm-0.2.3-py3-none-any.whl"
    forged.parent.mkdir()
    with zipfile.ZipFile(forged, "w") as wheel:
        wheel.writestr("comm.py", "x = 1\n")
        wheel.writestr("comm-0.2.3.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        wheel.writestr("comm-0.2.3.dist-info/METADATA", "Name: comm\nVersion: 0.2.3\n")
        wheel.writestr("comm-0.2.3.dist-info/RECORD", "")
    pins = cache / "pins.txt"
    monkeypatch.setattr(browser_python, "PURE", pins)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(forged.parent))
    pins.write_text(f"comm==0.2.3 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(CannotAssemble, match=f"(?s)Expected sha256 {'0' * 64}.*Got"):
        browser_python.pure_wheels()
    right = hashlib.sha256(forged.read_bytes()).hexdigest()
    pins.write_text(f"comm==0.2.3 --hash=sha256:{right}\n")
    assert [wheel.name for wheel in browser_python.pure_wheels()] == [forged.name]


def test_every_pure_wheel_is_pinned_with_its_sum():
    lines = browser_python.PURE.read_text().splitlines()
    assert len(browser_python.pinned()) == sum("==" in line for line in lines) > 10


def test_a_failure_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    target = tmp_path / "lite"
    target.mkdir()
    (target / "old").write_text("as it was")

    def fail(*arguments):
        raise CannotAssemble("a planted failure")

    # The last step: everything before it is in place by then.
    def nothing(folder, work):
        folder.mkdir(parents=True)
        return []

    monkeypatch.setattr(browser_python, "assemble_pyodide", nothing)
    monkeypatch.setattr(browser_python, "write_for_browser", fail)
    with pytest.raises(CannotAssemble, match="planted"):
        browser_python.assemble(target)
    assert [path.name for path in tmp_path.iterdir()] == ["lite"]
    assert (target / "old").read_text() == "as it was"


def test_a_wheel_that_does_not_compile_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(browser_python, "CACHE", tmp_path / "cache")
    wheel = tmp_path / "broken-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("broken.py", "def f(:\n")
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(
        CannotAssemble, match=r"(?s)broken-1-py3-none-any\.whl: .*Syntax"
    ):
        browser_python.lean([wheel], work)
    assert not list((tmp_path / "cache").rglob("*.whl"))


def test_a_lean_wheel_comes_from_the_cache_unless_it_is_damaged(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(browser_python, "CACHE", tmp_path / "cache")
    wheel = tmp_path / "sound-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("sound.py", "x = 1\n")
        content.writestr("sound/tests/test_sound.py", "assert False\n")
    compiled = []
    for turn in range(3):
        work = tmp_path / f"work{turn}"
        work.mkdir()
        [made] = browser_python.lean([wheel], work)
        compiled.append("compiling 1 wheels" in capsys.readouterr().out)
        assert zipfile.ZipFile(made).namelist() == ["sound.pyc"]
        assert browser_python.entry(made)["imports"] == ["sound"]
        if turn == 1:
            content = bytearray(made.read_bytes())
            content[len("sound.pyc") + 40] ^= 255
            made.write_bytes(content)
    assert compiled == [True, False, True]


def test_a_kernel_without_its_wheels_is_refused(monkeypatch):
    monkeypatch.setattr(browser_python.metadata, "files", lambda name: [])
    with pytest.raises(CannotAssemble, match="brings no ipykernel, piplite, pyodide_k"):
        browser_python.kernel_wheels()


def test_a_machine_without_node_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(browser_python, "CACHE", tmp_path / "cache")
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = tmp_path / "sound-1-py3-none-any.whl"
    wheel.write_bytes(b"")
    with pytest.raises(CannotAssemble, match="no node on this machine"):
        browser_python.lean([wheel], tmp_path)


@pytest.mark.parametrize(("ci", "goes_on"), [("true", False), ("", True)])
def test_without_it_only_ci_fails(tmp_path, monkeypatch, capsys, ci, goes_on):
    def fail(*arguments):
        raise CannotAssemble("nothing to be had")

    monkeypatch.setattr(build_book, "assemble", fail)
    monkeypatch.setenv("CI", ci)
    (tmp_path / "lite").mkdir()
    assert build_book.add_browser_python(tmp_path) == goes_on
    assert "nothing to be had" in capsys.readouterr().out
    assert not (tmp_path / "lite").exists()


def test_it_is_assembled_again_only_when_it_is_new(tmp_path, monkeypatch):
    """Else the copies of the chapters are written again, and nothing besides."""
    times = []

    def assemble(target, repository):
        times.append("assembled")
        (target / "files").mkdir(parents=True)

    def build_with(source: str) -> list[str]:
        times.clear()
        (tmp_path / "inputs").write_text(source)
        assert build_book.add_browser_python(tmp_path)
        return list(times)

    def assemble_for_pages(pyodide, target):
        times.append("for pages")
        target.mkdir(exist_ok=True)

    monkeypatch.setattr(build_book, "assemble", assemble)
    monkeypatch.setattr(build_book, "assemble_page_python", assemble_for_pages)
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    monkeypatch.setattr(build_book, "ASSEMBLED_FROM", ["inputs"])
    monkeypatch.setattr(build_book, "PAGE_PYTHON_FROM", ["inputs"])
    assert build_with("one") == ["assembled", "for pages"]
    (tmp_path / "lite" / "files" / "gone.ipynb").touch()
    assert build_with("one") == []
    names = {path.name for path in (tmp_path / "lite" / "files").iterdir()}
    assert names == {path.name for path in (ROOT / "chapters").glob("*.ipynb")}
    assert build_with("two") == ["assembled", "for pages"]
    (tmp_path / "unfinished").touch()
    assert build_with("two") == ["assembled"], "a build was cut short"


@pytest.mark.usefixtures("lite")
def test_the_site_serves_what_the_lock_file_says():
    pyodide = ROOT / "_build/html/lite/static/pyodide"
    packages = json.loads((pyodide / "pyodide-lock.json").read_text())["packages"]
    for package in packages.values():
        content = (pyodide / package["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == package["sha256"]
    lite = json.loads((ROOT / "_build/html/lite/jupyter-lite.json").read_text())
    kernel = lite["jupyter-config-data"]["litePluginSettings"][
        "@jupyterlite/pyodide-kernel-extension:kernel"
    ]
    assert kernel["disablePyPIFallback"]
    assert kernel["pyodideUrl"].startswith("./static/pyodide/")
    assert sorted(kernel["loadPyodideOptions"]["packages"]) == sorted(packages)


def test_a_note_links_to_colab_where_the_repository_is_known():
    cell = {"id": "a", "metadata": {"tags": ["not-in-browser"]}, "source": ["1 / 0"]}
    notebook = {"cells": [cell | {"cell_type": "code", "outputs": []}], "metadata": {}}
    address = "https://github.com/somebody/fork"
    [known] = for_browser(notebook, "01_a.ipynb", address)["cells"]
    place = (
        "colab.research.google.com/github/somebody/fork/blob/notebooks/chapters/01_a"
    )
    assert place in known["source"]
    [unknown] = for_browser(notebook, "01_a.ipynb", None)["cells"]
    assert "http" not in unknown["source"]
    for note in (known, unknown):
        assert note["cell_type"] == "markdown"
        assert set(note) == {"id", "cell_type", "metadata", "source"}
    assert notebook["cells"][0]["cell_type"] == "code"
