"""Writing a Messages answer anew, streamed or whole, read back by the real SDK."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import httpx2
import pytest
from tests.wire.chat_parts import sentence
from tests.wire.feeding import OTHER, byte_by_byte, golden, read, read_stream, rendered, whole
from tests.wire.message_parts import answer as whole_answer
from tests.wire.message_parts import block, call, end, event, opened, piece, start, text, tool_use

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Answer, Key

MESSAGES = AnthropicMessages()
OUT = Release()
GONE = Replace("")
SAID = Replace(sentence())
NEW_ID = "pinnedrules:call:0123456789abcdef0123456789abcdef:0"
THREE = golden("messages_thinking_calls.sse")
GOLD = golden("messages_calls.json")


def client(data: bytes, media: str) -> anthropic.Anthropic:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": media}, content=data)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return anthropic.Anthropic(api_key="none", base_url="http://provider.test", http_client=http, max_retries=0)


def by_helper(data: bytes) -> Any:
    """Return the message as ``client.messages.stream`` puts it together."""
    asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    with client(data, "text/event-stream").messages.stream(**asked) as stream:
        for _ in stream:
            pass
        return stream.get_final_message()


def by_beta_helper(data: bytes) -> Any:
    """Return the message as ``client.beta.messages.stream`` puts it together."""
    asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    with client(data, "text/event-stream").beta.messages.stream(**asked) as stream:
        for _ in stream:
            pass
        return stream.get_final_message()


def parsed(data: bytes) -> Any:
    """Return the message as ``client.messages.create`` gives it."""
    return client(data, "application/json").messages.create(model="m", max_tokens=9, messages=[])


def shown(data: bytes, outcomes: Mapping[Key, Outcome]) -> bytes:
    reader, frames, _ = read_stream(MESSAGES, data)
    return rendered(reader, frames, outcomes)


def indices(data: bytes) -> list[int]:
    """Return the indices of the content blocks in the order in which they start."""
    found = [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: {")]
    return [one["index"] for one in found if one["type"] == "content_block_start"]


FIRST: list[Outcome] = [OUT, SAID, GONE]
SETS = list(itertools.product(FIRST, FIRST[::2], FIRST[::2]))


@pytest.mark.parametrize("outcomes", SETS)
def test_the_sdk_reads_what_is_left(outcomes: tuple[Outcome, ...]) -> None:
    """Invariant 1: a refused call is not visible, the others and the thinking are whole, and the SDK accepts the stream."""
    fates: dict[Key, Outcome] = {(number + 3,): outcome for number, outcome in enumerate(outcomes)}
    before = read_stream(MESSAGES, THREE)[2]
    data = shown(THREE, fates)

    for message in (by_helper(data), by_beta_helper(data)):
        kept = [before.calls[key] for key, fate in fates.items() if isinstance(fate, Release)]
        calls = [one for one in message.content if one.type == "tool_use"]
        assert [(one.id, one.name, one.input) for one in calls] == [
            (one.id, one.name, json.loads(one.arguments)) for one in kept
        ]
        assert message.content[0].signature == "EqQBCkYIBxgCKkB8xK9rYtq0mZ+/vN3w=="
        texts = [one.text for one in message.content if one.type == "text"]
        assert texts == ["I will tidy up."] + ([sentence()] if SAID in outcomes else [])
        assert message.stop_reason == ("tool_use" if kept else "end_turn")
        assert message.usage.output_tokens == 89
    assert indices(data) == list(range(3 + len(outcomes) - outcomes.count(GONE)))


def test_a_refused_call_leaves_no_trace_of_its_input() -> None:
    """Neither name, id nor input of a refused call are in the bytes."""
    data = shown(THREE, {(3,): SAID, (4,): OUT, (5,): OUT})

    for trace in (b"delete_mail", b"toolu_01W8ZbPq3nT6mKc1LxAa", b"old", b"note"):
        assert trace not in data


def test_untouched_frames_stay_byte_identical() -> None:
    """Rule 4: what is not edited is given back as it was, padding and all."""
    data = shown(THREE, {(3,): OUT, (4,): OUT, (5,): SAID})

    assert data.startswith(THREE[: THREE.rindex(b"event: ", 0, THREE.index(b"toolu_01Ng5TqB8wX0aZi3OpCc"))])
    assert data.endswith(THREE[THREE.index(b"event: message_delta") :])


def test_blocks_of_the_provider_pass_byte_identical() -> None:
    """Blocks that the provider ran itself pass as they are, whatever becomes of the calls."""
    name = golden("messages_server_tools.sse")
    data = shown(name, {(6,): SAID})

    assert data.startswith(name[: name.index(b'"index":6') - 60])
    message = by_beta_helper(data)
    assert [one.type for one in message.content][-1] == "text"
    assert message.stop_reason == "end_turn"


def test_blocks_after_one_that_vanished_move_up() -> None:
    """Text after a vanished call keeps the indices dense."""
    data = start() + text(0, "a") + call(1, "t1") + text(2, "b", "c") + call(3, "t2") + end()
    message = by_helper(shown(data, {(1,): GONE, (3,): OUT}))

    assert [getattr(one, "text", "call") for one in message.content] == ["a", "bc", "call"]


def test_a_rewritten_call_passes_in_one_piece() -> None:
    """A rewritten call has other input in one fragment, under an id that carries the token; all else of it stays."""
    fates: dict[Key, Outcome] = {(3,): Rewrite(NEW_ID, '{"id":18446744073709551617}'), (4,): SAID, (5,): OUT}
    data = shown(THREE, fates)

    assert read_stream(MESSAGES, data)[2].calls == {
        (3,): Call("delete_mail", '{"id":18446744073709551617}', NEW_ID),
        (5,): Call("list_mail", "{}", "toolu_01Ng5TqB8wX0aZi3OpCc"),
    }
    message = by_helper(data)
    assert [one.input for one in message.content if one.type == "tool_use"] == [{"id": 18446744073709551617}, {}]
    assert message.content[3].caller.type == "direct"


def test_a_call_with_its_input_in_the_start_can_be_rewritten() -> None:
    """The old input does not stay in the start of the block."""
    data = start() + call(0, "t0") + block(1, {**tool_use("t1"), "input": {"secret": 1}}) + end()
    data = shown(data, {(0,): GONE, (1,): Rewrite(NEW_ID, '{"a":1}')})

    assert b"secret" not in data
    assert by_helper(data).content[0].input == {"a": 1}


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "pause_turn", "end_turn"])
def test_other_reasons_to_end_stay(reason: str) -> None:
    """Only a reason that promises calls is changed when none remains."""
    data = start() + call(0, "t1") + end(reason)

    assert by_helper(shown(data, {(0,): SAID})).stop_reason == reason


# -- a turn that goes on -------------------------------------------------------------------------------------------


def go_on(*turns: bytes, said: Callable[[int], str] = lambda _: sentence(), fate: Outcome = GONE) -> bytes:
    """Return the caller's stream of a turn in which all answers but the last had only refused calls."""
    before: list[tuple[Answer, str]] = []
    stream = b""
    for number, data in enumerate(turns):
        last = number == len(turns) - 1
        reader = MESSAGES.read_stream(before)
        frames = [*reader.feed(data), *reader.end()]
        answer = reader.answer()
        fates: dict[Key, Outcome] = dict.fromkeys(answer.calls, OUT if last else fate)
        parts = [(frame.ending, reader.render(frame, fates)) for frame in frames]
        stream += b"".join(data for ending, data in parts if last or not ending)
        if not last:
            stream += MESSAGES.close_stream(reader, said(number))
            before.append((answer, said(number)))
    return stream


