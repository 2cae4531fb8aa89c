"""Cases beside the rules: a call, what came before it, and what is expected of the rules.

::

    tests:
      - call: {refund: {amount: 101}}
        expect: ask
        rule: refund-cap
      - why: the second hundred of the day
        after: [{refund: {amount: 450}}]
        call: 'refund {"amount": 51}'
        expect: ask

The same closed YAML as a rule file; every error says file, line, column and a way out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import get_args

from pinnedrules.authoring.calls import made
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.arguments import Unread, dump, read
from pinnedrules.rules.printable import shown
from pinnedrules.rules.source import Node, parse, value_of
from pinnedrules.types import Call, Moment, Verdict

__all__ = ["USUAL", "Before", "Case", "moment_of", "read_cases"]

USUAL = "2026-01-07T12:00:00+00:00"
"""The moment of a case that names none: a Wednesday, at noon."""

_KEYS = ("why", "call", "after", "declared", "at", "user", "tenant", "expect", "rule", "becomes")
_BEFORE = ("call", "at", "declared")
_CALL = 'write call: {send_email: {to: ada@example.com}}, or a text: send_email {"to": "ada@example.com"}'


@dataclass(frozen=True, slots=True)
class Before:
    """A call that was released before; ``at`` is None for the moment of the case."""

    call: Call
    at: Moment | None
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``rules`` must be among those that decide; ``becomes`` are the arguments that a rewrite leaves, ``tool`` is
    the tool that it leads to.
    """

    line: int
    why: str
    call: Call
    after: tuple[Before, ...]
    at: Moment
    user: str
    tenant: str
    expect: Verdict
    rules: tuple[str, ...]
    becomes: object = None
    tool: str = ""

    def __str__(self) -> str:
        return self.why or f"{self.call.name} {self.call.arguments}".strip()


def read_cases(text: str, *, file: str) -> list[Case]:
    """Return the cases under ``tests``. Raises :class:`~pinnedrules.errors.RuleFileError`."""
    root = parse(text, file=file)
    return list(_Reader(file).cases(root))


def moment_of(text: str) -> Moment:
    """Return a moment written in ISO 8601 (UTC without an offset), its day that of the offset. Raises ValueError."""
    at = datetime.fromisoformat(text)
    offset = at.utcoffset() or timedelta()
    since = at.replace(tzinfo=None) - offset - datetime(1970, 1, 1)
    micros = since // timedelta(microseconds=1)
    return Moment(micros, micros * 1000, at.date().isoformat())


class _Reader:
    """Builds cases from a tree, and knows the file for its errors."""

    def __init__(self, file: str) -> None:
        self._file = file

    def cases(self, root: Node) -> Iterator[Case]:
        tests = self._map(root, ("tests",), what="a file of cases").get("tests")
        if tests is None:
            raise self._error(root, "'tests' is missing", "write tests: and a list of cases")
        if not isinstance(tests.value, list) or not tests.value:
            raise self._error(tests, "'tests' is no list of cases", "write - call: ... and expect: ...")
        for entry in tests.value:
            yield self._case(entry)

    def _case(self, node: Node) -> Case:
        given = self._map(node, _KEYS, what="a case")
        for key in ("call", "expect"):
            if key not in given:
                raise self._error(node, f"{key!r} is missing", f"write {key}: ...")
        at = self._moment(given["at"]) if "at" in given else moment_of(USUAL)
        after = given.get("after")
        becomes, tool = self._becomes(given.get("becomes"))
        before = [] if after is None else after.value if isinstance(after.value, list) else [after]
        return Case(
            line=node.line,
            why=self._text(given.get("why")),
            call=self._call(given["call"], given.get("declared"), "now"),
            after=tuple(self._before(one, f"before-{number}") for number, one in enumerate(before)),
            at=at,
            user=self._text(given.get("user")),
            tenant=self._text(given.get("tenant")),
            expect=self._verdict(given["expect"]),
            rules=self._texts(given.get("rule")),
            becomes=becomes,
            tool=tool,
        )

    def _becomes(self, node: Node | None) -> tuple[object, str]:
        """Return the arguments, and the tool when a whole call is written, as in ``create_draft {...}``."""
        if node is None:
            return None, ""
        if not isinstance(node.value, str):
            return value_of(node), ""
        call = self._call(node, None, "")
        try:
            return read(call), call.name
        except Unread as problem:
            raise self._error(node, f"not a call: {problem}", _CALL) from None

    def _before(self, node: Node, answer: str) -> Before:
        # Each stands in an answer of its own, so that the model could see what came of it.
        if isinstance(node.value, dict) and "call" in node.value:
            given = self._map(node, _BEFORE, what="a call that came before")
            at = self._moment(given["at"]) if "at" in given else None
            return Before(self._call(given["call"], given.get("declared"), answer), at, node.line)
        return Before(self._call(node, None, answer), None, node.line)

    def _call(self, node: Node, declared: Node | None, answer: str) -> Call:
        names = None if declared is None else self._texts(declared)
        if isinstance(node.value, str) and node.value:
            name, _, arguments = node.value.partition(" ")
            return made(name, arguments.strip(" "), declared=names, answer=answer)
        if isinstance(node.value, dict) and len(node.value) == 1:
            ((name, (_, inner)),) = node.value.items()
            if isinstance(inner.value, str):
                return made(name, inner.value, declared=names, answer=answer)
            if isinstance(inner.value, dict):
                return made(name, dump(value_of(inner)), declared=names, answer=answer)
        raise self._error(node, "not a call", _CALL)

    def _moment(self, node: Node) -> Moment:
        try:
            return moment_of(self._text(node))
        except ValueError:
            raise self._error(
                node, f"not a moment: {shown(value_of(node))!r}", "write 2026-01-07T09:00:00+01:00"
            ) from None

    def _verdict(self, node: Node) -> Verdict:
        for verdict in get_args(Verdict):
            if node.value == verdict:
                found: Verdict = verdict
                return found
        raise self._error(node, f"not a verdict: {shown(value_of(node))!r}", "write allow, ask or deny")

    def _texts(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        return tuple(self._text(one) for one in (node.value if isinstance(node.value, list) else [node]))

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if not isinstance(node.value, str):
            raise self._error(node, "must be a text", "put it in quotes")
        return node.value

    def _map(self, node: Node, known: Sequence[str], *, what: str) -> Mapping[str, Node]:
        if not isinstance(node.value, dict):
            raise self._error(node, f"{what} is a map", f"known keys: {', '.join(known)}")
        for name, (key, _) in node.value.items():
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                raise self._error(key, f"unknown key {shown(name)!r}", hint)
        return {name: inner for name, (_, inner) in node.value.items()}

    def _error(self, node: Node, problem: str, hint: str) -> RuleFileError:
        return RuleFileError(problem, file=self._file, line=node.line, column=node.column, hint=hint)
