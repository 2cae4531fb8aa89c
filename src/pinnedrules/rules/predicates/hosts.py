"""Host and domain names: one canonical form, and sets of them as a rule writes them.

Rules of this file:

1. Two names are equal only when their canonical forms are: lower-case A-labels (RFC 5890), no final dot.
2. Nothing is mapped that a person would not type: a name that Unicode compatibility normalisation changes has no
   canonical form (full-width letters, ligatures, circled digits), so it is in no set. Nor has one with a letter that
   the old and the new rules for international names read differently (ß, ς, joiners: RFC 5894 section 7.2).
3. Sub-domains belong to a set only when it says ``*.example.com``, which does not include ``example.com`` itself.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pinnedrules.rules.predicates.base import BadOption

__all__ = ["Hosts", "address", "canonical", "hosts"]

MAX_WRITTEN = 1_024
"""Longest name that is looked at: 253 characters (RFC 1035), each written as four code points at most."""

MAX_LABEL = 59
"""Characters of an international label: behind ``xn--`` there is at least one for each of them, and 63 are all it has."""

_LDH = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DEVIATING = re.compile("[\u00df\u1e9e\u03c2\u200c\u200d]")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True, slots=True)
class Hosts:
    """A set of hosts: exact canonical names, and suffixes that begin with a dot."""

    exact: frozenset[str]
    below: tuple[str, ...]
    written: str

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self.exact or (bool(self.below) and name.endswith(self.below)))


def canonical(name: str) -> str | None:
    """Return the canonical form of a host name, or None when it has none (an address of numbers has none either)."""
    if len(name) > MAX_WRITTEN:
        return None
    text = name[:-1] if name.endswith(".") else name
    if text.isascii():
        text = text.lower()
    else:
        composed = unicodedata.normalize("NFC", text)
        if unicodedata.normalize("NFKC", text) != composed or _DEVIATING.search(composed):
            return None
        labels = [_a_label(label) for label in composed.lower().split(".")]
        text = ".".join(labels)
    return text if _LDH.fullmatch(text) and not _NUMBER.fullmatch(text) else None


def address(text: str) -> str | None:
    """Return the canonical form of an IP address written the usual way (dotted quad, or IPv6 in brackets)."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        found = ipaddress.ip_address(inner)
    except ValueError:
        return None
    bracketed = inner is not text
    return found.compressed if bracketed == (found.version == 6) and "%" not in inner else None


def hosts(names: Sequence[str], key: str, *, addresses: bool) -> Hosts:
    """Build a set from a rule's words under option *key*. Raises :class:`BadOption`."""
    exact: set[str] = set()
    below: list[str] = []
    for index, name in enumerate(names):
        wild = name.startswith("*.")
        form = canonical(name[2:] if wild else name)
        if form is None and addresses and not wild:
            form = address(name)
        if form is None:
            raise BadOption(
                f"not a host name: {name!r}", key, index, hint="write example.com, or *.example.com for all below it"
            )
        if wild:
            below.append("." + form)
        else:
            exact.add(form)
    return Hosts(frozenset(exact), tuple(below), " or ".join(names))


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    if len(label) <= MAX_LABEL and all(unicodedata.category(char)[0] in "LMN" or char == "-" for char in label):
        return "xn--" + label.encode("punycode").decode("ascii")
    return ""
