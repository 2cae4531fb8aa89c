"""What providers and SDKs say about compaction themselves is named by a closed table."""

from __future__ import annotations

import pytest

from pinnedrules.compaction.markers import MARKERS, kind


@pytest.mark.parametrize(
    ("markers", "asked", "expected"),
    [
        ((), (), ""),
        (("request:compaction",), (), "on-demand"),
        (("header:x-stainless-helper=compaction",), (), "client"),
        (("answer:compaction",), ("request:compaction",), "on-demand"),
        (("answer:compaction",), ("request:compact_20260112",), "threshold"),
        (("answer:compaction",), (), "threshold"),
        (("answer:applied_edits",), ("request:clear_tool_uses_20250919",), "edits"),
        (("answer:applied_edits",), ("request:compaction",), "edits"),
        (("request:clear_thinking_20251015", "request:compaction"), (), "on-demand"),
    ],
)
def test_a_marker_names_the_kind(markers: tuple[str, ...], asked: tuple[str, ...], expected: str) -> None:
    """A compaction that was asked for, came by itself, edited the context or is the client's own is told apart."""
    assert kind(markers, asked) == expected


@pytest.mark.parametrize("name", [name for name, marker in MARKERS.items() if marker.stage == "armed"])
def test_a_setting_alone_is_no_compaction(name: str) -> None:
    """A request that only allows a later compaction is not recorded as one, turn after turn."""
    assert kind((name,)) == ""


def test_an_unknown_marker_means_nothing() -> None:
    """A name outside the table is not guessed at."""
    assert kind(("request:compact_20991231", "answer:something")) == ""
