"""Give every page of the built site a content-security policy."""

from __future__ import annotations

import re
from pathlib import Path

# From the site itself, and what is made in the page: scripts within it, pictures as
# data, modules and workers from blobs, the browser's Python in WebAssembly.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
# JupyterLite compiles the schemas of its settings as it goes.
COMPILES = {"script-src": POLICY["script-src"] + " 'unsafe-eval'"}


def tag(policy: dict[str, str]) -> str:
    content = "; ".join(f"{name} {sources}" for name, sources in policy.items())
    return f'<meta http-equiv="Content-Security-Policy" content="{content}">'


def add_policy(site: Path) -> None:
    """Write the policy at the head of each page that has none yet."""
    for page in sorted(site.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        head = re.search(r"<head(\s[^>]*)?>", text)
        # A file without a head is a theme's template, not a page.
        if head is None or 'http-equiv="Content-Security-Policy"' in text:
            continue
        is_lite = page.is_relative_to(site / "lite")
        policy = POLICY | COMPILES if is_lite else POLICY
        text = f"{text[: head.end()]}\n{tag(policy)}{text[head.end() :]}"
        page.write_text(text, encoding="utf-8")
