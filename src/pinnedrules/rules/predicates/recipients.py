"""``recipients: {domain_in: [example.com, "*.example.org"], address_in: [ada@example.net], not_in: [press@example.com]}``:
everybody who gets something is inside these domains, or is one of these addresses.

``not_in`` names addresses that count as outside although their domain is inside: mailing lists and forwarders that lead
out of it. Addresses are compared without regard to case; for ``not_in`` without a ``+tag``, too, because mail to one with
a tag arrives at the same place. International domains are compared as A-labels (RFC 5890), however they are written.

Which arguments: every one whose name says that it addresses somebody (``to``, ``cc``, ``bcc``, ``reply_to``,
``attendees``, ``email``, ...), at any depth, those named in ``of``, and any other text or key with an ``@`` in it, because
a tool may send to what it calls ``notify`` or ``copies``. Left out are texts whose name says that they are prose or a
sender, links under a name for links, and remarks (a signature, a reason) that are not an address as a whole.

- holds: at least one address was found, and every one of them is inside.
- fails: an address outside or in ``not_in``; a control character (a line break begins another header: RFC 5322 section 2.2).
- cannot be decided: no recipient, more than 2,000, 50 with a domain that is not plain ASCII or 40,000 characters of
  them, a value of another type, or an address that mail programs read differently (quoted or routed local parts,
  comments, groups, several ``@``, percent-encoding: RFC 5322 sections 3.4 and 4.4).

Full-width and other look-alike characters in an address never hold. Only the few forms of address below are read,
because what a lenient parser makes of the rest is what senders of mail differ in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pinnedrules.rules.bearing import (
    bears_header,
    bears_path,
    bears_prose,
    bears_recipients,
    bears_remark,
    bears_target,
    bears_url,
    few,
)
from pinnedrules.rules.memory import remembered
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Check,
    Facts,
    Fails,
    Outcome,
    Predicate,
    closed,
    texts,
)
from pinnedrules.rules.predicates.hosts import Hosts, canonical, hosts
from pinnedrules.rules.printable import shown

__all__ = ["RECIPIENTS", "domains"]

MAX_TEXT = 40_000
"""Characters of all lists of addresses of one call together."""

MAX_ADDRESSES = 2_000
"""Addresses of one call."""

MAX_SIGNS = 10_000
"""Quotes, angle brackets, commas and semicolons in all lists of addresses of one call together."""

MAX_STRANGE = 50
"""Addresses of one call whose domain is not plain ASCII."""

MAX_SIMPLE = 320
"""Longest single address (RFC 3696, erratum 1690: 64 octets before the @, 255 behind it)."""

MAX_FILE = 4096
"""Longest text that may be the path of a file, in characters (PATH_MAX in limits.h)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SIMPLE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*@([A-Za-z0-9.-]+)")
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._+'&=~#$-]*)")
_BETWEEN = '",;<>'
_SIGNS = re.compile(f"[{_BETWEEN}]")
_ODD = re.compile(r'[<>"\\＠﹫]')
_REMARKS = re.compile(r"[^()]*(?:\([^()@]*\)[^()]*){0,8}")  # Ann Smith (Sales)
# A file whose name or folder has an @ in it: /srv/mail/ann@example.com/a.pdf, logo@2x.png.
_ROOTED = re.compile(r"[A-Za-z]:[/\\]|(?:\.{1,2}|~)?/")
_NO_FILE = re.compile(r'[<>,;:"\r\n]')
_BEHIND = re.compile(r"[/\\][^/\\]")
_SCALED = re.compile(r"[^@<>,;:\"\r\n]*@[0-9](?:\.[0-9])?x\.(?:png|jpe?g|gif|webp|svg|avif|heic)", re.IGNORECASE)
_WIDE = re.compile(r"[@＠﹫][^\s@<>,;\"]*[^\x00-\x7f]")
_AT = re.compile("[@＠﹫]")
_LINK = re.compile(r"https?://[^\s<>,;\"]+", re.IGNORECASE)
_WHOLE = re.compile(r"\s*(?:mailto:)?<?[^\s@<>,;]+[@＠﹫][^\s@<>,;]+>?\s*", re.IGNORECASE)
_LABELS = frozenset({"name", "displayname", "display_name", "type", "kind", "role", "status"})


_TOO_MANY = Cannot(
    f"recipients: there are more than {MAX_ADDRESSES} addresses, {MAX_STRANGE} of them with a domain that is not plain ASCII,"
    f" {MAX_SIGNS} signs between them, or {MAX_TEXT} characters"
)


