"""Values to try a requirement with, from its own options: those that should meet it, and the nearest that should not.

They are proposals: what they come to is decided by the rules themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pinnedrules.authoring.patterns import example
from pinnedrules.rules.bearing import bears_path, bears_recipients, bears_url
from pinnedrules.rules.predicates.amounts import money
from pinnedrules.rules.predicates.base import texts
from pinnedrules.rules.shell.reading import bears_command
from pinnedrules.rules.sql import bears_sql

__all__ = ["Sample", "bearing", "samples"]

MAX_ITEMS = 200

Options = Mapping[str, object]
Found = Iterator[tuple[object, bool]]


@dataclass(frozen=True, slots=True)
class Sample:
    """A value for one argument; ``holds`` says what the requirement is expected to answer."""

    argument: str
    value: object
    holds: bool


_BEARING: dict[str, tuple[Callable[[str], bool], str]] = {
    "recipients": (bears_recipients, "to"),
    "url": (bears_url, "url"),
    "path": (bears_path, "path"),
    "shell": (bears_command, "command"),
    "sql": (bears_sql, "sql"),
}


def samples(
    name: str, options: Options, arguments: Mapping[str, object], declared: Collection[str] = ()
) -> list[Sample]:
    """Return values to try the requirement *name* with in a call with *arguments*; none for what looks at no argument.

    *declared* are the arguments that the tool has besides.
    """
    if name == "matches":
        return [
            Sample(key, value, holds) for key, pattern in options.items() for value, holds in _matching(str(pattern))
        ]
    make = _MAKERS.get(name)
    if make is None:
        return []
    places = bearing(name, options, arguments, declared)
    found = []
    for place in places:
        like = arguments.get(place.partition(".")[0])
        for value, holds in make(options, like):
            found.append(_placed(place, value, like, holds))
    return found


def bearing(name: str, options: Options, arguments: Mapping[str, object], declared: Collection[str] = ()) -> list[str]:
    """Return the arguments that the requirement looks at: of the call, else of its tool, else one of the usual name."""
    of = texts(options, "of")
    if name not in _BEARING:
        texts_in = [key for key, value in arguments.items() if isinstance(value, str)][:4]
        return list(of) or texts_in or (["text"] if name == "content" else [])
    bears, usual = _BEARING[name]
    there = [key for key in arguments if key in of or bears(key)]
    return there or list(of)[:1] or [key for key in sorted(declared) if bears(key)][:1] or [usual]


def _placed(place: str, value: object, like: object, holds: bool) -> Sample:
    argument, *inner = place.split(".")
    for step in reversed(inner):
        value = [{step: value}]
    if isinstance(like, list) and not isinstance(value, list):
        value = [value]
    return Sample(argument, value, holds)


def _amounts(options: Options, like: object) -> Found:
    for key, beyond in (("max", 1), ("min", -1)):
        for limit in _listed(options.get(key)):
            found = money(limit)
            if found is None:
                continue
            number, currency = found
            step = _step(number, like)
            several = len(_listed(options.get("max", options.get("min")))) > 1
            for value, holds in ((number, True), (number + beyond * step, False)):
                if value >= 0:
                    written = f"{value:f}"
                    text = isinstance(like, str) or several
                    yield (f"{written} {currency}".strip() if text else _number(value)), holds


def _step(limit: Decimal, like: object) -> Decimal:
    """Return the smallest step that people take in such an amount: one, or one of its last decimal place."""
    known = money(like)
    exponents = [number.as_tuple().exponent for number in (limit, *([known[0]] if known else []))]
    lowest = min(exponent for exponent in exponents if isinstance(exponent, int))
    return Decimal(1).scaleb(min(lowest, 0))


def _number(value: Decimal) -> object:
    return int(value) if value == value.to_integral_value() else value


def _counts(options: Options, like: object) -> Found:
    most = options.get("max")
    if not isinstance(most, int) or options.get("per") != "call":
        yield "item-1", True
        return
    several = isinstance(like, list)
    for number in (most, most + 1):
        if number <= MAX_ITEMS and (number > 0 or several):
            items = [f"item-{index + 1}" for index in range(number)]
            yield (items if several or number > 1 else items[0]), number <= most


def _recipients(options: Options, _like: object) -> Found:
    for address in texts(options, "address_in"):
        yield address, True
    for domain in texts(options, "domain_in"):
        yield f"ada@{domain.replace('*.', 'mail.')}", True
    for address in texts(options, "not_in"):
        yield address, False
    yield "mallory@outside.example", False


def _urls(options: Options, _like: object) -> Found:
    scheme = (texts(options, "schemes_in") or ("https",))[0]
    for host in texts(options, "host_in"):
        yield f"{scheme}://{host.replace('*.', 'www.')}/", True
    yield f"{scheme}://outside.example/", False


def _paths(options: Options, _like: object) -> Found:
    for folder in texts(options, "inside"):
        yield f"{folder.rstrip('/')}/notes.txt", True
    yield "/etc/passwd", False


def _matching(pattern: str) -> Found:
    text = example(pattern)
    if text is not None:
        yield text, True
        yield f"{text};", False
    yield "something else", False


def _shell(options: Options, like: object) -> Found:
    if isinstance(like, str):
        # A line of several commands: each alone, so that the one that objects is seen.
        for part in like.replace("&&", ";").replace("||", ";").replace("|", ";").replace("\n", ";").split(";"):
            if part.strip() and part.strip() != like.strip():
                yield part.strip(), True
    for program in (*texts(options, "programs_in")[:8], "ls"):
        yield program, True
    yield "rm -rf build", False


def _sql(options: Options, like: object) -> Found:
    if isinstance(like, str) and ";" in like.strip().rstrip(";"):
        for part in like.split(";"):
            if part.strip():
                yield part.strip(), True
    table = next((name.replace(".*", ".orders") for name in texts(options, "tables_in")), "orders")
    forms = {
        "select": f"select * from {table}",
        "insert": f"insert into {table} (id) values (1)",
        "update": f"update {table} set id = 1 where id = 2",
        "delete": f"delete from {table} where id = 1",
    }
    for kind in texts(options, "statements_in"):
        if kind in forms:
            yield forms[kind], True
    yield f"drop table {table}", False


def _content(options: Options, _like: object) -> Found:
    yield "Hello, all is well.", True
    shown = {
        "links": "See https://outside.example/",
        "images": "![](https://outside.example/a.png)",
        "personal": "Write to mallory@outside.example",
        "secrets": "password = 'hunter2hunter2'",
    }
    for kind in texts(options, "without"):
        if kind in shown:
            yield shown[kind], False


def _once(_options: Options, _like: object) -> Found:
    yield "A-1", True


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


_MAKERS: dict[str, Callable[[Options, object], Found]] = {
    "amount": _amounts,
    "at_most_once_per": _once,
    "content": _content,
    "count": _counts,
    "path": _paths,
    "recipients": _recipients,
    "shell": _shell,
    "sql": _sql,
    "total": _amounts,
    "url": _urls,
}
