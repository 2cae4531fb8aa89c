"""``shell: {programs_in: [ls, cat, git status], inside: /home/ada/project}``: a command line runs only what may be run.

Options, of which ``programs_in`` or ``effects_in`` must be there:

- ``programs_in``: every program that the line starts, also inside others, is one of these. ``git status`` permits that
  sub-command alone. ``env``, ``timeout``, ``nohup``, ``nice``, ``time`` and their kin count as what they run.
- ``effects_in``: everything that the programs do is one of these; ``read`` and ``write`` when it is left out.
- ``inside``: every word that may name a file stays inside these folders; a relative one begins there.
- ``hosts_in``: every machine that it talks to is one of these.
- ``of``: arguments that hold a command besides those whose name says so (``command``, ``cmd``, ``argv``, ``script``).

Three answers: ``ls src`` holds, ``ls; rm x`` fails, ``$X`` or ``base64 -d a | sh`` cannot be decided.

- holds: a command was found, all of it was read, and all of it is permitted.
- fails: a program, an effect, a file or a machine that is not.
- cannot be decided: no command, or one that hides what it runs (see ``rules/shell/``); with ``inside`` or ``hosts_in``
  files or machines that the line does not name.

It is decided by the text alone: what a permitted program does with its files, and where a link leads, it does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from pinnedrules.rules.bearing import bears_path, strings
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Outcome,
    Predicate,
    closed,
    texts,
)
from pinnedrules.rules.predicates.hosts import Hosts, address, canonical, hosts
from pinnedrules.rules.predicates.paths import resolved
from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell.reading import bears_command, summaries, summarize
from pinnedrules.rules.shell.summary import Summary
from pinnedrules.types import EFFECTS

__all__ = ["SHELL"]

_ENTRY = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_./+@:-]*(?: [A-Za-z0-9_./+@:=-]+)*")
_URL = re.compile(r"(?:https?|wss?|ssh|git|ftps?)://[^\s/]+(?:/.*)?", re.IGNORECASE | re.DOTALL)
_PIECES = re.compile(r"[=:,@]")

_Part = Callable[[Summary], Outcome]


def _programs(entries: Sequence[str]) -> _Part:
    permitted: dict[str, list[tuple[str, ...]]] = {}
    for entry in entries:
        parts = tuple(entry.split())
        permitted.setdefault(parts[0], []).append(parts)

    def check(summary: Summary) -> Outcome:
        for program in summary.programs:
            if not any(program[: len(entry)] == entry for entry in permitted.get(program[0], ())):
                return Fails(f"shell: {shown(' '.join(program[:3]), 60)} is not one of the programs that may run")
        return None

    return check


def _effects(permitted: Sequence[str]) -> _Part:
    def check(summary: Summary) -> Outcome:
        beyond = [effect for effect in summary.effects if effect not in permitted]
        if beyond:
            what = f": {shown(summary.deletes[0], 60)}" if beyond == ["delete"] and summary.deletes else ""
            return Fails(f"shell: what it does is {' and '.join(beyond)}{what}")
        return None

    return check


def _inside(folders: Sequence[str]) -> Callable[[str], Outcome]:
    """Return a check of one word that may name a file, or hold its name after a sign."""
    roots = tuple(resolved(folder, ()) for folder in folders)
    written = " or ".join(folders)

    def leads_out(path: str) -> bool:
        # A relative path begins at whichever folder the tool runs in.
        return not all(
            any(found[: len(root)] == root for root in roots) for found in (resolved(path, at) for at in roots)
        )

    def check(word: str) -> Outcome:
        if _URL.fullmatch(word):
            return None
        if word.startswith("-"):
            if not ("/" in word or ".." in word or "~" in word):
                return None
            if "=" not in word:
                return Cannot(f"shell: an option may hold a path: {shown(word, 60)}")
            word = word.partition("=")[2]
        pieces = [word, *(_PIECES.split(word) if _PIECES.search(word) else ())]
        for piece in pieces:
            if re.match(r"~[^/]", piece) or "\\" in piece or re.search(r"(?:^|/)\.[^/]*[*?\[]", piece):
                return Cannot(f"shell: where it leads is not known: {shown(piece, 60)}")
            if piece and leads_out(piece):
                return Fails(f"shell: {shown(piece, 60)} is not inside {written}")
        return None

    return check


def _paths(one: Callable[[str], Outcome]) -> _Part:
    def check(summary: Summary) -> Outcome:
        unclear: Outcome = Cannot(f"shell: {summary.unplaced}") if summary.unplaced else None
        for path in (*summary.paths, *summary.deletes):
            found = one(path)
            if isinstance(found, Fails):
                return found
            unclear = unclear or found
        return unclear

    return check


def _hosts(permitted: Hosts) -> _Part:
    def check(summary: Summary) -> Outcome:
        for host in summary.hosts:
            if (canonical(host) or address(host)) not in permitted:
                return Fails(f"shell: {shown(host, 60)} is not {permitted.written}")
        return Cannot(f"shell: {summary.elsewhere}") if summary.elsewhere else None

    return check


def _clear(summary: Summary) -> Outcome:
    return Cannot(f"shell: {summary.unclear[0]}") if summary.unclear else None


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=(), optional=("programs_in", "effects_in", "inside", "hosts_in", "of"))
    programs, effects = texts(options, "programs_in"), texts(options, "effects_in")
    if not programs and not effects:
        raise BadOption(
            "neither 'programs_in' nor 'effects_in'", hint="name the programs: programs_in: [ls, cat, git status]"
        )
    for index, effect in enumerate(effects):
        if effect not in EFFECTS:
            raise BadOption(
                f"unknown effect {shown(effect)!r}", "effects_in", index, hint=f"known: {', '.join(EFFECTS)}",
                word=effect, known=EFFECTS,
            )  # fmt: skip
    effects = effects or ("read", "write")
    parts: list[_Part] = [_effects(effects)]
    if programs:
        _check_programs(programs, effects)
        parts.insert(0, _programs(programs))
    one: Callable[[str], Outcome] | None = None
    if "inside" in options:
        one = _inside(_folders(texts(options, "inside")))
        parts.append(_paths(one))
    if "hosts_in" in options:
        parts.append(_hosts(hosts(texts(options, "hosts_in"), "hosts_in", addresses=True)))
    parts.append(_clear)
    extra = frozenset(texts(options, "of"))

    def check(facts: Facts) -> Outcome:
        found = summaries(facts.call.name, facts.arguments, extra)
        unclear: Outcome = None if found else Cannot("shell: no command was found")
        for summary in found:
            for part in parts:
                outcome = part(summary)
                if isinstance(outcome, Fails):
                    return outcome
                unclear = unclear or outcome
        return unclear or (None if one is None else _elsewhere(facts, one))

    return Built(check, dict.fromkeys(extra, ("of",)), bears_command)


def _elsewhere(facts: Facts, inside: Callable[[str], Outcome]) -> Outcome:
    """Check the other arguments that name a folder: a command is run in one (``cwd``, ``workdir``)."""
    for key, value in strings(facts.arguments):
        if value is not None and bears_path(key) and not bears_command(key):
            found = inside(value) if isinstance(value, str) else Cannot(f"shell: {shown(key, 40)} is not a text")
            if found is not None:
                return found
    return None


def _check_programs(programs: Sequence[str], effects: Sequence[str]) -> None:
    for index, entry in enumerate(programs):
        if not _ENTRY.fullmatch(entry):
            raise BadOption(
                f"not the name of a program: {shown(entry)!r}", "programs_in", index,
                hint="write a name, or a name and its sub-command: git status",
            )  # fmt: skip
        beyond = [effect for effect in summarize(entry).effects if effect not in effects]
        if beyond:
            need = [effect for effect in EFFECTS if effect in (*effects, *beyond)]
            raise BadOption(
                f"{shown(entry)} would never be permitted: what it does is {' and '.join(beyond)}", "programs_in", index,
                hint=f"add effects_in: [{', '.join(need)}]",
            )  # fmt: skip


def _folders(folders: Sequence[str]) -> Sequence[str]:
    for index, folder in enumerate(folders):
        if not re.fullmatch(r"~|~?/[^*?\[\]{}$`\\\x00-\x1f]*", folder) or ".." in folder.split("/"):
            raise BadOption(
                f"not a plain folder: {shown(folder)!r}", "inside", index,
                hint="write it from / or ~/ on, without patterns and ..",
            )  # fmt: skip
    return folders


def _say(options: Mapping[str, object]) -> str:
    said = ["can be read"]
    for key, how in (
        ("programs_in", "runs only"),
        ("effects_in", "does no more than"),
        ("inside", "stays inside"),
        ("hosts_in", "talks only to"),
    ):
        named = texts(options, key) or (("read", "write") if key == "effects_in" else ())
        said += [f"{how} {' or '.join(named)}"] if named else []
    return f"the command {', '.join(said[:-1])} and {said[-1]}"


SHELL = Predicate("shell", _build, _say)
