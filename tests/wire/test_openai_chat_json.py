"""Whole JSON answers of Chat Completions."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx2
import openai
import pytest
from tests.wire.chat_parts import call, completion, dump, sentence
from tests.wire.feeding import OTHER, golden

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Key
from pinnedrules.wire.openai_chat import OpenAIChat

CHAT = OpenAIChat()
GOLD = golden("chat_two_calls.json")
NEW_ID = "pinnedrules:call:0123456789abcdef0123456789abcdef:0"
SAID = Replace(sentence())


def parsed(data: bytes) -> Any:
    """Return the message as the SDK's ``create`` gives it."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=data)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = openai.OpenAI(api_key="none", base_url="http://provider.test/v1", http_client=http)
    return client.chat.completions.create(model="m", messages=[]).choices[0]


def test_a_golden_answer_gives_its_calls() -> None:
    """Calls, text, finish and usage of an answer as the service sends it, exact to the last digit."""
    answer = CHAT.read_json(GOLD)

    assert answer.calls == {
        (0, 0): Call("delete_mail", '{"id":7,"note":"old"}', "call_w8ZbPq3nT6mKc1Lx"),
        (0, 1): Call("archive", '{"id":18446744073709551617}', "call_Yd2RfV9sJ4hGu7Ek"),
    }
    assert (answer.text, answer.finish, answer.cut) == ("I will tidy up.", "tool_calls", False)
    assert answer.usage["total_tokens"] == 161


def test_the_message_is_the_providers_own_bytes() -> None:
    """What goes back to the provider is what came from it."""
    answer = CHAT.read_json(GOLD)

    assert answer.message is not None
    assert answer.message in GOLD


def test_released_calls_pass_byte_identical() -> None:
    """Invariant 8: an allowed call passes byte-identical."""
    assert CHAT.write_json(GOLD, {(0, 0): Release(), (0, 1): Release()}, []) == GOLD


FATES: list[Outcome] = [Release(), SAID, Replace(""), Rewrite(NEW_ID, '{"id":8}')]


@pytest.mark.parametrize("fates", list(itertools.product(FATES, FATES)))
def test_the_sdk_reads_what_is_left(fates: tuple[Outcome, Outcome]) -> None:
    """Invariant 1: refused calls are gone, rewritten ones have their new arguments, the rest is untouched."""
    outcomes: dict[Key, Outcome] = {(0, 0): fates[0], (0, 1): fates[1]}
    before = CHAT.read_json(GOLD).calls
    choice = parsed(CHAT.write_json(GOLD, outcomes, []))

    expected = []
    for key, fate in outcomes.items():
        if isinstance(fate, Rewrite):
            expected.append((NEW_ID, before[key].name, fate.arguments))
        elif isinstance(fate, Release):
            expected.append((before[key].id, before[key].name, before[key].arguments))
    found = [(one.id, one.function.name, one.function.arguments) for one in choice.message.tool_calls or []]
    assert found == expected
    assert choice.finish_reason == ("tool_calls" if expected else "stop")
    assert choice.message.content == "I will tidy up." + "".join(
        fate.text for fate in fates if isinstance(fate, Replace)
    )


def test_no_call_left_means_no_list() -> None:
    """An empty list of calls is refused by the service when it is sent back, so none is left."""
    message = json.loads(CHAT.write_json(GOLD, dict.fromkeys([(0, 0), (0, 1)], SAID), []))["choices"][0]["message"]

    assert "tool_calls" not in message


@pytest.mark.parametrize("finish", ["length", "stop", "content_filter"])
def test_other_reasons_to_end_stay(finish: str) -> None:
    """Only a reason that promises calls is changed when none remains."""
    data = completion({"content": None, "tool_calls": [call("c1")]}, finish)

    assert json.loads(CHAT.write_json(data, {(0, 0): SAID}, []))["choices"][0]["finish_reason"] == finish


