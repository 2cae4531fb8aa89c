"""Turns placeholders and rewritten calls in a Chat Completions history back into what the provider said.

Every call of an assistant message must be answered by ``tool`` messages right after it
(https://platform.openai.com/docs/guides/function-calling), so results are put directly behind the original message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.types import Restore
from pinnedrules.wire.base import Restored
from pinnedrules.wire.json_text import Object, array, as_object, dumps, items, loads, obj, quote
from pinnedrules.wire.placeholder import call_token, count, find, tokens
from pinnedrules.wire.request import Edits, read_messages

__all__ = ["NAME", "restore", "result_messages"]

NAME = "openai-chat"
NO_RESULT = "The application gave no result for this call."

_REASONING = ("reasoning_content", "reasoning")


def restore(body: bytes, known: Mapping[str, Restore]) -> Restored:
    """See :meth:`pinnedrules.wire.base.Dialect.restore`."""
    candidates = tokens(body)
    if not candidates:
        return Restored(body, (), (), ())
    request, messages = read_messages(body)
    work = _Restoring(known)
    for message in messages:
        work.take(message)
    inert = tuple(token for token in candidates if count(body, token) > work.honoured.get(token, 0))
    if work.edits.patch:
        body = request.edit({"messages": array(work.edits.messages)})
    return Restored(body, tuple(work.honoured), inert, tuple(work.edits.patch))


def result_messages(message: bytes, results: Sequence[tuple[str, str]]) -> list[bytes]:
    """Return the messages that answer calls of the assistant *message*.

    A result without a call id belongs to the legacy ``function_call``, or to the next call that no other result names.
    """
    value = as_object(message)
    calls = value.get("tool_calls")
    named = {identifier for identifier, _ in results}
    spare = [str(call["id"]) for call in calls if call["id"] not in named] if isinstance(calls, list) else []
    legacy = value.get("function_call")
    found = []
    for identifier, text in results:
        if not identifier and isinstance(legacy, dict):
            found.append(dumps({"role": "function", "name": legacy.get("name"), "content": text}))
        else:
            identifier = identifier or (spare.pop(0) if spare else "")
            found.append(dumps({"role": "tool", "tool_call_id": identifier, "content": text}))
    return found


class _Restoring:
    """Goes through the messages once, from first to last."""

    def __init__(self, known: Mapping[str, Restore]) -> None:
        self.edits = Edits()
        self.honoured: dict[str, int] = {}  # token -> how many of its occurrences were honoured
        self._known = known
        self._spent: set[str] = set()  # tokens of placeholders and ids of calls, each honoured once
        self._renamed: dict[str, tuple[str, str]] = {}  # id in a result -> original id, note

    def take(self, raw: bytes) -> None:
        """Take in the next message."""
        if b"pinnedrules:" not in raw:
            self.edits.keep(raw)
            return
        message = Object(raw)
        role = message.value("role")
        if role == "assistant":
            self._assistant(raw, message)
        elif role == "tool":
            self._result(raw, message)
        else:
            self.edits.keep(raw)

    def _assistant(self, raw: bytes, message: Object) -> None:
        text = _text(message)
        originals: list[bytes] = []
        reasoning: list[Object] = []
        offset = 0
        while found := find(text, offset, self._known, NAME, self._spent):
            self._use(found.restore.token, found.restore.token)
            original = found.restore.message
            names = _names_given(found.restore, message) if found.closed else {}
            originals += [_named(original, names), *result_messages(original, found.restore.results)]
            if found.closed:
                originals += self._unanswered(found.restore, message, names)
                self.edits.swap(originals)
                return
            reasoning.append(Object(original))
            offset = found.stop
        changes = self._calls(message)
        if originals:
            changes["content"] = quote(text[offset:]) if text[offset:].strip() else b"null"
            changes.update(_less_reasoning(message, reasoning))
        if not changes:
            self.edits.keep(raw)
        elif originals and changes["content"] == b"null" and not _has_calls(message):
            self.edits.swap(originals)
        else:
            self.edits.swap([*originals, message.edit(changes)])

    def _unanswered(self, record: Restore, message: Object, names: Mapping[str, str]) -> list[bytes]:
        """Answer the calls that were released with this answer and that the application's message no longer has.

        *names* are the application's own ids for calls, by their original ones.
        """
        shown = set(names)
        for entry in _entries(message):
            identifier = str(Object(entry).value("id"))
            if identifier in record.rewritten and identifier not in self._spent:
                original, _, note = record.rewritten[identifier]
                self._use(record.token, identifier)
                self._renamed[identifier] = (original, note)
                identifier = original
            shown.add(identifier)
        answered = {identifier for identifier, _ in record.results}
        calls = [str(Object(entry).value("id")) for entry in _entries(Object(record.message))]
        missing = [(call, NO_RESULT) for call in calls if call not in shown and call not in answered]
        # Calls to which the server gave no id cannot be told apart; their results carry none either.
        return result_messages(record.message, missing) if "" not in answered | shown else []

    def _calls(self, message: Object) -> dict[str, bytes | None]:
        """Give rewritten calls their original id and arguments back."""
        entries = _entries(message)
        written = [self._call(entry, number) for number, entry in enumerate(entries)]
        return {"tool_calls": array(written)} if written != entries else {}

    def _call(self, raw: bytes, number: int) -> bytes:
        entry = Object(raw)
        identifier = entry.value("id")
        record = self._known.get(call_token(identifier))
        if record is None or record.dialect != NAME or identifier in self._spent:
            return raw
        if not isinstance(identifier, str) or identifier not in record.rewritten:
            return raw
        original, arguments, note = record.rewritten[identifier]
        original = original or f"call_{number}"
        self._use(record.token, identifier)
        self._renamed[identifier] = (original, note)
        body, argument = ("custom", "input") if entry.get("custom") else ("function", "arguments")
        name = record.names.get(identifier, "")
        named: dict[str, bytes | None] = {"name": quote(name)} if name else {}
        changed = Object(entry.get(body) or b"{}").edit({**named, argument: quote(arguments)})
        return entry.edit({"id": quote(original), body: changed})

    def _result(self, raw: bytes, message: Object) -> None:
        identifier = message.value("tool_call_id")
        if not isinstance(identifier, str) or identifier not in self._renamed:
            self.edits.keep(raw)
            return
        original, note = self._renamed.pop(identifier)
        self.honoured[call_token(identifier)] += 1
        changes = {"tool_call_id": quote(original), "content": _noted(message.get("content") or b"null", note)}
        self.edits.swap([message.edit(changes)])

    def _use(self, token: str, what: str) -> None:
        self._spent.add(what)
        self.honoured[token] = self.honoured.get(token, 0) + 1


def _text(message: Object) -> str:
    """Return the content when it is nothing but text: a string, or text parts."""
    content = message.value("content")
    if isinstance(content, str):
        return content
    texts = [part.get("text") if part.get("type") == "text" else None for part in _parts(content)]
    return "".join(str(text) for text in texts) if None not in texts else ""


def _parts(content: object) -> list[dict[str, object]]:
    return [part if isinstance(part, dict) else {} for part in content] if isinstance(content, list) else []


def _entries(message: Object) -> list[bytes]:
    raw = message.get("tool_calls")
    return items(raw) if raw is not None and raw != b"null" else []


def _names_given(record: Restore, message: Object) -> dict[str, str]:
    """Return the ids that the application made of those of released calls, by the original ones.

    Some clients write ids in a form of their own (OpenClaw leaves out all but letters and digits). Its results name them so.
    """
    answered = {identifier for identifier, _ in record.results}
    originals = [Object(entry) for entry in _entries(Object(record.message))]
    released = [entry for entry in originals if entry.value("id") not in answered]
    shown = [Object(entry) for entry in _entries(message)]
    was = [record.names.get(str(entry.value("id")), _tool(entry)) for entry in shown]
    if [_tool(entry) for entry in released] != was:
        return {}
    known = {*(str(entry.value("id")) for entry in originals), *record.rewritten, ""}
    pairs = (
        (str(ours.value("id")), str(theirs.value("id") or "")) for ours, theirs in zip(released, shown, strict=True)
    )
    return {ours: theirs for ours, theirs in pairs if theirs not in known}


def _tool(entry: Object) -> object:
    body = loads(entry.get("custom") or entry.get("function") or b"{}")
    return body.get("name") if isinstance(body, dict) else None


def _named(message: bytes, names: Mapping[str, str]) -> bytes:
    """Return a message whose calls have the ids that the application knows them by."""
    if not names:
        return message
    found = Object(message)
    calls = []
    for raw in _entries(found):
        entry = Object(raw)
        name = names.get(str(entry.value("id")))
        calls.append(raw if name is None else entry.edit({"id": quote(name)}))
    return found.edit({"tool_calls": array(calls)})


def _has_calls(message: Object) -> bool:
    return bool(_entries(message)) or message.value("function_call") is not None


def _less_reasoning(message: Object, originals: Sequence[Object]) -> dict[str, bytes | None]:
    """Take out of the last answer's reasoning what a stream had added up from the answers before it."""
    changes: dict[str, bytes | None] = {}
    for key in _REASONING:
        value = message.value(key)
        former = "".join(str(original.value(key) or "") for original in originals)
        if isinstance(value, str) and former and value.startswith(former):
            changes[key] = quote(value.removeprefix(former))
    return changes


def _noted(content: bytes, note: str) -> bytes:
    value = loads(content)
    if isinstance(value, list):
        return array([obj([("type", b'"text"'), ("text", quote(note))]), *items(content)])
    return quote(note + (value if isinstance(value, str) else ""))
