"""A whole answer of the Responses API, as JSON: a ``response`` or what ``/responses/compact`` gives.

https://platform.openai.com/docs/api-reference/responses/object and ``types/responses/response.py``,
``compacted_response.py`` of openai-python 3.54.

An answer repeats much of its request (tools, instructions, the schema of its text, metadata). What stands there was not
said by the model and nobody runs it, so calls are looked for everywhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Answer, Key
from pinnedrules.wire.hidden import refuse_hidden_calls
from pinnedrules.wire.json_text import Object, array, as_object, dumps, items, loads
from pinnedrules.wire.openai_responses_items import CALLS, read_call, rewritten_item
from pinnedrules.wire.openai_responses_tools import listed_tools, own_tools
from pinnedrules.wire.placeholder import tokens
from pinnedrules.wire.usage import add_usage

__all__ = [
    "ResponsesAnswer",
    "Shown",
    "compactions",
    "found_markers",
    "item_call",
    "kept_at",
    "may_be_call",
    "message_item",
    "read_json",
    "refuse_beside_output",
    "refuse_repeated_ids",
    "summed_usage",
    "visible_text",
    "was_cut",
    "write_json",
    "written_item",
]

_ECHOED = frozenset({"instructions", "metadata", "prompt", "text", "tool_choice", "tools"})
_RUNNING = frozenset({"queued", "in_progress"})
_OTHER_INPUT = ("context_compacted", "input_changed")
_CUT = frozenset({"incomplete", "failed", "cancelled"})
# What a model says holds no calls at any depth. In a call only its own text is data; in all other items these members are:
# what a tool of the provider was given and brought back, which nobody runs.
_TEXT_OF = {
    **dict.fromkeys(("agent_message", "compaction", "message", "reasoning"), frozenset[str]()),
    "apply_patch_call": frozenset({"operation"}),
    "computer_call": frozenset({"action", "actions"}),
    "custom_tool_call": frozenset({"input"}),
    "function_call": frozenset({"arguments"}),
    "local_shell_call": frozenset({"action"}),
    "mcp_approval_request": frozenset({"arguments"}),
    "shell_call": frozenset({"action"}),
    "tool_search_call": frozenset({"arguments"}),
}
_DATA = frozenset({"action", "actions", "arguments", "input", "operation", "output", "outputs", "results", "tools"})


class Shown(Protocol):
    """The stream that an answer was read from: how far the caller's own stream has come with it."""

    @property
    def next_index(self) -> int:
        """The index of the next output item in the caller's stream."""
        ...

    @property
    def next_number(self) -> int:
        """The sequence number of the next event in the caller's stream."""
        ...

    @property
    def visible(self) -> tuple[bytes, ...]:
        """The output items that the caller's stream has shown, as JSON."""
        ...

    @property
    def began_as(self) -> str:
        """The id of the response that the caller's stream began with."""
        ...


@dataclass(frozen=True, slots=True)
class ResponsesAnswer(Answer):
    """An answer that also knows how far the caller's stream has come with it.

    ``id`` is the provider's own id of it. ``began_as`` is the id under which the caller knows it: another one when its
    stream began with a former answer that the gate replied to itself, because openai-python 3.54 refuses a stream whose
    response changes its id (``ResponseStreamState.accumulate_event``).
    """

    id: str = ""
    began_as: str = ""
    shown: Shown | None = field(default=None, compare=False)


