"""Writing a Responses stream anew, read back by the real SDK: its helper, its accumulator, its eager tool runner."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.chat_parts import dump, sentence
from tests.wire.feeding import OTHER, TOKEN, cut, golden, read, rendered, streams
from tests.wire.response_parts import (
    DELETE,
    MCP,
    USAGE,
    WEB,
    Item,
    approval,
    begin,
    computer,
    custom,
    events_of,
    finish,
    function,
    local_shell,
    message,
    numbered,
    patch,
    reasoning,
    response,
    search,
    shell,
    shown,
    stream,
)
from tests.wire.test_fuzz import broken

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Answer, Frame, Key
from pinnedrules.wire.openai_responses_answer import ResponsesAnswer, read_json
from pinnedrules.wire.openai_responses_render import ResponsesStream

OUT = Release()
GONE = Replace("")
SAID = Replace(sentence())
NEW_ID = f"pinnedrules:call:{TOKEN}:0"
GOLD = golden("responses_calls.sse")
MAKERS: list[Callable[[str], Item]] = [function, custom, patch, computer, local_shell, search, approval]


def client(data: bytes) -> openai.OpenAI:
    def served(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=data)

    http = httpx2.Client(transport=httpx2.MockTransport(served))
    return openai.OpenAI(api_key="none", base_url="http://provider.test/v1", http_client=http, max_retries=0)


def by_helper(data: bytes) -> Any:
    """Return the response as ``client.responses.stream`` puts it together."""
    with client(data).responses.stream(model="m", input="x") as events:
        for _ in events:
            pass
        return events.get_final_response()


def by_events(data: bytes) -> list[Any]:
    """Return the items as a program sees them that waits for each to be done."""
    events = client(data).responses.create(model="m", input="x", stream=True)
    return [event.item for event in events if event.type == "response.output_item.done"]


def read_all(data: bytes, before: Sequence[tuple[Answer, str]] = ()) -> tuple[ResponsesStream, list[Frame], Any]:
    reader = ResponsesStream(before)
    frames = read(reader, [data])
    return reader, frames, reader.answer()


def shown_to(data: bytes, outcomes: Mapping[Key, Outcome]) -> bytes:
    reader, frames, _ = read_all(data)
    return rendered(reader, frames, outcomes)


def check(data: bytes, start: int = 0) -> None:
    """Check that a stream is one: numbers and indices without a gap, every item the same wherever it is told."""
    events = events_of(data)
    assert [event["sequence_number"] for event in events] == list(range(start, start + len(events)))
    done = {event["output_index"]: event["item"] for event in events if event["type"].endswith("item.done")}
    began = [event["output_index"] for event in events if event["type"].endswith("item.added")]
    assert began == sorted(done) == list(range(len(done)))
    assert events[-1]["response"]["output"] == [done[index] for index in sorted(done)]
    for event in events:
        if "output_index" in event:
            item = done[event["output_index"]]
            assert event.get("item_id", item["id"]) == item["id"]
            assert event.get("item", item)["type"] == item["type"]


SETS = list(itertools.product([OUT, SAID, GONE], [OUT, GONE], [OUT, GONE]))


@pytest.mark.parametrize("outcomes", SETS)
def test_the_sdk_reads_what_is_left(outcomes: tuple[Outcome, ...]) -> None:
    """Invariant 1: a refused call is not visible, the rest is whole and numbered anew, and the SDK accepts the stream."""
    fates: dict[Key, Outcome] = {(number + 2,): outcome for number, outcome in enumerate(outcomes)}
    _, _, answer = read_all(GOLD)
    data = shown_to(GOLD, fates)

    check(data)
    final = by_helper(data)
    kept = [answer.calls[key] for key, fate in fates.items() if fate == OUT]
    for items in (final.output, by_events(data)):
        calls = [item for item in items if item.type == "function_call"]
        assert [(item.call_id, item.arguments) for item in calls] == [(call.id, call.arguments) for call in kept]
        assert items[0].encrypted_content == "gAAAAABo8aK5zQ=="
    assert final.output_text == "I will tidy up. ✔" + (sentence() if SAID in outcomes else "")
    assert final.status == "completed"
    assert final.usage.total_tokens == 400


@pytest.mark.parametrize("make", [*MAKERS, lambda ident: shell(ident, "rm -rf /", "id")])
@pytest.mark.parametrize("fate", [GONE, Replace("That was refused.")])
def test_a_refused_call_leaves_no_trace(make: Callable[[str], Item], fate: Replace) -> None:
    """Neither name, id nor arguments of a refused call are anywhere in the bytes, whatever its kind."""
    item = make("secret")
    data = stream(reasoning(), item, message("bye", "m9"), function("b", "read"), tools=[])
    data = shown_to(data.replace(dump(DELETE), b""), {(1,): fate, (3,): OUT})

    check(data)
    for trace in (b"secret", b"delete", b"bash", b"rm -rf", b"wipe", b"a.py", b"mcpr_", item["type"].encode() + b'"'):
        assert trace not in data.replace(dump(function("b", "read")), b"").replace(b'"function_call"', b"")
    kinds = [one.type for one in by_helper(data).output]
    assert kinds == ["reasoning", *(["message"] if fate.text else []), "message", "function_call"]


def test_one_of_two_parallel_calls_is_refused() -> None:
    """The call beside a refused one comes through with all its parts, at the next index."""
    data = shown_to(stream(function("a"), function("b", "read")), {(0,): GONE, (1,): OUT})

    check(data)
    assert by_helper(data).output[0].call_id == "call_b"
    events = events_of(data)
    assert {event["output_index"] for event in events if "output_index" in event} == {0}
    assert "".join(event.get("delta", "") for event in events) == '{"id": 1}'


def test_untouched_frames_stay_byte_identical() -> None:
    """Rule 4: before the first edit every byte is as it was; after it, the obfuscation is."""
    place = GOLD.rindex(b"event: ", 0, GOLD.index(b"call_Ly7uVb"))
    data = shown_to(GOLD, {(2,): OUT, (3,): SAID, (4,): OUT})

    assert data.startswith(GOLD[:place])
    assert [event.get("obfuscation") for event in events_of(data)][-5:-2] == [
        event.get("obfuscation") for event in events_of(GOLD)
    ][-5:-2]


def test_frames_may_be_forwarded_raw_before_the_first_edit() -> None:
    """What is released is forwarded as it is; rendering begins with the first call that is not."""
    reader, frames, _ = read_all(GOLD)
    first = next(n for n, frame in enumerate(frames) if (3,) in frame.keys)
    fates: dict[Key, Outcome] = {(2,): OUT, (3,): SAID, (4,): OUT}
    head = b"".join(frame.raw for frame in frames[:first])

    assert head + rendered(reader, frames[first:], fates) == shown_to(GOLD, fates)


def test_a_call_that_nobody_decided_is_never_written() -> None:
    """Invariant 1 does not hang on the gate alone: a call whose fate is not said stops the stream."""
    reader, frames, _ = read_all(stream(message("hi"), function("a")))

    with pytest.raises(KeyError):
        rendered(reader, frames, {})


def test_what_the_provider_ran_passes() -> None:
    """Items of the provider's own tools pass as they are, whatever becomes of the calls."""
    name = golden("responses_server_tools.sse")
    data = shown_to(name, {(10,): GONE})

    check(data)
    assert data.startswith(name[: name.rindex(b"event: ", 0, name.index(b'"fc_9"'))])
    assert "mcp_call" in [item.type for item in by_helper(data).output]


