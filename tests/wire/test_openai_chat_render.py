"""Writing a Chat Completions stream anew, read back by the real SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletionMessage
from tests.wire.chat_parts import USAGE, calls, chunk, dump, mark, opening, part, sentence, usage_chunk
from tests.wire.feeding import OTHER, byte_by_byte, golden, read, read_stream, rendered, sse, whole

from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Answer, Key, StreamReader
from pinnedrules.wire.openai_chat import OpenAIChat

CHAT = OpenAIChat()
DONE = b"[DONE]"
OUT = Release()
GONE = Replace("")
SAID = Replace(sentence())
NEW_ID = "pinnedrules:call:0123456789abcdef0123456789abcdef:0"


def client(data: bytes, media: str = "text/event-stream") -> openai.OpenAI:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": media}, content=data)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    return openai.OpenAI(api_key="none", base_url="http://provider.test/v1", http_client=http, max_retries=0)


def by_helper(data: bytes) -> tuple[ChatCompletionMessage, str, Any]:
    """Return message, finish reason and usage as ``client.chat.completions.stream`` puts them together."""
    with client(data).chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}]) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    return final.choices[0].message, final.choices[0].finish_reason, final


def by_hand(data: bytes, choice: int = 0) -> dict[str, Any]:
    """Add up the chunks of ``create(stream=True)`` the way applications do."""
    found: dict[str, Any] = {"role": None, "content": "", "calls": {}, "finish": None, "ids": set()}
    chunks = client(data).chat.completions.create(model="m", messages=[], stream=True)
    for one in chunks:
        found["ids"].add((one.id, one.model, one.created))
        for shown in one.choices:
            if shown.index != choice:
                continue
            found["role"] = found["role"] or shown.delta.role
            found["content"] += shown.delta.content or ""
            found["finish"] = shown.finish_reason or found["finish"]
            for piece in shown.delta.tool_calls or []:
                call = found["calls"].setdefault(piece.index, ["", "", ""])
                call[0] += piece.id or ""
                assert piece.function is not None
                call[1] += piece.function.name or ""
                call[2] += piece.function.arguments or ""
    return found


def shown(data: bytes, outcomes: Mapping[Key, Outcome]) -> bytes:
    reader, frames, _ = read_stream(CHAT, data)
    return rendered(reader, frames, outcomes)


THREE = golden("chat_three_calls.sse")
SETS: list[tuple[Outcome, Outcome, Outcome]] = [
    (first, second, third) for first in (OUT, SAID, GONE) for second in (OUT, GONE) for third in (OUT, GONE)
]


@pytest.mark.parametrize("outcomes", SETS)
def test_the_sdk_reads_what_is_left(outcomes: tuple[Outcome, ...]) -> None:
    """Invariant 1: a refused call is not visible, the others are, with dense indices, and the SDK accepts the stream."""
    fates: dict[Key, Outcome] = {(0, number): outcome for number, outcome in enumerate(outcomes)}
    _, _, answer = read_stream(CHAT, THREE)

    message, finish, final = by_helper(shown(THREE, fates))

    kept = [answer.calls[key] for key, fate in fates.items() if isinstance(fate, Release)]
    found = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or []]  # type: ignore[union-attr]
    assert found == [(call.id, call.name, call.arguments) for call in kept]
    assert message.role == "assistant"
    assert message.content == "I will tidy up." + (sentence() if SAID in outcomes else "")
    assert finish == ("tool_calls" if kept else "stop")
    assert final.usage.total_tokens == 161


@pytest.mark.parametrize("outcomes", SETS)
def test_indices_have_no_gap(outcomes: tuple[Outcome, ...]) -> None:
    """Calls that remain are numbered from 0 without a gap."""
    found = by_hand(shown(THREE, {(0, number): outcome for number, outcome in enumerate(outcomes)}))

    assert list(found["calls"]) == list(range(outcomes.count(OUT)))


def test_a_refused_call_leaves_no_trace_of_its_arguments() -> None:
    """Neither name, id nor arguments of a refused call are in the bytes."""
    data = shown(THREE, {(0, 0): SAID, (0, 1): OUT, (0, 2): OUT})

    for trace in (b"delete_mail", b"call_w8ZbPq3nT6mKc1Lx", b"old", b"note"):
        assert trace not in data


def test_untouched_frames_stay_byte_identical() -> None:
    """Rule 4: what is not edited is given back as it was, around an edit as well."""
    data = shown(THREE, {(0, 0): OUT, (0, 1): OUT, (0, 2): SAID})

    assert data.startswith(THREE[: THREE.index(b'"call_Ng5TqB8wX0aZi3Op"') - 400])
    assert data.endswith(THREE[THREE.index(b'"finish_reason":"tool_calls"') - 200 :])


@pytest.mark.parametrize(
    ("name", "key"),
    [("chat_lone_call.sse", (0, 0)), ("chat_custom_call.sse", (0, 0)), ("chat_legacy_call.sse", (0, -1))],
)
def test_every_kind_of_call_can_be_replaced(name: str, key: Key) -> None:
    """Function, custom and legacy calls vanish; the role stays, once; the answer ends as one without calls."""
    message, finish, _ = by_helper(shown(golden(name), {key: SAID}))

    assert (message.role, message.content, message.tool_calls, message.function_call) == (
        "assistant",
        sentence(),
        None,
        None,
    )
    assert finish == "stop"


def test_a_vanished_lone_call_leaves_the_role() -> None:
    """The chunk that brought role and call still brings the role."""
    data = shown(golden("chat_lone_call.sse"), {(0, 0): GONE})
    message, finish, _ = by_helper(data)

    assert (message.role, message.content, finish) == ("assistant", None, "stop")


@pytest.mark.parametrize(
    ("name", "key"),
    [("chat_lone_call.sse", (0, 0)), ("chat_custom_call.sse", (0, 0)), ("chat_legacy_call.sse", (0, -1))],
)
def test_every_kind_of_call_can_be_rewritten(name: str, key: Key) -> None:
    """A rewritten call passes with other arguments in one fragment, under an id that carries the token."""
    data = shown(golden(name), {key: Rewrite(NEW_ID, '{"id":"b2"}')})
    _, _, answer = read_stream(CHAT, data)
    before = read_stream(CHAT, golden(name))[2].calls[key]

    expected_id = "" if before.kind == "legacy" else NEW_ID
    assert answer.calls == {key: Call(before.name, '{"id":"b2"}', expected_id, before.kind)}
    assert b"a1" not in data


def test_a_rewritten_call_reaches_the_sdk() -> None:
    """The SDK puts the rewritten call together; its neighbours are unchanged."""
    fates: dict[Key, Outcome] = {(0, 0): SAID, (0, 1): Rewrite(NEW_ID, '{"id":1}'), (0, 2): OUT}
    message, finish, _ = by_helper(shown(THREE, fates))

    assert message.tool_calls is not None
    assert [(call.id, call.function.arguments) for call in message.tool_calls] == [  # type: ignore[union-attr]
        (NEW_ID, '{"id":1}'),
        ("call_Ng5TqB8wX0aZi3Op", "{}"),
    ]
    assert finish == "tool_calls"


def test_a_name_that_comes_late_is_part_of_the_rewritten_call() -> None:
    """The one fragment of a rewritten call is whole, even when its name came in a later one."""
    data = sse(chunk(calls(part(0, "", id="c1"))), chunk(calls(part(0, "{}", name="a"))), chunk({}, "tool_calls"), DONE)

    assert by_hand(shown(data, {(0, 0): Rewrite(NEW_ID, "{}")}))["calls"] == {0: [NEW_ID, "a", "{}"]}


def test_choices_are_edited_apart() -> None:
    """With several choices, one may lose its call while the other keeps it."""
    data = shown(golden("chat_two_choices.sse"), {(0, 0): SAID, (1, 0): OUT})

    first, second = by_hand(data), by_hand(data, 1)
    assert (first["content"], first["calls"], first["finish"]) == ("Maybe" + sentence(), {}, "stop")
    assert (second["calls"], second["finish"]) == ({0: ["call_N2bT6mKc1LxPqw8Z", "archive", '{"id":1}']}, "tool_calls")


@pytest.mark.parametrize("finish", ["length", "content_filter", "stop"])
def test_other_reasons_to_end_stay(finish: str) -> None:
    """Only a reason that promises calls is changed when none remains."""
    data = sse(chunk(calls(opening(0, "a", "c1", "{}"))), chunk({}, finish), DONE)

    assert by_hand(shown(data, {(0, 0): GONE}))["finish"] == finish


def test_a_chunk_that_brings_everything_is_taken_apart() -> None:
    """Role, text, call, end and usage in one chunk: the call goes, the rest stays, once."""
    everything = chunk(calls(opening(0, "a", "c1", "{}"), role="assistant", content="Hm."), "tool_calls", usage=USAGE)
    message, finish, final = by_helper(shown(sse(everything, DONE), {(0, 0): SAID}))

    assert (message.role, message.content, message.tool_calls) == ("assistant", "Hm." + sentence(), None)
    assert (finish, final.usage.total_tokens) == ("stop", 15)


def test_a_chunk_that_ends_only_one_of_its_choices_is_taken_apart() -> None:
    """The choice that goes on is not repeated with the end of the other."""
    first = json.loads(chunk(calls(opening(0, "a", "c1", "{}"), content="A"), "tool_calls"))
    first["choices"].append({"index": 1, "delta": {"content": "B"}, "finish_reason": None})
    data = shown(sse(json.dumps(first).encode(), chunk({"content": "C"}, "stop", 1), DONE), {(0, 0): SAID})

    assert (by_hand(data)["content"], by_hand(data)["finish"]) == ("A" + sentence(), "stop")
    assert (by_hand(data, 1)["content"], by_hand(data, 1)["finish"]) == ("BC", "stop")


@pytest.mark.parametrize(("text", "gap"), [("No.", "\n\n"), ("\nNo.", ""), (" No.", "")])
def test_a_placeholder_is_set_off_from_the_text_before_it(text: str, gap: str) -> None:
    """An empty line comes between text and placeholder unless the placeholder brings its own white space."""
    data = sse(chunk({"content": "Hi."}), chunk(calls(opening(0, "a", "c1", "{}"))), chunk({}, "tool_calls"))

    assert by_hand(shown(data, {(0, 0): Replace(text)}))["content"] == f"Hi.{gap}{text}"


def test_two_sentences_in_one_chunk_are_set_off() -> None:
    """Several placeholders in one chunk do not run into each other."""
    data = sse(chunk(calls(opening(0, "a", "c1", "{}"), opening(1, "b", "c2", "{}"))), chunk({}, "tool_calls"))

    assert by_hand(shown(data, {(0, 0): Replace("A."), (0, 1): Replace("B.")}))["content"] == "A.\n\nB."


def test_content_in_parts_gets_a_part() -> None:
    """Where a server streams content as parts, the placeholder is one more part."""
    content = [{"type": "text", "text": "Hi."}]
    data = sse(chunk({"content": content, **calls(opening(0, "a", "c1", "{}"))}), chunk({}, "tool_calls"))

    (first, _) = shown(data, {(0, 0): SAID}).removesuffix(b"\n\n").split(b"\n\n")
    assert json.loads(first[6:])["choices"][0]["delta"]["content"] == [*content, {"type": "text", "text": sentence()}]


def test_log_probabilities_of_a_refused_call_are_not_shown() -> None:
    """The tokens of a call's arguments do not leave through another member."""
    logged = chunk(calls(opening(0, "a", "c1", '{"secret":1}'))).replace(
        b'"finish_reason"', b'"logprobs":{"content":[{"token":"secret"}]},"finish_reason"'
    )
    data = shown(sse(logged, chunk({}, "tool_calls")), {(0, 0): SAID})

    assert b"secret" not in data


