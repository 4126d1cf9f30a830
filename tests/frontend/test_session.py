"""Cells of small made-up chapters, in orders that mislead."""

import os
from dataclasses import asdict

import numpy as np
import pytest
from page_python import display
from page_python.needs import ALL, Chapter
from page_python.session import NeedsMore, Session
from page_python.statements import statements_of

MODULE = "tutorial_utils.neural_networks"


def chapter_of(*sources: str, exported: tuple[int, ...] = ()) -> Chapter:
    cells = [
        {
            "id": f"c{k}",
            "source": source,
            "statements": [asdict(one) for one in statements_of(source)],
            "exported": k in exported,
        }
        for k, source in enumerate(sources)
    ]
    return Chapter({"module": MODULE, "wheels": {}, "alterations": {}, "cells": cells})


@pytest.fixture
def shown(monkeypatch):
    shown = []
    post = staticmethod(lambda kind, text: shown.append((kind, text)))
    monkeypatch.setattr(display.Screen, "post", post)
    return shown


class Reader:
    """Runs cells by their numbers, and hears what they print."""

    def __init__(self, shown, *sources, **how):
        self.shown, self.session = shown, Session(chapter_of(*sources, **how))

    def run(self, k: int) -> str:
        self.shown.clear()
        while True:
            try:
                for step in self.session.plan(k):
                    assert self.session.run(*step), self.shown
                break
            except NeedsMore:
                self.shown.clear()
        return "".join(text for kind, text in self.shown if kind in ("stdout", "text"))

    def before(self, k: int) -> list[str]:
        chapter = self.session.chapter
        return [chapter.cells[j].id for j, _ in self.session.plan(k)][:-1]


@pytest.fixture
def reader(shown):
    return lambda *sources, **how: Reader(shown, *sources, **how)


def test_only_the_statements_that_are_needed_run(reader):
    r = reader("a = 1\nraise_it = None.nothing if False else 2\nb = 1 / 0", "a")
    assert r.run(1) == "1"


def test_statements_that_share_a_line_are_told_apart(reader):
    r = reader("a = 1; b = 1 / 0", "a")
    assert r.run(1) == "1"


def test_a_name_that_is_bound_again_later_does_not_spoil(reader):
    r = reader("a = 1", "a", "a = 2", "a")
    assert [r.run(k) for k in (3, 1, 3, 1)] == ["2", "1", "2", "1"]


def test_a_cell_that_changes_a_value_runs_again_on_what_it_was(reader):
    r = reader("a = [0]", "a.append(1)", "a", "a[0] = 5", "a")
    assert r.run(4) == "[5, 1]"
    assert r.run(2) == "[0, 1]"
    for _ in range(2):
        r.run(1)
        r.run(3)
    assert (r.run(2), r.run(4)) == ("[0, 1]", "[5, 1]")


def test_parts_that_are_shared_stay_shared(reader):
    r = reader("a = [0]\nb = {'a': a}", "b['a'].append(1)\na")
    assert r.run(1) == "[0, 1]"
    assert r.run(1) == "[0, 1]"


def test_random_numbers_are_those_of_the_whole_chapter(reader):
    sources = (
        "import numpy as np\nrng = np.random.default_rng(0)",
        "x = rng.normal()",
        "def draw():\n    return rng.normal()",
        "y = draw()",
        "print(rng.normal())",
        "print(x, y)",
    )
    rng = np.random.default_rng(0)
    x, y, last = rng.normal(), rng.normal(), rng.normal()
    r = reader(*sources)
    for _ in range(2):
        assert r.run(4) == f"{last}\n"
        assert r.run(5) == f"{x} {y}\n"


def test_training_by_a_function_counts_as_a_change(reader):
    r = reader(
        "class Model:\n    def __init__(self):\n        self.w = 0\n"
        "    def fit(self):\n        self.w += 1\n        return [self.w]",
        "model = Model()",
        "losses = model.fit()",
        "def train(m):\n    m.fit()",
        "train(model)",
        "model.w",
    )
    assert r.run(5) == "2"


def test_what_a_list_holds_is_given_too(reader):
    r = reader(
        "def step(all):\n    for x in all:\n        x[0] += 1",
        "a, b = [0], [0]",
        "step([a, b])",
        "print(a, b)",
    )
    assert r.run(3) == "[1] [1]\n"


def test_functions_read_names_as_they_are_when_called(reader):
    r = reader("a = 1", "def f():\n    return a", "f()", "a = 2", "f()")
    assert (r.run(4), r.run(2)) == ("2", "1")


def test_a_function_out_of_a_container_finds_what_it_reads(reader):
    r = reader("a = 3", "def f():\n    return a", "ways = {'f': f}", "ways['f']()")
    assert r.run(3) == "3"


