"""What a sentence of a summary is, whatever the rule: the kinds of words that it has, and the forms that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pinnedrules.compaction import forms, remarks, vocabulary
from pinnedrules.compaction.outline import Sentence
from pinnedrules.compaction.placed import CLOCK

__all__ = ["Sense", "language", "sense"]

_LEADS = forms.listed(
    "next todo open pending then step steps task tasks goal goals aim plan remaining left also and to now done state so",
    "status finding findings result results note notes decision decisions progress far",
)
_TARGETS = forms.listed("one ones of point points item items entry entries bullet bullets")
_COUNTED = forms.listed("number no item point entry bullet nr nummer numéro número punkt point punto")
_LINKS = forms.listed("is are was were has have had be been becomes became")
_VOIDING = vocabulary.TURNING - vocabulary.WEAK
_FREED = forms.listed("bother hesitate worry wait ask insist care mind fear stop check need needs")
_REFERS = forms.listed("it they them these those")
_ASKING = forms.listed("whether who which where how")
_GENERAL = forms.listed(
    "old former earlier previous prior original current given strict hard main these own agreed certain various"
    " project session user user's team agent assistant work task safety security standing special general"
)
_CONDITIONS = ("as long as ", "so long as ", "in case ", "subject to ")
_PLACES = forms.listed("in at on with by for from to of per")
_FEW = 3
_SUBJECT = 4
"""Words at the beginning of a sentence among which its subject is."""
_GERUND = 5
"""Letters of a word in -ing that may well be no verb."""
_BECOMES = forms.listed("is was has becomes became happens happened")


@dataclass(frozen=True, slots=True)
class Sense:
    """What a sentence is, whatever the rule: the kinds of words that it has, and the forms that it takes."""

    rules: bool
    plural: bool
    compound: bool
    leave: bool
    turning: bool
    voids: bool
    sweeping: bool
    told: bool
    points: bool
    pronoun: bool
    opens: bool
    binds: bool
    elliptic: bool
    reports: bool
    alters: bool
    refers: bool
    counts: bool
    task: str
    owns: bool
    act: bool
    first: int
    bare: bool
    verbs: frozenset[str]
    kin: frozenset[int]
    comments: bool
    heading: bool
    language: str


def sense(sentence: Sentence, raw: tuple[str, ...], *, heading: bool) -> Sense:
    """Read one sentence; *raw* are its words as they were written."""
    folded = sentence.folded
    bag = frozenset(folded)
    start = _start(sentence)
    first = folded[start] if start < len(folded) else ""
    past = [word for word in folded if _past(word)]
    known = all(forms.verb(word) in vocabulary.WORK for word in past)
    return Sense(
        rules=not bag.isdisjoint(vocabulary.RULES),
        compound=all(_named(folded, raw, at) for at, word in enumerate(folded) if word in vocabulary.RULES),
        plural=any(word in vocabulary.RULES and word.endswith("s") for word in folded),
        leave=_frees(folded)
        or any(word in vocabulary.LEAVE and _leave(folded, raw, at) for at, word in enumerate(folded)),
        turning=not bag.isdisjoint(vocabulary.TURNING) or any(one in sentence.text for one in _CONDITIONS),
        voids=not bag.isdisjoint(_VOIDING),
        sweeping=not bag.isdisjoint(vocabulary.SWEEPING)
        and (bag.isdisjoint(vocabulary.DENIES) or not bag.isdisjoint(vocabulary.LEAVE)),
        told=not bag.isdisjoint(vocabulary.TOLD) and first not in ("say", "tell"),
        points=_points(folded),
        pronoun=not bag.isdisjoint(vocabulary.PRONOUNS)
        and any(w in vocabulary.PRONOUNS for w in folded[start : start + _SUBJECT]),
        opens=first in vocabulary.PRONOUNS,
        binds=(not bag.isdisjoint(vocabulary.RESTRICTS) and bag.isdisjoint(vocabulary.VOIDS))
        or first == "be"
        or "at most" in sentence.text
        or "at least" in sentence.text,
        elliptic=_elliptic(folded, start),
        reports=(bool(past) and known) or _goes_on(folded),
        alters=not bag.isdisjoint(vocabulary.CHANGED),
        refers=any(
            word in _REFERS and after in _LINKS and folded[at - 1] != "of"
            for at, (word, after) in enumerate(pairwise(folded))
        ),
        counts=_counts(folded),
        task=_task(folded, start),
        owns=_owns(folded, raw, start) or start > 0,
        act=first.endswith("ing") and len(first) > _GERUND and not bag.isdisjoint(_BECOMES),
        first=forms.kin(first) if len(folded) > start + _FEW and folded[start + 1] not in _PLACES else 0,
        bare=first in _PLACES
        or (start + 1 < len(folded) and folded[start + 1] in _PLACES and forms.verb(first) not in vocabulary.WORK),
        verbs=frozenset(map(forms.verb, folded)),
        kin=frozenset(map(forms.kin, folded)) - {0},
        comments=first in vocabulary.CALLS or first in _VOIDING or not any(map(str.isalnum, folded[0])),
        heading=heading,
        language=language(folded),
    )


def language(folded: Sequence[str]) -> str:
    """Return the language that most small words are of; empty where they tell none, or two alike."""
    counts = {name: sum(word in small for word in folded) for name, small in vocabulary.LANGUAGES.items()}
    most = max(counts.values())
    best = [name for name, count in counts.items() if count == most]
    return best[0] if most and len(best) == 1 else ""


def _goes_on(folded: Sequence[str]) -> bool:
    """Say whether somebody is at work: "we are writing"."""
    return (
        len(folded) > _FEW
        and folded[0] in ("i", "we", "you")
        and folded[1] in ("am", "are")
        and folded[2].endswith("ing")
        and forms.verb(folded[2]) in vocabulary.WORK
    )


def _start(sentence: Sentence) -> int:
    """Return where a sentence begins behind its clock, its label and the words that only lead to it."""
    folded = sentence.folded
    label = len(sentence.label.split()) if sentence.text.startswith(f"{sentence.label} ") else 0
    start = (
        label
        if label <= _FEW or folded[:2] == ("summary", "of") or all(word in remarks.HEADS for word in folded[:label])
        else 0
    )
    while start < len(folded) - 1 and (folded[start] in _LEADS or CLOCK.fullmatch(folded[start])):
        start += 1
    return start if start < len(folded) else 0


def _past(word: str) -> bool:
    return (word.endswith("ed") and len(word) > 4) or word in vocabulary.PASTS or word in vocabulary.CHANGED


def _elliptic(folded: Sequence[str], start: int) -> bool:
    """Say whether a sentence may only bound the one before: "not for guests", "guests only"."""
    first, after = folded[start], folded[start + 1] if start + 1 < len(folded) else ""
    if first in ("not", "only", "nicht", "nur", "pas", "solo", "sólo"):
        return after in _PLACES or len(folded) <= start + _FEW
    return folded[-1] in ("only", "nur", "not")


def _task(folded: Sequence[str], start: int) -> str:
    """Return the verb of a step that changes nothing; to ask where or what is one, to ask somebody is an act of many rules."""
    first, after = folded[start], folded[start + 1] if start + 1 < len(folded) else ""
    if first == "ask" and after in ("where", "what", "which", "how", "who", "when"):
        return "enquir"
    verb = forms.verb(first)
    return verb if verb in vocabulary.TASKS and first not in vocabulary.DENIES else ""


def _counts(folded: Sequence[str]) -> bool:
    return (
        (folded[0][:1].isdigit() and not CLOCK.fullmatch(folded[0]))
        or folded[0].isdigit()
        or folded[0] in vocabulary.NUMBERS
    ) or any(
        word in _LINKS and any(one[:1].isdigit() or one in vocabulary.NUMBERS for one in folded[index + 1 : index + 3])
        for index, word in enumerate(folded)
    )


def _named(folded: Sequence[str], raw: Sequence[str], at: int) -> bool:
    """Say whether a word for rules has a name of another matter before it ("house rules")."""
    before = folded[at - 1] if at else ""
    if before in ("their", "its") and at >= _FEW:
        return True  # Of what the sentence has named itself.
    return bool(forms.key(before)) and before not in _GENERAL and not _past(before) and before.isalpha()


def _leave(folded: Sequence[str], raw: Sequence[str], at: int) -> bool:
    """Say whether a word of leave gives any: not the month, nor what is denied, asked about, or said of who is able to."""
    word, after = folded[at], folded[at + 1] if at + 1 < len(folded) else ""
    if raw[at] == "May" or after == "not" or folded[max(at - 1, 0)] == "not":
        return False
    if word == "leave":
        return folded[max(at - 1, 0)] in ("give", "gave", "given", "gives", "granted", "has", "have", "had")
    if word == "free":
        return after not in ("text", "of")
    if word in ("can", "may"):
        return folded[max(at - 1, 0)][:1].isdigit() is False and _ASKING.isdisjoint(folded[max(at - 6, 0) : at])
    return True


def _frees(folded: Sequence[str]) -> bool:
    """Say whether a denial sets free: "no need to", "do not wait"."""
    return any(
        word in vocabulary.DENIES and not _FREED.isdisjoint(folded[index + 1 : index + _FEW])
        for index, word in enumerate(folded)
    )


def _points(folded: Sequence[str]) -> bool:
    """Say whether a sentence names something by its place: "the third one", "number 2", "the former", "the above"."""
    if folded[0].isdigit() and len(folded) > 1 and folded[1] in _LINKS:
        return True
    for index, word in enumerate(folded):
        after = folded[index + 1] if index + 1 < len(folded) else ""
        if word in vocabulary.POINTING and (
            word != "above" or not after or after in _LINKS or folded[index - 1] == "the"
        ):
            return True
        if word in vocabulary.ORDINALS and after in _TARGETS:
            return True
        if (
            word in _COUNTED
            and (index == 0 or folded[index - 1] not in ("a", "the"))
            and after.isdigit()
            and len(after) < _FEW
        ):
            return True
    return False


def _owns(folded: Sequence[str], raw: Sequence[str], start: int) -> bool:
    """Say whether a sentence begins with a subject of its own."""
    first, after = folded[start], folded[start + 1] if start + 1 < len(folded) else ""
    if first in vocabulary.STARTS or first[:1].isdigit():
        return bool(after) and after not in vocabulary.RULES and after not in vocabulary.ORDINALS
    if after.isdigit() and first not in _COUNTED:
        return True
    if first.endswith("s") and len(first) > _FEW and after in _PLACES:
        return True
    return start + 1 < len(folded) and (_past(after) or after in _LINKS) and forms.key(first) != ""
