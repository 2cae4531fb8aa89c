"""``content: {without: [secrets, personal, links, images], of: [body], hosts_in: [example.com]}``: a text has none of this.

``secrets`` are keys, tokens and passwords; ``personal`` bank accounts, payment cards, national identity numbers, phone
numbers and e-mail addresses; ``links`` every address in a text; ``images`` those that a reader's program loads by itself
(``rules/content`` says how each is found). ``hosts_in`` permits addresses on some hosts, and e-mail addresses there.

Which arguments: those that ``of`` names, at any depth, keys included; without ``of`` every one. Arguments that address
somebody (``to``, ``cc``, a sender) are not looked at for ``personal``: there an address is where something goes.

- holds: a text was found, and nothing of this in any form of it (entities, escapes, percent-encoding, base64, look-alikes).
- fails: something of this. The reason says what kind of thing, and for secrets and personal data never which.
- cannot be decided: none of the arguments is there; more than 16,384 characters, 1,000 texts, 500 addresses or 2,000 at
  signs; more than 1,000 characters of encoded data that is no text; invisible text.

It needs ``pinnedrules[content]``. What it says of a text is remembered, in a bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pinnedrules.rules.bearing import bears_prose, bears_recipients, few
from pinnedrules.rules.content.forms import forms
from pinnedrules.rules.content.links import TooMany, links
from pinnedrules.rules.content.personal import addresses, personal
from pinnedrules.rules.content.secrets import secrets
from pinnedrules.rules.memory import Memory
from pinnedrules.rules.predicates.base import (
    BadOption,
    Built,
    Cannot,
    Facts,
    Fails,
    Outcome,
    Predicate,
    closed,
    texts,
)
from pinnedrules.rules.predicates.hosts import Hosts, canonical, hosts
from pinnedrules.rules.predicates.urls import found_on
from pinnedrules.rules.printable import shown

__all__ = ["CONTENT"]

KINDS = ("secrets", "personal", "links", "images")
MAX_TEXT = 16_384
"""Longest text of one call, in characters; of a call in which only secrets are looked for, four times as many."""

MAX_TEXTS = 1_000
MAX_MARKED = 64
"""Texts with markup in one call; the others are read together."""

MAX_ADDRESSES = 500
MAX_MAILS = 2_000
"""At signs in one text."""

MEMORY = 256
ROOM = 1 << 19
"""Characters of texts whose answers are remembered, by each rule."""

_MARKUP = ("<", "`", "](", "]:", "~~~", "[", "=\n", "=\r")


@dataclass(frozen=True, slots=True)
class _Reader:
    """What one rule looks for in one text."""

    secret: Callable[[str], str] | None
    private: Callable[[str], str] | None
    kinds: frozenset[str]
    inside: Hosts | None

    def read(self, text: str, addressed: bool) -> Outcome:
        """Say whether *text* is free of what the rule names; *addressed* says that it stands where somebody is addressed."""
        every, unclear = forms(text)
        for form in every:
            held = self._held(form, addressed)
            why = held or (self._led(form) if held is not None else None)
            if why:
                return Fails(f"content: it holds {why}")
            if why is None:
                unclear = unclear or f"it holds more than {MAX_ADDRESSES} addresses, or {MAX_MAILS} at signs"
        return Cannot(f"content: {unclear}") if unclear else None

    def _held(self, text: str, addressed: bool) -> str | None:
        """Return what *text* holds that it must not, nothing when it does not, None when it holds too much to look at."""
        if self.secret is not None and (kind := self.secret(text)):
            return f"a secret ({kind})"
        if self.private is None or addressed:
            return ""
        if kind := self.private(text):
            return f"personal data ({kind})"
        if text.count("@") > MAX_MAILS:
            return None
        for _, domain in addresses(text):
            if self.inside is None or canonical(domain) not in self.inside:
                return "personal data (an e-mail address)"
        return ""

    def _led(self, text: str) -> str | None:
        """Return where *text* leads that it must not, nothing when it does not, None when it leads to too many places."""
        wanted = {"link", "image"} if "links" in self.kinds else {"image"} & {kind.rstrip("s") for kind in self.kinds}
        if not wanted:
            return ""
        try:
            for count, address in enumerate(links(text)):
                if address.kind in wanted and not self._permitted(address.url):
                    return f"{'an image at' if address.kind == 'image' else 'a link to'} {shown(address.url, 60)}"
                if count == MAX_ADDRESSES:
                    return None
        except TooMany:
            return None
        return ""

    def _permitted(self, url: str) -> bool:
        if self.inside is None:
            return False
        if url[:7].lower() == "mailto:":
            return canonical(url.partition("@")[2].partition("?")[0]) in self.inside
        url = url.rstrip(".,:;!?'*_")
        if url.startswith("//"):
            url = f"https:{url}"
        elif url[:4].lower() == "www.":
            url = f"https://{url}"
        return found_on(url, self.inside) is None


def _texts(arguments: Mapping[str, object], of: frozenset[str]) -> Iterator[tuple[bool, str]]:
    """Yield every text that is looked at, and whether it stands where somebody is addressed."""
    stack: list[tuple[str, object]] = [(key, value) for key, value in arguments.items() if not of or key in of]
    stack.reverse()
    while stack:
        key, value = stack.pop()
        if isinstance(value, Mapping):
            stack.extend((str(name), item) for name, item in reversed(list(value.items())))
            yield from ((False, str(name)) for name in value)
        elif isinstance(value, list):
            stack.extend((key, item) for item in reversed(value))
        elif value is not None and not isinstance(value, bool):
            yield not of and _addresses(key), str(value)


def _addresses(key: str) -> bool:
    return bears_recipients(key) or (bears_prose(key) and key.lower().startswith(("from", "sender", "author")))


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("without",), optional=("of", "hosts_in"))
    kinds, of = texts(options, "without"), frozenset(texts(options, "of"))
    for index, kind in enumerate(kinds):
        if kind not in KINDS:
            raise BadOption(f"unknown content {shown(kind)!r}", "without", index, word=kind, known=KINDS)
    if "hosts_in" in options and set(kinds) == {"secrets"}:
        raise BadOption("there are no hosts in secrets", "hosts_in", hint="take it out")
    inside = hosts(texts(options, "hosts_in"), "hosts_in", addresses=True) if "hosts_in" in options else None
    reader = _reader(frozenset(kinds), inside)
    most = MAX_TEXT if set(kinds) != {"secrets"} else 4 * MAX_TEXT
    remembered: Memory[tuple[str, bool], Outcome] = Memory(
        lambda asked: reader.read(*asked), entries=MEMORY, room=ROOM, size=lambda asked: len(asked[0])
    )

    def check(facts: Facts) -> Outcome:
        parts = _gathered(facts.arguments, of, most)
        if isinstance(parts, Cannot):
            return parts
        unclear: Outcome = None
        for addressed, text in parts:
            found = remembered[text, addressed]
            if isinstance(found, Fails):
                return found
            unclear = unclear or found
        return unclear

    return Built(check, dict.fromkeys(of, ("of",)))


def _gathered(arguments: Mapping[str, object], of: frozenset[str], most: int) -> list[tuple[bool, str]] | Cannot:
    """Return the texts to be read, those without markup put together: markup in one could hide what stands in the next."""
    plain: dict[bool, list[str]] = {False: [], True: []}
    marked: list[tuple[bool, str]] = []
    size = count = 0
    few(arguments)
    for addressed, text in _texts(arguments, of):
        size += len(text)
        count += 1
        if size > most or count > MAX_TEXTS:
            return Cannot(f"content: there are more than {most} characters or {MAX_TEXTS} texts")
        if any(sign in text for sign in _MARKUP):
            marked.append((addressed, text))
        elif text:
            plain[addressed].append(text)
    if not count:
        return Cannot("content: no text was found")
    if len(marked) > MAX_MARKED:
        return Cannot(f"content: there are more than {MAX_MARKED} texts with markup")
    return [*((addressed, "\n\n".join(some)) for addressed, some in plain.items() if some), *marked]


def _reader(kinds: frozenset[str], inside: Hosts | None) -> _Reader:
    try:
        return _Reader(
            secrets() if "secrets" in kinds else None,
            personal() if "personal" in kinds else None,
            kinds,
            inside,
        )
    except ImportError as problem:
        raise BadOption(
            f"needs a library that is not installed ({problem.name or problem})",
            "without", hint='pip install "pinnedrules[content]"',
        ) from None  # fmt: skip


def _say(options: Mapping[str, object]) -> str:
    of = f" in {' or '.join(texts(options, 'of'))}" if "of" in options else ""
    but = f" but those on {' or '.join(texts(options, 'hosts_in'))}" if "hosts_in" in options else ""
    return f"there are no {' or '.join(texts(options, 'without'))}{of}{but}"


CONTENT = Predicate("content", _build, _say)
