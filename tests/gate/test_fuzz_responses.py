"""Answers of the Responses API in any disorder, through the whole gate: a refused call never reaches the caller.

Streams and JSON answers are made well-formed and then spoiled: events and items left out, doubled, moved, renamed, given other
indices and ids, put inside of each other, cut into other chunks, under another content type and status.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.gate.scenario import Scenario, user

from pinnedrules.errors import Refused

CALL_ID, MARK = "call_denied", "mark-7f3"
NAMES = ("delete_mail", "send_email", "stranger")

RUNNABLE = {"apply_patch_call", "computer_call", "custom_tool_call", "function_call", "local_shell_call"}
RUNNABLE |= {"mcp_approval_request", "shell_call"}
ECHOED = {"instructions", "metadata", "prompt", "text", "tool_choice", "tools"}
BROUGHT = {"action", "actions", "arguments", "input", "operation", "output", "outputs", "results"}
SHOWS = ("response.function_call_", "response.custom_tool_call_")
PARTS = {"arguments": "function_call_arguments", "input": "custom_tool_call_input"}

Json = dict[str, Any]


def denied_items() -> Iterator[Json]:
    """Every kind of call, none of which the rules allow."""
    base = {"id": "it_1", "call_id": CALL_ID, "status": "completed"}
    for name in NAMES:
        yield {**base, "type": "function_call", "name": name, "arguments": json.dumps({"id": MARK})}
        yield {**base, "type": "custom_tool_call", "name": name, "input": MARK}
    yield {**base, "type": "local_shell_call", "action": {"type": "exec", "command": [MARK]}}
    yield {**base, "type": "shell_call", "action": {"commands": [MARK]}}
    yield {**base, "type": "apply_patch_call", "operation": {"type": "delete_file", "path": MARK}}
    yield {**base, "type": "computer_call", "action": {"type": "type", "text": MARK}, "pending_safety_checks": []}
    asked = {"id": CALL_ID, "server_label": "crm", "name": "drop", "arguments": json.dumps({"id": MARK})}
    yield {"type": "mcp_approval_request", **asked}


ALLOWED: Json = {
    "type": "function_call",
    "id": "it_2",
    "call_id": "call_fine",
    "name": "archive",
    "arguments": '{"id":"7"}',
    "status": "completed",
}
SAID: Json = {
    "type": "message",
    "id": "it_3",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi.", "annotations": []}],
}
THOUGHT: Json = {"type": "reasoning", "id": "it_4", "summary": [], "encrypted_content": "b3BhcXVl"}
ITEMS = st.sampled_from([*denied_items(), ALLOWED, SAID, THOUGHT])


def whole(output: list[Json], status: str = "completed") -> Json:
    return {"id": "resp_1", "object": "response", "status": status, "output": output, "tools": [], "usage": None}


def events_of(output: list[Json]) -> list[Json]:
    """A well-formed stream of these items."""
    events: list[Json] = [{"type": "response.created", "response": whole([], "in_progress")}]
    for index, item in enumerate(output):
        where = {"output_index": index, "item_id": item["id"]}
        begun = {**item, "status": "in_progress"}
        begun |= {member: "" for member in PARTS if item["type"].endswith("_call") and member in item}
        events.append({"type": "response.output_item.added", "output_index": index, "item": begun})
        for member, stem in PARTS.items():
            if begun.get(member) == "":
                events.append({"type": f"response.{stem}.delta", **where, "delta": item[member]})
                events.append({"type": f"response.{stem}.done", **where, member: item[member]})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return [*events, {"type": "response.completed", "response": whole(output)}]


def objects(value: Any) -> Iterator[Json]:
    """Every object in *value*, the outer ones first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


KEYS = ["type", "output_index", "item_id", "id", "call_id", "name", "arguments", "input", "status", "item", "response"]
KEYS += ["output", "delta", "error", "namespace", "role", "content", "environment", "execution", "action", "text", "x"]
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, True, 0, 1, 2, 7, -1, "", "it_1", "it_2", CALL_ID, "call_fine", "archive", "message", "local"]
    ),
    st.sampled_from(["function_call", "custom_tool_call", "reasoning", "web_search_call", "function_call_output"]),
    st.sampled_from(["response.completed", "response.failed", "response.output_item.done", "error", "response.x"]),
    st.sampled_from([[], {}, {"type": "container_auto"}, {"message": "no"}, *denied_items()]),
)


