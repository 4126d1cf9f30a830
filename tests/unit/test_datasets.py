"""Toy data keep their promises; bundled data are what their notices say."""

import hashlib
import re
import sys
from importlib import resources
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial_utils import datasets
from tutorial_utils.linear_classifiers import margin


def test_topics():
    topics = datasets.load_topics()
    assert len(topics.texts) == len(topics.terms) == len(topics.y) == 3070
    assert topics.names == tuple(sorted(topics.names))
    sizes = dict(zip(topics.names, np.bincount(topics.y), strict=True))
    assert sizes["law"] == 607
    assert sizes["music"] == 205
    assert len(set(topics.texts)) == 3070, "a text twice could stand in both halves"


def test_mnist():
    mnist = datasets.load_mnist()
    assert mnist.x_train.shape == (8000, 784)
    assert mnist.x_test.shape == (2000, 784)
    for x, y in ((mnist.x_train, mnist.y_train), (mnist.x_test, mnist.y_test)):
        assert x.dtype == np.uint8
        assert (x.min(), x.max()) == (0, 255)
        assert y.shape == (len(x),)
        counts = np.bincount(y)
        assert len(counts) == 10
        assert counts.min() > 0.08 * len(y)
    # A picture twice could stand in both parts.
    pictures = {x.tobytes() for x in np.vstack([mnist.x_train, mnist.x_test])}
    assert len(pictures) == 10_000
    upright = mnist.x_train[mnist.y_train == 1].mean(axis=0).reshape(28, 28)
    assert upright[14, 12:16].mean() > 4 * upright[14, :8].mean(), "line by line"


def test_photographs():
    photographs = datasets.load_photographs()
    colour = {"astronaut", "chelsea", "coffee", "rocket"}
    assert set(photographs) == colour | {"camera", "brick", "grass", "gravel"}
    for name, picture in photographs.items():
        assert picture.dtype == np.uint8
        assert picture.shape == (224, 224, 3)[: 2 + (name in colour)]
        assert picture.std() > 10
    sky, coat = (
        photographs["camera"][rows, columns].mean()
        for rows, columns in (
            (slice(10, 40), slice(150, 220)),
            (slice(140, 190), slice(50, 80)),
        )
    )
    assert sky > 2 * coat, "line by line, light is large"


def test_dictionary_and_bible():
    dictionary, bible = datasets.load_dictionary(), datasets.load_bible()
    assert len(dictionary) == 144_996
    assert dictionary[3] == "thing: a separate and self-contained entity"
    n_words = sum(len(datasets.tokens(line)) for line in dictionary)
    assert round(n_words, -5) == 1_500_000
    assert len(bible) == 31_102
    assert bible[0] == "In the beginning God created the heaven and the earth."
    assert not any("\t" in verse for verse in bible)


def test_novel_names_and_kept_weights():
    novel = datasets.load_novel()
    assert len(novel) == 682_302
    assert len(set(novel)) == 75
    assert novel.startswith("PRIDE AND PREJUDICE\nBy Jane Austen\nChapter 1\n")
    assert "single man in possession of a good fortune" in novel
    assert not any(line != line.strip() for line in novel.splitlines())
    names, y = datasets.load_names()
    assert len(names) == len(y) == len(set(names)) == 5_163
    assert (y == 0).sum() == 4_014
    assert dict(zip(names, y, strict=True))["mary"] == 0
    assert dict(zip(names, y, strict=True))["james"] == 1
    assert set("".join(names)) <= set("abcdefghijklmnopqrstuvwxyz")
    weights = datasets.load_character_weights()
    shapes = {"V": (1024, 75), "U": (1024, 256), "b": (1024,)}
    shapes |= {"W": (75, 256), "b_out": (75,)}
    assert {name: w.shape for name, w in weights.items()} == shapes
    assert all(w.dtype == np.float64 for w in weights.values())
    painter = datasets.load_draw_weights()
    assert painter["canvas"].shape == (784,)
    assert painter["decoder.weight_ih"].shape == (4 * 128, 10)
    assert painter["patch.weight"].shape == (25, 128)
    assert all(w.dtype == np.float32 for w in painter.values())


