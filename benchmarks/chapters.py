"""Each chapter in a JupyterLab: its time, its memory, how soon its widgets answer.

The same widgets are then moved on the built page, which has no kernel. A widget answers
when the picture of the new setting has been decoded. Needs a built site, Chromium, and
Linux, whose kernel knows the peak memory of a process.
"""

import functools
import http.server
import json
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from jupyter_lab import jupyter_lab
from playwright.sync_api import Browser, Page, sync_playwright
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
MINUTES_5 = 300_000  # in milliseconds

ANSWERS = """async (widget) => {
  const picture = widget.querySelector("img");
  const knob = widget.querySelector("input, select");
  const places = knob.dataset.places.split(",").map(Number); // that have pictures
  const moves = knob.tagName === "SELECT" ? "change" : "input";
  const times = [];
  knob.focus();
  for (let move = 0; move < 8; move++) {
    const loaded = new Promise((done, fail) => {
      picture.addEventListener("load", done, { once: true });
      setTimeout(() => fail(new Error("no picture in 30 s")), 30_000);
    });
    const start = performance.now();
    knob.value = places[(places.indexOf(+knob.value) + 1) % places.length];
    knob.dispatchEvent(new Event(moves, { bubbles: true }));
    await loaded;
    await picture.decode();
    times.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, 100));
  }
  return times;
}"""
NAME = """(widget) => widget.querySelector(".explore-controls")
  .getAttribute("aria-label").replace("Controls of ", "")"""
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
CONNECTED = """() => {
  const session = window.jupyterapp.shell.currentWidget?.sessionContext;
  return session?.isReady && session.session?.kernel?.connectionStatus === "connected";
}"""


def answers(page: Page, chapter: Path) -> dict[str, list[float]]:
    """Milliseconds from control to picture, for every widget of a chapter's page."""
    cells = json.loads(chapter.read_text(encoding="utf-8"))["cells"]
    n_widgets = sum("explore(" in "".join(cell["source"]) for cell in cells)
    page.wait_for_function(
        f"document.querySelectorAll('.explore img').length === {n_widgets}"
    )
    return {
        widget.evaluate(NAME): widget.evaluate(ANSWERS)
        for widget in page.locator(".explore").all()
    }


def on_the_page(browser: Browser, address: str, chapter: Path) -> dict:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}chapters/{chapter.stem}.html", wait_until="load")
    found = answers(page, chapter)
    page.close()
    return found


def peak_megabytes(server: psutil.Process) -> float:
    """The largest resident memory that the server's kernel has had."""
    kernel = next(p for p in server.children() if "ipykernel_launcher" in p.cmdline())
    status = Path(f"/proc/{kernel.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def with_a_kernel(browser: Browser, chapter: Path) -> tuple[float, float, dict]:
    """Seconds and peak megabytes of all cells, and the widgets' answers."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("chapters", "examples"):
            shutil.copytree(ROOT / part, Path(folder, part))
        with jupyter_lab(Path(folder)) as (address, server):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{address}lab/tree/chapters/{chapter.name}")
            page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=MINUTES_5)
            # JupyterLab runs nothing, and says nothing, until the kernel is connected.
            page.wait_for_function(CONNECTED, timeout=MINUTES_5)
            start = time.perf_counter()
            page.evaluate(RUN_ALL)
            seconds = time.perf_counter() - start
            errors = page.locator("[data-mime-type='application/vnd.jupyter.error']")
            if errors.count():
                sys.exit(f"{chapter.name}: {errors.first.inner_text()[-1000:]}")
            memory = peak_megabytes(psutil.Process(server.pid))
            found = answers(page, chapter)
            page.close()
    return seconds, memory, found


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing about each request."""


def main(path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("no Chromium found: install Debian's package chromium")
    handler = functools.partial(QuietHandler, directory=SITE)
    found = {}
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        address = f"http://127.0.0.1:{server.server_port}/"
        for chapter in tqdm(CHAPTERS, "chapters"):
            page = on_the_page(browser, address, chapter)
            seconds, memory, kernel = with_a_kernel(browser, chapter)
            if set(page) != set(kernel):
                sys.exit(f"{chapter.name}: other widgets with a kernel than without")
            found[chapter.stem] = {
                "seconds": seconds,
                "peak_megabytes": memory,
                "widgets": {
                    name: {"page": page[name], "kernel": kernel[name]} for name in page
                },
            }
            path.write_text(json.dumps(found, indent=1))
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
