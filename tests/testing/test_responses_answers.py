"""What the real SDK makes of the scripted provider's Responses: answers, event streams, runners."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import openai
import pytest
from openai.types.responses import Response
from pydantic import TypeAdapter
from tests.testing.conftest import Connect

from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.responses import Responses
from pinnedrules.testing.script import ProposedCall, Reply, Script
from pinnedrules.testing.shapes import Turn

CALLS = (
    ProposedCall("read_mail", {"id": "m-1", "why": "größer"}),
    ProposedCall("list_mail", "{}", id="call_own"),
    ProposedCall("shell", "ls -la\n", kind="custom"),
)
BOTH = Reply("Let me look.", calls=CALLS, thinking="Which one?")
LOCAL = {"type": "local"}
ITEMS: tuple[Mapping[str, Any], ...] = (
    {"type": "shell_call", "action": {"commands": ["ls -la", "rm -r x"]}, "environment": LOCAL},
    {"type": "local_shell_call", "action": {"type": "exec", "command": ["rm", "x"], "env": {}}},
    {"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "x"}},
    {
        "type": "computer_call",
        "action": {"type": "click", "button": "left", "x": 1, "y": 2},
        "pending_safety_checks": [],
    },
    {"type": "mcp_approval_request", "name": "send", "arguments": '{"to":"x"}', "server_label": "mail"},
    {"type": "mcp_call", "name": "send", "arguments": '{"to":"x"}', "server_label": "mail", "output": "sent"},
    {
        "type": "mcp_call",
        "name": "send",
        "arguments": "{}",
        "server_label": "mail",
        "error": {"type": "mcp_protocol_error", "code": 1, "message": "y"},
    },
    {"type": "mcp_list_tools", "server_label": "mail", "tools": [{"name": "send", "input_schema": {}}]},
    {"type": "web_search_call", "action": {"type": "search", "query": "x"}},
    {"type": "file_search_call", "queries": ["x"], "results": None},
    {"type": "image_generation_call", "result": "aGk="},
    {"type": "code_interpreter_call", "code": "print(1)", "container_id": "cntr_1", "outputs": []},
    {"type": "tool_search_call", "arguments": {"query": "x"}, "execution": "client"},
    {"type": "program", "call_id": "call_p", "code": "await f()", "fingerprint": "fp"},
    {"type": "function_call", "name": "f", "arguments": "{}", "caller": {"type": "program", "caller_id": "call_p"}},
    {"type": "compaction", "encrypted_content": "gAAA"},
    {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "I will not."}]},
    {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "plain"}]},
)


def _events(reply: Reply, **body: Any) -> list[dict[str, Any]]:
    frames = Responses().frames(reply, Turn(3, {"model": "m", "input": "hi", "stream": True, **body}))
    return [json.loads(frame.decode().split("\ndata: ")[1]) for frame in frames]


def _typed() -> TypeAdapter[Any]:
    stream_event = pytest.importorskip("openai.types.responses.response_stream_event")
    return TypeAdapter(stream_event.ResponseStreamEvent)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["type"])
def test_every_item_is_what_the_sdk_says_it_is(item: Mapping[str, Any]) -> None:
    """Every event and the whole answer are valid for the SDK's own types, and every item begins and ends."""
    events = _events(Reply(blocks=[item]))
    adapter, response = _typed(), TypeAdapter(Response)

    for event in events:
        adapter.validate_python(event)
    response.validate_python(events[-1]["response"])

    kinds = [event["type"] for event in events]
    assert kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == 1
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


def test_a_whole_answer_is_valid_for_the_sdk() -> None:
    """Reasoning, text, function and custom calls give valid events, and the last one repeats the whole output."""
    events = _events(BOTH)
    adapter = _typed()

    for event in events:
        adapter.validate_python(event)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]

    assert events[-1]["response"]["output"] == done
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[0]["response"]["output"] == []


