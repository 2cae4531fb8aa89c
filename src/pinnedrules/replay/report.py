"""What a replay showed: numbers as one JSON document, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from pinnedrules.replay.runner import Conversation, Judgement, Step
from pinnedrules.rulefile import RuleFile
from pinnedrules.rules.printable import counted, shown
from pinnedrules.tokens import count

__all__ = ["LIMITS", "decided", "document", "words"]

LIMITS = (
    "The recording goes on as if every call had been run: the model cannot react to a refusal here.",
    "Nobody answers an ask; a person might have said yes.",
    "A recording has no clock: all of it happens now, so sums per day and times of day are those of the replay.",
)
_SHOWN = 20
_WIDTH = 160


def document(source: RuleFile, conversations: Sequence[Conversation], *, compact_at: int = 0) -> dict[str, Any]:
    """Return the report as plain values; ``stopped`` lists the calls that did not run, as :func:`decided` does."""
    steps = [step for conversation in conversations for step in conversation.steps]
    judgements = [judgement for step in steps for judgement in step.judgements]
    block = count(source.block.text)
    prompt = sum(step.tokens for step in steps)
    return {
        "rules": source.name,
        "ruleset_sha256": source.rules.sha256,
        "block": {"tokens": block.tokens, "exact": block.exact, "digest": source.block.digest},
        "conversations": len(conversations),
        "dialects": dict(Counter(conversation.dialect for conversation in conversations)),
        "requests": len(steps),
        "requests_refused": [
            {"conversation": conversation.name, "message": step.message, "why": step.refused}
            for conversation in conversations
            for step in conversation.steps
            if step.refused
        ],
        "compact_at": compact_at,
        "compactions": {
            "made": sum(step.compacted for step in steps),
            "recorded": sum(step.rewritten for step in steps),
            "conversations": sum(any(step.compacted for step in item.steps) for item in conversations),
        },
        "block_verified": sum(step.verified for step in steps),
        "block_seen_in_bytes": sum(step.seen for step in steps),
        "prompt_tokens": prompt,
        "block_share": round(block.tokens * len(steps) / prompt, 6) if prompt else 0.0,
        "calls": _outcomes(judgements),
        "by_rule": _by(judgements, lambda judgement: judgement.rules or ("(default)",)),
        "by_tool": _by(judgements, lambda judgement: (judgement.tool,)),
        "undecided": dict(Counter(rule for judgement in judgements for rule in judgement.undecided)),
        "wording": _wording(source, conversations),
        "leaked": [
            {"conversation": conversation.name, "message": step.message, "calls": list(step.leaked)}
            for conversation in conversations
            for step in conversation.steps
            if step.leaked
        ],
        "guessed_tools": sorted({tool for conversation in conversations for tool in conversation.guessed}),
        "cpu_ms_per_request": _spread([step.cpu_ms for step in steps]),
        "stopped": [row for row in decided(conversations) if row["outcome"] != "allowed"],
        "limits": list(LIMITS),
    }


def decided(conversations: Sequence[Conversation]) -> list[dict[str, Any]]:
    """Return every decision as plain values; ``worded`` names the rules whose own words the history held just then."""
    return [
        {**asdict(judgement), "worded": sorted(step.worded)}
        for conversation in conversations
        for step in conversation.steps
        for judgement in step.judgements
    ]


def words(found: dict[str, Any]) -> str:
    """Return the document for a person."""
    block, calls, compactions = found["block"], found["calls"], found["compactions"]
    lines = [
        f"{counted(found['conversations'], 'conversation')}, {counted(found['requests'], 'request')} under {found['rules']} "
        f"({found['ruleset_sha256'][:12]})",
        f"block in place: {found['block_verified']} of {counted(found['requests'], 'request')} proven by the gate, "
        f"{found['block_seen_in_bytes']} found again in the bytes; {counted(block['tokens'], 'token')}"
        f"{'' if block['exact'] else ' (estimated)'}, {found['block_share']:.2%} of all prompt tokens",
        f"calls: {calls['allowed']} allowed, {calls['asked']} asked, {calls['denied']} denied",
        f"compactions: {compactions['made']} made in {counted(compactions['conversations'], 'conversation')}, "
        f"{compactions['recorded']} seen by the gate",
    ]
    lines += _wording_lines(found["wording"])
    if found["undecided"]:
        lines.append(
            "could not decide: " + ", ".join(f"{rule} {counted(n, 'time')}" for rule, n in found["undecided"].items())
        )
    lines += _table("by rule", found["by_rule"]) + _table("by tool", found["by_tool"])
    lines += _stopped(found["stopped"]) + _refused(found["requests_refused"])
    for leak in found["leaked"]:
        lines.append(f"LEAKED: {leak['conversation']} message {leak['message']}: refused and still in the answer")
    cpu = found["cpu_ms_per_request"]
    lines.append(f"CPU per request: {cpu['mean']} ms mean, {cpu['p50']} ms median, {cpu['p99']} ms p99")
    if found["guessed_tools"]:
        lines.append(
            "no schema, so the arguments that the trace uses count as declared: " + ", ".join(found["guessed_tools"])
        )
    lines += [f"limit: {limit}" for limit in found["limits"]]
    return "\n".join(lines)


def _outcomes(judgements: Iterable[Judgement]) -> dict[str, int]:
    counted = Counter(judgement.outcome for judgement in judgements)
    return {"allowed": counted["allowed"], "asked": counted["asked"], "denied": counted["denied"]}


def _by(judgements: Sequence[Judgement], keys: Any) -> dict[str, dict[str, int]]:
    groups: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        for key in keys(judgement):
            groups.setdefault(key, []).append(judgement)
    return {key: _outcomes(groups[key]) for key in sorted(groups)}


def _wording(source: RuleFile, conversations: Sequence[Conversation]) -> dict[str, dict[str, int]]:
    """Count, per rule, requests whose own history held the rule's text: before any cut, and after one."""
    found = {}
    for rule, _ in source.rules.texts:
        before: list[Step] = []
        after: list[Step] = []
        for conversation in conversations:
            # Only conversations that held the rule's own words before the cut can lose them.
            cut = next((at for at, step in enumerate(conversation.steps) if step.compacted), len(conversation.steps))
            held = any(rule in step.worded for step in conversation.steps[:cut])
            before += conversation.steps[:cut] if held else ()
            after += conversation.steps[cut:] if held else ()
        found[rule] = {
            "requests_before_cut": len(before),
            "worded_before_cut": sum(rule in step.worded for step in before),
            "requests_after_cut": len(after),
            "worded_after_cut": sum(rule in step.worded for step in after),
            "block_after_cut": sum(step.seen for step in after),
        }
    return found