def test_a_missing_index_stays_missing() -> None:
    """Calls that came without an index are left without one."""
    data = sse(chunk(calls(opening(None, "a", "c1", "{}"), opening(None, "b", "c2", "{}"))), chunk({}, "tool_calls"))

    (entry,) = json.loads(shown(data, {(0, 0): GONE, (0, 1): OUT})[6:].split(b"\n\n")[0])["choices"][0]["delta"][
        "tool_calls"
    ]
    assert (entry["id"], "index" in entry) == ("c2", False)


# -- a turn that goes on -------------------------------------------------------------------------------------------


def one_turn(
    data: bytes, before: list[tuple[Answer, str]], *, stays: Callable[[Answer], Mapping[Key, Outcome]] | None = None
) -> tuple[StreamReader, Answer, bytes, bytes]:
    """Read one answer as the gate does; return what is shown of it at once, and its end."""
    reader = CHAT.read_stream(before)
    frames = [*reader.feed(data), *reader.end()]
    answer = reader.answer()
    fates = stays(answer) if stays else dict.fromkeys(answer.calls, GONE)
    content = b"".join(reader.render(frame, fates) for frame in frames if not frame.ending)
    end = b"".join(reader.render(frame, fates) for frame in frames if frame.ending)
    return reader, answer, content, end