def test_json_is_read_whole_by_the_sdk(connect: Connect) -> None:
    """A JSON answer gives the SDK its text, reasoning, calls and usage, and repeats what was asked for."""
    line = connect(BOTH)
    tool: Any = {"type": "function", "name": "read_mail", "parameters": {"type": "object"}, "strict": False}

    answer = line.openai.responses.create(
        model="m", input="hi", instructions="Be brief.", tools=[tool], max_output_tokens=9
    )

    assert answer.output_text == "Let me look."
    assert [item.type for item in answer.output] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
        "custom_tool_call",
    ]
    read, own, custom = (item.to_dict() for item in answer.output[2:])
    assert json.loads(str(read["arguments"])) == {"id": "m-1", "why": "größer"}
    assert (own["call_id"], custom["input"]) == ("call_own", "ls -la\n")
    assert (answer.instructions, answer.max_output_tokens, answer.tools[0].to_dict()) == ("Be brief.", 9, tool)
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


def test_a_stream_gives_what_json_gives(connect: Connect) -> None:
    """The stream helper adds the events up to the same output as the JSON answer, from several deltas."""
    line = connect(BOTH, BOTH)
    whole = line.openai.responses.create(model="m", input="hi")

    with line.openai.responses.stream(model="m", input="hi") as stream:
        kinds = [event.type for event in stream]
        streamed = stream.get_final_response()

    assert kinds.count("response.function_call_arguments.delta") > len(CALLS)
    assert streamed.output_text == whole.output_text
    assert [_bare(item) for item in streamed.output] == [_bare(item) for item in whole.output]


def _bare(item: Any) -> dict[str, Any]:
    ours: dict[str, Any] = item.to_dict()
    parsed = ("id", "parsed", "parsed_arguments")
    bare = {key: value for key, value in ours.items() if key not in parsed}
    if not str(bare.get("call_id", "")).endswith("own"):
        bare.pop("call_id", None)
    if bare.get("content"):
        bare["content"] = [part["text"] for part in bare["content"]]
    return bare


def test_parse_reads_structured_output(connect: Connect) -> None:
    """``responses.parse`` gives the object that the text is."""
    from pydantic import BaseModel

    class Mail(BaseModel):
        subject: str

    line = connect(Reply('{"subject": "hello"}'))

    answer = line.openai.responses.parse(model="m", input="hi", text_format=Mail)

    assert answer.output_parsed == Mail(subject="hello")


def test_an_async_client_streams(connect: Connect) -> None:
    """The async client reads streams over kept-alive connections."""

    async def ask(provider: ScriptedProvider) -> list[str]:
        async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="k") as client:
            texts = []
            for _ in "ab":
                async with client.responses.stream(model="m", input="hi") as stream:
                    texts.append((await stream.get_final_response()).output_text)
            return texts

    with ScriptedProvider(lambda seen: Reply(f"to {seen.user}")) as provider:
        assert asyncio.run(ask(provider)) == ["to hi"] * 2


def test_a_shell_call_shows_its_commands_one_by_one() -> None:
    """A shell call begins without commands; each command has its own events, and the end has them all."""
    events = _events(Reply(blocks=[ITEMS[0]], whole_calls=True))

    added = next(event["item"] for event in events if event["type"] == "response.output_item.added")
    told = [event["command"] for event in events if event["type"] == "response.shell_call_command.done"]

    assert added["action"]["commands"] == []
    assert told == events[-1]["response"]["output"][0]["action"]["commands"] == ["ls -la", "rm -r x"]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        (None, "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("failed", "failed", None),
    ],
)
def test_an_answer_ends_as_it_is_told_to(connect: Connect, finish: str | None, status: str, reason: str | None) -> None:
    """Completed, incomplete with its reason, or failed with an error: in the object and as the last event."""
    line = connect(Reply("x", finish=finish), Reply("x", finish=finish))

    whole = line.openai.responses.create(model="m", input="hi")
    last = list(line.openai.responses.create(model="m", input="hi", stream=True))[-1]

    assert (whole.status, last.type) == (status, f"response.{status}")
    assert (whole.incomplete_details.reason if whole.incomplete_details else None) == reason
    assert (whole.error is not None) == (finish == "failed")


