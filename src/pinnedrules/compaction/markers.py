"""What the marks of providers and SDKs mean: which kind of compaction, and whether it happened or could happen.

The names come from the dialects (``RequestFacts.markers``, ``Answer.markers``) and from the hosts (headers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

__all__ = ["MARKERS", "CompactionKind", "Marker", "asks", "kind", "late", "silent"]

CompactionKind: TypeAlias = Literal["client", "on-demand", "threshold", "edits", "prefix", "truncation"]


@dataclass(frozen=True, slots=True)
class Marker:
    """One mark. ``stage``: "armed" may lead to a compaction, "asked" asks for one now, "done" reports one."""

    kind: CompactionKind
    stage: Literal["armed", "asked", "done"]


# Sources: platform.claude.com/docs on compaction (beta compact-2026-09-04), on context editing (compact_20260112,
# clear_tool_uses_20250919, clear_thinking_20251015) and the message object's context_management.applied_edits; the
# header is what anthropic 0.75 to 0.93 sends with its own client-side compaction (lib/tools/_beta_runner.py). The
# Responses API compacts at once when its last input item is a compaction_trigger, by itself under context_management,
# and drops the oldest items under truncation (response_create_params.py, response_input_item_param.py of openai-python
# 3.54). Some servers take settings in Chat Completions too: OpenRouter's transforms (openrouter.ai/docs, message
# transforms), and context_management and truncation; their answers do not say whether anything was dropped.
MARKERS: Mapping[str, Marker] = MappingProxyType(
    {
        "header:x-stainless-helper=compaction": Marker("client", "asked"),
        "request:compaction": Marker("on-demand", "asked"),
        "request:compaction_trigger": Marker("on-demand", "asked"),
        "request:compact_20260112": Marker("threshold", "armed"),
        "request:clear_tool_uses_20250919": Marker("edits", "armed"),
        "request:clear_thinking_20251015": Marker("edits", "armed"),
        "request:context_management": Marker("threshold", "armed"),
        "request:transforms": Marker("truncation", "armed"),
        "request:truncation": Marker("truncation", "armed"),
        "answer:compaction": Marker("threshold", "done"),
        "answer:applied_edits": Marker("edits", "done"),
        "answer:input_transformations": Marker("prefix", "done"),
        "answer:messages_changed": Marker("prefix", "done"),
        "answer:system_changed": Marker("prefix", "done"),
        "answer:context_compacted": Marker("prefix", "done"),
        "answer:input_changed": Marker("prefix", "done"),
        "answer:truncation": Marker("truncation", "armed"),
    }
)
_SILENT = frozenset(name for name, marker in MARKERS.items() if marker == Marker("truncation", "armed"))
_LATE = frozenset(name for name, marker in MARKERS.items() if marker == Marker("edits", "armed"))
_ON_DEMAND = frozenset(name for name, marker in MARKERS.items() if marker == Marker("on-demand", "asked"))


def silent(markers: Iterable[str]) -> bool:
    """Say whether the provider may drop messages and not say so: that it is told to counts as done."""
    return not _SILENT.isdisjoint(markers)


def late(markers: Iterable[str]) -> bool:
    """Say whether a stream may tell only at its end that the history was edited before its beginning."""
    return not _LATE.isdisjoint(markers)


def asks(markers: Iterable[str]) -> bool:
    """Say whether a request asks for a summary by a mark of its own."""
    return any(MARKERS[name].stage == "asked" for name in markers if name in MARKERS)


def kind(markers: Iterable[str], asked: Iterable[str] = ()) -> CompactionKind | Literal[""]:
    """Return which kind of compaction *markers* ask for or report; empty when they do neither.

    For an answer, *asked* are the markers of its request: a compaction that was asked for is "on-demand", one that
    came by itself "threshold". A setting that only arms a compaction is none yet. Unknown names mean nothing.
    """
    found = [MARKERS[name] for name in markers if name in MARKERS]
    happening = [marker for marker in found if marker.stage != "armed"]
    if not happening:
        return ""
    happening.sort(key=lambda marker: marker.kind == "prefix")
    if happening[0] == MARKERS["answer:compaction"] and not _ON_DEMAND.isdisjoint(asked):
        return "on-demand"
    return happening[0].kind
