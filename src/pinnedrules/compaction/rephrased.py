"""Says whether a sentence is a rule in other words that are surely the same: each word of weight is matched with one.

Only what stands in the closed lists here may differ: one prohibition for another ("never", "must not", "no ... is to be"),
the person ("me", "the user"), active and passive, "at least" and "no less than", a clause or phrase put first, articles.
Every other word has to have its like, every preposition the same word after it, every "and" the same words beside it, and
every condition the same clause. What cannot be laid out so is not the same; a doubt is no rewording.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pinnedrules.compaction.forms import listed, verb
from pinnedrules.compaction.phrases import COUNTS, EDITS
from pinnedrules.compaction.wording import BROKEN, COMMA, END, QUERY, SOFT, STRONG

__all__ = ["Layout", "layouts", "same"]

_MARKS = {COMMA: " ,", STRONG: " ;", BROKEN: " (", END: " .", SOFT: " .", QUERY: " ?"}
_CONDITIONS = listed(
    "before after unless until without if when while once because since except than instead although though whenever",
    "whether where provided but otherwise as",
)
_PLACING = listed(
    "to from in on at by with for into onto under over about against between outside inside within during through via",
    "per among of across near towards toward beyond above below off",
)
_LINKING = frozenset({"and", "or", "then", "plus"})
_LEAVES = frozenset({"any", "the", "that"})
_SMALL = _PLACING | _LINKING | _LEAVES | {",", "|", "not", "only"}
_RESUMED = re.compile(" (?:it|them|they) ")
_APART = re.compile(r" (?:no|not|never|only|nothing|none|without) [,;]")
_NEVER = re.compile(
    r"(?<= )((?:if|when|whenever|until|unless|while|because|since|once|where|that|which|who|after) [^;,]*?)never(?= )"
)
"""In a condition "never" asks for more than "not", so that the rule says less."""
_BLOCKS = 5
"""Parts that may have changed places."""
_LONG = 80
"""Words of a sentence that is laid out."""


@dataclass(slots=True)
class _Part:
    """A clause: its words of weight in order, what stands between them, and what each small word belongs to."""

    marker: str
    heavy: list[str] = field(default_factory=list)
    parted: list[bool] = field(default_factory=list)
    bound: Counter[tuple[str, str]] = field(default_factory=Counter)
    joined: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    denied: list[str] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    definite: set[str] = field(default_factory=set)
    anyone: set[str] = field(default_factory=set)
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A sentence laid out: main clauses, each with its conditions."""

    clauses: tuple[tuple[_Part, ...], ...]


def layouts(folded: tuple[str, ...], gaps: tuple[int, ...], *, speaker: bool = False) -> tuple[Layout, ...]:
    """Lay a sentence out, in the readings that it has; none for one that is too long or broken.

    In a rule "I" is the user; with *speaker*, in a summary, it may be the one who sums up.
    """
    if not folded or len(folded) > _LONG:
        return ()
    text = " ".join(COUNTS.get(word, word) + _MARKS.get(gaps[index + 1], "") for index, word in enumerate(folded[:-1]))
    text = f" {text} {COUNTS.get(folded[-1], folded[-1])} ".replace("  ", " ")
    text = text.replace(" . ", " ; ")
    if any(mark in text for mark in (" ( ", " ? ", " | ")) or _APART.search(text) or text.startswith(" not "):
        return ()
    texts = [text]
    if " i " in text:
        texts = [text.replace(" i ", " user ")] + ([text.replace(" i ", " you ")] if speaker else [])
    head, mark, rest = text.partition(" ; ")
    if mark and (_RESUMED.search(f" {rest}") or head.split()[0] in _CONDITIONS | _PLACING):
        texts += [one.replace(" ; ", " , ", 1) for one in texts]
    return tuple(_laid(one) for one in texts)


def _laid(text: str) -> Layout:
    text = _NEVER.sub(r"\1at-no-time", text)
    for old, new in EDITS:
        text = re.sub(r" {2,}", " ", old.sub(new, text))
    clauses: list[tuple[_Part, ...]] = []
    for clause in text.split(" ; "):
        if tokens := clause.split():
            clauses.append(_clause(tokens))
    return Layout(tuple(clauses))


def _clause(tokens: list[str]) -> tuple[_Part, ...]:
    """Split a clause at its conditions; one that stands first ends with its comma."""
    main: list[str] = []
    others: list[list[str]] = []
    into = main
    for token in tokens:
        if token in _CONDITIONS:
            others.append([token])
            into = others[-1]
        elif token == "," and into is not main and not main:
            into = main
        else:
            into.append(token)
    return (_part("", main), *(_part(one[0], one[1:]) for one in others))


def _part(marker: str, tokens: Sequence[str]) -> _Part:
    part = _Part(marker)
    waiting: list[str] = []
    parted = True
    for token in tokens:
        if token == "you" and not part.heavy:
            continue
        if token in _SMALL:
            waiting.append(token)
            parted = True
            continue
        owner = token.endswith("'s")
        word = verb(token.removesuffix("'s"))
        waiting = _attach(part, waiting, word, owner=owner)
        part.heavy.append(word)
        loose = word.endswith("ly")
        part.parted.append(parted or loose)
        parted = owner or loose
    part.only += ["."] * waiting.count("only")
    part.stops = any(token not in {",", "|", "only"} for token in waiting)
    return part


