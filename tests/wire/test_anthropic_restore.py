"""Turning placeholders in a Messages history back into what the provider said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonpatch
import pytest
from tests.wire.chat_parts import dump, mark, sentence
from tests.wire.chat_parts import record as any_record
from tests.wire.feeding import OTHER, TOKEN
from tests.wire.message_parts import answer, tool_use

from pinnedrules.types import Replace, Restore, Rewrite
from pinnedrules.wire.anthropic_messages import AnthropicMessages
from pinnedrules.wire.base import Restored

MESSAGES = AnthropicMessages()
DENIED = "DENIED by no-deletes"
SHOWN_ID = f"pinnedrules:call:{TOKEN}:0"
NOTE = "[changed]\n"

THINK = {"type": "thinking", "thinking": "hm", "signature": "EqQB=="}
THINK2 = {"type": "thinking", "thinking": "so", "signature": "EqQC=="}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": "user", "content": blocks[0] if isinstance(blocks[0], str) else list(blocks)}


def assistant(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": "assistant", "content": blocks[0] if isinstance(blocks[0], str) else list(blocks)}


def result(call_id: str, content: object = "ok") -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content}


def denied(call_id: str, words: str = DENIED) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": words, "is_error": True}


USER = user("Tidy up")
NEXT = user("and then?")
SAID = assistant(THINK, text("Deleting."), tool_use("t1"))
BOTH = assistant(THINK, text("Both."), tool_use("t1"), tool_use("t2", "archive"))


def record(message: dict[str, Any], results: dict[str, str], **more: Any) -> Restore:
    return any_record(message, results, **{"dialect": "anthropic-messages", **more})


ONE = record(SAID, {"t1": DENIED}, visible="Deleting.")
OPEN = record(SAID, {"t1": DENIED}, visible="Deleting.", closed=False)


def body(*messages: Mapping[str, Any]) -> bytes:
    return dump({"model": "m", "messages": list(messages), "n": 18446744073709551617})


def pairing_problem(history: list[dict[str, Any]]) -> str:
    """Check the provider's rule: every call is answered first thing in the next user message, and nothing else is."""
    waiting: list[str] = []
    for message in history:
        blocks = [] if isinstance(message["content"], str) else message["content"]
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if sorted(results) != sorted(waiting):
            return f"{waiting} answered by {results}"
        if any(block["type"] == "tool_result" for block in blocks[len(results) :]):
            return "results that do not come first"
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
    return ""


def restored(data: bytes, *records: Restore) -> Restored:
    """Restore, and prove what must hold for every restoration."""
    known = {one.token: one for one in records}
    found = MESSAGES.restore(data, known)
    assert MESSAGES.restore(data, known) == found
    assert jsonpatch.apply_patch(json.loads(data), list(found.patch)) == json.loads(found.body)
    assert pairing_problem(json.loads(found.body)["messages"]) == ""
    return found


def messages(found: Restored) -> list[Any]:
    history: list[Any] = json.loads(found.body)["messages"]
    return history


def test_a_history_without_tokens_is_not_touched() -> None:
    """Almost every request has none, and passes as it is."""
    data = body(USER, SAID, user(result("t1")))

    assert MESSAGES.tokens(data) == ()
    assert restored(data).body == data


@pytest.mark.parametrize(
    "content",
    [
        [text("Deleting."), text(sentence())],
        [THINK, text("Deleting."), text(sentence())],
        [text("Deleting."), text(sentence().strip())],
        [text("Deleting." + sentence())],
        [text(" Deleting. "), text(""), text(sentence())],
        "Deleting." + sentence(),
        "Deleting.\n" + sentence().strip(),
    ],
)
def test_a_refused_call_comes_back_with_its_result(content: Any) -> None:
    """However the application echoes it: the original with its thinking, the result first in the next user message."""
    found = restored(body(USER, {"role": "assistant", "content": content}, NEXT), ONE)

    assert messages(found) == [USER, SAID, user(denied("t1"), text("and then?"))]
    assert (found.used, found.inert) == ((TOKEN,), ())
    assert ONE.message in found.body


@pytest.mark.parametrize("after", [[], [{"role": "system", "content": "Be brief."}], [assistant("ok")]])
def test_a_result_that_no_user_message_takes_gets_its_own(after: list[dict[str, Any]]) -> None:
    """The result stands right behind its call, whatever follows."""
    found = restored(body(USER, assistant(text("Deleting."), text(sentence())), *after), ONE)

    assert messages(found) == [USER, SAID, user(denied("t1")), *after]


def test_results_come_before_what_the_user_message_holds() -> None:
    """Own blocks of the user message stay, behind the results."""
    image = {"type": "image", "source": {"type": "url", "url": "https://x"}}
    found = restored(body(USER, assistant("Deleting." + sentence()), user(image, text("look"))), ONE)

    assert messages(found)[2] == user(denied("t1"), image, text("look"))