LAST = start(id="msg_2") + text(0, "I suggest", " deleting.") + end("end_turn", 7)
THINKING = block(
    0,
    {"type": "thinking", "thinking": "", "signature": ""},
    {"type": "thinking_delta", "thinking": "hm"},
    {"type": "signature_delta", "signature": "s2"},
)
NEXT_CALL = start(id="msg_2") + THINKING + call(1, "t9", "archive", '{"id":', "1}") + end("tool_use", 7)


def test_the_next_answer_goes_on_in_the_same_stream() -> None:
    """One message start, one id, blocks numbered on, one end: the SDK sees a single answer."""
    data = go_on(THREE, LAST)
    message = by_helper(data)

    assert [one.type for one in message.content] == ["thinking", "redacted_thinking", "text", "text", "text"]
    assert [one.text for one in message.content[2:]] == ["I will tidy up.", sentence(), "I suggest deleting."]
    assert (message.id, message.stop_reason) == ("msg_01ThinkCallsmUe1Vn0aYxPr7k", "end_turn")
    assert (data.count(b"event: message_start"), data.count(b"event: message_stop")) == (1, 1)
    assert indices(data) == [0, 1, 2, 3, 4]


def test_usage_of_all_answers_is_added() -> None:
    """The caller pays for every answer of the turn, and is told so, input included."""
    message = by_helper(go_on(start() + call(0, "t1") + end("tool_use", 6), LAST))

    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (20, 6)
    assert message.usage.output_tokens == 13


