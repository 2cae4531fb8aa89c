"""Values that a text mentions, in one form each: addresses, hosts, URLs, paths, ids and amounts, known by a digest.

Rules of this file:

1. A value counts as a whole, never a piece of one: ``bob@example.com`` mentions no host, ``/srv/a/b`` not ``/srv/a``.
2. Two values are the same only when what they lead to is: addresses and hosts without regard to case, amounts by their
   number, URLs with scheme and host in lower case; paths and ids to the letter. A look-alike is another value.
3. What is long is looked at up to a bound. What stands behind it was not mentioned.

Ids are words of at least four characters with a digit. Digests are 96 bits of SHA-256; they are what the store keeps.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from urllib.parse import urlsplit

from pinnedrules.rules.predicates.base import Cannot
from pinnedrules.rules.predicates.hosts import address, canonical
from pinnedrules.rules.predicates.recipients import domains
from pinnedrules.rules.printable import shown
from pinnedrules.rules.terms import Rule

__all__ = ["MAX_TEXT", "forms", "mentioned", "stated"]

MAX_TEXT = 1 << 16
"""Characters of one text that are looked at."""

MAX_WORDS = 4_096
"""Words of one text that are looked at."""

MAX_VALUE = 2_000
"""Longest value, in characters."""

_LENGTH = 24
_EXCLUDING = frozenset({"not_in", "without"})
_SENTENCE = re.compile(r"(?<=[.;!?])\s+")
# In the languages of the chat. What is taken for one by mistake makes a value one that was not given: it is asked about.
_TURN = re.compile(
    r"(?<![\w@./-])(?:(?P<but>but|except|unless|besides|außer|ausser|sauf|salvo|excepto|exceto|tranne|eccetto)"
    r"|not?|never|nothing|nobody|none|neither|nor|without|avoid|\w+n['’]t|cannot|nicht|nie|niemals|keine?[mnrs]?|ohne"
    r"|jamais|pas|aucune?|sans|nunca|jamás|ning[uú]n[ao]?|sin|não|nenhum[a]?|sem|non|mai|nessun[ao]?|senza)(?![\w@/-]|\.\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s\"'<>()\[\]{}`“”„«»]{1,2000}")
_PART = re.compile(r"[^,;|=:]+")
_QUOTED = re.compile(r"\"([^\"\n]{1,300})\"|'([^'\n]{1,300})'|`([^`\n]{1,300})`|“([^”\n]{1,300})”")
_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+'&=~#$-]{0,63}@([^\s@]{1,253})")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://[^\s\\]+")
_ID = re.compile(r"(?=.{4,128}\Z)(?=[^0-9]*[0-9])[A-Za-z0-9][A-Za-z0-9_-]*[A-Za-z0-9]")
# In groups of four as it is printed (ISO 13616).
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?(?![A-Za-z0-9])")
_PATH = re.compile(r"(?:~|\.{1,2})?[/\\].+|[A-Za-z]:[/\\].+|[^/\\]+[/\\].+|[^/\\]+\.[A-Za-z][A-Za-z0-9]{0,7}")
_NOTHING = re.compile(r"(?:(?<=/)|\A)(?:\./+)+|(?<=/)/+")
_AMOUNT = re.compile(
    r"[€£$]?([+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?|[0-9]{1,3}(?:,[0-9]{3}){1,9}(?:\.[0-9]{1,30})?)(?: ?(?:[€£$]|[A-Z]{3}))?"
)
_COMMA = re.compile(r"[€£$]?([0-9]{1,3}(?:\.[0-9]{3}){0,9}|[0-9]{1,30}),([0-9]{1,2})(?:[€£$]|[A-Z]{3})?")
_AROUND = ".,;:!?*_~"
_BEFORE = "#@–—•,;:*_"
_AT = re.compile("[@＠﹫]")
_SLASH = re.compile(r"[/\\]")


def mentioned(text: str) -> frozenset[str]:
    """Return the digests of all values that *text* mentions. A text that is JSON is read as that."""
    text = text[:MAX_TEXT]
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError, InvalidOperation):
            value = text
        return frozenset(_inside(value))
    return frozenset(_in_words(text))


def stated(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the digests of all values that *rules* give: in requirements, and in the texts of rules that permit or require.

    A prohibition names what must not be, also in the middle of such a text ("..., and never press@example.com"), and so
    does ``not_in``.
    """
    found: set[str] = set()
    for rule in rules:
        if rule.then == "allow" or rule.require:
            found.update(digest for piece in _permitting(rule.text) for digest in mentioned(piece))
        for options in (rule.require or {}).values():
            found.update(_inside({key: value for key, value in options.items() if key not in _EXCLUDING}))
    return frozenset(found)


def _permitting(text: str) -> Iterator[str]:
    """Yield the pieces of a sentence that forbid nothing: up to a "never", and on from the "except" behind one."""
    for sentence in _SENTENCE.split(text):
        given, place = True, 0
        for found in _TURN.finditer(sentence):
            if given:
                yield sentence[place : found.start()]
            given, place = found["but"] is not None and not given, found.end()
        if given:
            yield sentence[place:]


