"""``matches: {branch: "feature/.+"}``: an argument matches a pattern as a whole. Patterns are RE2, linear in time.

- holds: every named argument is a text that matches, both as it is and after Unicode normalisation (NFKC), so that
  look-alike characters can neither slip past a pattern nor into one.
- fails: one does not match.
- cannot be decided: one is missing or not a text, or longer than 300,000 characters and not plain ASCII.

Syntax: https://github.com/google/re2/wiki/Syntax (no look-around, no back-references).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Outcome, Predicate
from pinnedrules.rules.printable import shown

__all__ = ["MATCHES", "Together", "together"]

MAX_PATTERN = 1_000
MAX_MEMORY = 1 << 20
"""Bytes that one compiled pattern may take."""

MAX_STRANGE = 300_000
"""Longest text that is not plain ASCII, in characters."""

MAX_TOGETHER = 8 << 20


class Together:
    """Many patterns on one argument, matched in one pass. Raises ``re2.error`` when they take too much memory."""

    def __init__(self, argument: str, patterns: Sequence[str]) -> None:
        self._argument = argument
        self._match = _set(patterns, MAX_TOGETHER)

    def holding(self, facts: Facts) -> Sequence[int]:
        """Return the indices of patterns that certainly hold; the others have to be asked one by one."""
        value = facts.arguments.get(self._argument)
        if not isinstance(value, str) or not value.isascii():
            return ()
        return self._match(value.encode()) or ()


def together(argument: str, patterns: Mapping[int, str], least: int) -> list[tuple[Together, tuple[int, ...]]]:
    """Return matchers of *patterns*, each with the keys of its own; fewer than *least* patterns are left out.

    Patterns that are too large to be compiled as one are matched in several passes.
    """
    import re2

    if len(patterns) < least:
        return []
    try:
        return [(Together(argument, tuple(patterns.values())), tuple(patterns))]
    except re2.error:
        items = list(patterns.items())
        halves = (items[: len(items) // 2], items[len(items) // 2 :])
        return [found for half in halves for found in together(argument, dict(half), least)]


def _set(patterns: Sequence[str], memory: int) -> Callable[[bytes], Sequence[int] | None]:
    """Return a matcher of whole texts that gives the indices of the patterns that match.

    It gives none when it runs out of memory, which makes a requirement fail and never hold.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = memory
    found = re2.Set.FullMatchSet(options)
    for pattern in patterns:
        found.Add(pattern.encode())
    found.Compile()
    match: Callable[[bytes], Sequence[int] | None] = found.Match
    return match


def _compiled(name: str, pattern: object) -> Callable[[bytes], object]:
    import re2

    if not isinstance(pattern, str):
        raise BadOption("a pattern must be a text", name, hint="put it in quotes")
    if len(pattern) > MAX_PATTERN:
        raise BadOption(f"a pattern is longer than {MAX_PATTERN} characters", name)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        re2.compile(pattern.encode(), options)
        # A set of one: the same engine, without the match object that nobody looks at.
        return _set([pattern], MAX_MEMORY)
    except re2.error as problem:
        said = problem.args[0] if problem.args else ""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadOption(
            f"not an RE2 pattern: {shown(text)}", name, hint="RE2 has no look-around and no back-references"
        ) from None


def _build(options: Mapping[str, object], _rule: str) -> Built:
    if not options:
        raise BadOption("names no argument", hint="write matches: {branch: 'feature/.+'}")
    tests = [(name, str(pattern), _compiled(name, pattern)) for name, pattern in options.items()]

    def check(facts: Facts) -> Outcome:
        unclear: Cannot | None = None
        for name, pattern, matcher in tests:
            value = facts.arguments.get(name)
            if not isinstance(value, str):
                what = "is not a text" if name in facts.arguments else "is missing"
                unclear = Cannot(f"matches: the argument {name} {what}")
                continue
            if len(value) > MAX_STRANGE and not value.isascii():
                unclear = Cannot(f"matches: {name} is longer than {MAX_STRANGE} characters and not plain ASCII")
                continue
            normal = value if value.isascii() else unicodedata.normalize("NFKC", value)
            if not matcher(value.encode()) or (normal != value and not matcher(normal.encode())):
                return Fails(f"matches: {name} is {shown(value, 60)}, which does not match {shown(pattern, 60)}")
        return unclear

    alone = (tests[0][0], tests[0][1]) if len(tests) == 1 else None
    return Built(check, {name: (name,) for name in options}, pattern=alone)


def _say(options: Mapping[str, object]) -> str:
    return " and ".join(f"{name} matches {pattern}" for name, pattern in options.items())


MATCHES = Predicate("matches", _build, _say)
