"""A page with live pieces that this Python answers, without the site and its Python."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tutorial_utils.live import Live

ROOT = Path(__file__).resolve().parents[2]
ESBUILD = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>Pieces</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="served.css">
<style>body {{ margin: 8px; }}
html[data-theme=dark] body {{ background: #111; color: #eee }}
.live {{ margin-bottom: 1rem }} main {{ padding-bottom: 800px }}</style></head>
<body><main><h1>Pieces</h1>{}</main>
<script type="module" src="served.js"></script></body></html>"""


def bundle(folder: Path) -> None:
    for source, target in (
        ("tests/served.ts", "served.js"),
        ("src/live/live.css", "served.css"),
    ):
        options = ["--bundle", "--format=esm", "--target=es2022"]
        outfile = f"--outfile={folder / target}"
        command = [ESBUILD, ROOT / "frontend" / source, *options, outfile]
        subprocess.run([*map(str, command), "--log-level=warning"], check=True)


@contextmanager
def served(makers: dict[str, Callable[[], Live]], folder: Path) -> Iterator[str]:
    """The address of a page that shows these pieces, each made when it is first asked.

    folder : for the scripts of the page.
    """
    bundle(folder)
    fresh = {name: make() for name, make in makers.items()}
    pieces: dict[str, Live] = {}
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def reply(self, content: bytes, kind: str, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            name, _, what = self.path.lstrip("/").partition("/")
            if not name:
                places = "".join(f'<div data-piece="{one}"></div>' for one in makers)
                self.reply(PAGE.format(places).encode(), "text/html")
            elif name.startswith("served."):
                kind = "text/css" if name.endswith("css") else "text/javascript"
                self.reply((folder / name).read_bytes(), kind)
            elif what == "spec":
                self.reply(fresh[name].spec.encode(), "application/json")
            else:
                self.reply(fresh[name].first, "application/octet-stream")

        def do_POST(self) -> None:
            name, _, what = self.path.lstrip("/").partition("/")
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            if what == "make":
                pieces[name] = makers[name]()
                self.reply(b"", "text/plain")
                return
            try:
                with lock:
                    frame = pieces[name].ask(json.loads(text))
            except Exception as error:
                self.reply(
                    f"{type(error).__name__}: {error}".encode(), "text/plain", 500
                )
            else:
                self.reply(frame, "application/octet-stream")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
