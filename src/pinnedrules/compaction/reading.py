"""A summary as it is read for one question or another: what each sentence says, asserted and not denied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pinnedrules.compaction import cues, forms, remarks
from pinnedrules.compaction.outline import Outline, Sentence
from pinnedrules.compaction.placed import Place
from pinnedrules.compaction.wording import Words

__all__ = ["ABOUT_KEYS", "FORBIDS", "NEAR", "Reading", "lifts_some", "names_no_rule", "negated", "says"]

_SWEEPING = cues.spoken(
    "all any every everything anything whatever whole rules restrictions constraints limits instructions "
    "alle alles regeln vorgaben einschränkungen tout toutes tous règles consignes todo todas todos reglas "
    "restricciones free full ask asking confirmation approval permission autonomy autonomously freely "
    "clear carte freie limitations prohibitions guardrails safeguards"
)
_DONE = cues.spoken("was were been had did done gone wurden? worden été fue fueron sido")
NEAR = 120
"""Characters around a cue in which its negation is looked for."""
_POINTS = 3
"""Words between which a negation still reaches a cue."""
FORBIDS = frozenset(
    {"not", "never", "no", "nothing", "nicht", "nie", "keine", "kein", "keinen", "jamais", "ne", "nunca", "avoid"}
)
_DENIES = forms.listed(
    "not never no nicht nie noch pas jamais nunca hardly only nur yet",
)
_CONDITIONS = forms.listed(
    "once until before if unless whether when wenn sobald bevor bis ob avant si quand antes hasta cuando",
)
_ABOUT = cues.INTRODUCING | forms.listed(
    "beginning given start started restriction restrictions limit limits ban bans freeze cap caps",
    "limitation limitations guardrails safeguards prohibition prohibitions ceiling session task project",
    "work agent assistant apply applies applicable lifted waived void expired obsolete outdated suspended",
    "superseded revoked rescinded withdrawn overruled overridden abolished scrapped relaxed loosened",
    "deprecated ended gone over longer anymore effect dropped removed retired paused disabled inactive",
    "abandoned replaced cancelled canceled cleared deleted ignored ignore disregard disregarded forget",
    "past previous earlier prior original initial old former ask asking asked confirm confirmation",
    "approval approvals permission question questions further required necessary needed supervisor",
    "supervisors manager boss team week quarter month today tomorrow now closing trial pilot sprint phase",
    "stage matter count care bound limiting confirmed agreed approved regeln vorgaben einschränkungen",
    "beschränkungen verbote sperren aufgehoben gelten mehr hinfällig ausgesetzt überholt bisherigen",
    "früheren nutzer anfang genannten règles consignes restrictions levées levée supprimées annulées",
    "contraintes interdictions précédentes antérieures utilisateur toutes début reglas restricciones",
    "levantadas anuladas suspendidas anteriores previas usuario inicio instrucciones normas",
)
ABOUT_KEYS = frozenset(forms.key(word) for word in _ABOUT)


class Reading:
    """A summary with what was found in its sentences; each is searched once for each kind of cue.

    ``stating`` are the sentences that are rules, ``strays`` those that may free from any of them. ``plain`` says that all
    of it was read and nothing in it is hidden from a reader.
    """

    def __init__(self, summary: Outline, *, plain: bool) -> None:
        self.outline = summary
        self.plain = plain and summary.whole
        self.sweeping = frozenset(
            number for number, sentence in enumerate(summary.sentences) if _SWEEPING.search(sentence.text)
        )
        self.stating: frozenset[int] = frozenset()
        self.strays: tuple[int, ...] = ()
        self._found: dict[tuple[int, int], bool] = {}

    def stated(self, places: Iterable[Place | None]) -> None:
        """Note the sentences that are rules themselves: they take no other rule back."""
        self.stating = frozenset(
            number for place in places if place is not None for number in range(place.first, place.last + 1)
        )

    def has(self, cue: re.Pattern[str], number: int) -> bool:
        """Say whether a cue stands in a sentence."""
        at = (id(cue), number)
        if at not in self._found:
            self._found[at] = cue.search(self.outline.sentences[number].text) is not None
        return self._found[at]

    def lifts_whole(self, number: int) -> bool:
        """Say whether a sentence lifts all rules, or those of a whole list, in whatever words besides."""
        if not self.has(remarks.WHOLE, number):
            return False
        sentence = self.outline.sentences[number]
        if self.outline.blocks[sentence.block].heading:
            return says(cues.LIFTED, sentence, "")
        return any(says(cue, sentence, "") for cue in (cues.LIFTED, cues.LIFTED_RULE, cues.IGNORED, cues.PERMITTED))

    def recap(self, number: int) -> bool:
        """Say whether a sentence only asks to go on without a recap, as some agents close a summary."""
        return cues.RECAP.fullmatch(self.outline.sentences[number].text) is not None

    def one_act(self, number: int, rule: Words) -> bool:
        """Say whether a sentence tells of one act: it names an order, a date or a count that the rule does not."""
        if self.has(cues.GENERAL, number):
            return False
        if self.has(cues.SOURCE, number):
            return True
        if not self.has(cues.GRANTED, number) and not self.has(_DONE, number):
            return False
        folded = self.outline.sentences[number].folded
        return any(word not in rule.folded for word in folded if any(map(str.isdigit, word)))


def lifts_some(reading: Reading, number: int) -> bool:
    """Say whether a sentence lifts a rule or rules and nothing in it says which."""
    sentence = reading.outline.sentences[number]
    if not reading.has(cues.RULES, number):
        return False
    heads = reading.outline.blocks[sentence.block].heading
    if not says(cues.LIFTED, sentence, "") and (heads or not says(cues.LIFTED_RULE, sentence, "")):
        return False
    return names_no_rule(sentence)


def names_no_rule(sentence: Sentence) -> bool:
    return all(not (key := forms.key(word)) or key.isdigit() or key in ABOUT_KEYS for word in sentence.folded)


def says(cue: re.Pattern[str], sentence: Sentence, text: str) -> bool:
    """Say whether a cue is asserted in a sentence: not negated just before, and not a phrase of the rule itself."""
    for match in cue.finditer(sentence.text):
        said = match[0]
        if text and (
            f" {said} " in f" {text} "
            or (" " not in said and forms.key(said) in map(forms.key, text.split()) and forms.key(said))
        ):
            continue
        before = sentence.text[max(0, match.start() - NEAR) : match.start()].split()
        if not negated(before, said):
            return True
    return False


def negated(before: Sequence[str], said: str) -> bool:
    if any(word in _CONDITIONS for word in before[-2 * _POINTS :]):
        return True
    if said.startswith("without") and any(word in FORBIDS for word in before):
        return True
    if said.startswith(("is ", "are ")) and any(word in ("that", "which", "who") for word in before[-8:-1]):
        return before[-1:] in (["not"], ["never"])
    if not any(word in _DENIES for word in before[-_POINTS:]):
        return False
    return not said.startswith(("no ", "not ", "nothing", "without"))
