"""The pieces in which the Responses API streams a call, and whether they agree with the whole call.

Programs read a streamed call in different ways: some add up the deltas, some wait for the event that repeats the whole
text, some for the whole item, some for the whole answer. What is decided is the whole item, so all of them must say the
same, or what runs is not what was decided.

``response.function_call_arguments``, ``response.custom_tool_call_input`` and ``response.shell_call_command`` are events of
openai-python 3.54 (``types/responses/response_stream_event.py``), ``response.apply_patch_call_operation_diff`` one that the
service sends and that the SDK gives to the program as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.errors import Unreadable

__all__ = ["PARTS", "Pieces", "refuse_other", "text_at"]

PARTS: Mapping[str, tuple[str, str]] = {
    "response.function_call_arguments": ("function_call", "arguments"),
    "response.custom_tool_call_input": ("custom_tool_call", "input"),
    "response.shell_call_command": ("shell_call", "command"),
    "response.apply_patch_call_operation_diff": ("apply_patch_call", "diff"),
}
"""What an event's name begins with -> the type of the item that it belongs to, the event's member with its whole text."""

_NAMED_BY = ("call_id", "name", "namespace")
"""Members that tell in some events which call it is; not every server sends them."""

_COMMANDS = 4096  # of one shell call


class Pieces:
    """What the events of one call have told of its text."""

    __slots__ = ("_final", "_grown", "_told")

    def __init__(self) -> None:
        self._grown: dict[int, list[str]] = {}
        self._final: dict[int, str] = {}
        self._told: set[tuple[str, str]] = set()

    @property
    def begun(self) -> bool:
        """Whether a part of the text has come."""
        return bool(self._grown)

    def add(self, step: str, member: str, data: Mapping[str, object]) -> bool:
        """Take in one event and return whether it is the first that carries a part of the text. Raises Unreadable."""
        place = data.get("command_index", 0)
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < _COMMANDS:
            raise Unreadable("a part of a tool call without a place")
        text = data.get("delta" if step == "delta" else member)
        if not isinstance(text, str):
            raise Unreadable("a part of a tool call that is not text")
        for key in _NAMED_BY:
            name = data.get(key)
            if not isinstance(name, str | None):
                raise Unreadable("a part of a tool call whose name is not text")
            if name is not None:
                self._told.add((key, name))
        if step == "done":
            if self._final.setdefault(place, text) != text:
                raise Unreadable("two texts for one tool call")
            return False
        first = not self._grown
        self._grown.setdefault(place, []).append(text)
        return first

    def agree(self, added: Mapping[str, object] | None, whole: Mapping[str, object]) -> None:
        """Raise Unreadable when the events, the item as it began (if that was seen) and the whole item differ."""
        for place, pieces in self._grown.items():
            told, grown = text_at(whole, place), "".join(pieces)
            same = told.endswith(grown) if added is None else text_at(added, place) + grown == told
            if not same:
                raise Unreadable("a tool call whose pieces differ from the whole")
        if any(text_at(whole, place) != text for place, text in self._final.items()):
            raise Unreadable("a tool call whose pieces differ from the whole")
        if any(whole.get(key) != name for key, name in self._told):
            raise Unreadable("two names for one tool call")
        if added is not None and not _begins(added, whole, top=True, grown=self.begun):
            raise Unreadable("a tool call that begins as another one")


def text_at(item: Mapping[str, object], place: int) -> str:
    """Return the text of a call's item that its events repeat; of a shell call the command at *place*."""
    kind = item.get("type")
    value: object
    if kind == "shell_call":
        action = item.get("action")
        commands = action.get("commands") if isinstance(action, dict) else None
        value = commands[place] if isinstance(commands, list) and place < len(commands) else None
    elif kind == "apply_patch_call":
        operation = item.get("operation")
        value = operation.get("diff") if isinstance(operation, dict) else None
    else:
        value = item.get("input" if kind == "custom_tool_call" else "arguments")
    return value if isinstance(value, str) else ""


_GROWING = frozenset({"arguments", "commands", "diff", "input"})
_PASSING = frozenset({"id", "status"})  # an id may still be missing, or be another one, while the item is made


def _begins(added: Mapping[str, object], whole: Mapping[str, object], *, top: bool, grown: bool) -> bool:
    """Say whether *whole* has all that *added* has; what its events make grow was compared with them."""
    for key, value in added.items():
        told = whole.get(key)
        if value in (None, "", [], {}) or (top and key in _PASSING) or (grown and key in _GROWING):
            continue
        if isinstance(value, dict) and isinstance(told, dict):
            if not _begins(value, told, top=False, grown=grown):
                return False
        elif not _same(value, told):
            return False
    return True


def refuse_other(first: Mapping[str, object], second: Mapping[str, object]) -> None:
    """Raise Unreadable when a whole call that is told twice is not the same call."""
    for key in (first.keys() | second.keys()) - _PASSING:
        if not _same(first.get(key), second.get(key)):
            raise Unreadable("a tool call that is told in two ways")


def _same(first: object, second: object) -> bool:
    """Compare as JSON does: Python takes ``true``, ``1`` and ``1.0`` for the same value."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_same(value, second[key]) for key, value in first.items())
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same, first, second))
    return type(first) is type(second) and first == second
