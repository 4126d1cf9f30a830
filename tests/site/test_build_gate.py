"""The build fails when it should: planted errors in a small book with our settings."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import plant


def build(
    book: Path, root: Path, *sources: str, text: str = "Text.", repository: str = ""
) -> tuple[int, str]:
    plant(book, *sources, text=text)
    command = [sys.executable, root / "tools/build_book.py", book]
    environment = os.environ | {"GITHUB_REPOSITORY": repository}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_a_sound_book_builds_and_hides_the_export_line(small_book, root):
    status, output = build(small_book, root, "#| export\ndef one():\n    return 1")
    assert status == 0, output
    page = (small_book / "_build/html/chapters/01_planted.html").read_text()
    assert "#| export" not in page
    assert "exported" in page
    for host in ("github.com", "colab.research.google.com", "mybinder.org"):
        assert host not in page, "no repository is known, so nothing may link to one"


def test_links_to_the_repository_where_it_is_known(small_book, root):
    status, output = build(small_book, root, repository="somebody/fork")
    assert status == 0, output
    page = (small_book / "_build/html/chapters/01_planted.html").read_text()
    address = "https://github.com/somebody/fork"
    assert f"{address}/issues/new" in page
    assert f"{address}/edit/main/chapters/01_planted.ipynb" in page
    assert page.count('<svg class="icon ') > 10, "its icons are drawn"
    assert "fa-github" in page
    assert "<i class=" not in page
    others = re.findall(r"https://github\.com/[\w.-]+/[\w.-]+", page)
    assert set(others) == {address}
    elsewhere = "somebody/fork/blob/notebooks/chapters/01_planted.ipynb"
    assert f"https://colab.research.google.com/github/{elsewhere}" in page
    assert "https://mybinder.org/v2/gh/somebody/fork/main?urlpath=lab/tree/" in page
    sitemap = (small_book / "_build/html/sitemap.xml").read_text()
    assert "<loc>https://somebody.github.io/fork/chapters/01_planted.html" in sitemap


def test_a_line_that_is_printed_in_pieces_is_one_line(small_book, root):
    """When the pieces come is up to the clock; two builds must give the same page."""
    source = (
        "import time\nfor piece in 'abc':\n    print(piece, end='', flush=True)\n"
        "    time.sleep(0.3)\nprint('\\nnext')"
    )
    status, output = build(small_book, root, source)
    assert status == 0, output
    page = (small_book / "_build/html/chapters/01_planted.html").read_text()
    assert "abc\nnext" in page


def test_a_failing_cell_fails_the_build(small_book, root):
    status, output = build(small_book, root, "1 / 0")
    assert status != 0
    assert "ZeroDivisionError" in output


def test_a_broken_reference_fails_the_build_every_time(small_book, root):
    for _ in range(2):
        status, output = build(small_book, root, text="See {ref}`nowhere-to-be-found`.")
        assert status != 0
        assert "nowhere-to-be-found" in output


PLANTED_WIDGET = """
import matplotlib.pyplot as plt
from tutorial_utils.widgets import explore, slider

def draw(x, y):
    return plt.figure(figsize=(1, 1))

def describe(x, y):
    return f"Nothing, {x} and {y}."

explore("nothing", draw, describe, x=slider("x", range(11)), y=slider("y", range(22)))
"""


SMALL_WIDGET = PLANTED_WIDGET.replace("range(11)", "range(2)").replace("22", "2")


def test_a_changed_sentence_executes_and_draws_nothing(small_book, root):
    status, output = build(small_book, root, SMALL_WIDGET)
    assert status == 0, output
    drawn = small_book / "_build/frames/nothing/0-0.png"
    before = drawn.stat().st_mtime_ns
    cache = sorted((small_book / "_build/.jupyter_cache/executed").iterdir())
    status, output = build(small_book, root, SMALL_WIDGET, text="Another sentence.")
    assert status == 0, output
    assert drawn.stat().st_mtime_ns == before
    assert sorted((small_book / "_build/.jupyter_cache/executed").iterdir()) == cache
    page = small_book / "_build/html/chapters/01_planted"
    assert "Another sentence." in page.with_suffix(".html").read_text()
    assert (page / "nothing" / "1-1.png").exists()

    # Frames of another version, or none at all, are drawn again.
    report = small_book / "_build/frames/nothing/report.json"
    report.write_text(report.read_text().replace('"key": "', '"key": "another'))
    status, output = build(small_book, root, SMALL_WIDGET, text="A third sentence.")
    assert status == 0, output
    assert drawn.stat().st_mtime_ns > before


@pytest.fixture
def key_of(root, tmp_path, monkeypatch):
    """The key of a widget's frames, in a notebook of these cells."""
    monkeypatch.syspath_prepend(root / "tools")
    import build_book

    def key(*cells: tuple[str, str]) -> str:
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell(source, metadata={"tags": tags.split()})
                if source != "text"
                else nbformat.v4.new_markdown_cell(tags)
                for source, tags in cells
            ]
        )
        nbformat.write(notebook, tmp_path / "a.ipynb")
        return build_book.frame_keys(tmp_path / "a.ipynb")["a"]

    return key


