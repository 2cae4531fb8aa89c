"""Turning placeholders in a Chat Completions history back into what the provider said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.chat_parts import call, calls, chunk, completion, dump, mark, opening, record, sentence
from tests.wire.feeding import OTHER, TOKEN, sse

from pinnedrules.types import Outcome, Replace, Restore, Rewrite
from pinnedrules.wire.base import Answer, Key, Restored
from pinnedrules.wire.openai_chat import OpenAIChat

CHAT = OpenAIChat()
USER = {"role": "user", "content": "Tidy up"}
NEXT = {"role": "user", "content": "and then?"}
SHOWN_ID = f"pinnedrules:call:{TOKEN}:0"
DENIED = "DENIED by no-deletes"
END = chunk({}, "tool_calls")

SAID = {"role": "assistant", "content": "Deleting.", "tool_calls": [call("c1")], "refusal": None}
BOTH = {"role": "assistant", "content": "Both.", "tool_calls": [call("c1"), call("c2", "archive")]}
SILENT = {"role": "assistant", "content": None, "tool_calls": [call("c1")]}


def body(*messages: Mapping[str, Any]) -> bytes:
    return dump({"model": "m", "messages": list(messages), "n": 18446744073709551617})


def restored(data: bytes, *records: Restore) -> Restored:
    """Restore, and prove what must hold for every restoration."""
    known = {one.token: one for one in records}
    result = CHAT.restore(data, known)
    assert CHAT.restore(data, known) == result
    assert jsonpatch.apply_patch(json.loads(data), list(result.patch)) == json.loads(result.body)
    assert pairing_problem(json.loads(result.body)["messages"]) == ""
    return result


def messages(result: Restored) -> list[Any]:
    found: list[Any] = json.loads(result.body)["messages"]
    return found


def pairing_problem(history: list[dict[str, Any]]) -> str:
    """Check the provider's rule: every call is answered right after it, and nothing else is."""
    waiting: list[str] = []
    for message in history:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return f"{message['tool_call_id']} answers nothing"
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            return f"no answer for {waiting}"
        waiting = [one["id"] for one in message.get("tool_calls") or []]
    return ""


def tool(call_id: str, content: object) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def assistant(content: object, **more: object) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **more}


def test_a_history_without_tokens_is_not_touched() -> None:
    """Almost every request has none, and passes as it is."""
    data = body(USER, SAID, tool("c1", "done"))

    assert CHAT.tokens(data) == ()
    assert restored(data).body == data


def test_tokens_are_found_wherever_they_stand() -> None:
    """Candidates are collected from the bytes, each once."""
    data = body(USER, assistant(sentence(OTHER) + sentence()), tool(SHOWN_ID, sentence(OTHER)))

    assert CHAT.tokens(data) == (OTHER, TOKEN)


def test_a_refused_call_comes_back_with_its_result() -> None:
    """A placeholder is turned back into the provider's original plus a result that says what was really done."""
    result = restored(
        body(USER, assistant("Deleting." + sentence()), NEXT), record(SAID, {"c1": DENIED}, visible="Deleting.")
    )

    assert messages(result) == [USER, SAID, tool("c1", DENIED), NEXT]
    assert (result.used, result.inert) == ((TOKEN,), ())


def test_the_original_comes_back_byte_identical() -> None:
    """The provider's history stays exactly as it was returned."""
    one = record(SAID, {"c1": DENIED}, visible="Deleting.")

    assert one.message in restored(body(USER, assistant("Deleting." + sentence())), one).body