@st.composite
def spoiled(draw: st.DrawFn, value: list[Json]) -> list[Json]:
    """Return a list of events or items with a few things wrong."""
    found: list[Json] = json.loads(json.dumps(value))  # a copy in which nothing is shared
    for _ in range(draw(st.integers(0, 3))):
        if not found:
            break
        at, to = draw(st.integers(0, len(found) - 1)), draw(st.integers(0, len(found) - 1))
        match draw(st.integers(0, 5)):
            case 0:
                del found[at]
            case 1:
                found.insert(to, copy.deepcopy(found[at]))
            case 2:
                found.insert(to, found.pop(at))
            case 3:
                inside = list(objects(found[at]))
                draw(st.sampled_from(inside))[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(VALUES))
            case 4:
                inside = list(objects(found[at]))
                target = draw(st.sampled_from(inside))
                if target:
                    del target[draw(st.sampled_from(sorted(target)))]
            case _:
                target = draw(st.sampled_from(list(objects(found[at]))))
                target[draw(st.sampled_from(KEYS))] = copy.deepcopy(found[to])
    return found


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    output = draw(st.lists(ITEMS, min_size=1, max_size=3))
    form: Callable[[Json], str] = draw(
        st.sampled_from(
            [
                lambda event: f"event: {event.get('type')}\ndata: {json.dumps(event)}\n\n",
                lambda event: f"data: {json.dumps(event)}\n\n",
                lambda event: "".join(f"data: {line}\n" for line in json.dumps(event, indent=1).splitlines()) + "\n",
                lambda event: f"{json.dumps(event)}\n",
                lambda event: f"event: response.x\r\ndata:{json.dumps(event)}\r\n\r\n",
            ]
        )
    )
    ending = draw(st.sampled_from(["", "data: [DONE]\n\n", "data: {", ": bye\n"]))
    return ("".join(map(form, draw(spoiled(events_of(output))))) + ending).encode()


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    output = draw(spoiled(draw(st.lists(ITEMS, min_size=1, max_size=3))))
    answer = [*draw(spoiled([whole(output)])), whole(output)][0]
    return json.dumps(answer, indent=draw(st.sampled_from([None, 1]))).encode()


def reached(value: Any) -> Iterator[Json]:
    """Every object in *value* that some program could take for a call: not what an answer repeats of its request, and not
    what a tool of the provider was given or brought back."""
    if isinstance(value, list):
        for inner in value:
            yield from reached(inner)
    elif isinstance(value, dict):
        yield value
        kind = str(value.get("type", "response."))
        run = kind.startswith("response.") or kind in RUNNABLE
        for key, inner in value.items():
            if key not in ECHOED and (run or key not in BROUGHT):
                yield from reached(inner)


def read(body: bytes) -> Iterator[Any]:
    """All JSON that a program of any habit could find: the whole, each line, each event's data."""
    texts = [body, *body.splitlines()]
    texts += [line.partition(b":")[2] for line in body.splitlines() if line.startswith(b"data")]
    for event in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        texts.append(b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:")))
    for text in texts:
        try:
            yield json.loads(text)
        except ValueError:
            continue


def allowed(call: Json) -> bool:
    """Whether the rules could allow what is shown; everything else is denied or nobody answers for it."""
    if call["type"] == "shell_call" and isinstance(call.get("environment"), dict):
        return bool(call["environment"].get("type") == "container_auto")
    mine = call["type"] in ("function_call", "custom_tool_call")
    return mine and call.get("name") == "archive" and call.get("namespace") in (None, "", "archive")


def runnable(body: bytes) -> list[Json]:
    """The calls that stand in what a caller got, as a program without any checks would find them."""
    found = [value for one in read(body) for value in reached(one) if value.get("type") in list(RUNNABLE)]
    shown = {json.dumps(value) for value in found}
    deltas = [one for one in read(body) if isinstance(one, dict) and str(one.get("type")).startswith(SHOWS)]
    return [
        *(value for value in found if not allowed(value)),
        *(value for value in deltas if MARK in json.dumps(value) and not any(MARK in text for text in shown)),
    ]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.one_of(streams(), answers()),
    media=st.sampled_from(["", "text/event-stream", "application/json"]),
    status=st.sampled_from([0, 0, 0, 300, 400]),
    stream=st.booleans(),
    split=st.sampled_from([0, 1, 7]),
    poll=st.booleans(),
)
def test_a_refused_call_is_never_in_what_the_caller_gets(
    body: bytes, media: str, status: int, stream: bool, split: int, poll: bool
) -> None:
    """Invariant 1, for answers that no provider would send."""
    scenario = Scenario(responses=True, stream=stream, media=media, status=status, policy={"on_denied": "end"})
    parts = [body[start : start + split] for start in range(0, len(body), split)] if split else [body]
    asked = b"" if poll else scenario.request(user("go"))
    more: Json = {"path": "GET /v1/responses/resp_1", "kind": "poll"} if poll else {}

    result = scenario.exchange(asked, list(parts), **more)

    assert result.error is None or isinstance(result.error, Refused)
    assert runnable(result.body) == []


def test_the_reader_of_this_file_finds_what_it_looks_for() -> None:
    """The negative control: ungated, every one of these calls is found in a JSON answer and in a stream."""
    for item in denied_items():
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events_of([SAID, item]))
        assert runnable(json.dumps(whole([item])).encode())
        assert len(runnable(stream.encode())) >= 3