def go_on(*turns: bytes, text: Callable[[int], str] = lambda _: sentence()) -> bytes:
    """Return the caller's stream of a turn in which all answers but the last had only refused calls."""
    before: list[tuple[Answer, str]] = []
    stream = b""
    for number, data in enumerate(turns):
        last = number == len(turns) - 1
        release: Callable[[Answer], Mapping[Key, Outcome]] = lambda answer: dict.fromkeys(answer.calls, OUT)  # noqa: E731
        reader, answer, content, end = one_turn(data, before, stays=release if last else None)
        stream += content
        if last:
            return stream + end
        stream += CHAT.close_stream(reader, text(number))
        before.append((answer, text(number)))
    raise AssertionError


LAST = sse(
    chunk({"role": "assistant", "content": "", "refusal": None}, id="chatcmpl-2"),
    chunk({"content": "I suggest"}, id="chatcmpl-2"),
    chunk({"content": " deleting."}, id="chatcmpl-2"),
    chunk({}, "stop", id="chatcmpl-2"),
    usage_chunk(),
    DONE,
)
NEXT_CALL = sse(
    chunk({"role": "assistant", "content": None, **calls(opening(0, "archive", "c9", '{"id":1}'))}, id="chatcmpl-2"),
    chunk({}, "tool_calls", id="chatcmpl-2"),
    usage_chunk(),
    DONE,
)


