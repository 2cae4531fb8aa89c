"""Lines of evidence: their envelope, their chain, the commitments in them, how they are verified. Pure.

One line is one record in canonical JSON. ``prev`` is the SHA-256 of the former line's bytes as written,
without its line end, so that an added field or a space is found as surely as a changed value. The same bytes
are the leaves of a Merkle tree (RFC 6962: ``sha256(0x00 || line)``, index ``seq``), so a tree can be built
over any log written today.

A chain alone proves little: who can write the file can cut its tail or write all of it anew. Every report
says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec

from pinnedrules.evidence.canonical import canonical, exact, untagged, written
from pinnedrules.types import Call, Entry, Moment, SessionId

__all__ = [
    "GENESIS",
    "SALT_BYTES",
    "Break",
    "Draft",
    "LaneReport",
    "Level",
    "Link",
    "Origin",
    "args_hash",
    "call_hash",
    "chain",
    "commit",
    "draft",
    "line_hash",
    "parse_line",
    "verify_lines",
]

Level = Literal["L0", "L1", "L2", "L3"]
GENESIS = "0" * 64
"""``prev`` of a lane's first line."""
SALT_BYTES = 16

_FIELDS = frozenset(
    (
        "body",
        "boot",
        "conversation",
        "epoch",
        "lane",
        "level",
        "log",
        "mono_ns",
        "prev",
        "private",
        "ruleset",
        "seq",
        "session",
        "tenant",
        "ts",
        "type",
        "user",
        "v",
    )
)
_EXCLUDES = (
    "The lines agree with each other and with nothing outside them. This cannot show that records are missing"
    " at the end, that the whole lane was written anew or removed, or that its last record was replaced."
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is the same in every record that one process writes.

    ``log`` names the log, ``boot`` is the machine's boot id, ``level`` what can be promised where this runs (L0 in the
    agent's process to L3 with an outside witness).
    """

    log: str
    boot: str
    level: Level
    ruleset_version: int
    ruleset_sha256: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where a lane (one writer's part of a log) stands: the ``seq`` of its next record and the hash of its last line."""

    lane: str
    seq: int = 0
    prev: str = GENESIS


@dataclass(frozen=True, slots=True)
class Draft:
    """A record whose place is still open: the bytes before ``lane``, up to ``prev``, up to ``seq``, and after it."""

    parts: tuple[bytes, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Break:
    """The first line (counted from 1) that does not belong where it stands, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class LaneReport:
    """What the lines of one lane show.

    ``records`` good lines stand before the break or the end, ``head`` is the hash of the last of them,
    ``torn`` counts bytes after them that never became a record (a crash during a write). ``status`` is never
    just "ok": ``excludes`` says in words what it cannot show.
    """

    lane: str
    records: int
    head: str
    torn: int = 0
    broken: Break | None = None
    status: Literal["unanchored"] = "unanchored"
    excludes: str = _EXCLUDES


def commit(salt: bytes, name: str, value: object) -> str:
    """Return ``sha256(salt || canonical([name, value]))``, which hides *value* until *salt* is shown.

    Without a salt a telephone number could be found by trying all of them. Raises ValueError for a salt of
    another length.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return hashlib.sha256(salt + canonical([name, value])).hexdigest()


def line_hash(line: bytes) -> str:
    """Return the hash that the next line carries as ``prev``; *line* without its line end."""
    return hashlib.sha256(line).hexdigest()


def draft(origin: Origin, entry: Entry, moment: Moment, private: Mapping[str, str], user: str) -> Draft:
    """Write everything of a record but its place. *private* and *user* are commitments, never values.

    Raises TypeError or ValueError for a body that has no canonical form.
    """
    # The members in canonical order, with gaps for what only the place decides.
    boot, constant, ruleset = _same(origin)
    after = (entry.session.name, entry.session.tenant, moment.utc_us, entry.type, user)
    return Draft(
        (
            b'{"body":%b,"boot":%b,"conversation":%b,"epoch":%b,"lane":'
            % (canonical(entry.body), boot, canonical(entry.conversation), canonical(entry.epoch)),
            b',%b,"mono_ns":%b,"prev":"' % (constant, canonical(moment.mono_ns)),
            b'","private":%b,"ruleset":%b,"seq":' % (canonical(private), ruleset),
            b',"session":%b,"tenant":%b,"ts":%b,"type":%b,"user":%b,"v":1}' % (*map(canonical, after),),
        )
    )


@lru_cache(maxsize=8)
def _same(origin: Origin) -> tuple[bytes, bytes, bytes]:
    """Return what of *origin* stands in every record: the boot id, level and log, the rule set."""
    ruleset = {"sha256": origin.ruleset_sha256, "version": origin.ruleset_version}
    level_and_log = b'"level":%b,"log":%b' % (canonical(origin.level), canonical(origin.log))
    return canonical(origin.boot), level_and_log, canonical(ruleset)


def chain(link: Link, record: Draft) -> tuple[bytes, Link]:
    """Give *record* its place; return its line without line end, and where the lane stands after it."""
    first, second, third, last = record.parts
    line = b"%b%b%b%b%b%d%b" % (first, canonical(link.lane), second, link.prev.encode(), third, link.seq, last)
    return line, Link(link.lane, link.seq + 1, line_hash(line))


def parse_line(line: bytes) -> dict[str, object]:
    """Read one line (without line end) into its record, tags undone. Raises ValueError when it is none."""
    record = untagged(_parse(line))
    assert isinstance(record, dict)
    return record


def verify_lines(lines: Iterable[bytes], *, lane: str = "") -> LaneReport:
    """Check the lines of one lane, each with its line end, in the order they were written."""
    link = Link(lane)
    origin: tuple[object, object] | None = None
    pending: Break | None = None
    records = torn = 0
    for number, raw in enumerate(lines, 1):
        try:
            if not raw.endswith(b"\n"):
                raise ValueError("the line has no end")
            line = raw[:-1]
            record = _parse(line)
        except ValueError as error:
            # Only a break if a record follows; else it is what a crash left of the last write.
            pending = pending or Break(number, str(error))
            torn += len(raw)
            continue
        origin = origin or (record["log"], record["lane"])
        reason = "" if pending else _misplaced(record, link, origin)
        if pending or reason:
            return LaneReport(lane, records, link.prev, 0, pending or Break(number, reason))
        link = Link(lane, link.seq + 1, line_hash(line))
        records += 1
    return LaneReport(lane, records, link.prev, torn)


def call_hash(session: SessionId, call: Call, ruleset_sha256: str, epoch: int) -> str:
    """Return the hash of the exact call that an approval is bound to.

    Arguments count by their values, so white space and the order of members do not matter; text that is not
    plain JSON (duplicate names too) counts as it is. The call's id does not count: a retry is the same call.
    """
    content = {
        "tenant": session.tenant,
        "user": session.user,
        "session": session.name,
        "tool": call.name,
        "ruleset_sha256": ruleset_sha256,
        "stop_epoch": epoch,
    }
    return _hash(b"pinnedrules/call/v1\0", call, content)


def args_hash(call: Call) -> str:
    """Return the hash of a call's arguments alone, by value as in :func:`call_hash`."""
    return _hash(b"pinnedrules/arguments/v1\0", call, {})


def _hash(domain: bytes, call: Call, content: Mapping[str, object]) -> str:
    if call.kind != "custom":
        try:
            known = canonical({**content, "arguments": {"json": exact(call.arguments)}})
        except ValueError:
            pass  # the text itself is all there is
        else:
            return hashlib.sha256(domain + known).hexdigest()
    return hashlib.sha256(domain + canonical({**content, "arguments": {"text": call.arguments}})).hexdigest()


def _parse(line: bytes) -> dict[str, object]:
    """Read one line, tags kept, and make sure that it is written as this module writes."""
    try:
        record = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        try:
            record = json.loads(line.decode())  # a lone surrogate is legal in the grammar, and msgspec refuses it
        except (ValueError, RecursionError):
            raise ValueError("the line is not JSON") from None
    if not isinstance(record, dict) or record.keys() != _FIELDS:
        raise ValueError("the line does not have the members of a record")
    try:
        same = written(record) == line
    except (TypeError, ValueError):
        same = False
    if not same:
        raise ValueError("the line is not in canonical form")
    return record


def _misplaced(record: Mapping[str, object], link: Link, origin: tuple[object, object]) -> str:
    if record["prev"] != link.prev:
        return "the line before it is not the one it was written after (changed, removed or added)"
    if record["seq"] != link.seq:
        return f"its number is {record['seq']}, not {link.seq}"
    if (record["log"], record["lane"]) != origin:
        return "it belongs to another log or lane"
    return ""
