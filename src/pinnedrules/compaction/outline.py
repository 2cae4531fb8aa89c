"""A summary's text taken apart: blocks (a bullet, a paragraph, a cell of a table) of sentences, and what stands above each.

Outlines as compactors write them: headed sections, bulleted and numbered lists, tags, tables, notes, prose. What stands
above a block are its headings, the tags that enclose it and the line ending in a colon that introduces its list; a rule
under "No longer in force" is not in force. Linear in the text, and no more of it is read than LIMIT characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pinnedrules.compaction.unwrapped import unwrapped
from pinnedrules.compaction.wording import COMMA, END, QUERY, SOFT, STRONG, Words, words

__all__ = ["LIMIT", "Block", "Outline", "Sentence", "outline"]

LIMIT = 64 * 1024
"""Characters of a summary that are read. What stands beyond is unread, so nothing is certified of a longer one."""

_BULLET = re.compile(
    r"\s*(?:(?:[-*+~/\u00a7\u00bb\u2022\u2013\u2014\u25a0-\u25ff\u2023\u203a\u2192\u27a2\u00b7>]|\(?\d{1,3}[.)]"
    r"|\(?(?:[a-zA-Z]|[ivxIVX]{2,5})[.)]|\[ \]|0\d|[A-Z]\d{1,2}|\[[A-Za-z]{0,2}\d{1,3}\])\s+(?:\[ \]\s+)?"
    r"|(?=\[?\d{1,2}:\d\d(?::\d\d)?\]?\s))"
)
_KEYED = re.compile(r"\s*[\w-]{1,30}:\s+\S")
_NUMBERED = re.compile(r"\s*(\d{1,3})\s+(?=\S)")
_HEADING = re.compile(r"\s*(#{1,6})\s+(.*)")
_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]{0,60})(?:\s[^<>]{0,200})?(/?)>")
_INLINE = frozenset({"b", "i", "u", "em", "strong", "code", "br", "p", "span"})
_STRUCK = frozenset({"del", "s", "strike"})
_RULER = re.compile(r"[\s|:=_*-]*")
_MARKS = {COMMA: ",", STRONG: ";", END: ".", QUERY: "?"}
_UNDERLINED = re.compile(r"(?:={3,}|-{3,})\s*")
_INTRODUCES = 12
"""Words that a label before a colon may have."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its folded words joined by spaces, where it stands, and the label that it begins with."""

    text: str
    folded: tuple[str, ...]
    raw: str
    block: int
    start: int
    stop: int
    label: str
    asks: bool