def test_calls_that_were_released_keep_their_results() -> None:
    """One of two calls was refused: its result joins the application's own."""
    echoed = assistant(THINK, text("Both."), text(sentence()), tool_use("t2", "archive"))
    found = restored(body(USER, echoed, user(result("t2"), text("x"))), record(BOTH, {"t1": DENIED}, visible="Both."))

    assert messages(found) == [USER, BOTH, user(denied("t1"), result("t2"), text("x"))]


def test_a_refused_call_between_two_texts_comes_back() -> None:
    """For a closed answer the visible text may go on after the placeholder."""
    said = assistant(text("One."), tool_use("t1"), text("Two."), tool_use("t2"))
    echoed = assistant(text("One."), text(sentence()), text("Two."), tool_use("t2"))
    found = restored(body(USER, echoed, user(result("t2"))), record(said, {"t1": DENIED}, visible="One.Two."))

    assert messages(found) == [USER, said, user(denied("t1"), result("t2"))]


def test_a_released_call_that_the_application_forgot_is_answered() -> None:
    """An application that keeps only text does not leave a call without its result."""
    found = restored(body(USER, assistant("Both." + sentence()), NEXT), record(BOTH, {"t1": DENIED}, visible="Both."))

    forgotten = denied("t2", "The application gave no result for this call.")
    assert messages(found)[2] == user(denied("t1"), forgotten, text("and then?"))


@pytest.mark.parametrize(
    ("echoed", "last"),
    [
        ([THINK, text("Deleting."), text(sentence()), THINK2, text("I suggest it.")], [THINK2, text("I suggest it.")]),
        ([text("Deleting."), text(sentence()), THINK2, text("I suggest it.")], [THINK2, text("I suggest it.")]),
        (["Deleting." + sentence() + "I suggest it."], [text("I suggest it.")]),
        ([text("Deleting." + sentence() + "I suggest it.")], [text("I suggest it.")]),
        ([text("Deleting."), text(sentence()), THINK2, tool_use("t9", "archive")], [THINK2, tool_use("t9", "archive")]),
        ([text("Deleting."), text(sentence()), tool_use("t9", "archive")], [tool_use("t9", "archive")]),
    ],
)
def test_the_next_answer_in_the_same_message_becomes_its_own(echoed: list[Any], last: list[Any]) -> None:
    """What follows a placeholder that was left open is the model's next answer, with its own thinking and calls."""
    after = [user(result("t9"))] if any(block.get("type") == "tool_use" for block in last) else [NEXT]
    found = restored(body(USER, assistant(*echoed), *after), OPEN)

    assert messages(found) == [USER, SAID, user(denied("t1")), assistant(*last), *after]


def test_an_open_placeholder_with_nothing_after_it_is_all() -> None:
    """When no answer followed, none is invented."""
    found = restored(body(USER, assistant(text("Deleting."), text(sentence()), text(" ")), NEXT), OPEN)

    assert messages(found) == [USER, SAID, user(denied("t1"), text("and then?"))]


@pytest.mark.parametrize("second_closed", [True, False])
def test_several_refusals_in_one_turn_come_back_one_by_one(second_closed: bool) -> None:
    """Each answer of a turn becomes a message of its own, with its results."""
    again = assistant(THINK2, text("Again."), tool_use("t5"))
    visible = "Deleting." + sentence() + "Again."
    second = record(again, {"t5": "DENIED again"}, token=OTHER, visible=visible, closed=second_closed)
    echoed = assistant(
        THINK, text("Deleting."), text(sentence()), THINK2, text("Again."), text(sentence(OTHER)), text("So.")
    )
    found = restored(body(USER, echoed, NEXT), OPEN, second)

    expected = [USER, SAID, user(denied("t1")), again]
    if second_closed:
        expected.append(user(denied("t5", "DENIED again"), text("and then?")))
    else:
        expected += [user(denied("t5", "DENIED again")), assistant(text("So.")), NEXT]
    assert messages(found) == expected
    assert found.used == (TOKEN, OTHER)


# -- rewritten calls -----------------------------------------------------------------------------------------------

POST = assistant(THINK, tool_use("t1", "post") | {"input": {"text": "hi"}})
SHOWN = assistant(THINK, tool_use(SHOWN_ID, "post") | {"input": {"text": "hi", "stamp": 1}})


def rewriting(**more: Any) -> Restore:
    return record(POST, {}, placeholder="", rewritten={SHOWN_ID: ("t1", '{"text":"hi"}', NOTE)}, **more)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("posted", NOTE + "posted"), ([text("posted")], [text(NOTE), text("posted")]), (None, NOTE)],
)
def test_a_rewritten_call_comes_back_and_its_result_says_so(content: object, expected: object) -> None:
    """The provider gets its own id and input back, and hears in the result what was really done."""
    found = restored(body(USER, SHOWN, user(result(SHOWN_ID, content), text("x"))), rewriting())

    assert messages(found) == [USER, POST, user(result("t1", expected), text("x"))]
    assert (found.used, found.inert) == ((TOKEN,), ())


def test_numbers_of_a_rewritten_call_come_back_exactly() -> None:
    """The original input is put back as its own bytes."""
    one = record(POST, {}, placeholder="", rewritten={SHOWN_ID: ("t1", '{"n": 18446744073709551617, "x":1.10}', NOTE)})

    found = restored(body(USER, SHOWN, user(result(SHOWN_ID))), one)

    assert b'"input":{"n": 18446744073709551617, "x":1.10}' in found.body


