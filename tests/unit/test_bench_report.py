"""The page of the benchmarks, from made-up measurements."""

import importlib.util
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def report(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("report", FOLDER / "report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BOOK", tmp_path)
    return module


def timed(group: str, seconds: float, **facts: object) -> dict:
    stats = {"median": seconds, "iqr": seconds / 10, "rounds": 7}
    return {"group": group, "stats": stats, "extra_info": facts}


def pair(work: str, book: float, aim: float | None) -> list[dict]:
    facts = {"work": work, "reference": "torch", "aim": aim}
    sides = (("book", book), ("reference", 0.002))
    return [timed(work, seconds, side=side, **facts) for side, seconds in sides]


def grown(work: str, base: str, sizes, seconds) -> list[dict]:
    facts = {"size_of": "size", "exponent": 1, "base": base}
    pairs = zip(sizes, seconds, strict=True)
    return [timed(work, time, size=size, **facts) for size, time in pairs]


def written(report, folder: Path, benchmarks: list[dict]) -> str:
    libraries = {"numpy": "2.0"}
    machine = {"processor": "a processor", "system": "Linux", "python": "3.11"}
    machine |= {"libraries": libraries, "threads": 1}
    chapter = {"seconds": 40.4, "peak_megabytes": 812.3}
    chapter["widgets"] = {"knob": {"page": [1, 2, 30], "kernel": [80, 90, 100]}}
    files = {
        "times": {
            "benchmarks": benchmarks,
            "machine_info": machine,
            "datetime": "2026-11-27T10:00:00+00:00",
        },
        "memory": {"conv2d": {"book": 120.4, "torch": 30}},
        "chapters": {"01_linear_classifiers": chapter},
        "page_python": {
            "rounds": 5,
            "date": "2026-11-30",
            "medians": {
                "Chromium": {
                    "cold": {"first result": 1512.3, "bytes": 16_755_465},
                    "warm": {"first result": 998, "bytes": 0},
                }
            },
        },
        "pieces": {
            "rounds": 6,
            "date": "2026-12-01",
            "medians": {
                "simplex": {
                    "Chromium": {
                        "cold": {"first picture": 1812.3, "move, 95%": 41.6},
                        "warm": {"first picture": 1298, "move, 95%": 39},
                    }
                }
            },
        },
    }
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    report.main(folder)
    return (folder / "benchmarks.md").read_text(encoding="utf-8")


def test_the_page_says_what_was_measured(report, tmp_path):
    benchmarks = [
        *pair("softmax (8, 8)", 0.001, 0.6),
        *pair("LSTM T=50", 0.0022, 1.0),
        *pair("GRU T=50", 1.234567, 1.0),
        *pair("by the way", 0.003, None),
        *grown("a line", "n", (1, 2, 4, 8), (9, 2, 4, 8)),
        *grown("a doubling", "2", (1, 2, 3, 4), (9, 2, 4, 8)),
    ]
    page = written(report, tmp_path, benchmarks)
    rows = {line.split(" | ")[0]: line for line in page.splitlines()}
    assert rows["| softmax (8, 8)"].endswith("| 0.50 | 0.6 |")
    assert rows["| LSTM T=50"].endswith("| 1.10\u00a0~ | 1 |")
    row = rows["| GRU T=50"].replace("\u00a0", " ")
    assert "| 1,235 ± 123 | 2.00 ± 0.20 | 617.28 * | 1 |" in row
    assert rows["| by the way"].endswith("| 1.50 |  |")
    assert "Of 3 aims this run misses 1 (marked \\*), and 1 by less" in page
    assert page.count("- GRU T=50: ") == 1
    assert "- LSTM" not in page
    assert "| a line | size | 1 | 8 | 1.00 | 1 |" in page
    assert "| a doubling | size | 1 | 4 | 1.00 | 1 |" in page
    assert "| 1: knob | 2, 30 | 90, 100 |" in page
    assert "| conv2d | book | 120 |" in page
    assert "| 1 | 40 | 812 |" in page
    assert "| first result | 1.51, 1.00 |" in page
    assert "| simplex: first picture | 1,812, 1,298 |" in page
    assert "| simplex: move, 95% | 42, 39 |" in page
    assert "medians of 6 rounds on 2026-12-01" in page
    assert "it takes 16.8 MB in Chromium" in page
    assert "2026-11-27: a processor" in page
    assert (tmp_path / "growth.png").stat().st_size > 1000
    kept = json.loads((tmp_path / "benchmarks.json").read_text())
    assert [row["ratio"] for row in kept["ratios"]][:2] == [0.5, pytest.approx(1.1)]


def test_a_miss_without_a_reason_is_refused(report, tmp_path):
    with pytest.raises(SystemExit, match="say in REASONS why this row"):
        written(report, tmp_path, pair("something new", 0.004, 1.0))


def test_what_is_not_measured_anew_stays(report, tmp_path):
    before = written(report, tmp_path, pair("softmax (8, 8)", 0.001, 0.6))
    for name in ("times", "memory", "chapters", "page_python"):
        (tmp_path / f"{name}.json").unlink()
    report.main(tmp_path)
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == before