def _wording_lines(wording: dict[str, dict[str, int]]) -> list[str]:
    lines = []
    for rule, found in wording.items():
        if found["requests_after_cut"]:
            lines.append(
                f"after a compaction, the words of {rule} were still in the history of {found['worded_after_cut']} of "
                f"{counted(found['requests_after_cut'], 'request')}; the block was in {found['block_after_cut']}"
            )
    return lines


def _table(title: str, rows: dict[str, dict[str, int]]) -> list[str]:
    if not rows:
        return []
    width = max(map(len, rows))
    body = [f"  {key:<{width}}  {n['allowed']:>6} {n['asked']:>6} {n['denied']:>6}" for key, n in rows.items()]
    return [f"{title} (allowed, asked, denied):", *body]


def _stopped(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    lines = [
        f"stopped calls ({len(rows)}" + (f", the first {_SHOWN}; --json has all):" if len(rows) > _SHOWN else "):")
    ]
    for row in rows[:_SHOWN]:
        why = "; ".join(row["reasons"]) or "no rule allows it"
        place = f"{row['conversation']} message {row['message']}"
        call = f"{row['tool']}({', '.join(row['targets'])})"
        lines.append(f"  {row['outcome']} {shown(call, _WIDTH)} in {place}: {shown(why, _WIDTH)}")
    return lines


def _refused(rows: list[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    shown = [f"  {row['conversation']} message {row['message']}: {row['why']}" for row in rows[:_SHOWN]]
    return [f"whole requests refused ({len(rows)}):", *shown]


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {"mean": 0.0, "p50": 0.0, "p99": 0.0}
    ordered = sorted(values)
    return {
        "mean": round(sum(ordered) / len(ordered), 3),
        "p50": round(ordered[len(ordered) // 2], 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
    }
