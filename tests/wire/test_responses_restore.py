"""Turning placeholders in the input of the Responses API back into what the provider said."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.chat_parts import dump
from tests.wire.feeding import OTHER, TOKEN
from tests.wire.response_parts import (
    WEB,
    Item,
    answer,
    approval,
    computer,
    custom,
    function,
    local_shell,
    message,
    patch,
    reasoning,
    search,
    shell,
    stream,
)

from pinnedrules.errors import Unreadable
from pinnedrules.types import Outcome, Release, Replace, Restore, Rewrite
from pinnedrules.wire.base import Answer, Key, Restored
from pinnedrules.wire.openai_responses import OpenAIResponses
from pinnedrules.wire.openai_responses_items import answers, read_call, result_items
from pinnedrules.wire.placeholder import call_id, mark

RESPONSES = OpenAIResponses()
USER: Item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Tidy up"}]}
NEXT: Item = {"role": "user", "content": "and then?"}
DENIED = "DENIED by no-deletes"
SHOWN_ID = call_id(TOKEN, 0)
NOTE = "[changed]\n"


def sentence(token: str = TOKEN) -> str:
    """Return a placeholder text as the gate writes it."""
    return f"\n\nThat was refused.\n{mark(token)}\n\n"


def pin(text: str = "", token: str = TOKEN) -> Item:
    """Return the placeholder message as the gate shows it."""
    return message(text or sentence(token), f"msg_pin_{token}")


def body(*items: object, **more: object) -> bytes:
    return dump({"model": "m", "input": list(items), "store": False, "n": 18446744073709551617, **more})


def output(call_id: str, text: object = "done", kind: str = "function_call") -> Item:
    return {"type": f"{kind}_output", "call_id": call_id, "output": text}


def record(
    *said: Item, refused: Sequence[str] = ("call_1",), visible: str = "", token: str = TOKEN, **more: Any
) -> Restore:
    """Return what the gate keeps about one answer."""
    results = tuple((one, DENIED) for one in refused)
    base: dict[str, Any] = {"session": "s", "dialect": "openai-responses", "placeholder": sentence(token)}
    return Restore(**{**base, "token": token, "message": dump(said), "visible": visible, "results": results, **more})


def restored(data: bytes, *records: Restore, **places: Restore) -> Restored:
    """Restore, and check what holds for every request: the patch says exactly what was done, nothing is honoured twice."""
    known = {one.token: one for one in records} | {name.replace("_", ":", 1): one for name, one in places.items()}
    result = RESPONSES.restore(data, known)

    assert jsonpatch.apply_patch(json.loads(data), list(result.patch)) == json.loads(result.body)
    again = RESPONSES.restore(result.body, {one.token: one for one in records})
    assert (again.body, again.used) == (result.body, ())
    if not result.patch:
        assert result.body == data
    return result


def items(result: Restored) -> list[Item]:
    found: list[Item] = json.loads(result.body)["input"]
    return found


def denied(ident: str = "1") -> Item:
    return output(f"call_{ident}", DENIED)


# -- one refused call ----------------------------------------------------------------------------------------------


def test_an_input_without_tokens_is_not_touched() -> None:
    """Almost every request has none, and passes as it is."""
    data = body(USER, reasoning(), message("Hm."), function("1"), output("call_1"))

    assert RESPONSES.tokens(data) == ()
    assert restored(data, record(function("1"))).body == data


def test_tokens_are_found_wherever_they_stand() -> None:
    """Candidates are collected from the bytes, each once; references to placeholder messages are among them."""
    third = "a" * 32
    data = body(USER, pin("x " + sentence(OTHER)), pin(), output(SHOWN_ID), {"id": f"msg_pin_{third}"}, {"id": "msg_1"})

    assert RESPONSES.tokens(data) == (OTHER, TOKEN, third)


def test_places_that_a_request_continues_are_found() -> None:
    """What the provider keeps is looked up like a token."""
    assert RESPONSES.tokens(body(USER, previous_response_id="resp_1")) == ("response:resp_1",)
    assert RESPONSES.tokens(body(USER, conversation="conv_1")) == ("conversation:conv_1",)
    assert RESPONSES.tokens(body(USER, conversation={"id": "conv_1"})) == ("conversation:conv_1",)
    assert RESPONSES.tokens(body(USER, conversation=None, previous_response_id=None)) == ()
    assert RESPONSES.tokens(body(message("a conversation"))) == ()


SAID = (reasoning(), message("Deleting."), function("1"))


def test_a_refused_call_comes_back_with_its_result() -> None:
    """A placeholder is turned back into the provider's original plus a result that says what was really done."""
    result = restored(body(USER, reasoning(), message("Deleting."), pin(), NEXT), record(*SAID, visible="Deleting."))

    assert items(result) == [USER, *SAID, denied(), NEXT]
    assert (result.used, result.inert) == ((TOKEN,), ())