@pytest.mark.parametrize(
    "content",
    [
        "Deleting." + sentence(),
        ("Deleting." + sentence()).strip(),
        "Deleting.\n" + sentence().strip(),
        "  Deleting. " + sentence(),
        [{"type": "text", "text": "Deleting." + sentence()}],
        [{"type": "text", "text": "Deleting."}, {"type": "text", "text": sentence().strip()}],
        [{"type": "text", "text": ""}, {"type": "text", "text": "Deleting.\n\n" + sentence()}],
    ],
)
def test_applications_may_echo_an_answer_in_their_own_way(content: object) -> None:
    """Text parts, stripped white space and dropped empty texts do not lose the placeholder."""
    result = restored(body(USER, assistant(content), NEXT), record(SAID, {"c1": DENIED}, visible="Deleting."))

    assert messages(result) == [USER, SAID, tool("c1", DENIED), NEXT]


def test_a_silent_answer_comes_back() -> None:
    """An answer without text is only its placeholder."""
    assert messages(restored(body(USER, assistant(sentence())), record(SILENT, {"c1": DENIED}))) == [
        USER,
        SILENT,
        tool("c1", DENIED),
    ]


def test_calls_that_were_released_keep_their_results() -> None:
    """One of two calls was refused: its result joins the application's own, right after the original."""
    echoed = assistant("Both." + sentence(), tool_calls=[call("c2", "archive")])
    result = restored(body(USER, echoed, tool("c2", "archived"), NEXT), record(BOTH, {"c1": DENIED}, visible="Both."))

    assert messages(result) == [USER, BOTH, tool("c1", DENIED), tool("c2", "archived"), NEXT]


def test_an_application_may_call_a_released_call_otherwise() -> None:
    """A client that writes ids in its own form (seen in OpenClaw) keeps the result of the call that ran."""
    several = {"role": "assistant", "content": "Both.", "tool_calls": [call("call_1"), call("call_2", "archive")]}
    echoed = assistant("Both." + sentence(), tool_calls=[call("call2", "archive")])
    one = record(several, {"call_1": DENIED}, visible="Both.")
    result = restored(body(USER, echoed, tool("call2", "archived"), NEXT), one)

    again = {**several, "tool_calls": [call("call_1"), call("call2", "archive")]}
    assert messages(result) == [USER, again, tool("call_1", DENIED), tool("call2", "archived"), NEXT]


@pytest.mark.parametrize("shown", [[call("x", "other")], [call("c1", "archive")]])
def test_a_call_that_is_not_one_of_the_answer_s_is_not_taken_for_one(shown: list[dict[str, Any]]) -> None:
    """Another tool, or the id of the refused call: the released call has no result then."""
    echoed = assistant("Both." + sentence(), tool_calls=shown)
    found = messages(restored(body(USER, echoed, NEXT), record(BOTH, {"c1": DENIED}, visible="Both.")))

    assert found[1] == BOTH
    assert found[2] == tool("c1", DENIED)


def test_a_refused_call_between_two_texts_comes_back() -> None:
    """For a closed answer the visible text may go on after the placeholder."""
    result = restored(
        body(USER, assistant("Bo" + sentence() + "th.", tool_calls=[call("c2", "archive")]), tool("c2", "x")),
        record(BOTH, {"c1": DENIED}, visible="Both."),
    )

    assert messages(result)[1] == BOTH


def test_a_released_call_that_the_application_forgot_is_answered() -> None:
    """An application that keeps only text does not leave a call without its result."""
    result = restored(body(USER, assistant("Both." + sentence()), NEXT), record(BOTH, {"c1": DENIED}, visible="Both."))

    assert messages(result)[1:4] == [
        BOTH,
        tool("c1", DENIED),
        tool("c2", "The application gave no result for this call."),
    ]


def test_the_next_answer_in_the_same_message_becomes_its_own() -> None:
    """What follows a placeholder that was left open is the model's next answer."""
    one = record(SAID, {"c1": DENIED}, visible="Deleting.", closed=False)
    result = restored(body(USER, assistant("Deleting." + sentence() + "I suggest it.", name="bot"), NEXT), one)

    assert messages(result) == [
        USER,
        SAID,
        tool("c1", DENIED),
        {"role": "assistant", "content": "I suggest it.", "name": "bot"},
        NEXT,
    ]


