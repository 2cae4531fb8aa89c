"""A POSIX command line to the commands in it, read with the grammar of bash.

Rules of this file:

1. Only what is on the list of known constructs is read. Another node, an error in the tree, a word that does not look
   as its kind of node says: unclear.
2. A parser and a shell can disagree, so that what they are known to disagree about is not read at all: joined lines,
   control characters, several here-documents in a line, nested quotes in odd places.
3. Time is bounded, by the size of the text and by the work of its parser (:mod:`pinnedrules.rules.shell.bounds`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pinnedrules.rules.shell.bounds import MAX_NODES, look, parsed
from pinnedrules.rules.shell.summary import MAX_DEPTH, Sink, Unclear, Word, table
from pinnedrules.rules.shell.words import WORDS, Runner, Words

if TYPE_CHECKING:
    from tree_sitter import Language, Node

__all__ = ["read_line"]

_QUIET = re.compile(r"#[^;&|`$()<>\\]*")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_ARITHMETIC = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R", "<", ">"})

# Variables that change no program's meaning. In capitals all others may; so may a few in small letters.
_SETTABLE = table("""
    CI COLUMNS FORCE_COLOR LANG LC_ALL LC_COLLATE LC_CTYPE LC_NUMERIC LINES NO_COLOR PYTHONDONTWRITEBYTECODE
    PYTHONIOENCODING PYTHONUNBUFFERED PYTHONUTF8 TERM TZ
""")
_MEANING = table("""
    aliases argv cdpath commands fignore fpath functions galiases histchars mailpath manpath module_path options
    path prompt psvar saliases status watch
""")

# Nodes that do nothing but hold others.
_HOLDERS = table("""
    program list pipeline subshell compound_statement negated_command if_statement elif_clause else_clause
    while_statement do_group for_statement case_statement case_item redirected_statement variable_assignments