def test_the_original_comes_back_byte_identical() -> None:
    """The provider's history stays exactly as it was returned, and what the application repeats as it repeats it."""
    raw = b'{ "type":"function_call", "call_id":"call_1","name":"x","arguments":"{}", "n":1.50 }'
    one = record(visible="")
    one = Restore(**{**{name: getattr(one, name) for name in one.__slots__}, "message": b"[" + raw + b"]"})
    kept = b'{ "role" : "user", "content":"\\u00fc \\ud83d" }'
    data = b'{"input":[' + kept + b", " + dump(pin()) + b" ," + kept + b'],"x": 1.10 }'

    assert RESPONSES.restore(data, {TOKEN: one}).body == (
        b'{"input":[' + kept + b"," + raw + b"," + dump(denied()) + b"," + kept + b'],"x":1.10}'
    )


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (custom("1"), "custom_tool_call_output"),
        (computer("1"), "computer_call_output"),
        (local_shell("1"), "local_shell_call_output"),
        (shell("1", "ls"), "shell_call_output"),
        (patch("1"), "apply_patch_call_output"),
        (search("1"), "tool_search_output"),
        (approval("1"), "mcp_approval_response"),
    ],
)
def test_calls_of_every_kind_come_back(item: Item, kind: str) -> None:
    """Each with the result that its kind has."""
    call = read_call(dump(item))
    assert call is not None
    result = items(restored(body(USER, pin(), NEXT), record(item, refused=[call.id])))

    assert result[:2] == [USER, item]
    assert result[2]["type"] == kind
    assert result[2:-1] == [json.loads(raw) for raw in result_items(dump(item), DENIED)]
    assert result[-1] == NEXT


# -- how applications repeat an answer -----------------------------------------------------------------------------


def bare(item: Item) -> Item:
    """Repeat an item as Codex does: without ids, rebuilt."""
    kept = {key: value for key, value in item.items() if key not in ("id", "status")}
    if item["type"] == "message":
        kept["content"] = [{"type": "output_text", "text": part["text"]} for part in item["content"]]
    return kept


def easy(item: Item) -> Item:
    """Repeat a message as the short form that the API takes."""
    return {"role": "assistant", "content": "".join(part["text"] for part in item["content"])}


@pytest.mark.parametrize(
    "echo",
    [
        lambda item: item,
        bare,
        lambda item: easy(item) if item["type"] == "message" else item,
        lambda item: {"type": "item_reference", "id": item["id"]},
        lambda item: {"id": item["id"]},
    ],
)
def test_applications_may_repeat_an_answer_in_their_own_way(echo: Callable[[Item], Item]) -> None:
    """Dropped ids, short forms and references do not lose the placeholder, and stay as the application wrote them."""
    data = body(USER, echo(reasoning()), echo(message("Deleting.")), echo(pin()), NEXT)
    result = restored(data, record(*SAID, visible="Deleting."))

    assert items(result) == [USER, echo(reasoning()), echo(message("Deleting.")), function("1"), denied(), NEXT]


@pytest.mark.parametrize(
    "texts",
    [
        ("Deleting.", sentence().strip()),
        ("Deleting.\n", "  " + sentence() + "\n"),
        ("De", "leting.", sentence()),
        ("", "Deleting.", "", sentence()),
    ],
)
def test_white_space_and_split_texts_do_not_lose_a_placeholder(texts: tuple[str, ...]) -> None:
    """Applications strip texts, and may keep one answer in several messages."""
    said = [bare(message(text)) for text in texts[:-1]]
    result = restored(body(USER, *said, bare(pin(texts[-1])), NEXT), record(*SAID, visible="Deleting."))

    assert items(result) == [USER, *said, function("1"), denied(), NEXT]


def test_a_text_before_a_placeholder_in_the_same_message_comes_back_as_the_original() -> None:
    """An application that merges the texts of an answer gives one message; the provider gets its own back."""
    result = restored(
        body(USER, reasoning(), message("Deleting." + sentence()), NEXT), record(*SAID, visible="Deleting.")
    )

    assert items(result) == [USER, *SAID, denied(), NEXT]


