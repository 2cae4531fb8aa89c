"""How the Messages API compacts: on demand, or at a threshold, with or without a pause.

On demand (``compaction: {type: summarize}``, beta ``compact-2026-09-04``) the answer is one signed ``compaction`` block and
nothing else. With the edit ``compact_20260112`` a request that is too long is compacted and then answered, or only
compacted with ``pause_after_compaction``. Afterwards the service reads nothing that stands before the newest such block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pinnedrules.testing.messages_checks import blocks_of
from pinnedrules.testing.script import Reply

__all__ = ["asked_for", "left", "summary_of"]


def asked_for(body: Mapping[str, Any]) -> Literal["", "summarize", "pause", "go on"]:
    """Return how a request wants to be compacted."""
    if body.get("compaction"):
        return "summarize"
    edits = (body.get("context_management") or {}).get("edits") or ()
    edit = next((edit for edit in edits if edit["type"] == "compact_20260112"), None)
    if edit is None:
        return ""
    return "pause" if edit.get("pause_after_compaction") else "go on"


def summary_of(reply: Reply, body: Mapping[str, Any]) -> str | None:
    """Return the summary that the answer brings, if it brings one. Raises ValueError for one nobody asked for."""
    how = asked_for(body)
    if reply.compaction is not None and not how:
        raise ValueError("the reply compacts, and the request has neither `compaction` nor a compact edit")
    return reply.text if how == "summarize" and reply.compaction is None else reply.compaction


def left(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the messages from the newest compaction block on, that block first."""
    for index in range(len(messages) - 1, -1, -1):
        blocks = blocks_of(messages[index].get("content"))
        newest = [number for number, block in enumerate(blocks) if block.get("type") == "compaction"]
        newest = [number for number in newest if blocks[number].get("content") is not None]
        if newest:
            return [{**messages[index], "content": blocks[newest[-1] :]}, *messages[index + 1 :]]
    return list(messages)
