"""Tools that the provider runs itself: what they are known to do, by their type. Decided on the request, by tool.

A rule file that declares such a tool by name is believed instead. An unknown type counts as running code: nobody sees
what it does before it is done.

Sources (read 2026-11): Anthropic "Tool use / server tools" (``web_search_20250305``, ``web_fetch_*``,
``code_execution_*``, ``tool_search_*``, ``advisor_*``, ``mcp_toolset``); OpenAI Responses "Built-in tools"
(``web_search``, ``file_search``, ``code_interpreter``, ``image_generation``, ``mcp``, ``shell``).
"""

from __future__ import annotations

from pinnedrules.types import Effect

__all__ = ["server_effects", "server_untrusted"]

_READ: tuple[Effect, ...] = ("read",)
_FETCH: tuple[Effect, ...] = ("read", "send")
_EXECUTE: tuple[Effect, ...] = ("execute",)

# Prefix of the type, effects, and whether what comes back are the words of strangers.
_KNOWN: tuple[tuple[str, tuple[Effect, ...], bool], ...] = (
    ("web_search", _READ, True),
    ("web_fetch", _FETCH, True),
    ("file_search", _READ, True),
    ("tool_search", _READ, False),
    ("advisor", _READ, False),
    ("code_execution", _EXECUTE, False),
    ("code_interpreter", _EXECUTE, False),
    ("mcp", _EXECUTE, True),
)


def server_effects(type: str) -> tuple[Effect, ...]:  # noqa: A002 - the providers' own word for it
    """Return what a provider-run tool of this type is known to do; ``execute`` for an unknown one."""
    return next((effects for prefix, effects, _ in _KNOWN if _is(type, prefix)), _EXECUTE)


def server_untrusted(type: str) -> bool:  # noqa: A002 - the providers' own word for it
    """True when a provider-run tool of this type is known to bring in words from outside."""
    return any(untrusted for prefix, _, untrusted in _KNOWN if _is(type, prefix))


def _is(name: str, prefix: str) -> bool:
    """``web_search`` and ``web_search_20250305`` are of one family, ``web_searcher`` is not."""
    return name == prefix or name.startswith(prefix + "_")