def test_a_stream_without_padding_can_be_asked_for() -> None:
    """Deltas are padded as the service pads them, unless ``include_obfuscation`` is off."""
    padded = _events(Reply("hello"))
    plain = _events(Reply("hello"), stream_options={"include_obfuscation": False})

    assert any("obfuscation" in event for event in padded)
    assert not any("obfuscation" in event for event in plain)


def test_the_model_sees_what_was_sent(connect: Connect) -> None:
    """``Seen`` tells Responses as it tells the other dialects, builtin and provider-run calls included."""
    line = connect(Reply("ok"))
    items: Any = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "g", "input": "free"},
        {"type": "shell_call", "call_id": "c3", "action": {"commands": ["ls"]}},
        {
            "type": "apply_patch_call",
            "call_id": "c4",
            "status": "completed",
            "operation": {"type": "delete_file", "path": "x"},
        },
        {"type": "mcp_approval_request", "id": "mcpr_1", "name": "send", "arguments": "{}", "server_label": "s"},
        {"type": "mcp_call", "id": "mcp_1", "name": "look", "arguments": "{}", "server_label": "s", "output": "seen"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "one"}]},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "two"},
        {"type": "shell_call_output", "call_id": "c3", "output": [{"stdout": "three", "stderr": "", "outcome": {}}]},
        {"type": "apply_patch_call_output", "call_id": "c4", "status": "completed", "output": "four"},
        {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": False},
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "web_search"}]},
    ]
    inner = {"type": "function", "name": "inner"}
    tools: Any = [{"type": "function", "name": "f"}, {"type": "namespace", "name": "ns", "tools": [inner]}]

    line.openai.responses.create(
        model="m", instructions="Rules.", input=items, tools=tools, store=False, extra_headers={"X-Case": "a"}
    )

    seen = line.provider.seen[0]
    assert (seen.dialect, seen.system, seen.user) == ("responses", "Rules.\nBe brief.", "hi")
    assert seen.by_role("tool") == ("one", "two", "three", "four")
    assert [(call.name, call.result) for call in seen.calls] == [
        ("f", "one"),
        ("g", "two"),
        ("shell", "three"),
        ("apply_patch", "four"),
        ("send", "denied"),
        ("look", "seen"),
    ]
    assert seen.calls[2].input == {"commands": ["ls"]}
    assert list(seen.tools) == ["f", "inner", "web_search"]
    assert (seen.headers["x-case"], seen.model, len(seen.messages)) == ("a", "m", len(items))


@pytest.mark.parametrize(
    "how", [{}, {"stream": True}, {"stream": True, "eager": True}], ids=["json", "stream", "eager"]
)
def test_the_tool_runner_runs_its_loop(how: dict[str, bool]) -> None:
    """The SDK's own runner runs the calls and sends their outputs back, all accepted."""
    runner = pytest.importorskip("openai.lib.responses_tool_runner")
    ran: list[object] = []

    def look(arguments: dict[str, object]) -> str:
        ran.append(arguments["query"])
        return "found"

    parameters = {
        "type": "object",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
        "additionalProperties": False,
    }
    tool = {"type": "function", "name": "look", "parameters": parameters, "strict": True}
    script = Script([Reply(calls=[ProposedCall("look", {"query": "x"})]), Reply("done")])
    with (
        ScriptedProvider(script) as provider,
        openai.OpenAI(base_url=provider.openai_url, api_key="k") as client,
    ):
        functions = [runner.RegisteredFunction(tool, look)]
        answer = runner.ResponsesToolRunner(functions=functions).run(client, {"model": "m", "input": "hi"}, **how)

    assert (answer.output_text, ran) == ("done", ["x"])
    assert [exchange.status for exchange in provider.requests] == [200, 200]
