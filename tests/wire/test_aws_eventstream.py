"""Amazon's binary event streams: golden bytes, both checksums, every way of cutting, and what is refused by name."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.errors import Unreadable
from pinnedrules.types import Outcome, Release, Replace, Rewrite
from pinnedrules.wire.aws_eventstream import EVENTSTREAM, BinaryEvent, BinarySplitter, binary_frame, encode
from pinnedrules.wire.base import Frame
from pinnedrules.wire.bedrock import BedrockMessages

CHUNK = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
# The two vectors of Amazon's own SDKs that have no header, or one string: frames as they are on the wire.
EMPTY = bytes.fromhex("000000100000000005c248eb7d98c8ff")
ONE_STRING = bytes.fromhex(
    "0000003d0000002007fd83960c636f6e74656e742d7479706507001061"
    "70706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1"
)
# One chunk as Bedrock sends it, {"type":"ping"} with three letters of padding.
PING = bytes.fromhex(
    "000000850000004bfd2a78930b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d7479706507001061"
    "70706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b226279746573223a2265794a"
    "306558426c496a6f6963476c755a794a39222c2270223a22616263227d730336a1"
)


def sealed(headers: bytes, payload: bytes) -> bytes:
    """Return a frame with these bytes as its headers, checksums right."""
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    whole = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return whole + struct.pack("!I", zlib.crc32(whole))


def header(name: str, value: bytes, kind: int = 7) -> bytes:
    sized = struct.pack("!H", len(value)) if kind in (6, 7) else b""
    return bytes((len(name),)) + name.encode() + bytes((kind,)) + sized + value


def carrying(event: object) -> bytes:
    return binary_frame(json.dumps(event).encode())


def fed(*frames: bytes) -> list[Any]:
    splitter = BinarySplitter()
    return splitter.feed(b"".join(frames)) + splitter.end()


def test_golden_frames_are_written_to_the_byte() -> None:
    """What Amazon's SDKs test themselves with."""
    assert encode({}, b"") == EMPTY
    assert encode({"content-type": "application/json"}, b"{'foo':'bar'}") == ONE_STRING


def test_a_golden_chunk_is_read() -> None:
    """Headers, base64 and padding, as they come from Bedrock."""
    (event,) = fed(PING)

    assert (event.name, event.data, event.raw) == ("ping", b'{"type":"ping"}', PING)
    assert event.headers == CHUNK


EVENTS = st.builds(lambda kind, text: {"type": kind, "text": text}, st.text(), st.text())


@given(st.lists(EVENTS, max_size=5), st.data())
def test_any_way_of_cutting_gives_the_same_events(events: list[dict[str, str]], data: st.DataObject) -> None:
    """Feeding the same bytes in other chunks gives the same events, each with its own bytes."""
    stream = b"".join(map(carrying, events))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    splitter, found = BinarySplitter(), []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += splitter.feed(stream[start:stop])
    found += splitter.end()

    assert b"".join(event.raw for event in found) == stream
    assert [json.loads(event.data or b"") for event in found] == events
    assert [event.name for event in found] == [event["type"] for event in events]


