"""Where the book's sources are: the one place that knows, and the links that follow.

The repository's address comes from GITHUB_REPOSITORY, else from the git remote. Where
neither names one, the buttons that need it are left out: Jupyter Book's default would
point at somebody else's repository. Each page says which commit it was built from.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the tools that ask for an address have no Sphinx at hand
    from sphinx.application import Sphinx
    from sphinx.config import Config


ROOT = Path(__file__).resolve().parents[2]


def git(*arguments: str) -> str:
    """Output of a git command here, empty where it fails or there is no git.

    The book's own repository is asked, not one that the book's folder lies in.
    """
    others = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")  # as in a hook
    around = {key: value for key, value in os.environ.items() if key not in others}
    around["GIT_CEILING_DIRECTORIES"] = str(ROOT.parent)
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=around)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def repository_url() -> str | None:
    """Web address of the repository, None where it is not known."""
    if name := os.environ.get("GITHUB_REPOSITORY"):
        server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{name}"
    remote = git("remote", "get-url", "origin")
    address = re.fullmatch(
        r"(?:https://|git@|ssh://git@)(?P<host>github\.com)[/:](?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?",
        remote,
    )
    return f"https://{address['host']}/{address['name']}" if address else None


# Publishing puts the notebooks there, each stamped with the commit of its package.
COLAB = "https://colab.research.google.com/github/{name}/blob/notebooks/chapters/{file}"
BINDER = "https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/chapters/{file}"


def colab_url(repository: str | None, file: str) -> str | None:
    """Where Colab opens a chapter's file, None if the repository is not on GitHub."""
    return _elsewhere(COLAB, repository, file)


def binder_url(repository: str | None, file: str) -> str | None:
    """Where Binder opens a chapter's file, None if the repository is not on GitHub."""
    return _elsewhere(BINDER, repository, file)


def _elsewhere(address: str, repository: str | None, file: str) -> str | None:
    github = "https://github.com/"
    if repository is None or not repository.startswith(github):
        return None
    return address.format(name=repository.removeprefix(github), file=file)


def site_url() -> str | None:
    """Where Pages puts the site, None if the repository is not on GitHub."""
    github = "https://github.com/"
    repository = repository_url()
    if repository is None or not repository.startswith(github):
        return None
    owner, name = repository.removeprefix(github).split("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


# Filled in when all pages are written: a new commit alone writes no page again.
FOOTER = '<p class="provenance">{}</p>'


def built_from() -> str:
    """The day, and the commit of the sources, in the words of the pages' footer."""
    url, commit = repository_url(), git("rev-parse", "--short=10", "HEAD")
    words = commit or "no commit"
    if git("status", "--porcelain"):
        words += " with uncommitted changes"
    if url and commit:
        words = f'<a href="{url}/commit/{commit}">{words}</a>'
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"Built on {today} from commit {words}."


def fill_footers(site: Path) -> None:
    """Say in the footer of each page of a site what it was built from."""
    said = FOOTER.format(built_from())
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        filled = re.sub(FOOTER.format(".*?"), lambda _: said, text)
        if filled != text:
            page.write_text(filled, encoding="utf-8")


def set_provenance(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    url = repository_url()
    known = url is not None
    options["repository_url"] = url or ""
    options["repository_branch"] = "main"
    for button in ("repository", "issues", "edit_page"):
        options[f"use_{button}_button"] = known
    options["launch_buttons"] = {}

    config.html_baseurl = config.ogp_site_url = site_url() or ""

    options["extra_footer"] = FOOTER.format("")


def ask_for_the_work(app: Sphinx, address: str) -> str | None:
    """Where the link check looks up a DOI: publishers' pages turn programs away."""
    doi = "https://doi.org/"
    if address.startswith(doi):
        return f"{doi}api/handles/{address.removeprefix(doi)}"
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", set_provenance, priority=100)
    app.connect("linkcheck-process-uri", ask_for_the_work)
    app.setup_extension("sphinxext.opengraph")
    if site_url():
        app.setup_extension("sphinx_sitemap")
        app.config.sitemap_url_scheme = "{link}"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
