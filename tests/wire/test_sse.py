"""The event stream splitter: WHATWG rules, any chunking, nothing left over unread."""

from __future__ import annotations

import importlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.feeding import byte_by_byte

from pinnedrules.errors import Unreadable
from pinnedrules.wire.sse import Event, Splitter, frame

LINES = st.sampled_from(
    [b"data: {}", b"data:x", b"data", b": comment", b"event: ping", b"id: 7", b"retry: 3", b"", b"", b"other: 1"]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])


def split(data: bytes, chunks: list[bytes] | None = None, limit: int = 1000) -> list[Event]:
    splitter = Splitter(limit)
    events = [event for chunk in chunks or [data] for event in splitter.feed(chunk)]
    return events + splitter.end()


@pytest.mark.parametrize(
    ("raw", "data", "name"),
    [
        (b"data: a\n\n", b"a", ""),
        (b"data:a\n\n", b"a", ""),
        (b"data:  a\n\n", b" a", ""),
        (b"data: a\r\n\r\n", b"a", ""),
        (b"data: a\r\r", b"a", ""),
        (b"data: a\n\r\n", b"a", ""),
        (b"data: a\ndata: b\n\n", b"a\nb", ""),
        (b"data\n\n", b"", ""),
        (b"event: x\ndata: a\nid: 1\n\n", b"a", "x"),
        (b"event: x\nevent: y\ndata: a\n\n", b"a", "y"),
        (b": only a comment\n\n", None, ""),
        (b"event: lone\n\n", None, "lone"),
        (b"retry: 10\n\n", None, ""),
        (b"\xef\xbb\xbf: hi\ndata: a\n\n", b"a", ""),
        (b"\xef\xbb\xbf\ndata: a\n\n", b"a", ""),
        ("data: Grüße\n\n".encode(), "Grüße".encode(), ""),
        (b"\n", None, ""),
        (b"datax: a\n\n", None, ""),
    ],
)
@pytest.mark.parametrize("bytewise", [False, True])
def test_one_frame_is_read_by_the_rules_of_the_specification(
    raw: bytes, data: bytes | None, name: str, bytewise: bool
) -> None:
    """A frame gives its raw bytes, its data lines joined and its event name, whatever its line ends and chunks."""
    assert split(raw, byte_by_byte(raw) if bytewise else None) == [Event(raw, data, name)]


