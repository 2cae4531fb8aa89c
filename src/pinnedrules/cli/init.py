"""``pinnedrules init``: a first rule file, drafted from the tools that are there. Every guess is marked, none is lax."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from pinnedrules.cli.arguments import Usage
from pinnedrules.cli.entry import OK
from pinnedrules.cli.printing import Printer, Tone
from pinnedrules.draft.found import Found, FoundTool, merged
from pinnedrules.draft.guess import family, provider_runs
from pinnedrules.draft.modules import from_module
from pinnedrules.draft.python import from_source
from pinnedrules.draft.traces import from_trace
from pinnedrules.draft.write import MARK, Draft, Line, drafted
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.printable import counted, shown
from pinnedrules.rules.profiles import PROFILES
from pinnedrules.rules.server_tools import server_effects, server_untrusted

__all__ = ["run"]

_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_][\w.]*)?")
_LONGEST_SOURCE = 1 << 24
_USAGE = "pinnedrules init [FILE.py] [--from TRACE|MODULE]"


def run(arguments: argparse.Namespace, printer: Printer) -> int:
    """Write the draft and say what is in it. Returns 0."""
    if arguments.profile not in PROFILES:
        raise RuleFileError(f"unknown profile {shown(arguments.profile)!r}", hint=f"known: {', '.join(PROFILES)}")
    out: Path = arguments.output
    if out.exists() and not arguments.force:
        raise Usage(f"{out} is there already", "name another file with -o, or replace it with --force")
    found, sources = _found(arguments, printer)
    tools = merged(found.tools)
    own = [tool for tool in tools if not provider_runs(tool)]
    theirs = [tool for tool in tools if provider_runs(tool)]
    if sources and not tools and not found.unread:
        raise Usage(f"no tool was found in {' and '.join(sources)}", _OTHERWISE)
    draft = drafted(_named(own), profile=arguments.profile, source=" and ".join(sources) or "nothing yet")
    _write(out, draft.text, replace=arguments.force)
    _say(printer, out, draft, found, theirs, arguments.profile)
    printer.document(_plain(out, draft, found, theirs, arguments.profile))
    return OK


_OTHERWISE = (
    "pinnedrules init --from MODULE imports a program and asks it, --from TRACE reads recorded requests;"
    " pinnedrules init alone writes a file to fill in"
)


def _found(arguments: argparse.Namespace, printer: Printer) -> tuple[Found, list[str]]:
    found, sources = Found(), []
    if arguments.program is not None:
        path: Path = arguments.program
        if path.suffix != ".py":
            raise Usage(f"{path} is no Python source", "pinnedrules init --from TRACE reads recorded requests")
        found.add(_source(path))
        sources.append(path.name)
    if arguments.source is not None:
        name: str = arguments.source
        if Path(name).is_file():
            if name.endswith(".py"):
                raise Usage(
                    f"{name} is Python source", f"pinnedrules init {shlex.quote(name)} reads it without running it"
                )
            found.add(from_trace(Path(name)))
        elif _MODULE.fullmatch(name):
            printer.note(f"pinnedrules: importing {name}, which runs its code")
            found.add(from_module(name))
        else:
            raise Usage(f"{shown(name)} is neither a file nor the name of a module", _USAGE)
        sources.append(Path(name).name)
    return found, sources


def _source(path: Path) -> Found:
    import tokenize

    try:
        if path.stat().st_size > _LONGEST_SOURCE:
            raise Usage(f"{path} is too long for a program", _USAGE)
        with tokenize.open(path) as file:
            return from_source(file.read(), name=path.name)
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Usage(f"{path} is no Python source that can be read ({error})", _USAGE) from None


def _named(tools: Sequence[FoundTool]) -> list[FoundTool]:
    """Return the tools under the names that calls have; one that only has a type is called by it."""
    return [tool if tool.name else FoundTool(tool.type, type=tool.type, where=tool.where) for tool in tools]


def _write(path: Path, text: str, *, replace: bool) -> None:
    """Write the file, never over one that appeared meanwhile; a replaced one is whole at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if replace:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Usage(f"{path} is there already", "name another file with -o, or replace it with --force") from None


def _say(printer: Printer, out: Path, draft: Draft, found: Found, theirs: Sequence[FoundTool], profile: str) -> None:
    printer.line(f"{out}: {counted(len(draft.lines), 'tool')}, with the rules of profile {profile}", "good")
    groups: tuple[tuple[str, Tone, list[Line]], ...] = (
        ("taken to read, so allowed", "", [line for line in draft.lines if line.guess.reads and not line.out]),
        ("taken to do more", "", [line for line in draft.lines if line.guess.clear and not line.guess.reads]),
        ("unclear, so counted as writing", "open", [line for line in draft.lines if not line.guess.clear]),
    )
    for what, tone, lines in groups:
        if lines:
            printer.line(f"  {what}: {', '.join(_one(line) for line in lines)}", tone)
    for tool in theirs:
        effects = ", ".join((*server_effects(tool.type), *(["from outside"] if server_untrusted(tool.type) else [])))
        printer.line(f"  run by the provider: {shown(family(tool.type))} ({effects}), decided once per request", "open")
    for item in found.unread:
        printer.line(f"  not read: {shown(item.where)}: a tool, but {item.why}", "bad")
    if found.unread:
        printer.line("    (pinnedrules init --from MODULE imports the program and asks it)", "quiet")
    if draft.lines:
        printer.line(f"confirm: every line that says {MARK!r}; a wrong read would be let through")
    name = shlex.quote(str(out))
    printer.line("next:")
    printer.line(f"  pinnedrules show {name}")
    printer.line(f"  pinnedrules doctor --rules {name}")
    printer.line(f'  in your program: guard = Guard("{out}"); client = guard.wrap(client)')


def _one(line: Line) -> str:
    name, found = shown(line.tool.name, 80), line.guess
    return name if found.reads or not found.clear else f"{name} ({', '.join(found.effects)})"


def _plain(out: Path, draft: Draft, found: Found, theirs: Sequence[FoundTool], profile: str) -> dict[str, object]:
    return {
        "file": str(out),
        "profile": profile,
        "tools": [
            {
                "name": line.tool.name,
                "where": line.tool.where,
                "effects": list(line.guess.effects),
                "source": "untrusted" if line.guess.untrusted else "",
                "why": line.guess.why,
                "clear": line.guess.clear,
                "declared": not line.out,
            }
            for line in draft.lines
        ],
        "provider_run": [{"type": tool.type, "effects": list(server_effects(tool.type))} for tool in theirs],
        "unread": [{"where": item.where, "why": item.why} for item in found.unread],
    }