@pytest.mark.parametrize("fate", [GONE, Replace("One sentence.")])
def test_a_call_of_the_next_answer_is_numbered_on(fate: Outcome) -> None:
    """Blocks go on after the ones shown, whether refused calls vanished or became text; thinking stays whole."""
    message = by_helper(go_on(THREE, NEXT_CALL, fate=fate))

    assert (message.content[-1].id, message.content[-1].input) == ("t9", {"id": 1})
    assert (message.content[-2].thinking, message.content[-2].signature) == ("hm", "s2")
    assert message.stop_reason == "tool_use"


def test_three_refusals_in_a_row_stay_one_answer() -> None:
    """The gate may answer the model several times in one turn."""
    data = go_on(THREE, NEXT_CALL, NEXT_CALL, LAST)
    message = by_helper(data)

    assert indices(data) == list(range(len(message.content)))
    texts = [one.text for one in message.content if one.type == "text"]
    assert texts == ["I will tidy up.", sentence(), sentence(), sentence(), "I suggest deleting."]
    assert message.usage.output_tokens == 89 + 7 + 7 + 7


def test_when_the_model_cannot_be_asked_again_the_answer_still_ends() -> None:
    """What was withheld of the end can follow the placeholder after all."""
    reader, frames, answer = read_stream(MESSAGES, THREE)
    fates: dict[Key, Outcome] = dict.fromkeys(answer.calls, GONE)
    parts = [(frame.ending, reader.render(frame, fates)) for frame in frames]
    stream = b"".join(data for ending, data in parts if not ending) + MESSAGES.close_stream(reader, sentence())
    message = by_helper(stream + b"".join(data for ending, data in parts if ending))

    assert (message.content[-1].text, message.stop_reason) == (sentence(), "end_turn")


def test_an_end_mark_of_another_dialect_waits_like_any_end() -> None:
    """A server that closes with ``[DONE]`` does not close a turn that goes on."""
    mark = b"data: [DONE]\n\n"
    data = go_on(start() + call(0, "t1") + end() + mark, LAST + mark)

    assert data.endswith(mark)
    assert data.count(mark) == 1


def test_an_empty_placeholder_adds_no_block() -> None:
    """An empty text block would be refused when it is sent back."""
    assert indices(go_on(THREE, LAST, said=lambda _: "")) == [0, 1, 2, 3]


def test_an_error_in_a_continued_answer_passes() -> None:
    """An error of the provider reaches the caller as it is."""
    error = event("error", error={"type": "overloaded_error", "message": "too much"})

    with pytest.raises(anthropic.APIStatusError, match="too much"):
        by_helper(go_on(THREE, start() + text(0, "a") + error))


