"""A reference to compare with: a check that looks for "was this read before?" in the transcript, as some peers do.

It is right as long as the transcript is whole. After a compaction it looks into what is left.
"""

from __future__ import annotations

from collections.abc import Sequence

from pinnedrules.bench.model import Family, Message

__all__ = ["would_catch"]


def would_catch(family: Family, messages: Sequence[Message]) -> bool:
    """Whether a scan of *messages* still finds the call after which this family's rule forbids the rest.

    False for a family whose rule is not about what came before.
    """
    after = family.grade.get("after")
    return after is not None and any(
        call["function"]["name"] == after for message in messages for call in message.get("tool_calls") or ()
    )
