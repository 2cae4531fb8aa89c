"""Programs that run the rest of their words: their options, and where the command begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pinnedrules.rules.printable import shown
from pinnedrules.rules.shell.summary import Sink, Word, table

__all__ = ["HARMLESS", "WRAPPERS", "Wrapper", "after_options"]

HARMLESS = frozenset({"LANG", "LC_ALL", "TZ", "NO_COLOR", "FORCE_COLOR", "CI", "TERM", "PYTHONUNBUFFERED", "NODE_ENV"})
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.S)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program that runs the rest of its words: its options without and with a value, and operands before the rest."""

    flags: str = ""
    values: str = ""
    long: tuple[str, ...] = ()
    operands: int = 0


WRAPPERS: Mapping[str, Wrapper] = MappingProxyType(
    {
        "command": Wrapper("p"),
        "builtin": Wrapper(),
        "exec": Wrapper("cl"),
        "nohup": Wrapper(),
        "setsid": Wrapper("cfw"),
        "time": Wrapper("pv", "f", ("--portability", "--verbose")),
        "gtime": Wrapper("pv", "f"),
        "nice": Wrapper("0123456789", "n", ("--adjustment",)),
        "ionice": Wrapper("t", "cn", ("--class", "--classdata", "--ignore")),
        "timeout": Wrapper("v", "ks", ("--signal", "--kill-after", "--foreground", "--preserve-status"), 1),
        "gtimeout": Wrapper("v", "ks", ("--signal", "--kill-after", "--foreground", "--preserve-status"), 1),
        "stdbuf": Wrapper("", "ioe", ("--input", "--output", "--error")),
        "unbuffer": Wrapper("p"),
        "caffeinate": Wrapper("disu", "t"),
        "sudo": Wrapper("nEHkSbA", "ugp", ("--user", "--group", "--preserve-env", "--non-interactive")),
        "doas": Wrapper("n", "u"),
        "busybox": Wrapper(),
        "toybox": Wrapper(),
        "taskset": Wrapper("a", "", (), 1),
        **dict.fromkeys(("npx", "bunx", "pnpx", "uvx"), Wrapper("yq", "p", ("--yes", "--quiet", "--package"))),
        "flock": Wrapper("nsxu", "wE", ("--nonblock", "--timeout"), 1),
        "env": Wrapper("i0v", "uC", ("--ignore-environment", "--unset", "--chdir")),
    }
)
_ALONE = table("""
    --foreground --preserve-status --portability --verbose --ignore-environment --ignore --non-interactive --nonblock
    --preserve-env --yes --quiet
""")


def after_options(name: str, wrapper: Wrapper, rest: list[Word], sink: Sink) -> list[Word] | None:
    """Return the command after the options of a wrapper, None when one is not known."""
    at = 0
    operands = wrapper.operands
    while at < len(rest):
        word = rest[at]
        if not word.plain:
            return None if at < len(rest) and word.maybe_option else rest[at:]
        text = word.text
        at += 1
        if text == "--":
            break
        if text.startswith("--"):
            option, given, value = text.partition("=")
            if option not in wrapper.long:
                return None
            takes = option not in _ALONE
            if takes and not given:
                at += 1
            if option == "--chdir":
                sink.path(Word(value) if given else rest[min(at - 1, len(rest) - 1)])
        elif text.startswith("-") and len(text) > 1:
            letters = text[1:]
            index = next((i for i, letter in enumerate(letters) if letter not in wrapper.flags), len(letters))
            if index < len(letters):
                if letters[index] not in wrapper.values:
                    return None
                value = letters[index + 1 :]
                if letters[index] == "C":
                    sink.path(Word(value) if value else (rest[at] if at < len(rest) else Word("")))
                at += 0 if value else 1
        elif name in ("env", "sudo", "doas") and (found := _ASSIGNMENT.fullmatch(text)):
            if found[1] not in HARMLESS:
                sink.doubt(f"it sets the variable {shown(found[1], 40)}")
        elif operands:
            if name == "flock":
                sink.path(word, made=True)
            operands -= 1
        else:
            at -= 1
            break
    return rest[at:]