OVERLOADED = event("error", error={"type": "overloaded_error", "message": "too much"})
ERRORS = {
    "as documented": OVERLOADED,
    "without a type": b'event: error\ndata: {"error":{"type":"overloaded_error","message":"too much"}}\n\n',
    "without data": b"event: error\ndata:\n\n",
    "followed by more": OVERLOADED + event("content_block_stop", index=1) + end() + OVERLOADED,
    "followed by half an event": OVERLOADED + b"data: {",
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("pieces", [whole, byte_by_byte])
def test_an_error_inside_a_call_stays_the_providers_error(name: str, pieces: Callable[[bytes], list[bytes]]) -> None:
    """The application sees the error that it can retry, and nothing of the call that the error cut (invariant 1)."""
    head = start() + text(0, "a") + opened(1, tool_use("t1", "archive"))
    data = head + event("content_block_delta", index=1, delta=piece('{"i')) + ERRORS[name]
    reader = MESSAGES.read_stream()
    frames = read(reader, pieces(data))
    written = rendered(reader, frames, {})

    assert reader.answer().calls == {}
    assert (reader.answer().finish, reader.answer().cut, reader.answer().message) == ("error", True, None)
    assert written == start() + text(0, "a") + ERRORS[name][: ERRORS[name].index(b"\n\n") + 2]
    with pytest.raises(anthropic.APIStatusError):
        by_helper(written)


def test_calls_before_an_error_are_decided_as_always() -> None:
    """A call that was complete before the error came is released, rewritten or refused; only the cut one is left out."""
    data = start() + call(0, "t0") + call(1, "t1") + call(2, "t2") + opened(3, tool_use("t3")) + OVERLOADED
    reader, frames, answer = read_stream(MESSAGES, data)
    written = rendered(reader, frames, {(0,): OUT, (1,): SAID, (2,): Rewrite(NEW_ID, "{}")})

    assert list(answer.calls) == [(0,), (1,), (2,)]
    assert written.startswith(start() + call(0, "t0"))
    assert written.endswith(OVERLOADED)
    assert (b'"t1"' in written, b'"t2"' in written, b'"t3"' in written) == (False, False, False)


# -- whole answers -------------------------------------------------------------------------------------------------


def test_a_golden_answer_gives_its_calls() -> None:
    """Calls, text, finish and usage of an answer as the service sends it, exact to the last digit."""
    answer = MESSAGES.read_json(GOLD)

    assert answer.calls == {
        (2,): Call("delete_mail", '{"id":7,"note":"old"}', "toolu_01W8ZbPq3nT6mKc1LxAa"),
        (3,): Call("archive", '{"id":18446744073709551617}', "toolu_01Yd2RfV9sJ4hGu7EkBb"),
    }
    assert (answer.text, answer.finish, answer.cut) == ("I will tidy up.", "tool_use", False)
    assert answer.usage["output_tokens"] == 89
    assert answer.message is not None
    assert answer.message.removeprefix(b'{"role":"assistant","content":').removesuffix(b"}") in GOLD


def test_released_calls_in_a_whole_answer_pass_byte_identical() -> None:
    """Invariant 8: an allowed call passes byte-identical."""
    assert MESSAGES.write_json(GOLD, {(2,): OUT, (3,): OUT}, []) == GOLD


FATES: list[Outcome] = [OUT, SAID, GONE, Rewrite(NEW_ID, '{"id":8}')]


@pytest.mark.parametrize("fates", list(itertools.product(FATES, FATES)))
def test_the_sdk_reads_what_is_left_of_a_whole_answer(fates: tuple[Outcome, Outcome]) -> None:
    """Invariant 1: refused calls are gone, rewritten ones have their new input, the rest is untouched."""
    outcomes: dict[Key, Outcome] = {(2,): fates[0], (3,): fates[1]}
    before = MESSAGES.read_json(GOLD).calls
    message = parsed(MESSAGES.write_json(GOLD, outcomes, []))

    expected = []
    for key, fate in outcomes.items():
        if isinstance(fate, Rewrite):
            expected.append((NEW_ID, before[key].name, {"id": 8}))
        elif isinstance(fate, Release):
            expected.append((before[key].id, before[key].name, json.loads(before[key].arguments)))
    assert [(one.id, one.name, one.input) for one in message.content if one.type == "tool_use"] == expected
    assert message.stop_reason == ("tool_use" if expected else "end_turn")
    assert message.content[0].signature == "EqQBCkYIBxgCKkB8xK9r=="
    texts = [one.text for one in message.content if one.type == "text"]
    assert texts == ["I will tidy up.", *(fate.text for fate in fates if isinstance(fate, Replace) and fate.text)]


def test_former_answers_of_a_turn_are_shown_first() -> None:
    """Texts and placeholders of answers that the gate replied to come first, their thinking does not; usage is added."""
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    first = MESSAGES.read_json(whole_answer(thinking, {"type": "text", "text": "Deleting."}, tool_use("t1")))
    second = MESSAGES.read_json(whole_answer(tool_use("t2")))
    last = whole_answer(
        {**thinking, "signature": "s3"}, {"type": "text", "text": "I suggest it."}, stop_reason="end_turn"
    )

    message = parsed(MESSAGES.write_json(last, {}, [(first, sentence()), (second, sentence(OTHER))]))

    assert [getattr(one, "text", one.type) for one in message.content] == [
        "Deleting.",
        sentence(),
        sentence(OTHER),
        "thinking",
        "I suggest it.",
    ]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (30, 18)


def test_a_toolset_member_is_named_by_family_and_member() -> None:
    """A rule names ``computer.left_click``, because ``left_click`` alone belongs to nobody."""
    data = whole_answer(tool_use("t1", "left_click", toolset_name="computer"))

    assert MESSAGES.read_json(data).calls == {(0,): Call("computer.left_click", "{}", "t1")}


@pytest.mark.parametrize(
    "kind", ["server_tool_use", "mcp_tool_use", "web_search_tool_result", "tool_search_tool_result"]
)
def test_blocks_of_tools_that_the_provider_ran_are_no_calls(kind: str) -> None:
    """What was run before anybody saw it cannot be held; it was decided on the request."""
    data = whole_answer({"type": kind, "id": "s1", "name": "x", "input": {"a": 1}}, stop_reason="end_turn")

    assert MESSAGES.read_json(data).calls == {}


def test_an_error_in_the_place_of_an_answer_has_no_calls() -> None:
    """An error object passes as it is."""
    data = b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}'
    answer = MESSAGES.read_json(data)

    assert (answer.calls, answer.message, answer.cut) == ({}, None, True)
    assert MESSAGES.write_json(data, {}, [(answer, "x")]) == data


