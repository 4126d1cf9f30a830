"""Write the page of the book from what was measured: `book/benchmarks.md` and data."""

import json
import sys
from collections import defaultdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from tutorial_utils import plotting

BOOK = Path(__file__).resolve().parents[1] / "book"

NO_BREAK = "\u00a0"
NOISE = 1.25  # what two runs of one ratio may differ by

# Why a row is slower than the ratio that it should reach, by how its name begins.
REASONS = {
    "softmax (": "most of the time is NumPy's exponential, slower than torch's",
    "softmax backward": "the check that p and g are finite reads both once more",
    "sparsemax": "a pass each for the largest score, the candidates and the result",
    "sparsemax backward": "the check that p and g are finite reads both once more",
    "network 784": "nearly all of the time is in the products, which are the same",
    "the same by the book's automatic": "beside the products there are the value of "
    "the loss, the checks of the leaves and the walk over the graph",
    "the same by automatic": "beside the products there are the value of the loss, the "
    "checks of the leaves and the walk over the graph",
    "max pooling 2x2 backward": "torch has kept where the maxima were; the book's "
    "function keeps nothing and finds them again",
    "perceptron, 10,000": "an example takes few microseconds, and the loop over the "
    "examples is Python",
    "perceptron, 3,070": "the loop over the texts is Python; the library's is compiled",
    "additive attention": "both sides spend their time in the same products and tanh",
    "the same by two functions": "the way back computes the hidden layer again",
    "beam search": "both sides spend their time in the model's own steps",
    "log Z": "the time is in exponentials' products, fed from memory, and logarithms",
    "RBM": "the five products of matrices that both sides need are most of the "
    "library's time already, and random numbers come on top",
    "skip-gram": "fetching the vectors of words and noise words from memory takes as "
    "long as computing with them, and the book's are in double precision",
    "conv2d": "the columns are copied for the way there and again for the way back",
    "conv2d_by_lines": "several products where the library has one",
    "LSTM": "each step of time is a dozen calls for small arrays",
    "GRU": "each step of time is a dozen calls for small arrays",
    "Elman": "each step of time is three calls for small arrays",
}

PAGE = Path(__file__).with_name("page.md").read_text(encoding="utf-8")


def table(head: list[str], rows: list[list[str]]) -> str:
    numbers = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, numbers, *rows])


def milliseconds(stats: dict) -> str:
    """Median and range between the quartiles, with three digits of the median."""
    median, spread = 1000 * stats["median"], 1000 * stats["iqr"]
    decimals = max(0, 2 - int(np.floor(np.log10(median))))
    return f"{median:,.{decimals}f} ± {spread:,.{decimals}f}"


def ratios_of(benchmarks: list[dict]) -> list[dict]:
    sides = defaultdict(dict)
    for benchmark in benchmarks:
        if "side" in benchmark["extra_info"]:
            sides[benchmark["group"]][benchmark["extra_info"]["side"]] = benchmark
    found = []
    for pair in sides.values():
        book, reference = (pair[side]["stats"] for side in ("book", "reference"))
        facts = pair["book"]["extra_info"]
        found.append(
            {name: facts[name] for name in ("work", "reference", "aim")}
            | {
                "ratio": book["median"] / reference["median"],
                "book_ms": milliseconds(book),
                "reference_ms": milliseconds(reference),
                "rounds": [book["rounds"], reference["rounds"]],
            }
        )
    return found


def verdict(row: dict) -> str:
    """A star where the aim is missed, a wave if by less than the noise, or nothing."""
    if row["aim"] is None or row["ratio"] <= row["aim"]:
        return ""
    return "~" if row["ratio"] <= NOISE * row["aim"] else "*"


def why(missed: list[dict]) -> str:
    lines = []
    for row in missed:
        fitting = [begin for begin in REASONS if row["work"].startswith(begin)]
        if not fitting:
            sys.exit(f"say in REASONS why this row misses its aim: {row['work']}")
        lines.append(f"- {row['work']}: {REASONS[max(fitting, key=len)]}.")
    head = "Why the rows with a star miss their aims:\n\n"
    return head + "\n".join(lines) + "\n" if lines else ""


def growth_of(benchmarks: list[dict]) -> list[dict]:
    groups = defaultdict(list)
    for benchmark in benchmarks:
        if "size" in benchmark["extra_info"]:
            groups[benchmark["group"]].append(benchmark)
    found = []
    for work, group in groups.items():
        facts = group[0]["extra_info"]
        sizes = np.array([b["extra_info"]["size"] for b in group])
        seconds = np.array([b["stats"]["median"] for b in group])
        place = sizes if facts["base"] == "2" else np.log2(sizes)
        fitted = np.polyfit(place[-3:], np.log2(seconds[-3:]), 1)[0]
        found.append(
            {
                "work": work,
                "size_of": facts["size_of"],
                "sizes": sizes.tolist(),
                "milliseconds": (1000 * seconds).tolist(),
                "base": facts["base"],
                "theory": facts["exponent"],
                "fitted": float(fitted),
            }
        )
    return found


