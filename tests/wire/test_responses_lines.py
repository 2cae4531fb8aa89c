"""Lines in the input of the Responses API: where they are put, and that nothing else moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.errors import Unreadable
from pinnedrules.wire.framework import Framework
from pinnedrules.wire.json_text import Object, items
from pinnedrules.wire.openai_responses import OpenAIResponses
from pinnedrules.wire.openai_responses_lines import answers_in, with_lines

CALL = {"type": "function_call", "call_id": "c", "name": "n", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": ""}
SAID = {"role": "assistant", "content": "x"}
ASKED = {"role": "user", "content": "x"}
THOUGHT: dict[str, Any] = {"type": "reasoning", "summary": []}

talks = st.lists(st.sampled_from([CALL, RESULT, SAID, ASKED, THOUGHT]), max_size=8)


def body(given: Any) -> bytes:
    return json.dumps({"model": "gpt", "input": given}).encode()


def raw(talk: list[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(one).encode() for one in talk]


def line(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "developer", "content": text}


@given(talks, st.data())
def test_every_line_stands_behind_its_item_and_the_items_keep_their_bytes(talk: Any, data: st.DataObject) -> None:
    """Rule 4 of every dialect: what is not edited is given back byte-identical. The patch says the same."""
    at = data.draw(st.lists(st.integers(0, len(talk) - 1), max_size=4, unique=True)) if talk else []
    told = [(index, f"line {index}") for index in sorted(at)]
    before = body(talk)
    after, patch = with_lines(before, told)
    expected = [one for index, item in enumerate(talk) for one in (item, *[line(x) for n, x in told if n == index])]
    assert json.loads(after)["input"] == expected
    own = [one for one in items(Object(after).get("input") or b"[]") if b"developer" not in one]
    assert own == raw(talk)
    patched = list(talk)
    for operation in patch:
        patched.insert(int(str(operation["path"]).removeprefix("/input/")), operation["value"])
    assert patched == expected
    assert with_lines(after, [(index + n, text) for n, (index, text) in enumerate(told)]) == (after, ())


def test_lines_behind_the_block_and_lines_in_the_input_go_together() -> None:
    """What is resent every time stands in the instructions, what has a place in the input."""
    placed, _ = OpenAIResponses().place(body("go"), "BLOCK")
    after, patch = OpenAIResponses().append(placed, [(-1, "told"), (0, "again")], "BLOCK")
    found = json.loads(after)
    assert found["instructions"] == "BLOCK\n\ntold"
    assert found["input"] == [{"type": "message", "role": "user", "content": "go"}, line("again")]
    assert [operation["path"] for operation in patch] == ["/instructions", "/input", "/input/1"]
    assert OpenAIResponses().append(placed, [], "BLOCK") == (placed, ())


@given(talks)
def test_an_answer_is_a_row_of_the_models_items(talk: Any) -> None:
    """Thoughts, calls and words that follow each other are one answer."""
    kinds = "".join("m" if one in (CALL, SAID, THOUGHT) else "." for one in talk)
    assert len(answers_in(raw(talk))) == len([row for row in kinds.split(".") if row])
    assert all(kinds[number] == "m" and kinds[number + 1 : number + 2] != "m" for number in answers_in(raw(talk)))


def test_an_item_of_an_unknown_type_is_no_answer() -> None:
    """What cannot be read is not guessed at."""
    with pytest.raises(Unreadable):
        answers_in([b'{"type":"new"}'])


def test_an_adapters_requests_have_no_place_for_lines_but_behind_the_block() -> None:
    """A framework keeps its history apart from what it sends."""
    assert Framework().answers(raw([ASKED, SAID])) == ()
