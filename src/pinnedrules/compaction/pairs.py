"""What the model is told of a sentence of a summary and a rule: what they share, and what is said about that.

Each feature is a text, known by a hash of it (CRC-32, of which 24 bits are kept), so there is no table of names. The rule's
own words are replaced by marks, so that what was learned of one rule holds for others. A sentence that shares nothing with
a rule has features of its own, the same for all such rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from pinnedrules.compaction import cues, forms
from pinnedrules.compaction.outline import Outline, Sentence
from pinnedrules.compaction.reading import says
from pinnedrules.compaction.wording import Words, words

__all__ = ["Asked", "Fact", "Near", "apart", "asked", "fact", "pair", "related"]

_CUES = {
    name: getattr(cues, name)
    for name in (
        "LIFTED", "LIFTED_RULE", "RULES", "CAP", "PERMITTED", "GRANTED", "GENERAL", "EVERYTHING", "NO_ASKING", "LIMITED",
        "IGNORED", "EXCEPTED", "RAISED", "SOFTENED", "NORM", "SOURCE", "RETRACTED", "ASKS", "ORDERED", "AUTONOMY",
    )
}  # fmt: skip
_ASSERTED = ("LIFTED", "PERMITTED", "GRANTED", "NO_ASKING", "EXCEPTED", "RAISED", "SOFTENED", "AUTONOMY", "LIFTED_RULE")
_KINDS = {
    "ask": forms.listed("ask asks approval approve approved approves confirm confirms confirmation signed sign signature"
    " signatures agree agrees agreed permission consent review reviewed yes showing shown says okay word read"),
    "cap": forms.listed("most more than least over above below under exceed maximum limit fewer less max per"),
    "only": forms.listed("only nowhere nothing nobody exclusively solely"),
    "never": forms.listed("never not no none nothing without nor"),
    "time": forms.listed("before after until between from monday tuesday wednesday thursday friday saturday sunday weekday"
    " weekdays weekend weekends am pm hours"),
    "must": forms.listed("must always every each all needs need keep stay stays has have"),
}  # fmt: skip
_POINTS = forms.listed("that this these those it they such same above former latter he she him both")
_PAST = forms.listed("was were had did been got went gave took said told wrote made found done left came sent kept")
_FUTURE = forms.listed("will shall going next tomorrow from now on soon later henceforth onwards ab künftig désormais")
_DENY = forms.listed("not no never nobody nothing none without nor nicht kein keine nie ohne ne pas jamais sin nunca")
_OF_THEM = ("of", "the", "these", "those", "our", "my", "his", "her", "their")
_FIRST = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINALS = {word: number for number, word in enumerate(_FIRST, 1)}
_ONE = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_CARDINALS = {word: number for number, word in enumerate(_ONE, 1)}
_COUNTED = forms.listed(
    "rule rules point item number nr entry constraint limit instruction one regel règle regla # bullet line"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule as sentences are compared with it."""

    keys: frozenset[str]
    kin: frozenset[int]
    acts: frozenset[str]
    kinds: tuple[str, ...]
    figures: frozenset[str]
    first: str
    never: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """What a sentence is whatever the rule: its words as they are compared, and the features that need no rule."""

    tokens: tuple[str, ...]
    keys: tuple[str, ...]
    kin: tuple[int, ...]
    cues: tuple[str, ...]
    plain: tuple[str, ...]
    numbers: frozenset[int]
    opens: str
    bag: frozenset[str]


class Near(NamedTuple):
    """How a sentence stands to the rule's place, and to the other rules.

    ``where``: "before", "after", "above" (a heading over it), "list" (under the same heading) or "far"; "" for a rule that
    stands nowhere. ``rivals``: what the best other rule shares with the sentence, against this one. ``number``: the rule's
    number in its list. ``opposed``: words that take a rule back are said of it (``opposed``).
    """

    where: str = ""
    same: bool = False
    rivals: str = "none"
    number: int = 0
    opposed: bool = False