def test_legacy_calls_are_calls() -> None:
    """A legacy ``function_call`` is found, replaced and rewritten like any other."""
    data = completion({"content": None, "function_call": {"name": "a", "arguments": "{}"}}, "function_call")

    assert CHAT.read_json(data).calls == {(0, -1): Call("a", "{}", "", "legacy")}
    gone = parsed(CHAT.write_json(data, {(0, -1): SAID}, []))
    assert (gone.message.function_call, gone.message.content, gone.finish_reason) == (None, sentence(), "stop")
    changed = parsed(CHAT.write_json(data, {(0, -1): Rewrite("", '{"b":1}')}, []))
    assert changed.message.function_call.arguments == '{"b":1}'


def test_custom_calls_are_calls() -> None:
    """A custom call carries free text."""
    entry = {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": "DROP"}}
    data = completion({"content": None, "tool_calls": [entry]})

    assert CHAT.read_json(data).calls == {(0, 0): Call("sql", "DROP", "c1", "custom")}
    changed = json.loads(CHAT.write_json(data, {(0, 0): Rewrite(NEW_ID, "SELECT")}, []))
    assert changed["choices"][0]["message"]["tool_calls"] == [
        {"id": NEW_ID, "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}
    ]


def test_former_answers_of_a_turn_are_shown_first() -> None:
    """Texts and placeholders of answers that the gate replied to come first, and all usage is added."""
    first = CHAT.read_json(completion({"content": "Deleting.", "tool_calls": [call("c1")]}))
    second = CHAT.read_json(completion({"content": None, "tool_calls": [call("c2")]}))
    last = completion({"content": "I suggest deleting."}, "stop")

    written = CHAT.write_json(last, {}, [(first, sentence()), (second, sentence(OTHER))])
    value = json.loads(written)

    expected = f"Deleting.{sentence()}{sentence(OTHER)}I suggest deleting."
    assert parsed(written).message.content == expected
    assert value["usage"] == {
        "prompt_tokens": 30,
        "completion_tokens": 15,
        "total_tokens": 45,
        "prompt_tokens_details": {"cached_tokens": 9},
    }


def test_former_answers_and_the_calls_of_the_last_one_fit_together() -> None:
    """The last answer of a turn may have calls of its own, refused and released ones."""
    first = CHAT.read_json(completion({"content": "A", "tool_calls": [call("c1")]}))
    last = completion({"content": "B", "tool_calls": [call("c2"), call("c3", "read")]})

    choice = parsed(CHAT.write_json(last, {(0, 0): Replace("No."), (0, 1): Release()}, [(first, "Nope.")]))

    assert choice.message.content == "A\n\nNope.\n\nB\n\nNo."
    assert [one.id for one in choice.message.tool_calls] == ["c3"]


@pytest.mark.parametrize("content", [None, "", [], [{"type": "text", "text": "B"}]])
def test_a_placeholder_finds_its_place_in_any_content(content: object) -> None:
    """Content may be missing, empty, text or parts."""
    first = CHAT.read_json(completion({"content": "A"}, "stop"))
    data = completion({"content": content, "tool_calls": [call("c1")]})
    message = json.loads(CHAT.write_json(data, {(0, 0): Replace("No.")}, [(first, "\n")]))["choices"][0]["message"]

    if isinstance(content, list):
        texts = [part["text"] for part in message["content"]]
        assert "".join(texts) == ("A\n" + "B\n\nNo." if content else "A\nNo.")
    else:
        assert message["content"] == "A\nNo."


def test_choices_are_edited_apart() -> None:
    """With several choices each is edited for itself, and the answer cannot be repeated."""
    value = json.loads(GOLD)
    value["choices"].append({**value["choices"][0], "index": 1})
    data = dump(value)

    assert CHAT.read_json(data).message is None
    written = json.loads(CHAT.write_json(data, {(0, 0): SAID, (0, 1): SAID, (1, 0): Release(), (1, 1): Release()}, []))
    assert [choice["finish_reason"] for choice in written["choices"]] == ["stop", "tool_calls"]
    assert written["choices"][1] == value["choices"][1]


@pytest.mark.parametrize("arguments", [None, ""])
def test_missing_arguments_are_empty(arguments: str | None) -> None:
    """Some servers send no arguments for a call without parameters."""
    data = completion({"content": None, "tool_calls": [{"id": "c", "function": {"name": "a", "arguments": arguments}}]})

    assert CHAT.read_json(data).calls == {(0, 0): Call("a", "", "c")}


def test_object_arguments_are_read_as_they_stand() -> None:
    """Arguments given as JSON are read as their own bytes."""
    data = b'{"choices":[{"message":{"role":"assistant","tool_calls":[{"function":{"name":"a","arguments":{"n": 1.10}}}]}}]}'

    answer = CHAT.read_json(data)
    assert answer.calls == {(0, 0): Call("a", '{"n": 1.10}')}
    assert answer.message is not None
    assert json.loads(answer.message)["tool_calls"][0]["id"] == "call_0"


def test_of_an_audio_answer_only_the_id_goes_back() -> None:
    """The audio guide asks for the id alone."""
    data = completion({"content": None, "audio": {"id": "audio_1", "data": "AAAA"}}, "stop")

    message = CHAT.read_json(data).message
    assert message is not None
    assert json.loads(message)["audio"] == {"id": "audio_1"}


def test_an_error_in_the_place_of_an_answer_has_no_calls() -> None:
    """An error object passes as it is."""
    data = dump({"error": {"message": "overloaded"}})
    answer = CHAT.read_json(data)

    assert (answer.calls, answer.message, answer.cut) == ({}, None, True)
    assert CHAT.write_json(data, {}, [(answer, "x")]) == data


def test_no_choices_at_all_are_no_calls() -> None:
    """An empty list of choices is an answer without text."""
    assert CHAT.read_json(b'{"choices":[]}').text == ""


def test_usage_that_is_missing_stays_missing() -> None:
    """Nothing is invented where a server reports no usage."""
    value = json.loads(completion({"content": "a"}, "stop"))
    del value["usage"]
    answer = CHAT.read_json(dump(value))

    assert answer.usage == {}
    assert "usage" not in json.loads(CHAT.write_json(dump(value), {}, [(answer, sentence())]))


def choices(*indices: int | None) -> bytes:
    """Return an answer with one choice of each index, each with a call of its own; None stands for no index."""
    found = []
    for number, index in enumerate(indices):
        message = {"role": "assistant", "content": None, "tool_calls": [call(f"c{number}")]}
        found.append({"message": message, "finish_reason": "tool_calls", **({} if index is None else {"index": index})})
    return dump({"choices": found})


BAD = {
    "two choices with one index": choices(0, 0),
    "a choice without an index in the place of another one": choices(1, None),
    "a choice with the index of one that has none": choices(None, 0),
    "two of three choices with one index": choices(0, 1, 1),
    "a null index in the place of another one": choices(1, 9).replace(b'"index":9', b'"index":null'),
    "not JSON": b"{",
    "not an object": b"[]",
    "no choices": b'{"object":"chat.completion"}',
    "choices as an object": b'{"choices":{}}',
    "a choice as text": b'{"choices":["a"]}',
    "no message": b'{"choices":[{"index":0}]}',
    "a delta with calls": b'{"choices":[{"index":0,"message":{},"delta":{"tool_calls":[{"id":"a"}]}}]}',
    "tool calls as an object": completion({"tool_calls": {"id": "a"}}),
    "calls in the content": completion({"content": [{"type": "tool_use", "id": "a", "name": "b", "input": {}}]}),
    "content as a number": completion({"content": 7}),
    "calls at the top": completion({"content": "a"}, tool_calls=[call("c")]),
    "the same id twice": completion({"tool_calls": [call("c"), call("c")]}),
    "a repeated key": b'{"choices":[{"message":{"role":"assistant","content":"a","content":"b"}}]}',
    "a call in an error": b'{"error":{"function_call":{"name":"a"}}}',
    "an unknown kind": completion({"tool_calls": [{"id": "a", "type": "shell", "shell": {}}]}),
    "usage of a nameless call": completion({"tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """Invariant 2: what cannot be read cannot be allowed."""
    with pytest.raises(Unreadable):
        CHAT.read_json(BAD[name])


def test_choices_without_an_index_are_known_by_their_place() -> None:
    """A server that numbers nothing loses no call; each is decided for itself."""
    assert list(CHAT.read_json(choices(None, None)).calls) == [(0, 0), (1, 0)]