def test_what_functions_in_containers_read_is_known_before_a_cell_runs(
    reader, monkeypatch
):
    monkeypatch.setenv("RUNS", "")
    r = reader(
        "from functools import partial",
        "a = 3\nb = 4",
        "def f(n):\n    return [a + k for k in range(n)]",
        "def g(n):\n    return b * f(n)[0]",
        "ways = {'f': [partial(f, 1)], 'g': (g, 2)}",
        "import os\nos.environ['RUNS'] += 'x'\nways['f'][0](), ways['g'][0](2)",
    )
    assert r.run(5) == "([3], 12)"
    assert os.environ["RUNS"] == "x"


def test_what_is_there_is_not_run_again(reader):
    r = reader("a = 1", "b = a + 1", "print(b)")
    assert r.before(2) == ["c0", "c1"]
    r.run(2)
    assert r.before(2) == []


def test_an_edit_makes_stale_what_builds_on_it(reader):
    r = reader("a = 1", "b = a + 1", "b", "c = 1", "c")
    assert (r.run(2), r.run(4)) == ("2", "1")
    edit = r.session.chapter.edit
    assert edit({"c0": "a = 10"})
    assert r.before(4) == []
    assert r.run(2) == "11"
    assert not edit({"c0": "a = 10"})
    assert edit({})
    assert r.run(2) == "2"


def test_edits_of_several_cells_are_taken_at_once(reader):
    r = reader("a = 1", "b = 2", "a, b")
    edit = r.session.chapter.edit
    edit({"c0": "a = 10", "c1": "b = 20"})
    assert r.run(2) == "(10, 20)"
    edit({"c1": "b = 200"})
    assert r.run(2) == "(1, 200)"


def test_an_edited_import_makes_stale_what_uses_it(reader):
    r = reader("from math import floor as f", "a = f(1.5)", "a")
    assert r.run(2) == "1"
    r.session.chapter.edit({"c0": "from math import ceil as f"})
    assert r.run(2) == "2"


def test_what_a_cell_uses_holds_what_the_package_defines(reader):
    r = reader(
        "import numpy as np",
        "def sigmoid(z):\n    return np.tanh(z)",
        "a = 1",
        "sigmoid(0.0)",
        exported=(0, 1),
    )
    assert [r.session.chapter.uses(k) for k in (1, 2, 3)] == [[0], [], [1]]


def test_exported_names_come_from_the_package_unless_edited(reader):
    own = "def sigmoid(z):\n    return 'mine'"
    r = reader("def sigmoid(z):\n    return z", "sigmoid(0.0)", exported=(0,))
    assert "0.5" in r.run(1)
    assert r.before(1) == []
    r.session.chapter.edit({"c0": own})
    assert r.run(1) == "'mine'"
    r.session.chapter.edit({})
    assert "0.5" in r.run(1)


@pytest.mark.parametrize("bad", ["a = (", "%time a = 1", "(" * 5000])
def test_what_cannot_be_parsed_is_told_when_it_runs(reader, bad):
    r = reader("a = 1", "a", "3")
    r.session.chapter.edit({"c0": bad})
    with pytest.raises(AssertionError, match="Error"):
        r.run(0)
    with pytest.raises(AssertionError, match="Cell 1, line"):
        r.run(1)
    assert r.run(2) == "3"
    r.session.chapter.edit({})
    assert r.run(1) == "1"


def test_classes_stay_one_class(reader):
    r = reader("class A:\n    pass", "a = A()", "isinstance(a, A)")
    assert r.run(2) == "True"
    r.run(0)
    assert r.run(2) == "True"


def test_of_several_modules_under_one_name_those_in_use_are_imported(reader):
    r = reader("import xml.dom\nimport xml.no_such_module", "xml.dom.Node.TEXT_NODE")
    assert r.run(1) == "3"


def test_an_error_is_told_with_the_readers_lines(reader, shown):
    r = reader("def half(x):\n    return x / 0", "half(1)")
    plan = r.session.plan(1)
    assert r.session.run(*plan[0])
    assert not r.session.run(*plan[1])
    [(kind, text)] = [one for one in shown if one[0] == "error"]
    assert text == (
        "This cell, line 1:\n    half(1)\nCell 1, line 2, in half:\n"
        "    return x / 0\nZeroDivisionError: division by zero"
    )


def test_a_shorter_loop_is_noted_where_it_counts(reader, monkeypatch):
    monkeypatch.setenv("TUTORIAL_BUDGET", "browser")
    r = reader(
        "from tutorial_utils.runtime import budget",
        "n = budget(100, browser=10)",
        "m = 5",
        "n",
        "m",
    )
    assert r.run(3) == "10"
    assert r.session.shortened == [(100, 10)]
    assert r.run(4) == "5"
    assert r.session.shortened == []


