"""Shapes in signatures, and the decorator `contract` that enforces them."""

from __future__ import annotations

import ast
import collections.abc
import functools
import inspect
import math
import operator
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import (
    Annotated,
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

import numpy as np
from jaxtyping import AbstractArray, Bool, Float, Int

from .checks import (
    Overflow,
    checked_generator,
    is_finite,
    narrowed,
    numbers,
    short,
    widened,
)

Array = np.ndarray
P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")

# Whether what a contracted function returns is compared with its annotation as well.
# The tests set it.
check_results = False


@dataclass(frozen=True)
class Range:
    """Limits of a number or of the entries of an array.

    A string stands for the value of another argument, or for a size of the signature.
    """

    at_least: float | str = -math.inf
    at_most: float | str = math.inf
    above: float | str = -math.inf
    below: float | str = math.inf

    @functools.cached_property
    def keys(self) -> tuple[str, ...]:
        """Those of the four that are set."""
        every = ("at_least", "above", "at_most", "below")
        unset = (math.inf, -math.inf)
        return tuple(key for key in every if getattr(self, key) not in unset)


def without_contract(function: Callable[P, R]) -> Callable[P, R]:
    """A function without its contract, if it has one: for loops of the library."""
    return getattr(function, "unchecked", function)


@dataclass(frozen=True)
class AxisOf:
    """An axis, counted from the first or back from the last, of the array so named."""

    array: str


@dataclass(frozen=True)
class OneOf:
    """One of these names; for an array of whole numbers, entries among these."""

    names: tuple[str | int, ...]


@dataclass(frozen=True)
class Symmetric:
    """A square array that equals its transpose, up to the rounding of its type."""


Count = Annotated[int, Range(at_least=1)]


class Contracted(Protocol[P, R]):
    """A function with its contract, as a type checker sees it."""

    unchecked: Callable[P, R]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...

    def __get__(
        self: Contracted[Concatenate[Any, Q], R], instance: object, owner: type
    ) -> Callable[Q, R]: ...


@overload
def contract(  # what returns None may be a constructor, which stays a plain function
    function: Callable[Concatenate[Any, Q], None],
) -> Callable[Concatenate[Any, Q], None]: ...
@overload
def contract(function: Callable[P, R]) -> Contracted[P, R]: ...
def contract(function: Any) -> Any:
    """Enforce the annotations of a function's parameters at each call.

        @contract
        def cross_entropy(
            z: Float[Array, "N K"], y: Annotated[Int[Array, "N"], Range(0, below="K")]
        ) -> Float[Array, "N"]: ...

    What an annotation asks of its argument:

    - `Float[Array, "N D"]`: finite numbers in this shape. A floating type is kept;
      lists, whole numbers and truth values become float64. Half precision is computed
      in single, in which long sums keep their digits; if all floating arrays of a call
      have it, so have its results. The result may share memory with the argument, so
      that a function must not write into it.
    - `Int[Array, "N"]`: whole numbers, which become int64.
    - `Bool[Array, "N"]`: truth values, also as 0 and 1.
    - `int`, `float`: a whole number, a finite number; True and False are neither.
    - `np.random.Generator`: a generator of random numbers.
    - `Annotated[..., Range(...)]`: limits of a number or of an array's entries.
    - `Annotated[int, AxisOf("z")]`: an axis of the array z.
    - `Annotated[str, OneOf(("a", "b"))]`: one of these names.
    - `Annotated[Int[Array, "N"], OneOf((-1, 1))]`: entries among these.
    - `Annotated[Float[Array, "N N"], Symmetric()]`: equal to its transpose.
    - `Callable`: a function.
    - `MLP`, or another class: an object of it.
    - `... | None`: also None.

    Any other annotation is left alone. What is wrong raises ValueError, which names the
    argument, what was expected and what came. `f.unchecked` is the plain function.

    A shape is written as jaxtyping writes it. A number is that size. Equal letters are
    equal sizes, in all arguments. `*batch` is any number of axes, `...` any axes, `_`
    or a name that begins so any size. `K+1` is computed from letters,
    `{self.sizes[0]}` from arguments. An array has at least one entry.

    Lists of arrays, the fields of an object and relations between numbers are not
    covered: for these there are the helpers of `checks`.

    Raises TypeError where the function is defined if an annotation is no shape, or a
    parameter has no name by which it can be passed.
    """
    signature = inspect.signature(function)
    wanted = {
        name: _Wanted.by(parameter, function)
        for name, parameter in signature.parameters.items()
    }
    _check_names(wanted)
    # Sizes first: a limit may be one that a later argument has. Then what refers to no
    # other argument, so that a limit that others are held to is right itself.
    steps = [(n, w.optional, w.shape) for n, w in wanted.items() if w.shape]
    for refers in (False, True):
        some = [(n, w) for n, w in wanted.items() if bool(w.names) == refers]
        steps += [(n, w.optional, step) for n, w in some for step in w.later]
    parameters = signature.parameters.values()
    by_place = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    arrays = {n: x for n, x in defaults.items() if wanted[n].shape and x is not None}
    is_method = "self" in signature.parameters  # what it returns is of its own type
    shaped = [name for name, want in wanted.items() if want.shape]
    too_large = " and ".join(shaped)
    too_large += " must be smaller" + (", or the weights" if is_method else "")

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        given: dict[str, Any] = dict(zip(by_place, args, strict=False))
        given.update(kwargs)
        if len(given) < len(args) + len(kwargs):
            signature.bind(*args, **kwargs)  # raises the TypeError of such a call
        if arrays:
            given = arrays | given
        call = _Call(given, defaults)
        with np.errstate(all="ignore"):
            for name, optional, step in steps:
                if name in given and not (optional and given[name] is None):
                    given[name] = step(given[name], name, call)
        try:
            result = function(**given)
        except Overflow as error:
            about, reason = str(error).split(maxsplit=1)
            # What came was finite, so that this is an inner array of the same name.
            is_inner = about in shaped and reason.startswith("must be finite")
            if not shaped or about in given and not is_inner:
                raise
            raise Overflow(f"{too_large}: the numbers have overflowed") from None
        if check_results:
            _check_result(function, result, call)
        if call.floats == HALF and not is_method:
            return narrowed(result)
        return result

    checked.unchecked = function  # type: ignore[attr-defined]
    return checked


def guarded(
    guard: Callable[..., tuple],
) -> Callable[[Callable[P, R]], Contracted[P, R]]:
    """Hand a function what `guard` makes of its arguments, where no annotation can.

    guard : takes the arguments of the function, and returns all of them in their order.
    `f.unchecked` is the plain function.
    """

    def decorated(function: Callable[P, R]) -> Contracted[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            return function(*guard(*args, **kwargs))  # type: ignore[call-arg]

        checked.unchecked = function  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return decorated


class _Call:
    """One call: its arguments, and the sizes of letters with where they were met."""

    __slots__ = ("defaults", "floats", "given", "met_in", "sizes")

    def __init__(self, given: dict[str, Any], defaults: dict[str, Any]) -> None:
        self.given, self.defaults = given, defaults
        self.sizes: dict[str, Any] = {}
        self.met_in: dict[str, str] = {}
        self.floats: set[str] = set()  # the characters of the floating types

    def value(self, name: str) -> Any:
        """What a name stands for, None for a letter that was not met."""
        if name in self.given:
            return _plain(self.given[name])
        return self.defaults.get(name, self.sizes.get(name))

    def known(self, letters: list[str], name: str) -> str:
        """The letters that others than this argument have set: N = 10 as in X."""
        by_argument: dict[str, list[str]] = {}
        for letter in dict.fromkeys(letters):
            if self.met_in.get(letter, name) != name:
                size = f"{letter.lstrip('*')} = {self.sizes[letter]}"
                by_argument.setdefault(self.met_in[letter], []).append(size)
        return " and ".join(
            f"{' and '.join(sizes)} as in {where}"
            for where, sizes in by_argument.items()
        )


# A step takes the value of an argument, its name and the call. It returns the value, as
# the function will get it, or raises ValueError.
Step = Callable[[Any, str, _Call], Any]


# ---- shapes


@dataclass(frozen=True)
class _Shape:
    """A shape: for each part a size, a letter, None for any size, or what computes it.

    many : the place of the part that stands for any number of axes, None without one.
    computed : the places and texts of the parts that are computed from letters.
    """

    parts: tuple[Any, ...]
    many: int | None
    computed: tuple[tuple[int, str], ...]
    text: str

    @classmethod
    def of(cls, text: str) -> _Shape:
        words = text.split()
        many = [n for n, word in enumerate(words) if word[0] == "*" or word == "..."]
        parts: list[Any] = []
        computed = []
        for place, word in enumerate(words):
            if word.isdigit():
                parts.append(int(word))
            elif word == "..." or word.removeprefix("*").startswith("_"):
                parts.append(None)
            elif word.removeprefix("*").isidentifier():
                parts.append(word)
            elif word.startswith("{") and word.endswith("}"):
                if not FROM_ARGUMENTS.fullmatch(word):
                    raise TypeError(f"{word!r} is no size: {{name.field[0]}} is one")
                parts.append(functools.partial(_from_arguments, word))
            else:
                _parsed(word)
                parts.append(None)
                after_many = bool(many) and place > many[0]
                computed.append((place - len(words) if after_many else place, word))
        return cls(tuple(parts), many[0] if many else None, tuple(computed), text)

    def letters(self) -> list[str]:
        return [part for part in self.parts if isinstance(part, str)]

    def arguments(self) -> list[str]:
        """The arguments that {self.sizes[0]} and the like begin with."""
        return re.findall(r"{(\w+)", self.text)

    def letters_computed_from(self) -> list[str]:
        return [x for _, word in self.computed for x in _letters_in(_parsed(word))]

    def fits(self, shape: tuple[int, ...], name: str, call: _Call) -> bool:
        """Whether an array has this shape. Letters that are new get their sizes."""
        sizes: tuple[Any, ...] = shape
        if self.many is not None:
            end = self.many + len(shape) - len(self.parts) + 1
            if end < self.many:
                return False
            sizes = (*shape[: self.many], shape[self.many : end], *shape[end:])
        elif len(shape) != len(self.parts):
            return False
        for part, size in zip(self.parts, sizes, strict=True):
            if part.__class__ is str:
                if part not in call.sizes:
                    call.sizes[part], call.met_in[part] = size, name
                elif call.sizes[part] != size:
                    return False
            else:
                wanted = part(call) if callable(part) else part
                if wanted is not None and wanted != size:
                    return False
        return True

    def expected(self, name: str, call: _Call) -> str:
        """What a message says of the shape: (N, K) with N = 10 as in X."""
        words = self.text.split()
        for place, part in enumerate(self.parts):
            if callable(part):
                size = part(call)
                words[place] = words[place] if size is None else str(size)
        shown = f"({', '.join(words)}{',' if len(words) == 1 else ''})"
        known = call.known(self.letters() + self.letters_computed_from(), name)
        return f"{shown} with {known}" if known else shown


FROM_ARGUMENTS = re.compile(r"{[A-Za-z]\w*(\.[A-Za-z]\w*|\[\d+\])*}")


def _from_arguments(word: str, call: _Call) -> int | None:
    """The size that {self.sizes[0]} stands for: attributes and entries, no code.

    None if it is no whole number, which is refused elsewhere.
    """
    try:
        return int(word.format(**call.defaults | call.given))
    except (KeyError, ValueError, IndexError, AttributeError):  # not given, no number
        return None


ARITHMETIC: dict[type, Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


@functools.cache
def _parsed(word: str) -> ast.expr:
    """A size that is computed from letters, as K+1 or 2*H; TypeError if it is none."""
    try:
        node = ast.parse(word, mode="eval").body
        _computed(node, dict.fromkeys(_letters_in(node), 7))
    except (SyntaxError, KeyError):
        raise TypeError(f"{word!r} is no size: a number, a letter, or K+1") from None
    return node


def _letters_in(node: ast.AST) -> list[str]:
    return [part.id for part in ast.walk(node) if isinstance(part, ast.Name)]


def _computed(node: ast.AST, sizes: dict[str, int]) -> int:
    """The value of an expression; KeyError for what is neither a sum nor a product."""
    if isinstance(node, ast.Name):
        return sizes[node.id]
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if isinstance(node, ast.BinOp):
        apply = ARITHMETIC[type(node.op)]
        return apply(_computed(node.left, sizes), _computed(node.right, sizes))
    raise KeyError(type(node))


def _wrong_shape(given: np.ndarray, name: str, shape: _Shape, call: _Call) -> None:
    raise ValueError(
        f"{name} must have shape {shape.expected(name, call)}, got {given.shape}"
    )


def _array_of(
    kind: str, shape: _Shape, convert: Callable[[np.ndarray, str], np.ndarray]
) -> Step:
    """The step for an array: numbers, the shape, at least one, the kind of numbers."""

    def step(value: Any, name: str, call: _Call) -> np.ndarray:
        given = value if value.__class__ is Array else numbers(value)
        if given is None or given.dtype.kind not in "biuf":
            text = shape.expected(name, call)
            wanted = (
                f"an array of {kind}"
                if shape.text == "..."
                else f"{kind} of shape {text}"
            )
            raise ValueError(f"{name} must be {wanted}, got {short(value)}")
        if not shape.fits(given.shape, name, call):
            _wrong_shape(given, name, shape, call)
        if given.size == 0:
            raise ValueError(f"{name} must not be empty, got shape {given.shape}")
        converted = convert(given, name)
        if converted.dtype.kind == "f":
            call.floats.add(converted.dtype.char)
        return widened(converted)

    return step


def _computed_sizes(shape: _Shape) -> Step:
    """The step that compares the sizes that are computed from letters."""

    def step(given: np.ndarray, name: str, call: _Call) -> np.ndarray:
        for place, word in shape.computed:
            size = _parsed(word)
            is_known = all(letter in call.sizes for letter in _letters_in(size))
            if is_known and given.shape[place] != _computed(size, call.sizes):
                _wrong_shape(given, name, shape, call)
        return given

    return step


# ---- kinds of numbers


HALF = {np.dtype(np.float16).char}
LARGEST = np.iinfo(np.int64).max
EXACT = 2**53  # up to here a floating number can be told from its neighbours


def _to_floats(given: np.ndarray, name: str) -> np.ndarray:
    if given.dtype.kind != "f":
        return given.astype(np.float64)
    if not is_finite(given):
        raise Overflow(f"{name} must be finite, got NaN or infinity")
    return given


def _to_whole_numbers(given: np.ndarray, name: str) -> np.ndarray:
    if given.dtype.kind == "f":
        _to_floats(given, name)
        broken = given[(given != np.floor(given)) | (np.abs(given) > EXACT)]
    else:
        is_unsigned = given.dtype.kind == "u"
        broken = given[given > LARGEST] if is_unsigned else given.ravel()[:0]
    if broken.size:
        raise ValueError(f"{name} must hold whole numbers, got {broken[0]}")
    return given.astype(np.int64, copy=False)


def _to_truth_values(given: np.ndarray, name: str) -> np.ndarray:
    if given.dtype.kind == "b":
        return given
    strange = given[(given != 0) & (given != 1)]
    if strange.size:
        raise ValueError(f"{name} must hold True and False, got {strange[0]}")
    return given.astype(bool)


def _plain(value: Any) -> Any:
    """A number without its array, where it is an array of no axes."""
    is_scalar = isinstance(value, np.ndarray) and value.ndim == 0
    return value[()] if is_scalar else value


def _number(kind: type, limits: list[Range]) -> Step:
    """The step for one number, whole or finite, within its limits."""
    kinds = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    words = "a whole number" if kind is int else "a finite number"

    def step(value: Any, name: str, call: _Call) -> int | float:
        plain, allowed = _plain(value), _set(limits, call)
        try:
            fits = isinstance(plain, kinds) and not isinstance(plain, bool)
            number = kind(plain) if fits else math.nan
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf
        is_finite = isinstance(number, int) or math.isfinite(number)
        if not is_finite or _broken(allowed, number):
            wanted = f"{words} {_words(allowed, call)}".rstrip()
            raise ValueError(f"{name} must be {wanted}, got {short(value)}")
        return number

    return step


def _entries_within(kind: str, limits: list[Range]) -> Step:
    """The step for the limits of an array's entries."""

    def step(given: np.ndarray, name: str, call: _Call) -> np.ndarray:
        allowed = _set(limits, call)
        for extreme in (given.min(), given.max()):
            if _broken(allowed, extreme):
                text = _words(allowed, call)
                raise ValueError(f"{name} must hold {kind} {text}, got {extreme}")
        return given

    return step


COMPARISONS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "at_least": ("of at least", operator.ge),
    "above": ("above", operator.gt),
    "at_most": ("at most", operator.le),
    "below": ("below", operator.lt),
}


def _set(limits: list[Range], call: _Call) -> list[tuple[str, Any, str]]:
    """The limits that are set: which, the number, and the name that it came by."""
    found = []
    for one in limits:
        for key in one.keys:
            limit, name = getattr(one, key), ""
            if isinstance(limit, str):
                name, limit = limit, call.value(limit)
            # No number: an array without that size, or what is refused elsewhere.
            if isinstance(limit, int | float | np.number):
                found.append((key, limit, name))
    return found


def _broken(limits: list[tuple[str, Any, str]], number: Any) -> bool:
    return any(not COMPARISONS[key][1](number, limit) for key, limit, _ in limits)


def _words(limits: list[tuple[str, Any, str]], call: _Call) -> str:
    """The limits in words: of at least 0 and below K = 3 as in z."""
    parts = []
    for key, limit, name in limits:
        where = f" as in {call.met_in[name]}" if name in call.met_in else ""
        shown = f"{name} = {limit}{where}" if name else f"{limit}"
        parts.append(f"{COMPARISONS[key][0]} {shown}")
    return " and ".join(parts)


# ---- annotations


def _generator(value: Any, name: str, call: _Call) -> np.random.Generator:
    return checked_generator(value, name)


def _entries_among(wanted: tuple[Any, ...]) -> Step:
    """The step for an array of whole numbers that are some of a few."""
    listed = " and ".join(map(str, wanted))

    def step(given: np.ndarray, name: str, call: _Call) -> np.ndarray:
        strange = given[~np.isin(given, wanted)]
        if strange.size:
            raise ValueError(f"{name} must hold {listed} only, got {strange[0]}")
        return given

    return step


def _symmetric(given: np.ndarray, name: str, call: _Call) -> np.ndarray:
    slack = max([1e-8, *(8 * float(np.finfo(kind).eps) for kind in call.floats)])
    apart = np.abs(given - given.T).max()
    if apart > slack * np.abs(given).max():
        raise ValueError(
            f"{name} must be symmetric, got entries that differ by {apart:g}"
        )
    return given


def _function(value: Any, name: str, call: _Call) -> Any:
    if not callable(value):
        raise ValueError(f"{name} must be a function, got {short(value)}")
    return value


def _object_of(kind: type) -> Step:
    def step(value: Any, name: str, call: _Call) -> Any:
        if not isinstance(value, kind):
            got = type(value).__name__
            raise ValueError(f"{name} must be of type {kind.__name__}, got {got}")
        return value

    return step


def _one_of(names: tuple[Any, ...]) -> Step:
    def step(value: Any, name: str, call: _Call) -> str:
        if not isinstance(value, str) or value not in names:
            listed = ", ".join(names)
            raise ValueError(f"{name} must be one of {listed}, got {short(value)}")
        return value

    return step


def _axis_of(array: str) -> Step:
    def step(value: Any, name: str, call: _Call) -> int:
        if array not in call.given:
            return value  # the call itself is no call
        n_axes = np.ndim(call.given[array])
        is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not is_whole or not -n_axes <= value < n_axes:
            raise ValueError(
                f"{name} must be one of the {n_axes} axes of {array}, got {value!r}"
            )
        return int(value)

    return step


# Whose classes no contract enforces: what stands for them comes in many kinds.
OUTSIDE = ("builtins", "numpy", "collections.abc", "pathlib")
KINDS: dict[Any, tuple[str, Callable[[np.ndarray, str], np.ndarray]]] = {
    Float: ("numbers", _to_floats),
    Int: ("whole numbers", _to_whole_numbers),
    Bool: ("truth values", _to_truth_values),
}


@dataclass(frozen=True)
class _Wanted:
    """What a parameter's annotation asks: whether None will do, and the steps."""

    optional: bool = False
    shape: Step | None = None
    later: tuple[Step, ...] = ()
    letters: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # what its limits and sizes refer to

    @classmethod
    def by(cls, parameter: inspect.Parameter, function: Callable) -> _Wanted:
        named = (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if parameter.kind not in named:
            raise TypeError(f"a contract needs parameters with names, got {parameter}")
        if parameter.annotation is parameter.empty:
            return cls()
        hint, optional = _evaluated(parameter.annotation, function), False
        extras: list[Any] = []
        while get_origin(hint) in (Annotated, Union, types.UnionType):
            if get_origin(hint) is Annotated:
                hint, *more = get_args(hint)
                extras += more
            else:
                kinds = [kind for kind in get_args(hint) if kind is not type(None)]
                if len(kinds) > 1:
                    _check_no_limits(extras, parameter)
                    return cls()
                hint, optional = kinds[0], True
        limits = [extra for extra in extras if isinstance(extra, Range)]
        known = {type(extra): extra for extra in extras}
        axis, one_of = known.get(AxisOf), known.get(OneOf)
        names = tuple(_names_in(limits, axis))
        if isinstance(hint, type) and issubclass(hint, AbstractArray):
            kind, convert = _kind_of(hint)
            shape = _Shape.of(hint.dim_str)
            later = [_computed_sizes(shape)] if shape.computed else []
            later += [_entries_within(kind, limits)] if limits else []
            later += [_entries_among(one_of.names)] if one_of else []
            later += [_symmetric] if Symmetric in known else []
            array = _array_of(kind, shape, convert)
            names += (*shape.letters_computed_from(), *shape.arguments())
            return cls(optional, array, tuple(later), tuple(shape.letters()), names)
        if axis:
            return cls(optional, later=(_axis_of(axis.array),), names=names)
        if hint in (int, float):
            return cls(optional, later=(_number(hint, limits),), names=names)
        if hint is np.random.Generator:
            return cls(optional, later=(_generator,))
        if one_of:
            return cls(optional, later=(_one_of(one_of.names),))
        if collections.abc.Callable in (hint, get_origin(hint)):
            return cls(optional, later=(_function,))
        _check_no_limits(extras, parameter)
        if isinstance(hint, type) and hint.__module__ not in OUTSIDE:
            return cls(optional, later=(_object_of(hint),))
        return cls()


def _check_no_limits(extras: list[Any], parameter: inspect.Parameter) -> None:
    limits = Range | AxisOf | OneOf | Symmetric
    if any(isinstance(extra, limits) for extra in extras):
        raise TypeError(f"no contract enforces the limits of {parameter}")


def _evaluated(annotation: Any, function: Callable) -> Any:
    """An annotation, also one that is a string, as in a module that postpones them."""
    one = types.SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(one, function.__globals__, include_extras=True)["it"]


def _kind_of(hint: Any) -> tuple[str, Callable[[np.ndarray, str], np.ndarray]]:
    if hint.dtype not in KINDS or hint.array_type is not Array:
        raise TypeError(
            f"a contract knows Float, Int and Bool of Array, got {hint.__name__}"
        )
    return KINDS[hint.dtype]


def _names_in(limits: list[Range], axis: AxisOf | None) -> Iterator[str]:
    for one in limits:
        yield from (x for key in one.keys if isinstance(x := getattr(one, key), str))
    if axis:
        yield axis.array


def _check_names(wanted: dict[str, _Wanted]) -> None:
    known = {letter for want in wanted.values() for letter in want.letters} | {*wanted}
    for name, want in wanted.items():
        if unknown := [other for other in want.names if other not in known]:
            raise TypeError(
                f"the annotation of {name} names {unknown[0]!r}, which is neither a "
                "parameter nor a size"
            )


# ---- results

RESULTS: dict[Any, str] = {Float: "f", Int: "iu", Bool: "b"}


@functools.cache
def _result_hint(function: Callable) -> Any:
    return _evaluated(function.__annotations__.get("return"), function)


def _check_result(function: Callable, result: Any, call: _Call) -> None:
    """Compare what came back with the annotation; AssertionError if it differs."""
    hint = _result_hint(function)
    name = f"the result of {function.__qualname__}"
    hints: tuple[Any, ...]
    if get_origin(hint) is tuple and Ellipsis not in get_args(hint):
        hints, results = get_args(hint), result
        assert isinstance(result, tuple), f"{name} must be a tuple"
    else:
        hints, results = (hint,), (result,)
    assert len(results) == len(hints), f"{name} must have {len(hints)} parts"
    for part, got in zip(hints, results, strict=True):
        want, optional = _one_kind(part)
        is_array = isinstance(want, type) and issubclass(want, AbstractArray)
        if not is_array or (optional and got is None):
            continue
        kind = RESULTS[want.dtype]
        assert isinstance(got, np.ndarray | np.generic), f"{name} must be an array"
        assert got.dtype.kind in kind, f"{name} must be {want.dtype}, got {got.dtype}"
        shape = _Shape.of(want.dim_str)
        fits = shape.fits(got.shape, name, call)
        assert fits, (
            f"{name} must have shape {shape.expected(name, call)}, got {got.shape}"
        )
        try:
            _computed_sizes(shape)(got, name, call)
        except ValueError as error:
            raise AssertionError(str(error)) from None


def _one_kind(hint: Any) -> tuple[Any, bool]:
    """A hint without Annotated, and without None, which it may allow."""
    optional = False
    while get_origin(hint) in (Annotated, Union, types.UnionType):
        kinds = get_args(hint)
        if get_origin(hint) is not Annotated:
            kinds = tuple(kind for kind in kinds if kind is not type(None))
            optional = optional or len(kinds) < len(get_args(hint))
        if get_origin(hint) is not Annotated and len(kinds) > 1:
            return None, optional
        hint = kinds[0]
    return hint, optional
