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


def test_what_a_decorator_does_counts(package):
    sums = [digest_of_code([CODE])]
    package("contracts.py", "given.astype(np.float64)", "given.astype(np.float16)")
    sums.append(digest_of_code([CODE]))
    package("checks.py", 'in "biuf"', 'in "biu"')
    sums.append(digest_of_code([CODE]))
    assert len({*sums}) == 3


def test_a_statement_that_binds_no_name_counts(package):
    before = digest_of_code([CODE])
    package(
        "neural_networks.py", "class MLP:", "ACTIVATIONS.update(b=relu)\nclass MLP:"
    )
    assert digest_of_code([CODE]) != before


SOFTMAX = ("neural_networks", "softmax")


@pytest.mark.parametrize(
    "source",
    [
        "from tutorial_utils.neural_networks import softmax as f\nf([1])",
        "import tutorial_utils.neural_networks as nn\nnn.softmax([1])",
        "import tutorial_utils.neural_networks\ntutorial_utils.neural_networks.relu(1)",
        "from tutorial_utils import neural_networks\nneural_networks.softmax([1])",
        "from tutorial_utils import neural_networks\nm = neural_networks\nm.softmax(1)",
        "from tutorial_utils.neural_networks import *\nsoftmax([1])",
        "def f():\n    from tutorial_utils.neural_networks import softmax\n    softmax",
        "from tutorial_utils.exercises import chapter_3\nchapter_3.EXERCISES",
        "from tutorial_utils.neural_networks import softmax\n%time softmax([1])",
        "from tutorial_utils.neural_networks import softmax\na = !ls\nsoftmax([1])",
        "if True:\n    %timeit -n 3 1\n"
        "from tutorial_utils.neural_networks import softmax\nsoftmax([1])",
        "try:\n    from tutorial_utils.neural_networks import softmax\n"
        "except ImportError:\n    pass\nsoftmax([1])",
    ],
)
def test_every_way_to_import_is_followed(source):
    assert SOFTMAX in definitions_used([source])


def test_two_cells_may_give_one_name_to_two_things():
    cells = (
        "from tutorial_utils.neural_networks import softmax as f\nf([1])",
        "from tutorial_utils.datasets import rings as f\nf(1)",
    )
    assert {SOFTMAX, ("datasets", "rings")} <= definitions_used([*cells]).keys()


def test_a_number_that_stands_alone_counts():
    assert digest_of_code(["42"]) != digest_of_code(["43"])


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
    assert all(source for (_, name), source in used.items() if name != "*")


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


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ("x += [3]", [2, 1, 3]),
        ("x = x + [3]", [2, 1, 3]),
        ("x.sort()", [1, 2]),
        ("x[0] = 5", [5, 1]),
        ("del x[0]", [1]),
        ("if x:\n    x = [7]", [7]),
        ("for x in ([8], [9]):\n    pass", [9]),
        ("y = 1", [2, 1]),
        ("x += [3]\ny = 3", [2, 1, 3]),
        ("class A:\n    y = x.sort()\nx = [*x]", [1, 2]),
        ("x: list", [2, 1]),
    ],
)
def test_what_changes_a_name_is_among_the_cells(between, expected):
    sources = ["0", "x = [2, 1]", between, "f = print", "z = list(x)"]
    namespace: dict = {}
    for source in cells_that_define(sources, {"z"}):
        exec(source, namespace)
    assert namespace["z"] == expected
    assert "f" not in namespace


def test_a_part_of_what_was_imported_may_be_changed():
    cells = ["0", "import math\nfrom os import environ", "environ['A_B'] = '1'"]
    cells += ["math.floor(1)", "z = environ['A_B']"]
    assert cells_that_define(cells, {"z"}) == [cells[n] for n in (0, 1, 2, 4)]


def test_names_come_with_the_cells_that_define_them():
    assert cells_that_define(SOURCES, {"y"}) == SOURCES[:4]
    with pytest.raises(ValueError, match="no cell defines nowhere"):
        cells_that_define(SOURCES, {"y", "nowhere"})
