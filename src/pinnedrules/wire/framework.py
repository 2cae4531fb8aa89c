"""The dialect of agent frameworks: what an adapter says of a model call, in the words of Chat Completions.

It never leaves this process. Frameworks keep their history apart from what they send, so the slot of the block is no part of
it: lines are added there, behind the block. Nothing has a placeholder, because calls are refused where they would run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnedrules.wire.json_text import Object, array, quote
from pinnedrules.wire.openai_chat import OpenAIChat
from pinnedrules.wire.placeholder import SEPARATOR
from pinnedrules.wire.request import read_messages

__all__ = ["Framework"]


class Framework(OpenAIChat):
    """See :class:`pinnedrules.wire.base.Dialect`."""

    name = "framework"
    slot_is_resent = True

    def answers(self, messages: Sequence[bytes]) -> Sequence[int]:
        """Return nothing: lines go behind the block only."""
        return ()

    def append(
        self, body: bytes, lines: Sequence[tuple[int, str]], block: str
    ) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Put the lines behind *block* in the first message, where :meth:`place` put it. Raises Unreadable."""
        request, messages = read_messages(body)
        first = Object(messages[0])
        text = first.value("content")
        told = SEPARATOR.join([block, *(line for _, line in lines)])
        if not isinstance(text, str) or not text.startswith(block) or text == told or text.startswith(told + SEPARATOR):
            return body, ()
        value = told + text[len(block) :]
        changed = request.edit({"messages": array([first.edit({"content": quote(value)}), *messages[1:]])})
        return changed, ({"op": "replace", "path": "/messages/0/content", "value": value},)

    def tokens(self, body: bytes) -> tuple[str, ...]:
        """Return nothing: whoever sends the request turns placeholders back."""
        return ()
