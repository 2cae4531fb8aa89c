"""Says whether a sentence of a summary takes a rule back: lifts, permits, confirms in advance, or asks for the opposite.

A sentence counts when it shares a word of content with the rule, or speaks of all rules or of everything. One act that was
approved under the rule takes nothing back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pinnedrules.compaction import cues
from pinnedrules.compaction.outline import Outline, Sentence
from pinnedrules.compaction.wording import COMMA, NONE, Words

__all__ = ["Reading", "lifts_some", "opposes", "says"]

_SWEEPING = cues.spoken(
    "all any every everything anything whatever whole rules restrictions constraints limits instructions "
    "alle alles regeln vorgaben einschränkungen tout toutes tous règles consignes todo todas todos reglas "
    "restricciones free full ask asking confirmation approval permission autonomy autonomously freely "
    "clear carte freie limitations prohibitions guardrails safeguards"
)
_PLURAL = cues.spoken(
    "rules restrictions constraints limits limitations instructions bans caps prohibitions guardrails "
    "safeguards regeln vorgaben einschränkungen beschränkungen verbote règles consignes interdictions "
    "reglas restricciones instrucciones normas"
)
_DONE = cues.spoken("was were been had did done gone wurden? worden été fue fueron sido")
_NEAR = 120
"""Characters around a cue in which its negation is looked for."""
_POINTS = 3
"""Words between which a negation still reaches a cue."""
_LEAD = frozenset({"always", "just", "please", "now", "then", "also", "simply", "go", "ahead", "and", "you", "so"})
_FORBIDS = frozenset(
    {"not", "never", "no", "nothing", "nicht", "nie", "keine", "kein", "keinen", "jamais", "ne", "nunca", "avoid"}
)
_ARTICLES = cues.listed(
    "the a an any all other another this that these those to my your his her its their our of in on at for be"
)
_CLAUSE = 12
"""Words after a negation in which verbs are forbidden."""


class Reading:
    """A summary with what was found in its sentences; each is searched once for each kind of cue.

    ``plain`` says that all of it was read and nothing in it is hidden from a reader.
    """

    def __init__(self, summary: Outline, *, plain: bool) -> None:
        self.outline = summary
        self.plain = plain and summary.whole
        self.sweeping = frozenset(
            number for number, sentence in enumerate(summary.sentences) if _SWEEPING.search(sentence.text)
        )
        self._found: dict[tuple[int, int], bool] = {}

    def has(self, cue: re.Pattern[str], number: int) -> bool:
        """Say whether a cue stands in a sentence."""
        at = (id(cue), number)
        if at not in self._found:
            self._found[at] = cue.search(self.outline.sentences[number].text) is not None
        return self._found[at]

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


def opposes(reading: Reading, number: int, rule: Words, text: str, shared: frozenset[str]) -> bool:
    """Say whether sentence *number* contradicts the rule with these folded words (*text*: the same, joined)."""
    sentence = reading.outline.sentences[number]
    if reading.recap(number):
        return False
    if _sweeps(reading, number, text):
        return True
    if not shared:
        return False
    general = reading.has(cues.GENERAL, number)
    granted = reading.has(cues.GRANTED, number)
    if (granted or reading.has(cues.PERMITTED, number)) and reading.one_act(number, rule):
        return False
    if says(cues.LIFTED, sentence, text) and not reading.has(cues.SOURCE, number):
        return True
    if reading.has(cues.RULES, number) and says(cues.LIFTED_RULE, sentence, text):
        return True
    if says(cues.NO_ASKING, sentence, text):
        return True
    if _permits(reading, number, text, general):
        return True
    if granted and says(cues.GRANTED, sentence, text if not general else ""):
        return True
    return _inverts(reading, number, rule, shared, text)


def _sweeps(reading: Reading, number: int, text: str) -> bool:
    """Say whether a sentence lifts the rules, permits or confirms everything, or does away with asking."""
    if number not in reading.sweeping:
        return False
    sentence = reading.outline.sentences[number]
    if says(cues.AUTONOMY, sentence, text):
        return True
    if cues.ASKS.search(text) and says(cues.NO_ASKING, sentence, text) and _names_no_rule(sentence):
        return True
    if says(cues.EVERYTHING, sentence, text) and (
        says(cues.PERMITTED, sentence, "") or says(cues.GRANTED, sentence, "") or says(cues.NO_ASKING, sentence, "")
    ):
        return not reading.has(cues.SOURCE, number)
    return _PLURAL.search(sentence.text) is not None and lifts_some(reading, number)


def lifts_some(reading: Reading, number: int) -> bool:
    """Say whether a sentence lifts a rule or rules and nothing in it says which."""
    sentence = reading.outline.sentences[number]
    if not reading.has(cues.RULES, number):
        return False
    if not says(cues.LIFTED, sentence, "") and not says(cues.LIFTED_RULE, sentence, ""):
        return False
    return _names_no_rule(sentence)


def _names_no_rule(sentence: Sentence) -> bool:
    return all(not (key := cues.key(word)) or key.isdigit() or key in _ABOUT_KEYS for word in sentence.folded)


_ABOUT = cues.INTRODUCING | cues.listed(
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
_ABOUT_KEYS = frozenset(cues.key(word) for word in _ABOUT)


def says(cue: re.Pattern[str], sentence: Sentence, text: str) -> bool:
    """Say whether a cue is asserted in a sentence: not negated just before, and not a phrase of the rule itself."""
    for match in cue.finditer(sentence.text):
        said = match[0]
        if text and (
            f" {said} " in f" {text} "
            or (" " not in said and cues.key(said) in map(cues.key, text.split()) and cues.key(said))
        ):
            continue
        before = sentence.text[max(0, match.start() - _NEAR) : match.start()].split()
        if not _negated(before, said):
            return True
    return False


def _negated(before: Sequence[str], said: str) -> bool:
    if any(word in _CONDITIONS for word in before[-2 * _POINTS :]):
        return True
    if not any(word in _DENIES for word in before[-_POINTS:]):
        return False
    return not said.startswith(("no ", "not ", "nothing", "without"))


_DENIES = cues.listed(
    "not never no nicht nie noch pas jamais nunca hardly only nur yet",
)
_CONDITIONS = cues.listed(
    "once until before if unless whether when wenn sobald bevor bis ob avant si quand antes hasta cuando",
)


def _permits(reading: Reading, number: int, text: str, general: bool) -> bool:
    sentence = reading.outline.sentences[number]
    for match in cues.PERMITTED.finditer(sentence.text):
        after = sentence.text[match.end() : match.end() + _NEAR].split()[:3]
        before = sentence.text[max(0, match.start() - _NEAR) : match.start()].split()
        if any(word in ("not", "only", "never", "nicht", "nur", "pas", "jamais") for word in after):
            continue
        if _negated(before[-2:], match[0]) or any(
            word in ("only", "nur", "seulement", "solo", "sólo", "nobody", "if") for word in before[-8:]
        ):
            continue
        if any(word in ("no", "none", "nothing", "neither", "without") for word in before[-5:]):
            continue
        if f" {match[0]} " in f" {text} " and not (general and not _same(cues.GENERAL, sentence.text, text)):
            continue
        return True
    return False


def _same(cue: re.Pattern[str], text: str, rule: str) -> bool:
    """Say whether every such cue of a sentence stands in the rule as well."""
    return all(f" {match[0]} " in f" {rule} " for match in cue.finditer(text))


def _inverts(reading: Reading, number: int, rule: Words, shared: frozenset[str], text: str) -> bool:
    """Say whether a sentence orders what the rule forbids, or all of what the rule limits."""
    sentence = reading.outline.sentences[number]
    folded = sentence.folded
    start = len(sentence.label.split()) if len(sentence.label.split()) < len(folded) else 0
    while start < len(folded) - 1 and folded[start] in _LEAD:
        start += 1
    first = folded[start]
    general = reading.has(cues.GENERAL, number) and not _same(cues.GENERAL, sentence.text, text)
    limited = reading.has(cues.LIMITED, number)
    if reading.has(cues.IGNORED, number) and not _same(cues.IGNORED, sentence.text, text):
        return not limited
    if first in _forbidden(rule):
        return not limited or (
            general and not any(word in _FORBIDS or word == "only" for word in folded[start : start + 4])
        )
    if not limited and _orders(reading, number, rule):
        return True
    return general and not limited and cues.key(first) in shared and cues.LIMITED.search(text) is not None


def _orders(reading: Reading, number: int, rule: Words) -> bool:
    """Say whether a sentence asks, in whatever form, for an act that the rule forbids ("are to be deleted")."""
    if not reading.has(cues.ORDERED, number):
        return False
    acts = {cues.key(word) for word in _forbidden(rule)} - {""}
    return any(cues.key(word) in acts for word in reading.outline.sentences[number].folded)


def _forbidden(rule: Words) -> frozenset[str]:
    """Return the verbs of a rule that it negates: behind "not" or "never" and in their list, before "nothing" or "no"."""
    found: set[str] = set()
    folded, gaps = rule.folded, rule.gaps
    for index, word in enumerate(folded):
        if word in ("nothing", "no", "none"):
            found.update(folded[max(index - 1, 0) : index])
        elif word in _FORBIDS:
            found.update(folded[index + 1 : index + 2])
            for later in range(index + 2, min(index + _CLAUSE, len(folded))):
                if gaps[later] not in (NONE, COMMA):
                    break
                if gaps[later] == COMMA or folded[later - 1] in ("or", "nor", "and"):
                    found.add(folded[later])
    return frozenset(found - _ARTICLES)