def test_every_bundled_file_has_its_sum_and_the_sums_hold():
    folder = resources.files("tutorial_utils") / "data"
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}
    files = {f.name for f in folder.iterdir()} - {"SHA256SUMS", "LICENSES"}
    assert set(sums) == files
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_damaged_or_missing_file_is_named(monkeypatch, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "SHA256SUMS").write_text("00 topics.tsv.gz\n")
    monkeypatch.setattr(datasets.resources, "files", lambda package: tmp_path)
    with pytest.raises(RuntimeError, match="topics.tsv.gz is missing"):
        datasets.load_topics()
    (data / "topics.tsv.gz").write_bytes(b"x")
    with pytest.raises(RuntimeError, match="topics.tsv.gz is damaged"):
        datasets.load_topics()


def test_tokens():
    assert datasets.tokens("The bat's 2nd HIT;") == ["the", "bat", "s", "nd", "hit"]


@pytest.mark.parametrize(
    ("name", "value"), [("or", max), ("and", min), ("xor", np.bitwise_xor.reduce)]
)
def test_boolean_function(name, value):
    X, y = datasets.boolean_function(name)
    assert y.tolist() == [value(row) for row in X.astype(int).tolist()]


def test_gaussian_classes_stand_about_their_centres():
    rng = np.random.default_rng(0)
    X, y = datasets.gaussian_classes(rng, [[1, 2], [30, 4]], 500, spread=0.5)
    assert y.tolist() == [0] * 500 + [1] * 500
    np.testing.assert_allclose(X[y == 1].mean(axis=0), [30, 4], atol=0.1)
    np.testing.assert_allclose(X[y == 1].std(axis=0), 0.5, atol=0.05)


def test_rings_without_noise_lie_on_their_circles():
    X, y = datasets.rings(np.random.default_rng(0), 40, n_classes=3, noise=0)
    assert y.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), y + 1)


def test_the_arms_of_a_spiral_are_turned_copies_of_one_curve():
    turns = 1.25
    X, y = datasets.spirals(np.random.default_rng(0), 40, 3, turns=turns, noise=0)
    assert y.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    radius = np.linalg.norm(X, axis=1)
    assert radius.min() >= 0.2
    assert radius.max() <= 2
    angle = 2 * np.pi * (turns * radius / 2 + y / 3)
    np.testing.assert_allclose(X[:, 0], radius * np.cos(angle), atol=1e-12)
    np.testing.assert_allclose(X[:, 1], radius * np.sin(angle), atol=1e-12)


@pytest.mark.parametrize("draw", [datasets.rings, datasets.spirals])
def test_noise_moves_each_coordinate_by_its_standard_deviation(draw):
    noisy, _ = draw(np.random.default_rng(0), 2000, noise=0.3)
    exact, _ = draw(np.random.default_rng(0), 2000, noise=0)
    np.testing.assert_allclose((noisy - exact).std(axis=0), 0.3, rtol=0.05)


@pytest.mark.parametrize("n_squares", [1, 2])
def test_cards_show_squares_on_the_sides_that_their_labels_say(n_squares):
    images, y = datasets.cards(np.random.default_rng(0), 300, n_squares)
    grids = images.reshape(300, 20, 20)
    halves = np.stack([grids[..., :10], grids[..., 10:]]).sum(axis=(2, 3))  # (2, 300)
    assert set(np.unique(images)) == {0, 1}
    assert set(np.unique(y)) == {0, 1}
    if n_squares == 1:
        np.testing.assert_array_equal(halves[y, np.arange(300)], 25)
        assert (halves.sum(axis=0) == 25).all()
    else:
        np.testing.assert_array_equal((halves > 0).sum(axis=0) == 2, y == 1)
        assert (halves[:, y == 1] == 25).all()
        assert (halves.sum(axis=0) == 50).all(), "squares overlap"