def test_the_next_answer_may_have_calls() -> None:
    """Calls in the application's message belong to the last answer in it."""
    one = record(SAID, {"c1": DENIED}, visible="Deleting.", closed=False)
    echoed = assistant("Deleting." + sentence(), tool_calls=[call("c9", "archive")])
    result = restored(body(USER, echoed, tool("c9", "archived")), one)

    assert messages(result) == [
        USER,
        SAID,
        tool("c1", DENIED),
        {"role": "assistant", "content": None, "tool_calls": [call("c9", "archive")]},
        tool("c9", "archived"),
    ]


def test_an_open_placeholder_with_nothing_after_it_is_all() -> None:
    """When no answer followed, none is invented."""
    one = record(SAID, {"c1": DENIED}, visible="Deleting.", closed=False)

    assert messages(restored(body(USER, assistant("Deleting." + sentence()), NEXT), one)) == [
        USER,
        SAID,
        tool("c1", DENIED),
        NEXT,
    ]


def two_records(*, second_closed: bool) -> tuple[Restore, Restore]:
    first = record(SAID, {"c1": DENIED}, visible="Deleting.", closed=False)
    second = record(
        {"role": "assistant", "content": "Trying again.", "tool_calls": [call("c5")]},
        {"c5": "DENIED again"},
        token=OTHER,
        visible="Deleting." + sentence() + "Trying again.",
        closed=second_closed,
    )
    return first, second


@pytest.mark.parametrize("rest", ["", "I suggest it."])
@pytest.mark.parametrize("second_closed", [True, False])
def test_several_refusals_in_one_turn_come_back_one_by_one(rest: str, second_closed: bool) -> None:
    """Each answer of a turn becomes a message of its own, with its results."""
    first, second = two_records(second_closed=second_closed)
    text = "Deleting." + sentence() + "Trying again." + sentence(OTHER) + rest
    result = restored(body(USER, assistant(text), NEXT), first, second)

    expected = [
        USER,
        SAID,
        tool("c1", DENIED),
        json.loads(second.message),
        tool("c5", "DENIED again"),
        *([assistant(rest)] if rest and not second_closed else []),
        NEXT,
    ]
    assert messages(result) == expected
    assert result.used == (TOKEN, OTHER)


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
def test_reasoning_that_a_stream_added_up_is_taken_apart(key: str) -> None:
    """The last answer keeps only the reasoning that is its own."""
    one = record({**SAID, key: "first "}, {"c1": DENIED}, visible="Deleting.", closed=False)
    echoed = assistant("Deleting." + sentence() + "So.", **{key: "first second"})

    assert messages(restored(body(USER, echoed), one))[-1] == assistant("So.", **{key: "second"})


def test_other_reasoning_is_left_alone() -> None:
    """A whole JSON answer carries only the reasoning of the last answer already."""
    one = record({**SAID, "reasoning_content": "first "}, {"c1": DENIED}, visible="Deleting.", closed=False)
    echoed = assistant("Deleting." + sentence() + "So.", reasoning_content="second")

    assert messages(restored(body(USER, echoed), one))[-1] == echoed | {"content": "So."}


def test_a_legacy_call_comes_back() -> None:
    """Results of a legacy call use the role ``function``."""
    legacy = assistant(None, function_call={"name": "delete", "arguments": "{}"})

    assert messages(restored(body(USER, assistant(sentence())), record(legacy, {"": DENIED}))) == [
        USER,
        legacy,
        {"role": "function", "name": "delete", "content": DENIED},
    ]


# -- rewritten calls -----------------------------------------------------------------------------------------------

POST = assistant("Posting.", tool_calls=[call("c1", "post", '{"text":"hi"}')])
SHOWN = assistant("Posting.", tool_calls=[call(SHOWN_ID, "post", '{"text":"hi","stamp":1}')])
NOTE = "[changed]\n"