class _Unclear(ValueError):
    """An address that cannot be read in one way only."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """Whom a rule permits: hosts, further addresses, and addresses of these hosts that lead elsewhere."""

    hosts: Hosts
    exact: frozenset[str]
    outside: frozenset[str]
    written: str

    def __contains__(self, found: object) -> bool:
        written, domain = found if isinstance(found, tuple) else ("", None)
        if domain is None:
            return False
        if not self.exact and not self.outside:
            return domain in self.hosts
        local = written.partition("@")[0].lower()
        if f"{local.partition('+')[0]}@{domain}" in self.outside:
            return False
        return domain in self.hosts or f"{local}@{domain}" in self.exact


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
    for sign in _SIGNS.finditer(text):
        index, char = sign.start(), sign[0]
        if char == '"' and not angled:
            quoted = not quoted
        elif quoted:
            continue
        elif char == "<":
            angled = True
        elif char == ">":
            angled = False
        elif not angled and char in ",;":
            parts.append(text[start:index])
            start = index + 1
    if quoted or angled:
        raise _Unclear("a quote or an angle bracket is not closed")
    parts.append(text[start:])
    return [part.strip(" ") for part in parts if part.strip(" ")]


def _entry(part: str) -> list[tuple[str, str | None]]:
    if not part.endswith(">"):
        return [_address(part)]
    display, opened, inner = part[:-1].rpartition("<")
    if not opened:
        raise _Unclear("an angle bracket is not opened")
    found = [_address(inner)]
    display = display.strip(" ")
    if len(display) > 1 and display[0] == display[-1] == '"':
        display = display[1:-1]
        if "@" in display:
            found.append(_address(display))
    elif "@" in display or ":" in display or "=?" in display:
        # "=?" begins an encoded word (RFC 2047), which may hide an address from who decodes late.
        raise _Unclear("a display name looks like an address")
    if _ODD.search(display) or not _REMARKS.fullmatch(display) or ("@" in display and "(" in display):
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


def _has_at(text: str) -> bool:
    return "@" in text or (not text.isascii() and _AT.search(text) is not None)


class _Reading:
    """One call's arguments, read for who gets something: once for all rules that look into the same arguments."""

    __slots__ = ("extra", "fails", "found", "signs", "size", "strange", "unclear")

    def __init__(self, extra: frozenset[str]) -> None:
        self.extra = extra
        self.found: list[tuple[str, str | None]] = []
        self.fails: Fails | None = None
        self.unclear: Cannot | None = None
        self.signs = self.size = self.strange = 0

    def value(self, key: str, value: object, said: bool) -> None:
        """Read *value*; *said* is true when a key further out says that it addresses somebody."""
        if isinstance(value, str):
            self.text(key, value, said or key in self.extra or bears_recipients(key))
        elif isinstance(value, list):
            for item in value:
                self.value(key, item, said)
        elif isinstance(value, dict):
            said = said or key in self.extra or bears_recipients(key)
            # {"email": ..., "status": "accepted"}: where one key tells, the others do not address anybody.
            inner = said and not any(bears_recipients(name) for name in value)
            for name, item in value.items():
                if _has_at(name) and not bears_prose(key):
                    self.addresses(key, name)
                self.value(name, item, inner and name.lower() not in _LABELS)
        elif value is not None and (said or key in self.extra or bears_recipients(key)):
            self.unclear = Cannot(f"recipients: {shown(key, 40)} is not a text")

    def text(self, key: str, text: str, said: bool) -> None:
        # One line break at the end begins no header; one at the beginning does.
        text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
        if len(text) > MAX_TEXT and (said or bears_header(key)):
            self.unclear = Cannot(f"recipients: {shown(key, 40)} is longer than {MAX_TEXT} characters")
        elif (said or bears_header(key)) and _CONTROL.search(text):
            self.fails = Fails(f"recipients: {shown(key, 40)} holds a line break or another control character")
        elif said or (_has_at(text) and not self._mentioned(key, text)):
            self.addresses(key, text)

    @staticmethod
    def _mentioned(key: str, text: str) -> bool:
        """Say whether an @ under a name that addresses nobody is none of an address to send to."""
        if bears_prose(key) or (bears_url(key) and _LINK.fullmatch(text)):
            return True
        if _SCALED.fullmatch(text) or (_holds_files(key) and _is_file(text)):
            return True
        return bears_remark(key) and not _WHOLE.fullmatch(text)

    def _room(self, text: str) -> bool:
        """Say whether *text* can be read as well; once there is no room, nothing that comes behind is read."""
        self.size += len(text)
        if self.size > MAX_TEXT or len(self.found) >= MAX_ADDRESSES:
            self.size = MAX_TEXT
            return False
        self.signs += sum(map(text.count, _BETWEEN))
        self.strange += 0 if text.isascii() else len(_WIDE.findall(text))
        return self.signs <= MAX_SIGNS and self.strange <= MAX_STRANGE

    def addresses(self, key: str, text: str) -> None:
        if not self._room(text):
            self.unclear = _TOO_MANY
            return
        simple = _SIMPLE.fullmatch(text) if len(text) <= MAX_SIMPLE else None
        if simple:
            self.found.append((text, _canonical(simple[1])))
            return
        try:
            self.found += domains(text)
        except _Unclear as problem:
            self.unclear = Cannot(f"recipients: {shown(key, 40)}: {problem}: {shown(text, 80)}")


