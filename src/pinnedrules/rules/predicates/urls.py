"""``url: {host_in: [example.com, "*.example.org"], schemes_in: [https]}``: every address the call names is on these hosts.

``schemes_in`` is ``http``, ``https``, ``ws`` and ``wss`` unless the rule says something else.

Which arguments: those whose name says that they are an address or a host (``url``, ``endpoint``, ``webhook``,
``host``, ...), at any depth, those named in ``of``, and any other text that is a URL as a whole.

- holds: at least one was found, every one has such a scheme or is a bare host (which has none: only without
  ``schemes_in``), every host is in the set, and no parameter leads to another one.
- fails: a host outside the set, user information before ``@``, an IP address that the rule does not name in its usual
  form (decimal, octal, hexadecimal, short, IPv6-mapped), a control character, a backslash, a scheme that ``schemes_in``
  does not name, a redirect parameter (``?next=https://...``, however often encoded) to a host outside.
- cannot be decided: none found, more than 1,000, one longer than 16,384 characters, 64,000 of all of them, 32,000 of those
  with more than a host and a plain path, 4,000 parameters, a value of another type, another scheme or none,
  percent-encoding in the host, another address under another name (see ``redirects``).

The differences between RFC 3986 and the WHATWG URL standard (backslashes, tabs, ``https:host``, numeric hosts) are
exactly what is refused here; where a permitted host redirects to by itself no URL can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pinnedrules.rules.bearing import bears_url, strings
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
from pinnedrules.rules.predicates.hosts import Hosts, address, canonical, hosts
from pinnedrules.rules.predicates.redirects import leads
from pinnedrules.rules.printable import shown

__all__ = ["URL", "found_on", "is_url"]

MAX_ADDRESSES = 1_000
MAX_URL = 16_384
"""Longest address that is read, in characters."""

MAX_TEXT = 64_000
"""Characters of all addresses of one call together."""

MAX_STRANGE = 32_000
"""Characters of those addresses together that have more than a host and a plain path."""

MAX_PARAMETERS = 4_000
"""Parameters of all addresses of one call together."""

# Nothing here is tried twice, so that time is linear in the text.
_URL = re.compile(
    r"\s*+(?:(?:(?!file:)[A-Za-z][A-Za-z0-9+.-]*+:)?[/\\]{2}\S*+\s*+|www\.[^\s/][^\s/.]*+\.\S++\s*+)", re.IGNORECASE
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_WEB = frozenset({"http", "https", "ws", "wss"})
_KNOWN = ("http", "https", "ws", "wss", "ftp", "ftps", "sftp", "ssh", "git")
_EVERYDAY = re.compile(r"[A-Za-z0-9:/._~-]*")
_BARE = re.compile(r"[^\s/\\?#@%]+")
_REFUSED = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_PORT = re.compile(r":[0-9]{0,5}\Z")


def is_url(text: str) -> bool:
    """True when *text* as a whole is an address on some machine (not a ``file:`` URL)."""
    if "//" in text or "\\" in text or text[:1] in ("w", "W") or text[:1].isspace():
        if len(text) <= MAX_TEXT:
            return _URL.fullmatch(text) is not None
        # How a text without any blank goes on after so many characters changes nothing.
        words = text.split(None, 1)
        return len(words) == 1 and _URL.fullmatch(words[0][:MAX_TEXT]) is not None
    return False


def found_on(text: str, inside: Hosts, schemes: frozenset[str] | None = None) -> Outcome:
    """Say whether a URL or bare host is on a host of *inside*, with one of *schemes* (None: a web one, or none)."""
    if _REFUSED.search(text):
        return Fails(f"url: {shown(text, 80)} holds a blank, a control character or a backslash")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in (schemes or _WEB):
        authority = re.split(r"[/?#]", text[scheme.end() :], maxsplit=1)[0]
        rest = text[scheme.end() + len(authority) :]
    elif schemes and scheme:
        return Fails(f"url: {shown(text, 80)} begins with none of {', '.join(sorted(schemes))}")
    elif _BARE.fullmatch(text) and not schemes:
        authority, rest = text, ""
    else:
        return Cannot(f"url: {shown(text, 80)} has no scheme that can be checked")
    if "@" in authority:
        return Fails(f"url: {shown(text, 80)} hides its host behind user information")
    if "%" in authority:
        return Cannot(f"url: {shown(text, 80)} has a percent-encoded host")
    name = _PORT.sub("", authority)
    host = canonical(name) or address(name)
    if host is None:
        return Fails(f"url: {shown(text, 80)} has no host that a rule can name")
    if host not in inside:
        return Fails(f"url: {shown(text, 80)} is not on {inside.written}")
    return leads(rest, inside) if rest else None


def _check(inside: Hosts, schemes: frozenset[str], extra: frozenset[str]) -> Check:
    def check(facts: Facts) -> Outcome:
        count = size = strange = parameters = 0
        unclear: Outcome = None
        for key, value in strings(facts.arguments):
            named = key in extra or bears_url(key)
            if value is None or not (named or (isinstance(value, str) and is_url(value))):
                continue
            count += 1
            if count > MAX_ADDRESSES:
                return Cannot(f"url: there are more than {MAX_ADDRESSES} addresses")
            if not isinstance(value, str):
                unclear = Cannot(f"url: {shown(key, 40)} is not a text")
                continue
            size += len(value)
            if len(value) > MAX_URL or size > MAX_TEXT:
                return Cannot(f"url: an address is longer than {MAX_URL} characters, or all together than {MAX_TEXT}")
            if not _EVERYDAY.fullmatch(value):
                strange += len(value)
                parameters += sum(map(value.count, "?#&;"))
                if strange > MAX_STRANGE or parameters > MAX_PARAMETERS:
                    return Cannot(f"url: there are more than {MAX_STRANGE} characters with {MAX_PARAMETERS} parameters")
            problem = found_on(value, inside, schemes)
            if isinstance(problem, Fails):
                return problem
            unclear = problem or unclear
        return unclear or (None if count else Cannot("url: no address was found"))

    return check


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("host_in",), optional=("schemes_in", "of"))
    inside = hosts(texts(options, "host_in"), "host_in", addresses=True)
    schemes = texts(options, "schemes_in")
    for index, scheme in enumerate(schemes):
        if scheme not in _KNOWN:
            raise BadOption(
                f"not a scheme with a host: {shown(scheme)!r}", "schemes_in", index, word=scheme, known=_KNOWN
            )
    extra = texts(options, "of")
    check = _check(inside, frozenset(schemes), frozenset(extra))
    return Built(check, dict.fromkeys(extra, ("of",)), bears_url)


def _say(options: Mapping[str, object]) -> str:
    begins = f" and begins with {' or '.join(texts(options, 'schemes_in'))}" if "schemes_in" in options else ""
    return f"every address is on {' or '.join(texts(options, 'host_in'))}{begins}"


URL = Predicate("url", _build, _say)
