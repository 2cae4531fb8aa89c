"""A sentence in the one form that all its trivial rewordings share, so that two of them can be compared word by word.

Only what stands in the closed lists here is folded: one prohibition for another ("never", "must not", "do not"), the person
("me", "the user"), "must" and "has to", "all" and "every", articles, singular and plural, spelling variants, small numbers
as words, a currency's sign and its code, "please", and "always" where a clause begins. Words keep their order. What forbids
is folded only where a clause begins, since "senders you do not know" is not "senders you never know".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pinnedrules.compaction.forms import listed
from pinnedrules.compaction.wording import END, NONE, QUERY, SOFT, STRONG, Words

__all__ = ["FORBID", "MUST", "Alike", "alike"]

FORBID, MUST, PERSON, AGENT = "\u00acdo", "\u00acmust", "\u00acuser", "\u00acagent"
_CLOCK = re.compile(r"\[?\d[\d:./-]*\d?[a-z]?\]?|#?[a-z]{0,2}\d{1,3}")
_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen"),
)
_NUMBERS = {word: str(number) for number, word in enumerate(_SMALL)} | {
    "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "ninety": "90", "hundred": "100",
}  # fmt: skip
_VARIANTS = {
    variant: word
    for word, variants in {
        "colour": "color colors", "licence": "license licences licenses", "catalogue": "catalog", "grey": "gray",
        "programme": "program programmes programs", "centre": "center centers", "behaviour": "behavior",
        "labour": "labor", "favour": "favor", "favourite": "favorite", "honour": "honor", "neighbour": "neighbor",
        "neighbours": "neighbors", "cancelled": "canceled", "cancelling": "canceling", "labelled": "labeled",
        "labelling": "labeling", "travelling": "traveling", "traveller": "traveler", "travellers": "travelers",
        "modelling": "modeling", "fulfil": "fulfill", "enquiry": "inquiry enquiries inquiries", "cheque": "cheques",
        "practise": "practice practices", "defence": "defense", "metre": "meter meters metres", "litre": "liter liters",
        "towards": "toward", "while": "whilst", "among": "amongst", "until": "till", "okay": "ok", "and": "& +",
        "nobody": "no-one", "anyone": "anybody", "everyone": "everybody", "percent": "%", "judgement": "judgment",
        "eur": "\u20ac euro euros", "usd": "$ us$ dollar dollars", "gbp": "\u00a3 pound pounds", "chf": "franc francs",
        "jewellery": "jewelry", "ageing": "aging", "plough": "plow", "tyre": "tire tyres tires",
        "organise": "organize", "artefact": "artifact artefacts artifacts", "acknowledgement": "acknowledgment",
        "dialogue": "dialog", "analogue": "analog", "aeroplane": "airplane", "storey": "story", "kerb": "curb",
        "mould": "mold", "be": "is are am", "was": "were", "have": "has", "login": "log-in", "website": "web-site",
        "person": "people persons", "man": "men", "woman": "women", "child": "children", "database": "data-base",
           }.items()
    for variant in variants.split()
}  # fmt: skip
_IZED = re.compile(r"(?<=..[a-z])iz(?=e|es|ed|ing|er|ers|ation|ations)(e|es|ed|ing|er|ers|ation|ations)$")
_LYZED = re.compile(r"(?<=[a-z]ly)z(?=e|es|ed|ing)")
_MONEY = re.compile(r"([\u20ac$\u00a3])?(\d[\d.,]*)([\u20ac$\u00a3%])?")
_CURRENCIES = listed("eur usd gbp chf sek nok dkk pln czk jpy cad aud")
_AM = listed("am pm a.m p.m")
_ARTICLES = listed("a an the")
_ALL = listed("all every")
_SHORTENED = {"it's", "that's", "there's", "who's", "what's", "he's", "she's", "here's"}
_OPENING = listed("and or but nor also then so")
"""Words behind which a clause may begin."""
_SCOPE = listed("never not no nothing nobody none without before unless if until avoid")
"""Words in whose reach "any" is no more than an article."""
_NAMING = listed(
    "folder folders file directory branch branches table tables channel channels label labels tag tags schema project",
    "bucket list repository repo tab column sheet environment account group team field status named called",
)
"""Words beside which a word may be a name, in which the last letter counts."""
_SINGULAR = (("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("ies", "y"), ("oes", "o"))


@dataclass(frozen=True, slots=True)
class Alike:
    """The folded words of a text, what stands between them, the words as written, and where each began."""

    folded: tuple[str, ...]
    gaps: tuple[int, ...]
    raw: tuple[str, ...]
    at: tuple[int, ...]


@lru_cache(maxsize=1024)
def alike(found: Words, *, told: bool = False) -> Alike:
    """Fold a text. With *told* "you" is the person who gave the rules, as in a summary that is written to that person."""
    maker = _Maker(found, told)
    at = 0
    while at < len(found.folded):
        at = maker.take(at)
    maker.gaps[-1] = max(maker.gaps[-1], found.gaps[-1])
    return Alike(tuple(maker.folded), tuple(maker.gaps), tuple(maker.raw), tuple(maker.at))


class _Maker:
    """Goes through a text once; each step takes the words of one folding."""

    def __init__(self, found: Words, told: bool) -> None:
        self._words, self._own, self._gaps = found.folded, found.raw, found.gaps
        self._told = told
        self.folded: list[str] = []
        self.raw: list[str] = []
        self.gaps: list[int] = [NONE]
        self.at: list[int] = []
        self._scoped = False
        self._from = -1

    def take(self, at: int) -> int:
        """Fold what stands at a word, and return where the next begins."""
        word, gap = self._words[at], self._gaps[at]
        self.gaps[-1] = max(self.gaps[-1], gap)
        if gap in (STRONG, END, SOFT, QUERY):
            self._scoped = False
        self._scoped = self._scoped or word in _SCOPE
        if (length := self._forbids(at)) or (length := self._binds(at)) or (length := self._person(at)):
            return at + length
        left_out = word == "please" or (word == "always" and self._opens(at))
        if left_out or (self._joined(at + 1) and (word in _ARTICLES or (word == "any" and self._scoped))):
            self._from = at if self._from < 0 else self._from
            return at + 1
        if (length := self._amount(at)) != 0:
            return at + length
        self._plain(at)
        return at + 1

    def _put(self, at: int, word: str, raw: str = "") -> None:
        self.folded.append(word)
        self.raw.append(raw)
        self.at.append(self._from if self._from >= 0 else at)
        self._from = -1
        self.gaps.append(NONE)

    def _joined(self, at: int) -> bool:
        """Say whether a word goes on in the same clause."""
        return at < len(self._words) and self._gaps[at] == NONE

    def _is(self, at: int, *words: str) -> bool:
        return at < len(self._words) and self._gaps[at] == NONE and self._words[at] in words

    def _opens(self, at: int) -> bool:
        """Say whether a clause may begin at a word, as far as what stands before it tells."""
        if not self.folded or self.gaps[-1] != NONE:
            return True
        before = self.folded[-1]
        if before == MUST:
            return True
        return before in _OPENING or (
            _CLOCK.fullmatch(before) is not None and (len(self.folded) == 1 or self.gaps[-2] in (END, SOFT))
        )

    def _forbids(self, at: int) -> int:
        """Fold a prohibition and return how many words it takes, 0 where there is none."""
        opens, start = self._opens(at), at
        if opens:
            at += self._subject(at)
        if opens and self._words[at] in ("always", "please") and self._joined(at + 1):
            at += 1
        word = self._words[at]
        length = 0
        if word == "never":
            length = 1 + self._is(at + 1, "ever")
        elif word in ("do", "must", "may") and self._is(at + 1, "not", "never"):
            length = 2 + self._is(at + 2, "ever")
        if not length or (at > start and word == "never"):
            return 0
        if opens:
            self._put(start, FORBID)
        elif word in ("must", "may"):
            self._put(start, FORBID, "must")
        else:
            return 0
        self._scoped = True
        return at - start + length

    def _binds(self, at: int) -> int:
        """Fold what binds ("must", "has to", "you need to") and return how many words it takes."""
        opens, start = self._opens(at), at
        if opens:
            at += self._subject(at)
        word = self._words[at]
        length = 0
        if word == "must" and self._joined(at + 1):
            length = 1
        elif word in ("has", "have", "need", "needs") and self._is(at + 1, "to") and self._joined(at + 2):
            length = 2
        if not length:
            return 0
        if opens and at > start:  # "You must keep it" is "keep it".
            self._from = start if self._from < 0 else self._from
        else:
            self._put(start, MUST)
        return at - start + length

    def _subject(self, at: int) -> int:
        """Return how many words name the agent before a verb: "you", "the agent", in a summary by the agent "I"."""
        if self._words[at] == "the" and self._is(at + 1, "agent", "assistant") and self._joined(at + 2):
            return 2
        named = self._words[at] == "you" or (self._told and self._words[at] == "i")
        return int(named and self._joined(at + 1))

    def _person(self, at: int) -> int:
        """Fold a word for the person who gave the rules, or for the agent, and return how many words it takes."""
        word = self._words[at]
        if word == "the" and at + 1 < len(self._words) and self._gaps[at + 1] == NONE:
            who = self._words[at + 1]
            role, owner = who.removesuffix("'s"), who.endswith("'s")
            if role in ("user", "agent", "assistant"):
                self._put(at, (PERSON if role == "user" else AGENT) + ("'s" if owner else ""))
                return 2
        first, second = (AGENT, PERSON) if self._told else (PERSON, AGENT)
        name = {
            "me": first,
            "i": first,
            "my": first + "'s",
            "you": second,
            "your": second + "'s",
            "user": PERSON,
            "user's": PERSON + "'s",
        }.get(word)
        if name is None or (word == "user" and self._own[at].islower() and self.folded and not self._opens(at)):
            return 0
        self._put(at, name)
        return 1

    def _amount(self, at: int) -> int:
        """Fold a figure with its sign or currency, or a time of the day, and return how many words it takes."""
        word = _VARIANTS.get(self._words[at], self._words[at])
        if word in _CURRENCIES and self._joined(at + 1) and self._words[at + 1][:1].isdigit():
            self._put(at, _figure(self._words[at + 1]))
            self._put(at, word)
            return 2
        match = _MONEY.fullmatch(self._words[at])
        if match is None or not (match[1] or match[3]):
            if self._words[at][:1].isdigit() and self._is(at + 1, *_AM):
                self._put(at, _figure(self._words[at]) + self._words[at + 1].replace(".", ""))
                return 2
            return 0
        self._put(at, _figure(match[2]))
        for sign in (match[1], match[3]):
            if sign:
                self._put(at, _VARIANTS[sign])
        return 1

    def _plain(self, at: int) -> None:
        word, raw = self._words[at], self._own[at]
        if word in _SHORTENED:
            self._put(at, word[:-2])
            self._put(at, "be")
            return
        if word == "per" and self._is(at + 1, "cent"):
            self._put(at, "percent")
            return
        if word == "cent" and at and self._words[at - 1] == "per":
            return
        if "-" in word and word not in _VARIANTS and all(part.isalpha() and len(part) > 1 for part in word.split("-")):
            for part in word.split("-"):
                self._put(at, _spelt(part))
            return
        near = {*self._words[max(at - 1, 0) : at], *self._words[at + 1 : at + 2]}
        plain = raw.islower() or not self.folded or self._opens(at) or raw.isupper()
        exact = not word.isalpha() or not plain or (not near.isdisjoint(_NAMING) and word not in _NAMING)
        self._put(at, _figure(_variant(word)) if exact else _spelt(word), raw if word == _figure(word) else "")


def _variant(word: str) -> str:
    if word in _ALL:
        return "all"
    return _NUMBERS.get(word) or _VARIANTS.get(word) or word


@lru_cache(maxsize=8192)
def _spelt(word: str) -> str:
    """Return a word in one spelling and one number."""
    if (found := _variant(word)) != word:
        return found
    word = _LYZED.sub("s", _IZED.sub(r"is\1", word))
    if len(word) > 3 and word.isascii():
        for ending, singular in _SINGULAR:
            if word.endswith(ending):
                return word.removesuffix(ending) + singular
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            return word[:-1]
    return word


def _figure(word: str) -> str:
    """Return a figure without what is only a way to write it: a leading zero of an hour, "9am" for "9 am"."""
    if ":" in word and word[:1] == "0" and word[1:2].isdigit():
        return word[1:]
    return word
