"""compaction-conformance-kit, as its README uses it: a rule is a canary with the tokens that must survive.

Cases on stdin, one JSON object a line; on stdout for each ``{"said", "kind"}``. With ``compact`` on the command line the
lines are sessions instead, ``{"turns", "rounds"}``, and each answer has the contexts that the kit's own compactors leave.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import compaction_kit as kit

_OWN: tuple[Any, ...] = (
    kit.LossyTruncationCompactor,
    kit.NaiveSummaryCompactor,
    kit.SummaryTailCompactor,
    kit.PinnedRulesCompactor,
    kit.ChecklistCompactor,
    kit.UpdateAwareChecklistCompactor,
    kit.SemanticChecklistCompactor,
)


def judged(case: dict[str, Any]) -> dict[str, str]:
    """Score what was left with a set of one canary."""
    kind = kit.CanaryType(case.get("type", "hard_constraint"))
    canary = kit.Canary("rule", kind, case["rule"], tuple(case["tokens"]), "What is the rule?")
    text = "\n".join(f"[{message['role']}] {message.get('content') or ''}" for message in case["after"])
    report = kit.score_compacted_output(text, [canary])
    (finding,) = report.findings
    return {"said": "kept" if finding.curve[0] == 1.0 else "not kept", "kind": str(finding.curve[0])}


def compacted(session: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the kit's own compactors, as its runner does: each round compacts what the last one left."""
    found = []
    for make in _OWN:
        compactor = make()
        turns = [kit.Turn(turn["role"], turn["content"]) for turn in session["turns"]]
        for number in range(1, max(session["rounds"]) + 1):
            before = turns
            left = compactor.compact(turns, round_num=number).text
            turns = [kit.Turn("system", left)]
            if number in session["rounds"]:
                found.append(
                    {
                        "compactor": compactor.name,
                        "round": number,
                        "before": [{"role": turn.role, "content": turn.text} for turn in before],
                        "after": [{"role": "system", "content": left}],
                    }
                )
    return found


def main() -> None:
    """Answer until stdin ends."""
    work = compacted if sys.argv[1:] == ["compact"] else judged
    for line in sys.stdin:
        print(json.dumps(work(json.loads(line))), flush=True)


main()