@pytest.mark.parametrize("first", [THREE, golden("chat_lone_call.sse"), golden("chat_legacy_call.sse")])
def test_the_next_answer_goes_on_in_the_same_stream(first: bytes) -> None:
    """One role, one id, the texts in order, one end: the SDK sees a single answer."""
    message, finish, final = by_helper(go_on(first, LAST))
    former = read_stream(CHAT, first)[2].text

    assert message.content == f"{former}{sentence()}I suggest deleting."
    assert (message.role, message.tool_calls, finish) == ("assistant", None, "stop")
    assert len(by_hand(go_on(first, LAST))["ids"]) == 1
    assert go_on(first, LAST).count(DONE) == 1
    assert final.id == json.loads(first[6 : first.index(b"\n")])["id"]


def test_usage_of_all_answers_is_added() -> None:
    """The caller pays for every answer of the turn, and is told so."""
    _, _, final = by_helper(go_on(sse(DELETING, chunk({}, "tool_calls"), usage_chunk(), DONE), LAST))

    assert final.usage.total_tokens == 2 * USAGE["total_tokens"]  # type: ignore[operator]
    assert final.usage.prompt_tokens_details.cached_tokens == 6


DELETING = chunk(calls(opening(0, "delete", "c1", "{}"), role="assistant", content="Deleting."))


