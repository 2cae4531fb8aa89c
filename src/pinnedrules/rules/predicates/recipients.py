"""``recipients: {domain_in: [example.com, "*.example.org"]}``: everybody who gets something is inside these domains.

Which arguments: every one whose name says that it addresses somebody (``to``, ``cc``, ``bcc``, ``reply_to``,
``attendees``, ``email``, ...), at any depth, those named in ``of``, and any other text that is an address as a whole
unless its name says that it is prose or a sender.

- holds: at least one address was found, and every one of them is inside.
- fails: an address outside, or a control character (a line break begins another header: RFC 5322 section 2.2).
- cannot be decided: no recipient, a value of another type, or an address that mail programs read differently
  (quoted or routed local parts, comments, groups, several ``@``, percent-encoding: RFC 5322 sections 3.4 and 4.4).

Full-width and other look-alike characters in an address never hold. Only the few forms of address below are read,
because what a lenient parser makes of the rest is what senders of mail differ in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pinnedrules.rules.bearing import bears_header, bears_prose, bears_recipients, strings
from pinnedrules.rules.predicates.base import Built, Cannot, Check, Facts, Fails, Outcome, Predicate, closed, texts
from pinnedrules.rules.predicates.hosts import Hosts, canonical, hosts
from pinnedrules.rules.printable import shown

__all__ = ["RECIPIENTS", "domains"]

MAX_TEXT = 64_000
MAX_RECIPIENTS = 1_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+'&=~#$-]*)")
_WHOLE = re.compile(r"\s*(?:mailto:)?<?[^\s@<>,;]+[@＠﹫][^\s@<>,;]+>?\s*", re.IGNORECASE)
_LABELS = frozenset({"name", "displayname", "display_name", "type", "kind", "role", "status"})


class _Unclear(ValueError):
    """An address that cannot be read in one way only."""


def domains(text: str) -> list[tuple[str, str | None]]:
    """Return (address as written, canonical domain or None) of every address in a header-like list.

    Raises ``ValueError`` when the text can be read in more than one way.
    """
    found: list[tuple[str, str | None]] = []
    for part in _split(text):
        found.extend(_entry(part))
    return found


def _split(text: str) -> list[str]:
    """Split at commas and semicolons that stand outside quotes and angle brackets."""
    parts: list[str] = []
    start, quoted, angled = 0, False, False
    for index, char in enumerate(text):
        if char == '"' and not angled:
            quoted = not quoted
        elif quoted:
            continue
        elif char == "<":
            angled = True
        elif char == ">":
            angled = False
        elif char in ",;" and not angled:
            parts.append(text[start:index])
            start = index + 1
    if quoted or angled:
        raise _Unclear("a quote or an angle bracket is not closed")
    parts.append(text[start:])
    return [part.strip(" ") for part in parts if part.strip(" ")]


def _entry(part: str) -> list[tuple[str, str | None]]:
    if not part.endswith(">"):
        return [_address(part)]
    display, _, inner = part[:-1].rpartition("<")
    found = [_address(inner)]
    display = display.strip(" ")
    if len(display) > 1 and display[0] == display[-1] == '"':
        display = display[1:-1]
        if "@" in display:
            found.append(_address(display))
    elif "@" in display or ":" in display:
        raise _Unclear("a display name looks like an address")
    if any(char in '<>"\\()＠﹫' for char in display):
        raise _Unclear("a display name holds characters of an address")
    return found


def _address(text: str) -> tuple[str, str | None]:
    bare = text[7:] if text[:7].lower() == "mailto:" else text
    local, at, domain = bare.partition("@")
    if not at:
        wide = "＠" in bare or "﹫" in bare
        raise _Unclear("a look-alike of @ stands in an address" if wide else "not an address")
    if not _LOCAL.fullmatch(local):
        raise _Unclear("the part before @ can be read in more than one way")
    if "@" in domain:
        raise _Unclear("more than one @ in an address")
    return bare, canonical(domain)


def _addressed(key: str, value: object, said: bool, extra: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (argument, text) for every text that says who gets something. Raises :class:`_Unclear`."""
    said = said or key in extra or bears_recipients(key)
    if isinstance(value, Mapping):
        inner = {str(name): item for name, item in value.items()}
        telling = [name for name in inner if bears_recipients(name)]
        for name, item in inner.items():
            below = said and not telling and name.lower() not in _LABELS
            yield from _addressed(name, item, below, extra)
    elif isinstance(value, list):
        for item in value:
            yield from _addressed(key, item, said, extra)
    elif isinstance(value, str):
        if said or (not bears_prose(key) and len(value) < 500 and _WHOLE.fullmatch(value)):
            yield key, value
    elif said and value is not None:
        raise _Unclear(f"{shown(key, 40)} is not a text")


def _check(inside: Hosts, extra: frozenset[str]) -> Check:
    def check(facts: Facts) -> Outcome:
        count = 0
        unclear: Cannot | None = None
        for key, value in strings(facts.arguments):
            if isinstance(value, str) and bears_header(key) and _CONTROL.search(value):
                return Fails(f"recipients: {shown(key, 40)} holds a line break or another control character")
        try:
            for name, value in facts.arguments.items():
                for key, text in _addressed(name, value, False, extra):
                    if _CONTROL.search(text):
                        return Fails(f"recipients: {shown(key, 40)} holds a line break or another control character")
                    try:
                        found = domains(text) if len(text) <= MAX_TEXT else []
                    except _Unclear as problem:
                        unclear = Cannot(f"recipients: {shown(key, 40)}: {problem}: {shown(text, 80)}")
                        continue
                    for written, domain in found:
                        count += 1
                        if domain not in inside:
                            return Fails(f"recipients: {shown(written, 80)} is not in {inside.written}")
                    if len(text) > MAX_TEXT or count > MAX_RECIPIENTS:
                        unclear = Cannot("recipients: more than can be checked")
        except _Unclear as problem:
            unclear = Cannot(f"recipients: {problem}")
        if unclear is not None:
            return unclear
        return None if count else Cannot("recipients: no recipient was found")

    return check


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("domain_in",), optional=("of",))
    inside = hosts(texts(options, "domain_in"), "domain_in", addresses=False)
    extra = texts(options, "of")
    return Built(_check(inside, frozenset(extra)), dict.fromkeys(extra, ("of",)), bears_recipients)


def _say(options: Mapping[str, object]) -> str:
    return f"every recipient is in {' or '.join(texts(options, 'domain_in'))}"


RECIPIENTS = Predicate("recipients", _build, _say)
