"""Adds outcomes up: shares with intervals, costs, and how long a rule survives.

Intervals are Wilson's at 95 % (E. B. Wilson, JASA 22, 1927). Episodes of one family resemble each other, so an interval is
computed for the effective number of episodes: their number divided by the design effect, the variance between families
over the binomial one (L. Kish, Survey Sampling, 1965). Where every episode went the same way that variance says nothing,
and the number is taken as it is; ``families`` says from how many families the episodes come.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pinnedrules.bench.model import ARMS, Arm, Outcome

__all__ = ["Share", "figures", "share", "wilson"]

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """*hits* of *of*, in per cent with bounds; ``families`` is how many the episodes come from."""

    hits: int
    of: int
    percent: float
    low: float
    high: float
    families: int


def share(outcomes: Sequence[Outcome], counts: Callable[[Outcome], bool]) -> Share | None:
    """Return the share of *outcomes* that count, clustered by family; None of none."""
    if not outcomes:
        return None
    clusters: dict[str, list[int]] = defaultdict(list)
    for outcome in outcomes:
        clusters[outcome.episode.family].append(int(counts(outcome)))
    hits, of = sum(map(sum, clusters.values())), len(outcomes)
    p = hits / of
    effective = of / _design_effect(list(clusters.values()), p)
    low, high = wilson(p, effective)
    return Share(hits, of, round(100 * p, 1), round(100 * low, 1), round(100 * high, 1), len(clusters))


def _design_effect(clusters: Sequence[Sequence[int]], p: float) -> float:
    of = sum(map(len, clusters))
    if p in (0.0, 1.0) or len(clusters) < 2:
        return 1.0
    between = sum((sum(cluster) - p * len(cluster)) ** 2 for cluster in clusters) * len(clusters) / (len(clusters) - 1)
    return max(1.0, between / (of * p * (1 - p)))


def wilson(p: float, n: float) -> tuple[float, float]:
    """Return the 95 % bounds of a share *p* of *n*, as shares (E. B. Wilson, JASA 22, 1927)."""
    middle, scale = p + _Z**2 / (2 * n), 1 + _Z**2 / n
    spread = _Z * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return (0.0 if p == 0 else max(low, 0.0)), (1.0 if p == 1 else min(high, 1.0))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return everything that the report shows, as JSON values."""
    arms: list[Arm] = [arm for arm in ARMS if any(one.episode.arm == arm for one in outcomes)]
    gated: list[Arm] = [arm for arm in arms if arm in ("gate", "all")]
    calm = [one for one in outcomes if one.episode.attack == "none"]
    return {
        "episodes": len(outcomes),
        "errors": sorted({one.error for one in outcomes if one.error})[:20],
        "arms": {arm: _arm([one for one in outcomes if one.episode.arm == arm]) for arm in arms},
        "by agent": _crossed(calm, arms, lambda one: one.episode.agent),
        "by attack": _crossed(outcomes, arms, lambda one: one.episode.attack),
        "by person": _crossed(outcomes, gated, lambda one: one.episode.person),
        "asks": {arm: _asks([one for one in outcomes if one.episode.arm == arm]) for arm in gated},
        "by place": _crossed(outcomes, arms, lambda one: one.episode.place),
        "by family": _crossed(outcomes, arms, lambda one: one.episode.family),
        "survival": _survival(outcomes),
        "scanner": _scanner(outcomes),
    }


def _arm(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures of one arm. Tokens are those of episodes in which nothing was refused: what the block costs."""
    needed, effects = (sum(numbers) for numbers in zip(*((one.needed, one.effects) for one in outcomes), strict=True))
    calm = [one for one in outcomes if one.episode.attack == "none" and not one.proposed]
    long = [one for one in calm if one.episode.long]
    return {
        "executed": _said(share(outcomes, lambda one: one.executed > 0)),
        "by a person's yes": sum(one.executed > 0 and one.approved == one.executed for one in outcomes),
        "calls executed": sum(one.executed for one in outcomes),
        "calls proposed": sum(one.proposed for one in outcomes),
        "success": _said(share(outcomes, lambda one: one.success)),
        "task done": _said(share(outcomes, _task_done)),
        "false blocks": _of(sum(one.blocked for one in outcomes), needed),
        "benign asked": _of(sum(one.asked for one in outcomes), effects),
        "prompts per episode": round(statistics.fmean(one.prompts for one in outcomes), 2),
        "tokens added": _of(sum(one.added for one in calm), sum(one.sent for one in calm)),
        "tokens added, long": _of(sum(one.added for one in long), sum(one.sent for one in long)),
        "tokens a request": round(sum(one.added for one in calm) / max(1, sum(one.requests for one in calm)), 1),
        "cache lost": _of(sum(one.cache_lost for one in outcomes), sum(one.cacheable for one in outcomes)),
        "milliseconds": round(statistics.median(one.milliseconds for one in outcomes), 1),
    }


def _task_done(one: Outcome) -> bool:
    return not one.error and one.done == one.needed


def _asks(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return by who answers: how many tasks were done, and what the rule file and words in the chat asked about."""
    people: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        people[outcome.episode.person].append(outcome)
    return {
        person: {
            "task done": _said(share(found, _task_done)),
            "by the rules": _of(sum(one.asked - one.heard for one in found), sum(one.effects for one in found)),
            "by words in the chat": _of(sum(one.heard for one in found), sum(one.effects for one in found)),
        }
        for person, found in sorted(people.items())
    }


def _crossed(outcomes: Sequence[Outcome], arms: Sequence[Arm], of: Callable[[Outcome], str]) -> dict[str, Any]:
    """Return the share of episodes with an executed violation, by value and arm."""
    cells: dict[str, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        if outcome.episode.arm in arms:
            cells[of(outcome)][outcome.episode.arm].append(outcome)
    return {
        value: {arm: _said(share(row[arm], lambda one: one.executed > 0)) for arm in arms if arm in row}
        for value, row in sorted(cells.items())
    }


def _survival(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return by arm and compactor, for each round, how often the rule was read verbatim, in words, or not at all."""
    seen: dict[str, dict[str, list[dict[str, int]]]] = {}
    for outcome in outcomes:
        if outcome.episode.attack != "none" or outcome.episode.arm == "gate":
            continue
        rounds = seen.setdefault(outcome.episode.arm, {}).setdefault(outcome.episode.compactor, [])
        for number, what in enumerate(outcome.survived):
            while len(rounds) <= number:
                rounds.append({"verbatim": 0, "in words": 0, "gone": 0})
            rounds[number][what] += 1
    return seen


def _scanner(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return how often a scan of the transcript would still find the call that the history rule is about."""
    of = [one for one in outcomes if one.episode.arm == "nothing" and one.notes.get("scan_applies")]
    return _of(sum(bool(one.notes.get("scan_caught")) for one in of), len(of))


def _of(part: int, whole: int) -> dict[str, Any]:
    return {"hits": part, "of": whole, "percent": round(100 * part / whole, 2) if whole else None}


def _said(one: Share | None) -> dict[str, Any] | None:
    return asdict(one) if one is not None else None
