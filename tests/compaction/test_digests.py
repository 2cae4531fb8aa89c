"""Two messages have one digest exactly when only a cache mark, or a list around one text, tells them apart."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.compaction.digests import ROLES, SIZE, WEAK, Known, digest, digest_after, kinds, normal

MARK = {"type": "ephemeral", "ttl": "1h"}
SEPARATORS = [(",", ":"), (", ", ": ")]

texts = st.text(max_size=40)


def message(content: object, separators: tuple[str, str] = (",", ":"), role: str = "user") -> bytes:
    """Return one message's JSON."""
    return json.dumps({"role": role, "content": content}, separators=separators, ensure_ascii=False).encode()


@given(text=st.text(st.characters(exclude_categories=["Cs"])), separators=st.sampled_from(SEPARATORS))
def test_marking_a_message_does_not_change_it(text: str, separators: tuple[str, str]) -> None:
    """A text has the same digest as a string, as a list of one block, and with a cache mark on that block."""
    plain = message(text, separators)
    block = {"type": "text", "text": text}
    assert normal(message([block], separators)) == plain
    assert normal(message([block | {"cache_control": MARK}], separators)) == plain
    assert normal(message([block | {"cache_control": None}], separators)) == plain


@given(
    blocks=st.lists(
        st.fixed_dictionaries({"type": st.just("text"), "text": st.from_regex(r"[ -~]{0,20}")}), min_size=2
    ),
    at=st.integers(0, 5),
    separators=st.sampled_from(SEPARATORS),
)
def test_a_mark_on_any_block_is_left_out(blocks: list[dict[str, object]], at: int, separators: tuple[str, str]) -> None:
    """Wherever the mark stands, first, last or alone in its object, the rest is as it would be without it."""
    marked = [dict(block) for block in blocks]
    marked[at % len(marked)]["cache_control"] = MARK
    first = [{"cache_control": MARK, **block} if block in marked[:1] else block for block in blocks]
    assert normal(message(marked, separators)) == normal(message(blocks, separators))
    assert normal(message(first, separators)) == normal(message(blocks, separators))
    assert normal(b'{"cache_control":{"type":"ephemeral"}}') == b"{}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message("a"), message("b")),
        (message("a"), message("a", role="assistant")),
        (message([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), message("a")),
        (message([{"type": "text", "text": "a"}]), message("a ")),
        (message([{"type": "text", "text": 'a"}]'}]), message('a"}')),
        (message("cache_control"), message("")),
        (message('"cache_control":{"type":"ephemeral"}'), message("")),
        (
            message([{"type": "tool_use", "input": {"cache_control": "on"}}]),
            message([{"type": "tool_use", "input": {}}]),
        ),
        (message([{"type": "image", "source": {"type": "base64", "data": "x"}}]), message("x")),
        (message([]), message("")),
    ],
)
def test_other_messages_stay_different(one: bytes, other: bytes) -> None:
    """What a model would read differently has another digest."""
    assert digest([one]) != digest([other])


def test_a_digest_is_the_hash_of_the_raw_bytes() -> None:
    """Whoever holds the messages can recompute the digests with SHA-256 alone."""
    messages = [message("one"), message("two", role="assistant")]
    assert digest(messages) == b"".join(hashlib.sha256(m).digest() for m in messages)


@pytest.mark.parametrize(
    "bad", [b"", b"{", b"not json", b'{"content":[{"type":"text","text":"', b'{"content":[{"type":"text","text":"a\\"}']
)
def test_bytes_that_are_no_message_have_a_digest_too(bad: bytes) -> None:
    """Describing a request never fails on what another layer refuses."""
    assert len(digest([bad])) == SIZE
    assert kinds([bad]) == bytes([ROLES.index("other") | WEAK])


def test_a_kind_is_the_role_and_whether_the_message_is_very_short() -> None:
    """Unknown roles are "other"; a message below 64 bytes is marked as weak."""
    long = "x" * 64
    assert kinds([message(long, role=role) for role in ROLES]) == bytes(range(len(ROLES)))
    assert kinds([message("yes"), message(long, role="wizard"), b'{"role":7}']) == bytes(
        [ROLES.index("user") | WEAK, ROLES.index("other"), ROLES.index("other") | WEAK]
    )


@given(
    turns=st.lists(st.lists(st.tuples(texts, st.booleans()), max_size=4), min_size=1, max_size=6),
    limit=st.integers(0, 10),
)
def test_remembering_a_start_changes_no_digest(turns: list[list[tuple[str, bool]]], limit: int) -> None:
    """Digests are the same whether or not the start of a former request is reused, and little is remembered."""
    known: list[Known] = []
    messages: list[bytes] = []
    for turn in turns:
        for text, marked in turn:
            block = {"type": "text", "text": text} | ({"cache_control": MARK} if marked else {})
            messages.append(message([block]))
        digests, now = digest_after(messages, known, limit)
        assert digests == digest(messages)
        assert now.count <= limit
        assert len(now.digests) == now.count * SIZE
        known.insert(0, now)


@given(shown=st.lists(st.tuples(texts, st.sampled_from(["plain", "listed", "marked"])), max_size=6))
def test_a_digest_is_that_of_the_message_alone(shown: list[tuple[str, str]]) -> None:
    """Whatever stands beside a message, a cache mark among it, its digest is the hash of what stands for it."""
    messages: list[bytes] = []
    for text, form in shown:
        block = {"type": "text", "text": text} | ({"cache_control": MARK} if form == "marked" else {})
        messages.append(message(text if form == "plain" else [block]))
    alone = b"".join(hashlib.sha256(normal(one)).digest() for one in messages)
    assert digest(messages) == alone
    assert digest_after(messages, (), 10)[0] == alone


def test_a_changed_start_is_not_taken_for_the_remembered_one() -> None:
    """A start of the same length and count but with other bytes is digested afresh."""
    before, after = [message("aa"), message("bb")], [message("ab"), message("bb"), message("cc")]
    _, known = digest_after(before, (), 10)
    assert digest_after(after, [known], 10)[0] == digest(after)
    moved = [message("a"), message("abb"), message("cc")]
    assert digest_after(moved, [known], 10)[0] == digest(moved)
