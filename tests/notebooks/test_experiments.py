"""Tables of experiments: made by the code that stands, and told when it has changed."""

import ast
import json
import sys
from pathlib import Path

import pytest

from tutorial_utils import experiments

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
import code_digest  # noqa: E402
import run_experiments  # noqa: E402
from cell_slices import cells_that_define, with_what_it_needs  # noqa: E402
from code_digest import bare, definitions_used, digest_of_code  # noqa: E402

PROGRAMS = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))
TABLES = sorted(path.stem for path in Path(experiments.__file__).parent.glob("*.json"))


def test_each_program_has_its_table():
    assert PROGRAMS == TABLES


@pytest.mark.parametrize("name", TABLES)
def test_the_code_is_that_of_the_table(name):
    table = experiments.load(name)
    assert table["code"] == run_experiments.digest(name), (
        f"the code of {name} has changed since: make experiments NAMES={name}"
    )
    assert table["seeds"] == list(run_experiments.program(name).SEEDS)
    assert len(table["results"]) == len(table["seeds"])
    assert {"python", "numpy"} <= table["versions"].keys()
    assert name in table["command"]


@pytest.mark.parametrize("name", TABLES)
def test_the_chapter_loads_the_table(name):
    notebook = ROOT / "chapters" / f"{run_experiments.program(name).NOTEBOOK}.ipynb"
    assert f'experiments.load(\\"{name}\\")' in notebook.read_text(encoding="utf-8")


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="name must be one of .*, got 'other'"):
        experiments.load("other")


def test_a_table_is_written_and_read_again(tmp_path, monkeypatch):
    (tmp_path / "tiny.py").write_text(
        'NOTEBOOK, NAMES = "02_neural_networks", ("four_clouds",)\nSEEDS = range(3)\n'
        "def run(seed, four_clouds):\n    return [seed, four_clouds.__name__]\n"
    )
    monkeypatch.setattr(run_experiments, "PROGRAMS", tmp_path)
    monkeypatch.setattr(run_experiments, "TABLES", tmp_path)
    run_experiments.main([])
    monkeypatch.setattr(experiments, "HERE", tmp_path)
    table = experiments.load("tiny")
    assert table["results"] == [[seed, "four_clouds"] for seed in range(3)]
    assert table["code"] == run_experiments.digest("tiny")
    json.loads((tmp_path / "tiny.json").read_text())


# ---- the sum of the code


CODE = '''
"""What it is."""
from tutorial_utils import datasets
from tutorial_utils.neural_networks import softmax

def f(x):
    """A sentence."""
    return softmax(x)  # a remark
'''


def test_words_and_layout_do_not_count():
    other = CODE.replace("A sentence", "Another").replace("# a remark", "")
    other = other.replace("\ndef f", "\n\n\ndef f").replace(
        "softmax(x)", "softmax( x )"
    )
    assert digest_of_code([CODE]) == digest_of_code([other])
    assert digest_of_code([CODE]) != digest_of_code([CODE.replace("(x)  #", "(-x)  #")])
    ast.parse(bare("def f():\n    'Only a sentence.'"))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package, and what writes into it."""
    for path in sorted(code_digest.PACKAGE.rglob("*.py")):
        copy = tmp_path / path.relative_to(code_digest.PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(code_digest, "PACKAGE", tmp_path)

    def change(module: str, old: str, new: str) -> None:
        file = tmp_path / module
        text = file.read_text(encoding="utf-8")
        assert text.count(old) >= 1, "the test changes what is not there"
        file.write_text(text.replace(old, new), encoding="utf-8")
        code_digest.module.cache_clear()

    code_digest.module.cache_clear()
    yield change
    code_digest.module.cache_clear()


def test_what_is_used_counts_and_nothing_else(package):
    before = digest_of_code([CODE])
    package("neural_networks.py", "np.maximum(z, 0)", "np.maximum(z, 1)")
    assert digest_of_code([CODE]) == before, "softmax does not use relu"
    package("generative_models.py", "def ", "def other_")
    assert digest_of_code([CODE]) == before
    package("neural_networks.py", "p /= p.sum(", "p = p / p.sum(")
    assert digest_of_code([CODE]) != before


def test_what_is_used_by_way_of_others_counts(package):
    code = ["from tutorial_utils.training import sparsemax_loss\nsparsemax_loss(1, 2)"]
    before = digest_of_code(code)
    package("neural_networks.py", "np.sort(candidates", "np.sort(+candidates")
    assert digest_of_code(code) != before


def test_what_only_checks_does_not_count(package):
    before = digest_of_code([CODE])
    package("contracts.py", "must not be empty", "may not be empty")
    package("checks.py", 'in "biuf"', 'in "biu"')
    assert digest_of_code([CODE]) == before


def test_a_whole_module_counts_with_what_it_uses(package):
    before = digest_of_code([CODE], ("exercises.chapter_2",))
    assert before != digest_of_code([CODE])
    changes = (
        ("exercises/chapter_2.py", "[10, 10, 10, -15]", "[9, 10, 10, -15]"),
        ("exercises/checking.py", "N_TRIALS = 20", "N_TRIALS = 21"),
        ("neural_networks.py", "np.maximum(z - _thr", "np.maximum(-z - _thr"),
    )
    sums = [before]
    for change in changes:
        package(*change)
        sums.append(digest_of_code([CODE], ("exercises.chapter_2",)))
    assert len({*sums}) == 4


def test_attributes_of_a_module_lead_to_its_definitions():
    used = definitions_used(["from tutorial_utils import datasets as d\nd.rings(1, 2)"])
    assert ("datasets", "rings") in used
    assert ("datasets", "spirals") not in used
    assert all(source for source in used.values())


# ---- the cells that it takes

SOURCES = [
    "import a",
    "x = 1",
    "y = {}",
    "y['k'] = x",
    "def f():\n    return later(x)",
    "z = 2",
    "def later(v):\n    return v",
    "f()",
]


def test_a_cell_comes_with_what_it_builds_on():
    assert with_what_it_needs(SOURCES, 3) == [0, 1, 2, 3]
    assert with_what_it_needs(SOURCES, 7) == [0, 1, 4, 6, 7]


def test_names_come_with_the_cells_that_define_them():
    assert cells_that_define(SOURCES, {"y"}) == SOURCES[:4]
    with pytest.raises(ValueError, match="no cell defines nowhere"):
        cells_that_define(SOURCES, {"y", "nowhere"})