ONES = {
    "one": "um",
    "two": "dois",
    "three": "três",
    "four": "quatro",
    "five": "cinco",
    "six": "seis",
    "seven": "sete",
    "eight": "oito",
    "nine": "nove",
    "ten": "dez",
    "eleven": "onze",
    "twelve": "doze",
    "thirteen": "treze",
    "fourteen": "catorze",
    "fifteen": "quinze",
    "sixteen": "dezasseis",
    "seventeen": "dezassete",
    "eighteen": "dezoito",
    "nineteen": "dezanove",
}
TENS = {
    "twenty": "vinte",
    "thirty": "trinta",
    "forty": "quarenta",
    "fifty": "cinquenta",
    "sixty": "sessenta",
    "seventy": "setenta",
    "eighty": "oitenta",
    "ninety": "noventa",
}
ENGLISH = {word: k for k, word in enumerate(ONES, 1)}
ENGLISH |= {word: 10 * k for k, word in enumerate(TENS, 2)}
PORTUGUESE = {word: k for k, word in enumerate(ONES.values(), 1)}
PORTUGUESE |= {word: 10 * k for k, word in enumerate(TENS.values(), 2)}
PORTUGUESE |= {"primeiro": 1, "mil": 1000, "novecentos": 900}
IRREGULAR = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9}
IRREGULAR |= {"twelfth": 12, "twentieth": 20, "thirtieth": 30}
ORDINALS = IRREGULAR | {f"{word}th": k for word, k in ENGLISH.items() if k < 20}
NAMES = {
    "january": "janeiro",
    "february": "fevereiro",
    "march": "março",
    "april": "abril",
    "may": "maio",
    "june": "junho",
    "july": "julho",
    "august": "agosto",
    "september": "setembro",
    "october": "outubro",
    "november": "novembro",
    "december": "dezembro",
    "monday": "segunda-feira",
    "tuesday": "terça-feira",
    "wednesday": "quarta-feira",
    "thursday": "quinta-feira",
    "friday": "sexta-feira",
    "saturday": "sábado",
    "sunday": "domingo",
}
MONTHS, WEEKDAYS = list(NAMES)[:12], list(NAMES)[12:]


def split_at(words, word):
    """The parts between the places where a word stands."""
    parts = [[]]
    for one in words:
        parts = [*parts, []] if one == word else [*parts[:-1], [*parts[-1], one]]
    return parts


def english_date(words):
    """Weekday (or None), day, month and year, in any of the three orders."""
    weekday = next((w for w in words if w in WEEKDAYS), None)
    (at,) = (k for k, w in enumerate(words) if w in MONTHS)
    (last,) = (k for k, w in enumerate(words) if w in ORDINALS)
    day = ORDINALS[words[last]]
    day += ENGLISH[words[last - 1]] if words[last - 1] in TENS else 0
    year = words[max(at, last) + 1 :]
    year = year[: year.index(",")] if "," in year else year
    if year[:3] == ["two", "thousand", "and"]:
        return weekday, day, words[at], 2000 + sum(ENGLISH[w] for w in year[3:])
    assert year[0] == "nineteen"
    rest = [w for w in year[1:] if w != "oh"]
    assert ("oh" in year) == (sum(ENGLISH[w] for w in rest) < 10)
    return weekday, day, words[at], 1900 + sum(ENGLISH[w] for w in rest)


def portuguese_date(words):
    """The same, its names in English, of "[weekday ,] day de month de year"."""
    english = {b: a for a, b in NAMES.items()}
    weekday = english[words[0]] if words[1] == "," else None
    day, month, year = split_at(words[2:] if weekday else words, "de")
    start = 2000 if year[0] == "dois" else 1900
    assert year[:3] == (["dois", "mil", "e"] if start == 2000 else YEARS_1900)
    numbers = (sum(PORTUGUESE[w] for w in part if w != "e") for part in (day, year[3:]))
    day, rest = numbers
    return weekday, day, english[month[0]], start + rest


YEARS_1900 = ["mil", "novecentos", "e"]


