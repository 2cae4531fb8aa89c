"""The commands in a call's arguments, each with what it does. Read once per text: the last ones are remembered.

Which arguments: those whose name says that they are a command (``command``, ``cmd``, ``argv``, ``script``, ...), at any
depth; in a tool that is a shell by its name also ``code`` and its free text. A list under a singular name is one
command of several words, under a plural one several commands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TypeAlias

from pinnedrules.rules.bearing import TooMany, few
from pinnedrules.rules.memory import Memory, remembered
from pinnedrules.rules.names import name_keys, plain
from pinnedrules.rules.shell.bounds import MAX_LINE
from pinnedrules.rules.shell.lines import read_line
from pinnedrules.rules.shell.running import SHELLS, run
from pinnedrules.rules.shell.summary import Sink, Summary, Unclear, Word, table
from pinnedrules.rules.shell.windows import read_windows
from pinnedrules.rules.shell.wrappers import HARMLESS
from pinnedrules.types import EFFECTS, Effect

__all__ = ["bears_command", "effects_of_commands", "summaries", "summarize", "summarize_argv"]

MAX_COMMANDS = 32
MAX_WORDS = 1_000
ROOM = 1 << 20
"""Characters of commands whose answers are remembered."""

_PER_PROGRAM = 100  # characters that a program counts for when several commands are read

_Asked: TypeAlias = str | tuple[str, ...] | Summary
"""A command line, the words of a program, or what is known of a command without reading it."""

_COMMAND = re.compile(
    r"(?:.+[_-])?(?:commands?|cmds?|argv|cmd_?lines?|command_?lines?|scripts?)|(?:shell|bash|terminal)_?(?:commands?|scripts?|input)",
    re.I,
)
_MANY = re.compile(r"(?:.*[_-])?(?:commands|cmds|cmdlines|scripts|lines)", re.I)
_TEXT = frozenset({"code", "input", "chars", "text"})
_ARGS = ("args", "arguments", "params", "argv")
_SHELL_TOOLS = table("""
    bash cmd exec execcommand executecommand localshell powershell process pwsh runcommand runinterminal
    runshellcommand runterminalcmd sh shell terminal writestdin zsh