""")


@lru_cache(maxsize=1)
def _language() -> Language:
    # Imported here: whoever has no rule about a shell shall not wait for it.
    from tree_sitter import Language
    from tree_sitter_bash import language

    return Language(language())


def read_line(text: str, run: Runner, sink: Sink, depth: int) -> None:
    """Read *text*, hand every command in it to *run* and note in *sink* what the line itself does."""
    from tree_sitter import Parser

    try:
        if depth > MAX_DEPTH:
            raise Unclear(f"it holds commands in commands, more than {MAX_DEPTH} deep")
        look(text)
        source = text.encode()
        root = parsed(Parser(_language()), text, source).root_node
        if root.has_error:
            raise Unclear("it cannot be parsed")
        sink.nodes += root.descendant_count
        if sink.nodes > MAX_NODES:
            raise Unclear(f"it has more than {MAX_NODES} parts")
        _Reading(source, run, sink, depth).statement(root, None)
    except Unclear as problem:
        sink.doubt(str(problem))
    except RecursionError:
        sink.doubt("it is nested too deeply")


class _Reading(Words):
    """One line while its tree is walked: its statements and redirections."""

    # -- statements ----------------------------------------------------------------------------------------------------

    def statement(self, node: Node, stdin: str | None, *, level: int = 0) -> None:
        """Read a statement; *stdin* is the text that a here-document gives it, None when that is not known."""
        kind = node.type
        if level > 64:
            raise Unclear("it is nested too deeply")
        if kind == "command":
            self._command(node, stdin)
        elif kind == "redirected_statement":
            self._redirected(node, stdin, level)
        elif kind in _HOLDERS:
            for child in self.parts(node):
                if not child.is_named:
                    continue
                if child.type in WORDS:
                    self.word(child)
                elif child.type == "extglob_pattern" and not set(self.text(child)) & set("$`("):
                    continue
                elif child.type != "variable_name":
                    self.statement(child, None, level=level + 1)
                elif kind != "for_statement" or not _settable(self.text(child)):
                    raise Unclear(f"it sets the variable {self.text(child)}")
        elif kind in ("variable_assignment", "declaration_command"):
            self._assigned(node)
        elif kind == "comment":
            if not _QUIET.fullmatch(self.text(node)):
                raise Unclear("a comment holds what some shells run")
        elif kind == "test_command":
            self._test(node)
        elif kind == "file_redirect":
            self.file(node, alone=False)
        elif kind == "unset_command":
            if not re.fullmatch(r"unset( [A-Za-z_][A-Za-z0-9_]*)+", self.text(node)):
                raise Unclear("unset with more than names")
        else:
            raise Unclear(f"it holds a construct that is not read ({kind.replace('_', ' ')})")

    def _redirected(self, node: Node, stdin: str | None, level: int) -> None:
        body: list[Node] = []
        here = 0
        alone = True
        for child in self.parts(node):
            if child.type == "heredoc_redirect":
                here += 1
                stdin = self._here_document(child, level)
            elif child.type == "herestring_redirect":
                stdin = self._here_string(child)
            elif child.type != "file_redirect":
                body.append(child)
                alone = alone and child.type == "command" and self.text(child).strip() in (":", "true")
        if here > 1:
            raise Unclear("it has several here-documents")
        for child in node.children:
            if child.type == "file_redirect":
                if self.text(child).lstrip("0").startswith("<"):
                    stdin = None
                self.file(child, alone=alone)
        for child in body:
            self.statement(child, stdin, level=level + 1)

    def _command(self, node: Node, stdin: str | None) -> None:
        words: list[Word] = []
        for child in self.parts(node):
            if child.type == "command_name":
                words.append(self.word(self.parts(child)[0]))
            elif child.type == "variable_assignment":
                self._assigned(child, exported=True)
            elif child.type == "herestring_redirect":
                stdin = self._here_string(child)
            elif child.type == "file_redirect":
                self.file(child, alone=False)
                stdin = None
            else:
                words.append(self.word(child))
        if words:
            self.run(words, stdin, self.sink, self.depth)

    def _assigned(self, node: Node, *, exported: bool = False) -> None:
        """Read an assignment, or ``export`` and its kin with several; *exported* when a program gets them."""
        exported = exported or node.type == "declaration_command"
        for child in self.parts(node):
            if child.type == "variable_name":
                name = self.text(child)
                if not (name in _SETTABLE if exported else _settable(name)):
                    raise Unclear(f"it sets the variable {name}")
            elif child.type == "variable_assignment":
                self._assigned(child, exported=exported)
            elif child.type == "array":
                for item in child.children:
                    if item.is_named:
                        self.word(item)
            elif child.type in WORDS:
                found = self.word(child)
                if node.type == "declaration_command" and not re.fullmatch(r"-[aAirxp]|[a-z_]+", found.text):
                    raise Unclear("it declares variables in an unusual way")
            elif child.is_named:
                raise Unclear(f"it sets a variable in an unusual way ({child.type.replace('_', ' ')})")

    def _test(self, node: Node) -> None:
        """Read ``[[ ... ]]``. Where it compares numbers, a shell computes what it is given, and that can run commands."""
        stack = [node]
        while stack:
            child = stack.pop()
            if child.type in WORDS:
                self.word(child)
            elif child.type in ("test_operator", "<", ">") and self.text(child) in _ARITHMETIC:
                raise Unclear("it compares numbers inside [[ ]]")
            elif child.is_named and child.type not in (
                "test_command", "binary_expression", "unary_expression", "parenthesized_expression", "test_operator",
                "extglob_pattern", "regex",
            ):  # fmt: skip
                raise Unclear(f"it tests in a way that is not read ({child.type.replace('_', ' ')})")
            elif child.type in ("extglob_pattern", "regex") and set(self.text(child)) & set("$`("):
                raise Unclear("it tests with a pattern that is not plain")
            else:
                stack.extend(child.children)

    # -- redirections --------------------------------------------------------------------------------------------------

    def file(self, node: Node, *, alone: bool) -> None:
        """Read ``> file`` and its kin; *alone* when nothing is written, so that the file is only emptied."""
        sign = ""
        if sum(child.is_named and child.type != "file_descriptor" for child in node.children) > 1:
            # Words that stand behind a redirection belong to the command.
            raise Unclear("it has words behind a redirection")
        for child in self.parts(node):
            if child.type == "file_descriptor":
                if not self.text(child).isdigit():
                    raise Unclear("it redirects in an unusual way")
            elif not child.is_named:
                sign = self.text(child)
            else:
                target = self.word(child)
                if sign in (">&", "<&", "<&-", ">&-") and target.plain and re.fullmatch(r"[0-9]+-?|-", target.text):
                    continue
                self._target(sign, target, alone)

    def _target(self, sign: str, target: Word, alone: bool) -> None:
        if target.text.startswith(("/dev/tcp/", "/dev/udp/")):
            self.sink.does("send")
            self.sink.host(target.text.split("/")[3] or "?")
        elif sign == "<":
            self.sink.does("read")
            self.sink.path(target)
        elif sign in (">", ">>", ">|", "&>", "&>>", ">&"):
            if target.text.startswith(("/dev/fd/", "/proc/")):
                raise Unclear("it writes to an open file that it does not name")
            if not target.plain or target.text not in ("/dev/null", "/dev/stdout", "/dev/stderr"):
                self.sink.does("write", *(("delete",) if alone and sign != ">>" else ()))
            self.sink.path(target, made=True, gone=alone and sign != ">>")
        else:
            raise Unclear(f"it redirects in an unusual way ({sign})")

    def _here_string(self, node: Node) -> str | None:
        word = self.word(self.parts(node)[-1])
        return word.text if word.plain else None

    def _here_document(self, node: Node, level: int) -> str | None:
        """Return the text of a here-document, None when variables are put into it."""
        start = body = end = None
        for child in node.children:
            if child.type == "heredoc_start":
                start = child
            elif child.type == "heredoc_body":
                body = child
            elif child.type == "heredoc_end":
                end = child
            elif child.type == "file_redirect":
                self.file(child, alone=False)
            elif child.is_named:
                self.statement(child, None, level=level + 1)
        if start is None or end is None:
            raise Unclear("it has a here-document without an end")
        name = self.text(start)
        bare = re.fullmatch(r"(['\"]?)([A-Za-z0-9_.-]+)\1", name)
        if bare is None:
            raise Unclear("it has a here-document with an unusual end")
        text = self._here_text(start, end, bare[2], tabs=self.text(node.children[0]).endswith("-"))
        if bare[1]:
            return text
        if body is not None and ("`" in text or "$(" in text or "${" in text or "$[" in text):
            raise Unclear("it has a here-document that holds commands or computed values")
        return text if "$" not in text and "\\" not in text else None

    def _here_text(self, start: Node, end: Node, name: str, *, tabs: bool) -> str:
        """Return the text between the line of *start* and the first line that is *name*; that must be where *end* is."""
        at = self.source.find(b"\n", start.end_byte) + 1
        first = self.source[start.end_byte : at]
        if not at or b"<<" in first:
            raise Unclear("it has several here-documents in a line")
        lines: list[str] = []
        for line in self.source[at:].decode().split("\n"):
            bare = line.lstrip("\t") if tabs else line
            if bare == name:
                break
            lines.append(bare)
            at += len(line.encode()) + 1
        else:
            raise Unclear("it has a here-document without an end")
        if not at <= end.start_byte <= at + len(line.encode()):
            raise Unclear("it has a here-document with an unusual end")
        return "".join(f"{line}\n" for line in lines)


def _settable(name: str) -> bool:
    """True for a variable that changes no program's meaning."""
    small = _NAME.fullmatch(name) is not None and name not in _MEANING and not name.endswith("_proxy")
    return small or name in _SETTABLE