@given(st.data())
def test_no_flipped_bit_goes_unseen(data: st.DataObject) -> None:
    """Invariant 2: both checksums are checked, so a damaged frame is never read as another one."""
    stream = carrying({"type": "ping"}) + carrying({"type": "message_stop"})
    place = data.draw(st.integers(0, len(stream) - 1))
    damaged = bytearray(stream)
    damaged[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(Unreadable):
        fed(bytes(damaged))


@given(st.integers(1, 10_000))
def test_a_stream_that_is_cut_inside_a_frame_is_refused(size: int) -> None:
    """Bytes left over at the end cannot be read."""
    stream = carrying({"type": "ping"})
    with pytest.raises(Unreadable):
        fed(stream, stream[: size % (len(stream) - 1) + 1])


@given(
    st.dictionaries(st.sampled_from(sorted(CHUNK)), st.text(max_size=50)),
    st.binary(max_size=200),
)
def test_the_sdk_s_reader_reads_what_is_written(headers: dict[str, str], payload: bytes) -> None:
    """botocore, by which the SDK reads these streams, reads the same headers and payload."""
    eventstream = pytest.importorskip("botocore.eventstream")
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(encode(headers, payload))
    (found,) = list(buffer)

    assert (found.headers, found.payload) == (headers, payload)


GOOD = header(":event-type", b"chunk") + header(":message-type", b"event")
NOTHING = b'{"bytes":"e30="}'
BAD: dict[str, bytes] = {
    "no headers": EMPTY,
    "an unknown header": sealed(GOOD + header(":date", b"today"), NOTHING),
    "a header of the application": sealed(GOOD + header("x", b"y"), NOTHING),
    "a header twice": sealed(GOOD + header(":event-type", b"chunk"), NOTHING),
    "a header that is a number": sealed(GOOD + header(":error-code", b"\0\0\0\1", 4), NOTHING),
    "a header that is bytes": sealed(GOOD + header(":error-code", b"x", 6), NOTHING),
    "a header that is cut": sealed(GOOD[:-3], NOTHING),
    "a header without a type": sealed(GOOD + b"\x0b:error-code", NOTHING),
    "a header that is not UTF-8": sealed(GOOD + header(":error-code", b"\xff"), NOTHING),
    "no message type": sealed(header(":event-type", b"chunk"), NOTHING),
    "another message type": sealed(header(":event-type", b"chunk") + header(":message-type", b"x"), NOTHING),
    "another event": encode({**CHUNK, ":event-type": "initial-response"}, b"{}"),
    "an exception without a name": encode({":message-type": "exception"}, b"{}"),
    "an error without a code": encode({":message-type": "error"}, b""),
    "a payload that is not JSON": encode(CHUNK, b"{"),
    "a payload that is a list": encode(CHUNK, b"[]"),
    "bytes twice": encode(CHUNK, b'{"bytes":"e30=","bytes":"e30="}'),
    "bytes that are no text": encode(CHUNK, b'{"bytes":1}'),
    "bytes that are not base64": encode(CHUNK, b'{"bytes":"e30=!"}'),
    "bytes that are not ASCII": encode(CHUNK, '{"bytes":"é"}'.encode()),
    "bytes without an event": binary_frame(b"[]"),
    "bytes that are not JSON": binary_frame(b"{"),
    "bytes that are not UTF-8": binary_frame(b'{"type":"\xff"}'),
    "a text completion": carrying({"completion": "x"}),
    "a type that is no text": carrying({"type": 1}),
    "a call beside the bytes": encode(CHUNK, b'{"bytes":"e30=","x":{"type":"tool_use","name":"a","input":{}}}'),
    "a call without a type": carrying({"x": {"type": "tool_use", "name": "a", "input": {}}}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_known_is_refused(name: str) -> None:
    """Invariant 2: a frame that the SDK may read in another way than it is read here is not let through."""
    with pytest.raises(Unreadable):
        fed(BAD[name])


def test_impossible_lengths_are_refused_before_they_are_waited_for() -> None:
    """A length with a right checksum can still be a lie."""
    for total, headers in ((15, 0), (20, 8), (1 << 31, 0), (300_000, 200_000)):
        prelude = struct.pack("!II", total, headers)
        with pytest.raises(Unreadable):
            BinarySplitter().feed(prelude + struct.pack("!I", zlib.crc32(prelude)))


def test_a_header_that_does_not_fit_is_an_error_of_the_writer() -> None:
    """A header's name has at most 255 bytes, its value 65535."""
    for headers in ({"x" * 256: "y"}, {"x": "y" * 65536}):
        with pytest.raises(ValueError, match="too long"):
            encode(headers, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {":message-type": "exception", ":exception-type": "throttlingException"},
        {":message-type": "error", ":error-code": "500", ":error-message": "gone"},
    ],
)
def test_exceptions_are_errors_and_keep_their_bytes(headers: dict[str, str]) -> None:
    """An exception of the provider passes as it is, and is what ends an answer."""
    raw = encode(headers, b'{"message":"no"}')
    (event,) = fed(raw)

    assert (event.name, event.raw) == ("error", raw)


def test_what_the_sdk_skips_carries_nothing() -> None:
    """The frame that keeps a stream alive, and a guardrail's trace, are no events."""
    kept, trace = fed(EVENTSTREAM.keep_alive, carrying({"amazon-bedrock-trace": {}}))

    assert (kept.name, kept.data, trace.name, trace.data) == ("", None, "", None)


def test_an_edited_frame_keeps_its_headers() -> None:
    """Only the payload is written anew; a frame that was never read gets the headers of a chunk."""
    (event,) = fed(PING)
    (edited,) = fed(event.with_data(b'{"type":"x"}'))

    assert (edited.headers, edited.data) == (CHUNK, b'{"type":"x"}')
    assert fed(BinaryEvent(b"", None).with_data(b'{"type":"x"}'))[0].headers == CHUNK


# -- A whole answer ----------------------------------------------------------------------------------------------------

ANSWER: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Deleting."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "t", "name": "delete_mail", "input": {}},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"id":"7"}'}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1}},
]
STREAM = b"".join(map(carrying, ANSWER))


def rendered(outcome: Outcome) -> tuple[bytes, list[Any]]:
    reader = BedrockMessages(stream=True).read_stream()
    frames: list[Frame] = [*reader.feed(STREAM), *reader.end()]
    assert [call.name for frame in frames for _, call in frame.done] == ["delete_mail"]
    data = b"".join(reader.render(frame, {(1,): outcome}) for frame in frames)
    return data, [json.loads(event.data) for event in fed(data)]


def test_a_released_call_is_byte_identical() -> None:
    """Invariant 8."""
    assert rendered(Release())[0] == STREAM


def test_a_refused_call_becomes_text_in_frames_of_the_same_kind() -> None:
    """The placeholder stands where the call was, and the answer says that it ended by itself."""
    _, events = rendered(Replace("DENIED"))

    assert [event["type"] for event in events] == [event["type"] for event in ANSWER]
    assert events[4]["content_block"] == {"type": "text", "text": ""}
    assert events[5]["delta"] == {"type": "text_delta", "text": "DENIED"}
    assert events[7]["delta"]["stop_reason"] == "end_turn"


def test_a_rewritten_call_is_framed_again() -> None:
    """Another id and other arguments, in the same kind of frames."""
    _, events = rendered(Rewrite("new", '{"id":"8"}'))

    assert events[4]["content_block"]["id"] == "new"
    assert events[5]["delta"]["partial_json"] == '{"id":"8"}'


def test_a_body_must_say_whose_model_it_is_for() -> None:
    """An ARN does not tell it, so the body has to."""
    dialect = BedrockMessages(stream=False)
    body = b'{"anthropic_version":"bedrock-2023-05-31","messages":[]}'
    assert dialect.read_request(body).stream is False
    assert BedrockMessages(stream=True).read_request(body).stream is True
    for act in (dialect.read_request, lambda data: dialect.place(data, "BLOCK")):
        with pytest.raises(Unreadable, match="Anthropic"):
            act(b'{"messages":[]}')


def test_base64_is_what_json_says() -> None:
    """The payload of a chunk is the event in base64, and nothing else of ours."""
    (payload,) = [json.loads(frame) for frame in (binary_frame(b"{}")[12 + 75 : -4],)]

    assert base64.b64decode(payload["bytes"]) == b"{}"