def test_dates_mean_the_same_in_both_languages():
    pairs = datasets.dates(np.random.default_rng(0), 3000, 1, 3)
    assert len(pairs) == 3000
    seen, orders = [], set()
    for pair in pairs:
        sides = split_at(pair.source, "then"), split_at(pair.target, "depois")
        for ours, theirs in zip(*sides, strict=True):
            seen.append(english_date(ours))
            assert portuguese_date(theirs) == seen[-1]
            orders.add((ours[0] in WEEKDAYS, ours[0] in MONTHS, seen[-1][0] is None))
    assert len(orders) == 3, "three orders of words"
    weekdays, days, months, years = zip(*seen, strict=True)
    assert set(weekdays) == {None, *WEEKDAYS}
    assert set(days) == set(range(1, 32))
    assert set(months) == set(MONTHS)
    assert set(years) == {*range(1901, 2000), *range(2001, 2030)}
    counts = np.bincount([len(split_at(pair.source, "then")) for pair in pairs])
    assert len(counts) == 4
    assert counts[1:].min() > 900


def test_the_alignment_of_dates_joins_words_of_one_meaning():
    meaning = {b: {a} for a, b in NAMES.items()} | {"depois": {"then"}}
    for word, number in PORTUGUESE.items():
        same = {w for w, k in (*ENGLISH.items(), *ORDINALS.items()) if k == number}
        meaning[word] = same
    meaning |= {"mil": {"nineteen", "thousand"}, "novecentos": {"nineteen"}}
    meaning |= {"e": {"and"}}
    for pair in datasets.dates(np.random.default_rng(1), 500, 1, 4):
        assert len(pair.alignment) == len(pair.target)
        for word, at in zip(pair.target, pair.alignment, strict=True):
            if at == -1:
                assert word in (",", "de", "e")
            else:
                assert 0 <= at < len(pair.source)
                assert pair.source[at] in meaning[word], (word, pair.source[at])
        used = set(pair.alignment)
        for at, word in enumerate(pair.source):  # each word of meaning is used
            assert (at in used) == (word not in (",", "the", "of", "a", "oh"))
        dates = np.cumsum([word == "then" for word in pair.source])
        own = np.cumsum([word == "depois" for word in pair.target])
        for date, at in zip(own, pair.alignment, strict=True):
            assert at == -1 or dates[at] == date, "a word of another date"


def test_dates_are_as_many_as_asked_for_and_determined_by_the_generator():
    for low, high in ((1, 1), (2, 2), (2, 4)):
        pairs = datasets.dates(np.random.default_rng(2), 60, low, high)
        counts = {pair.source.count("then") + 1 for pair in pairs}
        assert counts == set(range(low, high + 1))
    again = datasets.dates(np.random.default_rng(2), 60, 2, 4)
    assert again == pairs
    again[0].source.append("more")
    assert datasets.dates(np.random.default_rng(2), 60, 2, 4) == pairs


WIDER_ACTORS = {
    "a boy": {"a boy", "a child", "a person"},
    "a young girl": {"a girl", "a child", "a person"},
    "a man": {"a man", "a person"},
    "a woman": {"a woman", "a person"},
    "two men": {"two men", "two people"},
    "two dogs": {"two dogs", "two animals"},
}
WIDER_ACTIONS = {
    "riding a camel": "riding an animal",
    "riding a horse": "riding an animal",
    "playing with a ball": "playing",
    "playing with a toy": "playing",
    "swimming": "swimming",
    "sleeping": "resting",
    "sitting": "resting",
    "talking on a cellphone": "talking",
}
PLACES = ("in a crowded", "in the lake", "around the", "in the street", "next to a")
VERBS = {"rides": "riding", "plays": "playing", "swims": "swimming"}
VERBS |= {"sleeps": "sleeping", "sits": "sitting", "talks": "talking"}


def facts_of(premise):
    """The actor, and what is said of clothes, action and place."""
    text = " ".join(premise)
    (actor,) = (a for a in WIDER_ACTORS if text.startswith(f"{a} "))
    facts, rest = {}, text.removeprefix(actor).strip()
    if rest.startswith("wearing a "):
        colour, garment, *left = rest.removeprefix("wearing a ").split()
        facts["clothes"], rest = f"{colour} {garment}", " ".join(left)
    at = min((rest.find(p) for p in PLACES if p in rest), default=len(rest))
    rest, place = rest[:at].strip(), rest[at:]
    facts |= {"place": place} if place else {}
    if rest:
        verb, *left = rest.split()
        action = " ".join(left) if verb in ("is", "are") else rest
        assert (verb == "are") == actor.startswith("two")
        if verb in VERBS:
            action = " ".join([VERBS[verb], *left]).replace("riding on", "riding")
        facts["action"] = action
        assert action in WIDER_ACTIONS
    return actor, facts


