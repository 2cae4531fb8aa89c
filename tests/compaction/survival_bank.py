"""Ways to take a rule back, combined with rules and with outlines of summaries.

    python -m tests.compaction.survival_bank  # totals of both halves, and how many harmless lines cost no certificate

``survival_bank.json`` has the rules, with names for what each is about; remarks that take a rule back, narrow it, weaken it,
tell it as somebody else's, and so on, by manner; and lines that do nothing of that kind. Every summary holds the rule and two
others letter by letter. With a remark the rule is not kept; with a harmless line it is. The manners are in two halves: an
earlier judge was changed with failures of the first half in view. The model of this one is trained with both, so what is
printed says nothing of unseen ways; in an earlier state, trained with the first half alone, it certified 201 of 960 in the
second.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.compaction.survival import judge

__all__ = ["BANK", "SHAPES", "Case", "certified", "harmless", "taken_back"]

BANK = json.loads((Path(__file__).parent / "survival_bank.json").read_text(encoding="utf-8"))
_ORDINALS = ("first", "second", "third")
_MATTER = ("The harvest report has 12 pages.", "Two visitors asked about the garden.", "Next: finish the index.")


@dataclass(frozen=True)
class Case:
    """A summary, the three rules that it holds, and which of them the remark is about."""

    rules: tuple[str, ...]
    asked: int
    summary: str
    label: str
    manner: str
    half: int
    remark: str

    def fate(self) -> str:
        """What the judge says of the rule, all three judged together."""
        return judge([(str(number), rule) for number, rule in enumerate(self.rules)], self.summary)[self.asked].fate


@dataclass(frozen=True)
class _Put:
    rules: Sequence[str]
    asked: int
    where: str
    text: str

    def lines(self, between: str = "") -> list[str]:
        """The rules, with what is put beside, before or after the one in question."""
        found = []
        for number, rule in enumerate(self.rules):
            if number != self.asked:
                found.append(rule)
            elif self.where == "before":
                found += [self.text, rule]
            elif self.where == "after":
                found += [rule, self.text]
            elif self.where == "inline":
                found.append(f"{rule} {self.text}")
            else:
                found.append(rule)
        return found

    def far(self) -> list[str]:
        """What stands away from the rules."""
        return [self.text] if self.where in ("far", "field", "row") else []

    def head(self, usual: str) -> str:
        """The heading of the rules."""
        return self.text if self.where == "heading" else usual


def _sections(put: _Put) -> str:
    rules = "\n".join(f"- {line}" for line in put.lines())
    rest = "\n".join(f"- {line}" for line in (*_MATTER, *put.far()))
    return f"## Goal\nPrepare the yearly overview.\n\n## {put.head('Rules')}\n{rules}\n\n## State\n{rest}"


def _prose(put: _Put) -> str:
    lead = f"{put.text}: " if put.where == "heading" else ""
    far = " ".join(put.far())
    return f"The work is the yearly overview. {_MATTER[0]}\n\n{lead}{' '.join(put.lines())}\n\n{_MATTER[1]} {far} {_MATTER[2]}"


def _json(put: _Put) -> str:
    notes = {"goal": "yearly overview", put.head("rules"): put.lines(), "state": [*_MATTER, *put.far()]}
    return json.dumps(notes, ensure_ascii=False, indent=2)


def _table(put: _Put) -> str:
    rows = [f"| {put.head('rule')} | {line} |" for line in put.lines()]
    rows += [f"| state | {line} |" for line in (*_MATTER, *put.far())]
    return "| kind | text |\n|---|---|\n" + "\n".join(rows)


def _asked(put: _Put) -> str:
    rules = "\n".join(put.lines())
    return (
        "Q: What is the task?\nA: The yearly overview.\n"
        f"Q: {put.head('Which rules hold?')}\nA: {rules}\nQ: Where does it stand?\nA: {' '.join((*_MATTER, *put.far()))}"
    )


def _tags(put: _Put) -> str:
    tag = put.head("rules").lower().replace(" ", "_").replace(",", "")
    rules = "\n".join(f"{number}. {line}" for number, line in enumerate(put.lines(), 1))
    far = "\n".join(put.far())
    return f"<summary>\n<{tag}>\n{rules}\n</{tag}>\n<state>\n" + "\n".join(_MATTER) + f"\n{far}\n</state>\n</summary>"


SHAPES: Mapping[str, Callable[[_Put], str]] = {
    "sections": _sections,
    "prose": _prose,
    "json": _json,
    "table": _table,
    "asked": _asked,
    "tags": _tags,
}


def _field(put: _Put) -> str:
    rule = put.rules[put.asked]
    name, _, value = put.text.partition(": ")
    others = [one for one in put.rules if one != rule]
    return json.dumps({"rules": [*others, {"text": rule, name: value}], "state": list(_MATTER)}, indent=1)


def _row(put: _Put) -> str:
    return _sections(_Put(put.rules, put.asked, "none", "")) + f"\n\n| point | mark |\n|---|---|\n| {put.text} |"


def taken_back(half: int | None = None) -> Iterator[Case]:
    """Every remark with every rule, the outlines in turn; or those of one half."""
    rules = BANK["rules"]
    shapes = list(SHAPES.values())
    for number, remark in enumerate(BANK["take_backs"]):
        for which, names in enumerate(rules):
            if half in (None, remark["half"]):
                asked = (number + which) % 3
                group = [rules[(which + 5 * (step + 1)) % len(rules)]["rule"] for step in range(2)]
                group.insert(asked, names["rule"])
                said = remark["text"].format(**names, ordinal=_ORDINALS[asked], number=asked + 1)
                put = _Put(group, asked, remark["where"], said[0].upper() + said[1:])
                shape = {"field": _field, "row": _row}.get(remark["where"], shapes[(number + which) % len(shapes)])
                yield Case(tuple(group), asked, shape(put), remark["label"], remark["manner"], remark["half"], put.text)


def harmless() -> Iterator[Case]:
    """Every harmless line with every rule, in every outline, away from the rules."""
    rules = BANK["rules"]
    for line in BANK["harmless"]:
        for which, names in enumerate(rules):
            for shape in SHAPES.values():
                asked = which % 3
                group = [rules[(which + 5 * (step + 1)) % len(rules)]["rule"] for step in range(2)]
                group.insert(asked, names["rule"])
                summary = shape(_Put(group, asked, "far", line))
                yield Case(tuple(group), asked, summary, "kept", "harmless", 0, line)


def certified(half: int) -> tuple[int, int, Counter[str]]:
    """How many summaries of one half were certified, of how many, and how often by manner."""
    cases = list(taken_back(half))
    wrong = Counter(case.manner for case in cases if case.fate() == "kept")
    return wrong.total(), len(cases), wrong


if __name__ == "__main__":
    for part in (1, 2):
        hits, of, _ = certified(part)
        print(f"half {part}: {hits} of {of} certified wrongly")
    fates = [case.fate() for case in harmless()]
    print(f"harmless: {fates.count('kept')} of {len(fates)} certified")