def test_texts_around_a_placeholder_in_the_same_message_are_told_apart() -> None:
    """A call between two texts: both come back as the messages they were, in their places."""
    said = (message("Be"), function("1"), function("3"), message("fore.", "msg_2"), function("2"))
    one = record(*said, refused=["call_1", "call_3"], visible="Before.")
    echoed = message("Be" + sentence() + "fore.")
    result = restored(body(USER, echoed, function("2"), output("call_2"), NEXT), one)

    assert items(result) == [USER, *said, denied(), denied("3"), output("call_2"), NEXT]


@pytest.mark.parametrize("shape", [lambda text: text, lambda text: message(text)["content"]])
def test_texts_that_are_no_message_of_the_answer_stay_messages(shape: Callable[[str], object]) -> None:
    """Merged with less than the answer's texts, each side stays as a message of its own, without the placeholder's id."""
    said = (message("Be"), message("fore", "msg_2"), function("1"), message("and", "msg_3"), message("after", "msg_4"))
    echoed = {**pin(), "content": shape("fore" + sentence() + "and after")}
    result = restored(body(USER, message("Be"), echoed, NEXT), record(*said, visible="Beforeandafter"))

    texts = [item["content"] for item in items(result) if item.get("role") == "assistant"]
    assert [text if isinstance(text, str) else text[0]["text"] for text in texts] == ["Be", "fore", "and after"]
    assert [item.get("type") for item in items(result)][3:5] == ["function_call", "message"]
    assert "msg_pin" not in result.body.decode()
    assert items(result)[-2:] == [denied(), NEXT]


# -- several calls -------------------------------------------------------------------------------------------------

MIXED = (
    reasoning("rs_1"),
    message("Go."),
    function("1"),
    WEB,
    function("2"),
    reasoning("rs_2"),
    custom("3"),
    message("So.", "msg_2"),
)
SHOWN = [MIXED[0], MIXED[1], pin(), WEB, function("2"), MIXED[5], MIXED[7]]


def results_of(*refused: Item) -> list[Item]:
    return [json.loads(raw) for item in refused for raw in result_items(dump(item), DENIED)]


@pytest.mark.parametrize("echo", [lambda item: item, bare, lambda item: {"type": "item_reference", "id": item["id"]}])
def test_refused_calls_return_to_where_they_stood(echo: Callable[[Item], Item]) -> None:
    """Between the items that the application kept, so that reasoning is followed by what was reasoned about."""
    one = record(*MIXED, refused=["call_1", "call_3"], visible="Go.So.")
    result = restored(body(USER, *map(echo, SHOWN), output("call_2"), NEXT), one)

    expected = [item if item in (MIXED[2], MIXED[6]) else echo(item) for item in MIXED]
    assert items(result) == [USER, *expected, *results_of(MIXED[2], MIXED[6]), output("call_2"), NEXT]


@pytest.mark.parametrize("dropped", range(len(SHOWN)))
def test_items_that_an_application_drops_stay_dropped(dropped: int) -> None:
    """What is left keeps its order, and every call is answered."""
    if dropped == 2:
        return  # without the placeholder there is nothing to restore
    one = record(*MIXED, refused=["call_1", "call_3"], visible="Go.So." if dropped not in (1, 6) else "Go.")
    one = one if dropped != 1 else record(*MIXED, refused=["call_1", "call_3"], visible="So.")
    kept = [item for n, item in enumerate(SHOWN) if n != dropped]
    tail = [] if dropped == 4 else [output("call_2")]
    result = restored(body(USER, *kept, *tail, NEXT), one)

    gone = SHOWN[dropped]
    assert items(result)[1 : -3 - len(tail)] == [item for item in MIXED if item is not gone and item != gone]


def test_results_of_an_application_in_between_do_not_lose_the_rest() -> None:
    """An application that answers calls one by one, before the answer's other items."""
    said = (function("1"), function("2"), function("3"), message("So."))
    one = record(*said, refused=["call_1", "call_3"], visible="So.")
    result = restored(body(USER, pin(), function("2"), message("So."), output("call_2"), NEXT), one)

    assert items(result) == [USER, *said, denied(), denied("3"), output("call_2"), NEXT]


def test_results_close_an_answer_that_the_next_one_follows_at_once() -> None:
    """Two answers in a row, with nothing of the application between them."""
    second = message("Anything else?", "msg_9")
    result = restored(body(USER, pin(), second), record(function("1")))

    assert items(result) == [USER, function("1"), denied(), second]