def label_of(premise, hypothesis):
    actor, facts = facts_of(premise)
    text = " ".join(hypothesis)
    verb = " are " if actor.startswith("two") else " is "
    who, says = text.split(verb, 1)
    assert who in WIDER_ACTORS[actor]
    if says.startswith("wearing a "):
        topic, worn = "clothes", says.removeprefix("wearing a ")
        follows = facts.get("clothes", "").endswith(worn)
    elif says.startswith(PLACES):
        topic, follows = "place", facts.get("place") == says
    else:
        topic, action = "action", facts.get("action")
        follows = says in (action, WIDER_ACTIONS.get(action))
        assert says in {*WIDER_ACTIONS, *WIDER_ACTIONS.values()}
    name = "neutral" if topic not in facts else "entailment" if follows else None
    return topic, datasets.INFERENCES.index(name or "contradiction")


def test_labels_of_inference_pairs_say_what_follows():
    drawn = datasets.inference_pairs(np.random.default_rng(0), 2000)
    premises, hypotheses, labels = drawn
    assert len(premises) == len(hypotheses) == 2000
    assert labels.shape == (2000,)
    assert labels.dtype.kind == "i"
    found = [label_of(*pair) for pair in zip(premises, hypotheses, strict=True)]
    assert [label for _, label in found] == labels.tolist()
    assert len(set(found)) == 9, "three topics with each label"
    assert np.bincount(labels).min() > 500
    told = [facts_of(premise)[1] for premise in premises]
    assert {len(facts) for facts in told} == {1, 2, 3}
    assert {facts["action"] for facts in told if "action" in facts} == set(
        WIDER_ACTIONS
    )
    assert {facts_of(premise)[0] for premise in premises} == set(WIDER_ACTORS)
    assert datasets.INFERENCES == ("entailment", "contradiction", "neutral")


def test_inference_pairs_are_determined_by_the_generator():
    ours, theirs = (
        datasets.inference_pairs(np.random.default_rng(3), 20) for _ in range(2)
    )
    assert ours[:2] == theirs[:2]
    assert ours[2].tolist() == theirs[2].tolist()
    assert all(isinstance(word, str) for words in ours[0] + ours[1] for word in words)


@pytest.mark.parametrize(("language", "count"), [("pt", 4905), ("fr", 6851)])
def test_translations(language, count):
    english, foreign = datasets.load_translations(language)
    assert len(english) == len(foreign) == count
    for side in (english, foreign):
        assert isinstance(side, tuple)
        assert all(text == text.strip() != "" for text in side)
        assert not any("\t" in text for text in side)
    assert max(len(text.split()) for text in english) <= 12
    assert len(set(zip(english, foreign, strict=True))) == count
    accents = set("ãõç") if language == "pt" else set("èêç")
    assert accents <= set("".join(foreign).lower())
    assert sum(bool(accents & set(text)) for text in english) < 0.01 * count