def test_usage_that_is_missing_stays_missing() -> None:
    """Nothing is invented where a server reports no usage."""
    value = json.loads(whole_answer({"type": "text", "text": "a"}, stop_reason="end_turn"))
    del value["usage"]
    data = json.dumps(value).encode()
    answer = MESSAGES.read_json(data)

    assert answer.usage == {}
    assert "usage" not in json.loads(MESSAGES.write_json(data, {}, [(answer, sentence())]))


BAD = {
    "not JSON": b"{",
    "not an object": b"[]",
    "no content": b'{"type":"message"}',
    "content as text": b'{"content":"x"}',
    "a block as text": whole_answer().replace(b'"content":[]', b'"content":["x"]'),
    "a repeated key": b'{"content":[{"type":"tool_use","name":"a","name":"b"}]}',
    "a nameless call": whole_answer({"type": "tool_use", "id": "t"}),
    "the same id twice": whole_answer(tool_use("t"), tool_use("t")),
    "a call beside the content": whole_answer(more=tool_use("t")),
    "a call in a text": whole_answer({"type": "text", "text": "a", "more": tool_use("t")}),
    "a call in an error": b'{"error":{"tool_use":{"name":"a"}}}',
}


@pytest.mark.parametrize("name", BAD)
def test_a_whole_answer_that_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        MESSAGES.read_json(BAD[name])


def test_a_call_of_an_unknown_type_is_a_call() -> None:
    """A block with a name and an input is taken for a call, whatever it calls itself."""
    data = whole_answer({"type": "magic_use", "id": "m", "name": "delete", "input": {"a": 1}})

    assert MESSAGES.read_json(data).calls == {(0,): Call("delete", '{"a":1}', "m")}
