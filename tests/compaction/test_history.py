"""A history in bounded memory answers as one that forgets nothing would, or claims less."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.compaction.digests import SIZE, digest
from pinnedrules.compaction.history import History, Request, Tail

ROLES = ["system", "user", "assistant", "tool"]


def request(names: str) -> Request:
    """Return a request whose messages are named by letters; small letters are long messages, capitals short ones."""
    messages = [
        json.dumps({"role": ROLES[ord(name) % 4], "content": name if name.isupper() else name * 60}).encode()
        for name in names
    ]
    return Request(messages, digest(messages))


def history(names: str, limit: int = 1000) -> History:
    """Return the history of such messages."""
    return History.of(request(names), limit)


names = st.text("abcdefghIJK", max_size=12)
limits = st.integers(1, 14)


@given(old=names, new=names, limit=limits)
def test_the_common_start_is_exact_or_less(old: str, new: str, limit: int) -> None:
    """With folds or without, no message is called common that is not; without folds, or in them all, none is missed."""
    expected = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    folded = history(old, limit)
    found = folded.common(request(new))
    assert found <= expected
    if not folded.folded or expected >= folded.folded:
        assert found == expected


@given(first=names, more=st.lists(st.text("abcH", max_size=5), max_size=5), limit=limits)
def test_growing_is_the_same_as_beginning_longer(first: str, more: list[str], limit: int) -> None:
    """A history that grew turn by turn has count, hash, start and folds of one that was seen at once."""
    whole = first
    grown = history(first, limit)
    for part in more:
        whole += part
        grown = grown.grown(request(whole), limit)
    at_once = history(whole, limit)
    assert (grown.count, grown.sha256, grown.first) == (at_once.count, at_once.sha256, at_once.first)
    assert (grown.folded, grown.folded_roles, grown.digests) == (at_once.folded, at_once.folded_roles, at_once.digests)
    assert (grown.kinds, grown.lead) == (at_once.kinds, at_once.lead)
    assert len(grown.digests) <= limit * SIZE


@given(old=names, limit=limits)
def test_the_hash_does_not_depend_on_what_is_forgotten(old: str, limit: int) -> None:
    """The hash of a history is that of all its digests, however few are kept."""
    assert history(old, limit).sha256 == hashlib.sha256(request(old).joined).hexdigest()


@given(old=names, new=names)
def test_what_was_dropped_is_the_difference_of_the_two(old: str, new: str) -> None:
    """Without folds, the dropped messages by role are the old ones less the new ones, each counted."""
    gone = Counter(old) - Counter(new)
    by_role: Counter[str] = Counter()
    for name, count in gone.items():
        by_role[ROLES[ord(name) % 4]] += count
    known, asked = history(old), request(new)
    assert known.dropped(asked, known.common(asked)) == dict(by_role)


def test_folded_messages_count_as_dropped_unless_they_still_begin_the_request() -> None:
    """What is not known one by one cannot be found again, so it is reported as gone."""
    known = history("abcdef", 2)
    assert sum(known.dropped(request("xdef"), 0).values()) == 4
    assert sum(known.dropped(request("abcdx"), 4).values()) == 2


def test_the_role_of_a_folded_message_is_unknown() -> None:
    """A folded message has no role any more; a kept one has."""
    known = history("abcd", 2)
    assert [known.role(index) for index in range(4)] == ["", "", ROLES[ord("c") % 4], ROLES[ord("d") % 4]]


def test_a_folded_message_counts_as_changed() -> None:
    """What cannot be compared is not called unchanged."""
    assert history("abcdef", 3).changed(request("aXcdef"), 1) == [1, 2]
    assert history("abcdef").changed(request("aXcdeY"), 1) == [1, 5]


def test_a_tail_is_the_longest_row_that_ends_the_history() -> None:
    """The end of the history is found wherever it stands; short or repeated messages in it are not telling."""
    assert history("abcdef").tail(request("xdef"), 0) == Tail(3, 3)
    assert history("abcdef").tail(request("fxdefy"), 0) == Tail(3, 3)
    assert history("abcdHe").tail(request("xdHe"), 0) == Tail(3, 2)
    assert history("abcaef").tail(request("xaef"), 0) == Tail(3, 2)
    assert history("abcdef").tail(request("abf"), 2) == Tail(1, 1)


@given(old=names, new=names)
def test_a_tail_is_found_wherever_it_stands(old: str, new: str) -> None:
    """The row is as long as the longest that a look at every pair of places finds, and so is what was changed."""

    def row(end: int) -> int:
        ends = [new[: place + 1] for place in range(common, len(new))]
        rows = (n for n in range(end - common, 0, -1) if any(one[common:].endswith(old[end - n : end]) for one in ends))
        return next(rows, 0)

    known, asked = history(old), request(new)
    common = known.common(asked)
    whole, but_one = row(len(old)), row(len(old) - 1) if len(old) > common else 0
    assert known.tail(asked, common).length == (but_one if but_one > max(1, whole) else whole)
    changed = [n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
    assert known.changed(asked, common) == changed
    assert known.fresh(asked, common) == tuple(n for n in range(common, len(new)) if new[n] not in old)


def test_the_last_message_may_be_missing_from_a_tail_of_two() -> None:
    """A last message that was an instruction or carried a reminder does not hide the tail; one message alone does."""
    assert history("abcdeH").tail(request("xcde"), 0) == Tail(3, 3)
    assert history("abcdeH").tail(request("xe"), 0) == Tail()


def test_a_tail_does_not_reach_into_the_common_start() -> None:
    """What both begin with is no sign that the end was kept."""
    assert history("ab").tail(request("ab"), 2) == Tail()
    assert history("abb").tail(request("abx"), 2) == Tail()
    assert history("").tail(request("ab"), 0) == Tail()


def test_many_repeats_of_one_message_stay_cheap() -> None:
    """A history of one message said thousands of times is compared with a bounded number of places."""
    same, other = "a" * 5000, "b" + "a" * 5000
    assert history(same, 5000).tail(request(other), 0) == Tail(5000, 0)


def test_the_lead_is_compared_with_the_system_messages_only() -> None:
    """Two histories have the same lead when their first system messages are the same, or both have none."""
    system, other = "d", "h"  # both have the role system in this file
    assert ROLES[ord(system) % 4] == ROLES[ord(other) % 4] == "system"
    assert history("dab").same_lead(request("def"))
    assert not history("dab").same_lead(request("hab"))
    assert not history("dab").same_lead(request("ab"))
    assert history("ab").same_lead(request("ef"))


def test_the_anchor_ends_with_the_first_message_after_the_system_prompt() -> None:
    """A conversation is recognised by its system messages and the first other one."""
    assert [history(names).anchor for names in ("", "d", "da", "dab", "ab")] == [1, 2, 2, 2, 1]