BEFORE, WIDGET = ("x = 1", ""), ('explore("a", draw)', "")


def test_what_frames_depend_on_is_in_their_key(key_of, root):
    key = key_of(BEFORE, WIDGET)
    same = [
        (BEFORE, ("text", "A sentence."), WIDGET),
        (("x = 1  # a remark", ""), WIDGET),
        (BEFORE, WIDGET, ("y = 2", "")),
    ]
    other = [
        (("x = 2", ""), WIDGET),
        (BEFORE, ("y = x", ""), WIDGET),
        (BEFORE, ("assert rng.normal() < 9", "check"), WIDGET),
        (BEFORE, ("%time x = 2", ""), WIDGET),
        (BEFORE, ('experiments.load("playground_starts")', ""), WIDGET),
        (BEFORE, ('explore("a", draw, 1)', "")),
        (("from tutorial_utils.neural_networks import relu\nx = relu(1)", ""), WIDGET),
    ]
    assert {key_of(*cells) for cells in same} == {key}
    assert len({key_of(*cells) for cells in other} - {key}) == len(other)


def test_a_widget_over_its_budget_fails_the_build(small_book, root):
    status, output = build(small_book, root, PLANTED_WIDGET)
    assert status != 0
    assert "widget 01_planted/nothing: 242 frames" in output
    assert "over its budget by 2 frames" in output


PLANTED_PIECE = """
from tutorial_utils.live import curve, live, plot, scene, trained

kept = trained("line", lambda: {"y": [0.0, 1.0]})

def view(state):
    return scene([plot(curve([0, 1], kept["y"]))])

def describe(state):
    return "A line that rises from the middle."

live("rising", lambda: None, view, describe)
"""


def test_a_live_piece_is_reported_drawn_and_held_to_its_budget(small_book, root):
    lines = "\n".join(f"x{n} = {n}" for n in range(41))
    long = PLANTED_PIECE.replace("kept =", f"{lines}\nkept =")
    status, output = build(small_book, root, long)
    assert status != 0
    assert "over its budget by 8 lines of code" in output
    status, output = build(small_book, root, PLANTED_PIECE)
    assert status == 0, output
    assert re.search(r"widget 01_planted/rising: live, \d.\d kB, ", output)
    page = small_book / "_build/html/chapters/01_planted"
    assert (page / "rising/first.svg").read_text().startswith("<svg")
    text = page.with_suffix(".html").read_text()
    assert 'src="01_planted/rising/first.svg" alt="A line that rises' in text
    assert (small_book / "_build/frames/line/weights.npz").exists()


def test_kept_weights_are_placed_under_their_sum(root, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(root / "tools")
    import page_scripts

    (tmp_path / "frames/line").mkdir(parents=True)
    (tmp_path / "html/_static").mkdir(parents=True)
    (tmp_path / "frames/line/weights.npz").write_bytes(b"some weights")
    placed = page_scripts.place_weights(tmp_path, ["line"])["line"]
    file = tmp_path / "html/_static/page" / placed["address"]
    assert file.resolve().read_bytes() == b"some weights"
    assert placed["sha256"][:8] in file.name


def test_the_pages_are_keyed_on_the_package_and_the_pins(root, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(root / "tools")
    import build_book

    (tmp_path / "src/tutorial_utils").mkdir(parents=True)
    pins, module = tmp_path / "requirements.txt", tmp_path / "src/tutorial_utils/a.py"
    monkeypatch.setattr(build_book, "ROOT", tmp_path)
    digests = []
    versions = ((pins, "a==1"), (module, "x = 1"), (module, "x = 2"), (pins, "a==2"))
    for file, content in versions:
        file.write_text(content)
        digests.append(build_book.digest(build_book.CODE))
    assert len(set(digests)) == 4
    assert build_book.digest(build_book.CODE) == digests[-1]

    key, cache = tmp_path / "code.sha256", tmp_path / "cache"
    for change in ("x = 3", "x = 4"):
        module.write_text(change)
        cache.mkdir()
        assert build_book.forget_if_changed(key, build_book.CODE, "cache")
        assert not cache.exists()
        cache.mkdir()
        assert not build_book.forget_if_changed(key, build_book.CODE, "cache")
        assert cache.exists()
        cache.rmdir()
