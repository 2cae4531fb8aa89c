"""What was found: tools with what they say of themselves, and places where a tool stands that could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

__all__ = ["Found", "FoundTool", "Unread", "merged"]


@dataclass(frozen=True, slots=True)
class FoundTool:
    """A tool as its definition shows it. Nothing of it is believed: it comes from whoever wrote the definition.

    ``arguments`` are the names that its schema or signature has. ``type`` is the type of a tool that the provider
    defines itself (``bash_20250124``, ``web_search``), else empty. ``where`` is the place, for people. ``sha256`` is the
    digest by which a rule file pins its definition (see ``rules.told``), empty when it is not all known.
    """

    name: str
    description: str = ""
    arguments: tuple[str, ...] = ()
    type: str = ""
    where: str = ""
    sha256: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """A place where a tool seems to be defined that could not be read, and why."""

    where: str
    why: str


@dataclass(slots=True)
class Found:
    """All that one source shows, in its order."""

    tools: list[FoundTool] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """Take up what another source shows."""
        self.tools += other.tools
        self.unread += [item for item in other.unread if item not in self.unread]


def merged(tools: Iterable[FoundTool]) -> list[FoundTool]:
    """Return every tool once, in the order of first sight. What several definitions say of one tool is added up."""
    kept: dict[tuple[str, str], FoundTool] = {}
    for tool in tools:
        key = (tool.name, tool.type)
        before = kept.get(key)
        if before is None:
            kept[key] = tool
            continue
        said = before.description
        if tool.description not in said:
            said = f"{said}\n{tool.description}"
        arguments = tuple(dict.fromkeys((*before.arguments, *tool.arguments)))
        # A pin is of one definition: the one that was seen last.
        kept[key] = replace(before, description=said, arguments=arguments, sha256=tool.sha256 or before.sha256)
    return list(kept.values())