def rewriting(**more: Any) -> Restore:
    return record(POST, {}, placeholder="", rewritten={SHOWN_ID: ("c1", '{"text":"hi"}', NOTE)}, **more)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("posted", NOTE + "posted"),
        ([{"type": "text", "text": "posted"}], [{"type": "text", "text": NOTE}, {"type": "text", "text": "posted"}]),
        (None, NOTE),
    ],
)
def test_a_rewritten_call_comes_back_and_its_result_says_so(content: object, expected: object) -> None:
    """The provider gets its own id and arguments back, and hears in the result what was really done."""
    result = restored(body(USER, SHOWN, tool(SHOWN_ID, content), NEXT), rewriting())

    assert messages(result) == [USER, POST, tool("c1", expected), NEXT]
    assert (result.used, result.inert) == ((TOKEN,), ())


def test_a_rewritten_custom_call_comes_back() -> None:
    """Free text comes back as free text."""
    entry = {"id": SHOWN_ID, "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    one = record({"role": "assistant"}, {}, placeholder="", rewritten={SHOWN_ID: ("c1", "SELECT *", NOTE)})
    result = restored(body(USER, assistant(None, tool_calls=[entry]), tool(SHOWN_ID, "1")), one)

    assert messages(result)[1]["tool_calls"] == [
        {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "SELECT *"}}
    ]


def test_a_rewritten_call_without_an_original_id_gets_one() -> None:
    """A server that gives no ids still gets a result that names its call."""
    one = record(POST, {}, placeholder="", rewritten={SHOWN_ID: ("", "{}", NOTE)})
    result = restored(body(USER, SHOWN, tool(SHOWN_ID, "x")), one)

    assert [messages(result)[1]["tool_calls"][0]["id"], messages(result)[2]["tool_call_id"]] == ["call_0", "call_0"]


def test_refused_and_rewritten_calls_of_one_answer_come_back_together() -> None:
    """The original is put back whole; the result of the rewritten call finds its call."""
    one = record(BOTH, {"c1": DENIED}, visible="Both.", rewritten={SHOWN_ID: ("c2", '{"id":7}', NOTE)})
    echoed = assistant("Both." + sentence(), tool_calls=[call(SHOWN_ID, "archive")])
    result = restored(body(USER, echoed, tool(SHOWN_ID, "archived")), one)

    assert messages(result) == [USER, BOTH, tool("c1", DENIED), tool("c2", NOTE + "archived")]
    assert result.inert == ()


def test_a_rewritten_call_of_the_next_answer_comes_back() -> None:
    """After an open placeholder, the next answer's calls are looked at like any other."""
    first = record(SAID, {"c1": DENIED}, visible="Deleting.", closed=False)
    second = record(
        POST, {}, token=OTHER, placeholder="", rewritten={SHOWN_ID.replace(TOKEN, OTHER): ("c9", "{}", NOTE)}
    )
    echoed = assistant("Deleting." + sentence() + "So.", tool_calls=[call(SHOWN_ID.replace(TOKEN, OTHER), "post")])
    result = restored(body(USER, echoed, tool(SHOWN_ID.replace(TOKEN, OTHER), "x")), first, second)

    assert messages(result)[3] == assistant("So.", tool_calls=[call("c9", "post", "{}")])
    assert messages(result)[4] == tool("c9", NOTE + "x")


# -- tokens that do not count --------------------------------------------------------------------------------------

