"""The table of what was measured beside what it should be, and which targets were missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.measure import Spread

__all__ = ["Row", "as_json", "summary", "table"]

Unit = Literal["s", "ms", "us", "MiB", "KiB", "per second"]
_UNITS: dict[Unit, float] = {"s": 1.0, "ms": 1e3, "us": 1e6, "MiB": 1 / 2**20, "KiB": 1 / 2**10, "per second": 1.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured, in *unit*; ``plain`` is the same without the guard; a target of 0 means none was set."""

    name: str
    unit: Unit
    measured: Spread
    target_p50: float = 0.0
    target_p99: float = 0.0
    plain: Spread | None = None

    @property
    def met(self) -> str:
        """``met``, ``NOT MET``, or ``UNCLEAR`` when the interval of the median has the target inside; empty without one."""
        scale, found = _UNITS[self.unit], self.measured
        said = []
        if self.target_p50:
            sure = "met" if found.high * scale <= self.target_p50 else "UNCLEAR"
            said.append("NOT MET" if found.low * scale > self.target_p50 else sure)
        if self.target_p99:
            said.append("met" if found.p99 * scale <= self.target_p99 else "NOT MET")
        return next((worst for worst in ("NOT MET", "UNCLEAR", "met") if worst in said), "")

    @property
    def ratio(self) -> float | None:
        """What was measured as a part of what is the same without the guard."""
        return self.measured.p50 / self.plain.p50 if self.plain and self.plain.p50 > 0 else None


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text."""
    lines = [("what", "unit", "target p50", "p50", "(95 %)", "target p99", "p99", "plain p50", "of it", "")]
    for row in rows:
        scale, found = _UNITS[row.unit], row.measured
        lines.append(
            (
                row.name,
                row.unit,
                _number(row.target_p50),
                _number(found.p50 * scale),
                f"({_number(found.low * scale)}, {_number(found.high * scale)})",
                _number(row.target_p99),
                _number(found.p99 * scale),
                _number(row.plain.p50 * scale) if row.plain else "",
                f"{row.ratio:.0%}" if row.ratio is not None else "",
                row.met,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(cells)
        ).rstrip()
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    )


def summary(rows: Sequence[Row]) -> str:
    """Return how many targets were met, and name every one that was not."""
    told = [row for row in rows if row.met]
    lines = [f"{sum(row.met == 'met' for row in told)} of {len(told)} targets met."]
    for row in told:
        if row.met != "met":
            scale, found = _UNITS[row.unit], row.measured
            wanted = [
                f"{what} {target:g}" for what, target in (("p50", row.target_p50), ("p99", row.target_p99)) if target
            ]
            got = f"p50 {_number(found.p50 * scale)}, p99 {_number(found.p99 * scale)}"
            lines.append(f"{row.met}: {row.name}: {got} {row.unit}, target {' and '.join(wanted)}")
    return "\n".join(lines)


def as_json(rows: Iterable[Row]) -> list[dict[str, object]]:
    """Return the rows as plain values, in each row's unit."""
    return [
        {
            "name": row.name,
            "unit": row.unit,
            "target": {"p50": row.target_p50 or None, "p99": row.target_p99 or None},
            "measured": _scaled(row.measured, row.unit),
            "plain": _scaled(row.plain, row.unit) if row.plain else None,
            "ratio": round(row.ratio, 4) if row.ratio is not None else None,
            "met": row.met or None,
        }
        for row in rows
    ]


def _scaled(found: Spread, unit: Unit) -> dict[str, object]:
    scale = _UNITS[unit]
    interval = [_round(found.low * scale), _round(found.high * scale)]
    return {"p50": _round(found.p50 * scale), "p50_95": interval, "p99": _round(found.p99 * scale), "n": found.count}


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def _number(value: float) -> str:
    return f"{value:.3g}" if value else ""
