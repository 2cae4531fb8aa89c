"""A text that a pattern matches, made up from the pattern: good enough to try a rule with, never believed unseen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["every", "example"]

MAX_REPEATS = 64
MAX_TEXTS = 256

_CLASSES = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_POSIX = {"alpha": "a", "digit": "1", "alnum": "a", "lower": "a", "upper": "A", "space": " ", "word": "a", "punct": "-"}
_LIKELY = "ab1-_./ A@:=,+"


class _Unknown(ValueError):
    """A form that is not read here."""


def example(pattern: str) -> str | None:
    """Return a short text that *pattern* (RE2) is likely to match as a whole; None when it has forms not known here."""
    try:
        reader = _Reader(pattern)
        text = reader.either()
        return text if reader.at == len(pattern) else None
    except (_Unknown, IndexError, ValueError):
        return None


def every(pattern: str) -> frozenset[str] | None:
    """Return all texts that *pattern* (RE2) matches as a whole, when it is made of letters and alternatives alone.

    None for any other form, and for more than 256 texts.
    """
    found = _alternatives(pattern, 0)
    return found[0] if found is not None and found[1] == len(pattern) else None


def _alternatives(pattern: str, at: int) -> tuple[frozenset[str], int] | None:
    """Read alternatives up to the end or a closing bracket; return their texts and where they end."""
    texts: set[str] = set()
    current = {""}
    while at <= len(pattern):
        sign = pattern[at : at + 1]
        if sign in ("", "|", ")"):
            texts |= current
            if sign != "|" or len(texts) > MAX_TEXTS:
                return (frozenset(texts), at) if len(texts) <= MAX_TEXTS else None
            current, at = {""}, at + 1
            continue
        step = _piece(pattern, at)
        if step is None:
            return None
        pieces, at = step
        current = {text + piece for text in current for piece in pieces}
        if len(current) > MAX_TEXTS:
            return None
    return None


def _piece(pattern: str, at: int) -> tuple[frozenset[str], int] | None:
    """Return the texts of one letter, one escaped sign or one group, which may be left out; None for anything else."""
    sign = pattern[at]
    pieces: frozenset[str] = frozenset({sign})
    if sign == "(":
        inner = _alternatives(pattern, at + (3 if pattern.startswith("(?:", at) else 1))
        if inner is None or pattern[inner[1] : inner[1] + 1] != ")":
            return None
        pieces, at = inner
    elif sign == "\\":
        at += 1
        sign = pattern[at : at + 1]
        if not sign or sign.isalnum() or not sign.isascii():
            return None
        pieces = frozenset({sign})
    elif sign in "^$.[]{}*+?":
        return None
    at += 1
    if pattern[at : at + 1] == "?":
        pieces, at = pieces | {""}, at + 1
    return None if pattern[at : at + 1] in ("*", "+", "?", "{") else (pieces, at)


@dataclass
class _Reader:
    pattern: str
    at: int = 0

    def either(self) -> str:
        """Read alternatives up to the end or a closing bracket; the first one is taken."""
        first = self._sequence()
        while self._peek() == "|":
            self.at += 1
            self._sequence()
        return first

    def _sequence(self) -> str:
        text = ""
        while self._peek() not in ("", "|", ")"):
            piece = self._atom()
            text += piece * self._repeats()
        return text

    def _repeats(self) -> int:
        sign, least = self._peek(), 1
        if sign in ("*", "?"):
            self.at, least = self.at + 1, 0
        elif sign == "+":
            self.at += 1
        elif sign == "{":
            inner, _, _ = self.pattern[self.at + 1 :].partition("}")
            self.at += len(inner) + 2
            least = min(int(inner.partition(",")[0]), MAX_REPEATS)
        if sign and sign in "*+?{" and self._peek() == "?":
            self.at += 1
        return least

    def _atom(self) -> str:
        sign = self.pattern[self.at]
        self.at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._set()
        if sign == "\\":
            return self._escape()
        return "" if sign in "^$" else "a" if sign == "." else sign

    def _group(self) -> str:
        if self._peek() == "?":
            flags, end, _ = self.pattern[self.at + 1 :].partition(")")
            if end and flags.strip("imsU-") == "":
                self.at += len(flags) + 2
                return ""
            if flags.startswith(":"):
                self.at += 2
            elif ">" in flags and flags.startswith(("P<", "<")):
                self.at += flags.index(">") + 2
            else:
                raise _Unknown(flags)
        text = self.either()
        if self._peek() != ")":
            raise _Unknown(self.pattern)
        self.at += 1
        return text

    def _escape(self) -> str:
        sign = self.pattern[self.at]
        self.at += 1
        if sign in "bBAzZ":
            return ""
        if sign in _CLASSES:
            return _CLASSES[sign]
        known = {"n": "\n", "t": "\t", "r": "\r"}.get(sign, sign)
        if known.isalnum():
            raise _Unknown(sign)
        return known

    def _set(self) -> str:
        turned = self._peek() == "^"
        self.at += turned
        members: set[str] = set()
        first = ""
        while self._peek() != "]" or not first:
            low = self._member()
            first = first or low
            if self._peek() == "-" and self.pattern[self.at + 1] != "]":
                self.at += 1
                high = self._member()
                members.update(map(chr, range(ord(low), min(ord(high), ord(low) + 512) + 1)))
            members.add(low)
        self.at += 1
        if not turned:
            return next((sign for sign in _LIKELY if sign in members), first)
        return next(sign for sign in _LIKELY if sign not in members)

    def _member(self) -> str:
        if self.pattern.startswith("[:", self.at):
            name, _, _ = self.pattern[self.at + 2 :].partition(":]")
            self.at += len(name) + 4
            return _POSIX.get(name, "")
        sign = self.pattern[self.at]
        self.at += 1
        return self._escape() if sign == "\\" else sign

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]
