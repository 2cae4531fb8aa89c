"""What the service keeps of the Responses API: responses, conversations, the items of both, and sealed texts.

Thread-safe: whoever reads and then writes holds :attr:`Store.lock`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pinnedrules.testing.history import canonical
from pinnedrules.testing.responses_items import as_items, essence
from pinnedrules.testing.script import Reply
from pinnedrules.testing.shapes import Problem, name_from

__all__ = ["Conversation", "Held", "NotHeld", "Store", "conversation_of", "shortened"]

Item = dict[str, Any]


class NotHeld(Exception):
    """A request names something that is not there. Carries the :class:`Problem`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(slots=True)
class Held:
    """One response: as it will be when it is done, what it was asked with, and how far it is.

    ``context`` is the history that a request continuing it begins with. ``polls`` counts how many more times it is
    not done yet when asked for; ``events`` are the frames of its stream, if it was made as one. ``joins`` names the
    conversation that gets its items when it is done.
    """

    final: dict[str, Any]
    asked: list[Item]
    context: list[Item]
    reply: Reply
    polls: int = 0
    joins: str = ""
    events: list[bytes] | None = None

    def shown(self) -> dict[str, Any]:
        """Return the response as it is now."""
        if not self.polls:
            return self.final
        empty: dict[str, Any] = {
            "output": [],
            "usage": None,
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
        }
        return {**self.final, **empty, "status": "queued" if self.polls > 1 else "in_progress"}


@dataclass(slots=True)
class Conversation:
    """One conversation: every item in order, and those that the model is still shown after a compaction."""

    id: str
    metadata: Mapping[str, Any]
    items: list[Item] = field(default_factory=list)
    context: list[Item] = field(default_factory=list)


