"""Changing the rules that are in force: by a patch, or by taking over what the rule file holds (design: invariant 4).

Rules of this file:

1. A version follows on exactly one other. A patch that was made for another version than the one in force is refused.
2. What is weaker needs an owner, and is recorded before it counts. Weaker is what some call comes off better under, by proof
   or by want of one (``rules/compare``); so is taking a sentence from the model, or changing it.
3. What is stricter needs nobody's role. A sentence that somebody else than an owner adds says who it is from.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.control.owners import is_owner, owners
from pinnedrules.control.principals import principal
from pinnedrules.control.revisions import Revision, Revisions
from pinnedrules.errors import ApprovalError, RuleFileError
from pinnedrules.notes import revised
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.arguments import dump
from pinnedrules.rules.compare import weaker
from pinnedrules.rules.document import Operation, difference, document, guarded, patched, text
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.printable import shown
from pinnedrules.rules.source import parse, value_of
from pinnedrules.types import Entry

__all__ = ["Patch", "Revising"]

Patch = Mapping[str, object] | Sequence[Operation] | str
"""``{"version": 2, "patch": [...]}``, or with ``sha256`` instead of the version; the operations alone when they test all
that they take away or replace. As values, or as JSON text."""

Write = Callable[[Entry], None]


@dataclass(frozen=True, slots=True)
class _Wanted:
    operations: Sequence[Operation]
    version: int | None
    sha256: str


class Revising:
    """The versions of one rule file in one state folder. Thread-safe; follows what other processes make of them.

    Puts the latest version in force when it is made, and with each :meth:`look`; *changed* is called then. ``lines`` are
    what the model is told of changes since the block was made. Raises RuleFileError and StateError: rules that cannot be
    read allow nothing.
    """

    def __init__(self, source: RuleFile, folder: Path, changed: Callable[[], None] = lambda: None) -> None:
        self._source = source
        self._changed = changed
        self._folder = folder
        self._lock = threading.Lock()
        self._revisions = Revisions(folder)
        self._seen = self._revisions.signature()
        self._number = 1
        self.lines: tuple[tuple[str, str], ...] = ()
        self._follow(start=True)
        self._told = dict(source.rules.texts)

    @property
    def number(self) -> int:
        """The version in force; 1 for rules that were never revised."""
        return self._number

    def close(self) -> None:
        """Close the file of versions."""
        self._revisions.close()

    def every(self) -> list[Revision]:
        """Return all versions, the oldest first; none for rules that were never revised."""
        return self._revisions.every(self._source.key)

    def look(self) -> str:
        """Put a version in force that somebody made meanwhile, and say so; costs one stat otherwise."""
        if self._revisions.signature() == self._seen:
            return ""
        with self._lock:
            self._seen = self._revisions.signature()
            last = self._follow()
        return f"version {last.number} of the rules is in force, by {shown(last.by)}: {shown(last.why)}" if last else ""

    def revise(self, patch: Patch, *, user: str, why: str, record: Write, note: Write, relax: bool = True) -> Revision:
        """Make a version by *patch* and put it in force; return it.

        *record* writes a record of what relaxes and raises when it cannot; *note* one of what tightens. Without *relax*
        nothing weaker is taken. Raises RuleFileError for a patch that does not fit, or makes no rules; ApprovalError when
        *user* is nobody, or may not; StateError.
        """
        wanted = _wanted(patch)
        with self._lock:
            self._follow()
            self._meant(wanted)
            known = wanted.version is not None or bool(wanted.sha256)
            former = document(self._source.own)
            found = patched(former, wanted.operations, known=known)
            rules = self._source.read(text(found))
            kept = guarded(former, wanted.operations)
            return self._make(rules, kept, self._source.accepted, user, why, record, note, relax)

    def accept(self, *, user: str, why: str, record: Write, note: Write, relax: bool = True) -> Revision:
        """Take over what the rule file holds, as :meth:`revise` does."""
        with self._lock:
            self._source.look()
            self._follow()
            rules = self._source.found
            patch = difference(document(self._source.own), document(rules))
            return self._make(rules, patch, rules.sha256, user, why, record, note, relax)

    def _meant(self, wanted: _Wanted) -> None:
        sha256 = self._source.own.sha256
        right = wanted.version in (None, self._number) and (len(wanted.sha256) >= 12 or not wanted.sha256)
        if not right or not sha256.startswith(wanted.sha256):
            raise RuleFileError(
                f"the patch is for another version than the one in force ({self._number}, {sha256[:12]})",
                hint="look at it with pinnedrules revisions show, and make the patch anew",
            )

    def _make(
        self,
        rules: RuleSet,
        patch: Sequence[Operation],
        accepted: str,
        user: str,
        why: str,
        record: Write,
        note: Write,
        relax: bool,
    ) -> Revision:
        by, reason = principal(user), why.strip()
        if not reason:
            raise ApprovalError("a change of the rules needs a reason; say why")
        former = self._source.own
        if rules.sha256 == former.sha256 and accepted == self._source.accepted:
            raise RuleFileError("the rules in force say this already", hint="there is nothing to do")
        relaxes = self._relaxes(former, rules)
        self._allowed(former, rules, relaxes, by, relax)
        now_us = time.time_ns() // 1000
        news = [
            Revision(
                self._number + 1,
                rules.sha256,
                accepted,
                text(document(rules)),
                dump(patch),
                by,
                reason,
                relaxes,
                now_us,
            )
        ]
        if self._revisions.latest(self._source.key) is None:
            first = Revision(
                1, former.sha256, self._source.accepted, text(document(former)), "", "", "as it stood in the file", "", now_us
            )  # fmt: skip
            news.insert(0, first)
        entry = revised(self._source.name, news[-1])
        if relaxes:
            record(entry)
        self._revisions.add(self._source.key, *news)
        if not relaxes:
            note(entry)
        self._seen = self._revisions.signature()
        self._follow()
        return news[-1]

    def _relaxes(self, former: RuleSet, rules: RuleSet) -> str:
        """Return by what *rules* are weaker, empty for a tightening. Every layer is compared: they share what tools do."""
        for old, new in zip(self._source.sets, self._source.with_own(rules), strict=True):
            found = weaker(old, new)
            if found is not None:
                return str(found)
        later = {rule.id: rule for rule in rules.rules}
        for rule in former.rules:
            new_rule = later.get(rule.id)
            if new_rule is None and rule.on is None:
                return f"the sentence {rule.id} is taken from the model"
            if new_rule is not None and new_rule.text != rule.text:
                return f"the sentence {rule.id} becomes: {shown(new_rule.text, 200)}"
        return ""

    def _allowed(self, former: RuleSet, rules: RuleSet, relaxes: str, by: str, relax: bool) -> None:
        if is_owner(self._folder, by):
            if relaxes and not relax:
                raise ApprovalError(f"this relaxes ({relaxes}), and that was not asked for")
            return
        if relaxes:
            who = ", ".join(sorted(owners(self._folder))) or "nobody"
            raise ApprovalError(f"this relaxes ({relaxes}), and only an owner may do that: {who}")
        known, mark = {rule.id for rule in former.rules}, f"Added by {by}: "
        for rule in rules.rules:
            # What the model reads as an operator's sentence must not come from somebody else unsaid.
            if rule.id not in known and not rule.text.startswith(mark):
                raise ApprovalError(f"the rule {rule.id} says nothing of who added it; begin its text with {mark!r}")

    def _follow(self, *, start: bool = False) -> Revision | None:
        """Put the latest version in force if it is not; return it then."""
        last = self._revisions.latest(self._source.key)
        if last is None or (last.number == self._number and not start):
            return None
        rules = self._source.read(last.document)
        if rules.sha256 != last.sha256:
            raise RuleFileError(f"version {last.number} of the rules is not what was kept", file=self._source.name)
        self._source.adopt(rules, last.file_sha256, start=start)
        self._number = last.number
        if not start:
            self.lines = tuple(_lines(self._told, self._source.rules))
            self._changed()
        return last


def _wanted(patch: Patch) -> _Wanted:
    if not isinstance(patch, str):
        try:
            patch = dump(patch)
        except TypeError:
            patch = json.dumps(patch)
    found = value_of(parse(patch, file="the patch"))
    if isinstance(found, list):
        return _Wanted(found, None, "")
    if isinstance(found, dict) and "rules" in found:
        raise RuleFileError(
            "this is a whole rule file, and no patch of one",
            hint="patch what changes, or put it into the rule file and take it over: pinnedrules revise --accept-file",
        )
    if not isinstance(found, dict) or not isinstance(found.get("patch"), list):
        raise RuleFileError("no patch", hint='write {"version": 2, "patch": [{"op": "replace", ...}]}')
    version, sha256 = found.get("version"), found.get("sha256", "")
    if set(found) - {"version", "sha256", "patch"} or not isinstance(sha256, str):
        raise RuleFileError("a patch has version or sha256, and patch", hint="leave the rest out")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
        raise RuleFileError("the version of a patch is a number", hint="pinnedrules revisions says which is in force")
    return _Wanted(found["patch"], version, sha256)


def _lines(told: Mapping[str, str], rules: RuleSet) -> list[tuple[str, str]]:
    """Return names and lines of what differs from the sentences that the model was told in the block."""
    now = dict(rules.texts)
    gone = [("withdrawn", sentence) for name, sentence in told.items() if now.get(name) != sentence]
    more = [("added", sentence) for name, sentence in now.items() if told.get(name) != sentence]
    found = []
    for word, sentence in (*gone, *more):
        # Brackets end a line of the guard's own.
        line = f"[rule {word} by the operator: {sentence.translate({91: '(', 93: ')'})}]"
        found.append((f"revised-{hashlib.sha256(line.encode()).hexdigest()[:12]}", line))
    return found
