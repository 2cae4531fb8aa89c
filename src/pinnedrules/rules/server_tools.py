"""Tools that the provider runs itself: what they are known to do, by their type. Decided on the request, by tool.

A rule file that declares such a tool by name is believed instead. An unknown type counts as running code: nobody sees
what it does before it is done.

Sources (read 2026-11): Anthropic "Tool use / server tools" (``web_search_20250305``, ``web_fetch_*``,
``code_execution_*``, ``tool_search_*``, ``advisor_*``, ``mcp_toolset``); OpenAI Responses "Built-in tools"
(``web_search``, ``file_search``, ``code_interpreter``, ``image_generation``, ``mcp``, ``shell``,
``programmatic_tool_calling``, ``multi_agent``); the types in openai-python 3.54 and anthropic-sdk-python 2.12.
"""

from __future__ import annotations

import re

from pinnedrules.types import Effect

__all__ = ["known_as", "server_effects", "server_name", "server_untrusted"]

_READ: tuple[Effect, ...] = ("read",)
_FETCH: tuple[Effect, ...] = ("read", "send")
_WRITE: tuple[Effect, ...] = ("write",)
_EXECUTE: tuple[Effect, ...] = ("execute",)

# Prefix of the type, effects, and whether what comes back are the words of strangers.
_KNOWN: tuple[tuple[str, tuple[Effect, ...], bool], ...] = (
    ("web_search", _READ, True),
    # What is fetched is named by an address, and whoever owns that address reads it.
    ("web_fetch", _FETCH, True),
    ("file_search", _READ, True),
    ("tool_search", _READ, False),
    ("advisor", _READ, False),
    # A picture is made and handed over with the answer: something new, but nothing is read, sent or run for it.
    ("image_generation", _WRITE, False),
    ("memory", _WRITE, False),
    ("code_execution", _EXECUTE, False),
    ("code_interpreter", _EXECUTE, False),
    ("programmatic_tool_calling", _EXECUTE, False),
    ("multi_agent", _EXECUTE, False),
    ("shell", _EXECUTE, False),
    ("computer", _EXECUTE, True),
    ("browser", _EXECUTE, True),
    ("mcp", _EXECUTE, True),
)
_DATE = re.compile(r"_(?:\d{8}|\d{4}_\d{2}_\d{2})\Z")

# Types that are forms of a family, and have no date at their end.
_FORMS = frozenset({"web_search_preview", "tool_search_tool_bm25", "tool_search_tool_regex"})


def server_effects(type: str) -> tuple[Effect, ...]:  # noqa: A002 - the providers' own word for it
    """Return what a provider-run tool of this type is known to do; ``execute`` for an unknown one."""
    return next((effects for prefix, effects, _ in _KNOWN if _is(type, prefix)), _EXECUTE)


def server_untrusted(type: str) -> bool:  # noqa: A002 - the providers' own word for it
    """True when a provider-run tool of this type is known to bring in words from outside."""
    return any(untrusted for prefix, _, untrusted in _KNOWN if _is(type, prefix))


def server_name(type: str, name: str = "") -> str:  # noqa: A002 - the providers' own word for it
    """Return the name that the rules know a provider-run tool by: its family, whatever its date or variant.

    *name* is what the request calls it. That is the request's own choice, so it must not pick up what the file says of
    another tool; only which MCP server is meant cannot be said without it (``mcp:LABEL``).
    """
    family = _family(type)
    return f"mcp:{name}" if family == "mcp" else family or _DATE.sub("", type)


def known_as(name: str) -> str:
    """Return the family that *name* is one form of (``web_search_20250305``), an empty text for any other name.

    The rules know all forms by the family's name, so that a rule for one of them would never match.
    """
    undated = _DATE.sub("", name)
    form = undated in _FORMS or (undated != name and undated == _family(name))
    return _family(name) if form else ""


def _family(kind: str) -> str:
    return next((prefix for prefix, _, _ in _KNOWN if _is(kind, prefix)), "")


def _is(name: str, prefix: str) -> bool:
    """``web_search`` and ``web_search_20250305`` are of one family, ``web_searcher`` is not."""
    return name == prefix or name.startswith(prefix + "_")
