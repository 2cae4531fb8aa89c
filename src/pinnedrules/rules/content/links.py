"""Addresses in a text: what a person may follow, and what a reader's program loads by itself.

A text is read in every way in which somebody may show it: as it stands, as Markdown, as HTML, as the markup of wikis and
boards. No grammar is followed: what would be an address to any of their programs is one here, code and comments included,
so that no two programs can be played off against each other, and every step is linear in the text. What leads nowhere
(``#top``, ``notes.md``, ``cid:``) is none; nor is a bare host in a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

__all__ = ["Address", "TooMany", "links"]

MAX_STEPS = 1_500
"""Targets in Markdown, and attributes in HTML, that are read in one text."""


class TooMany(ValueError):
    """A text holds more of them than anybody reads."""


class Address(NamedTuple):
    """Where something leads: ``link`` for what a person follows, ``image`` for what is loaded without a click."""

    kind: Literal["link", "image"]
    url: str


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:[/\\]{2}[^\s<>\"'`|\])}]*|\bwww\.[^\s<>\"'`|\])}]+", re.IGNORECASE)
_PLACE = re.compile(r"(?<![\w@./\\:-])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?::[0-9]{1,5})?[/?#][^\s<>\"'`|\])}]+")
_NUMBERS = re.compile(r"(?<![\w@./\\:-])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]{1,5})?[/?#][^\s<>\"'`|\])}]+")
_DATA = re.compile(r"\b(data|javascript|vbscript):[\w/+.;,=-]{3}", re.IGNORECASE)
_LOADED = re.compile(
    r"\[img[^\]\[]{0,80}\]\s{0,4}(?P<board>[^\s\[\]]+)"
    r"|\burl\(\s{0,4}[\"']?(?P<css>[^\s\"')]+)|@import\s{1,4}(?:url\(\s{0,4})?[\"']?(?P<sheet>[^\s\"';)]+)"
    r"|(?<!\w)!(?P<wiki>(?:[a-z]{2,10}:)?//[^\s!]+)!|\{\{\s{0,4}(?P<page>(?:[a-z]{2,10}:)?//[^\s{}|]+)",
    re.IGNORECASE,
)
# [url=...], [url]...[/url] and their kin in the markup of boards; what stands there leads somewhere, with a scheme or not.
_BOARD = re.compile(r"\[(?P<tag>url|link|email)(?:=|\])\s{0,4}[\"']?(?P<url>[^\s\[\]\"']{1,256})", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?::[0-9]{1,5})?(?:[/?#].*)?\Z|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:[:/?#].*)?\Z"
)
_HANDLER = re.compile(r"on[a-z]{3,30}\Z")
_ABROAD = re.compile(
    r"\s*(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2}|(?:https?|ftp|data|javascript|vbscript|mailto):|www\.)", re.IGNORECASE
)

# Markdown: the target of ![a](b), [a](b) and [a]: b (CommonMark sections 4.7 and 6.3 to 6.5).
_TARGET = re.compile(r"\](?=(?P<how>[(:])\s{0,64}<?(?P<url>[^\s<>)]{1,256}))")
_NEAR = 1_000

_TAG = re.compile(r"<\s{0,4}(?P<name>[A-Za-z][^\s/>\"'=<]{0,30})")
# What HTML takes for the name of an attribute (13.2.5.32 and 33 of the standard): quotes and brackets are no end of it.
_ATTRIBUTE = re.compile(r"[\s/]*(?P<name>=?[^\s=>/]+|=)(?P<is>\s*=\s*)?")
_WORD = re.compile(r"[^\s>\"'<]*")
# Where parsers differ about what is a tag, what would be loaded if it were one.
_LOADING = re.compile(
    r"\b(?:(?:low|dyn)?src(?:set|doc)?|poster|background|data|code)\s{0,64}=\s{0,64}[\"']?\s{0,64}(?P<url>[^\s\"'<>]{1,256})",
    re.IGNORECASE,
)
_FOLLOWED = frozenset({"href", "action", "formaction", "cite", "ping", "longdesc", "xlink:href", "data-href"})
_FOLLOWED_TAGS = frozenset({"a", "area", "form", "button", "input", "blockquote", "q", "ins", "del", "base"})


def links(text: str) -> Iterator[Address]:
    """Yield the addresses in *text*; the same one more than once where it can be read in several ways.

    Raises :class:`TooMany`.
    """
    yield from _bare(text)
    if "[" in text:
        yield from _boards(text)
    if "](" in text or "]:" in text:
        yield from _markdown(text)
    if "<" in text:
        yield from _html(text)


def _bare(text: str) -> Iterator[Address]:
    if ":/" in text or ":\\" in text or "www." in text.lower():
        for found in _SCHEME.finditer(text):
            yield Address("link", found[0])
    if "/" in text or "?" in text or "#" in text:
        for pattern in (_PLACE, _NUMBERS):
            for found in pattern.finditer(text):
                yield Address("link", f"https://{found[0]}")
    if ":" in text:
        for found in _DATA.finditer(text):
            yield Address("image" if found[1].lower() == "data" else "link", found[0])
    yield from _loaded(text)


def _loaded(text: str) -> Iterator[Address]:
    if "(" in text or "[" in text or "!" in text or "@" in text or "{" in text:
        for found in _LOADED.finditer(text):
            yield from _if_abroad("image", found[str(found.lastgroup)])


def _boards(text: str) -> Iterator[Address]:
    for found in _BOARD.finditer(text):
        url = found["url"]
        if found["tag"].lower() == "email":
            if "@" in url:
                yield Address("link", url if url[:7].lower() == "mailto:" else f"mailto:{url}")
        elif _HOST.match(url) and not _ABROAD.match(url):
            yield Address("link", f"https://{url}")
        else:
            yield from _if_abroad("link", url)


def _if_abroad(kind: Literal["link", "image"], url: str) -> Iterator[Address]:
    """Yield *url* unless it leads to no other machine."""
    if _ABROAD.match(url):
        yield Address(kind, url.strip())
    elif _PLACE.match(url) or _NUMBERS.match(url):
        yield Address(kind, f"https://{url}")


def _markdown(text: str) -> Iterator[Address]:
    referred = "![" in text
    for count, found in enumerate(_TARGET.finditer(text)):
        if count == MAX_STEPS:
            raise TooMany
        shows = referred and (found["how"] == ":" or _shows(text, found.start()))
        yield from _if_abroad("image" if shows else "link", found["url"])


def _shows(text: str, end: int) -> bool:
    """Say whether the bracket that closes at *end* was opened by ``![``, which it may be when that stands too far off."""
    depth = 0
    for place in range(end, max(-1, end - _NEAR), -1):
        depth += {"]": 1, "[": -1}.get(text[place], 0)
        if not depth:
            return text[max(0, place - 1)] == "!"
    return True


def _html(text: str) -> Iterator[Address]:
    """Yield the addresses in the attributes of everything that looks like a tag."""
    for loaded in _LOADING.finditer(text):
        yield from _if_abroad("image", loaded["url"])
    never: set[str] = set()
    place = count = 0
    while found := _TAG.search(text, place):
        name = found["name"].lower()
        attributes, place = _attributes(text, found.end(), never)
        count += 1 + len(attributes)
        if count > MAX_STEPS:
            raise TooMany
        for attribute, value in attributes:
            if attribute == "srcset":
                for part in value.split(","):
                    yield from _if_abroad("image", part.strip())
            elif attribute == "style":
                yield from _loaded(value)
            elif value and _HANDLER.match(attribute):
                # What runs when the page is shown, or when somebody moves over it, may load and lead anywhere.
                yield Address("image", f"javascript:{value}")
            elif name == "meta" and attribute == "content":
                yield from _if_abroad("link", value.partition("=")[2].strip("'\" "))
            elif attribute in _FOLLOWED and name in _FOLLOWED_TAGS:
                yield from _if_abroad("link", value)
            elif not attribute.startswith(("xmlns", "alt", "title")):
                yield from _if_abroad("image", value)


def _attributes(text: str, place: int, never: set[str]) -> tuple[list[tuple[str, str]], int]:
    """Return name and value of every attribute from *place* on, and where they end.

    *never* holds the quotes that close nowhere any more, so that nobody looks for them twice.
    """
    every: list[tuple[str, str]] = []
    while found := _ATTRIBUTE.match(text, place):
        place = found.end()
        value = ""
        if found["is"]:
            quote = text[place : place + 1]
            quoted = quote in ("'", '"')
            end = text.find(quote, place + 1) if quoted and quote not in never else -1
            if end >= 0:
                value, place = text[place + 1 : end], end + 1
            else:
                if quoted:
                    never.add(quote)
                    place += 1
                word = _WORD.match(text, place)
                assert word is not None
                value, place = word[0], word.end()
        every.append((found["name"].lower(), value))
        if len(every) == MAX_STEPS:
            break
    return every, place