@remembered()
def _holds_files(key: str) -> bool:
    return (bears_path(key) or key.lower().endswith(("attachment", "attachments"))) and not bears_target(key)


def _is_file(text: str) -> bool:
    """Say whether *text* is the path of a file: it begins like one, or more of a path follows every address in it."""
    if len(text) > MAX_FILE:
        return False
    rooted = _ROOTED.match(text)
    if _NO_FILE.search(text, rooted.end() if rooted else 0):
        return False
    words = [word for word in text.split() if _has_at(word)]
    if rooted:
        return all("/" in word or "\\" in word for word in words)
    return all(_BEHIND.search(_AT.split(word)[-1]) for word in words)


_canonical = remembered(entries=1024)(canonical)


def _check(inside: _Inside, extra: frozenset[str]) -> Check:
    which = ("recipients", extra)

    def read(facts: Facts) -> _Reading:
        few(facts.arguments)
        reading = _Reading(extra)
        reading.value("", facts.arguments, False)
        return reading

    def check(facts: Facts) -> Outcome:
        reading = facts.once(which, read)
        if reading.fails:
            return reading.fails
        for one in reading.found:
            if one not in inside:
                return Fails(f"recipients: {shown(one[0], 80)} is not in {inside.written}")
        return reading.unclear or (None if reading.found else Cannot("recipients: no recipient was found"))

    return check


def _addresses(options: Mapping[str, object], key: str) -> tuple[str, ...]:
    found = []
    for index, text in enumerate(texts(options, key)):
        local, _, domain = text.partition("@")
        form = canonical(domain) if _LOCAL.fullmatch(local) else None
        if form is None:
            raise BadOption(f"not an address: {shown(text)!r}", key, index, hint="write ada@example.com")
        if key == "not_in" and "+" in local:
            raise BadOption(f"{shown(text)!r} has a tag", key, index, hint="write it without; every tag of it counts")
        found.append(f"{local.lower()}@{form}")
    return tuple(found)


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=(), optional=("domain_in", "address_in", "not_in", "of"))
    if not {"domain_in", "address_in"} & set(options):
        raise BadOption("names nobody", hint="write domain_in: [example.com], or address_in: [ada@example.com]")
    written = (*texts(options, "domain_in"), *texts(options, "address_in"))
    inside = _Inside(
        hosts(texts(options, "domain_in"), "domain_in", addresses=False),
        frozenset(_addresses(options, "address_in")),
        frozenset(_addresses(options, "not_in")),
        " or ".join(written),
    )
    for index, text in enumerate(_addresses(options, "not_in")):
        if (text, text.partition("@")[2]) not in replace(inside, outside=frozenset()):
            raise BadOption(f"{text} is outside anyway", "not_in", index, hint="take it out")
    extra = texts(options, "of")
    return Built(_check(inside, frozenset(extra)), dict.fromkeys(extra, ("of",)), bears_recipients)


def _say(options: Mapping[str, object]) -> str:
    parts = []
    if "domain_in" in options:
        parts.append(f"is in {' or '.join(texts(options, 'domain_in'))}")
    if "address_in" in options:
        parts.append(f"is {' or '.join(texts(options, 'address_in'))}")
    but = f" but not {' or '.join(texts(options, 'not_in'))}" if "not_in" in options else ""
    return f"every recipient {' or '.join(parts)}{but}"


RECIPIENTS = Predicate("recipients", _build, _say)
