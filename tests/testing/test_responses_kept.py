"""What the scripted provider keeps of Responses: continued responses, conversations, the background, compactions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anthropic
import openai
import pytest
from tests.testing.conftest import Connect, Line

from pinnedrules.testing.asserts import assert_all_accepted
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

CALL = Reply("Looking.", calls=[ProposedCall("look", {"at": "x"}, id="call_1")])
OUTPUT: Any = {"type": "function_call_output", "call_id": "call_1", "output": "found"}


def _dict(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = model.to_dict(warnings=False)
    return found


def _text(item: Any) -> str:
    return str(_dict(item)["content"][0]["text"])


def test_a_continued_response_has_its_history_and_not_its_instructions(connect: Connect) -> None:
    """``previous_response_id`` brings the items of before; instructions are not carried over."""
    line = connect(CALL, Reply("Done."), Reply("Again."))
    first = line.openai.responses.create(model="m", input="hi", instructions="Rules.")

    second = line.openai.responses.create(model="m", input=[OUTPUT], previous_response_id=first.id)

    seen = line.provider.seen[1]
    assert (seen.system, seen.user, seen.by_role("tool")) == ("", "hi", ("found",))
    assert [(call.name, call.result) for call in seen.calls] == [("look", "found")]
    assert [item["type"] for item in seen.history] == ["message", "message", "function_call"]
    assert second.previous_response_id == first.id
    line.openai.responses.create(model="m", input="more", previous_response_id=second.id)
    assert line.provider.seen[2].by_role("assistant") == ("Looking.", "Done.")


def test_a_continued_response_wants_its_outputs(connect: Connect) -> None:
    """A call that the provider holds needs its output too."""
    line = connect(CALL)
    first = line.openai.responses.create(model="m", input="hi")

    with pytest.raises(openai.BadRequestError, match="No tool output found for function call call_1"):
        line.openai.responses.create(model="m", input="go on", previous_response_id=first.id)


def test_kept_items_can_be_referred_to(connect: Connect) -> None:
    """An item reference stands for the item; together with its history it is there twice."""
    line = connect(Reply("One."), Reply("Two."))
    first = line.openai.responses.create(model="m", input="hi")
    reference: Any = {"type": "item_reference", "id": first.output[0].to_dict()["id"]}

    line.openai.responses.create(model="m", input=[reference, {"role": "user", "content": "and?"}])
    with pytest.raises(openai.BadRequestError, match="Duplicate item found"):
        line.openai.responses.create(model="m", input=[reference], previous_response_id=first.id)

    assert line.provider.seen[1].by_role("assistant") == ("One.",)


def test_a_response_can_be_got_listed_and_deleted(connect: Connect) -> None:
    """GET gives the same object; its input can be listed; after DELETE it is gone, and cannot be continued."""
    line = connect(Reply("One."), Reply("Two.", error_after_frames=2))
    first = line.openai.responses.create(
        model="m", input=[{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    )

    assert line.openai.responses.retrieve(first.id).to_dict() == first.to_dict()
    assert [_text(item) for item in line.openai.responses.input_items.list(first.id)] == ["b", "a"]
    with pytest.raises(openai.BadRequestError, match="cannot be streamed"):
        line.openai.responses.retrieve(first.id, stream=True)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        line.openai.responses.cancel(first.id)
    line.openai.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError, match="Response with id"):
        line.openai.responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError, match="Previous response"):
        line.openai.responses.create(model="m", input="go on", previous_response_id=first.id)


def test_what_is_not_to_be_kept_is_not(connect: Connect) -> None:
    """``store: false`` and an answer that broke off leave nothing behind."""
    line = connect(Reply("One."), Reply("Two.", error_after_frames=2))
    first = line.openai.responses.create(model="m", input="hi", store=False)
    created, _, error = line.openai.responses.create(model="m", input="hi", stream=True)

    assert (created.type, error.type) == ("response.created", "error")
    assert error.sequence_number == 2
    for ident in (first.id, _dict(created)["response"]["id"]):
        with pytest.raises(openai.NotFoundError):
            line.openai.responses.retrieve(ident)


@pytest.mark.parametrize(
    ("polls", "statuses"), [(0, ["completed"]), (3, ["queued", "queued", "in_progress", "completed"])]
)
def test_a_background_response_is_there_after_its_polls(connect: Connect, polls: int, statuses: list[str]) -> None:
    """The first answer is queued; the calls come from GET, after as many polls as scripted."""
    line = connect(Reply("Looking.", calls=CALL.calls, polls=polls))
    answer = line.openai.responses.create(model="m", input="hi", background=True)
    assert (answer.status, answer.output) == ("queued", [])

    seen = [line.openai.responses.retrieve(answer.id) for _ in statuses]

    assert [response.status for response in seen] == statuses
    assert [len(response.output) for response in seen] == [0] * polls + [2]
    assert line.openai.responses.cancel(answer.id).status == "completed"


def test_a_background_response_can_be_cancelled(connect: Connect) -> None:
    """What is cancelled in time never has an output."""
    line = connect(Reply("Late.", polls=3))
    answer = line.openai.responses.create(model="m", input="hi", background=True)

    assert line.openai.responses.cancel(answer.id).status == "cancelled"
    assert (line.openai.responses.retrieve(answer.id).output, line.provider.requests[2].status) == ([], 200)


def test_a_background_stream_can_be_resumed(connect: Connect) -> None:
    """A stream that was cut goes on behind the last event that was read; the reply's faults are not repeated."""
    line = connect(
        Reply("hello " * 20, calls=CALL.calls, cut_after_frames=6, cut_cleanly=True, crlf=True, chunk_bytes=9)
    )
    with line.openai.responses.create(model="m", input="hi", background=True, stream=True) as stream:
        first = list(stream)
    ident = _dict(first[0])["response"]["id"]

    rest = list(line.openai.responses.retrieve(ident, stream=True, starting_after=first[-1].sequence_number))

    assert [event.type for event in first[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert [event.sequence_number for event in [*first, *rest]] == list(range(len(first) + len(rest)))
    assert rest[-1].type == "response.completed"
    assert line.openai.responses.retrieve(ident).status == "completed"


def test_a_conversation_keeps_what_was_asked_and_answered(connect: Connect) -> None:
    """Input and output join the conversation when the answer is done; the next request is shown all of it."""
    line = connect(CALL, Reply("Done.", polls=1), Reply("Again."))
    conversation = line.openai.conversations.create(items=[{"role": "user", "content": "hello"}], metadata={"a": "b"})

    first = line.openai.responses.create(model="m", input="one", conversation=conversation.id)
    second = line.openai.responses.create(
        model="m", input=[OUTPUT], conversation={"id": conversation.id}, background=True
    )
    assert len(_items(line, conversation.id)) == 4
    line.openai.responses.retrieve(second.id)
    line.openai.responses.retrieve(second.id)
    line.openai.responses.create(model="m", input="two", conversation=conversation.id)

    assert first.conversation is not None
    assert first.conversation.id == conversation.id
    assert line.provider.seen[2].user == "hello\none\ntwo"
    assert line.provider.seen[2].by_role("assistant") == ("Looking.", "Done.")
    assert len(_items(line, conversation.id)) == 8


def _items(line: Line, conversation: str) -> list[Any]:
    return list(line.openai.conversations.items.list(conversation, order="asc"))


def test_conversations_and_their_items_can_be_changed(connect: Connect) -> None:
    """Items are added, got, listed in pages and deleted; so are conversations, and an unknown one gives status 404."""
    line = connect(Reply("ok"))
    api = line.openai.conversations
    conversation = api.create()
    many: Any = [{"role": "user", "content": f"text {number}"} for number in range(25)]
    added = api.items.create(conversation.id, items=many)

    assert (len(added.data), added.has_more) == (25, False)
    assert [_text(item) for item in api.items.list(conversation.id, limit=10)] == [
        f"text {number}" for number in reversed(range(25))
    ]
    first = added.data[0].to_dict()["id"]
    assert api.items.retrieve(str(first), conversation_id=conversation.id).to_dict()["id"] == first
    api.items.delete(str(first), conversation_id=conversation.id)
    with pytest.raises(openai.NotFoundError, match="Item with id"):
        api.items.retrieve(str(first), conversation_id=conversation.id)
    assert (
        api.update(conversation.id, metadata={"k": "v"}).metadata
        == api.retrieve(conversation.id).metadata
        == {"k": "v"}
    )
    line.openai.responses.create(model="m", input="hi", conversation=conversation.id)
    assert len(line.provider.seen[0].by_role("user")) == 25
    assert api.delete(conversation.id).deleted
    with pytest.raises(openai.NotFoundError, match="Conversation with id"):
        line.openai.responses.create(model="m", input="hi", conversation=conversation.id)
    unknown: Any = [{"type": "teleport"}]
    with pytest.raises(openai.BadRequestError, match="teleport"):
        api.create(items=unknown)


def test_the_compaction_endpoint_gives_the_user_s_words_and_one_sealed_item(connect: Connect) -> None:
    """Developer messages and calls are folded away; the model reads the summary when the item comes back."""
    line = connect(Reply("The developer wanted care."), Reply("ok"))
    items: Any = [
        {"role": "developer", "content": "Be careful."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
    ]

    compacted = line.openai.responses.compact(model="m", input=items)
    output: Any = [item.to_dict(warnings=False) for item in compacted.output]
    line.openai.responses.create(model="m", input=[*output, {"role": "user", "content": "go"}])

    assert (compacted.object, [item["type"] for item in output]) == ("response.compaction", ["message", "compaction"])
    assert "care" not in output[1]["encrypted_content"]
    assert list(line.provider.seen[1].texts) == [
        ("user", "one"),
        ("assistant", "The developer wanted care."),
        ("user", "go"),
    ]
    assert_all_accepted(line.provider)


def test_the_compaction_endpoint_takes_a_kept_response(connect: Connect) -> None:
    """What the provider holds can be compacted by id."""
    line = connect(Reply("One."), Reply("sum"))
    first = line.openai.responses.create(model="m", input="hi")

    compacted = line.openai.responses.compact(model="m", previous_response_id=first.id)

    assert [item.type for item in compacted.output] == ["message", "compaction"]
    assert line.provider.seen[1].user == "hi"


def test_the_compaction_endpoint_has_no_stream(connect: Connect) -> None:
    """Whoever asks for a stream there gets the object all the same."""
    line = connect(Reply("sum"))

    answer = line.openai.post(
        "/responses/compact", body={"model": "m", "input": "hi", "stream": True}, cast_to=dict[str, Any]
    )

    assert answer["object"] == "response.compaction"


@pytest.mark.parametrize("streamed", [False, True])
def test_the_service_compacts_when_it_is_asked_to(connect: Connect, streamed: bool) -> None:
    """A compaction item comes before the answer, with its event; what stood before it is not shown again."""
    line = connect(Reply("One."), Reply("Two.", compaction="They said hi."), Reply("Three."))
    first = line.openai.responses.create(model="m", input="hi", instructions="Rules.")
    armed: Any = [{"type": "compaction", "compact_threshold": 1000}]
    ask: dict[str, Any] = {"model": "m", "input": "more", "previous_response_id": first.id, "context_management": armed}
    if streamed:
        with line.openai.responses.stream(**ask) as stream:
            assert "response.compaction.compacting" in [event.type for event in stream]
            second: Any = stream.get_final_response()
    else:
        second = line.openai.responses.create(**ask)

    line.openai.responses.create(model="m", input="and?", previous_response_id=second.id)

    assert [item.type for item in second.output] == ["compaction", "message"]
    assert line.provider.seen[2].by_role("assistant") == ("They said hi.", "Two.")
    assert line.provider.seen[2].user == "and?"


def test_a_trigger_gives_one_compaction_item_and_nothing_else(connect: Connect) -> None:
    """A ``compaction_trigger`` is answered as a client needs it that fails on anything else."""
    line = connect(Reply("A summary."))
    trigger: Any = [{"role": "user", "content": "hi"}, {"type": "compaction_trigger"}]

    answer = line.openai.responses.create(model="m", input=trigger, store=False, stream=True)
    last = _dict(list(answer)[-1])

    assert [item["type"] for item in last["response"]["output"]] == ["compaction"]


@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
def test_a_compaction_that_nobody_asked_for_is_the_script_s_mistake(dialect: str) -> None:
    """A reply that compacts where the service would not is reported at the end, in every dialect."""
    hi: Any = [{"role": "user", "content": "hi"}]

    def ask(provider: ScriptedProvider) -> None:
        with (
            openai.OpenAI(base_url=provider.openai_url, api_key="k", max_retries=0) as client,
            anthropic.Anthropic(base_url=provider.url, api_key="k", max_retries=0) as claude,
        ):
            create: dict[str, Callable[[], object]] = {
                "chat": lambda: client.chat.completions.create(model="m", messages=hi),
                "messages": lambda: claude.messages.create(model="m", max_tokens=9, messages=hi),
                "responses": lambda: client.responses.create(model="m", input="hi", stream=True),
            }
            with pytest.raises((openai.InternalServerError, anthropic.InternalServerError)):
                create[dialect]()

    with pytest.raises(ValueError, match="compact"), ScriptedProvider(Script([Reply(compaction="sum")])) as provider:
        ask(provider)
