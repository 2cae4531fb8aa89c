"""Words by which clients ask for a summary of a conversation, and words by which a summary introduces itself.

They are taken from the client-side compaction of SDKs, frameworks and coding agents, in English. A client
that words it otherwise goes unnoticed here, which costs a name in the record and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["asks", "asks_about_a_chat", "tells"]

_LOOKED_AT = 4096

_ASKS = re.compile(rb"summar[iy]|compact|condens|compress|hand-?off", re.I)
_CHAT = re.compile(rb"conversation|history|messages|transcript|session|dialog|context", re.I)
_TELLS = re.compile(
    rb"<(?:conversation[ _-]?)?summary>|<state_snapshot>|conversation summary"
    rb"|summary of (?:the |our |this |your )?(?:conversation|previous|earlier|prior|session|chat|work|history)"
    rb"|continued from a previous conversation|compacted (?:conversation|context|history)",
    re.I,
)


def asks(message: bytes) -> bool:
    """Say whether a user's message, the newest of a conversation, may be an instruction to summarise it."""
    return _instructs(message) and any(_ASKS.search(end) for end in _ends(message))


def asks_about_a_chat(message: bytes) -> bool:
    """Say whether a user's message that stands alone may ask to summarise a conversation that it quotes."""
    return _instructs(message) and any(_ASKS.search(end) and _CHAT.search(end) for end in _ends(message))


def tells(messages: Sequence[bytes]) -> bool:
    """Say whether one of these messages introduces itself as a summary of what went before."""
    return any(_TELLS.search(message[:_LOOKED_AT]) for message in messages)


def _instructs(message: bytes) -> bool:
    """Say whether a message is no tool result: in Anthropic's format those are a user's too, and mean nothing."""
    return b'"tool_result"' not in message


def _ends(message: bytes) -> tuple[bytes, bytes]:
    """Return the beginning and the end of a message, where instructions stand."""
    return message[:_LOOKED_AT], message[-_LOOKED_AT:]
