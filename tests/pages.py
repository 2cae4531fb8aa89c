"""Reads the pages of the documentation: fenced blocks, tables, links. For the tests that hold them to what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "PAPERS", "ROOT", "Fence", "Row", "anchors", "code", "fences", "links", "rows"]

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PAPERS = tuple(ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md"))

_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: the page, the line it begins on, its words (``yaml wrong``) and its text."""

    page: str
    line: int
    words: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, with the head of the table and the nearest YAML above it."""

    page: str
    line: int
    head: tuple[str, ...]
    cells: tuple[str, ...]
    yaml: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line} {self.cells[0][:60]}"


def fences(page: Path) -> Iterator[Fence]:
    """Yield the fenced blocks of *page* in order."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCE.finditer(text):
        yield Fence(page.name, text.count("\n", 0, found.start()) + 1, found[1].strip(), found[2])


def rows(page: Path) -> Iterator[Row]:
    """Yield the rows of all tables of *page*, without heads and rulers."""
    text = page.read_text(encoding="utf-8")
    blocks = [(fence.line, fence) for fence in fences(page) if fence.words == "yaml"]
    bare = _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    head: tuple[str, ...] = ()
    for number, line in enumerate(bare.splitlines(), 1):
        if not line.startswith("|"):
            head = ()
            continue
        cells = tuple(cell.strip() for cell in line.strip("|").split("|"))
        if not head:
            head = cells
        elif not set(line) <= set("|-: "):
            above = [fence.text for at, fence in blocks if at < number]
            yield Row(page.name, number, head, cells, above[-1] if above else "")


def code(cell: str) -> tuple[str, ...]:
    """Return what stands in code spans."""
    return tuple(_SPAN.findall(cell))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of all links that do not leave the repository."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    yield from (target for target in _LINK.findall(text) if "://" not in target)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a renderer makes of the headings of *page*."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-") for title in titles}
