"""The text of a drafted rule file: the tools with what they were guessed to do, and the rules of a profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pinnedrules.clock import moment
from pinnedrules.draft.found import FoundTool
from pinnedrules.draft.guess import Guess, guess
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.names import is_glob, plain, rule_key
from pinnedrules.rules.printable import shown
from pinnedrules.rules.profiles import PROFILES, profile
from pinnedrules.types import Call, LedgerState

__all__ = ["MARK", "Draft", "Line", "drafted"]

MARK = "guessed"
"""The word that stands in every line that a person still has to confirm."""

_NAME = re.compile(r"[A-Za-z0-9_.:/-]+")
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_WIDEST = 48

_SERVER = re.compile(r"(?:mcp__)?([A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*)__([A-Za-z0-9_-]+)")
_PINS = """\
# Take out the marks below, and a tool of these servers whose definition changes is asked about.
#servers:
"""

_HEAD = """\
# A draft by pinnedrules init, from {source}. What is marked "{mark}" was guessed from names and descriptions.
# Read every such line, correct it, and take the mark out: from then on it is what you say that the tool does.
# read: looks and changes nothing. write, delete, send, publish, spend, execute: what it does; several: [write, send].
# source: untrusted: what it brings in was written by strangers.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One tool in the draft. ``out`` says why it stands there only as a remark, so that nothing declares it."""

    tool: FoundTool
    guess: Guess
    out: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule file that loads, and its lines for tools."""

    text: str
    lines: tuple[Line, ...]


def drafted(tools: Sequence[FoundTool], *, profile: str, source: str) -> Draft:
    """Return the draft. *source* is where the tools came from, for people; tools without a name are not for this."""
    permits = _permits_writes(profile)
    lines: list[Line] = []
    taken: dict[str, str] = {}
    for tool in tools:
        found, name = guess(tool), tool.name
        out = ""
        if not _NAME.fullmatch(name) or plain(name) is None or is_glob(name) or not rule_key(name):
            out = "no name that a rule file can have, so it stays undeclared"
        elif (twin := taken.get(rule_key(name))) is not None:
            out = f"to a lenient program it is {twin}, so it stays undeclared"
        elif permits and not found.clear:
            out = "unclear, so it stays undeclared"
        if not out:
            taken[rule_key(name)] = name
        lines.append(Line(tool, found, out))
    head, _, rules = PROFILES[profile].partition("rules:\n")
    text = (
        _HEAD.format(source=shown(source, 200), mark=MARK) + head + _tools(lines) + _servers(tools) + "rules:\n" + rules
    )
    load(text, file="the draft")
    return Draft(text, tuple(lines))


def _permits_writes(name: str) -> bool:
    """True when what is declared to write is allowed, so that nothing unclear may be declared so."""
    rules = profile(name, {"w": "write"})
    return decide(rules, Call("w", "{}", declared=frozenset()), LedgerState(), moment()).verdict == "allow"


def _tools(lines: Sequence[Line]) -> str:
    if not lines:
        return "tools: {}  # none yet; an undeclared tool counts as one that writes. As in: list_mail: read\n"
    entries = [(_entry(line), _remark(line)) for line in lines]
    width = min(_WIDEST, max(len(entry) for entry, _ in entries))
    written = [f"  {entry:{width}}  # {remark}" for entry, remark in entries]
    # A map with remarks only would be an empty one.
    head = "tools:" if any(not line.out for line in lines) else "tools: {}"
    return "\n".join([head, *written]) + "\n"


def _servers(tools: Sequence[FoundTool]) -> str:
    """Return the pins of what servers' tools say of themselves, as remarks: to pin them is a person's decision."""
    found: dict[str, list[str]] = {}
    for tool in tools:
        named = _SERVER.fullmatch(tool.name)
        if named is not None and tool.sha256:
            found.setdefault(named[1], []).append(f"#      {named[2]}: sha256:{tool.sha256}\n")
    blocks = [f"#  {server}:\n#    tools:\n{''.join(lines)}" for server, lines in found.items()]
    return f"{_PINS}{''.join(blocks)}" if blocks else ""


def _entry(line: Line) -> str:
    name, found = line.tool.name, line.guess
    effects = found.effects[0] if len(found.effects) == 1 else f"[{', '.join(found.effects)}]"
    value = f"{{effect: {effects}, source: untrusted}}" if found.untrusted else effects
    if line.out:
        return f"# {shown(name, 80)}: {value}"
    bare = _BARE.fullmatch(name) and name.lower() not in _WORDS
    return f"{name if bare else chr(34) + name + chr(34)}: {value}"


def _remark(line: Line) -> str:
    found = line.guess
    if line.out:
        return f"{MARK}; {line.out}"
    if not found.clear:
        return f"{MARK}: unclear ({shown(found.why, 200)}), so it counts as writing; say what it does"
    if found.reads:
        return f"{MARK} from {shown(found.why, 200)}; confirm that it only reads"
    return f"{MARK} from {shown(found.why, 200)}; confirm"
