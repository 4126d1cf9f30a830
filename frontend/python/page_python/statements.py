"""What the statements of a cell bind, read and change, read off their syntax.

It errs on the side of too much: a read or a change that is not there costs time, one
that is missed gives another result than the printed one.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

KNOWN = {*dir(builtins), "display", "__name__", "__class__"}
# Methods of arrays, texts and containers that change nothing.
PURE_METHODS = {
    *(*dir(str), *dir(tuple), *dir(frozenset), *dir(float)),
    *("get", "items", "keys", "most_common", "values"),
    *("all", "any", "argmax", "argmin", "argsort", "astype", "cumprod", "cumsum"),
    *("diagonal", "dot", "flatten", "max", "mean", "min", "nonzero", "prod", "ravel"),
    *(
        "repeat",
        "reshape",
        "round",
        "searchsorted",
        "squeeze",
        "std",
        "sum",
        "swapaxes",
    ),
    *("take", "toarray", "tobytes", "tolist", "trace", "transpose", "var", "view"),
}
# Functions of libraries that change their first argument.
CHANGE_FIRST = (
    *(".at", "copyto", "fill_diagonal", "next", ".place", ".put", "shuffle"),
    *("setattr", "delattr", "heappush", "heappop", "heapify"),
)
PLAIN_FORM = "unchecked"  # f.unchecked(x) is a call of f
SELF = "self"  # the place of what stands before the dot of a call

Given = list[tuple[str, int | str]]  # names with their places or keywords in a call
Alterations = dict[str, set[int | str]]  # for a function the places that it may change


@dataclass
class Function:
    """What a function or a method may do to its arguments.

    parameters : without self. changes : those that its own syntax changes, self among
    them. calls : what it hands its parameters to.
    """

    name: str
    parameters: list[str]
    changes: list[str]
    calls: list[tuple[str, Given]]


@dataclass
class Statement:
    """One statement at the top of a cell.

    lines : its first and its last one, from 1. reads : names whose values it takes at
    once; later : those that bodies of its functions take when they are called. binds :
    names that it gives a value; whole : those of them whose old values it ignores.
    changes : names whose values it changes in place, by its syntax. calls : functions
    and methods with the names that they are given, which they may change. aliases :
    pairs of names that may stand for one object. hidden : names that bodies of its
    functions change, which are not their own. imports : for a name what it is imported
    from. paths : dotted names, such as scipy.stats. functions : those that it
    defines. generators : names that it binds to a random generator.
    """

    lines: tuple[int, int]
    reads: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    binds: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    calls: list[tuple[str, Given]] = field(default_factory=list)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    imports: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    generators: list[str] = field(default_factory=list)


def statements_of(source: str) -> list[Statement]:
    """The statements of a cell. SyntaxError where it is no Python."""
    return [_statement(_Kept().visit(node)) for node in ast.parse(source).body]


class _Kept(ast.NodeTransformer):
    """Leaves out how arrays are trained that a page fetches: `trained(name, make)`."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "trained":
            node.args, node.keywords = node.args[:1], []
        return node


def functions_of(source: str) -> list[Function]:
    """The functions and methods that a module defines."""
    return [*_functions(ast.parse(source).body)]


def _statement(node: ast.stmt) -> Statement:
    names = _Names()
    names.statement(node)
    outside = _outside_functions([node])
    changes, calls = _effects(outside)
    inside = [part for part in ast.walk(node) if part not in outside]
    hidden, inner_calls = _effects(inside)
    hidden |= {name for call in inner_calls for name in changed_by(call, {})}
    decorated = [d.lineno for d in getattr(node, "decorator_list", [])]
    return Statement(
        lines=(min([node.lineno, *decorated]), node.end_lineno or node.lineno),
        reads=sorted(names.reads - KNOWN),
        later=sorted(names.later - KNOWN),
        binds=sorted(names.binds),
        whole=sorted(names.bound - names.reads),
        changes=sorted(changes - KNOWN),
        calls=calls,
        aliases=_aliases(outside),
        hidden=sorted(hidden & names.later),
        imports=_imports(node),
        paths=sorted(set(_paths(node))),
        functions=[*_functions([node])],
        generators=_generators(node),
    )