def _attach(part: _Part, waiting: list[str], word: str, *, owner: bool) -> list[str]:
    """Give the small words before a heavy one to it; a preposition before an owner waits for what is owned."""
    left: list[str] = []
    if owner:
        part.bound["of", word] += 1
    for token in waiting:
        if token in _PLACING:
            if owner:
                left.append(token)
            else:
                part.bound[token, word] += 1
        elif token in _LINKING:
            part.joined[token, part.heavy[-1] if part.heavy else "", word] += 1
        elif token == "not":
            if word.endswith("ly"):
                left.append(token)
            else:
                part.denied.append(word)
        elif token == "only":
            part.only.append(word)
        elif token == "the":
            part.definite.add(word)
        elif token == "any":
            part.anyone.add(word)
        elif token == "that":
            part.bound[token, ""] += 1
    return left


def same(rule: Layout, other: Layout) -> bool:
    """Say whether two sentences are surely the same, clause by clause."""
    if len(rule.clauses) != len(other.clauses):
        return False
    left = list(other.clauses)
    for clause in rule.clauses:
        found = next((one for one in left if _same_clause(clause, one)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _same_clause(rule: tuple[_Part, ...], other: tuple[_Part, ...]) -> bool:
    if len(rule) != len(other) or Counter(one.marker for one in rule) != Counter(one.marker for one in other):
        return False
    if not all(any(_same_part(one, two) for two in other if two.marker == one.marker) for one in rule):
        return False
    return len({one.marker for one in rule}) == len(rule) or all(map(_same_part, rule, other))


def _same_part(rule: _Part, other: _Part) -> bool:
    if rule.stops or other.stops or Counter(rule.heavy) != Counter(other.heavy):
        return False
    if not rule.heavy:
        return rule.only == other.only
    if rule.joined != other.joined or not _same_bound(rule, other) or not _same_denied(rule, other):
        return False
    if (rule.anyone & other.definite - rule.definite) or (other.anyone & rule.definite - other.definite):
        return False
    return _same_only(rule, other) and _same_order(rule, other)


def _same_bound(rule: _Part, other: _Part) -> bool:
    mine, theirs = rule.bound - other.bound, other.bound - rule.bound
    if "need" in rule.heavy:
        return all(word == "for" for word, _ in (*mine, *theirs)) and mine.total() + theirs.total() <= 1
    return not mine and not theirs


def _same_denied(rule: _Part, other: _Part) -> bool:
    if sorted(rule.denied) == sorted(other.denied):
        return all((word in rule.anyone) == (word in other.anyone) for word in rule.denied)
    # "Send no mail" is "do not send mail": the act and what stands next to it are denied together.
    near = set(rule.heavy[:2])
    return len(rule.denied) == len(other.denied) == 1 and {*rule.denied, *other.denied} <= near


def _same_only(rule: _Part, other: _Part) -> bool:
    """Say whether "only" belongs to the same: before it, behind it at the end, or before the act that it stands with."""
    if sorted(rule.only) == sorted(other.only):
        return rule.heavy == other.heavy or "." not in rule.only
    if len(rule.only) != 1 or len(other.only) != 1:
        return False
    return bool(_limited(rule) & _limited(other))


def _limited(part: _Part) -> set[tuple[str, ...]]:
    """Return the runs of words that "only" can be about."""
    (word,) = part.only
    heavy, parted = part.heavy, part.parted
    if word == ".":
        return {tuple(heavy[at:]) for at in range(1, len(heavy)) if parted[at]}
    at = heavy.index(word)
    runs = {tuple(heavy[at:])}
    if at == 0 and sum(parted[1:]) <= 1:
        runs.add(tuple(heavy[1:]))
    return runs


def _same_order(rule: _Part, other: _Part) -> bool:
    """Say whether the words stand in the same order but for a few whole phrases."""
    if rule.heavy == other.heavy:
        return True
    order = _places(rule.heavy, other.heavy)
    last = len(order)
    breaks = 0
    for index in range(1, last):
        one, two = order[index - 1], order[index]
        if two == one + 1:
            continue
        breaks += 1
        if not (_edge(rule, one + 1) and _edge(rule, two)):
            return False
        if not (other.parted[index] or index in (1, last - 1)):
            return False
    return breaks < _BLOCKS


def _places(heavy: Sequence[str], others: Sequence[str]) -> list[int]:
    """Return where each of the *others* stands; of two alike the one that continues a run."""
    left = set(range(len(heavy)))
    order: list[int] = []
    for index, word in enumerate(others):
        alike = sorted(at for at in left if heavy[at] == word)
        follows = others[index + 1 : index + 2]
        best = [at for at in alike if order and at == order[-1] + 1]
        best += [at for at in alike if tuple(heavy[at + 1 : at + 2]) == tuple(follows)]
        order.append((best or alike)[0])
        left.discard(order[-1])
    return order


def _edge(part: _Part, index: int) -> bool:
    """Say whether a phrase can begin at a word: small words or an owner stand before it, or the act does."""
    if index in (0, 1, len(part.heavy)) or part.parted[index]:
        return True
    return part.heavy[index] in ("need", "requir") or part.heavy[index - 1] in ("need", "requir")
