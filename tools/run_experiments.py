"""Run the experiments that are too long for a chapter, and write their tables.

usage: run_experiments.py [NAME ...]     (default: all)

An experiment is a program in experiments/ with NOTEBOOK, the chapter whose cells define
what it needs; NAMES, what that is; SEEDS; and run(seed, **what it needs), the results
of one seed, which JSON can hold. Its table goes into the package, for the chapter to
load, with the sum of all code that it used: a test compares that with today's.
"""

from __future__ import annotations

import json
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
from cell_slices import cells_that_define, sources_of
from code_digest import PACKAGE, digest_of_code
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ROOT / "experiments"
TABLES = PACKAGE / "experiments"
LIBRARIES = ("numpy", "scipy")


def program(name: str) -> ModuleType:
    module = ModuleType(name)
    source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def cells(experiment: ModuleType) -> list[str]:
    """The cells of its chapter that an experiment needs."""
    notebook = ROOT / "chapters" / f"{experiment.NOTEBOOK}.ipynb"
    return cells_that_define(sources_of(notebook), set(experiment.NAMES))


def digest(name: str) -> str:
    """The sum of all code that an experiment uses."""
    source = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    return digest_of_code([source, *cells(program(name))])


def results_of_seed(name: str, seed: int) -> Any:
    """The results of one seed, in this process, as a table keeps them."""
    matplotlib.use("agg")
    experiment = program(name)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in cells(experiment):
        exec(compile(source, experiment.NOTEBOOK, "exec"), namespace)
    needed = {needed: namespace[needed] for needed in experiment.NAMES}
    return json.loads(json.dumps(experiment.run(seed, **needed)))


def table(name: str, seeds: list[int]) -> dict[str, Any]:
    with ProcessPoolExecutor() as pool:
        runs = pool.map(results_of_seed, [name] * len(seeds), seeds)
        results = list(tqdm(runs, name, len(seeds)))
    return {
        "command": f"make experiments NAMES={name}",
        "seeds": seeds,
        "versions": {"python": platform.python_version()}
        | {library: version(library) for library in LIBRARIES},
        "code": digest(name),
        "results": results,
    }


def main(names: list[str]) -> None:
    for name in names or sorted(path.stem for path in PROGRAMS.glob("*.py")):
        made = table(name, list(program(name).SEEDS))
        results = ",\n".join(json.dumps(result) for result in made.pop("results"))
        lines = [f"{json.dumps(key)}: {json.dumps(made[key])}" for key in made]
        text = (
            ",\n".join(["{" + lines[0], *lines[1:], f'"results": [\n{results}\n]'])
            + "}\n"
        )
        (TABLES / f"{name}.json").write_text(text, encoding="utf-8")
        print(f"{name}: {len(made['seeds'])} seeds, in {TABLES / name}.json")


if __name__ == "__main__":
    main(sys.argv[1:])