@pytest.mark.parametrize("name", ["delete_mail", "read_mail"])
def test_a_changed_call_comes_under_another_id(name: str) -> None:
    """A rewritten call has the decided arguments in one piece, wherever they are told, under the token's id."""
    place = {"delete_mail": 2, "read_mail": 3}[name]
    fates: dict[Key, Outcome] = {
        (2,): OUT,
        (3,): OUT,
        (4,): OUT,
        (place,): Rewrite(NEW_ID, '{"id":18446744073709551618}'),
    }
    data = shown_to(GOLD, fates)

    check(data)
    again = read_all(data)[2]
    assert again.calls[(place,)] == Call(
        name, '{"id":18446744073709551618}', NEW_ID, declared=again.calls[(place,)].declared
    )
    mine = [event for event in events_of(data) if event.get("output_index") == place]
    assert [event["delta"] for event in mine if "delta" in event] == ['{"id":18446744073709551618}']
    assert mine[0]["item"]["arguments"] == ""
    assert by_helper(data).output[place].arguments == '{"id":18446744073709551618}'


def test_a_changed_custom_call_has_another_input() -> None:
    """A free text is replaced where it is told."""
    data = shown_to(stream(custom("a")), {(0,): Rewrite(NEW_ID, "ls")})

    check(data)
    assert read_all(data)[2].calls == {(0,): Call("bash", "ls", NEW_ID, "custom")}


