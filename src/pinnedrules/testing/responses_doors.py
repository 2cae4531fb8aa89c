"""The endpoints around ``POST /responses``, for which no model is asked: what is kept is got, listed, cancelled, deleted.

Paths after ``openai.resources.responses`` and ``openai.resources.conversations`` of openai-python 3.54.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pinnedrules.testing.responses import CREATED, Responses, indented, with_ids
from pinnedrules.testing.responses_checks import item_problems
from pinnedrules.testing.responses_items import as_items
from pinnedrules.testing.responses_store import Conversation, NotHeld
from pinnedrules.testing.shapes import Given, Problem, Turn

__all__ = ["Doors"]

_PATH = re.compile(r".*?/(responses|conversations)(?:/([^/]+))?(?:/(items|input_items|cancel)(?:/([^/]+))?)?/?\Z")
Query = Mapping[str, str]


class Doors:
    """Answers what :class:`Responses` keeps."""

    def __init__(self, responses: Responses) -> None:
        self._wire = responses
        self._store = responses.store

    def answer(self, method: str, path: str, query: Query, body: Mapping[str, Any], number: int) -> Given | None:
        """Return the answer, or ``None`` for a path that is none of these. Raises NotHeld."""
        found = _PATH.match(path)
        if found is None:
            return None
        family, ident, inner, item = found.groups()
        turn = Turn(number, body)
        with self._store.lock:
            if family == "responses":
                return self._response(method, ident or "", inner or "", query, turn)
            if not ident:
                return self._new(turn) if method == "POST" else None
            conversation = self._store.conversation(ident)
            if inner == "items":
                return self._items(method, conversation, item or "", query, turn)
            return self._conversation(method, conversation, body) if not inner else None

    def _response(self, method: str, ident: str, inner: str, query: Query, turn: Turn) -> Given | None:
        if (method, ident, inner) == ("POST", "input_tokens", ""):
            return self._count(turn)
        if not ident or (method, inner) not in _RESPONSE_DOORS:
            return None
        held = self._store.response(ident)
        if method == "DELETE":
            del self._store.responses[ident]
            return _given({"id": ident, "object": "response", "deleted": True})
        if inner == "input_items":
            return _given(_listed(held.asked, query))
        if inner == "cancel":
            if not held.final["background"]:
                raise NotHeld(Problem("Cannot cancel a synchronous response.", None, None, 400))
            if held.polls:
                held.final |= {**held.shown(), "status": "cancelled"}
                held.polls, held.joins = 0, ""
            return _given(held.final)
        if query.get("stream") == "true":
            return self._resumed(ident, int(query.get("starting_after", -1)))
        shown = held.shown()
        held.polls = max(held.polls - 1, 0)
        self._store.settle(held)
        return _given(shown)

    def _resumed(self, ident: str, after: int) -> Given:
        held = self._store.responses[ident]
        if held.events is None or not held.final["background"]:
            words = "was not created with `background` and `stream` set to true"
            raise NotHeld(Problem(f"Response with id '{ident}' cannot be streamed: it {words}.", "stream"))
        return Given(held.events[after + 1 :], streamed=True, habits=held.reply)

    def _count(self, turn: Turn) -> Given:
        problem = next(item_problems(as_items(turn.body.get("input"))), None)
        if problem is not None:
            raise NotHeld(problem)
        return _given({"object": "response.input_tokens", "input_tokens": turn.prompt_tokens})

    def _new(self, turn: Turn) -> Given:
        items = self._checked(turn)
        made = self._store.new_conversation(turn.number, turn.body.get("metadata") or {})
        self._add(made, items)
        return _given(_shown(made))

    def _checked(self, turn: Turn) -> list[dict[str, Any]]:
        items = as_items(turn.body.get("items"))
        problem = next(item_problems(items), None)
        if problem is not None:
            raise NotHeld(problem)
        return with_ids(items, turn)

    def _add(self, conversation: Conversation, items: list[dict[str, Any]]) -> None:
        conversation.items += items
        conversation.context += items
        self._store.learn(items, kept=True)

    def _conversation(self, method: str, conversation: Conversation, body: Mapping[str, Any]) -> Given | None:
        if method == "DELETE":
            del self._store.conversations[conversation.id]
            return _given({"id": conversation.id, "object": "conversation.deleted", "deleted": True})
        if method == "POST":
            conversation.metadata = body.get("metadata") or {}
        return _given(_shown(conversation))

    def _items(self, method: str, conversation: Conversation, ident: str, query: Query, turn: Turn) -> Given | None:
        if not ident:
            if method == "GET":
                return _given(_listed(conversation.items, query))
            items = self._checked(turn)
            self._add(conversation, items)
            return _given(_page(items, more=False))
        found = next((item for item in conversation.items if item["id"] == ident), None)
        if found is None:
            raise NotHeld(Problem(f"Item with id '{ident}' not found.", None, None, 404))
        if method == "GET":
            return _given(_kept(found))
        conversation.items.remove(found)
        conversation.context = [item for item in conversation.context if item["id"] != ident]
        self._store.forget(ident)
        return _given(_shown(conversation))


_RESPONSE_DOORS = {("GET", ""), ("DELETE", ""), ("GET", "input_items"), ("POST", "cancel")}


def _given(value: object) -> Given:
    return Given([indented(value)])


def _shown(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": CREATED,
        "metadata": conversation.metadata,
    }


def _kept(item: dict[str, Any]) -> dict[str, Any]:
    return {"status": "completed", **item} if item["type"] == "message" else item


def _listed(items: list[dict[str, Any]], query: Query) -> dict[str, Any]:
    """Return one page: newest first unless asked otherwise, 20 items, from after an id on."""
    ordered = items if query.get("order") == "asc" else items[::-1]
    after = query.get("after")
    start = 1 + next((index for index, item in enumerate(ordered) if item["id"] == after), -1) if after else 0
    limit = int(query.get("limit", 20))
    return _page(ordered[start : start + limit], more=len(ordered) > start + limit)


def _page(items: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": "", "last_id": ""}
    data = json.loads(json.dumps([_kept(item) for item in items]))
    return {"object": "list", "data": data, "has_more": more, **ends}
