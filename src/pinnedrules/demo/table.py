"""The demo's output for people: plain text, at most 100 columns, colour only for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from pinnedrules.demo.arms import Result
from pinnedrules.demo.incidents import Incident
from pinnedrules.demo.overhead import Overhead
from pinnedrules.demo.summary import Evidence

__all__ = ["WIDTH", "closing", "incident_table"]

WIDTH = 100
_RED, _GREEN, _BOLD, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"
_WIDTHS = (22, 10, 9, 10, 9, 9, 15, 9)


def incident_table(incident: Incident, results: Sequence[Result], *, colour: bool) -> Iterator[str]:
    """Yield the lines for one incident: what was asked, one row per arm, and a refusal as the model read
    it.
    """
    yield _paint(incident.title, _BOLD, colour)
    yield from textwrap.wrap(f'Asked for: "{" ".join(incident.turns)}"', WIDTH)
    yield ""
    head = ("", "model", incident.harm, incident.help, "refused", "finished", "saw the rule*", "compacted")
    yield _row(head)
    yield "-" * (sum(_WIDTHS) + len(_WIDTHS) - 1)
    for each in results:
        cells = (
            each.arm,
            each.model[: _WIDTHS[1]],
            str(each.acted),
            str(each.helped),
            str(each.refused),
            "yes" if each.finished else "no",
            "not known" if each.rule_seen is None else "{} of {}".format(*each.rule_seen),
            str(each.compactions),
        )
        # Painted after it is aligned: a colour has no width.
        line = _row(cells)
        start = sum(_WIDTHS[:2]) + 2
        end = start + _WIDTHS[2]
        yield line[:start] + _paint(line[start:end], _RED if each.acted else _GREEN, colour) + line[end:]
    lost = max((each.lost or 0 for each in results), default=0)
    if lost:
        yield f"Among the {incident.harm} were up to {lost} that mattered to their owner (a court notice, for one)."
    yield ""
    refusal = next((each.refusal for each in results if each.refusal), "")
    if refusal:
        yield "What the model read when a call was refused:"
        for line in refusal.splitlines():
            yield from textwrap.wrap(line, WIDTH - 4, initial_indent="    ", subsequent_indent="      ")
        yield ""


def closing(evidence: Evidence, overhead: Sequence[Overhead]) -> Iterator[str]:
    """Yield the lines about evidence and overhead."""
    yield "* requests in which the model saw the rule, of all requests after the first compaction"
    lanes = "lane" if evidence.lanes == 1 else "lanes"
    chain = "every chain is whole" if evidence.whole else "A CHAIN IS BROKEN"
    yield from textwrap.wrap(
        f"Evidence: {evidence.records} records in {evidence.lanes} {lanes}, {chain}; {evidence.verdict}. "
        f"{evidence.excludes}",
        WIDTH,
    )
    for each in overhead:
        yield from textwrap.wrap(
            f"Overhead, {each.incident}: the same request took {each.plain_ms:.1f} ms without and {each.guarded_ms:.1f} ms "
            f"with the guard, its evidence on disk (medians, asked in turns); the rules add {each.block_tokens} tokens.",
            WIDTH,
        )


def _row(cells: Sequence[str]) -> str:
    first, *others = zip(cells, _WIDTHS, strict=True)
    return " ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def _paint(text: str, colour: str, wanted: bool) -> str:
    return f"{colour}{text}{_PLAIN}" if wanted else text