def test_a_call_of_the_next_answer_starts_at_index_0() -> None:
    """Calls of the next answer are the first ones that the caller sees."""
    message, finish, _ = by_helper(go_on(THREE, NEXT_CALL))

    assert message.tool_calls is not None
    assert [(call.id, call.function.name) for call in message.tool_calls] == [("c9", "archive")]  # type: ignore[union-attr]
    assert (message.content, finish) == ("I will tidy up." + sentence(), "tool_calls")


def test_three_refusals_in_a_row_stay_one_answer() -> None:
    """The gate may answer the model several times in one turn."""
    found = by_hand(go_on(THREE, NEXT_CALL, NEXT_CALL, LAST))

    assert found["content"] == "I will tidy up." + 3 * sentence() + "I suggest deleting."
    assert (found["role"], found["calls"], found["finish"]) == ("assistant", {}, "stop")


@pytest.mark.parametrize(("text", "gap"), [("No.", "\n\n"), ("\n\nNo.\n\n", "")])
def test_texts_of_one_turn_are_set_off(text: str, gap: str) -> None:
    """Between text, placeholder and the next text there is always white space."""
    found = by_hand(go_on(sse(DELETING, chunk({}, "tool_calls"), DONE), LAST, text=lambda _: text))

    assert found["content"] == f"Deleting.{gap}{text}{gap}I suggest deleting."


def test_text_that_came_with_the_end_of_an_answer_is_shown_before_the_placeholder() -> None:
    """A server that sends text, call and end in one chunk loses nothing when the turn goes on."""
    found = by_hand(
        go_on(sse(chunk(calls(opening(0, "a", "c1", "{}"), role="assistant", content="Hm."), "tool_calls"), DONE), LAST)
    )

    assert found["content"] == f"Hm.{sentence()}I suggest deleting."
    assert (found["role"], found["finish"]) == ("assistant", "stop")


def test_the_role_is_shown_when_no_chunk_had_one() -> None:
    """A placeholder that opens the stream brings the role."""
    found = by_hand(go_on(sse(chunk(calls(opening(0, "a", "c1", "{}"))), chunk({}, "tool_calls"), DONE), LAST))

    assert (found["role"], found["content"]) == ("assistant", sentence() + "I suggest deleting.")


def test_when_the_model_cannot_be_asked_again_the_answer_still_ends() -> None:
    """What was withheld of the end can follow the placeholder after all."""
    reader, _, content, end = one_turn(THREE, [])
    message, finish, _ = by_helper(content + CHAT.close_stream(reader, sentence()) + end)

    assert (message.content, message.tool_calls, finish) == ("I will tidy up." + sentence(), None, "stop")


def test_usage_in_every_chunk_is_added_in_every_chunk() -> None:
    """Running totals of a continued answer start where the former ones ended."""
    second = sse(chunk({"content": "a"}, usage=USAGE), chunk({}, "stop", usage=USAGE), DONE)
    first = sse(DELETING, chunk({}, "tool_calls", usage=USAGE), DONE)

    assert go_on(first, second).count(b'"total_tokens":30') == 2


def test_an_error_in_a_continued_answer_passes() -> None:
    """An error of the provider reaches the caller as it is."""
    error = b'{"error":{"message":"overloaded"}}'

    with pytest.raises(openai.APIError, match="overloaded"):
        by_hand(go_on(THREE, sse(chunk({"content": "a"}), error)))