@pytest.mark.parametrize("told", ["", None, '{"id": 1}'])
def test_a_changed_call_that_came_in_one_piece_stays_in_one_piece(told: str) -> None:
    """A server that sends no deltas tells the arguments where the call begins, or only where it ends."""
    item = function("a")
    events = [*begin(), *shown(0, item)[::6], finish(item)]
    events[2]["item"] = {**item, "arguments": told}
    data = shown_to(numbered(events), {(0,): Rewrite(NEW_ID, "{}")})

    assert events_of(data)[2]["item"]["arguments"] == ("{}" if told else "")
    assert by_helper(data).output[0].arguments == "{}"


@pytest.mark.parametrize("fate", [SAID, GONE, Rewrite(NEW_ID, "{}"), OUT])
def test_an_empty_beginning_before_a_call_passes(fate: Outcome) -> None:
    """An added event without an item says nothing, whatever becomes of the call that comes at its index."""
    empty = {"type": "response.output_item.added", "output_index": 0, "item": None}
    events = [*begin(), empty, *shown(0, function("a")), finish(function("a"))]
    data = shown_to(numbered(events), {(0,): fate})

    assert events_of(data)[2]["item"] is None
    assert len(by_helper(data).output) == (0 if fate == GONE else 1)


def test_a_part_that_tells_its_call_is_changed_with_it() -> None:
    """Some servers name the call in its parts too; a changed call has one id wherever it is told."""
    events = [*begin(), *shown(0, custom("a")), finish(custom("a"))]
    events = [{**one, "call_id": "call_a"} if "custom_tool_call_input" in one["type"] else one for one in events]
    data = shown_to(numbered(events), {(0,): Rewrite(NEW_ID, "ls")})

    assert b"call_a" not in data
    assert {event["call_id"] for event in events_of(data) if "call_id" in event} == {NEW_ID}


@pytest.mark.parametrize("make", [patch, computer, local_shell, approval])
def test_a_call_without_a_place_for_the_token_cannot_be_changed(make: Callable[[str], Item]) -> None:
    """Builtin calls and the provider's questions are released or refused, never changed."""
    with pytest.raises(Unreadable):
        shown_to(stream(make("a")), {(0,): Rewrite(NEW_ID, "{}")})


def test_a_call_of_the_last_event_only_is_replaced_there() -> None:
    """In a stream resumed behind a call, the output at the end is rewritten like any other."""
    events = [*shown(1, message("hi")), finish(function("a"), function("b"), message("hi"), tools=[])]
    events = [{**event, "output_index": 2} if "output_index" in event else event for event in events]
    data = shown_to(numbered(events, 40), {(0,): SAID, (1,): GONE})

    assert b"call_" not in data.replace(b"parallel_tool_calls", b"")
    output = events_of(data)[-1]["response"]["output"]
    assert [item["id"] for item in output] == [f"msg_pin_{TOKEN}", "msg_1"]


def test_a_call_of_the_first_event_is_replaced_there() -> None:
    """A snapshot that has items already is rewritten as well."""
    begun = {"type": "response.created", "response": response(function("a"), status="in_progress", tools=[])}
    data = shown_to(numbered([begun, finish(function("a"), tools=[])]), {(0,): SAID})

    assert b"call_a" not in data
    for event in events_of(data):
        assert [item["id"] for item in event["response"]["output"]] == [f"msg_pin_{TOKEN}"]


