"""How large a command line may be, so that it is read in 10 ms whatever it is made of.

Rules of this file:

1. What does not fit takes a parser long, up to seconds, because it looks for every way in which it might. So words and
   signs outside of quotes are counted before it starts.
2. A glance can be led to take for quoted what a parser does not, so that the parser's work is bounded as well, by what a
   line with so many words takes that fits.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from pinnedrules.rules.shell.summary import Unclear

if TYPE_CHECKING:
    from tree_sitter import Parser, Tree

__all__ = ["MAX_LINE", "MAX_NODES", "look", "parsed"]

MAX_LINE = 16_384
"""Longest command line that is read, in characters."""

MAX_OPERATORS = 400

MAX_NODES = 1_000
"""Parts of a line, as its parser counts them: every word, quote and sign, those of commands in commands too."""

MAX_BRACKETS = 128
"""Opening round brackets outside of quotes, and closing ones."""

MAX_COMMENTS = 2_000
"""Characters of comments: where a line does not fit, its parser may take them for words."""

MAX_LINES = 1_500

MAX_SHORT = 400
"""Characters of a line that is parsed as it is: however it is made, the parser is soon through."""

MAX_QUOTED = 100
"""Lines and variables in quotes that count as parts when the work of the parser is bounded."""

_PIECE = 1_024

_GLANCE = re.compile(
    r"""\\.|\$'(?:[^'\\]|\\.)*'|'[^']*'|"(?:[^"\\$`]|\\.|\$(?!\())*"|(?P<comment>(?:^|(?<=[\s;&|(]))\#[^\n]*)"""
    r"""|(?P<shift>\(\(|[\w$]\[|\blet\b)|(?<!<)<<-?[ \t]*(?P<quote>['"]?)(?P<word>[A-Za-z_]\w*)(?P=quote)""",
    re.S | re.M,
)
_WORD = re.compile(r"(?:[^\s()\[\]{}<>|&;$`'\"\\!=*?#^~+-]|[~+-](?![~+-]))+|\S")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINED = re.compile(r"(?<![ \t])\\\n|^\s*\\\n|\\\n[^\S\n]*(?:#|\n|\Z)", re.M)


def look(text: str) -> None:
    """Refuse what takes long to parse, and what a parser and a shell may read differently."""
    if len(text) > MAX_LINE:
        raise Unclear(f"it is longer than {MAX_LINE} characters")
    if sum(map(text.count, "|<>$`&")) > MAX_OPERATORS:
        raise Unclear(f"it has more than {MAX_OPERATORS} operators")
    for char in text:
        if char not in " \n\t" and (char < " " or char > "~") and _odd(char):
            raise Unclear("it holds an invisible character")
    if "\\\n" in text and _JOINED.search(text):
        raise Unclear("a backslash joins two lines in the middle of a word")


def parsed(parser: Parser, text: str, source: bytes) -> Tree:
    """Return the tree of *text*, which is *source* encoded. Raises :class:`Unclear` for what takes long to parse.

    A long line may take no more work than one of as many parts does that fits. Work, not time, so that the answer is the
    same on every machine: steps of the parser, and how often it reads a piece of the text again.
    """
    if len(text) <= MAX_SHORT:
        return parser.parse(source)
    parts = _parts(text)
    steps = reads = 0

    def piece(at: int, _: object) -> bytes:
        nonlocal reads
        reads += 1
        return source[at : at + _PIECE]

    def enough(_: int, wrong: bool) -> bool:
        nonlocal steps
        steps += 1
        return wrong or steps > 2 + parts // 8 or reads > 100 + parts // 4

    try:
        return parser.parse(piece, progress_callback=enough)
    except ValueError as stopped:
        raise Unclear("it cannot be parsed") from stopped


def _parts(text: str) -> int:
    """Return about how many parts a line has. Raises :class:`Unclear` for more than are parsed in time."""
    lines = text.count("\n")
    if lines > MAX_LINES:
        raise Unclear(f"it has more than {MAX_LINES} lines")
    quoted, bare = _bare(text)
    if max(map(bare.count, "()")) > MAX_BRACKETS:
        raise Unclear(f"it has more than {MAX_BRACKETS} brackets")
    parts = quoted + sum(1 for _ in _WORD.finditer(bare))
    if parts > MAX_NODES:
        raise Unclear(f"it has more than {MAX_NODES} parts")
    return parts + min(lines + text.count("$"), MAX_QUOTED)


def _bare(text: str) -> tuple[int, str]:
    """Return how many quotes, comments and here-documents a line has, and what stands outside of them, by a glance.

    Where a shift (``$((1<<a))``) may stand, nothing behind it is taken for a here-document. Behind ``MAX_NODES`` of them
    everything is taken to stand outside.
    """
    bare: list[str] = []
    at = comments = 0
    shifts = False
    for count in range(MAX_NODES):
        found = _GLANCE.search(text, at)
        if found is None:
            return count, " ".join((*bare, text[at:]))
        bare.append(text[at : found.start()])
        at = found.end()
        if found["comment"]:
            comments += len(found["comment"])
            if comments > MAX_COMMENTS:
                bare.append(found["comment"])
        elif found["shift"]:
            bare.append(found["shift"])
            shifts = True
        elif found["word"] and not shifts:
            line = text.find("\n", at)
            end = text.find(f"\n{found['word']}\n", line) if line >= 0 else -1
            # What stands behind it in its line is the shell's; the rest of the document is not.
            if end >= 0:
                bare.append(text[at:line])
                at = end
    return MAX_NODES, " ".join((*bare, text[at:]))


def _odd(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN or char in "\u2800\u3164\uffa0\u115f\u1160\u034f"
