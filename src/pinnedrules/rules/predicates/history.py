"""``never_after: {source: untrusted}`` and ``only_after: {tool: validate}``: what was released in this session before.

Besides ``source`` (``never_after`` only), calls are told by ``tool`` (names or globs), ``effect`` (with both, both must
match) or ``rule`` (what the rule of this id is about; a call that it asks about was released because a person said yes).

``never_after``

- holds: nothing from outside was read; no such call was released.
- fails: it was. A name counts as loosely as for an objection.
- cannot be decided: never; a ledger that cannot be read is refused before any rule is asked.

``only_after``

- holds: such a call was released in an answer before this one, so that the model could see its result. With ``same: id``,
  one with the very same value of that argument. The name counts only as it is written.
- fails: there was none, or only in this answer. With ``same``, none with this value.
- cannot be decided: the argument of ``same`` is missing or no text or number; 1,000 values were there already.

Nothing is noted of calls before the rule was in force. What a tool did is not seen: a released call counts even if the tool
failed, unless a gated tool says that nothing was done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from pinnedrules.rules.arguments import dump
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Check,
    Facts,
    Fails,
    Note,
    Outcome,
    Predicate,
    Reserve,
    Watch,
    closed,
    texts,
)
from pinnedrules.rules.predicates.marks import MAX_MARKS, both, exact, has, joined, plus, room, sound, without
from pinnedrules.rules.terms import On
from pinnedrules.types import EFFECTS, OFFERED

__all__ = ["NEVER_AFTER", "ONLY_AFTER", "READ_UNTRUSTED"]

READ_UNTRUSTED = "read_untrusted"
"""The session half's key that says that something from outside was read."""

_READ_BEFORE = Fails("never_after: something from outside was read before in this session")
_WHICH = ("tool", "effect", "rule")


def _about(options: Mapping[str, object], rule: str, *, word: str) -> tuple[On, str]:
    """Return which calls are meant: an ``on``, or the id of a rule. Raises :class:`BadOption`."""
    if not any(key in options for key in _WHICH):
        source = "'source', " if word == "was" else ""
        raise BadOption(f"{source}'tool', 'effect' or 'rule' is missing", hint="say after what: tool: ...")
    effects = texts(options, "effect")
    for number, effect in enumerate(effects):
        if effect not in EFFECTS:
            path = ("effect",) if isinstance(options["effect"], str) else ("effect", number)
            raise BadOption(f"{effect!r} is no effect", *path, word=effect, known=EFFECTS)
    if "rule" not in options:
        return On(texts(options, "tool"), tuple(effect for effect in EFFECTS if effect in effects)), ""
    name = options["rule"]
    if len(options) - ("same" in options) > 1:
        raise BadOption("'rule' beside 'tool' or 'effect'", "rule", hint="keep one of them")
    if not isinstance(name, str) or not name:
        raise BadOption("must be the id of a rule", "rule")
    if name == rule:
        raise BadOption("a rule that refers to itself", "rule", hint="name another rule")
    return On(), name


def _key(word: str, on: On, rule: str, same: tuple[str, ...]) -> str:
    """Return the key of what is noted: by what is watched, so that another rule file's notes are not taken for it."""
    what = {"tool": sorted(on.tools), "effect": list(on.effects), "rule": rule, "same": list(same)}
    return f"{word}:{sha256(dump(what, ordered=True).encode()).hexdigest()[:16]}"


def _told(options: Mapping[str, object]) -> str:
    """Return the calls that are meant in words."""
    if "rule" in options:
        return f"a call that {options['rule']} is about"
    effects = " or ".join(texts(options, "effect"))
    tools = " or ".join(texts(options, "tool"))
    return " with the effect ".join(filter(None, (tools or "a call", effects)))


# never_after


def _nothing_read(facts: Facts) -> Outcome:
    return _READ_BEFORE if READ_UNTRUSTED in facts.ledger.session else None


def _build_never(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=(), optional=("source", *_WHICH))
    if "source" in options:
        if options["source"] != "untrusted":
            raise BadOption("must be untrusted", "source", word=str(options["source"]), known=("untrusted",))
        if len(options) > 1:
            raise BadOption("'source' beside others", "source", hint="write a rule for each")
        return Built(_nothing_read, {})
    on, other = _about(options, rule, word="was")
    key, told = _key("was", on, other, ()), _told(options)

    before = Fails(f"never_after: {told} was released before in this session")

    def check(facts: Facts) -> Outcome:
        return before if key in facts.ledger.session else None

    def note(facts: Facts) -> Note | None:
        # It is never taken back: a later call of the same kind has not noted it again.
        return None if key in facts.ledger.session else Note("session", key, "1")

    return Built(check, {}, watch=Watch(on, other, sure=False, reserve=note))


