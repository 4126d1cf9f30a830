"""How soon Python in a page answers, in three browsers; how long each cell takes there.

usage: python_in_page.py steps FILE     times of cells, medians of ROUNDS
       python_in_page.py pieces FILE    the same of live pieces
       python_in_page.py seconds        writes frontend/seconds.json, from Chromium

Cold is a browser that was never here, warm the same one on its second visit. The files
come from this machine, compressed as web servers do.
"""

import functools
import gzip
import http.server
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from browsers import BROWSERS, FIREFOXES, FLAGS, found
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from test_webkit import a_screen, a_webkit
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
SECONDS = ROOT / "frontend" / "seconds.json"
CHAPTER = "chapters/02_neural_networks.html"
NUMPY, PICTURE, NEXT_PICTURE, SCIPY = "c79ea364", "fccd3de5", "b91c8d19", "7dce2455"
ROUNDS = 5
LEAST = 1.0  # seconds from which a cell is written down
PACKED = {".html", ".js", ".mjs", ".css", ".json", ".wasm", ".svg"}

OFFERED = "document.documentElement.dataset.python === 'offered'"
# From the press to the result in the page.
PRESS = """(name) => new Promise((done) => {
  const cell = document.querySelector(`[data-cell="${name}"]`);
  const start = performance.now();
  cell.querySelector(".page-run").click();
  const wait = () => cell.hasAttribute("aria-busy")
    ? requestAnimationFrame(wait)
    : done([performance.now() - start, cell.querySelector(".page-status").textContent]);
  requestAnimationFrame(wait);
})"""
# From Stop to the words that Python is ready, of a cell that has begun.
STOP = """(name) => new Promise((done) => {
  const cell = document.querySelector(`[data-cell="${name}"]`);
  const status = cell.querySelector(".page-status");
  cell.querySelector(".page-run").click();
  setTimeout(() => {
    if (!cell.hasAttribute("aria-busy")) done([0, "it was done before it was stopped"]);
    const start = performance.now();
    cell.querySelector(".page-run").click();
    const wait = () => status.textContent.includes("ready")
      ? done([performance.now() - start, "Done in"]) : requestAnimationFrame(wait);
    requestAnimationFrame(wait);
  }, 600);
})"""
# From Check to what it says of an answer.
VERDICT = """(name) => new Promise((done) => {
  const cell = document.querySelector(`[data-cell="${name}"]`);
  const field = cell.querySelector("textarea");
  field.value = "answer_2_1 = [10, 10, 10, -15]";
  field.dispatchEvent(new Event("input"));
  const start = performance.now();
  cell.querySelector(".page-check-button").click();
  const wait = () => document.querySelector("#exercise-2-1 .page-solved:not([hidden])")
    ? done([performance.now() - start, "Done in"]) : requestAnimationFrame(wait);
  requestAnimationFrame(wait);
})"""
STEPS = (
    ("first result", PRESS, NUMPY),
    ("the same cell again", PRESS, NUMPY),
    ("first figure", PRESS, PICTURE),
    ("next figure", PRESS, NEXT_PICTURE),
    ("first with SciPy", PRESS, SCIPY),
    ("a verdict", VERDICT, "e27097f1"),
    ("Stop to ready", STOP, "1558e097"),
)
# The live pieces, and their pages.
PIECES = {
    "perceptron": "chapters/01_linear_classifiers.html",
    "three-linear-models": "chapters/01_linear_classifiers.html",
    "kernel-machine": "chapters/01_linear_classifiers.html",
    "simplex": "chapters/02_neural_networks.html",
    "playground": "chapters/02_neural_networks.html",
}
# From the first key on a point to the picture after it.
FIRST_PICTURE = """(name) => new Promise((done) => {
  const piece = document.getElementById(name);
  const points = piece.querySelector(".handles");
  const press = (key, shiftKey) => points.dispatchEvent(
    new KeyboardEvent("keydown", { key, shiftKey, bubbles: true }));
  const start = performance.now();
  piece.addEventListener("live-frame", ({ detail }) =>
    done([detail.at - start, "Done in"]), { once: true });
  press("ArrowRight", false);
  press("ArrowUp", true);
})"""
# From each of 90 moves, one a frame, to the picture that answers it, be it overtaken.
DRAG = """(name) => new Promise((done) => {
  const piece = document.getElementById(name);
  const points = piece.querySelector(".handles");
  const times = [];
  let n = 0;
  const hear = ({ detail }) => {
    times.push(...detail.moves.map((at) => detail.at - at));
    if (times.length >= 90) {
      piece.removeEventListener("live-frame", hear);
      done([times, "Done in"]);
    }
  };
  piece.addEventListener("live-frame", hear);
  const move = () => {
    const key = Math.floor(n / 10) % 2 ? "ArrowUp" : "ArrowDown";
    points.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: true }));
    if (++n < 90) requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
})"""
# A network 2-5-5-2 on 250 points, by batches of some size.
PREPARE = """(batch) => new Promise(async (done) => {
  const piece = document.getElementById("playground");
  const answered = (act) => new Promise((answer) => {
    piece.addEventListener("live-frame", answer, { once: true });
    act();
  });
  const labelled = (label) => [...piece.querySelectorAll("select, input")]
    .find((field) => field.labels?.[0]?.textContent === label);
  const put = (field, value, event) => answered(() => {
    field.value = value;
    field.dispatchEvent(new Event(event, { bubbles: true }));
  });
  if (piece.querySelectorAll(".live-sizes input").length === 1) {
    await answered(() => piece.querySelector("[aria-label='Add a layer']").click());
    for (const field of piece.querySelectorAll(".live-sizes input"))
      await put(field, 5, "input");
    await put(labelled("Held out"), 0, "input");
  }
  await put(labelled("Mini-batch"), batch, "change");
  const restart = [...piece.querySelectorAll(".live-buttons button")].at(-1);
  await answered(() => restart.click());
  done([0, "Done in"]);
})"""
# Pictures and updates in four seconds of training.
TRAIN = """() => new Promise((done) => {
  const piece = document.getElementById("playground");
  let n = -10, first, updates;
  const hear = ({ detail: { frame, at } }) => {
    if (n++ === 0) [first, updates] = [at, +frame.facts.updates];
    if (n < 1 || at - first < 4000) return;
    piece.removeEventListener("live-frame", hear);
    piece.querySelector(".live-play").click();
    const seconds = (at - first) / 1000;
    done([[n / seconds, (+frame.facts.updates - updates) / seconds], "Done in"]);
  };
  piece.addEventListener("live-frame", hear);
  piece.querySelector(".live-play").click();
})"""
BATCHES = {"all": 250, "50": 50, "10": 10}
Ask = Callable[[str, str], list]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files compressed, to be kept for ten minutes, and counts what it sends."""

    sent = 0
    endless = "1558e097"  # a cell of chapter 2 that becomes an endless loop

    def do_GET(self) -> None:  # noqa: N802
        file = Path(self.translate_path(self.path))
        if not file.is_file():
            self.send_error(404)
            return
        body = content(file)
        self.send_response(200)
        if file.suffix in PACKED and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = compressed(file)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)
        Handler.sent += len(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing about each request."""


