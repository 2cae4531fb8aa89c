"""Whether a sentence of a summary surely leaves a rule as it is: the closed world that a certificate needs.

Not what takes a rule back is known here, for that has no end, but what does not. A sentence leaves a rule alone when it is
about another matter and uses no word of rules, leave or turning that could reach the rule; when it binds to a limit of
its own; when it is about another of the rules that are judged together; or when it has one of the few forms of a report:
work that was done, a step that changes nothing, a count. In any other case the answer is no, and the rule is unsure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pinnedrules.compaction import forms, vocabulary
from pinnedrules.compaction.sensing import Sense
from pinnedrules.compaction.wording import Words

__all__ = ["Touch", "leaves", "rule_acts", "rule_kin"]

_NO_ACTS = (
    frozenset().union(*vocabulary.LANGUAGES.values())
    | vocabulary.NUMBERS
    | vocabulary.PRONOUNS
    | vocabulary.DENIES
    | forms.listed(
        "all any each every no on so as do does did done can will shall should would up out off than more less most least"
        " before after until unless between into per also then without within once first last time new other same"
    )
)
_BEFORE_ACTS = vocabulary.DENIES | forms.listed("to you i may must only always shall be and or please ever before")
_FEW = 3


@dataclass(frozen=True, slots=True)
class Touch:
    """How near a sentence is to a rule: words of content and of like meaning in common, and whether it stands beside it."""

    shared: int
    kin: bool
    beside: bool
    near: bool
    follows: bool
    elsewhere: int
    acts: bool
    orders: bool
    one_act: bool


def leaves(one: Sense, touch: Touch, other: str, *, asks: bool, size: int) -> bool:
    """Say whether a sentence surely leaves a rule in the language *other* as it is."""
    if one.language and other and one.language != other:
        # What it has in common with the rule cannot be seen: only plain English is taken for another matter.
        return (
            one.language == "en"
            and not (one.rules or one.leave or one.sweeping or one.points)
            and (one.owns or (_tells(one) and not one.voids))
        )
    if touch.elsewhere and not (touch.beside and (one.opens or one.comments)) and _other(one, touch):
        return True
    if one.heading and not touch.beside and not touch.shared:
        return not ((one.rules and (one.turning or one.leave)) or one.sweeping)
    if one.sweeping or one.points or (one.rules and not _compound(one)):
        return False
    if asks and (touch.shared or touch.kin or touch.beside):
        return False
    turned = one.leave or one.voids or one.alters or touch.orders or (one.turning and not _tells(one))
    if touch.shared or (touch.kin and turned):
        return _reports(one, touch)
    if one.binds and not (one.leave or one.pronoun or one.told) and not (one.elliptic and touch.near):
        return True
    if touch.beside or touch.near:
        return _apart(one, touch, size)
    if (one.leave and not asks) or (one.pronoun and one.turning):
        return False
    return not one.act


def _other(one: Sense, touch: Touch) -> bool:
    """Say whether a sentence that names another rule's matter is about that rule alone."""
    if touch.elsewhere > 1:
        return True
    return not (one.sweeping or one.points or one.plural or touch.kin or touch.near)


def _compound(one: Sense) -> bool:
    """Say whether work is reported on rules of another name, such as those of a house."""
    return one.compound and (one.reports or one.counts) and not one.leave and not one.turning


def _tells(one: Sense) -> bool:
    """Say whether a sentence has the form of a report, a count or a next step."""
    return one.reports or one.counts or bool(one.task)


def _reports(one: Sense, touch: Touch) -> bool:
    """Say whether a sentence about the rule's matter only tells of work, of a count, or of a step that changes nothing."""
    if one.pronoun or one.told or (one.refers and not touch.one_act):
        return False
    if touch.one_act and not touch.beside:
        return True
    if one.leave or one.turning or touch.shared > _FEW:
        return False
    return (
        _tells(one)
        and not (one.counts and not one.reports and touch.shared >= _FEW)
        and not (one.task and touch.acts and not one.reports)
    )


def _apart(one: Sense, touch: Touch, size: int) -> bool:
    """Say whether a sentence that stands beside the rule plainly begins another matter."""
    if one.pronoun or one.leave:
        return False
    if one.told or one.act or one.comments:
        return False
    if one.owns:
        return True
    if one.turning:
        return False
    return _tells(one) or ((size >= _FEW or not touch.beside) and not (touch.follows and (one.bare or one.elliptic)))


@lru_cache(maxsize=256)
def rule_acts(rule: Words) -> frozenset[str]:
    """Return the acts that a rule speaks of, in one form for all: its first word, and those behind "not" and its like."""
    folded = rule.folded
    found = {word for index, word in enumerate(folded) if index == 0 or folded[index - 1] in _BEFORE_ACTS}
    return frozenset(
        forms.verb(word) for word in found if word not in _NO_ACTS and forms.key(word) not in vocabulary.CALENDAR
    )


@lru_cache(maxsize=256)
def rule_kin(rule: Words) -> frozenset[int]:
    """Return the groups of like meaning that a rule has words of."""
    return frozenset(forms.kin(word) for word in rule.folded) - {0}