def _say_never(options: Mapping[str, object]) -> str:
    return "nothing from outside was read before" if "source" in options else f"never after {_told(options)}"


# only_after


def _value(facts: Facts, same: tuple[str, ...]) -> str | Cannot:
    """Return the digest of the values that must be the same."""
    digests = []
    for name in same:
        if name not in facts.arguments:
            return Cannot(f"the argument {name} is missing")
        digest = exact(name, facts.arguments[name])
        if isinstance(digest, Cannot):
            return digest
        digests.append(digest)
    return joined(digests)


def _build_only(options: Mapping[str, object], rule: str) -> Built:
    closed(options, required=(), optional=(*_WHICH, "same"))
    on, other = _about(options, rule, word="done")
    same = texts(options, "same")
    key, told = _key("done", on, other, same), _told(options)
    where: tuple[str | int, ...] = ("same",)
    if same:
        check, reserve = _with_same(key, told, same)
        return Built(check, dict.fromkeys(same, where), watch=Watch(on, other, sure=True, reserve=reserve))

    def once(facts: Facts) -> Outcome:
        answer = facts.ledger.session.get(key)
        if answer is None:
            return Fails(f"only_after: {told} was not released before in this session")
        if answer and answer == facts.call.answer:
            return Fails(f"only_after: {told} was released in this very answer, before its result was seen")
        return None

    def note(facts: Facts) -> Note | None:
        kept = facts.ledger.session.get(key)
        # What is of no answer counts for every later call; what is of a later answer adds nothing to an earlier one.
        if facts.call.answer == OFFERED or kept == "" or (kept is not None and facts.call.answer):
            return None
        # Taken back, it is as if there had been none: whatever came after it can only be missed, not made up.
        return Note("session", key, facts.call.answer, lambda _later: kept)

    return Built(once, {}, watch=Watch(on, other, sure=True, reserve=note))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The values of the calls that were noted: those of the last answer, which count only in another one, and the rest."""

    answer: str = ""
    last: str = ""
    rest: str = ""

    @classmethod
    def read(cls, text: str | None) -> _Seen | None:
        """Return what is kept, None when it cannot be read."""
        parts = text.split("|") if text is not None else ["", "", ""]
        return cls(*parts) if len(parts) == 3 and sound(parts[1]) and sound(parts[2]) else None

    @property
    def full(self) -> bool:
        return room(self.rest) + room(self.last) <= MAX_MARKS

    @property
    def text(self) -> str:
        return f"{self.answer}|{self.last}|{self.rest}"

    def plus(self, digest: str, answer: str) -> _Seen:
        if not answer:
            # Of no answer: it counts for every later call, and what is of the last answer stays of that.
            return _Seen(self.answer, without(self.last, [digest]), plus(self.rest, [digest]))
        if answer == self.answer:
            return _Seen(answer, plus(self.last, [digest]), self.rest)
        return _Seen(answer, plus("", [digest]), both(self.rest, self.last))

    def minus(self, digest: str) -> _Seen:
        return _Seen(self.answer, without(self.last, [digest]), without(self.rest, [digest]))


def _with_same(key: str, told: str, same: tuple[str, ...]) -> tuple[Check, Reserve]:
    what = " and ".join(same)

    def check(facts: Facts) -> Outcome:
        digest = _value(facts, same)
        if isinstance(digest, Cannot):
            return Cannot(f"only_after: {digest.why}")
        seen = _Seen.read(facts.ledger.session.get(key))
        if seen is None:
            return Cannot(f"only_after: for which {what} {told} was released is not known")
        if has(seen.rest, digest):
            return None
        if has(seen.last, digest):
            if not seen.answer or seen.answer != facts.call.answer:
                return None
            return Fails(f"only_after: {told} was released in this very answer, before its result was seen")
        if seen.full:
            return Cannot(f"only_after: {told} was released for {MAX_MARKS} values, and no more are kept")
        return Fails(f"only_after: {told} was not released before in this session with this {what}")

    def note(facts: Facts) -> Note | None:
        digest, seen = _value(facts, same), _Seen.read(facts.ledger.session.get(key))
        if isinstance(digest, Cannot) or seen is None or facts.call.answer == OFFERED:
            return None
        last = has(seen.last, digest)
        if not (last and not facts.call.answer) and (last or has(seen.rest, digest) or seen.full):
            return None

        def back(later: str) -> str | None:
            found = _Seen.read(later)
            return found.minus(digest).text if found else later

        return Note("session", key, seen.plus(digest, facts.call.answer).text, back)

    return check, note


def _say_only(options: Mapping[str, object]) -> str:
    same = f" with the same {' and '.join(texts(options, 'same'))}" if "same" in options else ""
    return f"only after {_told(options)}{same}"


NEVER_AFTER = Predicate("never_after", _build_never, _say_never)
ONLY_AFTER = Predicate("only_after", _build_only, _say_only)