""")
_WINDOWS_TOOLS = frozenset({"cmd", "powershell", "pwsh"})
_LANGUAGE = ("shell", "language", "lang", "interpreter", "runtime", "executable")
_VARIABLES = ("env", "environment", "env_vars", "environment_variables", "envs")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@remembered()
def _words(name: str) -> str:
    return _HUMP.sub("_", name[:128]).lower()


@remembered()
def bears_command(name: str) -> bool:
    """True for arguments that hold a command to run."""
    return _COMMAND.fullmatch(_words(name)) is not None


@remembered()
def _tool(name: str) -> tuple[bool, bool]:
    """Return whether a tool of this name is a shell, and whether one of Windows."""
    keys = set(name_keys(plain(name) or ""))
    return bool(keys & _SHELL_TOOLS), bool(keys & _WINDOWS_TOOLS)


def summarize(text: str, windows: bool = False) -> Summary:
    """Return what a command line does; *windows* when PowerShell or ``cmd`` runs it. Never raises."""
    return _LINES[text, windows]


def _line(asked: tuple[str, bool]) -> Summary:
    text, windows = asked
    sink = Sink()
    if len(text) > MAX_LINE:
        sink.doubt(f"it is longer than {MAX_LINE} characters")
    elif windows:
        read_windows(text, sink)
    else:
        read_line(text, run, sink, 0)
    return sink.summary()


_LINES = Memory(_line, entries=1_024, room=ROOM, size=lambda asked: len(asked[0]))


def summarize_argv(argv: tuple[str, ...], windows: bool = False) -> Summary:
    """Return what a program does that is started with these words, without a shell. Never raises."""
    return _STARTED[argv, windows]


def _started(asked: tuple[tuple[str, ...], bool]) -> Summary:
    argv, windows = asked
    sink = Sink()
    if not argv or len(argv) > MAX_WORDS or sum(map(len, argv)) > MAX_LINE:
        sink.doubt("it has no words, or too many")
    elif any("\0" in word for word in argv):
        sink.doubt("it holds an invisible character")
    elif windows or " " in argv[0].strip():
        # A program's name with blanks in it is one that something may still take apart.
        return summarize(" ".join(argv), windows)
    else:
        try:
            run([Word(word) for word in argv], None, sink, 0)
        except Unclear as problem:
            sink.doubt(str(problem))
    return sink.summary()


# An empty word takes room as well.
_STARTED = Memory(_started, entries=1_024, room=ROOM, size=lambda asked: sum(len(word) + 1 for word in asked[0]))


def summaries(tool: str, arguments: Mapping[str, object], extra: Collection[str] = ()) -> list[Summary]:
    """Return what each command in *arguments* does; *extra* names arguments that hold one besides those told by name."""
    found: list[Summary] = []
    try:
        few(arguments)
    except TooMany as problem:
        return [Summary(unclear=(str(problem),))]
    size = 0
    for what, windows, why in _found(arguments, *_tool(tool), extra, 0):
        if len(found) == MAX_COMMANDS:
            found.append(Summary(unclear=(f"it runs more than {MAX_COMMANDS} commands",)))
            break
        size += len(what) if isinstance(what, str) else 0 if isinstance(what, Summary) else sum(map(len, what))
        if found and size > MAX_LINE:
            found.append(Summary(unclear=(f"its commands are longer than {MAX_LINE} characters together",)))
            break
        one = _read(what, windows)
        size += _PER_PROGRAM * len(one.programs)
        found.append(_with(one, why))
    return found


def _read(what: _Asked, windows: bool) -> Summary:
    if isinstance(what, str):
        return summarize(what, windows)
    return what if isinstance(what, Summary) else summarize_argv(what, windows)


def effects_of_commands(tool: str, arguments: Mapping[str, object]) -> tuple[Effect, ...]:
    """Return what the commands in *arguments* do; one that is unclear may do everything with files and the network."""
    found: set[Effect] = set()
    for one in summaries(tool, arguments):
        found.update(one.effects, ("read", "write", "delete", "send") if one.unclear else ())
    return tuple(effect for effect in EFFECTS if effect in found)


def _found(
    arguments: Mapping[str, object], shell: bool, windows: bool, extra: Collection[str], depth: int
) -> Iterator[tuple[_Asked, bool, str]]:
    """Yield what is to be read, whether Windows runs it, and why other arguments leave it unclear."""
    why = _setting(arguments)
    dialect = _language(arguments)
    windows = windows or dialect == "windows"
    for key, value in arguments.items():
        bears = key in extra or bears_command(key) or (shell and _words(key) in _TEXT)
        if not bears:
            if depth < 8 and isinstance(value, Mapping) and _words(key) not in _VARIABLES:
                yield from _found(value, shell, windows, extra, depth + 1)
            elif depth < 8 and isinstance(value, list):
                for item in value[:MAX_COMMANDS]:
                    if isinstance(item, Mapping):
                        yield from _found(item, shell, windows, extra, depth + 1)
        elif dialect == "other":
            yield Summary(unclear=("it is code in a language that is not read",)), windows, ""
        else:
            for what in _values(key, value, arguments):
                yield what, windows, why


def _values(key: str, value: object, arguments: Mapping[str, object]) -> Iterator[_Asked]:
    """Yield the commands in the value of one argument."""
    if value is None or value == "":
        return
    if isinstance(value, str):
        more = next((arguments[name] for name in _ARGS if name != key and isinstance(arguments.get(name), list)), None)
        if isinstance(more, list) and more:
            yield _texts([value, *more])
        else:
            yield value
    elif isinstance(value, list) and not _MANY.fullmatch(_words(key)):
        yield _texts(value)
    elif isinstance(value, list):
        for item in value[: MAX_COMMANDS + 1]:
            if isinstance(item, list):
                yield _texts(item)
            else:
                yield item if isinstance(item, str) else Summary(unclear=("a command is no text",))
    else:
        yield Summary(unclear=("a command is no text",))


def _texts(value: list[object]) -> _Asked:
    words = tuple(item for item in value if isinstance(item, str))
    if len(words) != len(value):
        return Summary(unclear=("a command holds what is no text",))
    return words


def _setting(arguments: Mapping[str, object]) -> str:
    """Return why other arguments change what a command means: the variables that it is run with."""
    for key in _VARIABLES:
        value = arguments.get(key)
        if isinstance(value, Mapping):
            for name in value:
                if name not in HARMLESS:
                    return "it is run with other variables"
        elif value:
            return "it is run with other variables"
    return ""


def _language(arguments: Mapping[str, object]) -> str:
    """Return which language an argument says that the command is in: ``posix``, ``windows`` or ``other``."""
    for key in _LANGUAGE:
        value = arguments.get(key)
        if isinstance(value, str) and value:
            name = re.split(r"[/\\]", value.lower())[-1].removesuffix(".exe").strip()
            if name in _WINDOWS_TOOLS:
                return "windows"
            if name not in SHELLS and name != "shell":
                return "other"
    return "posix"


def _with(summary: Summary, why: str) -> Summary:
    if not why:
        return summary
    return Summary(
        summary.programs, summary.effects, summary.writes, summary.deletes, summary.paths, summary.hosts, summary.unplaced,
        summary.elsewhere, (*summary.unclear, why), summary.makes, summary.runs,
    )  # fmt: skip