def test_two_answers_are_told_apart() -> None:
    """Each token brings its own answer back, at its own place."""
    first, second = record(function("1")), record(function("2"), refused=["call_2"], token=OTHER)
    result = restored(body(USER, pin(), NEXT, pin(token=OTHER)), first, second)

    assert items(result) == [USER, function("1"), denied(), NEXT, function("2"), denied("2")]
    assert result.used == (TOKEN, OTHER)


def test_two_answers_in_a_row_are_told_apart() -> None:
    """Without anything between them, the first is answered before the second begins."""
    first = record(function("1"), function("2"))
    second = record(function("3"), refused=["call_3"], token=OTHER)
    result = restored(body(USER, pin(), message("Hm."), pin(token=OTHER), NEXT), first, second)

    assert items(result) == [USER, function("1"), message("Hm."), denied(), function("3"), denied("3"), NEXT]


def test_items_that_only_look_like_results_belong_to_their_answer() -> None:
    """The provider's own shell gives call and output in one answer; both stay in it."""
    ran = shell("9", "ls", where="container")
    printed = {"type": "shell_call_output", "id": "sho_9", "call_id": "call_9", "output": []}
    said = (function("1"), ran, printed, function("2"))
    result = restored(body(USER, pin(), ran, printed, NEXT), record(*said, refused=["call_1", "call_2"]))

    assert items(result) == [USER, *said, denied(), denied("2"), NEXT]


def test_a_result_that_is_there_is_not_added() -> None:
    """One answer a call, whoever gave it."""
    result = restored(body(USER, pin(), output("call_1", "mine"), NEXT), record(function("1")))

    assert items(result) == [USER, function("1"), output("call_1", "mine"), NEXT]


# -- answers that the gate replied to itself -----------------------------------------------------------------------


@pytest.mark.parametrize("echo", [lambda item: item, bare, lambda item: {"type": "item_reference", "id": item["id"]}])
def test_an_answer_that_was_replied_to_comes_back_whole(echo: Callable[[Item], Item]) -> None:
    """The original items, reasoning included, then the results, then the model's next answer."""
    second = (reasoning("rs_2"), message("Fine.", "msg_2"))
    result = restored(
        body(USER, *map(echo, [*SAID[:2], pin(), *second]), NEXT), record(*SAID, visible="Deleting.", closed=False)
    )

    assert items(result) == [USER, *SAID, denied(), *map(echo, second), NEXT]


def test_an_answer_comes_back_whole_though_the_application_kept_one_text_of_it() -> None:
    """Several messages that were shown as one text are the provider's own again."""
    said = (reasoning(), message("De"), WEB, message("leting.", "msg_2"), function("1"))
    one = record(*said, visible="Deleting.", closed=False)

    for echoed in [
        [message("Deleting."), pin()],
        [message("Deleting." + sentence())],
        [reasoning(), message("De"), pin("leting." + sentence())],
    ]:
        assert items(restored(body(USER, *echoed, NEXT), one)) == [USER, *said, denied(), NEXT]


def test_several_rounds_in_one_message_are_told_apart() -> None:
    """An application that joins all texts of an answer: each round comes back, then the rest as a message."""
    first = record(message("One."), function("1"), visible="One.", closed=False)
    second = record(
        message("Two.", "msg_2"), function("2"), refused=["call_2"], token=OTHER,
        visible="One." + sentence() + "Two.", closed=False,
    )  # fmt: skip
    joined = {"role": "assistant", "content": "One." + sentence() + "Two." + sentence(OTHER) + "Three."}
    result = restored(body(USER, joined, NEXT), first, second)

    assert items(result) == [
        USER,
        message("One."),
        function("1"),
        denied(),
        message("Two.", "msg_2"),
        function("2"),
        denied("2"),
        {"role": "assistant", "content": "Three."},
        NEXT,
    ]


def test_several_rounds_in_several_messages_are_told_apart() -> None:
    """The way the gate shows them; the last round may be one of which calls were released."""
    first = record(message("One."), function("1"), visible="One.", closed=False)
    said = (message("Two.", "msg_2"), function("2"), function("3"))
    second = record(*said, refused=["call_2"], token=OTHER, visible="One." + sentence() + "Two.")
    shown = [message("One."), pin(), said[0], pin(token=OTHER), said[2]]
    result = restored(body(USER, *shown, output("call_3"), NEXT), first, second)

    assert items(result) == [
        USER, message("One."), function("1"), denied(), *said, denied("2"), output("call_3"), NEXT,
    ]  # fmt: skip


