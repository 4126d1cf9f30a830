"""What cells read, bind and change, read off their syntax."""

import pytest
from page_python.statements import Statement, functions_of, statements_of


def one(source: str) -> Statement:
    [statement] = statements_of(source)
    return statement


READS = {
    "x = a + b": "a b",
    "x = x + 1": "x",
    "x += 1": "x",
    "x[i] = y": "i x y",
    "x.part = y": "x y",
    "del x": "x",
    "assert a == b, c": "a b c",
    "f(a, key=b)": "a b f",
    "x = [i * a for i in b if c]": "a b c",
    "x = {k: v for k, v in a.items()}": "a",
    "x = [[i + j for j in i] for i in a]": "a",
    "x = (y := a) + y": "a",
    "x: Kind = a": "Kind a",
    "for i in a:\n    b = i\n    c = b": "a",
    "for i in a:\n    total += i": "a total",
    "for i in a:\n    pass\nelse:\n    b = i": "a i",
    "while a:\n    a -= 1": "a",
    "if a:\n    b = 1\nelse:\n    b = 2": "a",
    "with a as b:\n    c = b": "a",
    "try:\n    x = a\nexcept Bad as error:\n    x = error\nfinally:\n    b": "Bad a b",
    "match a:\n    case [b, *c] if d:\n        e = b": "a d",
    "@decorate\ndef f(x: Kind = a) -> Other:\n    return b": "Kind Other a decorate",
    "class A(Base):\n    size = a\n    def f(self):\n        return b": "Base a",
    "f = lambda x=a: x + b": "a",
    "print(f'{a:{b}}')": "a b",
}


@pytest.mark.parametrize("source", READS)
def test_what_a_statement_reads_at_once(source):
    assert one(source).reads == sorted(READS[source].split())


LATER = {
    "def f(x):\n    return a * x + g(x)": "a g",
    "def f():\n    def inner():\n        return a\n    return inner": "a",
    "def f(a):\n    b = a\n    return b": "",
    "f = lambda x: x + a": "a",
    "class A:\n    def f(self):\n        return a": "a",
    "x = [lambda: i + a for i in b]": "a i",
    "def f():\n    return [i for i in a]": "a",
}


@pytest.mark.parametrize("source", LATER)
def test_what_bodies_of_functions_read_later(source):
    found = set(one(source).later)
    assert {name for name in LATER[source].split() if name != "i"} <= found
    assert found <= {*LATER[source].split()}


BINDS = {
    "x, (y, *z) = a": ("x y z", "x y z"),
    "x = x + 1": ("x", ""),
    "if a:\n    x = 1": ("x", ""),
    "if a:\n    x = 1\nelse:\n    x = 2": ("x", "x"),
    "for i in a:\n    x = i": ("i x", ""),
    "with a as x:\n    y = 1": ("x y", "x y"),
    "import numpy as np, scipy.stats": ("np scipy", "np scipy"),
    "from a import b as c": ("c", "c"),
    "def f():\n    x = 1": ("f", "f"),
    "x[0] = 1": ("", ""),
    "try:\n    x = 1\nexcept KeyError:\n    pass": ("x", ""),
    "x: int": ("", ""),
}


@pytest.mark.parametrize("source", BINDS)
def test_what_a_statement_binds_perhaps_and_in_any_case(source):
    statement = one(source)
    perhaps, whole = BINDS[source]
    assert statement.binds == sorted(perhaps.split())
    assert statement.whole == sorted(whole.split())


CHANGES = {
    "x[0] = 1": "x",
    "x.part[0].more = 1": "x",
    "x += 1": "x",
    "del x[0]": "x",
    "np.add.at(x, i, 1)": "x",
    "for layer in layers:\n    layer.W -= 1": "layer",
    "y = x.mean()": "",
    "def f(x):\n    x[0] = 1": "",
}


@pytest.mark.parametrize("source", CHANGES)
def test_what_a_statement_changes_by_its_syntax(source):
    assert one(source).changes == sorted(CHANGES[source].split())


def test_what_calls_are_given():
    calls = dict(one("y = rule.step([a.W, b], *c, by=d[0], at=f(e))").calls)
    given = {("a", 0), ("b", 0), ("c", 1), ("d", "by"), ("rule", "self")}
    assert set(calls["step"]) == given
    assert calls["f"] == [("e", 0)]
    assert ("f", [("a", 1), ("b", 2)]) in one("f(x(), *g(a, b))").calls


def test_a_call_without_the_contract_is_a_call_of_the_function():
    plain, other = one("f.unchecked(x, y)"), one("a.f.unchecked(x)")
    assert plain.calls == one("f(x, y)").calls
    assert other.calls == one("a.f(x)").calls
    assert plain.changes == []


def test_what_may_be_one_object():
    assert one("a = b.part[0]").aliases == [("a", "b")]
    assert one("for a, c in zip(b, d):\n    pass").aliases == [
        ("a", "b"),
        ("a", "d"),
        ("c", "b"),
        ("c", "d"),
    ]
    assert one("a = f(b)").aliases == []


def test_what_functions_do_to_their_arguments():
    source = """
def shift(x, by):
    x += by

def shift_all(xs, by):
    for x in xs:
        shift(x, by)

class Model:
    def __init__(self, start):
        self.W = start
    def fit(self, X):
        self.W += X
    def predict(self, X):
        return self.W @ X
"""
    found = {f.name: f for f in functions_of(source)}
    assert found["shift"].changes == ["x"]
    assert found["shift_all"].changes == []
    assert ("shift", [("xs", 0), ("by", 1)]) in found["shift_all"].calls
    assert "self" in found["Model"].changes
    assert found["fit"].changes == ["self"]
    assert found["predict"].changes == []
    assert found["fit"].parameters == ["X"]


def test_functions_that_change_what_is_not_theirs():
    assert one("def f():\n    log.append(rng.normal())").hidden == ["log", "rng"]
    assert one("def f(log):\n    log.append(1)").hidden == []


def test_imports_and_dotted_names():
    assert one("import scipy.stats, numpy as np").imports == {
        "scipy": [("scipy.stats", None)],
        "np": [("numpy", "")],
    }
    assert one("from a.b import c as d").imports == {"d": [("a.b", "c")]}
    assert "scipy.stats.norm" in one("x = scipy.stats.norm.ppf(0.1)").paths


def test_lines_of_a_statement_begin_with_its_decorator():
    first, second = statements_of("@a\n@b\ndef f():\n    pass\nx = 1")
    assert first.lines == (1, 4)
    assert second.lines == (5, 5)