ONE = record(SAID, {"c1": DENIED}, visible="Deleting.")
COPIED = "Deleting." + sentence()
WRONG: dict[str, tuple[list[dict[str, Any]], list[Restore]]] = {
    "in a user message": ([{"role": "user", "content": COPIED}], [ONE]),
    "in a tool result": ([SAID, tool("c1", COPIED)], [ONE]),
    "in a system message": ([{"role": "system", "content": COPIED}], [ONE]),
    "in the name of a message": ([{"role": "assistant", "content": "x", "name": COPIED}], [ONE]),
    "after other text": ([assistant("Something else." + sentence())], [ONE]),
    "without its text": ([assistant(sentence())], [ONE]),
    "with half a sentence": ([assistant("Deleting.\n\nThat was\n" + mark())], [ONE]),
    "alone": ([assistant("Deleting." + mark())], [ONE]),
    "with other parts": ([assistant([{"type": "text", "text": COPIED}, {"type": "image_url"}])], [ONE]),
    "unknown": ([assistant(COPIED)], []),
    "of another answer": ([assistant("Deleting." + sentence(OTHER))], [ONE]),
    "of the other dialect": (
        [assistant(COPIED)],
        [record(SAID, {"c1": DENIED}, visible="Deleting.", dialect="anthropic-messages")],
    ),
    "an id of no call": ([assistant(None, tool_calls=[call(SHOWN_ID)]), tool(SHOWN_ID, "x")], [ONE]),
    "an unknown id": ([assistant(None, tool_calls=[call(SHOWN_ID)]), tool(SHOWN_ID, "x")], []),
    "an id in the other dialect": (
        [SHOWN, tool(SHOWN_ID, "x")],
        [rewriting(dialect="anthropic-messages")],
    ),
    "an id in a user message": ([{"role": "user", "content": "x", "tool_calls": [call(SHOWN_ID)]}], [rewriting()]),
    "an id in the text": ([assistant(SHOWN_ID)], [rewriting()]),
    "a placeholder that has no mark": ([assistant("Deleting." + mark())], [record(SAID, {}, placeholder="no mark")]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_in_a_wrong_place_is_inert_and_listed(name: str) -> None:
    """Tokens are honoured only in an assistant message at their recorded place; elsewhere they are inert and recorded."""
    history, records = WRONG[name]
    data = body(USER, *history)
    result = CHAT.restore(data, {one.token: one for one in records})

    assert (result.body, result.used, result.patch) == (data, (), ())
    assert len(result.inert) == 1


def test_a_result_before_its_call_is_not_renamed() -> None:
    """An id counts in a result only after its call was honoured."""
    data = body(USER, tool(SHOWN_ID, "x"), SHOWN, tool(SHOWN_ID, "x"))
    result = CHAT.restore(data, {TOKEN: rewriting()})

    assert [message.get("tool_call_id") for message in messages(result)] == [None, SHOWN_ID, None, "c1"]
    assert (result.used, result.inert) == ((TOKEN,), (TOKEN,))


@pytest.mark.parametrize(
    ("copy", "records"),
    [(assistant(COPIED), [ONE]), ({"role": "user", "content": COPIED}, [ONE]), (SHOWN, [rewriting()])],
)
def test_a_token_is_honoured_once(copy: dict[str, Any], records: list[Restore]) -> None:
    """A copy of an honoured message later in the history stays as it is, and is listed."""
    first = SHOWN if records[0].rewritten else assistant(COPIED)
    data = body(USER, first, *([tool(SHOWN_ID, "x")] if records[0].rewritten else []), NEXT, copy)
    result = CHAT.restore(data, {one.token: one for one in records})

    assert messages(result)[-1] == copy
    assert (result.used, result.inert) == ((TOKEN,), (TOKEN,))


def test_a_forged_token_in_text_before_the_real_one_does_not_hide_it() -> None:
    """A model that quotes an old token does not break the placeholder after it."""
    text = f"As in {mark(OTHER)}, deleting."
    one = record({**SAID, "content": text}, {"c1": DENIED}, visible=text)
    result = restored(body(USER, assistant(text + sentence())), one)

    assert messages(result)[1] == {**SAID, "content": text}
    assert result.inert == (OTHER,)


@given(st.data())
def test_no_mutation_of_a_place_is_honoured(data: st.DataObject) -> None:
    """Whatever else stands before a placeholder, it is honoured only after its own text."""
    before = data.draw(st.text())
    result = CHAT.restore(body(USER, assistant(before + sentence())), {TOKEN: ONE})

    assert bool(result.used) == ("".join(before.split()) == "Deleting.")


# -- the whole way -------------------------------------------------------------------------------------------------


def shown_json(first: bytes, before: list[tuple[Answer, str]], outcomes: Mapping[Key, Outcome]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CHAT.write_json(first, outcomes, before))["choices"][0]["message"]
    return found


@pytest.mark.parametrize("text", ["Deleting.", "", "Deleting.\n", "\n Deleting. "])
@pytest.mark.parametrize("echo", [lambda text: text, str.strip, lambda text: [{"type": "text", "text": text}]])
def test_what_was_written_is_restored(text: str, echo: Callable[[str], object]) -> None:
    """Writing a placeholder and restoring it gives the provider's own message back, whatever its text."""
    data = completion({"content": text, "tool_calls": [call("c1")]})
    answer = CHAT.read_json(data)
    assert answer.message is not None
    shown = shown_json(data, [], {(0, 0): Replace(sentence())})
    one = record(json.loads(answer.message), {"c1": DENIED}, visible=answer.text)

    result = restored(body(USER, {**shown, "content": echo(shown["content"])}, NEXT), one)

    assert messages(result) == [USER, json.loads(answer.message), tool("c1", DENIED), NEXT]


def test_a_streamed_turn_is_restored_exactly() -> None:
    """Two refusals and an answer, streamed as one message, come back as the provider's three."""
    streams = [
        sse(
            chunk({"role": "assistant", "content": "One "}),
            chunk(calls(opening(0, "a", "c1", "{}"))),
            chunk({}, "tool_calls"),
        ),
        sse(
            chunk({"role": "assistant", "content": "Two"}),
            chunk(calls(opening(0, "a", "c2", "{}"))),
            chunk({}, "tool_calls"),
        ),
        sse(chunk({"role": "assistant", "content": "\n Three"}), chunk({}, "stop")),
    ]
    before: list[tuple[Answer, str]] = []
    records: list[Restore] = []
    text = visible = ""
    for number, data in enumerate(streams):
        reader = CHAT.read_stream(before)
        frames = [*reader.feed(data), *reader.end()]
        answer = reader.answer()
        token = f"{number}" * 32
        fates: dict[Key, Outcome] = dict.fromkeys(answer.calls, Replace(""))
        written = b"".join(reader.render(frame, fates) for frame in frames if not frame.ending)
        visible += answer.text
        if answer.calls:
            written += CHAT.close_stream(reader, sentence(token))
            (one,) = answer.calls.values()
            assert answer.message is not None
            records.append(
                record(json.loads(answer.message), {one.id: DENIED}, visible=visible, token=token, closed=False)
            )
            visible += sentence(token)
            before.append((answer, sentence(token)))
        for event in written.split(b"\n\n"):
            if event:
                text += json.loads(event[6:])["choices"][0]["delta"].get("content") or ""

    result = restored(body(USER, assistant(text), NEXT), *records)

    assert [message["content"] for message in messages(result)] == [
        "Tidy up",
        "One ",
        DENIED,
        "Two",
        DENIED,
        "\n Three",
        "and then?",
    ]


def test_a_rewritten_answer_is_restored_exactly() -> None:
    """Rewriting a call and restoring it gives the provider's own message back."""
    data = completion({"content": "Posting.", "tool_calls": [call("c1", "post", '{"text": "hi"}')]})
    shown = shown_json(data, [], {(0, 0): Rewrite(SHOWN_ID, '{"text":"hi","stamp":1}')})
    original = json.loads(data)["choices"][0]["message"]
    one = record(original, {}, placeholder="", rewritten={SHOWN_ID: ("c1", '{"text": "hi"}', NOTE)})

    assert messages(restored(body(USER, shown, tool(SHOWN_ID, "x")), one))[1] == original
