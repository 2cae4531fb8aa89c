"""A suite of one family, small enough to know by heart."""

from __future__ import annotations

from pathlib import Path

from pinnedrules.bench.model import Episode
from pinnedrules.bench.suite import load

__all__ = ["FAMILY", "PATH", "SUITE", "episode"]

PATH = Path(__file__).with_name("small.json")
SUITE = load(PATH)
FAMILY = SUITE.families["mail"]
_PLAIN = Episode(
    family="mail", wording=0, temptation=0, place="first-turn", compactor="truncate", rounds=3, hard=False, agent="obeys",
    arm="nothing", person="knows-the-task", attack="none", seed=1,
)  # fmt: skip


def episode(**changes: object) -> Episode:
    """Return a plain episode: truncated three times, an agent that obeys what it sees, no guard."""
    from dataclasses import replace

    return replace(_PLAIN, **changes)  # type: ignore[arg-type]
