"""What one command does: the program that it names, and the programs that this one is given to run.

Rules of this file:

1. A program that runs others (``env``, ``xargs``, ``sh -c``, ``find -exec``) is what it runs.
2. Code in a language that is not read here is unclear, wherever it comes from: an option, standard input, a pipe.
3. An option of such a program that is not known may be anything, so that the command is unclear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell.finding import run_awk, run_find, run_sed
from pinnedrules.rules.shell.git import git_words, run_git
from pinnedrules.rules.shell.lines import read_line
from pinnedrules.rules.shell.network import NETWORK
from pinnedrules.rules.shell.readers import SIMPLE, run_simple
from pinnedrules.rules.shell.services import SERVICES, run_service
from pinnedrules.rules.shell.summary import MAX_DEPTH, PROJECT, SOMETHING, Sink, Word, table
from pinnedrules.rules.shell.windows import is_windows, run_windows
from pinnedrules.rules.shell.wrappers import WRAPPERS, Wrapper, after_options

__all__ = ["SHELLS", "run"]

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ksh93", "mksh", "ash"})
_OTHER_SHELLS = frozenset({"fish", "csh", "tcsh", "rbash", "nu", "xonsh", "elvish", "rc", "es", "ion", "oksh", "yash"})
INTERPRETER = re.compile(
    r"(?:python|pypy|perl|ruby|php|lua|node|nodejs|deno|bun|tclsh|wish|rscript|r|julia|guile|racket|groovy|scala|swift|osascript"
    r"|runghc|elixir|escript|ipython|raku|luajit|qjs|ts-node|tsx|irb)(?:[0-9.]*|-[0-9.]+)"
)
_PLAIN = re.compile(r"[A-Za-z0-9_~./+@:-][A-Za-z0-9_~./+@:%-]*|\[")
_SYSTEM = re.compile(r"/(?:usr/)?(?:local/)?s?bin/([^/]+)")
_SET = re.compile(r"[-+][aefhuxvCEn]+|[-+]?o|pipefail|errexit|nounset|noglob|xtrace|verbose|--|[-+][aefuxE]*o")


_TRANSPARENT = frozenset(WRAPPERS) - {"sudo", "doas", "busybox", "toybox", "flock"}
_UNREAD = table("""
    vi vim nvim view ex ed emacs gdb lldb m4 bc dc sqlite3 psql mysql mariadb mongo mongosh redis-cli duckdb gnuplot octave
    jshell ghci erl openssl ansible ansible-playbook 7z 7za 7zr rar
    if then else elif fi for while until do done case esac in { } [[ ]] alias unalias hash enable shopt bind
    complete compgen fc history mapfile readarray read getopts let coproc select parallel script expect at batch
    crontab systemd-run unshare nsenter chroot su runuser pkexec gosu strace ltrace ld.so perf valgrind entr
    watchexec inotifywait socat ncat screen tmux zellij dtach abduco rlwrap make-shell proot fakeroot firejail
    bwrap autoload emulate zmodload zcompile sched disown suspend logout dirs popd function wsl ssh-agent
    dbus-run-session xdg-open open start run-parts logsave setarch linux32 linux64 capsh setpriv prlimit numactl
    cpulimit chrt choom faketime eatmydata torsocks proxychains proxychains4 mosh telnet rlogin rsh rexec
""")

# Programs that run what the files of a project say.
_PROJECT = table("""
    make gmake cmake ninja just task rake gradle mvn ant bazel tox nox pytest bundle composer jest vitest invoke scons meson
    cargo go npm yarn pnpm