def test_reasoning_that_the_provider_cannot_find_is_left_out() -> None:
    """Where nothing is kept, a reasoning item that is not enclosed would be an error; kept ones are found by their id."""
    plain = {"id": "rs_9", "type": "reasoning", "summary": []}
    one = record(plain, function("1"), closed=False)

    assert items(restored(body(USER, pin(), NEXT), one)) == [USER, function("1"), denied(), NEXT]
    assert items(restored(body(USER, pin(), NEXT, store=True), one)) == [USER, plain, function("1"), denied(), NEXT]
    assert items(restored(body(USER, pin(), NEXT, store=None), one))[1] == plain


def test_what_the_model_said_before_stays() -> None:
    """Only the answer's own items are taken out for the original; an older text that looks the same stays."""
    older = message("Deleting.", "msg_0")
    one = record(message("Deleting."), function("1"), visible="Deleting.", closed=False)

    assert items(restored(body(older, message("Deleting."), pin()), one)) == [
        older,
        message("Deleting."),
        function("1"),
        denied(),
    ]
    assert items(restored(body(older, WEB, message("Deleting."), pin()), one))[:2] == [older, WEB]


def test_an_answer_may_be_the_first_thing_of_an_input() -> None:
    """An application that cut its history may begin with it; a placeholder for nothing leaves nothing."""
    one = record(*SAID, visible="Deleting.", closed=False)

    assert items(restored(body(*SAID[:2], pin(), NEXT), one)) == [*SAID, denied(), NEXT]
    assert items(restored(body(pin(), NEXT), record(refused=()))) == [NEXT]


# -- rewritten calls -----------------------------------------------------------------------------------------------

CHANGED: dict[str, Any] = {"refused": (), "rewritten": {SHOWN_ID: ("call_1", '{"id": 1}', NOTE)}, "placeholder": ""}


def test_a_rewritten_call_gets_its_arguments_back() -> None:
    """The provider reads its own call again, and in the result what really ran."""
    shown = {**function("1", arguments='{"id": 2}'), "call_id": SHOWN_ID}
    result = restored(body(USER, shown, output(SHOWN_ID), NEXT), record(function("1"), **CHANGED))

    assert items(result) == [USER, function("1"), output("call_1", NOTE + "done"), NEXT]
    assert (result.used, result.inert) == ((TOKEN,), ())


def test_a_rewritten_free_text_gets_its_input_back() -> None:
    """Custom calls as well; a result in parts gets the note as a part."""
    changed = {**CHANGED, "rewritten": {SHOWN_ID: ("call_1", "rm -rf /", NOTE)}}
    shown = {**custom("1", "ls"), "call_id": SHOWN_ID}
    parts = [{"type": "input_text", "text": "x"}]
    data = body(USER, shown, output(SHOWN_ID, parts, "custom_tool_call"))

    assert items(restored(data, record(custom("1"), **changed))) == [
        USER,
        custom("1"),
        output("call_1", [{"type": "input_text", "text": NOTE}, *parts], "custom_tool_call"),
    ]


def test_a_result_alone_is_mapped() -> None:
    """What the provider keeps has the call; only its result comes, under the id that the application saw."""
    result = restored(body(output(SHOWN_ID), previous_response_id="resp_1"), record(function("1"), **CHANGED))

    assert items(result) == [output("call_1", NOTE + "done")]
    assert items(restored(body({"id": "fc_1"}, output(SHOWN_ID, None)), record(function("1"), **CHANGED))) == [
        {"id": "fc_1"},
        output("call_1", NOTE),
    ]


def test_refused_and_rewritten_calls_of_one_answer_come_back_together() -> None:
    """One of each, and one that passed."""
    said = (function("1"), function("2"), function("3"), function("4"))
    one = record(*said, refused=["call_1", "call_4"], rewritten={SHOWN_ID: ("call_2", '{"id": 1}', NOTE)})
    shown = {**function("2", arguments="{}"), "call_id": SHOWN_ID}
    data = body(USER, pin(), shown, function("3"), output("call_3"), output(SHOWN_ID))

    assert items(restored(data, one)) == [
        USER, *said, denied(), denied("4"), output("call_3"), output("call_2", NOTE + "done"),
    ]  # fmt: skip