@given(st.lists(st.tuples(LINES, ENDS)), st.lists(st.integers(0, 300)))
def test_other_chunks_give_the_same_frames(lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    """Feeding the same bytes in other chunks gives the same frames, and together they are the bytes that were fed."""
    data = b"".join(line + end for line, end in lines) + b"\n\n"
    points = sorted({min(point, len(data)) for point in cuts} | {0, len(data)})
    chunks = [data[start:stop] for start, stop in itertools.pairwise(points)]

    events = split(data)

    assert split(data, chunks) == events
    assert split(data, byte_by_byte(data)) == events
    assert b"".join(event.raw for event in events) == data


def test_a_carriage_return_at_the_end_of_a_chunk_waits_for_its_line_feed() -> None:
    """A frame that seems to end with a carriage return is not cut in two by the chunk border."""
    splitter = Splitter()

    assert splitter.feed(b"data: a\r\n\r") == []
    assert splitter.feed(b"\ndata: b\r\r") == [Event(b"data: a\r\n\r\n", b"a")]
    assert splitter.end() == [Event(b"data: b\r\r", b"b")]


def test_a_byte_order_mark_counts_only_at_the_beginning_of_the_stream() -> None:
    """One leading byte order mark is skipped; another one later makes an unknown field, as for the SDKs."""
    data = b"\xef\xbb\xbf: hi\ndata: a\n\n\xef\xbb\xbfdata: b\n\n"
    assert [event.data for event in split(data)] == [b"a", None]


@pytest.mark.parametrize("field", [b"data: {}", b"data:{}", b"data", b"event: x\ndata: {}"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("sdk", ["openai", "anthropic"])
def test_a_field_behind_a_byte_order_mark_is_refused(field: bytes, end: bytes, sdk: str) -> None:
    """Invariant 2: the specification skips the mark, the SDKs skip the field, so one of two readers would miss it."""
    data = b"\xef\xbb\xbf" + field.replace(b"\n", end) + end + end

    (plain,) = list(_dispatched(sdk, data[3:]))
    assert plain not in list(_dispatched(sdk, data))
    with pytest.raises(Unreadable, match="byte order mark"):
        split(data)


def _dispatched(sdk: str, data: bytes) -> list[tuple[str | None, str]]:
    """Return what an SDK's own decoder makes of *data*."""
    module = importlib.import_module(f"{sdk}._streaming")
    return [(event.event, event.data) for event in module.SSEDecoder().iter_bytes(iter([data]))]


@pytest.mark.parametrize("rest", [b"data: {}", b"data: {}\n", b"data: {}\r\n", b"event: x\ndata: {", b"data: [DONE]x"])
def test_an_event_left_over_at_the_end_is_refused(rest: bytes) -> None:
    """Invariant 2: bytes left over at the end cannot be read, so they cannot be allowed; no SDK would dispatch them."""
    with pytest.raises(Unreadable):
        split(b"data: a\n\n" + rest)


@pytest.mark.parametrize("rest", [b"data: [DONE]", b"data: [DONE]\n", b": bye\n", b"event: x", b"id: 3\r"])
def test_leftovers_that_no_client_reads_are_let_through(rest: bytes) -> None:
    """A last comment, or a ``[DONE]`` line without its empty line, is read and given out as a frame."""
    events = split(b"data: a\n\n" + rest)

    assert events[1].raw == rest
    assert events[1].data in (None, b"[DONE]")


@pytest.mark.parametrize("size", [101, 300])
@pytest.mark.parametrize("closed", [False, True])
def test_a_frame_over_the_limit_is_refused(size: int, closed: bool) -> None:
    """The size of one frame is capped, finished or not."""
    with pytest.raises(Unreadable, match="100 bytes"):
        split(b"data: " + b"x" * size + (b"\n\n" if closed else b""), limit=100)


def test_a_long_stream_of_short_frames_is_not_over_the_limit() -> None:
    """The limit is one of a frame, not of the stream."""
    assert len(split(b"data: 0123456789\n\n" * 50, limit=40)) == 50


def test_bytes_that_are_not_utf8_are_refused() -> None:
    """Invariant 2: an unknown encoding is refused."""
    with pytest.raises(Unreadable, match="UTF-8"):
        split(b"data: \xff\n\n")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"data: old\n\n", b"data: new\n\n"),
        (b"event: x\nid: 1\ndata: old\ndata: older\n\n", b"event: x\nid: 1\ndata: new\n\n"),
        (b"\xef\xbb\xbf: hi\r\ndata: old\r\n\r\n", b": hi\ndata: new\n\n"),
    ],
)
def test_a_frame_gets_other_data_and_keeps_its_other_lines(raw: bytes, expected: bytes) -> None:
    """Only the data of an edited frame changes; name, id and comments stay."""
    (event,) = split(raw)

    assert event.with_data(b"new") == expected


@given(st.text(alphabet="ab \r\n"))
def test_data_of_several_lines_comes_back_as_it_was(text: str) -> None:
    """New data with line breaks in it is written as several data lines that mean the same."""
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode()
    (event,) = split(Event(b"data: \n\n", b"").with_data(data))

    assert event.data == data


def test_a_new_frame_is_named_when_it_has_a_name() -> None:
    """A frame of our own has the form of the provider's."""
    assert frame(b"{}") == b"data: {}\n\n"
    assert frame(b"{}", "ping") == b"event: ping\ndata: {}\n\n"


@pytest.mark.parametrize("body", [b'{"id": 1}', b'{"id": 1}\n\n', b'\n\n {\n"id":\n1}', b"[1]"])
@pytest.mark.parametrize("ahead", [b"", b"\xef\xbb\xbf", b"data: {}\n\n", b"event: x\n"])
def test_json_is_no_event_stream(body: bytes, ahead: bytes) -> None:
    """Lines that begin as JSON are refused: a client that expects JSON reads them, whatever their content type says."""
    with pytest.raises(Unreadable):
        split(ahead + body)
