"""Says whether a sentence of a summary takes a rule back: lifts, permits, confirms in advance, or asks for the opposite.

A sentence counts when it shares a word of content with the rule, or speaks of all rules or of everything. One act that was
approved under the rule takes nothing back.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pinnedrules.compaction import cues, forms
from pinnedrules.compaction.outline import Sentence
from pinnedrules.compaction.reading import ABOUT_KEYS, FORBIDS, NEAR, Reading, lifts_some, names_no_rule, negated, says
from pinnedrules.compaction.wording import COMMA, NONE, Words

__all__ = ["frees", "opposes", "sweeps"]

_PLURAL = cues.spoken(
    "rules restrictions constraints limits limitations instructions bans caps prohibitions guardrails "
    "safeguards regeln vorgaben einschränkungen beschränkungen verbote règles consignes interdictions "
    "reglas restricciones instrucciones normas"
)
_FORGET = cues.spoken("(?:forget|ignore|disregard|drop)_(?:what|that|this|the|my|his|her|their|all|everything|it|them)")
_DATED = [[word] for word in ("in", "until", "since", "of", "by", "from", "for", "late", "early", "mid", "to", "next")]
_ASIDE = 1
"""Words of content that a sentence about everything may have besides."""
_SHORT = 7
"""Words of a sentence that can be leave for something that it does not name."""
_HEADED = 2
"""Words that a heading shares with a rule that it takes back."""
_LEAD = frozenset({"always", "just", "please", "now", "then", "also", "simply", "go", "ahead", "and", "you", "so"})
_ARTICLES = forms.listed(
    "the a an any all other another this that these those to my your his her its their our of in on at for be"
)
_CLAUSE = 12
"""Words after a negation in which verbs are forbidden."""


def opposes(reading: Reading, number: int, rule: Words, text: str, shared: frozenset[str]) -> bool:
    """Say whether sentence *number* contradicts the rule with these folded words (*text*: the same, joined)."""
    sentence = reading.outline.sentences[number]
    if reading.recap(number):
        return False
    if sweeps(reading, number, text):
        return True
    if not shared or (len(shared) < _HEADED and reading.outline.blocks[sentence.block].heading):
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
    if _permits(reading, number, text, general=general):
        return True
    if granted and says(cues.GRANTED, sentence, text if not general else ""):
        return True
    return _inverts(reading, number, rule, shared, text)


def sweeps(reading: Reading, number: int, text: str) -> bool:
    """Say whether a sentence lifts the rules, permits or confirms everything, or does away with asking."""
    if number not in reading.sweeping:
        return False
    sentence = reading.outline.sentences[number]
    if says(cues.AUTONOMY, sentence, text) or (reading.lifts_whole(number) and not says(cues.PERMITTED, sentence, "")):
        return True
    if cues.ASKS.search(text) and says(cues.NO_ASKING, sentence, text) and names_no_rule(sentence):
        return True
    if (
        _all_of_it(sentence)
        and says(cues.EVERYTHING, sentence, text)
        and (
            says(cues.PERMITTED, sentence, "") or says(cues.GRANTED, sentence, "") or says(cues.NO_ASKING, sentence, "")
        )
    ):
        return not reading.has(cues.SOURCE, number)
    return _PLURAL.search(sentence.text) is not None and lifts_some(reading, number)


@lru_cache(maxsize=256)
def _all_of_it(sentence: Sentence) -> bool:
    """Say whether a sentence about everything names no matter of its own besides, or hardly any."""
    rest = cues.EVERYTHING.sub(" ", sentence.text).split()
    named = {key for word in rest if (key := forms.key(word)) and not key.isdigit()} - ABOUT_KEYS
    return len(named) <= _ASIDE


def frees(reading: Reading, number: int) -> bool:
    """Say whether a sentence that names no rule's matter may still free from one: short leave, or a limit that is over."""
    sentence = reading.outline.sentences[number]
    if reading.outline.blocks[sentence.block].heading or reading.recap(number):
        return False
    if reading.has(cues.RULES, number) and says(cues.LIFTED, sentence, ""):
        return True
    if len(sentence.folded) > _SHORT or any(map(str.isdigit, sentence.text)):
        return False
    if reading.has(cues.RETRACTED, number) or says(cues.AUTONOMY, sentence, ""):
        return True
    return _permits(reading, number, "", general=False)


def _permits(reading: Reading, number: int, text: str, *, general: bool) -> bool:
    sentence = reading.outline.sentences[number]
    for match in cues.PERMITTED.finditer(sentence.text):
        after = sentence.text[match.end() : match.end() + NEAR].split()[:3]
        before = sentence.text[max(0, match.start() - NEAR) : match.start()].split()
        if any(word in ("not", "only", "never", "nicht", "nur", "pas", "jamais") for word in after):
            continue
        if match[0] == "may" and (
            before[-1:] in _DATED or any(word[:1].isdigit() for word in (*before[-1:], *after[:1]))
        ):
            continue
        if negated(before[-8:] if match[0].startswith(("is ", "are ")) else before[-2:], match[0]) or any(
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
        return not limited or _FORGET.search(sentence.text) is not None
    if first in _forbidden(rule):
        return not limited or (
            general and not any(word in FORBIDS or word == "only" for word in folded[start : start + 4])
        )
    if not limited and _orders(reading, number, rule):
        return True
    return general and not limited and forms.key(first) in shared and cues.LIMITED.search(text) is not None


def _orders(reading: Reading, number: int, rule: Words) -> bool:
    """Say whether a sentence asks, in whatever form, for an act that the rule forbids ("are to be deleted")."""
    if not reading.has(cues.ORDERED, number):
        return False
    acts = {forms.key(word) for word in _forbidden(rule)} - {""}
    return any(forms.key(word) in acts for word in reading.outline.sentences[number].folded)


def _forbidden(rule: Words) -> frozenset[str]:
    """Return the verbs of a rule that it negates: behind "not" or "never" and in their list, before "nothing" or "no"."""
    found: set[str] = set()
    folded, gaps = rule.folded, rule.gaps
    for index, word in enumerate(folded):
        if word in ("nothing", "no", "none"):
            found.update(folded[max(index - 1, 0) : index])
        elif word in FORBIDS:
            found.update(folded[index + 1 : index + 2])
            for later in range(index + 2, min(index + _CLAUSE, len(folded))):
                if gaps[later] not in (NONE, COMMA):
                    break
                if gaps[later] == COMMA or folded[later - 1] in ("or", "nor", "and"):
                    found.add(folded[later])
    return frozenset(found - _ARTICLES)
