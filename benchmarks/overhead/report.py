"""The table of what was measured beside what it should be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from benchmarks.overhead.measure import Times

__all__ = ["Row", "as_json", "table"]

_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured, in *unit*; ``plain`` is the same without the guard; a target of 0 means none was set."""

    name: str
    unit: str
    measured: Times
    target_p50: float = 0.0
    target_p99: float = 0.0
    plain: Times | None = None

    @property
    def met(self) -> str:
        """Whether the targets are met; empty without one."""
        scale = _UNITS[self.unit]
        checks = [
            measured * scale <= target
            for measured, target in ((self.measured.p50, self.target_p50), (self.measured.p99, self.target_p99))
            if target
        ]
        if not checks:
            return ""
        return "met" if all(checks) else "NOT MET"

    @property
    def ratio(self) -> float | None:
        """What the guard adds, as a part of what the plain call takes."""
        return self.measured.p50 / self.plain.p50 if self.plain and self.plain.p50 > 0 else None


def table(rows: Iterable[Row]) -> str:
    """Return the rows as text."""
    lines = [("what", "unit", "target p50", "p50", "target p99", "p99", "plain p50", "added", "")]
    for row in rows:
        scale = _UNITS[row.unit]
        lines.append(
            (
                row.name,
                row.unit,
                _number(row.target_p50),
                _number(row.measured.p50 * scale),
                _number(row.target_p99),
                _number(row.measured.p99 * scale),
                _number(row.plain.p50 * scale) if row.plain else "",
                f"{row.ratio:+.1%}" if row.ratio is not None else "",
                row.met,
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) if column < 2 else cell.rjust(width) for column, (cell, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in lines)
    )


def as_json(rows: Iterable[Row]) -> list[dict[str, object]]:
    """Return the rows as plain values, times in the row's unit."""
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


def _scaled(times: Times, unit: str) -> dict[str, float]:
    values = asdict(times)
    return {"p50": _round(values["p50"] * _UNITS[unit]), "p99": _round(values["p99"] * _UNITS[unit]), "n": times.count}


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def _number(value: float) -> str:
    return f"{value:.3g}" if value else ""
