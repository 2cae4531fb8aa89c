"""Tool names: what counts as the same name, and what does not.

Rules of this file:

1. Loosely equal names may only ever make a call stricter; a permission needs the name exactly as written.
2. A name that is not plain ASCII after Unicode normalisation (NFKC, UAX 15) has no normal form: it is refused.
3. Matching takes time linear in name and pattern, whatever the model calls its tool.

``Send_Email``, ``sendEmail``, ``send-email`` and ``mcp__gmail__send_email`` are all caught by a rule for
``send_email``: executors resolve names leniently, and namespaces are added by gateways (``__``, ``.``, ``:``, ``/``).
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["MAX_NAME", "glob_forms", "glob_pattern", "is_glob", "matches", "name_keys", "plain", "rule_key"]

MAX_NAME = 256
"""Longest tool name, in characters, that is read at all."""

_GRAPHIC = re.compile(r"[!-~]+")
_SEPARATOR = re.compile(r"__+|[.:/]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SQUEEZED = re.compile(r"[-_]")


def plain(name: str) -> str | None:
    """Return the NFKC form of *name*, or None when that is not 1 to 256 graphic ASCII characters."""
    if len(name) > MAX_NAME:
        return None
    normal = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return normal if len(normal) <= MAX_NAME and _GRAPHIC.fullmatch(normal) else None


def is_glob(pattern: str) -> bool:
    """True when *pattern* has a wildcard (``*`` any run of characters, ``?`` any one)."""
    return "*" in pattern or "?" in pattern


def rule_key(name: str) -> str:
    """Return the key under which a name that a rule or a declaration gives is found."""
    return "".join(_segments(name))


def name_keys(name: str) -> tuple[str, ...]:
    """Return every key a called name answers to: its own, then without its outer namespaces, one by one."""
    parts = _segments(name)
    return tuple("".join(parts[start:]) for start in range(len(parts)))


def glob_pattern(pattern: str) -> str:
    """Return *pattern* in the loose form that :func:`glob_forms` are matched with."""
    return _SEPARATOR.sub(".", pattern.lower().replace("-", "_"))


def glob_forms(name: str) -> tuple[str, ...]:
    """Return the loose forms of a called name: with and without namespaces, with camel case split and not."""
    forms: dict[str, None] = {}
    for text in (name, _HUMP.sub("_", name)):
        parts = glob_pattern(text).split(".")
        for start in range(len(parts)):
            forms[".".join(parts[start:])] = None
    return tuple(form for form in forms if form)


def matches(pattern: str, text: str) -> bool:
    """Match a glob against the whole of *text*, case-sensitively."""
    at = mark = 0
    star = -1
    index = 0
    while index < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark = at, index
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[index]):
            at += 1
            index += 1
        elif star >= 0:
            at = star + 1
            mark += 1
            index = mark
        else:
            return False
    return all(char == "*" for char in pattern[at:])


def _segments(name: str) -> list[str]:
    folded = (_SQUEEZED.sub("", part) for part in _SEPARATOR.split(name.lower()))
    return [part for part in folded if part]