def test_an_id_is_honoured_once() -> None:
    """A second call or result under the same id is none of ours."""
    shown = {**function("1", arguments="{}"), "call_id": SHOWN_ID}
    data = body(shown, shown, output(SHOWN_ID), output(SHOWN_ID))
    result = RESPONSES.restore(data, {TOKEN: record(function("1"), **CHANGED)})

    assert items(result) == [function("1"), shown, output("call_1", NOTE + "done"), output(SHOWN_ID)]
    assert result.inert == (TOKEN,)


# -- what the provider keeps ---------------------------------------------------------------------------------------


def test_a_kept_response_gets_its_results() -> None:
    """The provider has the originals already; only the results of what did not run are added, in front."""
    one = record(*MIXED, refused=["call_1", "call_3"])
    result = restored(body(output("call_2"), NEXT, previous_response_id="resp_1"), response_resp_1=one)

    assert items(result) == [*results_of(MIXED[2], MIXED[6]), output("call_2"), NEXT]
    assert (result.used, result.inert) == (("response:resp_1",), ())


@pytest.mark.parametrize("conversation", ["conv_1", {"id": "conv_1"}])
def test_a_kept_conversation_gets_its_results(conversation: object) -> None:
    """By whichever form it is named; what the gate replied to itself, it has."""
    data = body(NEXT, conversation=conversation)

    assert items(restored(data, conversation_conv_1=record(function("1")))) == [denied(), NEXT]
    assert restored(data, conversation_conv_1=record(function("1"), closed=False)).body == data


def test_an_answer_that_the_gate_replied_to_may_be_continued_from() -> None:
    """A response has no results of its own, whatever came after it."""
    result = restored(body(NEXT, previous_response_id="resp_1"), response_resp_1=record(function("1"), closed=False))

    assert items(result) == [denied(), NEXT]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"input": "and then?"}, {"type": "message", "role": "user", "content": "and then?"}),
        ({}, None),
        ({"input": None}, None),
        ({"input": []}, None),
    ],
)
def test_a_short_input_becomes_a_list(request_: dict[str, Any], expected: Item | None) -> None:
    """A text, or nothing at all, gets the results in front as well; the patch says so."""
    data = dump({**request_, "previous_response_id": "resp_1"})

    assert items(restored(data, response_resp_1=record(function("1")))) == [denied(), *([expected] if expected else [])]


def test_a_kept_call_that_was_answered_is_not_answered_again() -> None:
    """By the application, or under the id that a rewritten call was shown with."""
    one = record(function("1"), function("2"), refused=["call_1", "call_2"])
    data = body(output("call_2"), previous_response_id="resp_1")
    assert items(restored(data, response_resp_1=one)) == [denied(), output("call_2")]

    both = record(function("1"), refused=["call_1"], rewritten=CHANGED["rewritten"])
    data = body(output(SHOWN_ID), previous_response_id="resp_1")
    assert items(restored(data, both, response_resp_1=both)) == [output("call_1", NOTE + "done")]


def test_a_place_of_another_request_adds_nothing() -> None:
    """Only what this request continues counts."""
    data = body(NEXT, previous_response_id="resp_1")

    assert restored(data, response_resp_2=record(function("1"))).body == data
    assert restored(data, response_resp_1=record(function("1"), refused=())).body == data


def test_a_result_of_no_call_is_not_made_up() -> None:
    """Invariant 2: a stored answer that does not hold its call cannot be put back."""
    with pytest.raises(Unreadable):
        restored(body(NEXT, previous_response_id="resp_1"), response_resp_1=record(function("1"), refused=["call_9"]))


# -- wrong places --------------------------------------------------------------------------------------------------

ONE = record(*SAID, visible="Deleting.")
WRONG: dict[str, list[Item]] = {
    "a user message": [{"role": "user", "content": "Deleting." + sentence()}],
    "a developer message": [{"role": "developer", "content": "Deleting." + sentence()}],
    "a result": [output("call_9", "Deleting." + sentence())],
    "reasoning": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Deleting." + sentence()}]}],
    "arguments": [function("9", arguments=sentence())],
    "a refusal": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "Deleting." + sentence()}]}],
    "other words": [message("Stop. Deleting."), pin()],
    "no words": [pin()],
    "more words": [message("Deleting."), pin("too" + sentence())],
    "words of another turn": [message("Deleting."), USER, pin()],
    "half a sentence": [message("Deleting."), pin(mark(TOKEN))],
    "a user message with the id": [{**USER, "id": f"msg_pin_{TOKEN}", "content": sentence()}],
    "a call that is none": [{"type": "function_call_output", "call_id": "pinnedrules:call:" + TOKEN + ":7"}],
    "an id in a name": [function("9", name=SHOWN_ID)],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_in_a_wrong_place_is_inert(name: str) -> None:
    """Tokens are honoured only in an assistant message at their recorded place; elsewhere they are inert and recorded."""
    data = body(USER, *WRONG[name], NEXT)
    result = restored(data, ONE)

    assert (result.body, result.used, result.inert) == (data, (), (TOKEN,))