def forms(value: object, name: str) -> list[tuple[str, ...]] | Cannot:
    """Return what *value* can be taken for: each the digests that must all be known. *name* is where it stands."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        return Cannot(f"{name} is no text or number: {shown(value, 60)}")
    if not isinstance(value, str):
        return [(digest,) for digest in _of_number(value)] or Cannot(f"{name} is too large a number")
    if len(value) > MAX_VALUE or not value.strip(" ").isprintable():
        return Cannot(f"{name} is too long, empty, or has a line break or a control character")
    text = value.strip(" ")
    if _IBAN.fullmatch(text):
        text = _account(text) or text
    # A URL is given when it was as a whole; that its host was is another matter.
    whole = _kinds(text) if "://" not in text else list(_of_url(text))[:1]
    found: list[tuple[str, ...]] = [(digest,) for digest in whole]
    if "@" in text:
        addresses = _addresses(text)
        if addresses:
            found.append(addresses)
    return found or Cannot(f"{name} is no address, host, URL, path, id or amount: {shown(value, 60)}")


def _addresses(text: str) -> tuple[str, ...]:
    """Return the digests of the addresses in a header-like list; nothing when it can be read in several ways."""
    try:
        read = domains(text)
    except ValueError:
        return ()
    if any(domain is None for _, domain in read):
        return ()
    return tuple(_digest("address", f"{written.partition('@')[0].lower()}@{domain}") for written, domain in read)


def _inside(value: object) -> Iterator[str]:
    """Yield the digests of what a JSON value mentions: of its texts as a whole, of their words, of its numbers."""
    level: list[object] = [value]
    left = MAX_WORDS * 4
    while level and left > 0:
        item = level.pop()
        left -= 1
        if isinstance(item, Mapping):
            level += [*item.keys(), *item.values()]
        elif isinstance(item, Sequence) and not isinstance(item, str):
            level.extend(item)
        elif isinstance(item, str):
            yield from _kinds(item.strip(" ")) if len(item) <= MAX_VALUE else ()
            yield from _in_words(item)
        elif isinstance(item, (int, Decimal)) and not isinstance(item, bool):
            yield from _of_number(item)


def _account(text: str) -> str:
    """Return an international account number without blanks, empty for what is none (ISO 7064, mod 97-10)."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return ""
    turned = "".join(str(int(char, 36)) for char in plain[4:] + plain[:4])
    return plain if int(turned) % 97 == 1 else ""


def _accounts(text: str) -> Iterator[str]:
    """Yield the account numbers in *text*; what stands behind one may look like its last group."""
    for number, found in enumerate(_IBAN.finditer(text)):
        if number == MAX_WORDS:
            break
        groups = found[0].split(" ")
        for count in range(len(groups), 3, -1):
            if plain := _account(" ".join(groups[:count])):
                yield plain
                break


def _in_words(text: str) -> Iterator[str]:
    for account in _accounts(text):
        yield _digest("id", account)
    for number, found in enumerate(_QUOTED.finditer(text)):
        if number == MAX_WORDS:
            break
        yield from _kinds(next(part for part in found.groups() if part is not None))
    for number, found in enumerate(_WORD.finditer(text)):
        if number == MAX_WORDS:
            break
        word = found.group().lstrip(_BEFORE).rstrip(_AROUND)
        yield from _kinds(word)
        if "://" not in word:
            parts = _PART.findall(word)
            for part in parts if len(parts) > 1 else ():
                yield from _kinds(part.strip(_AROUND))


def _kinds(text: str) -> Iterator[str]:
    """Yield the digest of *text* as each kind of value that it can be, as a whole."""
    if not text or len(text) > MAX_VALUE or not text.isprintable():
        return
    bare = text[7:] if text[:7].lower() == "mailto:" else text
    mail = _ADDRESS.fullmatch(bare)
    if mail:
        domain = canonical(mail[1])
        if domain:
            yield _digest("address", f"{bare.partition('@')[0].lower()}@{domain}")
        return
    if "://" in text:
        yield from _of_url(text)
        return
    if _AT.search(text) and not _SLASH.search(text):
        return
    host = canonical(text) if "." in text else address(text)
    if host or (host := address(text)):
        yield _digest("host", host)
    if _ID.fullmatch(text):
        yield _digest("id", text)
    if number := _number(text):
        yield number
    elif _PATH.fullmatch(text):
        plain = _NOTHING.sub("", text).rstrip("/") or text
        yield _digest("path", unicodedata.normalize("NFC", plain))


def _of_url(text: str) -> Iterator[str]:
    """Yield the digest of a URL, then of its host. One that names a user, or that cannot be read, is none."""
    if not _URL.fullmatch(text):
        return
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return
    name = parts.hostname or ""
    host = canonical(name) or address(f"[{name}]" if ":" in name else name)
    if host is None or "@" in parts.netloc:
        return
    rest = text.split("://", 1)[1][len(parts.netloc) :] or "/"
    yield _digest("url", f"{parts.scheme.lower()}://{host}{port}{rest if rest.startswith('/') else '/' + rest}")
    yield _digest("host", host)


def _number(text: str) -> str:
    """Return the digest of an amount that is written as people do, with or without a currency; empty for another text."""
    found = _AMOUNT.fullmatch(text)
    if found:
        return _amount(Decimal(found[1].replace(",", "")))
    found = _COMMA.fullmatch(text)
    return _amount(Decimal(f"{found[1].replace('.', '')}.{found[2]}")) if found else ""


def _of_number(value: int | Decimal) -> Iterator[str]:
    if isinstance(value, int):
        if abs(value) >= 10**60:
            return
        if _ID.fullmatch(str(value)):
            yield _digest("id", str(value))
        value = Decimal(value)
    if value.is_finite() and abs(value.adjusted()) < 60:
        yield _amount(value)


def _amount(number: Decimal) -> str:
    text = f"{number:f}"
    return _digest("amount", text.rstrip("0").rstrip(".") if "." in text else text)


def _digest(kind: str, text: str) -> str:
    return sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]