def test_portuguese_is_what_is_loaded_unless_asked_otherwise():
    assert datasets.load_translations() == datasets.load_translations("pt")


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 5),
    st.integers(2, 5),
    st.floats(0.01, 0.2),
)
def test_separable_classes_have_the_margin(seed, n_features, n_classes, gamma):
    rng = np.random.default_rng(seed)
    X, y, U = datasets.separable_classes(rng, 30, n_features, n_classes, gamma)
    assert X.shape == (30, n_features)
    assert np.abs(X).max() <= 1
    assert np.linalg.norm(U) == pytest.approx(1)
    assert margin(U, X, y) >= gamma - 1e-12


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rng: datasets.boolean_function("nand"), "name must be one of"),
        (lambda rng: datasets.gaussian_classes(rng, [0, 1], 3), "centres must have"),
        (lambda rng: datasets.gaussian_classes(rng, [[0]], 0), "n_per_class must"),
        (lambda rng: datasets.gaussian_classes(rng, [[0]], 1, 0), "spread must"),
        (lambda rng: datasets.gaussian_classes(rng, [[0]], 1, "a"), "spread must"),
        (lambda rng: datasets.gaussian_classes(3, [[0]], 1), "rng must"),
        (lambda rng: datasets.cards(rng, 0), "n must"),
        (lambda rng: datasets.cards(rng, 5, 3), "n_squares must be 1 or 2"),
        (lambda rng: datasets.rings(rng, 0), "n_per_class must"),
        (lambda rng: datasets.rings(rng, 5, noise=-1), "noise must .* at least 0"),
        (lambda rng: datasets.spirals(rng, 5, turns=0), "turns must .* above 0"),
        (lambda rng: datasets.spirals(rng, 5, 0), "n_classes must"),
        (lambda rng: datasets.boolean_function(["or"]), "name must be one of"),
        (lambda rng: datasets.tokens(["a"]), "text must be a string"),
        (lambda rng: datasets.separable_classes(rng, 5, 2, 1, 0.1), "n_classes must"),
        (
            lambda rng: datasets.separable_classes(rng, 5, 2, 2, 0),
            "margin must be a finite number above 0",
        ),
        (lambda rng: datasets.separable_classes(rng, 5, 2, 2, 9), "too large"),
        (lambda rng: datasets.dates(3, 1), "rng must"),
        (lambda rng: datasets.dates(rng, 0), "n must"),
        (lambda rng: datasets.dates(rng, 1, 0), "min_dates must"),
        (lambda rng: datasets.dates(rng, 1, 3, 2), "max_dates must .* at least 3"),
        (lambda rng: datasets.dates(rng, 1, 1, 2.5), "max_dates must"),
        (lambda rng: datasets.inference_pairs(3, 1), "rng must"),
        (lambda rng: datasets.inference_pairs(rng, 0), "n must"),
        (lambda rng: datasets.load_translations("de"), "language must be 'pt' or"),
        (lambda rng: datasets.load_translations(None), "language must be 'pt' or"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call(np.random.default_rng(0))


class Site:
    """Stands in for the browser's objects: a site with one answer."""

    def __init__(self, status, content):
        self.status, self.content, self.asked = status, content, []
        self.location = SimpleNamespace(
            href="https://book.example/lite/extensions/kernel/static/worker.js"
        )
        self.XMLHttpRequest = SimpleNamespace(new=lambda: self)

    def open(self, method, address, asynchronous):
        self.asked.append(address)

    def send(self):
        if self.status is None:
            raise OSError("no network")
        self.response = SimpleNamespace(to_bytes=lambda: self.content)


def in_browser_with(monkeypatch, status, content):
    site = Site(status, content)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setitem(sys.modules, "js", site)
    monkeypatch.setitem(
        sys.modules, "pyodide.ffi", SimpleNamespace(JsException=OSError)
    )
    return site


def test_in_a_browser_the_data_come_from_the_site(monkeypatch):
    here = datasets.load_topics()
    content = (
        resources.files(datasets.__package__) / "data/topics.tsv.gz"
    ).read_bytes()
    site = in_browser_with(monkeypatch, 200, content)
    there = datasets.load_topics()
    assert site.asked == ["https://book.example/lite/files/data/topics.tsv.gz"]
    assert there.texts == here.texts


@pytest.mark.parametrize(
    ("status", "content", "says"),
    [
        (404, b"", "topics.tsv.gz is missing: reload the page"),
        (200, b"something else", "topics.tsv.gz is damaged: reload the page"),
        (None, b"", "topics.tsv.gz cannot be fetched: is this machine online?"),
    ],
)
def test_what_a_browser_cannot_load_is_told(monkeypatch, status, content, says):
    in_browser_with(monkeypatch, status, content)
    with pytest.raises(RuntimeError, match=re.escape(says)):
        datasets.load_topics()