def read_json(body: bytes) -> ResponsesAnswer:
    """Read a ``response`` or ``response.compaction`` object, or the error a server sends instead. Raises Unreadable."""
    answer = as_object(body)
    if answer.get("output") is None and answer.get("error") is not None:
        refuse_hidden_calls(answer)
        return ResponsesAnswer(calls={}, message=None, text="", finish="error", cut=True)
    output, status = answer.get("output"), answer.get("status")
    if output is None and isinstance(status, str):
        output = []  # a response that has not begun, or that failed before it did
    if not isinstance(output, list):
        raise Unreadable("an answer without output")
    raws = items(Object(body).get("output") or b"[]") if output else []
    tools = own_tools(answer.get("tools"))
    for item in output:
        tools.definitions.update(listed_tools(item))
    calls: dict[Key, Call] = {}
    for index, raw in enumerate(raws):
        call = item_call(raw)
        if call is not None:
            calls[(index,)] = replace(call, declared=tools.get(call.name), definition=tools.definitions.get(call.name))
    refuse_repeated_ids(calls.values())
    refuse_beside_output(answer)
    usage, identifier = answer.get("usage"), answer.get("id")
    return ResponsesAnswer(
        calls=calls,
        message=array(raws),
        text=visible_text(output),
        finish=status if isinstance(status, str) else "",
        cut=was_cut(status),
        usage=usage if isinstance(usage, dict) else {},
        markers=found_markers(answer, output),
        places=kept_at(answer),
        compactions=compactions(raws),
        running=status in _RUNNING,
        id=identifier if isinstance(identifier, str) else "",
        began_as=identifier if isinstance(identifier, str) else "",
    )


def item_call(raw: bytes) -> Call | None:
    """Return the call of a complete output item, None for any other. Raises Unreadable when an item hides one."""
    _refuse_inside(raw)
    return read_call(raw)


def may_be_call(raw: bytes) -> bool:
    """Say whether an output item that may still grow is a call for the caller to run. Raises Unreadable.

    One that can be a call is taken for one until it is known to run at the provider.
    """
    kind = _refuse_inside(raw)
    try:
        return read_call(raw) is not None
    except Unreadable:
        if kind not in CALLS:
            raise
        return True


def _refuse_inside(raw: bytes) -> object:
    """Raise Unreadable when an output item hides a call inside, else return its type."""
    item = loads(raw)
    if not isinstance(item, dict):
        raise Unreadable("an output item that is not an object")
    kind = item.get("type")
    free = _TEXT_OF.get(kind, _DATA) if isinstance(kind, str) else _DATA
    refuse_hidden_calls([value for key, value in item.items() if key not in free])
    return kind


def refuse_beside_output(answer: Mapping[str, object]) -> None:
    """Raise Unreadable when a response object holds a call beside its output and what it repeats of its request."""
    refuse_hidden_calls({key: value for key, value in answer.items() if key != "output" and key not in _ECHOED})


def refuse_repeated_ids(calls: Iterable[Call]) -> None:
    """Raise Unreadable when two calls share an id, so that a result could belong to either."""
    ids = [call.id for call in calls]
    if len(ids) != len(set(ids)):
        raise Unreadable("two tool calls with the same id")


def visible_text(output: Iterable[object]) -> str:
    """Return the text of an output's messages, joined without anything between."""
    texts: list[str] = []
    for item in output:
        content = item.get("content") if isinstance(item, dict) and item.get("type") == "message" else None
        if not isinstance(item, dict) or item.get("role") != "assistant" or not isinstance(content, list):
            continue
        parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "output_text"]
        texts += [text for text in parts if isinstance(text, str)]
    return "".join(texts)


def was_cut(status: object) -> bool:
    """Say whether the model cannot simply be asked to go on after a response of this status."""
    return status in _CUT


def kept_at(answer: Mapping[str, object]) -> tuple[str, ...]:
    """Name the places where the provider keeps a response, so that a later request may continue it.

    A server that does not repeat ``store`` may keep it: the API's default is to. A compaction cannot be continued.
    """
    places: list[str] = []
    identifier, conversation = answer.get("id"), answer.get("conversation")
    kept = answer.get("store") is not False and answer.get("object") != "response.compaction"
    if kept and isinstance(identifier, str) and identifier:
        places.append(f"response:{identifier}")
    named = conversation.get("id") if isinstance(conversation, dict) else conversation
    if isinstance(named, str) and named:
        places.append(f"conversation:{named}")
    return tuple(places)


