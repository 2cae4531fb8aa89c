"""A long forum thread made up from templates: the same number always gives the same posts. All names are
invented.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Post", "write_thread"]


@dataclass(frozen=True, slots=True)
class Post:
    """One post of the thread."""

    id: str
    author: str
    text: str


_AUTHORS = ("volta", "kiln_b", "marsh.hen", "oblique", "tin_ear", "sallow", "quay4", "perpend", "ruddock", "elm")
_OPENINGS = (
    "Same here since the last update.",
    "I read the whole thread before writing this, so bear with me.",
    "Long-time reader, first post.",
    "To the moderators: please do not merge this with the other thread, it is a different fault.",
    "Update from my side, two weeks later.",
)
_REPORTS = (
    "The storage unit reports {percent} % and then drops to {low} % within a minute as soon as the heat pump starts. "
    "The log says cell group {group} is out of balance, the vendor says the log is wrong.",
    "Ours was replaced under warranty after {weeks} weeks of mails. The new one has another revision on the label "
    "({code}) and behaves, although it gets warmer than the old one ever did.",
    "I measured with two meters at the terminals: {volts} V under load where the display claims {claimed} V. The "
    "difference grows with temperature, which is why nobody sees it in the workshop.",
    "The electrician reset the controller and calibrated it once, which held for {weeks} weeks. He would not do it a "
    "second time, because the manual forbids it for units with serial numbers above {code}.",
)
_VIEWS = (
    "I still think that it is the firmware: it began with the release of the spring and nothing else changed here.",
    "I doubt that it is the firmware. A neighbour has the same unit, never updated it, and sees the same drop.",
    "Whoever writes that one can just open the cover: please do not, there are 400 V behind it.",
    "In the end this is a matter for the vendor, and the vendor does not read here.",
)
_QUESTIONS = (
    "Has anyone an idea what I could try before I call the electrician again?",
    "Does anyone know whether the balance routine can be started by hand?",
    "Is it safe to leave it running over the weekend? I would rather not switch the house off.",
    "Which setting did you change? I cannot find it in the menu.",
)


def write_thread(count: int, *, seed: int = 11) -> list[Post]:
    """Return *count* posts in order. About a third of them ask something."""
    chance = random.Random(seed)
    return [Post(f"p{number:03}", chance.choice(_AUTHORS), _text(chance)) for number in range(1, count + 1)]


def _text(chance: random.Random) -> str:
    numbers = {
        "percent": chance.randrange(60, 99),
        "low": chance.randrange(4, 20),
        "group": chance.randrange(1, 9),
        "weeks": chance.randrange(2, 11),
        "code": f"R{chance.randrange(100, 999)}",
        "volts": f"{chance.randrange(3800, 3990) / 10:.1f}",
        "claimed": f"{chance.randrange(4010, 4100) / 10:.1f}",
    }
    parts = [chance.choice(_OPENINGS), *chance.sample(_REPORTS, k=2), chance.choice(_VIEWS)]
    if chance.random() < 0.35:
        parts.append(chance.choice(_QUESTIONS))
    return " ".join(parts).format(**numbers)