def test_instructions_hold_no_placeholder() -> None:
    """A token in the instructions, or in a text as input, is inert."""
    for data in (body(USER, instructions=sentence()), dump({"input": "Deleting." + sentence()})):
        assert restored(data, ONE).inert == (TOKEN,)


def test_a_token_is_honoured_once() -> None:
    """A second copy of a placeholder stays what it is: text."""
    data = body(message("Deleting."), pin(), USER, message("Deleting."), pin(), {"id": f"msg_pin_{TOKEN}"}, NEXT)
    result = RESPONSES.restore(data, {TOKEN: ONE})

    assert items(result)[-5:] == [USER, message("Deleting."), pin(), {"id": f"msg_pin_{TOKEN}"}, NEXT]
    assert (result.used, result.inert) == ((TOKEN,), (TOKEN,))


@pytest.mark.parametrize(
    "rows", [(), (record(*SAID, visible="Deleting.", dialect="openai-chat"),), (record(token=OTHER),)]
)
def test_an_unknown_token_is_inert(rows: tuple[Restore, ...]) -> None:
    """A token that was not kept, or was kept for another format, brings nothing back."""
    shown = {**function("1"), "call_id": SHOWN_ID}
    data = body(message("Deleting."), pin(), {"id": f"msg_pin_{TOKEN}"}, shown, output(SHOWN_ID))
    result = restored(data, *rows)

    assert (result.body, result.used, result.inert) == (data, (), (TOKEN,))


@given(st.lists(st.text(), max_size=3), st.text())
def test_no_mutation_of_a_place_is_honoured(before: list[str], here: str) -> None:
    """Whatever else stands before a placeholder, it is honoured only behind its own text."""
    result = RESPONSES.restore(body(USER, *map(message, before), pin(here + sentence())), {TOKEN: ONE})
    texts = ["".join(text.split()) for text in [*before, here]]

    assert bool(result.used) == any("".join(texts[n:]) == "Deleting." for n in range(len(texts)))


# -- the whole way -------------------------------------------------------------------------------------------------

CALLS: list[Callable[[str], Item]] = [function, custom, shell, patch, local_shell, computer, search, approval]


@st.composite
def outputs(draw: st.DrawFn) -> tuple[Item, ...]:
    """Draw an answer with at least one call."""
    found: list[Item] = []
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["call", "call", "message", "reasoning", "web"]))
        if kind == "message":
            found.append(message(draw(st.text(max_size=5)), f"msg_{number}"))
        elif kind == "reasoning":
            found.append(reasoning(f"rs_{number}"))
        elif kind == "web":
            found.append({**WEB, "id": f"ws_{number}"})
        else:
            found.append(draw(st.sampled_from(CALLS))(f"{number}"))
    found.insert(draw(st.integers(0, len(found))), function("last"))
    return tuple(found)


def kept(read: Answer, outcomes: dict[Key, Outcome], *, visible: str, closed: bool, token: str = TOKEN) -> Restore:
    """Return what the gate keeps of an answer with these outcomes."""
    refused = [read.calls[key].id for key, one in outcomes.items() if isinstance(one, Replace)]
    rewritten = {
        one.id: (read.calls[key].id, read.calls[key].arguments, NOTE)
        for key, one in outcomes.items()
        if isinstance(one, Rewrite)
    }
    said = json.loads(read.message or b"[]")
    return record(*said, refused=refused, visible=visible, closed=closed, token=token, rewritten=rewritten)


def fates(draw: Callable[[st.SearchStrategy[Any]], Any], read: Answer) -> dict[Key, Outcome]:
    """Draw what becomes of each call: the first refused one carries the placeholder."""
    found: dict[Key, Outcome] = {}
    text = sentence()
    for number, (key, call) in enumerate(read.calls.items()):
        free = ["release", "rewrite"] if call.kind in ("function", "custom") else ["release"]
        fate = draw(st.sampled_from(["refuse", *free]))
        if fate == "refuse":
            found[key], text = Replace(text), ""
        else:
            found[key] = Rewrite(call_id(TOKEN, number), "{}") if fate == "rewrite" else Release()
    return found