@dataclass(slots=True)
class Block:
    """A bullet, a paragraph or a cell: its words, the texts above it, and whether it is struck through."""

    words: Words
    above: tuple[str, ...]
    bulleted: bool
    struck: bool
    row: int = -1
    heading: bool = False
    sentences: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole summary: blocks and sentences in the order of the text, and whether all of it was read."""

    blocks: tuple[Block, ...]
    sentences: tuple[Sentence, ...]
    whole: bool


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.tags: list[tuple[str, str]] = []
        self.headings: list[tuple[int, str]] = []
        self.label = ""
        self.listed = False
        self.open: list[str] = []
        self.bulleted = False
        self.number = 0
        self.keyed = False

    def line(self, line: str, following: str) -> None:
        numbered = _NUMBERED.match(line)
        before, self.number = self.number, int(numbered[1]) if numbered else 0
        if "<" in line:
            line = self._tags(line)
        if _RULER.fullmatch(line):
            self.close()
            return
        if (heading := _HEADING.match(line)) is not None:
            self.close()
            level = len(heading[1])
            self._block(heading[2], False, heading=True)
            self.headings = [one for one in self.headings if one[0] < level] + [(level, heading[2])]
            self.label = ""
            return
        if line.lstrip().startswith("|") or " | " in line:
            self.close()
            self._row(line)
            return
        bullet = _BULLET.match(line)
        if numbered and bullet is None and (before + 1 == self.number or _number(following) == self.number + 1):
            bullet = numbered
        keyed = bool(_KEYED.match(line)) and bool(_KEYED.match(following) or self.keyed)
        labels = self._labels(line, following)
        fresh, self.keyed = keyed or self.keyed, keyed
        if bullet is None and self.open and not labels and not (keyed or fresh) and self._goes_on(line):
            self.open.append(line)
            return
        self.close()
        if labels:
            text = line[bullet.end() :] if bullet else line
            self._block(text, False, heading=True)
            self.label, self.listed = text, False
            return
        if bullet is None and line[:1] not in " \t" and self.listed:
            self.label = ""
        self.bulleted = bullet is not None
        self.listed = self.listed or self.bulleted
        self.open = [line[bullet.end() :] if bullet else line]

    def close(self) -> None:
        """Turn the lines that are open into a block."""
        if self.open:
            self._block("\n".join(self.open), self.bulleted)
            self.open = []

    def _goes_on(self, line: str) -> bool:
        """Say whether a line continues the one before: in a paragraph, indented under a bullet, or broken in a sentence."""
        if not self.bulleted or line[:1] in " \t":
            return True
        return line[:1].islower() and not self.open[-1].rstrip().endswith((".", "!", "?", ":"))

    def _labels(self, line: str, following: str) -> bool:
        """Say whether a line only introduces what follows."""
        bare = line.strip().rstrip("*_ ")
        if bare.endswith(":") or _UNDERLINED.fullmatch(following):
            return True
        return (
            bool(_BULLET.match(following))
            and not _BULLET.match(line)
            and not _KEYED.match(line)
            and len(bare.split()) <= 8
            and not bare.endswith((".", "!", "?", ";", ","))
        )

    def _tags(self, line: str) -> str:
        """Take the tags out of a line; an opening one encloses what follows it until it is closed."""
        pieces, at = [], 0
        for tag in _TAG.finditer(line):
            pieces.append(line[at : tag.start()])
            at = tag.end()
            name = tag[2].lower()
            if tag[3] or name in _INLINE:
                continue
            if name in _STRUCK:
                # A mark that the words keep: what is struck through is no word of the sentence.
                pieces.append(" ~~ ")
            elif tag[1]:
                if "".join(pieces).strip():
                    self._finish("".join(pieces))
                    pieces = []
                self.close()
                names = [one for one, _ in self.tags]
                if name in names:
                    del self.tags[len(names) - 1 - names[::-1].index(name) :]
            else:
                self.close()
                inside = re.sub(r"[_=\"'.:-]", " ", tag[0][1:-1])
                self.tags = [*self.tags[-15:], (name, inside)]
                self.headings, self.label = [], ""
        pieces.append(line[at:])
        return "".join(pieces)

    def _finish(self, text: str) -> None:
        self.close()
        self._block(text, False)

    def _row(self, line: str) -> None:
        row = len(self.blocks)
        for cell in line.strip().strip("|").split("|")[:20]:
            self._block(cell, False, row)

    def _block(self, text: str, bulleted: bool, row: int = -1, *, heading: bool = False) -> None:
        struck = "~~" in text
        text = text.replace("~~", " ~~ ") if struck else text
        found = words(text, breaks=True)
        if found.folded:
            above = (
                *(text for _, text in self.tags),
                *(text for _, text in self.headings),
                *((self.label,) if self.label else ()),
            )
            self.blocks.append(Block(found, above, bulleted, struck, row, heading))


def _number(line: str) -> int:
    """Return the number that a line begins with, 0 where there is none."""
    numbered = _NUMBERED.match(line)
    return int(numbered[1]) if numbered else 0


def outline(summary: str) -> Outline:
    """Take a summary apart."""
    reader = _Reader()
    lines = unwrapped(summary[:LIMIT]).splitlines()
    for number, line in enumerate(lines):
        reader.line(line, _following(lines, number))
    reader.close()
    sentences: list[Sentence] = []
    for number, block in enumerate(reader.blocks):
        label, start = "", 0
        found, gaps = block.words, block.words.gaps
        for stop in range(1, len(found.folded) + 1):
            if stop < len(found.folded) and gaps[stop] not in (END, QUERY, SOFT):
                continue
            for colon in range(start + 1, min(stop, start + _INTRODUCES)):
                if gaps[colon] == STRONG:
                    label = " ".join(found.folded[start:colon])
                    break
            block.sentences.append(len(sentences))
            folded = found.folded[start:stop]
            raw = _written(found, start, stop)
            asks = gaps[stop] == QUERY
            sentences.append(Sentence(" ".join(folded), folded, raw, number, start, stop, label, asks))
            start = stop
    return Outline(tuple(reader.blocks), tuple(sentences), len(summary) <= LIMIT)


def _following(lines: list[str], number: int) -> str:
    """Return the next line; behind a bold one, the next that is not empty."""
    following = lines[number + 1] if number + 1 < len(lines) else ""
    if not following.strip() and lines[number].strip().endswith(("**", "__")) and number + 2 < len(lines):
        return lines[number + 2]
    return following


def _written(found: Words, start: int, stop: int) -> str:
    """Return words as they were written, with the simplest punctuation of each gap."""
    return "".join(
        found.raw[index] + _MARKS.get(found.gaps[index + 1], "") + (" " if index + 1 < stop else "")
        for index in range(start, stop)
        if found.raw[index]
    )
