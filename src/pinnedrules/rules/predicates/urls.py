"""``url: {host_in: [example.com, "*.example.org"]}``: every address the call names is on one of these hosts.

Which arguments: those whose name says that they are an address or a host (``url``, ``endpoint``, ``webhook``,
``host``, ...), at any depth, those named in ``of``, and any other text that is a URL as a whole.

- holds: at least one was found, every one is ``http(s)``/``ws(s)`` or a bare host, and every host is in the set.
- fails: a host outside the set, user information before ``@``, an IP address that the rule does not name in its usual
  form, a control character, a backslash.
- cannot be decided: none found, a value of another type, another scheme or none, percent-encoding in the host.

The differences between RFC 3986 and the WHATWG URL standard (backslashes, tabs, ``https:host``, numeric hosts) are
exactly what is refused here; a redirect of a permitted host is outside of what a URL can tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pinnedrules.rules.bearing import bears_url, strings
from pinnedrules.rules.predicates.base import Built, Cannot, Check, Facts, Fails, Outcome, Predicate, closed, texts
from pinnedrules.rules.predicates.hosts import Hosts, address, canonical, hosts
from pinnedrules.rules.printable import shown

__all__ = ["URL", "is_url"]

_URL = re.compile(r"\s*(?:(?!file:)[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2}\S*\s*|\s*www\.[^\s/]+\.\S+\s*", re.IGNORECASE)
_SCHEME = re.compile(r"(?:https?|wss?)://", re.IGNORECASE)
_BARE = re.compile(r"[^\s/\\?#@%]+")
_REFUSED = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_PORT = re.compile(r":[0-9]{0,5}\Z")


def is_url(text: str) -> bool:
    """True when *text* as a whole is an address on some machine (not a ``file:`` URL)."""
    if "//" in text or "\\" in text or text[:1] in ("w", "W") or text[:1].isspace():
        return _URL.fullmatch(text) is not None
    return False


def _host(text: str) -> tuple[str | None, Outcome]:
    """Return the canonical host of a URL or bare host, or why there is none."""
    if _REFUSED.search(text):
        return None, Fails(f"url: {shown(text, 80)} holds a blank, a control character or a backslash")
    scheme = _SCHEME.match(text)
    if scheme:
        authority = re.split(r"[/?#]", text[scheme.end() :], maxsplit=1)[0]
    elif _BARE.fullmatch(text):
        authority = text
    else:
        return None, Cannot(f"url: {shown(text, 80)} has no scheme that can be checked")
    if "@" in authority:
        return None, Fails(f"url: {shown(text, 80)} hides its host behind user information")
    if "%" in authority:
        return None, Cannot(f"url: {shown(text, 80)} has a percent-encoded host")
    name = _PORT.sub("", authority)
    found = canonical(name) or address(name)
    return found, None if found else Fails(f"url: {shown(text, 80)} has no host that a rule can name")


def _check(inside: Hosts, extra: frozenset[str]) -> Check:
    def check(facts: Facts) -> Outcome:
        count = 0
        unclear: Outcome = None
        for key, value in strings(facts.arguments):
            named = key in extra or bears_url(key)
            if value is None or not (named or (isinstance(value, str) and is_url(value))):
                continue
            count += 1
            if not isinstance(value, str):
                unclear = Cannot(f"url: {shown(key, 40)} is not a text")
                continue
            host, problem = _host(value)
            if isinstance(problem, Fails):
                return problem
            if problem is not None:
                unclear = problem
            elif host not in inside:
                return Fails(f"url: {shown(value, 80)} is not on {inside.written}")
        return unclear or (None if count else Cannot("url: no address was found"))

    return check


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("host_in",), optional=("of",))
    inside = hosts(texts(options, "host_in"), "host_in", addresses=True)
    extra = texts(options, "of")
    return Built(_check(inside, frozenset(extra)), dict.fromkeys(extra, ("of",)), bears_url)


def _say(options: Mapping[str, object]) -> str:
    return f"every address is on {' or '.join(texts(options, 'host_in'))}"


URL = Predicate("url", _build, _say)