def test_refused_and_rewritten_calls_of_one_answer_come_back_together() -> None:
    """The original is put back whole; the result of the rewritten call finds its call."""
    one = record(BOTH, {"t1": DENIED}, visible="Both.", rewritten={SHOWN_ID: ("t2", "{}", NOTE)})
    echoed = assistant(THINK, text("Both."), text(sentence()), tool_use(SHOWN_ID, "archive"))
    found = restored(body(USER, echoed, user(result(SHOWN_ID, "archived"))), one)

    assert messages(found) == [USER, BOTH, user(denied("t1"), result("t2", NOTE + "archived"))]
    assert found.inert == ()


# -- tokens that do not count --------------------------------------------------------------------------------------

COPIED = [text("Deleting."), text(sentence())]
WRONG: dict[str, tuple[list[dict[str, Any]], list[Restore]]] = {
    "in a user message": ([user(*COPIED)], [ONE]),
    "in a tool result": ([SAID, user(result("t1", "Deleting." + sentence()))], [ONE]),
    "in a system message": ([{"role": "system", "content": "Deleting." + sentence()}], [ONE]),
    "in thinking": ([assistant({**THINK, "thinking": "Deleting." + sentence()})], [ONE]),
    "in the input of a call": ([assistant(tool_use("t1") | {"input": {"x": mark()}}), user(result("t1"))], [ONE]),
    "after other text": ([assistant(text("Something else."), text(sentence()))], [ONE]),
    "alone": ([assistant(text("Deleting."), text(mark()))], [ONE]),
    "unknown": ([assistant(*COPIED)], []),
    "of the other dialect": ([assistant(*COPIED)], [any_record(SAID, {"t1": DENIED}, visible="Deleting.")]),
    "an id of no call": ([assistant(tool_use(SHOWN_ID)), user(result(SHOWN_ID))], [ONE]),
    "an unknown id": ([assistant(tool_use(SHOWN_ID)), user(result(SHOWN_ID))], []),
    "an id in the other dialect": ([SHOWN, user(result(SHOWN_ID))], [rewriting(dialect="openai-chat")]),
    "an id in a user message": ([user(tool_use(SHOWN_ID))], [rewriting()]),
    "an id in a server block": ([assistant({**tool_use(SHOWN_ID), "type": "server_tool_use"})], [rewriting()]),
    "an id in another block": ([user({"type": "text", "text": "x", "tool_use_id": SHOWN_ID})], [rewriting()]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_in_a_wrong_place_is_inert_and_listed(name: str) -> None:
    """Tokens are honoured only in an assistant message at their recorded place; elsewhere they are inert and recorded."""
    history, records = WRONG[name]
    data = body(USER, *history)
    found = MESSAGES.restore(data, {one.token: one for one in records})

    assert (found.body, found.used, found.patch) == (data, (), ())
    assert len(found.inert) == 1


@pytest.mark.parametrize(("first", "records"), [(assistant(*COPIED), [ONE]), (SHOWN, [rewriting()])])
def test_a_token_is_honoured_once(first: dict[str, Any], records: list[Restore]) -> None:
    """A copy of an honoured message later in the history stays as it is, and is listed."""
    data = body(USER, first, user(result(SHOWN_ID)) if first is SHOWN else NEXT, first, NEXT)
    found = MESSAGES.restore(data, {one.token: one for one in records})

    assert messages(found)[-2] == first
    assert (found.used, found.inert) == ((TOKEN,), (TOKEN,))


# -- the whole way -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["Deleting.", "Deleting.\n", "\n Deleting. "])
@pytest.mark.parametrize(
    "echo", [lambda blocks: blocks, lambda blocks: "".join(block.get("text", "") for block in blocks)]
)
def test_what_was_written_is_restored(words: str, echo: Callable[[Any], Any]) -> None:
    """Writing a placeholder and restoring it gives the provider's own message back, whatever its text."""
    data = answer(THINK, text(words), tool_use("t1"))
    given = MESSAGES.read_json(data)
    assert given.message is not None
    shown = json.loads(MESSAGES.write_json(data, {(2,): Replace(sentence())}, []))["content"]
    one = record(json.loads(given.message), {"t1": DENIED}, visible=given.text)

    found = restored(body(USER, {"role": "assistant", "content": echo(shown)}, NEXT), one)

    assert messages(found)[1] == json.loads(given.message)


def test_a_rewritten_answer_is_restored_exactly() -> None:
    """Rewriting a call and restoring it gives the provider's own message back."""
    data = answer(THINK, tool_use("t1", "post") | {"input": {"text": "hi"}})
    shown = json.loads(MESSAGES.write_json(data, {(1,): Rewrite(SHOWN_ID, '{"text":"hi","stamp":1}')}, []))["content"]

    found = restored(body(USER, assistant(*shown), user(result(SHOWN_ID))), rewriting())

    assert messages(found)[1] == POST
