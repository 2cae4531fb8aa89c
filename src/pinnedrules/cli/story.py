"""Records of a log with the values that they commit to, and each of them as one line for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pinnedrules.cli.printing import Tone
from pinnedrules.evidence.canonical import untagged
from pinnedrules.evidence.lanes import lane_folders, private_file, segments
from pinnedrules.evidence.reader import read
from pinnedrules.evidence.record import commit
from pinnedrules.rules.printable import counted, shown

__all__ = ["Told", "tell", "told"]

_LONG = 300


@dataclass(frozen=True, slots=True)
class Told:
    """A record and those of its values that are still there and are the ones it commits to."""

    record: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> Mapping[str, Any]:
        """What the record says in the open."""
        body: Mapping[str, Any] = self.record["body"]
        return body


def told(log: Path) -> Iterator[Told]:
    """Yield the records of a log by time, each with its values."""
    opened = _opened(log)
    for record in read(log):
        yield Told(record, _matching(record, opened.get((record["lane"], record["seq"]), {})))


def tell(item: Told) -> tuple[str, Tone]:
    """Return one line about a record and how it is coloured."""
    record = item.record
    when = datetime.fromtimestamp(int(record["ts"]) / 1_000_000).astimezone().isoformat(" ", "seconds")
    who = f" [{shown(record['session'], 60)}]" if record["session"] else ""
    text, tone = _words(str(record["type"]), item)
    return f"{when}{who} {text}", tone


def _words(kind: str, item: Told) -> tuple[str, Tone]:
    body = item.body
    if kind == "decision":
        return _decision(item)
    if kind == "request":
        proven = "the block in place" if body["block_verified"] else "NO BLOCK"
        edits = f", edited: {', '.join(body['edits'])}" if body["edits"] else ""
        about = f"{counted(body['messages'], 'message')}, {counted(body['bytes'], 'byte')} ({body['change']})"
        return f"request to {shown(body['model'])}: {about}, {proven}{edits}", "" if body["block_verified"] else "bad"
    if kind == "compaction":
        change = ""
        if "messages_before" in body:
            change = f": {counted(body['messages_before'], 'message')} became {body['messages_after']}"
        return f"compaction ({body['kind']}){change}", "open"
    if kind == "answer":
        return (
            f"answer: {counted(body.get('calls', 0), 'call')}, {body.get('refused', 0)} refused ({body['finish']})",
            "quiet",
        )
    if kind == "refusal":
        return f"REFUSED ({body['error']}): {shown(item.values.get('why', 'the reason was erased'), _LONG)}", "bad"
    if kind in ("stop", "resume"):
        done = {"stop": "STOPPED", "pause": "PAUSED", "run": "resumed"}[body["state"]]
        why = shown(item.values.get("reason", "the reason was erased"), _LONG)
        return f"{done} {shown(body['scope'])} by {shown(body['by']) or 'nobody named'}: {why}", "bad"
    if kind == "approval":
        what = shown(item.values.get("summary", body["tool"]), _LONG)
        return f"{body['state']} by {shown(body['by'])}: {what} [{body['ticket']}]", "good"
    if kind == "redaction":
        return (
            f"values of {counted(body['records'], 'record')} of one {body['of']} ERASED by {shown(body['by'])}",
            "open",
        )
    return f"{kind} {json.dumps(body, ensure_ascii=False)}" if body else kind, "quiet"


def _decision(item: Told) -> tuple[str, Tone]:
    body = item.body
    # What was allowed has no targets worked out for a question; its arguments say as much.
    targets = ", ".join(shown(target) for target in item.values.get("targets", ()))
    targets = targets or shown(item.values.get("arguments", ""), 160)
    call = f"{shown(body['tool'], 80)}({targets})"
    by = f" by {', '.join(body['rules'])}" if body["rules"] else ""
    reasons = "; ".join(str(reason) for reason in item.values.get("reasons", ()))
    why = f": {shown(reasons, _LONG)}" if reasons else ""
    ticket = f" [{body['ticket']}]" if body["ticket"] else ""
    if not body["released"]:
        return f"DENIED {call}{by}{why}{ticket}", "bad"
    if body["approved_by"]:
        return f"allowed {call}, approved by {shown(body['approved_by'])}{ticket}", "good"
    if body["verdict"] != "allow":
        return f"LET THROUGH by monitor mode ({body['verdict']}) {call}{by}{why}", "open"
    return f"allowed {call}{by}", "good"


def _opened(log: Path) -> dict[tuple[object, object], Mapping[str, Any]]:
    """Read the values of all lanes by lane and number. They may be erased or damaged; that is no error here."""
    found: dict[tuple[object, object], Mapping[str, Any]] = {}
    for lane in lane_folders(log):
        for segment in segments(lane):
            try:
                lines = private_file(segment).read_bytes().splitlines()
            except OSError:
                continue
            for line in lines:
                try:
                    row = json.loads(line)
                    found[lane.name, row["seq"]] = row.get("values", {})
                except (ValueError, LookupError, TypeError, AttributeError):
                    continue
    return found


def _matching(record: Mapping[str, Any], opened: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are the ones the record commits to; a changed value is as good as none."""
    found: dict[str, Any] = {}
    for name, commitment in record["private"].items():
        entry = opened.get(name, {})
        try:
            salt, value = bytes.fromhex(entry["salt"]), untagged(entry["value"])
            if commit(salt, name, value) == commitment:
                found[name] = value
        except (ValueError, LookupError, TypeError):
            continue
    return found