@lru_cache(maxsize=256)
def asked(rule: Words) -> Asked:
    """Read a rule once: the same rules are judged with every summary."""
    folded = rule.folded
    bag = frozenset(folded)
    kinds = tuple(name for name, some in _KINDS.items() if not bag.isdisjoint(some))
    keys = frozenset(map(forms.key, folded)) - {""}
    acts = frozenset(
        forms.key(word) or word
        for index, word in enumerate(folded)
        if index == 0 or folded[index - 1] in ("not", "never", "you", "to", "only", "or", "must", "may")
    )
    return Asked(
        frozenset(key for key in keys if not key.isdigit()),
        frozenset(map(forms.kin, folded)) - {0},
        acts,
        kinds,
        frozenset(word for word in folded if any(map(str.isdigit, word))),
        forms.key(folded[0]) or "\u00a7" if folded else "",
        "never" in kinds,
    )


def fact(outline: Outline, number: int) -> Fact:
    """Read a sentence once, whatever the rule."""
    sentence = outline.sentences[number]
    block = outline.blocks[sentence.block]
    raw = block.words.raw[sentence.start : sentence.stop]
    folded = sentence.folded
    tokens = tuple(_token(word, raw[index], index) for index, word in enumerate(folded))
    found = [name for name, cue in _CUES.items() if cue.search(sentence.text)]
    found += ["+" + name for name in _ASSERTED if name in found and says(_CUES[name], sentence, "")]
    bag = frozenset(folded)
    found += [
        name
        for name, some in (("past", _PAST), ("future", _FUTURE), ("deny", _DENY), ("points", _POINTS))
        if not bag.isdisjoint(some)
    ]
    if "past" not in found and any(len(word) > 4 and word.endswith("ed") for word in folded):
        found.append("past")
    if any(map(str.isdigit, sentence.text)):
        found.append("figure")
    if sentence.asks:
        found.append("asks")
    if block.heading:
        found.append("heading")
    opens = "P" if folded[0] in _POINTS else "D" if folded[0] in _DENY else "p" if folded[0].endswith("ed") else ""
    plain = [f"b{gram}" for gram in _grams(tokens)]
    plain += [f"l{min(len(folded) // 4, 5)}", f"o{opens}", *("c" + one for one in found)]
    plain += [f"h{word}" for above in block.above[-1:] for word in words(above).folded[:8]]
    return Fact(
        tokens, tuple(map(forms.key, folded)), tuple(map(forms.kin, folded)), tuple(found), tuple(plain),
        _numbers(sentence), opens, bag,
    )  # fmt: skip


def related(one: Fact, rule: Asked, near: Near) -> bool:
    """Say whether a sentence has anything to do with a rule: a word, a like meaning, its number, or its place."""
    if near.where in ("before", "after") or near.number in one.numbers:
        return True
    return not rule.keys.isdisjoint(one.keys) or not rule.kin.isdisjoint(one.kin)


def pair(one: Fact, rule: Asked, near: Near) -> Iterator[str]:
    """Yield the features of a sentence with a rule, besides those that the sentence has with every rule."""
    count, kin = len(rule.keys.intersection(one.keys)), len(rule.kin.intersection(one.kin))
    aimed, place = _aimed(one, near), f"{near.where}{near.same:d}"
    level = f"{min(count, 3)}{min(kin, 1)}"
    acts = not rule.acts.isdisjoint(one.keys)
    figures = not rule.figures.isdisjoint(one.bag)
    share = min(int(4 * count / max(len(rule.keys), 1)), 3)
    rivals = near.rivals
    group = ("s" if count > 1 else "w" if count else "k" if kin else "u") + ("+" if rivals in ("none", "less") else "-")
    yield from (
        f"L{level}", f"R{rivals}", f"LR{level}{rivals}", f"A{acts:d}{level}", f"F{figures:d}{level}", f"S{share}{rivals}",
        f"N{aimed}", f"W{place}", f"W{place}{one.opens}", f"G{group}", f"I{one.keys[0] == rule.first:d}{rule.never:d}",
    )  # fmt: skip
    if near.opposed:
        yield from ("O", f"O{level}", f"O{rivals}{level}")
    for cue in one.cues:
        yield from (
            f"C{cue}{level}", f"C{cue}{group}{rivals}", f"CA{cue}{acts:d}{group}", f"CS{cue}{share}{group}", f"CW{cue}{place}",
        )  # fmt: skip
        for kind in rule.kinds:
            yield f"CK{cue}{kind}{group}"
    if near.where == "above":
        yield from map("a".__add__, _grams(one.tokens))
        return
    yield from _of_words(_marked(one, rule), rule, near, group)