class Store:
    """Everything that one provider keeps."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.responses: dict[str, Held] = {}
        self.conversations: dict[str, Conversation] = {}
        self._items: dict[str, Item] = {}
        self._made: dict[str, bool] = {}
        self._reasoned: dict[str, str] = {}
        self._sealed: dict[str, str] = {}
        self._under: dict[str, str] = {}

    def seal(self, text: str) -> str:
        """Return an opaque text that stands for *text*."""
        sealed = "gAAAAAB" + hashlib.sha256(f"{len(self._sealed)}:{text}".encode()).hexdigest() + "=="
        self._sealed[sealed] = text
        return sealed

    def open(self, sealed: str) -> str:
        """Return what stands behind a text of :meth:`seal`. Raises NotHeld."""
        if sealed not in self._sealed:
            raise NotHeld(
                Problem(
                    f"The encrypted content {sealed[:4]}...{sealed[-4:]} could not be verified. Reason: Encrypted "
                    "content could not be decrypted or parsed.",
                    None,
                    "invalid_encrypted_content",
                )
            )
        return self._sealed[sealed]

    def response(self, ident: str) -> Held:
        """Return a response. Raises NotHeld."""
        if ident not in self.responses:
            raise NotHeld(Problem(f"Response with id '{ident}' not found.", None, None, 404))
        return self.responses[ident]

    def conversation(self, ident: str) -> Conversation:
        """Return a conversation. Raises NotHeld."""
        if ident not in self.conversations:
            raise NotHeld(Problem(f"Conversation with id '{ident}' not found.", None, None, 404))
        return self.conversations[ident]

    def new_conversation(self, number: int, metadata: Mapping[str, Any]) -> Conversation:
        """Return a new conversation."""
        made = Conversation(name_from("conv_", number, length=48), metadata)
        self.conversations[made.id] = made
        return made

    def settle(self, held: Held) -> None:
        """Give a response's items to its conversation, once, if it is done."""
        if held.joins and not held.polls and held.joins in self.conversations:
            conversation = self.conversations[held.joins]
            conversation.items += [*held.asked, *held.final["output"]]
            conversation.context = shortened([*conversation.context, *held.asked], held.final["output"])
            held.joins = ""

    def history(self, body: Mapping[str, Any]) -> list[Item]:
        """Return the items that a request continues. Raises NotHeld."""
        previous = body.get("previous_response_id")
        if previous:
            if previous not in self.responses:
                raise NotHeld(
                    Problem(
                        f"Previous response with id '{previous}' not found.",
                        "previous_response_id",
                        "previous_response_not_found",
                    )
                )
            return list(self.responses[previous].context)
        named = conversation_of(body)
        return list(self.conversation(named).context) if named else []

    def given(self, body: Mapping[str, Any]) -> list[Item]:
        """Return the input of a request, references followed. Raises NotHeld."""
        return [self._followed(item, body) for item in as_items(body.get("input"))]

    def _followed(self, item: Item, body: Mapping[str, Any]) -> Item:
        kind, ident = item["type"], item.get("id")
        if item.get("encrypted_content") is not None:
            self.open(item["encrypted_content"])
        elif ident and not self._knows(item, body):
            raise NotHeld(Problem(f"Item with id '{ident}' not found.{self._why(ident)}", "input", None, 404))
        return self._items[str(ident)] if kind == "item_reference" else item

    def _knows(self, item: Item, body: Mapping[str, Any]) -> bool:
        kind, ident = item["type"], item["id"]
        if kind == "item_reference" or (kind == "reasoning" and not item.get("content")):
            # There is nothing in it; what it stands for must be kept.
            return ident in self._items
        of_model = kind in _WITH_IDS and item.get("role", "assistant") == "assistant"
        return not of_model or body.get("store") is False or ident in self._made

    def _why(self, ident: str) -> str:
        if self._made.get(ident, True):
            return ""
        return (
            " Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove "
            "this item from your input."
        )

    def unreasoned(self, items: Iterable[Item]) -> Problem | None:
        """Return the problem of an item that was made right after reasoning which *items* leave out."""
        listed = list(items)
        there = {item.get("id") for item in listed}
        for item in listed:
            needed = self._reasoned.get(str(item.get("id")))
            if needed is not None and needed not in there:
                who = f"Item '{item['id']}' of type '{item['type']}'"
                return Problem(f"{who} was provided without its required 'reasoning' item: '{needed}'.", "input")
        return None

    def learn(self, items: Iterable[Item], *, kept: bool) -> None:
        """Remember items that the service made or was given; those that are *kept* can be referred to."""
        before: Item = {"type": ""}
        for item in items:
            self._made[item["id"]] = kept
            if kept:
                self._items[item["id"]] = item
            if before["type"] == "reasoning" and item["type"] != "reasoning":
                self._reasoned[item["id"]] = before["id"]
            before = item

    def reasoned(self, items: list[Item], made: list[Item], tools: object) -> list[str]:
        """Remember what the reasoning in *made* was made under; return the ids of the reasoning in *items* that was made
        under something else. The newest models forget such reasoning (the service's guide on unchanged prefixes);
        instructions are no part of their prefix.
        """
        dropped = []
        whole = [*items, *made]
        for index, item in enumerate(whole):
            if item["type"] != "reasoning":
                continue
            now = canonical([tools, [essence(earlier) for earlier in whole[:index]]])
            if self._under.setdefault(item.get("encrypted_content") or item["id"], now) != now:
                dropped.append(str(item["id"]))
        return dropped

    def forget(self, ident: str) -> None:
        """Forget an item that was deleted."""
        self._items.pop(ident, None)
        self._made[ident] = True


# Kinds whose id the service looks up. Everything that a caller writes may carry any id.
_WITH_IDS = ("message", "reasoning", "function_call", "custom_tool_call", "mcp_approval_request", "mcp_call")


def conversation_of(body: Mapping[str, Any]) -> str:
    """Return the id of the conversation that a request names, or an empty string."""
    named = body.get("conversation") or ""
    return str(named["id"] if isinstance(named, dict) else named)


def shortened(items: list[Item], made: list[Item]) -> list[Item]:
    """Return what a continuation is shown: everything, or what is left from the newest compaction in *made* on."""
    last = max((index for index, item in enumerate(made) if item["type"] == "compaction"), default=None)
    return [*items, *made] if last is None else made[last:]