ECHOES: list[Callable[[Item], Item]] = [
    copy.deepcopy,
    bare,
    lambda item: {"type": "item_reference", "id": item["id"]} if read_call(dump(item)) is None else item,
]


@settings(max_examples=300)
@given(outputs(), st.data())
def test_what_was_shown_is_restored(said: tuple[Item, ...], data: st.DataObject) -> None:
    """Restoring what was shown gives the provider's own items in their order, and one result for each call."""
    raw = answer(*said)
    read = RESPONSES.read_json(raw)
    outcomes = fates(data.draw, read)
    shown = json.loads(RESPONSES.write_json(raw, outcomes, []))["output"]
    echo: Callable[[Item], Item] = data.draw(st.sampled_from(ECHOES))
    ran = [
        json.loads(one)
        for item in shown
        if read_call(dump(item)) is not None
        for one in result_items(dump(item), "done")
    ]
    result = restored(body(USER, *map(echo, shown), *ran, NEXT), kept(read, outcomes, visible=read.text, closed=True))

    found = items(result)
    refused = {call.id for key, call in read.calls.items() if isinstance(outcomes[key], Replace)}
    expected = [item if {item.get("call_id"), item["id"]} & refused else echo(item) for item in said]
    assert found[: 1 + len(said)] == [USER, *expected]
    answered = [answers(item) for item in found if answers(item)]
    assert sorted(answered) == sorted(call.id for call in read.calls.values())
    assert result.inert == ()
    assert b"pinnedrules:" not in result.body.replace(NOTE.encode(), b"")
    assert found[-1] == NEXT


@settings(max_examples=200)
@given(outputs(), outputs(), st.sampled_from(ECHOES))
def test_what_the_gate_replied_to_itself_is_restored(
    first: tuple[Item, ...], second: tuple[Item, ...], echo: Callable[[Item], Item]
) -> None:
    """Two rounds shown as one answer come back as two, the first one whole."""
    later = tuple({**item, **{key: f"{item[key]}_b" for key in ("id", "call_id") if key in item}} for item in second)
    raw = answer(*first), answer(*later, id="resp_2")
    read = [RESPONSES.read_json(one) for one in raw]
    closing: dict[Key, Outcome] = {
        key: Replace(sentence(OTHER) if n == 0 else "") for n, key in enumerate(read[1].calls)
    }
    shown = json.loads(RESPONSES.write_json(raw[1], closing, [(read[0], sentence())]))["output"]
    opening: dict[Key, Outcome] = {key: Replace("") for key in read[0].calls}
    rows = [
        kept(read[0], opening, visible=read[0].text, closed=False),
        kept(read[1], closing, visible=read[0].text + sentence() + read[1].text, closed=True, token=OTHER),
    ]
    result = restored(body(USER, *map(echo, shown), NEXT), *rows)
    expected: list[Item] = [USER, *first]
    expected += results_of(*(item for item in first if read_call(dump(item))))
    expected += [item if read_call(dump(item)) else echo(item) for item in later]
    expected += results_of(*(item for item in later if read_call(dump(item))))

    assert items(result) == [*expected, NEXT]
    assert (set(result.used), result.inert) == ({TOKEN, OTHER}, ())


def test_a_stream_and_a_whole_answer_are_restored_alike() -> None:
    """What a stream shows is what the whole answer shows, so one history comes back from both."""
    reader = RESPONSES.read_stream()
    frames = [*reader.feed(stream(*MIXED)), *reader.end()]
    read = reader.answer()
    outcomes: dict[Key, Outcome] = {
        key: Replace(sentence()) if call.id == "call_1" else Replace("") if call.id == "call_3" else Release()
        for key, call in read.calls.items()
    }
    written = b"".join(reader.render(frame, outcomes) for frame in frames)
    last = json.loads(written.rstrip().rpartition(b"data: ")[2])
    shown = last["response"]["output"]
    one = kept(read, outcomes, visible=read.text, closed=True)

    assert items(restored(body(USER, *shown, output("call_2"), NEXT), one)) == [
        USER, *MIXED, *results_of(MIXED[2], MIXED[6]), output("call_2"), NEXT,
    ]  # fmt: skip
