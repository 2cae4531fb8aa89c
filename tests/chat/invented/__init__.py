"""Turns made from templates: breadth for the model's training, never a measure of anything.

A file is one language. ``name = a | b`` lists what may stand in a slot; ``S x40 {lead?} stop {thing}`` makes forty turns that
are a stop (``C`` a standing limit, ``O`` ordinary work). A slot with ``?`` is empty half of the time; ``-`` is empty. Which
word stands in a slot is decided by a hash of the turn's number, so the same file gives the same turns everywhere.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

__all__ = ["HERE", "invented"]

HERE = Path(__file__).parent
LABELS = {"S": "stop", "C": "constraint", "O": "ordinary"}
_SLOT = re.compile(r"\{(\w+)(\??)\}")
_TEMPLATE = re.compile(r"([SCO]) x(\d+) (.*)")


class _Dice:
    """Numbers that depend on nothing but a seed."""

    def __init__(self, seed: str) -> None:
        self._seed, self._thrown = seed, 0

    def __call__(self, sides: int) -> int:
        self._thrown += 1
        return zlib.crc32(f"{self._thrown}/{self._seed}".encode()) % sides


def invented(path: Path) -> list[dict[str, str]]:
    """Return the turns of one file as rows of the corpus, each text once."""
    slots: dict[str, list[str]] = {}
    templates: list[tuple[str, int, str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := _TEMPLATE.match(line):
            templates.append((found[1], int(found[2]), found[3]))
        elif line and line[0] != "#":
            name, _, words = line.partition(" = ")
            slots[name] = [word.strip() for word in words.split(" | ")]
    seen: set[str] = set()
    return [row for at, each in enumerate(templates) for row in _made(path.stem, at, each, slots, seen)]


def _made(
    lang: str, number: int, template: tuple[str, int, str], slots: dict[str, list[str]], seen: set[str]
) -> Iterator[dict[str, str]]:
    label, wanted, written = template
    for at in range(2 * wanted):
        dice = _Dice(f"{lang}/{number}/{at}")
        text = _dressed(_filled(written, slots, dice), label, dice)
        bare = "".join(filter(str.isalnum, text.casefold()))
        if wanted and bare and bare not in seen:
            seen.add(bare)
            wanted -= 1
            source = f"invented-{lang}"
            yield {
                "id": f"{source}-{number}-{at}",
                "text": text,
                "label": LABELS[label],
                "lang": lang,
                "source": source,
            }


def _filled(written: str, slots: dict[str, list[str]], dice: _Dice) -> str:
    def put(found: re.Match[str]) -> str:
        if found[2] and dice(2):
            return ""
        words = slots[found[1]]
        word = words[dice(len(words))]
        return "" if word == "-" else _filled(word, slots, dice)

    return _SLOT.sub(put, written)


def _dressed(text: str, label: str, dice: _Dice) -> str:
    """Return *text* as somebody types it: with or without capitals, apostrophes, full stops."""
    text = re.sub(r"\s+([,.!?])", r"\1", " ".join(text.split()).strip(" ,"))
    text = re.sub(r"^[,.]\s*", "", text)
    style = dice(20)
    if style < 9:
        text = text[:1].upper() + text[1:]
    if style == 19 and label == "S":
        text = text.upper()
    if dice(6) == 0:
        text = text.replace("'", "")
    if text[-1:] not in tuple(".!?…"):
        ends = ("", "", "", ".", ".", "!", "!!" if label == "S" else "", "", "..." if label == "S" else ".")
        text += ends[dice(len(ends))]
    return text
