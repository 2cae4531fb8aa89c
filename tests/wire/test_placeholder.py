"""Tokens, placeholders and the small helpers that both dialects share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.chat_parts import record, sentence
from tests.wire.feeding import OTHER, TOKEN

from pinnedrules.errors import Unreadable
from pinnedrules.wire.hidden import may_hide_call, refuse_hidden_calls
from pinnedrules.wire.json_text import dumps, loads
from pinnedrules.wire.placeholder import attach, call_id, call_token, count, find, mark, tokens
from pinnedrules.wire.usage import add_usage


def test_marks_and_ids_carry_the_token() -> None:
    """A token is 32 hex digits, in a mark inside a text or in the id of a rewritten call."""
    assert mark(TOKEN) == f"[pinnedrules:denied:{TOKEN}]"
    assert call_token(call_id(TOKEN, 12)) == TOKEN
    assert tokens((mark(TOKEN) + call_id(OTHER, 0) + mark(TOKEN)).encode()) == (TOKEN, OTHER)
    assert count((mark(TOKEN) + call_id(TOKEN, 0)).encode(), TOKEN) == 2


@pytest.mark.parametrize(
    "bad",
    [
        "",
        None,
        7,
        "call_1",
        call_id(TOKEN, 0) + "x",
        "x" + call_id(TOKEN, 0),
        f"pinnedrules:call:{TOKEN.upper()}:0",
        call_id(TOKEN[1:], 0),
    ],
)
def test_only_a_whole_id_carries_a_token(bad: object) -> None:
    """What merely contains such an id is none."""
    assert call_token(bad) == ""


@pytest.mark.parametrize("body", [b"", b"pinnedrules:denied:123", b"pinnedrules:other:" + TOKEN.encode()])
def test_bytes_without_tokens_have_none(body: bytes) -> None:
    """Almost every request is like this."""
    assert tokens(body) == ()


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [("a", "b", "a\n\nb"), ("a\n", "b", "a\nb"), ("a", " b", "a b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")],
)
def test_texts_are_set_off_once(left: str, right: str, whole: str) -> None:
    """An empty line stands between two texts that bring no white space of their own."""
    assert attach(left, right) == whole


@given(st.text(), st.sampled_from(["x]", "x]\n\n", "\n\nx]", "\n\nNo. x]\n\n", "x] So be it.", "x] Yes.\n"]), st.text())
def test_a_placeholder_is_found_where_it_was_put(before: str, shape: str, after: str) -> None:
    """What was attached around a placeholder is found again, to the character."""
    one = record({}, {}, visible=before, placeholder=shape.replace("x]", mark(TOKEN)))
    text = attach(attach(before, one.placeholder), after)

    found = find(text, 0, {TOKEN: one}, "openai-chat", set())

    assert found is not None
    assert text[found.stop :] == after or after.startswith("\n\n")
    assert find(text, 0, {TOKEN: one}, "openai-chat", {TOKEN}) is None
    assert find(text, found.stop, {TOKEN: one}, "openai-chat", set()) is None


def test_a_placeholder_after_another_needs_the_whole_text_before_it() -> None:
    """The text before a placeholder is all that the caller saw, earlier placeholders included."""
    one = record({}, {}, visible="A" + sentence(OTHER) + "B")
    text = "A" + sentence(OTHER) + "B" + sentence()

    assert find(text, 3, {TOKEN: one}, "openai-chat", set()) is not None
    assert find(text[1:], 0, {TOKEN: one}, "openai-chat", set()) is None


@pytest.mark.parametrize(
    ("text", "honoured"),
    [
        ("A\n\nNo. MARK So.\n\n", True),
        ("A No.\nMARK So.", True),
        (" A\r\nNo. MARK So. And more", True),
        ("A No MARK So.", False),
        ("A MARK So.", False),
        ("A No. MARK", False),
        ("A No. MARK  So.", False),
        ("B No. MARK So.", False),
        ("A No. MARK So.", True),
    ],
)
def test_a_placeholder_must_be_whole_but_for_its_white_space(text: str, honoured: bool) -> None:
    """The sentence around the mark is part of the place; white space that an application changed is not."""
    one = record({}, {}, visible="A", placeholder=f"\n\nNo. {mark(TOKEN)} So.\n\n", closed=False)

    assert (find(text.replace("MARK", mark(TOKEN)), 0, {TOKEN: one}, "openai-chat", set()) is not None) is honoured


def test_the_rest_of_an_answer_after_its_placeholder_is_told_from_the_next_answer() -> None:
    """When the recorded text goes on after the placeholder, what follows is not another answer."""
    one = record({}, {}, visible="A B", closed=False)

    rest = find("A" + sentence() + "B", 0, {TOKEN: one}, "openai-chat", set())
    following = find("A B" + sentence() + "C", 0, {TOKEN: one}, "openai-chat", set())

    assert rest is not None
    assert following is not None
    assert (rest.closed, following.closed) == (True, False)


@pytest.mark.parametrize(
    "value",
    [
        {"tool_calls": [{}]},
        {"a": [{"function_call": {"name": "x"}}]},
        {"type": "tool_use"},
        {"name": "x", "arguments": "{}"},
        {"name": "x", "input": {}},
        [[{"tool_call": 1}]],
        {"tool_use": {"id": "x"}},
        {"type": "custom_tool_call"},
    ],
)
def test_calls_in_odd_places_are_seen(value: object) -> None:
    """Anything that an application could take for a call is refused where none is expected, and never skipped."""
    with pytest.raises(Unreadable):
        refuse_hidden_calls(value)
    assert may_hide_call(dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        {"tool_calls": [], "function_call": None},
        {"name": "x"},
        {"arguments": "x"},
        {"name": 7, "input": {}},
        {"type": "text", "text": '{"name":"x","arguments":"y"}'},
        7,
    ],
)
def test_what_is_no_call_passes(value: object) -> None:
    """Empty lists, plain names and text about calls are none."""
    refuse_hidden_calls(value)


@given(st.recursive(st.text("_acelnotu\\u005f{}\": ", max_size=8), lambda inner: st.dictionaries(st.sampled_from(
    ["tool_calls", "function_call", "name", "arguments", "input", "type", "x", "message"]), inner, max_size=3)))  # fmt: skip
def test_what_is_skipped_hides_nothing(value: object) -> None:
    """Bytes that need not be read in full hold nothing that a full reading would refuse."""
    data = dumps(value)
    if not may_hide_call(data):
        refuse_hidden_calls(loads(data))


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 4}}, {"a": {"b": 5, "c": 2}}),
        ({"a": None}, {"a": 2}, {"a": 2}),
        ({"a": 2}, {"a": None}, {"a": 2}),
        ({"a": 0.5}, {"a": 1}, {"a": 1.5}),
        ({"a": True}, {"a": False}, {"a": False}),
        ({"tier": "standard"}, {"tier": "priority"}, {"tier": "priority"}),
        ({"iterations": [1]}, {"iterations": [2]}, {"iterations": [1, 2]}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 2**64}, {"a": 1}, {"a": 2**64 + 1}),
    ],
)
def test_usage_is_added_member_by_member(left: dict[str, object], right: dict[str, object], total: object) -> None:
    """Numbers add up at any depth; of anything else the last word counts."""
    assert add_usage(left, right) == total
