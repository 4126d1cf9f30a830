"""The coverage table: complete, and true of the chapters that stand."""

import csv
import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def rows(root) -> list[dict[str, str]]:
    with (root / "book" / "coverage.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_every_row_has_a_topic_a_promise_and_a_mark(rows):
    assert len({row["row"] for row in rows}) == len(rows)
    for row in rows:
        assert all(value.strip() for value in row.values()), row


def test_every_link_leads_to_a_section_of_a_chapter(rows, root):
    sections = set()
    pages = ("chapters/*.ipynb", "book/*.ipynb", "book/*.md")
    for source in [path for pattern in pages for path in root.glob(pattern)]:
        sections |= set(
            re.findall(r"\(([\w-]+)\)=", source.read_text(encoding="utf-8"))
        )
    for row in rows:
        links = re.findall(r"\{ref\}`([\w-]+)`", row["section"])
        assert links, f"row {row['row']} has no link"
        assert set(links) <= sections, f"row {row['row']}"


def test_each_chapter_delivers_rows_of_its_own(rows, root):
    for chapter in sorted(Path(root / "chapters").glob("*.ipynb")):
        prefix = f"{int(chapter.stem[:2])}."
        own = [row for row in rows if row["row"].startswith(prefix)]
        assert own, chapter.name
