"""One example of every requirement, and inputs that are made to take long or to be read in two ways."""

from __future__ import annotations

import gc
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.measure import Spread
from benchmarks.report import Row
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.memory import Memory
from pinnedrules.rules.model import RuleSet
from pinnedrules.types import Call, LedgerState, Moment, SessionId

__all__ = ["EXAMPLES", "hostile", "made", "rows", "rule"]

EXAMPLES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "amount": ({"of": "amount", "max": 100}, {"amount": "99.50"}),
    "at_most_once_per": ({"of": "id", "per": "session"}, {"id": "m1"}),
    "came_from": ({"of": "to", "in": ["user", "rules"]}, {"to": "ann@example.com"}),
    "content": ({"without": ["secrets", "personal", "links", "images"]}, {"body": "Hello"}),
    "count": ({"of": "ids", "max": 5, "per": "call"}, {"ids": ["m1"]}),
    "matches": ({"word": "m[0-9]{1,9}"}, {"word": "m1"}),
    "never_after": ({"tool": "look"}, {}),
    "only_after": ({"tool": "look", "same": "id"}, {"id": "m1"}),
    "path": ({"inside": "/srv"}, {"path": "/srv/a"}),
    "python": ({"call": "checks.mail:inside"}, {"text": "Hello"}),
    "rate": ({"max": 5, "per": "minute"}, {}),
    "recipients": ({"domain_in": ["example.com"]}, {"to": "ann@example.com"}),
    "shell": ({"programs_in": ["ls"]}, {"command": "ls"}),
    "sql": ({"statements_in": ["select"]}, {"sql": "select a from t"}),
    "time": ({"between": "00:00-23:59", "zone": "UTC"}, {}),
    "total": ({"of": "amount", "per": "call", "max": 100}, {"amount": "99.50"}),
    "url": ({"host_in": ["example.com"]}, {"url": "https://example.com/a"}),
    "who": ({"user_in": ["ann"]}, {}),
}
"""For every requirement: options, and arguments that it reads and that meet it, where nothing had to happen before.

None where it reads no argument.
"""

_WORDS = {
    "blanks": " ", "one letter": "a", "at signs": "@", "quotes": '"', "backslashes": "\\", "open brackets": "(",
    "angle brackets": "<", "dollars and brackets": "$(", "here documents": "<<a\n", "pipes": "a|", "dots": "../",
    "slashes": "/", "percents": "%25", "digits": "9", "minus signs": "-", "commas": "a,", "comments": "/*",
    "unions": "select 1 union ", "links": "[a](http://a ", "entities": "&#38;", "combining marks": "a\u0301",
    "full-width": "\uff41", "invisible": "\u200b", "right to left": "\u202ea", "line breaks": "\r\n",
    "addresses": "a@b.example, ", "hosts": "a.", "keys": "AKIA", "base64": "aGVsbG8g", "equals": "a=",
    "single quotes": "'", "square brackets": "[", "commands": "rm x; ", "sub-queries": "(select ",
    "cases": "case when 1 then ", "parameters": "`a`;", "braces": "{a,b}", "assignments": "a=b ",
    "redirections": ">a ", "tags": "<a href=", "closing brackets": ")", "subscripts": "[a]", "tests": "[[ a f ",
    "half quotes": "fi '", "functions": "function f ", "line ends": "\n",
}  # fmt: skip
_SIZES = (3_000, 16_000, 60_000, 1_000_000)
_LISTS = ((30, 16_000), (200, 4_000), (900, 1_000), (4_000, 200))
MAX_CHARS = 1 << 20


def rule(name: str) -> str:
    """Return a rule file that allows a call only if the example of this requirement holds."""
    require = json.dumps({name: EXAMPLES[name][0]})
    head = "version: 1\ndefault: ask\ntools: {act: write}\nrules:\n"
    return f"{head}  - {{id: r, text: The rule., on: act, require: {require}, then: allow, else: ask}}\n"


def made(arguments: Mapping[str, object]) -> Call:
    """Return a call that declares whatever arguments it has."""
    return Call("act", json.dumps(arguments), declared=frozenset(arguments))


def _raw(arguments: Mapping[str, object]) -> Call:
    """Return the same with every character as it is."""
    return Call("act", json.dumps(arguments, ensure_ascii=False), declared=frozenset(arguments))


