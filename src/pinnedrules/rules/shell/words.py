"""The words of a command line: what quotes, escapes and expansions leave of them, or that it is not known.

A word that does not look as its kind of node says is unclear: the parser took it for another one than a shell does.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from pinnedrules.rules.shell.summary import MAX_DEPTH, Sink, Unclear, Word, table

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["WORDS", "Runner", "Words"]

Runner = Callable[[list[Word], "str | None", Sink, int], None]
"""Is given the words of one command, the text that it reads on its standard input if that is known, and the depth."""

WORDS = table("""
    word raw_string string number concatenation simple_expansion expansion command_substitution
    process_substitution arithmetic_expansion
""")

# Nodes between which blanks must stand in a shell.
_APART = WORDS | {"command_name", "variable_assignment", "ansi_c_string", "translated_string"}

_BARE = re.compile(r"(?:[^\s'\"`$;&|<>()\\]|\\[^\n])+|\$")
_CONTENT = re.compile(r"(?:[^\"`\\$]|\\[^\n]|\$(?![\w{('\"@*#?$!-]))*")
_ESCAPED = re.compile(r"\\(.)")
_ESCAPED_IN_QUOTES = re.compile(r"\\([$`\"\\])")
_BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)|[,.]\}|\{.*\{")
_GLOB = re.compile(r"(?<!\\)(?:\\\\)*[*?\[]")
_EXPANSION = re.compile(
    r"\$(?:\{[A-Za-z_][A-Za-z0-9_]*(?:(?::?[-+]|##?|%%?)[A-Za-z0-9_./*-]*)?\}|[A-Za-z0-9_@*#?$!-]+)"
)
_SUM = re.compile(r"\$\(\([0-9 +*/%()-]*\)\)")


class Words(ABC):
    """One line while its tree is walked: its words."""

    def __init__(self, source: bytes, run: Runner, sink: Sink, depth: int) -> None:
        self.source = source
        self.run = run
        self.sink = sink
        self.depth = depth

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode()

    def parts(self, node: Node) -> list[Node]:
        """Return the children of *node*; nothing but blanks may stand between them."""
        at, last = node.start_byte, ""
        for child in node.children:
            if self.source[at : child.start_byte].replace(b"\\\n", b"").strip(b" \t\n"):
                raise Unclear("a part of it cannot be parsed")
            if child.start_byte == at != node.start_byte and {child.type, last} <= _APART:
                raise Unclear("a word cannot be parsed")
            at, last = max(at, child.end_byte), child.type
        return node.children

    @abstractmethod
    def statement(self, node: Node, stdin: str | None, *, level: int = 0) -> None:
        """Read a statement."""

    @abstractmethod
    def file(self, node: Node, *, alone: bool) -> None:
        """Read a redirection."""

    def word(self, node: Node) -> Word:
        """Return one word. Commands in it are read, too."""
        kind = node.type
        if kind in ("word", "number"):
            return self._bare(self.text(node))
        if kind == "raw_string":
            text = self.text(node)[1:-1]
            if "'" in text:
                raise Unclear("its quotes cannot be parsed")
            return Word(text)
        if kind == "string":
            return self._quoted(node)
        if kind == "concatenation":
            return self._joined(node)
        if kind in ("simple_expansion", "expansion"):
            if not _EXPANSION.fullmatch(self.text(node)):
                raise Unclear("it computes a word in an unusual way")
            return Word("", known=False, splits=True)
        if kind == "command_substitution" or kind == "process_substitution":
            for child in self.parts(node):
                if child.type == "file_redirect":
                    self.file(child, alone=False)
                elif child.is_named:
                    if child.type not in ("command", "pipeline", "list", "redirected_statement", "comment"):
                        raise Unclear("it runs commands inside a word in an unusual way")
                    self._inside(child)
            return Word("", known=False, splits=kind == "command_substitution")
        if kind == "arithmetic_expansion" and _SUM.fullmatch(self.text(node)):
            return Word("", known=False)
        raise Unclear(f"it holds a word that is not read ({kind.replace('_', ' ')})")

    def _inside(self, node: Node) -> None:
        if self.text(node).count("`"):
            raise Unclear("it has backquotes inside backquotes")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unclear(f"it holds commands in commands, more than {MAX_DEPTH} deep")
        self.statement(node, None)
        self.depth -= 1

    def _bare(self, raw: str) -> Word:
        if not _BARE.fullmatch(raw):
            raise Unclear("a word cannot be parsed")
        if not raw.isascii() and unicodedata.normalize("NFKC", raw) != unicodedata.normalize("NFC", raw):
            raise Unclear("a word holds look-alike characters")
        text = _ESCAPED.sub(r"\1", raw)
        if "{" in raw and _BRACES.search(raw):
            return Word("", known=False, splits=True)
        return Word(text, pattern=bool(_GLOB.search(raw)))

    def _quoted(self, node: Node) -> Word:
        for child in node.children:
            if child.type in ("simple_expansion", "expansion", "command_substitution", "arithmetic_expansion"):
                self.word(child)
            elif child.type != "string_content" and self.text(child) not in ('"', "$"):
                raise Unclear("its quotes cannot be parsed")
        inner = self.text(node)[1:-1]
        if all(child.type in ("string_content", '"', "$") for child in node.children):
            if not _CONTENT.fullmatch(inner):
                raise Unclear("its quotes cannot be parsed")
            return Word(_ESCAPED_IN_QUOTES.sub(r"\1", inner).replace("\\\n", ""))
        begin = re.match(r"[A-Za-z0-9_./:=,+@%-]*", inner)
        return Word(begin[0] if begin else "", known=False)

    def _joined(self, node: Node) -> Word:
        if sum(child.end_byte - child.start_byte for child in node.children) != node.end_byte - node.start_byte:
            raise Unclear("a word cannot be parsed")
        if _BRACES.search(self.text(node)):
            return self._unknown(node)
        text = ""
        known, pattern, splits = True, False, False
        for child in node.children:
            found = self.word(child)
            if known:
                text += found.text
            known = known and found.known
            pattern = pattern or found.pattern
            splits = splits or found.splits
        return Word(text, known, pattern, splits)

    def _unknown(self, node: Node) -> Word:
        for child in node.children:
            self.word(child)
        return Word("", known=False, splits=True)