def draw_growth(growth: list[dict], path: Path) -> str:
    """Draw all curves, and return a text that says what the picture shows."""
    plotting.use_style()
    fig, axes = plt.subplots(2, 4, figsize=(9, 4.6))
    for ax, one in zip(axes.flat, growth, strict=False):
        sizes, times = np.array(one["sizes"]), np.array(one["milliseconds"])
        is_exponential = one["base"] == "2"
        steps = one["theory"] * (sizes if is_exponential else np.log2(sizes))
        ax.plot(sizes, times, "o-")
        ax.plot(sizes, times[-1] * 2.0 ** (steps - steps[-1]), "--")
        ax.set_yscale("log")
        if not is_exponential:
            ax.set_xscale("log", base=2)
        ax.set_title(one["work"], fontsize=9)
        ax.set_xlabel(one["size_of"], fontsize=9)
        ax.tick_params(labelsize=8)
    for ax in axes.flat[len(growth) :]:
        ax.axis("off")
    for ax in axes[:, 0]:
        ax.set_ylabel("milliseconds", fontsize=9)
    fig.savefig(path)
    plt.close(fig)
    parts = (f"{g['work']} {g['fitted']:.2f}, in theory {g['theory']}" for g in growth)
    return f"{len(growth)} curves. Exponents as fitted: {'; '.join(parts)}."


def widget_rows(chapters: dict) -> list[list[str]]:
    rows = []
    for chapter, facts in chapters.items():
        for name, times in facts["widgets"].items():
            cells = [
                f"{np.median(times[where]):.0f}, {max(times[where]):.0f}"
                for where in ("page", "kernel")
            ]
            rows.append([f"{int(chapter[:2])}: {name}", *cells])
    return rows


def page_python_rows(medians: dict) -> list[list[str]]:
    """A row for each step, with cold and warm times of each browser, in seconds."""
    steps = next(iter(medians.values()))["cold"]
    return [
        [step]
        + [
            f"{times['cold'][step] / 1000:.2f}, {times['warm'][step] / 1000:.2f}"
            for times in medians.values()
        ]
        for step in steps
        if step != "bytes"
    ]


def piece_rows(pieces: dict) -> list[list[str]]:
    """A row for each step of each piece."""
    return [
        [f"{piece}: {step}"]
        + [
            f"{times['cold'][step]:,.0f}, {times['warm'][step]:,.0f}"
            for times in medians.values()
        ]
        for piece, medians in pieces.items()
        for step in next(iter(medians.values()))["cold"]
    ]


def measured(folder: Path) -> dict:
    """The data of the page: what was measured now, and the last of what was not."""
    kept = BOOK / "benchmarks.json"
    data = json.loads(kept.read_text()) if kept.exists() else {}
    if (folder / "times.json").exists():
        times = json.loads((folder / "times.json").read_text())
        data |= {"date": times["datetime"][:10], "machine": times["machine_info"]}
        data["ratios"] = ratios_of(times["benchmarks"])
        data["growth"] = growth_of(times["benchmarks"])
    parts = {"memory": "memory_megabytes", "chapters": "chapters"}
    parts |= {"page_python": "page_python", "pieces": "pieces"}
    for name, part in parts.items():
        if (folder / f"{name}.json").exists():
            data[part] = json.loads((folder / f"{name}.json").read_text())
    return data


def main(folder: Path) -> None:
    data = measured(folder)
    (BOOK / "benchmarks.json").write_text(json.dumps(data, indent=1) + "\n")
    ratios, growth, chapters = data["ratios"], data["growth"], data["chapters"]
    machine, memory = data["machine"], data["memory_megabytes"]
    python, pieces = data["page_python"], data["pieces"]

    stars = [verdict(row) for row in ratios]
    missed = [row for row, star in zip(ratios, stars, strict=True) if star == "*"]
    page = PAGE.format(
        date=data["date"],
        processor=machine["processor"],
        system=machine["system"],
        version=machine["python"],
        libraries=", ".join(f"{n} {v}" for n, v in machine["libraries"].items()),
        n_missed=len(missed),
        n_near=stars.count("~"),
        n_aims=sum(row["aim"] is not None for row in ratios),
        ratios=table(
            ["work", "beside", "book, ms", "other, ms", "ratio", "aim"],
            [
                [r["work"], r["reference"], r["book_ms"], r["reference_ms"]]
                + [
                    f"{r['ratio']:.2f}{star and NO_BREAK + star}",
                    "" if r["aim"] is None else f"{r['aim']:g}",
                ]
                for r, star in zip(ratios, stars, strict=True)
            ],
        ),
        reasons=why(missed),
        growth=table(
            ["work", "size", "from", "to", "exponent, fitted", "in theory"],
            [
                [g["work"], g["size_of"], f"{g['sizes'][0]:,}", f"{g['sizes'][-1]:,}"]
                + [f"{g['fitted']:.2f}", f"{g['theory']:g}"]
                for g in growth
            ],
        ),
        alt=draw_growth(growth, BOOK / "growth.png"),
        memory=table(
            ["work", "by", "megabytes"],
            [
                [work, side, f"{megabytes:.0f}"]
                for work, sides in memory.items()
                for side, megabytes in sides.items()
            ],
        ),
        chapters=table(
            ["chapter", "seconds", "peak megabytes"],
            [
                [
                    f"{int(name[:2])}",
                    f"{c['seconds']:.0f}",
                    f"{c['peak_megabytes']:.0f}",
                ]
                for name, c in chapters.items()
            ],
        ),
        widgets=table(
            ["widget", "page: median, longest", "kernel: median, longest"],
            widget_rows(chapters),
        ),
        python_date=python["date"],
        python_rounds=python["rounds"],
        python_megabytes=f"{python['medians']['Chromium']['cold']['bytes'] / 1e6:.1f}",
        python=table(
            ["from the press to", *python["medians"]],
            page_python_rows(python["medians"]),
        ),
        pieces_date=pieces["date"],
        pieces_rounds=pieces["rounds"],
        pieces=table(
            ["piece", *next(iter(pieces["medians"].values()))],
            piece_rows(pieces["medians"]),
        ),
    )
    (BOOK / "benchmarks.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