def compactions(raws: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the items that are the outcome of a compaction."""
    return tuple(raw for raw in raws if b"compaction" in raw and Object(raw).value("type") == "compaction")


def found_markers(answer: Mapping[str, object], output: Sequence[object]) -> tuple[str, ...]:
    """Name the provider-side compaction that an answer reports, or that its settings leave open (``truncation``).

    Reasoning that is left out because its turn is over says nothing; left out for another reason, as when the prefix
    changed (``response.py``, ``InputTransformation``), it does. So does the cache's comparison with a former response,
    where the program asked for one (``PromptCacheDiagnostics``).
    """
    markers = []
    if any(isinstance(item, dict) and item.get("type") == "compaction" for item in output):
        markers.append("answer:compaction")
    changed = answer.get("input_transformations")
    reasons = [one.get("reason") for one in changed if isinstance(one, dict)] if isinstance(changed, list) else []
    if any(reason != "turn_boundary" for reason in reasons):
        markers.append("answer:input_transformations")
    compared = answer.get("prompt_cache_diagnostics")
    missed = compared.get("reason") if isinstance(compared, dict) else None
    if missed in _OTHER_INPUT:
        markers.append(f"answer:{missed}")
    if answer.get("truncation") not in (None, "disabled"):
        markers.append("answer:truncation")
    return tuple(markers)


def write_json(body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
    """See :meth:`pinnedrules.wire.base.Dialect.write_json`.

    Of former answers everything but the calls is kept, each followed by its placeholder. The id stays the last answer's:
    that is what the provider can continue.
    """
    if not before and all(isinstance(outcome, Release) for outcome in outcomes.values()):
        return body
    answer = Object(body)
    output = answer.get("output")
    if output is None or output == b"null":
        return body
    written = [*former_items(before)]
    for index, raw in enumerate(items(output)):
        item = written_item(raw, outcomes.get((index,), Release()))
        if item:
            written.append(item)
    changes: dict[str, bytes | None] = {"output": array(written)}
    usage = answer.value("usage")
    if before and isinstance(usage, dict):
        changes["usage"] = summed_usage(before, usage)
    return answer.edit(changes)


def former_items(before: Sequence[tuple[Answer, str]]) -> Iterable[bytes]:
    """Yield what the caller sees of former answers, whose calls were all refused."""
    for answer, placeholder in before:
        yield from (raw for raw in items(answer.message or b"[]") if read_call(raw) is None)
        if placeholder:
            yield message_item(placeholder)


def summed_usage(before: Sequence[tuple[Answer, str]], usage: Mapping[str, object]) -> bytes:
    """Return the usage of all answers that the caller sees as one."""
    return dumps(add_usage(*(one.usage for one, _ in before), usage))


def written_item(raw: bytes, outcome: Outcome) -> bytes:
    """Return an output item as the caller gets it; nothing when it vanishes. Raises Unreadable."""
    if isinstance(outcome, Release):
        return raw
    call = read_call(raw)
    if isinstance(outcome, Replace):
        return message_item(outcome.text, call.id if call else "") if outcome.text else b""
    assert isinstance(outcome, Rewrite)
    if call is None or call.kind not in ("function", "custom"):
        raise Unreadable("a call that cannot be changed was to be changed")
    return rewritten_item(raw, outcome.id, outcome.arguments, outcome.name)


def message_item(text: str, call_id: str = "") -> bytes:
    """Return an assistant message that shows *text*.

    Its id is the same whenever this text is shown: made of the token in it, or else of a hash of the id of the call
    that it stands for, which must not be seen itself.
    """
    marks = tokens(text.encode("utf-8", "surrogatepass"))
    told = (call_id or text).encode("utf-8", "surrogatepass")
    name = marks[0] if marks else hashlib.sha256(told).hexdigest()[:24]
    return dumps(
        {
            "type": "message",
            "id": f"msg_pin_{name}",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}],
        }
    )