""")


def run(words: list[Word], stdin: str | None, sink: Sink, depth: int) -> None:
    """Note in *sink* what the command *words* does; *stdin* is the text that it reads, None when that is not known."""
    first = words[0]
    if depth > MAX_DEPTH:
        sink.doubt(f"it holds commands in commands, more than {MAX_DEPTH} deep")
    elif not first.plain:
        sink.doubt("the program that it runs is not known")
        _anything(words[1:], sink)
    elif not _PLAIN.fullmatch(first.text) or first.text.endswith("/"):
        sink.doubt(f"{shown(first.text, 40)} is not the plain name of a program")
        _anything(words[1:], sink)
    else:
        _named(words, stdin, sink, depth)


def _named(words: list[Word], stdin: str | None, sink: Sink, depth: int) -> None:
    written = words[0].text
    inside = _SYSTEM.fullmatch(written)
    name = inside[1] if inside else written
    base = name.rpartition("/")[2].lower().removesuffix(".exe")
    if name not in _TRANSPARENT:
        rest = git_words(words[1:]) if base == "git" else words[1:]
        sink.program((name, *_leading(rest)))
    if name != base:
        # Another program of that name, or the same one to a system that does not tell the cases apart: both.
        sink.does(*SOMETHING)
        if "/" in name:
            sink.script(words[0])
            sink.path(words[0])
    _does(base, words[1:], stdin, sink, depth, known=name == base)


def _leading(words: Sequence[Word]) -> list[str]:
    found: list[str] = []
    for word in words[:8]:
        if not word.plain:
            break
        found.append(word.text)
    return found


def _does(name: str, rest: list[Word], stdin: str | None, sink: Sink, depth: int, *, known: bool) -> None:
    simple = SIMPLE.get(name)
    if simple is not None:
        run_simple(name, simple, rest, sink)
    elif name in _SPECIAL:
        _SPECIAL[name](name, rest, stdin, sink, depth)
    elif name in WRAPPERS:
        _wrapped(name, WRAPPERS[name], rest, stdin, sink, depth)
    elif name in SHELLS:
        _shell(name, rest, stdin, sink, depth)
    elif name in NETWORK:
        tail = NETWORK[name](name, rest, sink)
        if tail is not None:
            _text(tail, sink, depth)
    elif name in SERVICES:
        if name in _PROJECT:
            sink.scripts.add(PROJECT)
        run_service(name, rest, sink)
    elif name in _UNREAD or name in _OTHER_SHELLS:
        sink.doubt(f"what {name} runs or changes is not read")
        _anything(rest, sink)
    elif is_windows(name):
        run_windows(name, rest, sink)
    elif INTERPRETER.fullmatch(name):
        _interpreter(name, rest, sink)
    elif known:
        sink.does(*SOMETHING)
        if name in _PROJECT:
            sink.scripts.add(PROJECT)
        _anything(rest, sink)


def _anything(words: Sequence[Word], sink: Sink) -> None:
    """Every word of a program that is not known may name a file, or a part of it may."""
    for word in words:
        sink.path(word)


def _text(words: Sequence[Word], sink: Sink, depth: int) -> None:
    """Run words as a shell does that is given them as one text."""
    if all(word.plain for word in words):
        read_line(" ".join(word.text for word in words), run, sink, depth + 1)
    else:
        sink.doubt("it runs a text that is not known")


# -- programs that run others -----------------------------------------------------------------------------------------


def _wrapped(name: str, wrapper: Wrapper, rest: list[Word], stdin: str | None, sink: Sink, depth: int) -> None:
    if name in ("command", "builtin") and rest and rest[0].text in ("-v", "-V") and rest[0].plain:
        sink.does("read")
        return
    inner = after_options(name, wrapper, rest, sink)
    if inner is None:
        sink.doubt(f"an option of {name} is not known")
        _anything(rest, sink)
    elif inner:
        if name in ("npx", "bunx", "pnpx", "uvx"):
            sink.does(*SOMETHING)
        run(inner, stdin, sink, depth + 1)
    elif name == "env":
        sink.does("read")
    elif name in ("sudo", "doas", "busybox", "toybox", "exec"):
        sink.does(*SOMETHING)


def _shell(name: str, rest: list[Word], stdin: str | None, sink: Sink, depth: int) -> None:
    """``sh -c TEXT``, ``sh FILE``, ``sh`` that reads its commands from standard input."""
    command = False
    for at, word in enumerate(rest):
        if not word.plain:
            sink.doubt(f"the words of {name} are not known")
            return
        text = word.text
        if text in ("--version", "--help"):
            sink.does("read")
            return
        if re.fullmatch(r"[-+][celuxivn]+|--login|--norc|--noprofile|--posix", text):
            command = command or (text[0] == "-" and text[1] != "-" and "c" in text)
            if "i" in text.removeprefix("--") and not text.startswith("--"):
                sink.doubt(f"{name} is run as in a terminal")
            continue
        if text.startswith(("-", "+")):
            sink.doubt(f"an option of {name} is not known")
            return
        if command:
            if "{}" in text:
                sink.doubt("file names are put into a command")
            read_line(text, run, sink, depth + 1)
        else:
            sink.path(word)
            sink.script(word)
        for extra in rest[at + 1 :]:
            sink.path(extra)
        return
    if stdin is None or command:
        sink.doubt(f"{name} runs commands that it reads from elsewhere")
    else:
        read_line(stdin, run, sink, depth + 1)


def _interpreter(name: str, rest: Sequence[Word], sink: Sink) -> None:
    """``python file.py`` runs a file; ``-c``, ``-e`` and standard input hold code that is not read."""
    words = list(rest)
    if len(words) == 1 and words[0].text in ("--version", "-V", "-v", "--help", "-version"):
        sink.does("read")
        return
    python = name.startswith(("python", "pypy"))
    while python and words and words[0].plain and re.fullmatch(r"-[uBOEsIqbd]+", words[0].text):
        words = words[1:]
    if (
        python
        and len(words) > 1
        and words[0].text == "-m"
        and re.fullmatch(r"[a-z_][\w.]*", words[1].text)
        and words[1].plain
    ):
        sink.does(*SOMETHING)
        sink.scripts.update((words[1].text.partition(".")[0] + ".py", PROJECT))
    elif words and words[0].plain and not words[0].text.startswith("-") and words[0].text not in ("eval", "repl", "-"):
        sink.script(words[0])
    else:
        sink.does(*SOMETHING)
        sink.doubt(f"{name} runs code that is not read")
    for word in words:
        sink.path(word)


def _eval(_name: str, rest: list[Word], _stdin: str | None, sink: Sink, depth: int) -> None:
    _text(rest, sink, depth)


def _watch(name: str, rest: list[Word], _stdin: str | None, sink: Sink, depth: int) -> None:
    inner = after_options(name, Wrapper("bcdegtx", "n", ("--interval",)), rest, sink)
    if inner is None:
        sink.doubt(f"an option of {name} is not known")
    else:
        _text(inner, sink, depth)


def _trap(name: str, rest: list[Word], _stdin: str | None, sink: Sink, depth: int) -> None:
    if rest and rest[0].text.startswith("-"):
        sink.doubt(f"an option of {name} is not known")
    elif rest:
        _text(rest[:1], sink, depth)


def _source(_name: str, rest: list[Word], _stdin: str | None, sink: Sink, _depth: int) -> None:
    if not rest:
        return
    sink.path(rest[0])
    sink.script(rest[0])
    # A sourced file can give every name that comes after it another meaning.
    sink.doubt("it takes in a file that can change what its commands mean")


def _cd(_name: str, rest: list[Word], _stdin: str | None, sink: Sink, _depth: int) -> None:
    sink.does("read")
    folders = [word for word in rest if not (word.plain and re.fullmatch(r"-[LPe]+|--", word.text))]
    if not folders or folders[0].text.startswith("-"):
        sink.path(Word("", known=False))
    for word in folders:
        sink.path(word)


def _set(_name: str, rest: list[Word], _stdin: str | None, sink: Sink, _depth: int) -> None:
    if not all(word.plain and _SET.fullmatch(word.text) for word in rest):
        sink.doubt("it sets options or words of the shell in an unusual way")


def _xargs(name: str, rest: list[Word], _stdin: str | None, sink: Sink, depth: int) -> None:
    """Run what ``xargs`` runs, with words that are not known at its end, or in place of ``{}``."""
    sink.does("read")
    place = ""
    at = 0
    while at < len(rest) and rest[at].plain and rest[at].text.startswith("-") and len(rest[at].text) > 1:
        text = rest[at].text
        at += 1
        if re.fullmatch(r"-[0rtx]+|--null|--no-run-if-empty|--verbose|--exit", text):
            continue
        found = re.fullmatch(r"(-[nPLsdIEa])(.*)|(--(?:max-args|max-procs|max-lines|delimiter|replace))=(.*)", text)
        if found is None:
            sink.doubt(f"an option of {name} is not known")
            return
        value = found[2] or found[4] or ""
        if found[1] and not value and at < len(rest):
            value = rest[at].text
            at += 1
        if found[1] == "-I" or found[3] == "--replace":
            place = value
        if found[1] == "-a":
            sink.path(Word(value))
    inner = rest[at:]
    if not inner:
        sink.program(("echo",))
        return
    unknown = Word("", known=False, splits=not place)
    if place:
        inner = [
            Word(word.text.partition(place)[0], known=False) if place in word.text and word.known else word
            for word in inner
        ]
    else:
        inner = [*inner, unknown]
    run(inner, None, sink, depth + 1)


def _find(name: str, rest: list[Word], _stdin: str | None, sink: Sink, depth: int) -> None:
    for inner in run_find(name, rest, sink):
        run(inner, None, sink, depth + 1)


_Special = Callable[[str, list[Word], "str | None", Sink, int], None]
_SPECIAL: Mapping[str, _Special] = MappingProxyType(
    {
        "eval": _eval,
        "watch": _watch,
        "trap": _trap,
        "source": _source,
        ".": _source,
        "cd": _cd,
        "chdir": _cd,
        "pushd": _cd,
        "set": _set,
        "xargs": _xargs,
        "gxargs": _xargs,
        "find": _find,
        "gfind": _find,
        "sed": lambda name, rest, _stdin, sink, _depth: run_sed(name, rest, sink),
        "gsed": lambda name, rest, _stdin, sink, _depth: run_sed(name, rest, sink),
        **dict.fromkeys(
            ("awk", "gawk", "mawk", "nawk"), lambda name, rest, _stdin, sink, _depth: run_awk(name, rest, sink)
        ),
        "git": lambda _name, rest, _stdin, sink, _depth: run_git(rest, sink),
    }
)
