"""Where else a URL may lead: another URL in its path, its query or its fragment, however it is encoded.

Rules of this file:

1. Servers decode a parameter once, twice or not at all, so every layer of percent-encoding is looked at.
2. What names a host inside is fine; what names another one fails under a name for redirects (``next``, ``redirect_uri``)
   and cannot be decided under any other, because a server may take it for one (``?q=`` of a well-known search engine does).
3. A URL that is only mentioned in a search text is none.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from pinnedrules.rules.bearing import bears_prose, bears_url
from pinnedrules.rules.predicates.base import Cannot, Fails, Outcome
from pinnedrules.rules.predicates.hosts import Hosts, address, canonical
from pinnedrules.rules.printable import shown

__all__ = ["MAX_REST", "leads"]

MAX_REST = 8_192
"""Longest path, query and fragment that are read, in characters."""

MAX_PLAIN = 64_000
"""Longest text without anything encoded in it that is looked at."""

MAX_LAYERS = 4
MAX_PARAMETERS = 256
MAX_NAME = 64

_HARMLESS = re.compile(r"[A-Za-z0-9/._~!$'()*+,-]*(?:[?#&;][A-Za-z0-9/_~!$'()*+,=-]*)*")
_SPLIT = re.compile(r"[?#&;]")
_DROPPED = re.compile(r"[\t\r\n\x00]")
_WHOLE = re.compile(r"\s*(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?[/\\]{2,}(?P<rest>.*)", re.DOTALL)
_PATH = re.compile(r"(?:/\.{1,2})*[/\\]{2,}(?P<rest>[^/\\]+\.[^/\\]+.*)", re.DOTALL)
_LOOSE = re.compile(r"\s*(?:https?|wss?|ftp):[/\\]*(?P<rest>.*)", re.DOTALL | re.IGNORECASE)
_INNER = re.compile(r"(?:https?|wss?|ftp):[/\\]{1,8}(?P<rest>[^\s\"'<>]*)", re.IGNORECASE)
_OTHER = re.compile(r"\s*(?:javascript|vbscript|data|file|blob|view-source):", re.IGNORECASE)
_CODED = re.compile(r"(?:aHR0c|SFRUU|Ly8|687474707|2f2f)[A-Za-z0-9+/_=-]{4,}")
_BARE = re.compile(r"\s*(?P<rest>[^\s/\\?#@:=%]+\.[^\s/\\?#@:=.%]{2,}(?:[:/\\?#].*)?)", re.DOTALL)
_REDIRECT = re.compile(
    r"(?:.*[_.-])?(?:redirect.*|redir|return.*|next|continue|goto|go|forward|callback|dest|destination|target|out|u|r|to|rurl"
    r"|success|cancel|checkout|location|jump|back|service|relaystate)(?:[_-]?(?:url|uri|to))?",
    re.IGNORECASE,
)


def leads(rest: str, inside: Hosts) -> Outcome:
    """Say whether *rest*, all that follows the host of a URL, leads nowhere but to hosts of *inside*."""
    if len(rest) <= MAX_PLAIN and _HARMLESS.fullmatch(rest) and "//" not in rest and not _CODED.search(rest):
        return None
    if len(rest) > MAX_REST:
        return Cannot(f"url: what follows the host is longer than {MAX_REST} characters")
    unclear: Outcome = None
    for _ in range(MAX_LAYERS):
        plain = rest if rest.isascii() else unicodedata.normalize("NFKC", rest)
        found = _layer(_DROPPED.sub("", plain), inside)
        if isinstance(found, Fails):
            return found
        unclear = unclear or found
        decoded = unquote(rest, errors="replace")
        if decoded == rest:
            return unclear
        rest = decoded
    return unclear or Cannot("url: what follows the host is encoded many times over")


def _layer(rest: str, inside: Hosts) -> Outcome:
    path, *parameters = _SPLIT.split(rest)
    if len(parameters) > MAX_PARAMETERS:
        return Cannot(f"url: there are more than {MAX_PARAMETERS} parameters")
    unclear = _mentioned(path, inside)
    # A server that sends a browser on to //evil.example/ sends it to that host.
    away = _PATH.fullmatch(path)
    if away is not None and _host(away["rest"]) not in inside:
        unclear = unclear or Cannot(f"url: the path {shown(path, 60)} may lead to another host")
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            name, value = "", parameter
        found = _parameter(name[-MAX_NAME:], value, inside)
        if isinstance(found, Fails):
            return found
        unclear = unclear or found
    return unclear


def _parameter(name: str, value: str, inside: Hosts) -> Outcome:
    value = value.replace("+", " ")
    redirects = _REDIRECT.fullmatch(name) is not None or bears_url(name)
    whole, sure = _WHOLE.fullmatch(value) or _LOOSE.fullmatch(value), redirects
    if whole is None and (redirects or value[:4].lower() == "www."):
        whole, sure = _BARE.fullmatch(value), False  # "page.html" looks like a host, too.
    if whole is not None:
        if _host(whole["rest"]) in inside:
            return None
        why = f"url: the parameter {shown(name, 40)} leads to {shown(value, 60)}, which is not on {inside.written}"
        return Fails(why) if sure else Cannot(why)
    if _OTHER.match(value) or _CODED.match(value) or (redirects and value[:1] in ("@", ".")):
        return Cannot(f"url: the parameter {shown(name, 40)} is {shown(value, 60)}, which may lead elsewhere")
    return None if bears_prose(name) else _mentioned(value, inside)


def _mentioned(text: str, inside: Hosts) -> Outcome:
    """Say whether a URL somewhere in *text* names another host."""
    for found in _INNER.finditer(text):
        if _host(found["rest"]) not in inside:
            return Cannot(f"url: it holds another address: {shown(found[0], 60)}")
    return None


def _host(rest: str) -> str | None:
    """Return the canonical host that *rest* begins with, None for one that programs read in more than one way."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if any(char in authority for char in "@\\%"):
        return None
    name = re.sub(r":[0-9]{0,5}\Z", "", authority)
    return canonical(name) or address(name)
