"""What a guard recorded, as plain objects: for statements about an agent's run.

::

    evidence = recorded(guard)
    assert [call.rules for call in evidence.decided("delete_*", released=False)] == [("suggest-only",)]
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pinnedrules.cli.story import Told, told
from pinnedrules.control.state import StateFolder
from pinnedrules.testing.script import PastCall

if TYPE_CHECKING:
    from pinnedrules.guard import Guard

__all__ = ["Compacted", "Decided", "Evidence", "Executed", "RefusedRequest", "Sent", "fits", "recorded"]


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision on one call.

    ``verdict`` is what the rules and the people said (``allow``, ``ask``, ``deny``); ``released`` whether the caller got the
    call. ``arguments`` is the JSON text as the model wrote it. ``ticket`` is set when a person was asked,
    ``approved_by`` when one said yes. ``enforced`` is false in monitor mode.
    """

    session: str
    tool: str
    call: str
    arguments: str
    verdict: str
    released: bool
    enforced: bool
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    effects: tuple[str, ...]
    ticket: str
    approved_by: str

    @property
    def input(self) -> dict[str, Any]:
        """The arguments as an object; empty when they are not one."""
        return PastCall(self.call, self.tool, self.arguments, None).input

    def __str__(self) -> str:
        became = "released" if self.released else "held back"
        by = f" by {', '.join(self.rules)}" if self.rules else ""
        why = f": {'; '.join(self.reasons)}" if self.reasons else ""
        mode = "" if self.enforced else " (monitor)"
        return f"{became}{mode} ({self.verdict}{by}{why}): {self.tool} {self.arguments}"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that left.

    ``kind`` is ``request``, ``poll``, ``compact`` or ``items``; ``change`` how it relates to the one before (``new``,
    ``extended``, ``rewritten`` ...); ``pinned`` says that the block was verified in its bytes; ``edits`` are what the guard
    changed in it.
    """

    session: str
    dialect: str
    path: str
    kind: str
    model: str
    messages: int
    change: str
    pinned: bool
    edits: tuple[str, ...]
    sha256: str

    def __str__(self) -> str:
        return f"{'pinned' if self.pinned else 'NOT pinned'}: {self.kind} {self.path} to {self.model or 'no model'}"


@dataclass(frozen=True, slots=True)
class Compacted:
    """One compaction: ``client`` or the provider's kind; ``seen_in`` ``request`` or ``answer``; how many messages it left."""

    session: str
    kind: str
    seen_in: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """One request, answer or run that the guard refused as a whole."""

    session: str
    error: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Executed:
    """One call that a gated function ran; ``released_before`` says that it was one of the model's, decided already."""

    session: str
    tool: str
    arguments: str
    released_before: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was recorded, in the order of time. ``records`` are the lines of the log with their values."""

    decisions: tuple[Decided, ...] = ()
    requests: tuple[Sent, ...] = ()
    compactions: tuple[Compacted, ...] = ()
    refusals: tuple[RefusedRequest, ...] = ()
    executions: tuple[Executed, ...] = ()
    records: tuple[Told, ...] = ()

    def decided(
        self,
        tool: str = "*",
        arguments: Mapping[str, object] | None = None,
        *,
        released: bool | None = None,
        verdict: str | None = None,
        rule: str | None = None,
    ) -> tuple[Decided, ...]:
        """Return the decisions on calls of *tool* (a name, or a pattern with ``*``) whose arguments include *arguments*,
        that were or were not *released*, with this *verdict*, by this *rule*.
        """
        return tuple(
            each
            for each in self.decisions
            if fits(each.tool, each.input, tool, arguments)
            and released in (None, each.released)
            and verdict in (None, each.verdict)
            and (rule is None or rule in each.rules)
        )

    def of_session(self, session: str) -> Evidence:
        """Return what was recorded of one session."""
        return _evidence(item for item in self.records if item.record["session"] == session)


def recorded(where: Guard | os.PathLike[str] | str) -> Evidence:
    """Return what *where* recorded so far: a guard, or the folder that holds a guard's state (also a sidecar's).

    Raises StateError when records of the guard could not be written.
    """
    if isinstance(where, str | os.PathLike):
        return _evidence(told(StateFolder(Path(where)).log))
    where.flush()
    return _evidence(told(where.folder.log))


def fits(name: str, given: Mapping[str, Any], tool: str, arguments: Mapping[str, object] | None) -> bool:
    """Whether a call is one of *tool* that has all of *arguments*."""
    absent = object()
    return fnmatchcase(name, tool) and all(given.get(key, absent) == value for key, value in (arguments or {}).items())


def _evidence(items: Iterable[Told]) -> Evidence:
    records = tuple(items)
    return Evidence(
        decisions=_settled(records),
        requests=tuple(_sent(item) for item in _of(records, "request")),
        compactions=tuple(_compacted(item) for item in _of(records, "compaction")),
        refusals=tuple(_refused(item) for item in _of(records, "refusal")),
        executions=tuple(_executed(item) for item in _of(records, "execution")),
        records=records,
    )


def _of(records: Sequence[Told], kind: str) -> Iterator[Told]:
    return (item for item in records if item.record["type"] == kind)


def _settled(records: Sequence[Told]) -> tuple[Decided, ...]:
    """Return the decisions; a release that was taken back before anybody got it is none."""
    found: list[Decided] = []
    for item in records:
        if item.record["type"] == "decision":
            found.append(_decided(item))
        elif item.record["type"] == "withheld":
            session, calls = _session(item), item.body["calls"]
            why = str(item.body["why"])
            found = [
                replace(each, released=False, reasons=(*each.reasons, why))
                if (each.session, each.released) == (session, True) and each.call in calls
                else each
                for each in found
            ]
    return tuple(found)


def _session(item: Told) -> str:
    return str(item.record["session"])


def _decided(item: Told) -> Decided:
    body, values = item.body, item.values
    return Decided(
        session=_session(item),
        tool=body["tool"],
        call=body["call"],
        arguments=str(values.get("arguments", "")),
        verdict=body["verdict"],
        released=body["released"],
        enforced=body["enforced"],
        rules=tuple(body["rules"]),
        reasons=tuple(values.get("reasons", ())),
        effects=tuple(body["effects"]),
        ticket=body["ticket"],
        approved_by=body["approved_by"],
    )


def _sent(item: Told) -> Sent:
    body = item.body
    return Sent(
        session=_session(item),
        dialect=body["dialect"],
        path=body["path"],
        kind=body["kind"],
        model=body.get("model", ""),
        messages=body.get("messages", 0),
        change=body.get("change", ""),
        pinned=body.get("block_verified", False),
        edits=tuple(body.get("edits", ())),
        sha256=body["sha256"],
    )


def _compacted(item: Told) -> Compacted:
    body = item.body
    before, after = body.get("messages_before", 0), body.get("messages_after", 0)
    return Compacted(_session(item), body["kind"], body["seen_in"], before, after)


def _refused(item: Told) -> RefusedRequest:
    return RefusedRequest(_session(item), item.body["error"], item.body["path"], str(item.values.get("why", "")))


def _executed(item: Told) -> Executed:
    arguments = str(item.values.get("arguments", json.dumps({})))
    return Executed(_session(item), item.body["tool"], arguments, item.body["released_before"])
