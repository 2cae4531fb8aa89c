"""A whole answer of Chat Completions: as JSON, and as the message that repeats it in the next request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call, Outcome, Release, Replace, Rewrite
from pinnedrules.wire.base import Answer, Key
from pinnedrules.wire.hidden import refuse_hidden_calls
from pinnedrules.wire.json_text import Object, array, as_object, dumps, items, loads, obj, quote
from pinnedrules.wire.openai_chat_calls import LEGACY, Growing, read_entry, read_legacy
from pinnedrules.wire.placeholder import attach
from pinnedrules.wire.usage import add_usage

__all__ = [
    "CALL_FINISHES",
    "CUT_FINISHES",
    "ChatAnswer",
    "around",
    "choice_finish",
    "choice_index",
    "ended",
    "former_text",
    "message_bytes",
    "read_json",
    "refuse_repeated_ids",
    "refuse_repeated_index",
    "rewritten_body",
    "rewritten_entry",
    "text_of",
    "write_json",
]

CALL_FINISHES = frozenset({"tool_calls", "function_call"})
CUT_FINISHES = frozenset({"length", "content_filter"})


@dataclass(frozen=True, slots=True)
class ChatAnswer(Answer):
    """An answer that also knows the raw members of its stream's chunks (id, model, ...)."""

    envelope: Mapping[str, bytes] = field(default_factory=dict)


