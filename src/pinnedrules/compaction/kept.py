"""One conversation's digests as bytes, so that a rewrite that happens across a restart is still seen.

A line of JSON, then 32 bytes a message, then one byte a message (see ``history``). Nothing of what was said is in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from pinnedrules.compaction.digests import SIZE
from pinnedrules.compaction.history import History

__all__ = ["KEPT", "Facts", "read_kept", "written"]

KEPT = 1024
"""Messages of a conversation that are kept one by one; what is older is folded."""

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept of a conversation besides its messages (see ``lineage``)."""

    id: str
    slot: str = ""
    asked: bool = False
    helper: bool = False
    named: str = ""

    @property
    def number(self) -> int:
        """The number at the end of its name."""
        number = self.id.rpartition("-")[2]
        return int(number) if number.isdecimal() else 0


def written(history: History, facts: Facts) -> bytes:
    """Return a conversation as bytes, at most 34 KiB of them."""
    short = history.short(KEPT)
    head: dict[str, object] = {
        "version": _VERSION,
        "id": facts.id,
        "slot": facts.slot,
        "asked": facts.asked,
        "helper": facts.helper,
        "named": facts.named,
        "lead": short.lead,
        "known": len(short.kinds),
    }
    if short.folded:
        head |= {
            "folded": short.folded,
            "roles": dict(short.folded_roles),
            "chain": (short.folded_sha256 or short.chain.digest()).hex(),
            "whole": short.sha256,
            "first": short.first.hex(),
        }
    return json.dumps(head).encode() + b"\n" + short.digests + short.kinds


def read_kept(data: bytes) -> tuple[History, Facts] | None:
    """Return what :func:`written` was given, with as many messages as it keeps; None for anything else."""
    line, _, rest = data.partition(b"\n")
    try:
        head = json.loads(line)
        known = int(head["known"])
        flags = bool(head["asked"]), bool(head["helper"])
        facts = Facts(str(head["id"]), str(head["slot"]), *flags, str(head.get("named", "")))
        lead, folded = int(head["lead"]), int(head.get("folded", 0))
        roles = {str(role): int(count) for role, count in head.get("roles", {}).items()}
        chain, whole = bytes.fromhex(head.get("chain", "")), str(head.get("whole", ""))
        first = bytes.fromhex(head.get("first", ""))
        version = head["version"]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    digests, kinds = rest[: known * SIZE], rest[known * SIZE :]
    if version != _VERSION or known < 0 or len(kinds) != known or (folded and not (chain and whole)):
        return None
    return History(digests, kinds, folded, roles, sha256(), first or digests[: 8 * SIZE], lead, chain, whole), facts
