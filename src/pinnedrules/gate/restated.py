"""A rule in force that a turn says once more, in its own words: it is no second rule.

Rules of this file:

1. Only the same words count: the rule's whole text, sentence for sentence, but for case, spacing, quotes, contractions
   and the weight of punctuation. Other words, fewer of them (an exception left out) or more are a limit of their own.
2. It counts only where nothing is lost: the rule asks or denies, it is about every tool of the file with an effect that its
   words are heard to limit, and what no rule speaks of is not allowed by default.
3. What stands behind it in its paragraph or before it in its line could widen it ("and that goes for drafts, too"), so
   there stands nothing, but for another rule that is said so. A rule that ends in a colon or trails off announces more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from pinnedrules.chat.hear import hear
from pinnedrules.chat.text import Sentence, bounded, sentences
from pinnedrules.compaction.reordered import same_gap
from pinnedrules.compaction.wording import QUERY, Words, same_case, words
from pinnedrules.gate.context import Policy
from pinnedrules.rules.born import Born
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.terms import Rule
from pinnedrules.types import Effect

__all__ = ["in_words", "restated"]

_TRAILS = (":", "...", "\u2026", "-", "\u2013", "\u2014")
_LONGEST = 12
"""Sentences of a rule's text that are looked for."""


def in_words(policy: Policy, born: Sequence[Born], effects: Iterable[Effect]) -> list[tuple[str, str]]:
    """Return (id, text) of the rules that say all there is to say of *effects* to whoever says them once more.

    *born* are the rules of the session that are in force; those that the agent gave itself do not count.
    """
    sets = (policy.rules, *policy.layers)
    if any(all(rules.default[effect] == "allow" for rules in sets) for effect in effects):
        return []
    found = [(rule.id, rule.text) for rules in sets for rule in _limiting(rules) if _covers(sets, rules, rule, effects)]
    return found + [(rule.id, rule.text) for rule in born if rule.limits and not rule.agents]


def _covers(sets: Sequence[RuleSet], own: RuleSet, rule: Rule, effects: Iterable[Effect]) -> bool:
    """Whether *rule*, of the set *own*, is about each tool that a file names and that has an effect which its words limit."""
    limited = set(hear(rule.text).effects or effects)
    every = (one for rules in sets for one in rules.rules if one.on)
    names = {name for rules in sets for name in rules.tools} | {
        name for one in every if one.on for name in one.on.tools
    }
    for name in names:
        tools = [tool for rules in sets if (tool := rules.plan.tool(name)) is not None]
        if all(limited.isdisjoint(tool.effects) for tool in tools):
            continue
        tool = own.plan.tool(name)
        if tool is None or all(one.rule is not rule for one in own.plan.candidates(tool, tool.effects).every):
            return False
    return True


def restated(text: str, rules: Iterable[tuple[str, str]]) -> dict[Sentence, str]:
    """Return the sentences of *text* that say one of *rules*, given as (id, text), once more, with the rule's id."""
    said = list(sentences(bounded(text)))
    spelled = [words(sentence.raw) for sentence in said]
    found: dict[int, str] = {}
    for name, rule in rules:
        wanted = _wanted(rule)
        for first in range(len(said) - len(wanted) + 1 if wanted else 0):
            if all(map(_same, wanted, spelled[first:])):
                found |= {at: found.get(at, name) for at in range(first, first + len(wanted))}
    for at in reversed(range(len(said) - 1)):
        more = said[at].end == ":" or said[at].raw.rstrip().endswith(_TRAILS)
        if at in found and at + 1 not in found and (more or not _apart(said[at], said[at + 1])):
            del found[at]
    for at in range(1, len(said)):
        if at in found and at - 1 not in found and said[at - 1].line == said[at].line:
            del found[at]
    return _whole(said, found)


def _apart(one: Sentence, other: Sentence) -> bool:
    """Whether a blank line stands between two sentences."""
    return other.block > one.block or other.line > one.line + 1


def _whole(said: Sequence[Sentence], found: dict[int, str]) -> dict[Sentence, str]:
    """Leave out sentences that are typed twice on one line, once as a rule and once not."""
    other = {sentence for at, sentence in enumerate(said) if at not in found}
    return {said[at]: name for at, name in sorted(found.items()) if said[at] not in other}


def _limiting(rules: RuleSet) -> list[Rule]:
    """Return the rules that ask or deny; one that only permits, or is only told to the model, holds nobody back."""
    return [
        rule for rule in rules.rules if rule.on and any(one in ("ask", "deny") for one in (rule.then, rule.otherwise))
    ]


@lru_cache(maxsize=256)
def _wanted(rule: str) -> tuple[Words, ...]:
    """Split a rule's text into its sentences once: the same rules are looked for in every turn that limits."""
    parts = tuple(words(sentence.raw) for sentence in sentences(bounded(rule), own=False))
    return parts if len(parts) <= _LONGEST else ()


def _same(one: Words, other: Words) -> bool:
    if one.folded != other.folded or other.gaps[-1] == QUERY != one.gaps[-1]:
        return False
    before = ("", *one.folded)
    return all(
        same_case(one.raw[at], other.raw[at], before[at])
        and (not at or same_gap(one.gaps[at], other.gaps[at], before[at], one.folded[at]))
        for at in range(len(one.folded))
    )
