"""What is kept of a conversation over a restart is enough to see a rewrite, and no more than digests."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.compaction.kept import KEPT, read_kept
from pinnedrules.compaction.lineage import Lineage


def said(*texts: str) -> list[bytes]:
    return [
        json.dumps({"role": "assistant" if n % 2 else "user", "content": text}).encode() for n, text in enumerate(texts)
    ]


def history(count: int) -> list[bytes]:
    return said(*(f"this is message number {n} of a long conversation about the inbox" for n in range(count)))


def again(former: Lineage, conversation: str) -> Lineage:
    lineage = Lineage()
    lineage.load([former.dump(conversation)])
    return lineage


@pytest.mark.parametrize("count", [1, 30, KEPT, KEPT + 300, 5000])
def test_a_conversation_goes_on_after_a_restart(count: int) -> None:
    """A restart keeps the lineage, also of a conversation that is longer than what is kept of it."""
    before = Lineage()
    first = before.observe(history(count), "s")
    change = again(before, first.conversation).observe(history(count + 2), "s")
    same = before.observe(history(count + 2), "s")
    assert (change.kind, change.conversation, change.common) == ("extended", first.conversation, count)
    assert (change.before_sha256, change.after_sha256) == (same.before_sha256, same.after_sha256)


@pytest.mark.parametrize("count", [30, KEPT + 300])
@pytest.mark.parametrize("times", [1, 2])
def test_a_rewrite_across_a_restart_is_seen(count: int, times: int) -> None:
    """Folded or not, once restarted or twice: the summary and the last messages show what they stand for."""
    before = Lineage()
    first = before.observe(history(count), "s")
    lineage = before
    for _ in range(times):
        lineage = again(lineage, first.conversation)
    rewritten = [*said("Summary of the conversation so far: all is well."), *history(count)[-6:]]
    change = lineage.observe(rewritten, "s")
    assert (change.kind, change.conversation, change.before) == ("rewritten", first.conversation, count)
    assert sum(change.dropped_by_role.values()) == count - 6


def test_a_new_conversation_gets_no_name_that_was_given_before() -> None:
    """Two histories that begin alike are two conversations, before a restart and after it."""
    before = Lineage()
    names = {before.observe(history(3), "s").conversation}
    after = again(before, *names)
    names.add(after.observe(said("another beginning of it all", "so"), "s").conversation)
    assert len(names) == 2


def test_what_is_kept_is_small_and_says_nothing() -> None:
    """Bounded bytes; digests, never texts."""
    lineage = Lineage()
    change = lineage.observe(history(5000), "s")
    data = lineage.dump(change.conversation)
    assert len(data) < 35_000
    assert b"inbox" not in data
    assert lineage.dump("another") == b""


def test_it_is_taken_in_once() -> None:
    """What two threads ask for at the same time is there once."""
    before = Lineage()
    data = before.dump(before.observe(history(9), "s").conversation)
    lineage = Lineage()
    lineage.load([data])
    lineage.load([data, data])
    assert len(lineage._live) == 1


NAMED_BAD = [
    b"",
    b"\n",
    b"{}\n",
    b"[]\n",
    b"null\n",
    b'{"version": 2, "id": "a-1", "slot": "", "asked": false, "helper": false, "lead": 0, "known": 0}\n',
    b'{"version": 1, "id": "a-1", "slot": "", "asked": false, "helper": false, "lead": 0, "known": 3}\nshort',
    b'{"version": 1, "id": "a-1", "slot": "", "asked": false, "helper": false, "lead": 0, "known": -1}\n',
    b'{"version": 1, "id": "a-1", "slot": "", "asked": false, "helper": false, "lead": 0, "known": 0, "folded": 3}\n',
    b'{"version": 1, "id": "a-1", "slot": "", "asked": false, "helper": false, "lead": 0, "known": 0, "roles": 1}\n',
]


@pytest.mark.parametrize("data", NAMED_BAD)
def test_what_cannot_be_read_is_left_out(data: bytes) -> None:
    """A damaged row costs the sight of one rewrite, never a request."""
    assert read_kept(data) is None
    lineage = Lineage()
    lineage.load([data])
    assert lineage.observe(history(2), "s").kind == "new"


@given(st.binary(max_size=200))
def test_any_bytes_are_left_out(data: bytes) -> None:
    """The same for whatever stands there."""
    assert read_kept(data) is None