def test_parts_of_a_resumed_call_are_replaced_once() -> None:
    """A refused call whose beginning was not seen is replaced where its first part stands."""
    events = [*begin(), *shown(0, function("a")), finish(function("a"))]
    data = shown_to(numbered(events[4:], 4), {(0,): SAID})

    kinds = [event["type"] for event in events_of(data)]
    assert kinds.count("response.output_item.done") == 1
    assert [event["sequence_number"] for event in events_of(data)] == list(range(4, 4 + len(kinds)))


def test_a_server_that_repeats_nothing_at_the_end_is_not_made_to() -> None:
    """If the last event has no output, what is shown is shown by the items' own events."""
    data = shown_to(numbered([*begin(), *shown(0, function("a")), finish()]), {(0,): SAID})

    assert events_of(data)[-1]["response"]["output"] == []
    assert [item.id for item in by_events(data)] == [f"msg_pin_{TOKEN}"]


def test_a_server_without_sequence_numbers_is_left_without() -> None:
    """Only our own events have numbers there, and none of the others is touched."""
    plain = numbered([*begin(), *shown(0, function("a")), *shown(1, message("hi")), finish(message("hi"))])
    events = [{key: value for key, value in one.items() if key != "sequence_number"} for one in events_of(plain)]
    data = b"".join(b"event: " + one["type"].encode() + b"\ndata: " + dump(one) + b"\n\n" for one in events)
    shown_data = shown_to(data, {(0,): SAID})

    numbers = [event.get("sequence_number") for event in events_of(shown_data)]
    assert [number for number in numbers if number is not None] == list(range(6))
    assert shown_to(data, {(0,): GONE}).startswith(b"".join(data.partition(b"event: response.output_item.added")[:1]))


def turn(data: bytes, text: str, before: Sequence[tuple[Answer, str]] = ()) -> tuple[bytes, bytes, ResponsesAnswer]:
    """Return what a turn shows whose calls are all refused: its stream that stays open, and how it could end."""
    reader, frames, answer = read_all(data, before)
    fates: dict[Key, Outcome] = dict.fromkeys(answer.calls, GONE)
    shown_data = b"".join(reader.render(frame, fates) for frame in frames if not frame.ending) + reader.close(text)
    return shown_data, b"".join(reader.render(frame, fates) for frame in frames if frame.ending), answer


FIRST = stream(reasoning("rs_1"), message("Let me see.", "m1"), function("a"), WEB)
SECOND = stream(function("b"), reasoning("rs_2"), id="resp_2")
THIRD = stream(reasoning("rs_3"), message("Done.", "m3"), function("c", "read"), id="resp_3")


def test_a_turn_that_cannot_go_on_ends_with_its_placeholder() -> None:
    """If the model cannot be asked again, the stream ends as one whole answer with the refusal in it."""
    head, end, _ = turn(FIRST, sentence())

    check(head + end)
    final = by_helper(head + end)
    assert [item.id for item in final.output] == ["rs_1", "m1", "ws_1", f"msg_pin_{TOKEN}"]
    assert final.output_text == "Let me see." + sentence()


def test_answers_that_continue_are_one_stream() -> None:
    """The later answers go on in the same stream: numbers, indices, items and usage of all of them, one id."""
    head, _, first = turn(FIRST, sentence())
    more, _, second = turn(SECOND, sentence(OTHER), [(first, sentence())])
    before = [(first, sentence()), (second, sentence(OTHER))]
    reader, frames, last = read_all(THIRD, before)
    data = head + more + rendered(reader, frames, {(2,): OUT})

    check(data)
    assert data.count(b"event: response.created\n") == 1
    final = by_helper(data)
    pins = [f"msg_pin_{TOKEN}", f"msg_pin_{OTHER}"]
    assert [item.id for item in final.output] == ["rs_1", "m1", "ws_1", pins[0], "rs_2", pins[1], "rs_3", "m3", "fc_c"]
    assert [item.type for item in by_events(data)] == [item.type for item in final.output]
    assert final.usage.total_tokens == 45
    assert final.usage.output_tokens_details.reasoning_tokens == 6
    assert final.id == "resp_1", "the SDK refuses a stream whose response changes its id"
    assert (last.id, last.began_as, last.places) == ("resp_3", "resp_1", ("response:resp_3",))


