"""Builds are repeatable, and one that is cut short does not harm the next."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import plant

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "book" / "_ext"))
from provenance import repository_url  # noqa: E402


def comparable(page: Path) -> str:
    """A page's text without its date and commit, and without what cells say of times.

    What is random or without an order in the data of widgets is put in one.
    """
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for footer in soup.find_all(string=re.compile("Built on")):
        footer.find_parent("p").decompose()
    for cell in soup.select(".cell.tag_times .cell_output"):
        cell.decompose()
    for script in soup.select("script[type*=widget-state], script[type*=widget-view]"):
        data = json.loads(without_names(script.string))
        if models := json.loads(script.string).get("state"):
            texts = (json.dumps(model, sort_keys=True) for model in models.values())
            data["state"] = sorted(map(without_names, texts))
        script.string = json.dumps(data, sort_keys=True)
    return str(soup)


def without_names(text: str) -> str:
    """A text without the random names of widgets' models."""
    return re.sub(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", "model", text)


def differences(one: Path, other: Path) -> dict[str, list[str]]:
    """For each page of two sites that differs, the first lines that do."""
    pages = {p.relative_to(one) for p in one.rglob("*.html")}
    assert pages == {p.relative_to(other) for p in other.rglob("*.html")}
    found = {}
    for page in sorted(pages):
        if page.parts[0] in ("lite", "_static"):
            continue
        texts = [comparable(site / page).split("\n") for site in (one, other)]
        lines = [f"{a} | {b}" for a, b in zip(*texts, strict=False) if a != b]
        if lines or len(texts[0]) != len(texts[1]):
            found[page.as_posix()] = [line[:300] for line in lines[:5]]
    return found


def files_that_differ(one: Path, other: Path) -> set[str]:
    """Of two sites the files, but pages and JupyterLite's, with other contents.

    The list of all files names these as well: it is read without them.
    """
    names = [
        {
            p.relative_to(site).as_posix()
            for p in site.rglob("*")
            if p.is_file() and p.suffix != ".html"
        }
        for site in (one, other)
    ]
    own = {name for name in names[0] | names[1] if not name.startswith("lite/")}
    shared = own & names[0] & names[1]
    changed = {n for n in shared if (one / n).read_bytes() != (other / n).read_bytes()}
    lists = [
        [
            entry
            for entry in json.loads((site / "offline.json").read_text())["files"]
            if not entry[0].startswith("lite/") and not entry[0].endswith(".html")
        ]
        for site in (one, other)
    ]
    if lists[0] == lists[1]:
        changed.discard("offline.json")
    return changed | (own - shared)


@pytest.mark.release
def test_a_clean_build_gives_the_pages_that_are_there(tmp_path):
    """In a clone of the last commit, which has the same address for its links."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    for installed in (".venv", "node_modules"):
        (clone / installed).symlink_to(ROOT / installed)
    address = repository_url() or ""
    built = subprocess.run(
        [sys.executable, "tools/build_book.py"],
        cwd=clone,
        env=os.environ
        | {
            "PYTHONPATH": str(clone / "src"),
            "GITHUB_REPOSITORY": address.removeprefix("https://github.com/"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert built.returncode == 0, built.stdout[-3000:]
    sites = ROOT / "_build/html", clone / "_build/html"
    assert differences(*sites) == {}
    assert files_that_differ(*sites) <= {"_static/page/python.bin.gz"}


CELLS = (
    "from pathlib import Path\nPath('running').touch()\n"
    "import time\nfor _ in range(30):\n    time.sleep(0.1)\nprint('slept')",
    """
import matplotlib.pyplot as plt
from tutorial_utils.widgets import explore, slider

def draw(x):
    time.sleep(0.1)
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.plot([0, x])
    return fig

def describe(x):
    return f"A line to {x}."

explore("line", draw, describe, x=slider("x", range(1, 21)))
""",
)


def start(book: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, ROOT / "tools/build_book.py", book],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(folder: Path, pattern: str) -> None:
    for _ in range(1200):
        if any(folder.glob(pattern)):
            return
        time.sleep(0.05)
    pytest.fail(f"{pattern} did not come")


MOMENTS = {  # the file whose coming tells, and what is killed then
    "as it begins": ("_build/lock", os.killpg),
    "as the cache is made": ("_build/.jupyter_cache/global.db", os.killpg),
    "while cells run": ("chapters/running", os.killpg),
    "while pictures are written": ("_build/frames/line/9.png", os.killpg),
    "when the chapter has run": ("_build/.jupyter_cache/executed/*/*", os.killpg),
    "while pages are written": ("_build/html/chapters/*.html", os.killpg),
    "when all pages are written": ("_build/html/searchindex.js", os.killpg),
    "the parent alone, while pictures are written": (
        "_build/frames/line/9.png",
        os.kill,
    ),
}


@pytest.mark.release
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_build_that_is_cut_short_does_not_harm_the_next(small_book, tmp_path, moment):
    plant(small_book, *CELLS)
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(small_book, undisturbed)
    assert start(undisturbed).wait() == 0

    pattern, kill = MOMENTS[moment]
    first = start(small_book)
    wait_for(small_book, pattern)
    kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL, "it had ended before"
    second = start(small_book)
    output, _ = second.communicate(timeout=300)
    assert second.returncode == 0, output
    sites = [book / "_build/html" for book in (undisturbed, small_book)]
    assert differences(*sites) == {}
    for name in ("0", "9", "19"):
        picture = f"chapters/01_planted/line/{name}.png"
        assert (sites[0] / picture).read_bytes() == (sites[1] / picture).read_bytes()


@pytest.mark.release
def test_a_build_waits_for_one_that_is_on(small_book):
    plant(small_book, *CELLS)
    first, second = start(small_book), start(small_book)
    said = [build.communicate(timeout=300)[0] for build in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert sum("another build is running" in text for text in said) == 1


def test_the_comparison_sees_a_changed_word_and_no_changed_date(tmp_path):
    page = (
        "<p>Built on {date} from commit {name}.</p><p>{word}</p>"
        "<div class='cell tag_times'><div class='cell_output'>{ms} ms</div></div>"
        "<script type='application/vnd.jupyter.widget-view+json'>"
        '{{"model_id": "{model}"}}</script>'
    )
    sites = []
    for number, word in enumerate(("one", "one", "two")):
        site = tmp_path / str(number)
        site.mkdir()
        text = page.format(
            date=f"2030-01-0{number}",
            name=number,
            word=word,
            ms=number,
            model=f"{number}" * 32,
        )
        (site / "a.html").write_text(text)
        sites.append(site)
    assert differences(sites[0], sites[1]) == {}
    [found] = differences(sites[0], sites[2]).values()
    assert "one" in found[0]
    assert "two" in found[0]