def test_a_quiet_run_shows_nothing(reader, shown):
    r = reader("print('loud')\na = 1", "a")
    r.run(1)
    assert ("stdout", "loud\n") not in shown
    assert r.run(0) == "loud\n"


def test_a_semicolon_hides_the_last_value(reader):
    r = reader("1;", "2")
    assert (r.run(0), r.run(1)) == ("", "2")


def test_all_of_a_cell_is_what_all_means(reader):
    r = reader("a = 1\nb = 2", "a", "b")
    r.run(1)
    assert r.session.records[0].names == {"a"}
    r.run(2)
    assert r.session.records[0].names == {"a", "b"}
    r.run(0)
    assert r.session.records[0].names is ALL


CONDITIONS = {
    "for s in [3, 1]:\n    if s > 5:\n        a = s": "1",
    "if False:\n    a = 2": "1",
    "try:\n    a = int('x')\nexcept ValueError:\n    pass": "1",
    "while False:\n    a = 2": "1",
    "if True:\n    a = 2": "2",
}


@pytest.mark.parametrize("between", CONDITIONS)
def test_what_is_not_bound_after_all_keeps_its_value(reader, between):
    r = reader("a = 1", between, "a")
    assert r.run(2) == CONDITIONS[between]
    r.run(1)
    assert r.run(2) == CONDITIONS[between]


def test_a_long_chain_is_copied(reader):
    link = "class Link:\n    def __init__(self, before):\n        self.before = before"
    chain = "h = None\nfor _ in range(2000):\n    h = Link(h)"
    count = "n = 0\nwhile h:\n    h, n = h.before, n + 1\nn"
    r = reader(link, chain, count)
    assert r.run(2) == "2000"


def test_views_of_one_array_stay_so(reader):
    r = reader(
        "import numpy as np\nW = np.zeros(3)\nv = W[1:]\nT = W.reshape(3, 1).T",
        "v[:] = 7\nprint(W, T)",
    )
    assert r.run(1) == "[0. 7. 7.] [[0. 7. 7.]]\n"
    assert r.run(1) == "[0. 7. 7.] [[0. 7. 7.]]\n"


def test_an_object_that_holds_a_module_is_copied(reader):
    r = reader(
        "import math\nclass A:\n    def __init__(self):\n"
        "        self.tools, self.n = math, 0\na = A()",
        "a.n += 1\na.n",
    )
    assert [r.run(1), r.run(1)] == ["1", "1"]


def test_an_error_of_a_cell_above_is_told_as_such(reader, shown):
    r = reader("a = 1 / 0", "a")
    assert not r.session.run(*r.session.plan(1)[0])
    assert shown[-1][1].startswith("Cell 1, line 1:")


def test_lines_are_shown_whole(shown, monkeypatch):
    monkeypatch.setattr(display, "PAUSE", -1)
    stream = display.Stream("stdout")
    print("epoch", 1, "loss", 2, file=stream)
    assert shown == [("stdout", "epoch 1 loss 2\n")]


@pytest.mark.parametrize(
    ("source", "expected"),
    [("1;", ""), ("1;\n\n", ""), ("1;  # so", ""), ("1  # so;", "1"), ("'a;'", "'a;'")],
)
def test_when_a_semicolon_hides(reader, source, expected):
    assert reader(source).run(0) == expected


def test_annotations_are_values(reader):
    r = reader("def f(x: int) -> float:\n    return x", "f.__annotations__['x']")
    assert r.run(1) == "<class 'int'>"


def test_an_error_of_another_cell_says_which(reader):
    r = reader("def f(x):\n    return 1 / x", "f(0)")
    with pytest.raises(AssertionError, match="Cell 1, line 2, in f"):
        r.run(1)


def test_of_a_deep_recursion_the_ends_are_shown(reader):
    r = reader("def f(x):\n    return f(x)\n\n\nf(0)")
    with pytest.raises(AssertionError):
        r.run(0)
    _, told = r.shown[-1]
    assert told.count("in f") < 15
    assert "more calls)" in told
    assert "RecursionError" in told


def test_what_is_too_long_to_show_is_cut(reader):
    r = reader("print('a' * 100)\nprint('b' * 200_000)\nprint('c')", "print('d')")
    shown = r.run(0)
    assert len(shown) < display.MOST + 100
    assert shown.startswith("a" * 100 + "\nbbb")
    assert "more characters are not shown]" in shown
    assert r.run(1) == "d\n"
