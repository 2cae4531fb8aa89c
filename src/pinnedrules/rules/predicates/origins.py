"""``came_from: {of: [to], in: [user, rules, trusted]}``: the values of these arguments were given, not made up or picked up.

A value (an address, a host, a URL, a path, an id, an amount) is given when it occurred as a whole, in this session,

- ``user``: in what a person said (``guard.user_turn``); not in a message of the role ``user``, which anybody's text has;
- ``rules``: in the text or a requirement of a rule of this rule set;
- ``trusted``: in the result of a released call to a tool that the file declares ``source: trusted``, unless the call itself
  had named it. What an untrusted tool brought back does not count, nor does a piece of it.

``of`` names the arguments; every item of a list, and every address of a list of addresses, must be given.

- holds: every value was: ``bob@example.com`` after "mail it to Bob@Example.com".
- fails: one was not, or so long ago that it is forgotten (4,096 values are remembered for each session).
- cannot be decided: an argument is missing, no text or number, or is nothing of the kinds above (a sentence); or what
  was said in this session cannot be looked up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pinnedrules.rules.mentioned import forms
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Outcome,
    Predicate,
    Trace,
    closed,
    texts,
)
from pinnedrules.rules.predicates.values import head, values
from pinnedrules.rules.printable import shown

__all__ = ["CAME_FROM"]

MAX_VALUES = 250
"""Values of one argument that are looked up. A call with more of them cannot be decided."""

_SOURCES = ("user", "rules", "trusted")
_TOLD = {"user": "a person's words", "rules": "the rules", "trusted": "a trusted result"}


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("of", "in"))
    of, sources = texts(options, "of"), texts(options, "in")
    for index, source in enumerate(sources):
        if source not in _SOURCES:
            raise BadOption("must be user, rules or trusted", "in", index, word=source, known=_SOURCES)
    kept = tuple(source for source in sources if source != "rules")
    told = _words(sources)

    def keys(arguments: Mapping[str, object]) -> Iterator[str]:
        for name in of:
            there = values(arguments, name)
            for value in [] if isinstance(there, Cannot) or len(there) > MAX_VALUES else there:
                found = forms(value, name)
                for form in [] if isinstance(found, Cannot) else found:
                    yield from (f"{source} {digest}" for digest in form for source in kept)

    def check(facts: Facts) -> Outcome:
        known = facts.ledger.known
        unclear: Outcome = None
        for name in of:
            there = values(facts.arguments, name)
            if isinstance(there, Cannot):
                return Cannot(f"came_from: {there.why}")
            if len(there) > MAX_VALUES:
                return Cannot(f"came_from: {name} has more than {MAX_VALUES} values")
            for value in there or [""]:
                found = forms(value, name)
                if isinstance(found, Cannot):
                    return Cannot(f"came_from: {found.why}")
                if any(all(_given(digest, sources, known, facts.stated) for digest in form) for form in found):
                    continue
                if known is None and kept:
                    unclear = Cannot("came_from: what was said in this session cannot be looked up")
                else:
                    return Fails(f"came_from: {name} {shown(value, 80)} did not come from {told}")
        return unclear

    trace = Trace(lambda arguments: tuple(dict.fromkeys(keys(arguments))), "trusted" in sources)
    return Built(check, {head(name): ("of",) for name in of}, trace=trace)


def _given(digest: str, sources: tuple[str, ...], known: frozenset[str] | None, stated: frozenset[str]) -> bool:
    if "rules" in sources and digest in stated:
        return True
    return known is not None and any(f"{source} {digest}" in known for source in sources)


def _words(sources: tuple[str, ...]) -> str:
    return " or ".join(_TOLD[source] for source in sources)


def _say(options: Mapping[str, object]) -> str:
    return f"{' and '.join(texts(options, 'of'))} came from {_words(texts(options, 'in'))}"


CAME_FROM = Predicate("came_from", _build, _say)