OVERLOADED = dump({"error": {"message": "overloaded", "code": 529}})
ERRORS = {
    "as documented": [OVERLOADED],
    "with how the choice ended": [chunk({"content": ""}, "error", error={"message": "overloaded", "code": 502})],
    "as text": [dump({"error": "overloaded"})],
    "followed by the end": [OVERLOADED, DONE],
    "followed by more of the call": [OVERLOADED, chunk(calls(part(0, "7}"))), chunk({}, "tool_calls"), DONE],
    "followed by what nobody reads": [OVERLOADED, b"{"],
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("pieces", [whole, byte_by_byte])
def test_an_error_inside_a_call_stays_the_providers_error(name: str, pieces: Callable[[bytes], list[bytes]]) -> None:
    """The application sees the error that it can retry, and nothing of the call that the error cut (invariant 1)."""
    head = [chunk({"content": "a"}), chunk(calls(opening(0, "delete", "c1", '{"id":')))]
    reader = CHAT.read_stream()
    frames = read(reader, pieces(sse(*head, *ERRORS[name])))
    written = rendered(reader, frames, {})

    assert reader.answer().calls == {}
    assert (reader.answer().finish, reader.answer().cut, reader.answer().message) == ("error", True, None)
    assert written == sse(head[0], ERRORS[name][0])
    with pytest.raises(openai.APIError):
        by_hand(written)


def test_calls_before_an_error_are_decided_as_always() -> None:
    """A call that was complete before the error came is released or refused, even if it shares a chunk with the cut one."""
    shared = chunk(calls(part(1, "}"), opening(2, "c", "c3", "{")))
    data = [chunk(calls(opening(0, "a", "c1", "{}"))), chunk(calls(opening(1, "b", "c2", "{"))), shared, OVERLOADED]
    for fate in (OUT, GONE):
        reader, frames, answer = read_stream(CHAT, sse(*data))
        written = rendered(reader, frames, {(0, 0): OUT, (0, 1): fate})

        assert list(answer.calls) == [(0, 0), (0, 1)]
        assert written.startswith(sse(data[0]))
        assert written.endswith(sse(OVERLOADED))
        assert (b'"c2"' in written, b'"c3"' in written) == (fate is OUT, False)


@pytest.mark.parametrize("nothing", [None, "", {}, [], False, 0])
def test_an_error_that_says_nothing_is_none(nothing: object) -> None:
    """openai-python goes on after an empty ``error``, so the answer does too: its calls are held and decided."""
    data = sse(chunk(calls(opening(0, "a", "c1", "{}")), error=nothing), chunk({}, "tool_calls", error=nothing), DONE)
    reader, frames, answer = read_stream(CHAT, data)

    assert list(answer.calls) == [(0, 0)]
    assert answer.finish == "tool_calls"
    assert by_hand(rendered(reader, frames, {(0, 0): GONE}))["calls"] == {}


def test_rendering_in_json_mode_is_not_confused_by_comments() -> None:
    """Comment frames pass through every turn."""
    assert b": keep-alive\n\n" in go_on(THREE, b": keep-alive\n\n" + LAST)


def test_chunks_without_a_delta_pass_in_a_continued_answer() -> None:
    """Filter results that come without a delta stay, under the one id."""
    filtered = b'{"id":"chatcmpl-2","choices":[{"index":0,"delta":null,"content_filter_results":{"x":1}}]}'
    data = go_on(THREE, sse(filtered) + LAST)

    assert b'"content_filter_results":{"x":1}' in data
    assert b"chatcmpl-2" not in data


def test_a_legacy_call_of_the_next_answer_passes() -> None:
    """Whatever kind of call the next answer brings, it is shown as it is."""
    data = go_on(THREE, golden("chat_legacy_call.sse"))

    assert read_stream(CHAT, data)[2].calls == {(0, -1): Call("delete_mail", '{"id":7}', "", "legacy")}


def test_two_sessions_of_tokens_do_not_mix() -> None:
    """Each placeholder keeps its own token."""
    found = by_hand(go_on(THREE, NEXT_CALL, LAST, text=lambda n: sentence(OTHER) if n else sentence()))

    assert found["content"].index(mark()) < found["content"].index(mark(OTHER))