def content(file: Path) -> bytes:
    """A file of the site; of chapter 2's cells one has become an endless loop."""
    body = file.read_bytes()
    if Handler.endless and file.name == "02_neural_networks.cells.json":
        facts = json.loads(body)
        [cell] = [cell for cell in facts["cells"] if cell["id"] == Handler.endless]
        cell["source"], cell["statements"] = (
            "while True:\n    pass",
            [{"lines": [1, 2]}],
        )
        body = json.dumps(facts).encode()
    return body


@functools.cache
def compressed(file: Path) -> bytes:
    return gzip.compress(content(file), 6)


@contextmanager
def served() -> Iterator[str]:
    handler = functools.partial(Handler, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def measured(ask: Ask) -> dict[str, float]:
    """Milliseconds of each step on a page that is there, and the bytes of the first."""
    before, times = Handler.sent, {}
    for name, script, cell in STEPS:
        milliseconds, said = ask(script, cell)
        if not said.startswith("Done in"):
            raise RuntimeError(f"{name}: {said}")
        times[name] = milliseconds
        if name == "first result":
            times["bytes"] = Handler.sent - before
    return times


def trained(ask: Ask) -> dict[str, float]:
    """Pictures and examples a second while the playground trains."""
    found = {}
    for batch, size in BATCHES.items():
        ask(PREPARE, batch)
        (pictures, updates), _ = ask(TRAIN, "")
        found[f"pictures a second, batch {size}"] = pictures
        found[f"examples a second, batch {size}"] = size * updates
    return found


def measured_piece(ask: Ask, name: str) -> dict[str, float]:
    """Milliseconds to a piece's first live picture, and from moves to pictures."""
    first, _ = ask(FIRST_PICTURE, name)
    time.sleep(1)
    moves, _ = ask(DRAG, name)
    ordered = sorted(moves)
    rates = trained(ask) if name == "playground" else {}
    return rates | {
        "first picture": first,
        "move, median": statistics.median(ordered),
        "move, 95%": ordered[int(0.95 * len(ordered))],
    }


def visit_piece(page: Page, address: str, name: str) -> dict[str, float]:
    page.goto(address + PIECES[name], wait_until="load")
    page.wait_for_function(OFFERED)
    page.wait_for_timeout(1500)
    times = measured_piece(lambda script, cell: page.evaluate(script, cell), name)
    page.close()
    return times


def visit(page: Page, address: str) -> dict[str, float]:
    page.goto(address + CHAPTER, wait_until="load")
    page.wait_for_function(OFFERED)
    page.wait_for_timeout(1500)
    times = measured(lambda script, cell: page.evaluate(script, cell))
    page.close()
    return times


@contextmanager
def in_playwright(playwright: Playwright, name: str) -> Iterator[BrowserContext]:
    """A browser with a new profile."""
    with tempfile.TemporaryDirectory() as profile:
        how: dict = {"viewport": {"width": 1280, "height": 900}}
        if name == "Chromium":
            program = found(BROWSERS, "chromium")
            kind, how["args"] = playwright.chromium, FLAGS
        else:
            program = found(FIREFOXES, "firefox-esr")
            kind, how["channel"] = playwright.firefox, "moz-firefox"
        context = kind.launch_persistent_context(
            profile, executable_path=program, **how
        )
        yield context
        context.close()


@contextmanager
def in_webkit(screen: str, address: str) -> Iterator[Callable[[str], Ask]]:
    """Opens pages in a new session; each is asked by scripts."""
    with a_webkit(screen) as browser:
        browser.set_script_timeout(120)

        def ask(script: str, cell: str) -> list:
            return browser.execute_async_script(
                f"({script})(arguments[0]).then(arguments[1])", cell
            )

        def open_page(place: str) -> Ask:
            browser.get(address + place)
            while not browser.execute_script(f"return {OFFERED}"):
                time.sleep(0.1)
            time.sleep(3)
            return ask

        yield open_page


def round_of(playwright: Playwright, screen: str, address: str) -> dict[str, list]:
    """Cold and warm times of cells, in each browser."""
    times: dict[str, list] = {}
    for name in ("Chromium", "Firefox"):
        with in_playwright(playwright, name) as context:
            times[name] = [visit(context.new_page(), address) for _ in range(2)]
    with in_webkit(screen, address) as open_page:
        times["WebKitGTK"] = [measured(open_page(CHAPTER)) for _ in range(2)]
    return times


def round_of_piece(
    playwright: Playwright, screen: str, address: str, piece: str
) -> dict[str, list]:
    """Cold and warm times of a piece, in each browser."""
    times: dict[str, list] = {}
    for name in ("Chromium", "Firefox"):
        with in_playwright(playwright, name) as context:
            times[name] = [
                visit_piece(context.new_page(), address, piece) for _ in range(2)
            ]
    with in_webkit(screen, address) as open_page:
        times["WebKitGTK"] = [
            measured_piece(open_page(PIECES[piece]), piece) for _ in range(2)
        ]
    return times


def medians(rounds: list[dict[str, list]]) -> dict[str, dict]:
    """For each browser, cold and warm, the medians of the rounds."""
    return {
        name: {
            state: {
                step: statistics.median(one[name][k][step] for one in rounds)
                for step in rounds[0][name][k]
            }
            for k, state in enumerate(("cold", "warm"))
        }
        for name in rounds[0]
    }


def measure(what: str, path: Path) -> None:
    """Measure "steps" of cells or "pieces", and write the medians."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with served() as address, sync_playwright() as playwright, a_screen() as screen:
        if what == "steps":
            rounds = [
                round_of(playwright, screen, address)
                for _ in tqdm(range(ROUNDS), "rounds")
            ]
            found: dict = medians(rounds)
        else:
            found = {}
            for piece in PIECES:
                rounds = [
                    round_of_piece(playwright, screen, address, piece)
                    for _ in tqdm(range(ROUNDS), piece)
                ]
                found[piece] = medians(rounds)
    result = {"rounds": ROUNDS, "medians": found, "date": time.strftime("%Y-%m-%d")}
    path.write_text(json.dumps(result, indent=1))


def measure_cells() -> None:
    """Run every cell of every page in Chromium, in order, and keep the longer times."""
    kept = {}
    Handler.endless = ""
    with served() as address, sync_playwright() as playwright:
        program = found(BROWSERS, "chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for file in sorted(SITE.glob("*/*.cells.json")):
            name = file.relative_to(SITE).as_posix().removesuffix(".cells.json")
            page = browser.new_page()
            page.set_default_timeout(600_000)
            page.goto(f"{address}{name}.html", wait_until="load")
            page.wait_for_function(OFFERED)
            cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
            times = {}
            for cell in tqdm([c for c in cells if "blocked" not in c], name):
                milliseconds, said = page.evaluate(PRESS, cell["id"])
                if not said.startswith("Done in"):
                    raise RuntimeError(f"{name}, {cell['id']}: {said}")
                times[cell["id"]] = round(milliseconds / 1000, 1)
            page.close()
            del times[cells[0]["id"]]  # most of it is the start
            kept[name] = {cell: time for cell, time in times.items() if time >= LEAST}
            SECONDS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
        browser.close()


if __name__ == "__main__":
    if sys.argv[1] == "seconds":
        measure_cells()
    else:
        measure(sys.argv[1], Path(sys.argv[2]))
