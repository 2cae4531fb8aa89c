"""compaction-guard, as its README uses it: the guard wraps the compactor and its report says what became of the constraint.

Cases on stdin, one JSON object a line; on stdout for each ``{"said", "kind"}``. The policy is WARN, which only reports. The
detectors are those of an install without extras: what the extras need is model weights.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import compaction_guard as cg

_KEPT = {"preserved", "paraphrased"}


def main() -> None:
    """Answer until stdin ends."""
    for line in sys.stdin:
        case = json.loads(line)
        guard: Any = cg.Guard([case["rule"]], policy=cg.Policy.WARN, max_block_tokens=1_000_000)
        guard.compact(case["before"], compactor=lambda _, left=case["after"]: left)
        (finding,) = guard.last_report.findings
        kind = finding.kind.value
        said = "kept" if kind in _KEPT else "unsure" if kind == "unverifiable" else "not kept"
        print(json.dumps({"said": said, "kind": kind}), flush=True)


main()
