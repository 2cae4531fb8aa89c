"""What the engines did, as Markdown and as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

__all__ = ["Found", "as_json", "markdown"]


@dataclass(slots=True)
class Found:
    """What one engine did; times in microseconds by number of rules, as (p50, p99). ``skipped`` says why there is nothing."""

    engine: str
    package: str = ""
    form: str = ""
    mail: tuple[int, int] = (0, 0)
    deletes: tuple[int, int] = (0, 0)
    false_alarms: tuple[int, int] = (0, 0)
    times: dict[int, tuple[float, float]] = field(default_factory=dict)
    build_ms: dict[int, float] = field(default_factory=dict)
    wrong: dict[int, int] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    skipped: str = ""


def as_json(found: Iterable[Found]) -> list[dict[str, object]]:
    """Return the rows as plain values."""
    return [asdict(one) for one in found]


def markdown(found: Sequence[Found]) -> str:
    """Return the rows as a table, with what was skipped below it."""
    sizes = sorted({size for one in found for size in one.times})
    head = ["engine", "mail caught", "deletions caught", "false alarms"]
    for size in sizes:
        head += [f"{size:,} rules: p50 µs", "p99 µs"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for one in found:
        if one.skipped:
            continue
        cells = [f"{one.engine} {one.package.partition('==')[2]}".strip()]
        cells += [f"{caught} of {every}" for caught, every in (one.mail, one.deletes, one.false_alarms)]
        for size in sizes:
            mark = "*" if one.wrong.get(size) else ""
            cells += [_number(time) + mark for time in one.times.get(size, (0.0, 0.0))]
        lines.append("| " + " | ".join(cells) + " |")
    if any(any(one.wrong.values()) for one in found):
        lines += ["", "\\* some of the timed calls got another verdict than the policy says"]
    lines += [f"\n{one.engine}: not measured, {one.skipped}" for one in found if one.skipped]
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
