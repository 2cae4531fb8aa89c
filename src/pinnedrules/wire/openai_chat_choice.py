"""One choice of a streamed Chat Completions answer while it is being read."""

from __future__ import annotations

from dataclasses import dataclass, field

from pinnedrules.errors import Unreadable
from pinnedrules.wire.openai_chat_answer import message_bytes
from pinnedrules.wire.openai_chat_calls import LEGACY, Fragment, Growing

__all__ = ["Choice"]


@dataclass(slots=True)
class Choice:
    """What was read of a choice so far: ``calls`` by their number, ``open`` the one that can still grow."""

    calls: dict[int, Growing] = field(default_factory=dict)
    open: Growing | None = None
    counted: bool | None = None  # whether its calls carry an index
    content: list[str] | None = None
    refusal: str | None = None
    extras: dict[str, object] = field(default_factory=dict)
    finish: str = ""

    def number(self, index: object, fragment: Fragment) -> int:
        """Return which call of the choice a fragment belongs to: by its index, else by its id, else by order."""
        counted = index is not None
        if self.counted is not None and self.counted != counted:
            raise Unreadable("tool calls of which only some carry an index")
        self.counted = counted
        if counted:
            if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < 4096:
                raise Unreadable("a tool call whose index is not a small number")
            return index
        by_id = [number for number, call in self.calls.items() if call.id and call.id == fragment.id]
        if by_id:
            return by_id[0]
        if self.calls and not fragment.id and not fragment.name:
            return max(self.calls)
        return max(self.calls, default=-1) + 1

    def message(self) -> bytes:
        """Return the message of this choice for the next request."""
        message: dict[str, object] = {"content": None if self.content is None else "".join(self.content)}
        if self.refusal is not None:
            message["refusal"] = self.refusal
        message.update(self.extras)
        calls = [call for number, call in sorted(self.calls.items()) if number != LEGACY]
        if calls:
            message["content"] = message["content"] or None
            message["tool_calls"] = [_entry(call) for call in calls]
        if LEGACY in self.calls:
            message["content"] = message["content"] or None
            call = self.calls[LEGACY].call()
            message["function_call"] = {"name": call.name, "arguments": call.arguments}
        return message_bytes(message)


def _entry(growing: Growing) -> dict[str, object]:
    call = growing.call()
    body = {"name": call.name, "input" if call.kind == "custom" else "arguments": call.arguments}
    return {"id": call.id, "type": growing.type or call.kind, call.kind: body, **growing.extras}