def test_the_last_of_several_answers_may_be_refused_in_part() -> None:
    """The rules of one answer hold in one that continues another."""
    head, _, first = turn(FIRST, sentence())
    reader, frames, _ = read_all(stream(function("b"), message("x", "m2"), function("c")), [(first, sentence())])
    data = head + rendered(reader, frames, {(0,): GONE, (2,): Replace(sentence(OTHER))})

    check(data)
    assert [item.id for item in by_helper(data).output][-2:] == ["m2", f"msg_pin_{OTHER}"]
    assert b"call_" not in data.replace(b"web_search_call", b"").replace(b"tool_calls", b"").replace(b"tool_call_", b"")


def test_a_continued_answer_that_fails_fails_under_the_first_id() -> None:
    """The provider's failure reaches the caller as the failure of the response that its stream began with."""
    head, _, first = turn(FIRST, sentence())
    failed = numbered([*begin(id="resp_2"), finish(id="resp_2", status="failed", error={"code": "x", "message": "y"})])
    reader, frames, _ = read_all(failed, [(first, sentence())])
    data = head + rendered(reader, frames, {})

    check(data)
    last = events_of(data)[-1]["response"]
    assert (last["id"], last["status"], last["error"]["code"]) == ("resp_1", "failed", "x")


def test_an_answer_whose_former_ones_were_not_streamed_begins_its_own_stream() -> None:
    """Without a former stream nothing was shown, so nothing is left out; the usage is added."""
    former = read_json(dump(response(message("x"), function("a"))))
    reader, frames, _ = read_all(SECOND, [(former, "No.")])
    data = rendered(reader, frames, {(0,): OUT})

    assert events_of(data)[:2] == events_of(SECOND)[:2]
    assert by_helper(data).usage.total_tokens == 2 * USAGE["total_tokens"]  # type: ignore[operator]


def test_an_empty_placeholder_shows_nothing() -> None:
    """No text, no message."""
    reader, _, _ = read_all(FIRST)

    assert reader.close("") == b""


def test_placeholder_without_a_token_is_known_by_its_call() -> None:
    """Two refused calls give two messages with ids of their own, which do not tell the calls' ids."""
    data = shown_to(stream(function("a"), function("b")), {(0,): Replace("No."), (1,): Replace("No.")})

    check(data)
    first, second = (item.id for item in by_helper(data).output)
    assert first != second
    assert first.startswith("msg_pin_")


def ran_by_the_runner(data: bytes, how: Mapping[str, bool]) -> list[str]:
    """Return the arguments of the calls that the SDK's tool runner runs, eagerly or at the end."""
    runner = pytest.importorskip("openai.lib.responses_tool_runner")
    ran: list[str] = []

    def run(arguments: dict[str, object]) -> str:
        ran.append(json.dumps(arguments))
        return "done"

    answers = [data, stream(message("bye", "m_last"), id="resp_last")]

    def served(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=answers.pop(0))

    http = httpx2.Client(transport=httpx2.MockTransport(served))
    sdk = openai.OpenAI(api_key="none", base_url="http://provider.test/v1", http_client=http, max_retries=0)
    tools = [runner.RegisteredFunction({**DELETE, "name": name}, run) for name in ("delete", "read")]
    asked: dict[str, Any] = {"model": "m", "input": "x"}
    answer = runner.ResponsesToolRunner(functions=tools).run(sdk, asked, stream=True, **how)
    assert answer.output_text == "bye"
    return ran


@pytest.mark.parametrize("how", [{}, {"eager": True}], ids=["at the end", "eager"])
def test_a_runner_runs_what_is_left(how: Mapping[str, bool]) -> None:
    """Invariant 1 for the runner that runs a call as soon as its item is done: one is refused, one changed, one as it was."""
    data = stream(message("a"), function("a"), function("b", "read"), function("c", "read", '{"id": 3}'))
    fates: dict[Key, Outcome] = {(1,): SAID, (2,): Rewrite(NEW_ID, '{"id": 2}'), (3,): OUT}

    assert ran_by_the_runner(shown_to(data, fates), how) == ['{"id": 2}', '{"id": 3}']


