"""What the model is told of a sentence: words, parts of words, the grammar's classes, the sentence's shape and place.

Each feature is a text, known by a hash of it (CRC-32, of which 24 bits are kept), so there is no table of names, and a
feature that was never seen in training weighs nothing. The trainer (``tests/chat/train.py``) uses this same module.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from pinnedrules.chat.text import Sentence
from pinnedrules.packing import hashed

__all__ = ["Own", "features", "hashed"]

_LENGTHS = (1, 2, 3, 5, 8, 12, 20)
_ENDINGS = (
    "ing", "ed", "ly", "s", "ando", "endo", "indo", "ar", "er", "ir", "are", "ere", "ire", "en", "ez", "st",
    "t", "e", "a", "o",
)  # fmt: skip
"""Endings by which a rare word is told, longest of each kind first, in the six languages."""


@dataclass(frozen=True, slots=True)
class Own:
    """A sentence that the person says, and what the grammar makes of it.

    ``senses``: what the languages found. ``classes``: the classes of each word or phrase in the language that knows most of
    the words; ``unknown`` is how many of them it does not know. ``work``: the turn gave work before. ``wanted``: as a limit it
    says only what is wanted, and bans nothing by itself.
    """

    sentence: Sentence
    senses: tuple[str, ...] = ()
    classes: tuple[tuple[str, ...], ...] = ()
    unknown: int = 0
    work: bool = False
    wanted: bool = False


def features(own: Sequence[Own], at: int, common: Collection[str]) -> set[int]:
    """Return the features of sentence *at* of a turn. *common*: words that keep their own name in skeletons."""
    said = own[at]
    words = said.sentence.folded.split()
    found = {number for word in set(words) for number in _of_word(word)}
    found.update(map(hashed, _of_order(words, said.sentence.end)))
    found.update(map(hashed, _of_shape(own, at, words)))
    found.update(map(hashed, _of_skeleton(words, said.sentence.end, common)))
    if said.classes:
        found.update(map(hashed, _of_classes(said)))
    return found


@lru_cache(maxsize=4096)
def _of_word(word: str) -> tuple[int, ...]:
    """Return the word and its parts of three to five letters; in letters that are not Latin, of one to three."""
    found = ["1" + word]
    if word[0] > "\u02ff":
        ended = f"<{word[:40]}>"
        found += ["c" + ended[at : at + size] for size in (1, 2, 3) for at in range(len(ended) - size + 1)]
    elif len(word) > 2:
        ended = f"<{word[:40]}>"
        found += ["c" + ended[at : at + size] for size in (3, 4, 5) for at in range(len(ended) - size + 1)]
    return tuple(map(hashed, found))


def _of_order(words: list[str], end: str) -> Iterator[str]:
    ended = ["^", *words, "$" + end]
    for one, two in pairwise(ended):
        yield f"2{one} {two}"
    ended[-1] = "$"
    for one, two, three in zip(ended, ended[1:], ended[2:], strict=False):
        yield f"3{one} {two} {three}"
        yield f"s{one} {three}"


def _of_shape(own: Sequence[Own], at: int, words: list[str]) -> Iterator[str]:
    said, last = own[at], len(own) - 1
    length = next((most for most in _LENGTHS if len(words) <= most), 99)
    place = "only" if not last else "first" if not at else "last" if at == last else "mid"
    yield from (
        f"l{length}",
        "e" + said.sentence.end,
        f"l{length}e{said.sentence.end}",
        f"p{place}",
        f"p{place}l{length}",
    )
    yield from (f"w1{length}{words[0]}", f"p1{place}{words[0]}")
    if said.sentence.loud:
        yield "caps"
    if said.work:
        yield "work"
    if at:
        yield from _of_neighbour("q", own[at - 1], said)
    if at < last:
        yield from _of_neighbour("n", own[at + 1], said)


def _of_neighbour(which: str, other: Own, said: Own) -> Iterator[str]:
    words = other.sentence.folded.split()
    yield which.upper() + ",".join(sorted(filter(None, other.senses)))
    yield which + words[0]
    if len(words) > 1:
        yield f"{which}{words[0]} {words[1]}"
    yield f"{which}e{other.sentence.end}"
    yield f"{which}s{other.sentence.line == said.sentence.line:d}"


def _of_classes(said: Own) -> Iterator[str]:
    yield f"u{min(said.unknown * 4 // len(said.classes), 4)}"
    ended = [("^",), *(names or ("_",) for names in said.classes), ("$",)]
    for names in ended[1:-1]:
        for name in names:
            yield "k" + name
    for ones, twos in pairwise(ended):
        for one in ones[:5]:
            for two in twos[:5]:
                yield f"K{one} {two}"
    for ones, twos, threes in zip(ended, ended[1:], ended[2:], strict=False):
        for one in ones[:2]:
            for two in twos[:2]:
                for three in threes[:2]:
                    yield f"T{one} {two} {three}"


def _of_skeleton(words: list[str], end: str, common: Collection[str]) -> Iterator[str]:
    """Yield runs of a sentence in which only common words keep their names; of others the ending counts, or nothing."""
    skeleton = ["^", *(word if word in common else _ending(word) for word in words), "$" + end]
    bare = ["*" if word[0] == "*" else word for word in skeleton]
    for size in (2, 3, 4):
        for at in range(len(skeleton) - size + 1):
            yield "C" + " ".join(skeleton[at : at + size])
    for size in (3, 4):
        for at in range(len(bare) - size + 1):
            yield "G" + " ".join(bare[at : at + size])
    if len(words) <= 6:
        yield "W" + " ".join(bare)


def _ending(word: str) -> str:
    if word == ",":
        return word
    if word[0].isdigit():
        return "0"
    if not word.isascii():
        return "Z"
    return "*" + next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 1), "")
