"""Turns placeholders and rewritten calls in the input of the Responses API back into what the provider said.

Every call must be answered by a result item, and a reasoning item must be followed by what was reasoned about
(https://platform.openai.com/docs/guides/reasoning, "Keeping reasoning items in context"). So the items that an
application repeats stay as they are; refused calls go back between them where they stood, and their results come before
the first item that is not the model's, where the application's own results stand too.

What the provider keeps itself (``previous_response_id``, ``conversation``) has the originals: only results are added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.errors import Unreadable
from pinnedrules.types import Restore
from pinnedrules.wire.base import Restored
from pinnedrules.wire.json_text import Object, array, items, loads, obj, quote
from pinnedrules.wire.openai_responses_input import Input, is_output, message_text, read_input, shown_text
from pinnedrules.wire.openai_responses_items import answers, rewritten_item
from pinnedrules.wire.openai_responses_match import (
    Answered,
    Entry,
    entries,
    pin_token,
    read_entry,
    refusals,
)
from pinnedrules.wire.placeholder import call_token, count, find, squeezed, tokens
from pinnedrules.wire.request import Edits

__all__ = ["NAME", "candidates", "kept_places", "repeatable", "restore"]

NAME = "openai-responses"

_CALLS = ("custom_tool_call", "function_call")
_OUTPUTS = ("custom_tool_call_output", "function_call_output")


def candidates(body: bytes) -> tuple[str, ...]:
    """Return the tokens found anywhere in the bytes, and those that references to placeholder messages name."""
    found = tokens(body)
    if b"msg_pin_" not in body:
        return found
    read = read_input(body)
    named = [pin_token(raw) for raw, kind in zip(read.items, read.kinds, strict=True) if kind == "item_reference"]
    return tuple(dict.fromkeys([*found, *(token for token in named if token)]))


def kept_places(read: Input) -> tuple[str, ...]:
    """Name where the provider keeps what this request continues (see :class:`~pinnedrules.wire.base.Answer`)."""
    response, conversation = read.request.value("previous_response_id"), read.request.value("conversation")
    if isinstance(conversation, dict):
        conversation = conversation.get("id")
    for value in (response, conversation):
        if not isinstance(value, str | None):
            raise Unreadable("a request that continues something whose id is not text")
    found = [f"response:{response}"] if response else []
    return (*found, f"conversation:{conversation}") if conversation else tuple(found)


def repeatable(entry: Entry) -> bool:
    """Say whether the provider can read this item again when it keeps nothing: reasoning only if it is enclosed."""
    return entry.kind != "reasoning" or any(name == "encrypted_content" for name, _ in entry.names)


def restore(body: bytes, known: Mapping[str, Restore]) -> Restored:
    """See :meth:`pinnedrules.wire.base.Dialect.restore`; ``used`` names the places whose results were added as well."""
    found = candidates(body)
    read = read_input(body)
    known = {name: row for name, row in known.items() if row.dialect == NAME}
    if not known:
        return Restored(body, (), found, ())
    work = _Restoring(known, read)
    work.run()
    inert = tuple(token for token in found if work.left(body, token))
    patch = work.edits.patch
    if patch:
        if not read.listed:
            # The input was one text, or missing: it becomes a list first.
            patch = [{"op": "add", "path": "/input", "value": [loads(raw) for raw in read.items]}, *patch]
        body = read.request.edit({"input": array(work.edits.messages)})
    body, moved = _moved(body, read, known)
    patch = [*patch, *moved]
    return Restored(body, tuple(work.honoured), inert, tuple(patch))


def _moved(body: bytes, read: Input, known: Mapping[str, Restore]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
    """Continue from where the provider is: in a stream the client saw the id of an answer that the gate replied to."""
    named = f"response:{read.request.value('previous_response_id')}"
    row = known.get(named)
    if row is None or not row.at.startswith("response:") or row.at == named:
        return body, ()
    ident = row.at.removeprefix("response:")
    operation = {"op": "replace", "path": "/previous_response_id", "value": ident}
    return Object(body).edit({"previous_response_id": quote(ident)}), (operation,)


class _Restoring:
    """Goes through the items once, from first to last."""

    def __init__(self, known: Mapping[str, Restore], read: Input) -> None:
        self.edits = Edits("/input")
        self.honoured: dict[str, int] = {}  # token or place -> how many occurrences of the token were honoured
        self._known = known
        self._read = read
        self._keeps = read.request.value("store") is not False
        self._spent: set[str] = set()  # tokens of placeholders, ids of calls and of their results, each honoured once
        self._texts: list[str] = []  # the messages of the model since the last item that is not the model's
        self._open: Answered | None = None
        self._answered = {self._original(answers(_value(raw))) for raw in read.items}

    def run(self) -> None:
        """Take in all items."""
        for place in kept_places(self._read):
            self._continue(place)
        for number, (raw, kind) in enumerate(zip(self._read.items, self._read.kinds, strict=True)):
            self._put(raw, self._take(number, raw, kind))
        for raw in self._close():
            self.edits.add(raw)

    def left(self, body: bytes, token: str) -> bool:
        """Say whether *token* stands anywhere that it was not honoured at."""
        return token not in self.honoured or count(body, token) > self.honoured[token]

    def _continue(self, place: str) -> None:
        """Add the results that the provider lacks for what it keeps.

        When the gate answered the model itself, a conversation has those results already; a response that is continued
        from another point has not.
        """
        row = self._known.get(place)
        if row is None or (place.startswith("conversation:") and not row.closed):
            return
        missing = [result for result in row.results if result[0] not in self._answered]
        if missing:
            self._use(place, place)
            for raw in refusals(row.message, missing):
                self.edits.add(raw)

    def _put(self, raw: bytes, written: Sequence[bytes]) -> None:
        if written and written[-1] is raw:
            for one in written[:-1]:
                self.edits.add(one)
            self.edits.keep(raw)
        elif written:
            self.edits.swap(written)
        else:
            self.edits.remove()

    def _take(self, number: int, raw: bytes, kind: str) -> list[bytes]:
        """Return what stands in the place of one item."""
        if not is_output(raw, kind) and (self._open is None or self._open.place(read_entry(raw)) is None):
            self._texts = []
            return [*self._close(), self._result(raw) if kind in _OUTPUTS else raw]
        if kind in _CALLS:
            return self._step(self._call(raw))
        if kind == "item_reference":
            row = self._known.get(pin_token(raw))
            if row is None or row.token in self._spent:
                return self._step(raw)
            self._spent.add(row.token)
            self.honoured.setdefault(row.token, 0)
            return self._give_back(row, "", raw, closed=row.closed, written=self._close())
        if kind != "message":
            return self._step(raw)
        written = self._message(number, raw)
        self._texts.append(shown_text(raw))
        return written

    def _message(self, number: int, raw: bytes) -> list[bytes]:
        text = message_text(raw) or ""
        written: list[bytes] = []
        offset = 0
        while found := find(
            text, offset, self._known, NAME, self._spent, before=self._texts, after=self._following(number)
        ):
            self._use(found.restore.token, found.restore.token)
            written += self._close()
            lead = text[offset : found.start]
            written = self._give_back(found.restore, lead, raw, closed=found.closed, written=written)
            offset = found.stop
        if not offset:
            return self._step(raw)
        rest = text[offset:]
        return [*written, *self._piece(raw, rest)] if rest.strip() else written

    def _give_back(self, row: Restore, lead: str, raw: bytes, *, closed: bool, written: list[bytes]) -> list[bytes]:
        """Put an answer back whose placeholder stands behind the text *lead* of the message *raw*."""
        answer = entries(row.message)
        refused = {identifier for identifier, _ in row.results}
        if not closed:
            if not written:
                self._take_back(answer, lead)
            written += [entry.raw for entry in answer if self._keeps or repeatable(entry)]
            return written + refusals(row.message, self._missing(row))
        first = next((n for n, entry in enumerate(answer) if entry.call in refused), len(answer))
        said = [entry for entry in answer[:first] if entry.text]
        if lead.strip() and squeezed(lead) == "".join(entry.text or "" for entry in said):
            written += [entry.raw for entry in said]
        elif lead.strip():
            written += self._piece(raw, lead)
        self._open = Answered(row, answer[first:])
        return written + self._open.first()

    def _take_back(self, answer: Sequence[Entry], lead: str) -> None:
        """Take out what the application repeated of an answer that is put back as a whole."""
        own = "".join(entry.text or "" for entry in answer).removesuffix(squeezed(lead))
        while self.edits.messages:
            last = read_entry(self.edits.messages[-1])
            if last.text is not None and own.endswith(last.text):
                own = own.removesuffix(last.text)
            elif last.text is not None or not any(entry.same(last) for entry in answer):
                return
            self.edits.take_back()

    def _piece(self, raw: bytes, text: str) -> list[bytes]:
        """Return part of a message that held several answers, as a message of its own: the original if it is one."""
        message = Object(raw)
        content = message.get("content") or b"null"
        if content.startswith(b"["):
            part = Object(items(content)[0])
            noted = b"[]" if part.get("annotations") is not None else None
            content = array([part.edit({"text": quote(text.strip()), "annotations": noted, "logprobs": None})])
        else:
            content = quote(text.strip())
        piece = message.edit({"id": None, "content": content})
        place = self._open.place(read_entry(piece)) if self._open else None
        if self._open is None or place is None:
            return self._step(piece)
        ahead, original = self._open.pass_by(place)
        return [*ahead, original]

    def _step(self, raw: bytes) -> list[bytes]:
        """Return an item that stays, behind the refused calls that stood before it."""
        if self._open is None:
            return [raw]
        place = self._open.place(read_entry(raw))
        if place is None:
            return [*self._close(), raw] if self._open.done else [raw]
        return [*self._open.pass_by(place)[0], raw]

    def _close(self) -> list[bytes]:
        """Return what is left of the open answer: its last refused calls, and the results of all."""
        open_, self._open = self._open, None
        if open_ is None:
            return []
        return [*open_.last(), *refusals(open_.restore.message, self._missing(open_.restore))]

    def _missing(self, row: Restore) -> list[tuple[str, str]]:
        return [result for result in row.results if result[0] not in self._answered]

    def _following(self, number: int) -> list[str]:
        """Return the texts that the model said after this item, up to the next item that is not the model's."""
        texts: list[str] = []
        for raw, kind in zip(self._read.items[number + 1 :], self._read.kinds[number + 1 :], strict=True):
            if not is_output(raw, kind):
                break
            if kind == "message":
                texts.append(shown_text(raw))
        return texts

    def _call(self, raw: bytes) -> bytes:
        """Give a rewritten call its original id and arguments back."""
        item = Object(raw)
        identifier = item.value("call_id")
        row = self._row(identifier)
        if row is None or not isinstance(identifier, str) or identifier in self._spent:
            return raw
        original, arguments, _ = row.rewritten[identifier]
        self._use(row.token, identifier)
        return rewritten_item(raw, original, arguments, row.names.get(identifier, ""))

    def _result(self, raw: bytes) -> bytes:
        """Give the result of a rewritten call its original id back, and say in it what really ran."""
        item = Object(raw)
        identifier = item.value("call_id")
        row = self._row(identifier)
        if row is None or not isinstance(identifier, str) or f"result of {identifier}" in self._spent:
            return raw
        original, _, note = row.rewritten[identifier]
        self._use(row.token, f"result of {identifier}")
        return item.edit({"call_id": quote(original), "output": _noted(item.get("output") or b"null", note)})

    def _row(self, identifier: object) -> Restore | None:
        row = self._known.get(call_token(identifier))
        return row if row is not None and identifier in row.rewritten else None

    def _original(self, identifier: str) -> str:
        row = self._row(identifier)
        return identifier if row is None else row.rewritten[identifier][0]

    def _use(self, token: str, what: str) -> None:
        self._spent.add(what)
        self.honoured[token] = self.honoured.get(token, 0) + 1


def _value(raw: bytes) -> Mapping[str, object]:
    value = loads(raw)
    assert isinstance(value, dict)
    return value


def _noted(output: bytes, note: str) -> bytes:
    value = loads(output)
    if isinstance(value, list):
        return array([obj([("type", b'"input_text"'), ("text", quote(note))]), *items(output)])
    return quote(note + (value if isinstance(value, str) else ""))