@pytest.mark.parametrize("how", [{}, {"eager": True}], ids=["at the end", "eager"])
def test_a_runner_runs_what_is_left_of_several_answers(how: Mapping[str, bool]) -> None:
    """The runner takes answers that the gate put together for one, and runs the calls of the last."""
    head, _, first = turn(stream(reasoning("rs_1"), message("Let me see.", "m1"), function("a")), sentence())
    reader, frames, _ = read_all(THIRD, [(first, sentence())])

    assert ran_by_the_runner(head + rendered(reader, frames, {(2,): OUT}), how) == ['{"id": 1}']


ITEMS: st.SearchStrategy[Item] = st.sampled_from(["f", "c", "s", "p", "k", "q", "t", "r", "w", "m"]).map(
    lambda kind: {
        "f": function("x"),
        "c": custom("x"),
        "s": shell("x", "ls", "rm"),
        "p": patch("x"),
        "k": computer("x"),
        "q": approval("x"),
        "t": message("words"),
        "r": reasoning(),
        "w": WEB,
        "m": MCP,
    }[kind]
)


def own(item: Item, number: int) -> Item:
    """Return the item under ids of its own."""
    named = {"call_id": f"call_{number}"} if "call_id" in item else {}
    return {**item, "id": f"{item['id']}_{number}", **named}


def draw_fate(data: st.DataObject, call: Call, number: int) -> Outcome:
    fates: list[Outcome] = [OUT, GONE, Replace(f"No {number}.")]
    if call.kind in ("function", "custom"):
        fates.append(Rewrite(f"pinnedrules:call:{TOKEN}:{number}", f"changed {number}"))
    return data.draw(st.sampled_from(fates))


@settings(max_examples=200)
@given(st.lists(ITEMS, max_size=6), st.data())
def test_any_outcomes_of_any_items_give_one_consistent_stream(made: list[Item], data: st.DataObject) -> None:
    """Invariant 1: whatever is decided, the stream shows each item once and the same, and no refused call at all."""
    items = [own(item, number) for number, item in enumerate(made)]
    source = stream(*items)
    reader = ResponsesStream()
    frames = read(reader, cut(source, data.draw(st.integers()), 400))
    answer = reader.answer()
    fates = {key: draw_fate(data, call, key[0]) for key, call in answer.calls.items()}
    written = rendered(reader, frames, fates)

    check(written)
    if all(fate == OUT for fate in fates.values()):
        assert written == source
    again = read_all(written)[2]
    left = {call.id: call.arguments for call in again.calls.values()}
    wanted = {
        fate.id if isinstance(fate, Rewrite) else answer.calls[key].id: fate.arguments
        if isinstance(fate, Rewrite)
        else answer.calls[key].arguments
        for key, fate in fates.items()
        if not isinstance(fate, Replace)
    }
    assert left == wanted
    final = by_helper(written)
    assert [item.type for item in final.output] == [json.loads(item)["type"] for item in reader.visible]
    assert b"".join(reader.visible) == b"".join(dump(item) for item in events_of(written)[-1]["response"]["output"])


def frames_of(name: str) -> list[tuple[bytes, Any]]:
    found = []
    for raw in golden(name).removesuffix(b"\n\n").split(b"\n\n"):
        head, _, line = raw.partition(b"\n")
        found.append((head + b"\n", json.loads(line.removeprefix(b"data: "))))
    return found


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(streams("responses")), st.data())
def test_a_broken_stream_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Invariant 2: what cannot be read is refused, by name; what can be read can be written, with any outcome."""
    value = frames_of(name)
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(value) - 1))
        value[number] = (value[number][0], broken(value[number][1], data.draw))
    source = b"".join(head + b"data: " + dump(one) + b"\n\n" for head, one in value)
    before = [(turn(FIRST, sentence())[2], sentence())] if data.draw(st.booleans()) else []
    reader = ResponsesStream(before)
    try:
        frames = read(reader, [source])
    except Unreadable:
        return
    answer = reader.answer()
    assert dict(one for frame in frames for one in frame.done) == answer.calls
    fates = {key: draw_fate(data, call, key[0]) for key, call in answer.calls.items()}
    written = b"".join(reader.render(frame, fates) for frame in frames)
    for key, fate in fates.items():
        if isinstance(fate, Replace):
            assert dump(answer.calls[key].id) not in written
    reader.close("No.")
