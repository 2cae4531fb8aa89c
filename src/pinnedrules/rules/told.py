"""What the definition of a tool says of it: others' words. They make a call stricter; only pinned ones may relax.

Rules of this file:

1. Description and annotations add effects to a tool that the file does not name exactly. They never take one away.
2. The one exception needs the file's word twice: its server is ``trusted``, and this very definition is pinned by its
   digest. Then its annotations say what it does.
3. A pinned tool whose definition is another one, or is not there, is asked about, whatever else the file says of it.

Annotations are those of MCP (specification 2025-06-18, ``ToolAnnotations``): ``readOnlyHint`` (false when missing),
``destructiveHint`` and ``openWorldHint`` (both true when missing, so that is how a definition with any annotation at all
is read where it can relax something).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pinnedrules.rules.names import name_keys, rule_key
from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import ServerSpec
from pinnedrules.rules.verbs import MAX_SAID, added_by_description
from pinnedrules.types import EFFECTS, Definition, Effect

__all__ = ["Pin", "Pins", "added_by_definition", "brings_words", "digest", "moved", "vouched"]

_DELETE: tuple[Effect, ...] = ("delete",)
_WRITE: tuple[Effect, ...] = ("write",)
# How programs and gateways join the names of a server and of its tool.
_FORMS = (
    "mcp__{server}__{tool}", "{server}__{tool}", "mcp:{server}.{tool}", "{server}.{tool}", "{server}_{tool}",
    "{server}/{tool}", "{server}:{tool}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pin:
    """What the file says of the definition of one called tool: whose it is, and its digest.

    ``trusted`` is true where the definition may relax: the server is trusted and the name exactly one of its tool's.
    """

    server: str
    tool: str
    sha256: str
    trusted: bool


class Pins:
    """The pinned tools of all servers, found by the names that programs give them."""

    def __init__(self, servers: Mapping[str, ServerSpec]) -> None:
        self._pins: dict[str, list[tuple[str, str]]] = {}
        self._servers = servers
        for server, spec in servers.items():
            for tool in spec.tools:
                for key in {rule_key(tool), rule_key(f"{server}.{tool}")}:
                    self._pins.setdefault(key, []).append((server, tool))

    def of(self, name: str) -> tuple[Pin, ...]:
        """Return what may be meant by *name*: a tool with its server before it (``mcp__github__get_me``) or without.

        A name without a server may be that of several servers' tools. Loosely equal names are found, but not trusted.
        """
        keys = name_keys(name) if self._pins else ()
        whole = next((key for key in keys[:-1] if key in self._pins), "") or (rule_key(name) if keys else "")
        return tuple(self._pin(name, server, tool) for server, tool in self._pins.get(whole, ()))

    def _pin(self, name: str, server: str, tool: str) -> Pin:
        spec = self._servers[server]
        written = name == tool or name in {form.format(server=server, tool=tool) for form in _FORMS}
        return Pin(server, tool, spec.tools[tool], spec.trusted and written)


def added_by_definition(definition: Definition) -> tuple[Effect, ...]:
    """Return the effects that a definition tells of; the same ones for the same words, however often it is asked."""
    said = added_by_description(definition.description[:MAX_SAID])
    hints = definition.annotations
    if not hints:
        return said
    deletes, writes = hints.get("destructiveHint") is True, hints.get("readOnlyHint") is False
    more = (*(_DELETE if deletes else ()), *(_WRITE if writes else ()))
    return tuple(effect for effect in EFFECTS if effect in (*said, *more)) if more else said


def brings_words(definition: Definition | None) -> bool:
    """True when annotations do not deny that the tool deals with the world outside (``openWorldHint``)."""
    hints = definition.annotations if definition is not None else None
    return bool(hints and hints.get("openWorldHint") is not False)


def digest(definition: Definition) -> str:
    """Return the hex SHA-256 of what a definition says: description, schema, annotations, and nothing of the API's.

    Empty for one that cannot be written as JSON again, so that it equals no pin.
    """
    said = {"description": definition.description, "schema": definition.schema, "annotations": definition.annotations}
    try:
        text = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return ""
    return sha256(text.encode()).hexdigest()


def moved(pins: Sequence[Pin], definition: Definition | None) -> str:
    """Return why a pinned tool is asked about, an empty text when its definition is the pinned one or none is pinned."""
    if not pins:
        return ""
    found = digest(definition) if definition is not None else ""
    if any(pin.sha256 == found for pin in pins):
        return ""
    servers = " or ".join(dict.fromkeys(shown(pin.server, 40) for pin in pins))
    what = f"it is sha256:{found}" if found else "the request does not define it"
    return f"the definition of {shown(pins[0].tool, 80)} is not the one that is pinned for the server {servers}: {what}"


def vouched(pins: Sequence[Pin], definition: Definition | None) -> tuple[Effect, ...] | None:
    """Return what a tool does by its own annotations, if the file vouches for them; None when it is as if they were not.

    ``("read",)`` for one that only reads; ``("write",)`` for one that says that it destroys nothing.
    """
    if definition is None or not any(pin.trusted for pin in pins):
        return None
    hints = definition.annotations
    says: tuple[Effect, ...] | None = (
        ("read",) if hints.get("readOnlyHint") is True else _WRITE if hints.get("destructiveHint") is False else None
    )
    found = digest(definition) if says else ""
    return says if any(pin.trusted and pin.sha256 == found for pin in pins) else None
