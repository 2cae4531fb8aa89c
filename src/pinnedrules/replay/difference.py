"""What other rules would have made of one's own log: numbers as one JSON document, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pinnedrules.replay.logged import Redone
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.printable import counted, shown

__all__ = ["HELD", "LIMITS", "difference", "told"]

LIMITS = (
    "The log goes on as it went: an agent that is refused, or is not, takes another way from there.",
    "A call that these rules ask about, and that ran then, counts as run; one that they deny as not run.",
    "Schemas and definitions of tools are not in a log: what they added is taken from what was recorded of each call.",
    "Links on a disk are not followed, and rules that one session got in its chat, or by a command, do not count.",
)
_SHOWN = 20
_WIDTH = 160
_STRICTNESS = ("allow", "ask", "deny")
HELD = {
    "session": "a rule of that session alone",
    "paused": "a pause",
    "fenced": "a compaction",
    "unavailable": "the store or the log did not answer",
}
"""Why a call was held back, when not by the rules."""

_NOW = {"allow": "allowed", "ask": "asked about", "deny": "stopped"}
_THEN = {**_NOW, "deny": "denied"}


def difference(source: RuleFile, redone: Sequence[Redone]) -> dict[str, Any]:
    """Return the report as plain values. ``different`` lists the calls that are decided otherwise, by time."""
    judged = [item for item in redone if item.decision is not None]
    then = Counter(str(item.logged.then) for item in redone)
    now = Counter(str(item.decision.verdict) for item in judged if item.decision is not None)
    different = [_row(item) for item in judged if item.differs]
    return {
        "rules": source.name,
        "ruleset_sha256": source.sha256,
        "calls": len(redone),
        "sessions": len({item.logged.session for item in redone}),
        "from": _when(redone[0]) if redone else "",
        "to": _when(redone[-1]) if redone else "",
        "then": {word: then[word] for word in (*_STRICTNESS, *HELD)},
        "now": {word: now[word] for word in _STRICTNESS},
        "prompts_fewer": sum(item.logged.prompted for item in judged) - sum(map(_prompts, judged)),
        "stricter": sum(row["stricter"] for row in different),
        "laxer": sum(not row["stricter"] for row in different),
        "different": different,
        "unknown": [
            {"at": _when(item), "tool": item.logged.tool, "why": item.unknown}
            for item in redone
            if item.decision is None
        ],
        "limits": list(LIMITS),
    }


def told(found: dict[str, Any]) -> list[str]:
    """Return the document for a person, line by line."""
    then, now, calls = found["then"], found["now"], found["calls"]
    if not calls:
        return ["the log holds no decision on a call yet"]
    fewer = found["prompts_fewer"]
    how = (
        f"{counted(fewer, 'prompt')} fewer"
        if fewer > 0
        else f"{counted(-fewer, 'prompt')} more"
        if fewer
        else "as many prompts"
    )
    lines = [
        f"{counted(calls, 'call')} of {counted(found['sessions'], 'session')}, {found['from']} to {found['to']}",
        f"then: {then['allow']} allowed, {then['ask']} asked about, {then['deny']} denied"
        + "".join(f", {then[word]} held back ({why})" for word, why in HELD.items() if then[word]),
        f"under {found['rules']}: in these {calls} calls I would have stopped {now['deny']} and asked about {now['ask']}"
        f" ({how})",
    ]
    for why, number in Counter(item["why"] for item in found["unknown"]).items():
        tools = Counter(item["tool"] for item in found["unknown"] if item["why"] == why)
        named = ", ".join(f"{shown(tool, 60)} {counted(times, 'time')}" for tool, times in tools.most_common(5))
        lines.append(f"not known: {counted(number, 'call')} ({named}): {why}")
    for stricter, title in ((False, "laxer than then"), (True, "stricter than then")):
        rows = [row for row in found["different"] if row["stricter"] is stricter]
        lines += _rows(title, rows)
    held = sum(then[word] for word in HELD)
    if not found["different"]:
        lines.append(f"{'of the others, ' if held else ''}nothing would be decided differently")
    if held:
        lines.append(
            f"not compared: {counted(held, 'call')} that something else than these rules held back then; they count above as"
            " the rules alone decide them now"
        )
    return [*lines, *(f"limit: {limit}" for limit in found["limits"])]


def _rows(title: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    more = f", the last {_SHOWN}; --json has all" if len(rows) > _SHOWN else ""
    lines = [f"{title} ({counted(len(rows), 'call')}{more}):"]
    for row in rows[-_SHOWN:]:
        call = shown(f"{row['tool']}({row['arguments']})", _WIDTH)
        by = f" by {', '.join(row['rules'])}" if row["rules"] else ""
        why = f": {shown('; '.join(row['reasons']), _WIDTH)}" if row["reasons"] else ""
        answer = f" (allowed by {shown(row['approved_by'], 60)})" if row["approved_by"] else ""
        answer = answer or (" (nobody allowed it)" if row["then"] == "ask" and not row["ran"] else "")
        lines.append(f"  {row['at']} [{shown(row['session'], 40)}] {call}")
        lines.append(f"    was {_THEN[row['then']]}{answer}, now {_NOW[row['now']]}{by}{why}")
    return lines


def _prompts(item: Redone) -> bool:
    """True when a person would be asked now; whatever a permit covered then, it would cover now."""
    asks = item.decision is not None and item.decision.verdict == "ask"
    return asks and (item.logged.prompted or not item.logged.approved_by)


def _row(item: Redone) -> dict[str, Any]:
    logged, decision = item.logged, item.decision
    assert decision is not None
    assert logged.call is not None
    return {
        "at": _when(item),
        "session": logged.session.name,
        "tool": logged.tool,
        "arguments": logged.call.arguments,
        "then": logged.then,
        "ran": logged.ran,
        "approved_by": logged.approved_by,
        "now": decision.verdict,
        "stricter": _STRICTNESS.index(decision.verdict) > _STRICTNESS.index(logged.then),
        "rules": list(decision.rules),
        "reasons": list(decision.reasons),
    }


def _when(item: Redone) -> str:
    return datetime.fromtimestamp(item.logged.at.utc_us / 1_000_000).astimezone().strftime("%Y-%m-%d %H:%M")
