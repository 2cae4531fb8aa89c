"""Messages of a websocket as the gate reads and writes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.feeding import byte_by_byte

from pinnedrules.errors import PathRefused, Unreadable
from pinnedrules.wire.openai_responses_socket import (
    MESSAGES,
    Heard,
    hear,
    messages,
    not_asked_for,
    on_stream,
    pack,
    said_on,
)
from pinnedrules.wire.sse import LIMIT, Event

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
TEXTS = st.builds(lambda value, room: json.dumps(value, indent=room).encode(), VALUES, st.none() | st.integers(0, 2))


def split(chunks: list[bytes]) -> list[Event]:
    splitter = MESSAGES.splitter()
    return [event for chunk in chunks for event in splitter.feed(chunk)] + splitter.end()


@given(st.lists(TEXTS))
def test_messages_come_back_as_they_were_however_they_are_cut(texts: list[bytes]) -> None:
    """Rules 3 and 4 of every dialect: other chunks, the same frames; what is not edited stays byte-identical."""
    whole = b"".join(pack(text) for text in texts)

    assert messages(whole) == texts
    assert [event.data for event in split([whole])] == texts
    assert b"".join(event.raw for event in split([whole])) == whole
    assert split(byte_by_byte(whole)) == split([whole])


@given(TEXTS, TEXTS)
def test_a_message_with_other_data_is_that_data(before: bytes, after: bytes) -> None:
    """Nothing of a message stands outside of its data."""
    (event,) = split([pack(before)])

    assert event.with_data(after) == MESSAGES.frame(after, "any name") == pack(after)


def test_a_part_of_a_message_is_refused() -> None:
    """Nothing is left over unread."""
    with pytest.raises(Unreadable):
        split([b'{"type":"x"}'])


def test_a_message_that_is_too_long_is_refused() -> None:
    """Nothing is held without a bound."""
    with pytest.raises(Unreadable):
        split([b" " * (LIMIT + 1)])


@given(st.text() | st.binary())
def test_what_a_client_says_is_a_request_or_refused(data: str | bytes) -> None:
    """Nothing else than a refusal comes of anything."""
    with pytest.raises((PathRefused, Unreadable)):
        said_on(data)


@given(st.text() | st.binary())
def test_what_a_provider_says_is_heard_or_refused(data: str | bytes) -> None:
    """The same the other way."""
    with pytest.raises(Unreadable):
        hear(data)


@pytest.mark.parametrize("given_", ['{"type":"response.create"}', '{"type":"response.create","stream_id":null}'])
def test_a_request_without_a_stream(given_: str) -> None:
    """Most name none."""
    assert said_on(given_) == (given_.encode(), "")


@pytest.mark.parametrize("text", ['{"type":"response.create","input":"\\ud800"}', '{"stream_id":"\\ud800"}'])
def test_text_that_is_not_unicode_is_refused(text: str) -> None:
    """A lone surrogate that is no escape cannot be sent."""
    broken = text.encode().decode("unicode_escape")
    with pytest.raises(Unreadable):
        said_on(broken)
    with pytest.raises(Unreadable):
        hear(broken)


@pytest.mark.parametrize("name", ['""', "7", "[]", "true"])
def test_a_stream_whose_name_is_none_is_refused(name: str) -> None:
    """An answer on it could not be told apart."""
    with pytest.raises(Unreadable):
        said_on(f'{{"type":"response.create","stream_id":{name}}}')


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('{"type":"response.created","response":{}}', Heard("", last=False)),
        ('{"type":"response.created","response":{"id":"r"}}', Heard("", last=False, response="r")),
        ('{"type":"response.created","response":{"id":7}}', Heard("", last=False)),
        ('{"type":"response.completed","stream_id":"a"}', Heard("a", last=True)),
        ('{"type":"response.incomplete"}', Heard("", last=True)),
        ('{"type":"error","stream_id":null}', Heard("", last=True, failed=True)),
        ('{"type":"some.notice","error":{"message":"no"}}', Heard("", last=True, failed=True)),
        ('{"type":"some.notice","error":null}', Heard("", last=False)),
    ],
)
def test_where_a_message_belongs(text: str, heard: Heard) -> None:
    """What is read as an error ends an answer, whatever it is called."""
    assert hear(text) == (text.encode(), heard)


def test_what_nobody_asked_for_is_a_notice_at_most() -> None:
    """Invariant 1: no call comes outside of an answer that is decided."""
    not_asked_for(b'{"type":"rate_limits.updated","rate_limits":[]}')
    with pytest.raises(Unreadable):
        not_asked_for(b'{"type":"response.in_progress","response":{"id":"r","output":[]}}')


def test_what_ends_late_holds_no_call() -> None:
    """An answer that an error ended may be said to have failed once more, and no more than that."""
    failed = {"type": "response.failed", "response": {"id": "r", "status": "failed", "output": []}}
    call = {"type": "function_call", "id": "f", "call_id": "c", "name": "x", "arguments": "{}"}
    not_asked_for(json.dumps(failed).encode(), late=True)
    for wrong in (
        {**failed, "response": {"id": "r", "status": "completed", "output": [call]}, "type": "response.completed"},
        {**failed, "type": "response.created"},
        {"type": "response.output_item.done", "output_index": 0, "item": call},
    ):
        with pytest.raises(Unreadable):
            not_asked_for(json.dumps(wrong).encode(), late=True)


def test_a_message_of_ours_names_its_stream() -> None:
    """And one that does already is left as it is."""
    assert on_stream(b'{"type":"x"}', "") == b'{"type":"x"}'
    assert json.loads(on_stream(b'{"type":"x"}', "a")) == {"type": "x", "stream_id": "a"}
    assert on_stream(b'{"stream_id" : "a"}', "a") == b'{"stream_id" : "a"}'