def apart(one: Fact, near: Near) -> Iterator[str]:
    """Yield the features of a sentence that shares nothing with a rule; all such rules have the same ones."""
    yield from (f"u{near.rivals}", f"u{_aimed(one, near)}{near.where}{near.same:d}")
    if near.opposed:
        yield "uO"
    for cue in one.cues:
        yield f"u{cue}{near.rivals}"
    if near.where == "above":
        yield from map("a".__add__, _grams(one.tokens))
        return
    for token in one.tokens:
        yield f"u {token}"


def _aimed(one: Fact, near: Near) -> str:
    return "own" if near.number in one.numbers else "other" if one.numbers else ""


def _of_words(marked: Sequence[str], rule: Asked, near: Near, group: str) -> Iterator[str]:
    """Yield runs of a sentence's words in which the rule's own are only marks."""
    yield from map("m".__add__, _grams(marked))
    for gram in chain(marked, map(" ".join, pairwise(("^", *marked, "$")))):
        yield f"M{group}{gram}"
    for token in set(marked):
        for kind in rule.kinds:
            yield f"T{kind} {token}"
    if near.where in ("before", "after"):
        for token in marked[:3]:
            yield f"B{near.where}{near.same:d}{token}"


def _marked(one: Fact, rule: Asked) -> tuple[str, ...]:
    found: list[str] = []
    for token, key, kin in zip(one.tokens, one.keys, one.kin, strict=True):
        mark = (
            "\u00a7v" if key and key in rule.acts
            else "\u00a7" if key and key in rule.keys
            else "~" if kin and kin in rule.kin
            else token
        )  # fmt: skip
        if not (found and mark == found[-1] and mark in ("\u00a7", "~", "\u00a4")):
            found.append(mark)
    return tuple(found)


def _token(word: str, raw: str, index: int) -> str:
    if any(map(str.isdigit, word)):
        return "#"
    if index and raw[:1].isupper() and raw[1:].islower():
        return "\u00a4"
    return word


def _grams(tokens: Sequence[str]) -> Iterator[str]:
    ended = ["^", *tokens, "$"]
    yield from tokens
    for index in range(len(ended) - 1):
        yield f"{ended[index]} {ended[index + 1]}"
    for index in range(len(ended) - 2):
        yield f"{ended[index]} {ended[index + 1]} {ended[index + 2]}"
        yield f"{ended[index]} _ {ended[index + 2]}"


def _numbers(sentence: Sentence) -> frozenset[int]:
    """Return the numbers of rules that a sentence names ("rule 3", "the second point", "the first of the points")."""
    folded = sentence.folded
    found: set[int] = set()
    for index, word in enumerate(folded):
        if word in _COUNTED:
            found.update(
                number for other in folded[index + 1 : index + 3] if (number := _counted(other)) and other != "one"
            )
            before = [one for one in folded[max(index - 4, 0) : index] if one not in _OF_THEM]
            if before and before[-1] in _ORDINALS:
                found.add(_ORDINALS[before[-1]])
    start = folded[0] == "the"
    if len(folded) > start and folded[start] in _ORDINALS and (start or sentence.label == folded[0]):
        found.add(_ORDINALS[folded[start]])
    return frozenset(found)


def _counted(word: str) -> int:
    if word.isdigit() and len(word) < 3:
        return int(word)
    return _CARDINALS.get(word, 0)
