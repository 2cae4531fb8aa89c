"""Turns placeholders and rewritten calls in a Messages history back into what the provider said.

Every ``tool_use`` must be answered by a ``tool_result`` in the next user message, results first
(https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use). Thinking blocks come back inside the
originals, unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.types import Restore
from pinnedrules.wire.anthropic_blocks import text_block
from pinnedrules.wire.base import Restored
from pinnedrules.wire.json_text import Object, array, dumps, items, loads, obj, quote
from pinnedrules.wire.placeholder import call_token, count, find, tokens
from pinnedrules.wire.request import Edits, read_messages

__all__ = ["NAME", "noted", "restore", "result_block", "user_message"]

NAME = "anthropic-messages"
_NO_RESULT = "The application gave no result for this call."


def restore(body: bytes, known: Mapping[str, Restore]) -> Restored:
    """See :meth:`pinnedrules.wire.base.Dialect.restore`."""
    candidates = tokens(body)
    if not candidates:
        return Restored(body, (), (), ())
    request, messages = read_messages(body)
    work = _Restoring(known)
    for message in messages:
        work.take(message)
    work.flush()
    inert = tuple(token for token in candidates if count(body, token) > work.honoured.get(token, 0))
    if work.edits.patch:
        body = request.edit({"messages": array(work.edits.messages)})
    return Restored(body, tuple(work.honoured), inert, tuple(work.edits.patch))


def result_block(identifier: str, text: str) -> bytes:
    """Return the result of a call that did not run."""
    return dumps({"type": "tool_result", "tool_use_id": identifier, "content": text, "is_error": True})


def user_message(blocks: Sequence[bytes]) -> bytes:
    """Return a user message of these blocks."""
    return obj([("role", b'"user"'), ("content", array(blocks))])


class _Restoring:
    """Goes through the messages once, from first to last."""

    def __init__(self, known: Mapping[str, Restore]) -> None:
        self.edits = Edits()
        self.honoured: dict[str, int] = {}  # token -> how many of its occurrences were honoured
        self._known = known
        self._spent: set[str] = set()  # tokens of placeholders and ids of calls, each honoured once
        self._renamed: dict[str, tuple[str, str]] = {}  # id in a result -> original id, note
        self._results: list[bytes] = []  # what the next user message must begin with

    def take(self, raw: bytes) -> None:
        """Take in the next message."""
        if not self._results and b"pinnedrules:" not in raw:
            self.edits.keep(raw)
            return
        message = Object(raw)
        role = message.value("role")
        if role == "user":
            self._user(raw, message)
            return
        self.flush()
        if role == "assistant":
            self._assistant(raw, message)
        else:
            self.edits.keep(raw)

    def flush(self) -> None:
        """Give results that no user message took a message of their own."""
        if self._results:
            self.edits.add(user_message(self._results))
            self._results = []

    def _user(self, raw: bytes, message: Object) -> None:
        blocks = _blocks(message)
        written = [*self._results, *(self._result(block) for block in blocks)]
        self._results = []
        if written == blocks:
            self.edits.keep(raw)
        else:
            self.edits.swap([message.edit({"content": array(written)})])

    def _assistant(self, raw: bytes, message: Object) -> None:
        blocks = _blocks(message)
        texts = [_text(block) for block in blocks]
        whole = "".join(texts)
        written: list[bytes] = []
        offset = 0
        while found := find(whole, offset, self._known, NAME, self._spent):
            record = found.restore
            self._use(record.token, record.token)
            if written:
                written.append(user_message(self._results))
            written.append(record.message)
            self._results = [result_block(*result) for result in record.results]
            if found.closed:
                self._results += self._unanswered(record, blocks)
                self.edits.swap(written)
                return
            offset = found.stop
        rest = [self._call(block) for block in (_after(blocks, texts, offset) if written else blocks)]
        if not written and rest == blocks:
            self.edits.keep(raw)
            return
        if written and rest:
            written.append(user_message(self._results))
            self._results = []
        if rest:
            written.append(message.edit({"content": array(rest)}))
        self.edits.swap(written)

    def _unanswered(self, record: Restore, blocks: Sequence[bytes]) -> list[bytes]:
        """Answer the calls that were released with this answer and that the application's message no longer has."""
        shown = {identifier for identifier, _ in record.results}
        for block in blocks:
            identifier = _call_id(block)
            if identifier in record.rewritten and identifier not in self._spent:
                original, _, note = record.rewritten[identifier]
                self._use(record.token, identifier)
                self._renamed[identifier] = (original, note)
                identifier = original
            shown.add(identifier)
        calls = [_call_id(block) for block in _blocks(Object(record.message))]
        return [result_block(call, _NO_RESULT) for call in calls if call and call not in shown]

    def _call(self, block: bytes) -> bytes:
        """Give a rewritten call its original id and input back."""
        identifier = _call_id(block)
        record = self._known.get(call_token(identifier))
        if record is None or record.dialect != NAME or identifier in self._spent:
            return block
        if identifier not in record.rewritten:
            return block
        original, arguments, note = record.rewritten[identifier]
        self._use(record.token, identifier)
        self._renamed[identifier] = (original, note)
        name = record.names.get(identifier, "")
        named: dict[str, bytes | None] = {"name": quote(name)} if name else {}
        return Object(block).edit({"id": quote(original), **named, "input": arguments.encode()})

    def _result(self, block: bytes) -> bytes:
        """Tell the provider what was really done, in the result of a rewritten call."""
        if b"pinnedrules:call:" not in block:
            return block
        result = Object(block)
        identifier = result.value("tool_use_id")
        if result.value("type") != "tool_result" or not isinstance(identifier, str) or identifier not in self._renamed:
            return block
        original, note = self._renamed.pop(identifier)
        self.honoured[call_token(identifier)] += 1
        return result.edit({"tool_use_id": quote(original), "content": noted(result.get("content") or b"null", note)})

    def _use(self, token: str, what: str) -> None:
        self._spent.add(what)
        self.honoured[token] = self.honoured.get(token, 0) + 1


def _blocks(message: Object) -> list[bytes]:
    """Return the content as blocks; a string is one text block."""
    content = message.get("content") or b"null"
    if content.startswith(b"["):
        return items(content)
    text = loads(content)
    return [text_block(text)] if isinstance(text, str) else []


def _text(block: bytes) -> str:
    if b'"text"' not in block:
        return ""
    value = Object(block)
    text = value.value("text")
    return text if value.value("type") == "text" and isinstance(text, str) else ""


def _call_id(block: bytes) -> str:
    """Return the id of a block that is a call, or an empty string."""
    if b'"tool_use"' not in block:
        return ""
    value = Object(block)
    return str(value.value("id") or "") if value.value("type") == "tool_use" else ""


def _after(blocks: Sequence[bytes], texts: Sequence[str], offset: int) -> list[bytes]:
    """Return the blocks that follow the first *offset* characters of the visible text."""
    kept: list[bytes] = []
    for block, text in zip(blocks, texts, strict=True):
        if offset <= 0 and (not text or text.strip()):
            kept.append(block)
        elif len(text) > offset and text[offset:].strip():
            kept.append(text_block(text[offset:]))
        offset -= len(text)
    return kept


def noted(content: bytes, note: str) -> bytes:
    """Return the content of a result with *note* before it."""
    value = loads(content)
    if isinstance(value, list):
        return array([text_block(note), *items(content)])
    return quote(note + (value if isinstance(value, str) else ""))
