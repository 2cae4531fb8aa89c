"""Long work about nothing in particular, of our own making: what an agent's history is full of when a compaction comes.

Every piece is drawn from word lists by its number alone (sha256, so the same under every Python), and nothing in it says
what may or may not be done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

__all__ = ["pieces"]

_PEOPLE = (
    "Aylin",
    "Bruno",
    "Chiara",
    "Dmitri",
    "Esther",
    "Farid",
    "Greta",
    "Hamid",
    "Ines",
    "Jakub",
    "Kirsten",
    "Luca",
)
_PLACES = ("Lindau", "Porto", "Gdansk", "Leeds", "Turin", "Malmo", "Graz", "Ghent", "Brno", "Cork", "Split", "Tartu")
_THINGS = (
    "the roof of the shed", "the spring catalogue", "the new label printer", "the shelf plan", "the parking area",
    "the training week", "the paint order", "the visitors' desk", "the archive boxes", "the winter timetable",
    "the heating in hall two", "the photo wall", "the coffee corner", "the bicycle stand", "the sign at the gate",
)  # fmt: skip
_STATES = (
    "is done and looks better than in the pictures", "is two days late because the carrier had a breakdown",
    "was looked at once more and stays as it is", "costs a little more than in the first estimate",
    "waits for an answer from the supplier", "was praised by two visitors", "needs another pair of hands in the second half",
    "goes on next week with a smaller team", "turned out simpler than it had looked in spring",
    "was measured again, the numbers differ by two centimetres", "has a new owner in the team after the summer",
)  # fmt: skip
_AFTER = (
    "Nobody had a question.", "There was some laughter about the colour.", "A photograph is in the folder of the week.",
    "The numbers are in the annex.", "This takes about half a morning.", "It came up last year as well.",
    "The older version hangs in the corridor.", "A short tour is planned for the new colleagues.",
    "The neighbours were told.", "The weather helped.",
)  # fmt: skip
_MODULES = ("parser", "scheduler", "cache", "exporter", "importer", "renderer", "index", "queue", "session", "mapper")
_LOGGED = (
    "started, {n} items waiting", "took {n} ms, a little above the median of the week", "connection reused, age {n} s",
    "retry {m} of 5 after a timeout", "wrote {n} rows in one batch", "memory at {n} MB, steady", "worker {m} idle",
    "checksum of part {m} is as expected", "page {n} rendered from the cache", "clock differs by {m} ms from the server's",
)  # fmt: skip
_REMARKS = (
    "The loop in `{a}` walks the list twice; one pass with a dictionary would read better.",
    "Good name for the helper in `{a}`. The comment above it repeats the code, though.",
    "Could the two branches in `{a}` share the part that builds the header?",
    "The test for `{a}` covers the empty case now, thanks.",
    "`{a}` returns a tuple here and a list in `{b}`; I would settle for one of them.",
    "The timeout in `{a}` is {n} ms and in `{b}` it is in seconds, that will confuse somebody.",
    "I ran `{a}` with {n} entries on my laptop and it stayed below a second.",
    "The error text of `{a}` could name the file, like the one of `{b}` does.",
)
_GOODS = (
    "watering can",
    "wheelbarrow",
    "rake",
    "lantern",
    "bench",
    "trellis",
    "hose reel",
    "planter",
    "bird table",
    "awning",
)
_TRAITS = (
    "powder coated and easy to clean", "made of larch from the region", "light enough to carry in one hand",
    "folds flat for the winter", "comes with a spare set of screws", "in green, grey and a warm red",
    "stands firmly on uneven ground", "with a handle of ash wood", "tested for {n} hours in rain", "holds {n} litres",
)  # fmt: skip
_SAID = (
    "{name} wrote that the {good} arrived quickly and was well packed.", "{name} has had the {good} for three summers.",
    "{name} found the {good} smaller than in the picture, but sturdy.", "{name} bought a second {good} for a sister.",
)  # fmt: skip


class _Draw:
    """Picks that depend on a text and on how many came before them."""

    def __init__(self, text: str) -> None:
        self.text, self.count = text, 0

    def number(self, low: int, high: int) -> int:
        self.count += 1
        digest = sha256(f"{self.text} {self.count}".encode()).digest()
        return low + int.from_bytes(digest[:6], "big") % (high - low + 1)

    def one(self, values: Sequence[str]) -> str:
        return values[self.number(0, len(values) - 1)]

    def filled(self, text: str, **more: str) -> str:
        return text.format(
            n=self.number(11, 480), m=self.number(1, 5), a=self.one(_MODULES), b=self.one(_MODULES), **more
        )


def _words(draw: _Draw, least: int, sentence: Callable[[_Draw], str], between: str = " ") -> str:
    said: list[str] = []
    while len(between.join(said).split()) < least:
        said.append(sentence(draw))
    return between.join(said)


def _meeting(draw: _Draw) -> str:
    def sentence(draw: _Draw) -> str:
        who, thing = draw.one(_PEOPLE), draw.one(_THINGS)
        return f"{who} on {thing}: it {draw.one(_STATES)}. {draw.one(_AFTER)}"

    head = f"Minutes, {draw.one(_PLACES)}. Present: {draw.one(_PEOPLE)}, {draw.one(_PEOPLE)} and {draw.one(_PEOPLE)}."
    return f"{head} {_words(draw, 120, sentence)}"


def _log(draw: _Draw) -> str:
    def sentence(draw: _Draw) -> str:
        at = f"{draw.number(10, 23)}:{draw.number(10, 59)}:{draw.number(10, 59)}.{draw.number(100, 999)}"
        return f"{at} {draw.one(_MODULES)}[{draw.number(200, 990)}] {draw.filled(draw.one(_LOGGED))}"

    return _words(draw, 140, sentence, "\n")


def _page(draw: _Draw) -> str:
    good = draw.one(_GOODS)

    def sentence(draw: _Draw) -> str:
        if draw.number(0, 1):
            return f"The {good} is {draw.filled(draw.one(_TRAITS))}."
        return draw.one(_SAID).format(name=draw.one(_PEOPLE), good=good)

    return f"{good.capitalize()}, model {draw.one(_PLACES)}. {_words(draw, 110, sentence)}"


def _review(draw: _Draw) -> str:
    def sentence(draw: _Draw) -> str:
        return f"{draw.one(_PEOPLE)}, line {draw.number(12, 390)}: {draw.filled(draw.one(_REMARKS))}"

    return _words(draw, 130, sentence, "\n")


def _sheet(draw: _Draw) -> str:
    def sentence(draw: _Draw) -> str:
        row = [draw.one(_PLACES), draw.one(_GOODS), *(str(draw.number(11, 99)) for _ in range(5)), draw.one(_STATES)]
        return " | ".join(row)

    return "place | goods | jan | feb | mar | apr | may | remark\n" + _words(draw, 130, sentence, "\n")


_KINDS: tuple[tuple[str, Callable[[_Draw], str], tuple[str, ...]], ...] = (
    ("minutes", _meeting, ("What did the round in {place} talk about?", "And the one after it, with {name}?")),
    ("log", _log, ("Look at the night's log of the {module}.", "What does the {module} say an hour later?")),
    (
        "page",
        _page,
        ("What does our page say about the {good}?", "And the page of the {good}, any reviews from {name}?"),
    ),
    ("review", _review, ("Sum up the review of the {module}.", "{name} looked at the {module} too, what came of it?")),
    ("sheet", _sheet, ("Go through the sheet of {place}.", "How do the {good} numbers of {place} look?")),
)
_ANSWERS = (
    "Mostly good news: {thing} {state}.", "In short, {thing} {state}; {name} looks after it.",
    "Nothing unusual there. {name} asks about {thing}, which {state}.", "Read. {thing} {state}, the rest is as last month.",
)  # fmt: skip
_PIECES = 14


def pieces() -> list[list[dict[str, Any]]]:
    """Return 14 pieces of 12 to 20 messages as Chat Completions writes them."""
    return [_piece(number) for number in range(_PIECES)]


def _piece(number: int) -> list[dict[str, Any]]:
    draw = _Draw(f"filler {number}")
    kind, result, questions = _KINDS[number % len(_KINDS)]
    messages: list[dict[str, Any]] = []
    for turn in range(draw.number(3, 5)):
        some = {
            "name": draw.one(_PEOPLE), "place": draw.one(_PLACES), "module": draw.one(_MODULES),
            "good": draw.one(_GOODS), "thing": draw.one(_THINGS), "state": draw.one(_STATES),
        }  # fmt: skip
        question = questions[min(turn, 1)].format(**some)
        call = {"name": "read_document", "arguments": json.dumps({"id": f"{kind}-{number}-{turn}"})}
        answer = draw.one(_ANSWERS).format(**some)
        messages += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": None,
             "tool_calls": [{"id": f"call_f{number}_{turn}", "type": "function", "function": call}]},
            {"role": "tool", "tool_call_id": f"call_f{number}_{turn}", "content": json.dumps({"text": result(draw)})},
            {"role": "assistant", "content": answer[0].upper() + answer[1:]},
        ]  # fmt: skip
    return messages
