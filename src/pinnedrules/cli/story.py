"""Records of a log with the values that they commit to, and each of them as one line for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
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

__all__ = ["Told", "day", "opened", "tell", "told"]

_LONG = 300
_UNANSWERED = "nobody has answered yet"


@dataclass(frozen=True, slots=True)
class Told:
    """A record and those of its values that are still there and are the ones it commits to.

    ``user`` is whose session it was; empty when nobody was named, or when that was erased.
    """

    record: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)
    user: str = ""

    @property
    def body(self) -> Mapping[str, Any]:
        """What the record says in the open."""
        body: Mapping[str, Any] = self.record["body"]
        return body


def told(log: Path) -> Iterator[Told]:
    """Yield the records of a log by time, each with its values."""
    rows = _rows(log)
    for record in read(log):
        yield opened(record, rows.get((record["lane"], record["seq"]), {}))


def opened(record: Mapping[str, Any], row: Mapping[str, Any]) -> Told:
    """Put a record and its line of private values together. A changed value is as good as none."""
    values = row.get("values", {})
    found = {
        name: value
        for name, commitment in record["private"].items()
        if (value := _open(values, name, commitment)) is not None
    }
    user = _open(row, "user", record["user"]) if record["user"] else ""
    return Told(record, found, user if isinstance(user, str) else "")


def day(item: Told) -> str:
    """Return the day of a record, in local time, as people write it."""
    return _moment(item).strftime("%A, %Y-%m-%d")


def tell(item: Told) -> tuple[str, Tone]:
    """Return one line about a record, which begins with the local time, and how it is coloured."""
    record = item.record
    who = f" [{shown(record['session'], 60)}]" if record["session"] else ""
    text, tone = _words(str(record["type"]), item)
    return f"{_moment(item).strftime('%H:%M:%S')}{who} {text}", tone


def _moment(item: Told) -> datetime:
    return datetime.fromtimestamp(int(item.record["ts"]) / 1_000_000).astimezone()


def _words(kind: str, item: Told) -> tuple[str, Tone]:
    body = item.body
    match kind:
        case "decision":
            return _decision(item)
        case "request":
            return _request(body)
        case "compaction":
            return _compaction(item)
        case "answer":
            why = f", {shown(body['error'])}" if "error" in body else ""
            calls = f"{counted(body.get('calls', 0), 'call')}, {body.get('refused', 0)} refused"
            return f"answer: {calls} ({body['finish']}{why})", "quiet"
        case "execution":
            before = ", as it was released" if body["released_before"] else ""
            return f"ran {shown(body['tool'], 80)}({shown(item.values.get('arguments', ''), 160)}){before}", "good"
        case "withheld":
            return f"TAKEN BACK: {counted(len(body['calls']), 'call')}: {shown(body['why'], _LONG)}", "bad"
        case "returned":
            return f"does not count: {shown(body['tool'], 80)}{_budgets(body['from'])}: {shown(body['why'], _LONG)}", ""
        case "refusal":
            why = shown(item.values.get("why", "the reason was erased"), _LONG)
            return f"REFUSED ({body['error']}): {why}", "bad"
        case "stop" | "resume":
            done = {"stop": "STOPPED", "pause": "PAUSED", "run": "resumed"}[body["state"]]
            why = shown(item.values.get("reason", "the reason was erased"), _LONG)
            return f"{done} {shown(body['scope'])} by {shown(body['by']) or 'nobody named'}: {why}", "bad"
        case "approval":
            what = shown(item.values.get("summary", body["tool"]), _LONG)
            return f"{body['state']} by {shown(body['by'])}: {what} [{body['ticket']}]", "good"
        case "heard":
            quote = shown(item.values.get("quote", "the words were erased"), _LONG)
            if not body["kind"]:
                return (
                    f"{shown(body['led_to'])}: {shown(item.values.get('why', 'the reason was erased'), _LONG)}",
                    "bad",
                )
            by = f" by {shown(body['by'])}" if body.get("by") else ""
            where = {"tool_result": " in the result of a tool", "summary": " in a summary"}.get(
                str(body.get("stood")), ""
            )
            by += " by a model" if body.get("origin") == "model" else ""
            return f'heard{by}{where} ({body["kind"]}): "{quote}"; it led to: {shown(body["led_to"])}', "open"
        case "rule":
            words = shown(item.values.get("rule", "the rule was erased"), _LONG)
            return f"rule {shown(body['rule'])} {body['state']} by {shown(body['by'])}: {words}", "open"
        case "permit":
            about = shown(item.values.get("about", "what it covers was erased"), _LONG)
            return f"permit {shown(body['permit'])} {body['state']} by {shown(body['by'])}: {about}", "open"
        case "revision":
            why = shown(item.values.get("why", "the reason was erased"), _LONG)
            laxer = f"; RELAXED: {shown(item.values.get('weaker', 'how was erased'), _LONG)}" if body["relaxes"] else ""
            return (
                f"rules {shown(body['rules'])}: version {body['version']} by {shown(body['by'])}: {why}{laxer}",
                "open",
            )
        case "redaction":
            what = f"values of {counted(body['records'], 'record')} of one {body['of']}"
            return f"{what} ERASED by {shown(body['by'])}", "open"
        case _:
            return f"{kind} {json.dumps(body, ensure_ascii=False)}" if body else kind, "quiet"


def _budgets(keys: Sequence[str]) -> str:
    """Return whose budgets these ledger keys are: ``total:refund-cap`` is that of the rule refund-cap."""
    rules = sorted({key.partition(":")[2] for key in keys if not key.startswith("done:")})
    return f" for {shown(', '.join(rules), _LONG)}" if rules else ""


_KINDS = {
    "poll": "asked for an answer that is being made",
    "items": "put items into what the provider keeps",
    "compact": "asked the provider to compact, without the block, as that takes none",
}


_UNSEEN = {
    "stateful": "the provider keeps the history, so what it drops is not seen",
    "thread": "the provider keeps the thread, so what it drops is not seen",
    "truncation": "the provider may drop messages and not say so, which counts as a compaction",
}


def _request(body: Mapping[str, Any]) -> tuple[str, Tone]:
    # Records from before there were kinds have none.
    other = _KINDS.get(body.get("kind", "request"), "")
    edits = f", edited: {', '.join(body['edits'])}" if body.get("edits") else ""
    if other:
        return f"{other}: {shown(body['path'])}, {counted(body['bytes'], 'byte')}{edits}", ""
    proven = "the block in place" if body["block_verified"] else "NO BLOCK"
    if "follows" in body:
        proven += f", after compaction {shown(', '.join(body['follows']), _LONG)}"
    if "summarises" in body:
        proven += ", asks for a summary"
    about = f"{counted(body['messages'], 'message')}, {counted(body['bytes'], 'byte')} ({body['change']})"
    tone: Tone = "" if body["block_verified"] else "bad"
    return f"request to {shown(body['model'])}: {about}, {proven}{edits}", tone


def _survival(item: Told) -> tuple[str, bool]:
    """Say what the summary did to the rules, and whether it says otherwise of one. Records from before say nothing."""
    summary, rules = item.body.get("summary", "none"), item.body.get("rules", {})
    if summary == "unseen":
        return "; its summary cannot be read", False
    if not rules:
        return "", False
    told = []
    for fate in ("contradicted", "altered", "dropped", "unsure", "kept"):
        named = [name for name, found in rules.items() if found == fate]
        if named:
            told.append(f"{fate} {shown(', '.join(named), _LONG)}")
    quotes = item.values.get("quotes", {})
    said = [shown(quotes[name], _LONG) for name, found in rules.items() if found == "contradicted" and name in quotes]
    quoted = f' (it says "{said[0]}")' if said else ""
    unread = ", as far as it can be read" if summary == "partly" else ""
    return f"; the summary{unread}: {'; '.join(told)}{quoted}", "contradicted" in rules.values()


def _compaction(item: Told) -> tuple[str, Tone]:
    body = item.body
    survival, against = _survival(item)
    text, tone = _compacted(body)
    return text + survival, "bad" if against else tone


def _compacted(body: Mapping[str, Any]) -> tuple[str, Tone]:
    change = ""
    if "messages_after" in body and "messages_before" in body:
        change = f": {counted(body['messages_before'], 'message')} became {body['messages_after']}"
    elif "messages_before" in body:
        change = f": of {counted(body['messages_before'], 'message')}"
    if "tokens_before" in body:
        change += f"{',' if change else ':'} {counted(body['tokens_before'], 'token')} became {body['tokens_after']}"
    if "edits" in body:
        change += f"; cleared {shown(', '.join(f'{name} {n}' for name, n in sorted(body['edits'].items())), _LONG)}"
    change = (f" {shown(body['id'])}" if "id" in body else "") + change
    if "cut" in body:
        change += ", in an answer that did not come to its end"
    if "block_verified" not in body or body["kind"] == "endpoint":
        return f"compaction ({body['kind']}){change}", "open"
    if body["kind"] not in ("client", "provider"):
        proven = "the block in this request" if body["block_verified"] else "NO BLOCK in this request"
        return f"{_UNSEEN.get(body['kind'], body['kind'])}{change}; {proven}", "open"
    proven = (
        "the block in the request that follows" if body["block_verified"] else "NO BLOCK in the request that follows"
    )
    return f"compaction ({body['kind']}){change}; {proven}", "open" if body["block_verified"] else "bad"


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
    if not body["released"] and body["ticket"] and _UNANSWERED in reasons:
        return f"ASKED, and did not run: {call}{by}{why}{ticket}", "open"
    if not body["released"]:
        return f"DENIED {call}{by}{why}{ticket}", "bad"
    by += f", changed, record {shown(body['stamp'])}" if "stamp" in body else ""
    if body["approved_by"]:
        return f"allowed {call}, approved by {shown(body['approved_by'])}{ticket}", "good"
    if body["verdict"] != "allow":
        return f"LET THROUGH by monitor mode ({body['verdict']}) {call}{by}{why}", "open"
    return f"allowed {call}{by}", "good"


def _rows(log: Path) -> dict[tuple[object, object], Mapping[str, Any]]:
    """Read the private lines of all lanes by lane and number. They may be erased or damaged; that is no error here."""
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
                    found[lane.name, row["seq"]] = row
                except (ValueError, LookupError, TypeError):
                    continue
    return found


def _open(values: Any, name: str, commitment: object) -> object:
    """Return the value that *commitment* stands for, None when it is not there any more."""
    try:
        entry = values[name]
        salt, value = bytes.fromhex(entry["salt"]), untagged(entry["value"])
        return value if commit(salt, name, value) == commitment else None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
