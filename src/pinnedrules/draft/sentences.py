"""The sentences of a page of instructions (AGENTS.md, CLAUDE.md) with their lines: no Markdown, no code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Sentence", "sentences"]

_FENCE = re.compile(r"\s*(```|~~~)")
_LEAD = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s*)?|\s*>\s?|\s*#{1,6}\s+")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s|\s*#{1,6}\s")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1|(?<!\w)\*(?=\S)([^*]+?)(?<=\S)\*(?!\w)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(*`])")
_MAX_LINES = 5_000


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, on one line; ``line`` is where it begins. Code spans keep their backquotes."""

    text: str
    line: int


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a page in order."""
    text = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    for line, paragraph in _paragraphs(text):
        plain = _LINK.sub(r"\1", _BOLD.sub(lambda found: found[2] or found[3], paragraph))
        begun = 0
        for end in (*(found.end() for found in _END.finditer(plain)), len(plain)):
            part = plain[begun:end]
            words = " ".join(part.split())
            if words:
                yield Sentence(words, line + plain.count("\n", 0, begun + len(part) - len(part.lstrip())))
            begun = end


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield items, headings and paragraphs, each with the line that it begins on."""
    begun, gathered, fence = 0, "", ""
    for number, line in enumerate(text.splitlines()[:_MAX_LINES], 1):
        mark = _FENCE.match(line)
        if fence or mark:
            if mark and (not fence or mark[1] == fence):
                fence = "" if fence else mark[1]
            line = ""
        bare = _LEAD.sub("", line, count=1)
        if gathered and (not bare.strip() or _ITEM.match(line)):
            yield begun, gathered
            gathered = ""
        if bare.strip():
            begun, gathered = (begun, f"{gathered}\n{bare}") if gathered else (number, bare)
        if line.lstrip().startswith("#") and gathered:
            yield begun, gathered
            gathered = ""
    if gathered:
        yield begun, gathered
