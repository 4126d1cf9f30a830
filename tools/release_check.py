"""Say what stands between this commit and a release of it.

usage: release_check.py

A release is a tag vMAJOR.MINOR.PATCH on a commit without changes beside it, whose
version CITATION.cff and the changelog name.
"""

from __future__ import annotations

import datetime
import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "book" / "_ext"))
from provenance import git  # noqa: E402

VERSION = r"v(\d+\.\d+\.\d+)"


def version_of(tags: list[str]) -> str | None:
    """The version that the tags of a commit name, None unless there is exactly one."""
    found = [match[1] for tag in tags if (match := re.fullmatch(VERSION, tag))]
    return found[0] if len(found) == 1 else None


def troubles(version: str, folder: Path, today: datetime.date) -> list[str]:
    """What the files in the folder say that does not agree with the version."""
    found = []
    changelog = (folder / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (.*)$", changelog, flags=re.MULTILINE)
    notes = dict(zip(sections[1::2], sections[2::2], strict=True))
    if not notes.get(version, "").strip():
        found.append(f"CHANGELOG.md has no section {version} with a word in it")
    if notes.get("Unreleased", "").strip():
        found.append("CHANGELOG.md has notes under Unreleased: move them")
    citation = yaml.safe_load((folder / "CITATION.cff").read_text(encoding="utf-8"))
    cited, released = str(citation.get("version")), str(citation.get("date-released"))
    if cited != version:
        found.append(f"CITATION.cff has version {cited}, not {version}")
    if released > today.isoformat():
        found.append(f"CITATION.cff is of {released}, a later day")
    zenodo = json.loads((folder / ".zenodo.json").read_text(encoding="utf-8"))
    if zenodo.get("title") != citation.get("title"):
        found.append(".zenodo.json and CITATION.cff have different titles")
    if zenodo.get("license") not in citation.get("license", []):
        found.append(".zenodo.json has a licence that CITATION.cff has not")
    return found


def main() -> int:
    if git("status", "--porcelain"):
        print("there are changes that no commit has")
        return 1
    tags = git("tag", "--points-at", "HEAD").split()
    version = version_of(tags)
    if version is None:
        print(f"this commit needs one tag vMAJOR.MINOR.PATCH, it has {tags or 'none'}")
        return 1
    found = troubles(version, ROOT, datetime.date.today())
    print("\n".join(found) or f"{version} can be released")
    return len(found) > 0


if __name__ == "__main__":
    sys.exit(main())