def _written(key: str, value: str) -> Call:
    """Return a call with one argument as this very text."""
    return Call("act", f'{{"{key}": {value}}}', declared=frozenset({key}))


def hostile(name: str) -> Iterator[tuple[str, Call]]:
    """Yield (what it is, call) for the arguments that requirement *name* reads; none of them meets it."""
    good = EXAMPLES[name][1]
    for key in good or {"text": ""}:
        for what, word in _WORDS.items():
            for size in _SIZES:
                yield f"{size} of {what}", made({**good, key: (word * size)[:size]})
                if key in good and isinstance(good[key], str):
                    yield f"{size} of {what} behind what is good", made({**good, key: (good[key] + word * size)[:size]})
            for count, size in _LISTS:
                text = (str(good.get(key, "")) + word * size)[:size]
                yield f"{count} texts with {size} of {what}", _raw({**good, key: [text] * count})
            if not word.isascii():
                yield f"1,000,000 of {what}, not escaped", _raw({**good, key: (word * 1_000_000)[:1_000_000]})
        yield "10,000 items", made({**good, key: ["x y@"] * 10_000})
        yield "10,000 other items", made({**good, key: [f"a{number}@b{number}.example" for number in range(10_000)]})
        yield "10,000 maps", made({**good, key: [{"to": "a@b.example", "path": "/etc", "url": "http://a"}] * 10_000})
        yield "10,000 keys", made({**good, key: {f"to{number}": "a@b.example" for number in range(10_000)}})
        for count in (4_000, 11_000, 90_000):
            yield (
                f"{count} arguments",
                made({**good, **{f"to{number}_url": "https://a.example" for number in range(count)}}),
            )
        yield "400,000 numbers", _written(key, f"[{'1,' * 400_000}1]")
        yield "250,000 empty texts", _written(key, f"""[{'"",' * 250_000}""]""")
        yield "250,000 lists", _written(key, f"[{'[],' * 250_000}[]]")
        yield "lists in lists", made({**good, key: json.loads("[" * 60 + "]" * 60)})
        yield "a long number", _written(key, "9" * 999)
        yield "a large number", _written(key, "1e999999")
        yield "a small number", _written(key, "1e-999999")
        yield "half a pair", _written(key, '"\\ud800"')
        yield "lists without end", _written(key, "[" * 100_000)
        yield "lists too deep", _written(key, "[" * 100_000 + "]" * 100_000)
        yield "maps too deep", _written(key, '{"a":' * 100_000 + "1" + "}" * 100_000)
        yield "too long", made({key: "a" * (MAX_CHARS + 1)})


def rows() -> Iterator[Row]:
    """Measure each hostile call: whatever comes out, it is decided in 10 ms."""
    now = Moment(1_800_000_000_000_000, 1, "2027-01-15")
    for name in EXAMPLES:
        rules, ledger = load(rule(name)), LedgerState(whose=SessionId("s", "ann"))
        decide(rules, made(EXAMPLES[name][1]), ledger, now)
        memories = [one for one in gc.get_objects() if isinstance(one, Memory)]
        allowed: list[int] = []
        refused: list[int] = []
        for _, call in hostile(name):
            verdict, taken = _once(rules, call, ledger, now, memories)
            (allowed if verdict == "allow" else refused).append(taken)
        for how, found in (("refused or asked", refused), ("allowed", allowed)):
            if found:
                yield Row(f"hostile, {name}: {how}", "ms", Spread.of_ns(found), target_p99=10.0)
                yield Row(f"hostile, {name}: {how}, the slowest", "ms", Spread.of_ns([max(found)]), target_p50=10.0)


def _once(
    rules: RuleSet, call: Call, ledger: LedgerState, now: Moment, memories: Sequence[Memory[Any, Any]]
) -> tuple[str, int]:
    # Processor time, and the shorter of two tries with nothing remembered: what else the machine did is not what is asked.
    tries, verdict = [], ""
    for _ in itertools.repeat(None, 2):
        for memory in memories:
            memory.clear()
        start = time.thread_time_ns()
        verdict = decide(rules, call, ledger, now).verdict
        tries.append(time.thread_time_ns() - start)
    return verdict, min(tries)