class _Names:
    """Collects what a statement reads before it binds it, in the order of running."""

    def __init__(self, bound: Iterable[str] = ()) -> None:
        self.bound = set(bound)  # whatever happens
        self.binds: set[str] = set()  # perhaps
        self.reads: set[str] = set()
        self.later: set[str] = set()

    def block(self, nodes: Iterable[ast.stmt]) -> None:
        for node in nodes:
            self.statement(node)

    def branches(self, *blocks: list[ast.stmt], all_run: bool = False) -> None:
        """Blocks of which one runs, or perhaps none: bound is what all of them bind."""
        before, after = set(self.bound), []
        for block in blocks:
            self.bound = set(before)
            self.block(block)
            after.append(self.bound)
        self.bound = set.intersection(*after) if all_run and after else before

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                arguments = node.args
                defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
                hints = [a.annotation for a in _parameters(arguments)]
                heads = [*node.decorator_list, *defaults, *hints, node.returns]
                self.expressions(heads)
                self.later |= _free_names(node)
                self.bind(node.name)
            case ast.ClassDef():
                keywords = [keyword.value for keyword in node.keywords]
                self.expressions([*node.decorator_list, *node.bases, *keywords])
                body = _Names(self.bound)
                body.block(node.body)
                self.reads |= body.reads
                self.later |= body.later
                self.bind(node.name)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    self.bind(alias.asname or alias.name.split(".")[0])
            case ast.Assign():
                self.expressions([node.value, *node.targets])
            case ast.AnnAssign():
                self.expressions([node.annotation, node.value])
                if node.value:
                    self.expression(node.target)
            case ast.AugAssign():
                self.read_target(node.target)
                self.expressions([node.value, node.target])
            case ast.For() | ast.AsyncFor():
                self.expression(node.iter)
                before = set(self.bound)
                self.expression(node.target)
                self.block(node.body)
                self.bound = before
                self.branches(node.orelse)
            case ast.While():
                self.expression(node.test)
                self.branches(node.body)
                self.branches(node.orelse)
            case ast.If():
                self.expression(node.test)
                self.branches(node.body, node.orelse, all_run=True)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.expressions([item.context_expr, item.optional_vars])
                self.block(node.body)
            case ast.Try():
                handlers = [handler.body for handler in node.handlers]
                for handler in node.handlers:
                    self.expression(handler.type)
                    if handler.name:
                        self.binds.add(handler.name)
                named = {handler.name for handler in node.handlers if handler.name}
                before = set(self.bound)
                self.block([*node.body, *node.orelse])
                after, self.bound = self.bound, before | named
                self.branches(*handlers)
                self.bound = before if handlers else after
                self.block(node.finalbody)
            case ast.Match():
                self.expression(node.subject)
                for case in node.cases:
                    self.binds |= _captured(case.pattern)
                    inner = [*([case.guard] if case.guard else [])]
                    before = set(self.bound)
                    self.bound |= _captured(case.pattern)
                    self.expressions(inner)
                    self.block(case.body)
                    self.bound = before
            case _:  # Expr, Assert, Delete, Raise, Pass, Global
                for child in ast.iter_child_nodes(node):
                    self.expression(child)

    def bind(self, name: str) -> None:
        self.bound.add(name)
        self.binds.add(name)

    def expressions(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            self.expression(node)

    def expression(self, node: ast.AST | None) -> None:
        match node:
            case None:
                return
            case ast.Name(id=name, ctx=ast.Load()):
                if name not in self.bound:
                    self.reads.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                self.bind(name)
            case ast.Name(id=name):  # del
                self.reads.add(name)
                self.binds.add(name)
            case ast.Lambda():
                arguments = node.args
                self.expressions([*arguments.defaults, *arguments.kw_defaults])
                self.later |= _free_names(node) - self.bound
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self.comprehension(node)
            case ast.NamedExpr():
                self.expressions([node.value, node.target])
            case _:
                self.expressions(ast.iter_child_nodes(node))

    def comprehension(self, node: Any) -> None:
        """Its own names are its own; the rest is read at once."""
        inner = _Names(self.bound)
        for loop in node.generators:
            inner.expression(loop.iter)
            targets = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
            inner.bound |= targets
            inner.expressions(loop.ifs)
        keys = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        inner.expressions(keys)
        self.reads |= inner.reads
        self.later |= inner.later
        self.binds |= inner.binds  # by :=
        self.bound |= inner.binds

    def read_target(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name) and node.id not in self.bound:
            self.reads.add(node.id)


def _parameters(arguments: ast.arguments) -> list[ast.arg]:
    stars = [arguments.vararg, arguments.kwarg]
    places = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [*places, *filter(None, stars)]


def _free_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The global names that the body of a function reads, inner functions included."""
    table = symtable.symtable(ast.unparse(node), "a function", "exec")

    def read(inner: symtable.SymbolTable) -> set[str]:
        own = {
            s.get_name()
            for s in inner.get_symbols()
            if s.is_global() and s.is_referenced()
        }
        return own.union(*map(read, inner.get_children()))

    return set().union(*map(read, table.get_children()))


def _captured(pattern: ast.AST) -> set[str]:
    names = {getattr(node, "name", None) for node in ast.walk(pattern)}
    names |= {getattr(node, "rest", None) for node in ast.walk(pattern)}
    return {name for name in names if name}


def _outside_functions(nodes: Iterable[ast.AST]) -> list[ast.AST]:
    """All nodes that run with these, in no order: not the bodies of functions."""
    todo, found = [*nodes], []
    while todo:
        node = todo.pop()
        found.append(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            todo += node.decorator_list
        elif not isinstance(node, ast.Lambda):
            todo += ast.iter_child_nodes(node)
    return found


def _base(node: ast.AST) -> str:
    """The name whose object this may be a part of: model in model.parts()[0].W.

    What a function returns is its own: "" for f(model).W.
    """
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call | ast.Starred):
        if isinstance(node, ast.Call):
            node = node.func
            if isinstance(node, ast.Name):
                return ""
        else:
            node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_part(node: ast.AST) -> bool:
    """Whether it is an object that a name stands for, or a part of it."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
        node = node.value
    return isinstance(node, ast.Name)


def _dotted(node: ast.AST) -> str:
    """A name with its attributes, "" for anything else."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def _effects(nodes: Iterable[ast.AST]) -> tuple[set[str], list[tuple[str, Given]]]:
    """The names that these nodes change by their syntax, and the calls that may."""
    changed: set[str] = set()
    calls: list[tuple[str, Given]] = []
    for node in nodes:
        if isinstance(node, ast.Subscript | ast.Attribute):
            if not isinstance(node.ctx, ast.Load):
                changed.add(_base(node))
        elif isinstance(node, ast.AugAssign):
            changed.add(_base(node.target))
        elif isinstance(node, ast.Call):
            given = _given(node)
            if _dotted(node.func).endswith(CHANGE_FIRST):
                changed |= {name for name, place in given if place == 0}
            changed |= {name for name, place in given if place == "out"}
            called = node.func
            if isinstance(called, ast.Attribute) and called.attr == PLAIN_FORM:
                called = called.value  # the same function, without its contract
            if isinstance(called, ast.Attribute):
                if name := _base(called.value):
                    given.append((name, SELF))
                calls.append((called.attr, given))
            elif isinstance(called, ast.Name):
                calls.append((called.id, given))
    return changed - {""}, [call for call in calls if call[1]]


def changed_by(call: tuple[str, Given], known: Alterations) -> set[str]:
    """The names that a call may change: of a method that is not known, its object."""
    called, given = call
    if called in known:
        return {name for name, place in given if place in known[called]}
    is_pure = called in PURE_METHODS
    return {name for name, place in given if place == SELF and not is_pure}


def _given(call: ast.Call) -> Given:
    """The names among the arguments of a call, with their places or keywords."""
    places: list[tuple[int | str, ast.AST]] = []
    for place, value in enumerate(call.args):
        places.append((place, value))
        if isinstance(value, ast.Starred) and isinstance(value.value, ast.Call):
            # f(*checked(a, b)) gives f what checked got, most likely in its order.
            places += enumerate(value.value.args, start=place)
    places += [(keyword.arg or "**", keyword.value) for keyword in call.keywords]
    return [(name, place) for place, value in places for name in _parts(value)]


def _parts(node: ast.AST | None) -> list[str]:
    """The names of objects that a value is, or holds in a list, a tuple or a dict."""
    if node is None:
        return []
    if _is_part(node):
        return [_base(node)]
    if isinstance(node, ast.IfExp):
        return [*_parts(node.body), *_parts(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [name for value in node.values for name in _parts(value)]
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return [name for loop in node.generators for name in _parts(loop.iter)]
    if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
        return [name for value in ast.iter_child_nodes(node) for name in _parts(value)]
    return []


def _aliases(nodes: Iterable[ast.AST]) -> list[tuple[str, str]]:
    """Pairs of names that may stand for one object: `a = b.part`, `for a in b`."""
    pairs = set()
    for node in nodes:
        if isinstance(node, ast.Assign):
            targets, others = node.targets, {*_parts(node.value)}
            others |= {t.id for t in targets[1:] if isinstance(t, ast.Name)}
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets, others = [node.target], {*_parts(node.value)}
        elif isinstance(node, ast.withitem) and node.optional_vars:
            targets, others = [node.optional_vars], {*_parts(node.context_expr)}
        elif isinstance(node, ast.For | ast.comprehension):
            targets = [node.target]
            calls = [n.func for n in ast.walk(node.iter) if isinstance(n, ast.Call)]
            named = [n for n in ast.walk(node.iter) if isinstance(n, ast.Name)]
            others = {n.id for n in named if n not in calls}
        else:
            continue
        own = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        pairs |= {(a, b) for a in own for b in others if a != b}
    return sorted(pairs)


def _functions(nodes: Iterable[ast.AST]) -> Iterator[Function]:
    """The functions and methods defined here; a class by what makes its objects."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            for method in _functions(node.body):
                made = method.name == "__init__"
                method.name = node.name if made else method.name
                yield method
        elif isinstance(node, ast.FunctionDef):
            inside = [part for child in node.body for part in ast.walk(child)]
            changes, calls = _effects(inside)
            linked = same_objects(changes, _aliases(inside))
            parameters = [parameter.arg for parameter in _parameters(node.args)]
            yield Function(
                node.name,
                [name for name in parameters if name != SELF],
                sorted(linked & {*parameters}),
                _in_terms_of(parameters, calls, _aliases(inside)),
            )


def _in_terms_of(
    parameters: list[str],
    calls: list[tuple[str, Given]],
    aliases: list[tuple[str, str]],
) -> list[tuple[str, Given]]:
    """The calls, each name replaced by the parameters that it may stand for."""
    found = []
    for called, given in calls:
        own = [
            (parameter, place)
            for name, place in given
            for parameter in sorted(same_objects({name}, aliases) & {*parameters})
        ]
        if own:
            found.append((called, own))
    return found


def same_objects(names: set[str], aliases: Iterable[tuple[str, str]]) -> set[str]:
    """The names that may stand for what these stand for, themselves among them."""
    found, pairs = set(names), [*aliases]
    while True:
        more = {b for a, b in pairs if a in found} | {a for a, b in pairs if b in found}
        if more <= found:
            return found
        found |= more


def _imports(node: ast.stmt) -> dict[str, list[tuple[str, str | None]]]:
    """For each imported name its modules, each with the attribute that it stands for.

    The attribute is "" for the module itself, and None where `import scipy.stats` binds
    scipy alone.
    """
    found: dict[str, list[tuple[str, str | None]]] = {}
    for part in _outside_functions([node]):
        if isinstance(part, ast.Import):
            for alias in part.names:
                name = alias.asname or alias.name.split(".")[0]
                attribute = "" if alias.asname or name == alias.name else None
                found.setdefault(name, []).append((alias.name, attribute))
        elif isinstance(part, ast.ImportFrom) and part.module:
            for alias in part.names:
                found[alias.asname or alias.name] = [(part.module, alias.name)]
    return found


def _paths(node: ast.stmt) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and (path := _dotted(part)):
            yield path


def _generators(node: ast.stmt) -> list[str]:
    """Names bound to a random generator: whoever uses one changes it."""
    return [
        target.id
        for part in _outside_functions([node])
        if isinstance(part, ast.Assign)
        and isinstance(part.value, ast.Call)
        and _dotted(part.value.func).endswith("default_rng")
        for target in part.targets
        if isinstance(target, ast.Name)
    ]