def text_of(content: object) -> str:
    """Return the visible text of a message's content: a string, parts (some compatible servers), or nothing."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Unreadable("a message whose content is neither text nor a list")
    texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def message_bytes(message: Mapping[str, object]) -> bytes:
    """Return the assistant message for the next request.

    A call without an id gets one, because its result must name it. Of an audio answer only the id is sent back
    (https://platform.openai.com/docs/guides/audio, "Multi-turn conversations").
    """
    message = {"role": "assistant", **message}
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [
            {**call, "id": call.get("id") or f"call_{number}"} for number, call in enumerate(calls)
        ]
    audio = message.get("audio")
    if isinstance(audio, dict):
        message["audio"] = {"id": audio.get("id")}
    return dumps(message)


def read_json(body: bytes) -> ChatAnswer:
    """Read a whole ``chat.completion`` object, or the error a server sends in its place. Raises Unreadable."""
    answer = as_object(body)
    choices = answer.get("choices")
    if choices is None and answer.get("error") is not None:
        refuse_hidden_calls(answer)
        return ChatAnswer(calls={}, message=None, text="", finish="error", cut=True)
    if not isinstance(choices, list):
        raise Unreadable("an answer without choices")
    calls: dict[Key, Call] = {}
    seen: set[int] = set()
    for position, choice in enumerate(choices):
        mine = _choice_calls(choice, position, body)
        # Two choices of one index would share the keys of their calls, so that a decision on one stood for the other.
        refuse_repeated_index(choice_index(choice, position), seen)
        calls.update(mine)
    refuse_hidden_calls(answer)
    first = choices[0] if choices else {}
    finishes = [choice_finish(choice) for choice in choices]
    usage = answer.get("usage")
    return ChatAnswer(
        calls=calls,
        message=_message(body) if len(choices) == 1 else None,
        text=text_of(first.get("message", {}).get("content")) if choices else "",
        finish=finishes[0] if finishes else "",
        cut=any(finish in CUT_FINISHES for finish in finishes),
        usage=usage if isinstance(usage, dict) else {},
    )


def _choice_calls(choice: object, position: int, body: bytes) -> dict[Key, Call]:
    """Read the calls of one choice and take them out of it, so that what is left must hold none."""
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise Unreadable("a choice without a message")
    index = choice_index(choice, position)
    calls: dict[Key, Call] = {}
    entries = message.pop("tool_calls", None)
    if not isinstance(entries, list | None):
        raise Unreadable("tool calls that are not a list")
    path = ("choices", position, "message")
    for number, entry in enumerate(entries or ()):
        growing = Growing((index, number))
        growing.add(read_entry(entry, body, (*path, "tool_calls", number)))
        calls[growing.key] = growing.call()
    legacy = message.pop("function_call", None)
    if legacy:
        growing = Growing((index, LEGACY))
        growing.add(read_legacy(legacy, body, (*path, "function_call")))
        calls[growing.key] = growing.call()
    refuse_repeated_ids(list(calls.values()))
    return calls


def choice_index(choice: Mapping[str, object], position: int) -> int:
    """Return the index of a choice; its place where it has none. Raises Unreadable."""
    index = choice.get("index", position)
    index = position if index is None else index
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < 1024:
        raise Unreadable("a choice whose index is not a small number")
    return index


def refuse_repeated_index(index: int, seen: set[int]) -> None:
    """Add the index of a choice to those of the same answer or chunk. Raises Unreadable when it is one of them."""
    if index in seen:
        raise Unreadable("two choices with the same index")
    seen.add(index)


def choice_finish(choice: Mapping[str, object]) -> str:
    """Return the finish reason of a choice; empty while it goes on. Raises Unreadable."""
    finish = choice.get("finish_reason")
    if not isinstance(finish, str | None):
        raise Unreadable("a finish reason that is not text")
    return finish or ""


def refuse_repeated_ids(calls: Sequence[Call]) -> None:
    """Raise Unreadable when two calls of one choice share an id, so that a result could belong to either."""
    ids = [call.id for call in calls if call.id]
    if len(ids) != len(set(ids)):
        raise Unreadable("two tool calls with the same id")


def _message(body: bytes) -> bytes:
    message = Object(items(Object(body).get("choices") or b"[]")[0]).get("message") or b"{}"
    value = as_object(message)
    calls = value.get("tool_calls")
    complete = not isinstance(calls, list) or all(call.get("id") for call in calls)
    if complete and value.get("role") == "assistant" and not value.get("audio"):
        return message
    return message_bytes(value)


def write_json(body: bytes, outcomes: Mapping[Key, Outcome], before: Sequence[tuple[Answer, str]]) -> bytes:
    """See :meth:`pinnedrules.wire.base.Dialect.write_json`."""
    if not before and all(isinstance(outcome, Release) for outcome in outcomes.values()):
        return body
    answer = Object(body)
    if answer.get("choices") is None:
        return body
    former = former_text(before)
    choices = [
        _write_choice(raw, position, outcomes, former if position == 0 else "")
        for position, raw in enumerate(items(answer.get("choices") or b"[]"))
    ]
    changes: dict[str, bytes | None] = {"choices": array(choices)}
    usage = answer.value("usage")
    if before and isinstance(usage, dict):
        changes["usage"] = dumps(add_usage(*(one.usage for one, _ in before), usage))
    return answer.edit(changes)


def former_text(before: Sequence[tuple[Answer, str]]) -> str:
    """Return what the caller reads of former answers of the same turn."""
    text = ""
    for answer, placeholder in before:
        text = attach(attach(text, answer.text), placeholder)
    return text


def _write_choice(raw: bytes, position: int, outcomes: Mapping[Key, Outcome], former: str) -> bytes:
    choice = Object(raw)
    index = choice_index({"index": choice.value("index")}, position)
    mine = {key: outcome for key, outcome in outcomes.items() if key[0] == index}
    if not former and all(isinstance(outcome, Release) for outcome in mine.values()):
        return raw
    message = Object(choice.get("message") or b"{}")
    changes: dict[str, bytes | None] = {}
    placed = ""
    calls = message.get("tool_calls")
    if calls is not None and calls != b"null":
        kept = []
        for number, entry in enumerate(items(calls)):
            outcome = mine[(index, number)]
            if isinstance(outcome, Replace):
                placed = attach(placed, outcome.text)
            else:
                kept.append(rewritten_entry(entry, outcome, "") if isinstance(outcome, Rewrite) else entry)
        changes["tool_calls"] = array(kept) if kept or not mine else None
    legacy = mine.get((index, LEGACY))
    if isinstance(legacy, Replace):
        changes["function_call"] = None
        placed = attach(placed, legacy.text)
    elif isinstance(legacy, Rewrite):
        changes["function_call"] = rewritten_body(message.get("function_call") or b"{}", "arguments", legacy, "")
    changes["content"] = _content(message.get("content") or b"null", former, placed)
    edits: dict[str, bytes | None] = {"message": message.edit(changes)}
    if mine and all(isinstance(outcome, Replace) for outcome in mine.values()):
        edits.update(ended(choice))
    return choice.edit(edits)


def _content(raw: bytes, former: str, placed: str) -> bytes:
    text = text_of(loads(raw))
    whole = attach(attach(former, text), placed)
    ahead = attach(former, text)[: -len(text)] if text else former
    return around(raw, ahead, whole[len(ahead) + len(text) :])


def ended(choice: Object) -> dict[str, bytes | None]:
    """Return the change that a choice needs when no call remains in it."""
    return {"finish_reason": b'"stop"'} if choice.value("finish_reason") in CALL_FINISHES else {}


def around(content: bytes, before: str, after: str) -> bytes:
    """Return raw *content* with text put before and after it."""
    if not before and not after:
        return content
    if content.startswith(b"["):
        head, tail = ([obj([("type", b'"text"'), ("text", quote(text))])] if text else [] for text in (before, after))
        return array([*head, *items(content), *tail])
    return quote(before + text_of(loads(content)) + after)


def rewritten_entry(entry: bytes, outcome: Rewrite, name: str) -> bytes:
    """Return a ``tool_calls`` entry with other arguments, in one piece, under another id."""
    call = Object(entry)
    body, argument = ("custom", "input") if call.get("custom") not in (None, b"null") else ("function", "arguments")
    changed = rewritten_body(call.get(body) or b"{}", argument, outcome, name)
    return call.edit({"id": quote(outcome.id), body: changed})


def rewritten_body(body: bytes, argument: str, outcome: Rewrite, name: str) -> bytes:
    """Return the body of a call with other arguments, as one of another tool where that is said.

    It gets its own name where that came in another fragment.
    """
    value = Object(b"{}" if body == b"null" else body)
    changes: dict[str, bytes | None] = {argument: quote(outcome.arguments)}
    if outcome.name or (name and not value.value("name")):
        changes["name"] = quote(outcome.name or name)
    return value.edit(changes)
