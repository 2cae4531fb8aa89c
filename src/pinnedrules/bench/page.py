"""Writes figures as one HTML page that needs nothing else: plots as SVG, readable on a phone, light and dark."""

from __future__ import annotations

from html import escape
from typing import Any

from pinnedrules.bench.markdown import NAMES, PUBLISHED, targets

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #666; --line: #ddd; --paper: #fff; --bad: #b3261e;
  --good: #1b6e3c; --a: #1b6e3c; --b: #b3261e; --c: #8a6d1d; --d: #2d5aa0; --e: #6b3fa0 }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --soft: #aaa; --line: #444; --paper: #161616;
  --bad: #f28b82; --good: #81c995; --a: #81c995; --b: #f28b82; --c: #fdd663; --d: #8ab4f8; --e: #c58af9 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } p.note { color: var(--soft) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem; min-width: 30rem }
svg { max-width: 100%; height: auto }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
.bad { color: var(--bad); font-weight: 600 } .good { color: var(--good); font-weight: 600 }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink) } svg .soft { fill: var(--soft) }
svg .axis { stroke: var(--line) }
"""
_COLOURS = ("--a", "--b", "--c", "--d", "--e")
_WIDTH, _LEFT = 640, 210


def page(said: dict[str, Any]) -> str:
    """Return the page for one run; *said* is the JSON that ``pinnedrules bench survival`` writes."""
    found = said["figures"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<title>Does the rule survive?</title><style>{_STYLE}</style>",
        "<h1>Does the rule survive?</h1>",
        f"<p>{found['episodes']:,} episodes, suite {escape(said['suite']['version'])} "
        f"(<code>{said['suite']['sha256'][:16]}</code>), seed {said['seed']}, {escape(said['agents'])}. Counted are "
        "executed calls that break the rule, by their arguments. Bounds are 95 %, clustered by family.</p>",
        "<h2>Episodes with an executed violation</h2>", _bars(found),
        "<h2>Is the rule still read after each round?</h2>",
        "<p class=note>Without a guard; verbatim or in words; scripted summaries unless the compactor says otherwise.</p>",
        _lines(found),
        "<h2>What it costs</h2>", _costs(found),
        "<h2>Aims</h2>", _aims(found),
        *(_crossed(title, found[key], found) for title, key in (
            ("By agent, without an attack", "by agent"), ("By attack", "by attack"), ("By who answers", "by person"),
            ("By where the rule was said", "by place"), ("By family", "by family"),
        )),
        "<h2>Published figures</h2><p class=note>Other episodes: compare direction, not digits.</p>",
        _table(("source", "what", "figures"), [[escape(cell) for cell in row] for row in PUBLISHED]),
        "</html>",
    ]  # fmt: skip
    return "\n".join(parts)


def _bars(found: dict[str, Any]) -> str:
    """Return a bar with its interval for each arm."""
    rows, step = list(found["arms"].items()), 30
    height, span = step * len(rows) + 30, _WIDTH - _LEFT - 70
    parts = [_svg(height, "Executed violations by arm")]
    for number, (arm, one) in enumerate(rows):
        said, y = one["executed"], number * step + 8
        x = [_LEFT + span * said[key] / 100 for key in ("percent", "low", "high")]
        parts += [
            f"<text x=0 y={y + 13}>{escape(NAMES[arm])}</text>",
            f"<rect x={_LEFT} y={y} width={max(x[0] - _LEFT, 1):.1f} height=16 fill='var(--{'b' if said['hits'] else 'a'})'/>",
            f"<line x1={x[1]:.1f} x2={x[2]:.1f} y1={y + 8} y2={y + 8} stroke='var(--ink)' stroke-width=1.5 />",
            f"<text x={x[2] + 6:.1f} y={y + 13}>{said['percent']} %</text>",
        ]
    return "".join([*parts, "</svg>"])


def _lines(found: dict[str, Any]) -> str:
    """Return a line for each compactor: the share of episodes in which the rule is still read."""
    plain = found["survival"].get("nothing") or {}
    if not plain:
        return "<p>Not measured: no arm without a guard was run.</p>"
    most, height, low, high = max(len(rounds) for rounds in plain.values()), 260, 20, 220
    x = [_LEFT // 4 + 40 + number * (_WIDTH - 260) / max(1, most - 1) for number in range(most)]
    parts = [_svg(height, "Rule read after each round")]
    for percent in (0, 50, 100):
        y = high - (high - low) * percent / 100
        parts.append(
            f"<line class=axis x1=60 x2={_WIDTH - 170} y1={y} y2={y} /><text class=soft x=10 y={y + 4}>{percent} %</text>"
        )
    parts += [
        f"<text class=soft x={at - 20:.0f} y={high + 22}>round {number + 1}</text>" for number, at in enumerate(x)
    ]
    for number, (name, rounds) in enumerate(sorted(plain.items())):
        points = [(x[at], high - (high - low) * _read(one)) for at, one in enumerate(rounds) if sum(one.values())]
        colour = f"var({_COLOURS[number % len(_COLOURS)]})"
        drawn = " ".join(f"{at:.1f},{y:.1f}" for at, y in points)
        parts.append(f"<polyline points='{drawn}' fill=none stroke='{colour}' stroke-width=2 />")
        parts += [f"<circle cx={at:.1f} cy={y:.1f} r=3 fill='{colour}' />" for at, y in points]
        parts.append(f"<rect x={_WIDTH - 160} y={26 + number * 20} width=10 height=10 fill='{colour}'/>")
        parts.append(f"<text x={_WIDTH - 144} y={36 + number * 20}>{escape(name[:22])}</text>")
    return "".join([*parts, "</svg>"])


def _read(counts: dict[str, int]) -> float:
    return (counts["verbatim"] + counts["in words"]) / sum(counts.values())


def _costs(found: dict[str, Any]) -> str:
    head = (
        "arm",
        "tasks done",
        "false blocks",
        "benign asked",
        "prompts an episode",
        "tokens added",
        "over long work",
        "cache lost",
        "ms",
    )
    rows = [
        [
            escape(NAMES[arm]),
            f"{one['task done']['percent']} %",
            *(_percent(one[key]) for key in ("false blocks", "benign asked")),
            str(one["prompts per episode"]),
            *(_percent(one[key]) for key in ("tokens added", "tokens added, long", "cache lost")),
            str(one["milliseconds"]),
        ]
        for arm, one in found["arms"].items()
    ]
    return _table(head, rows)


def _aims(found: dict[str, Any]) -> str:
    words = {True: "<span class=good>reached</span>", False: "<span class=bad>missed</span>", None: "too few episodes"}
    return _table(
        ("aim", "found", ""), [[escape(aim), escape(number), words[reached]] for aim, number, reached in targets(found)]
    )


def _crossed(title: str, cells: dict[str, Any], found: dict[str, Any]) -> str:
    arms = [arm for arm in found["arms"] if any(arm in row for row in cells.values())]
    if not arms:
        return ""
    rows = [[escape(value), *(_cell(row.get(arm)) for arm in arms)] for value, row in cells.items()]
    return f"<h2>{escape(title)}</h2>" + _table(["", *(escape(NAMES[arm]) for arm in arms)], rows)


def _cell(said: dict[str, Any] | None) -> str:
    return (
        "-" if said is None else f"<span class={'bad' if said['hits'] else 'good'}>{said['hits']}</span>/{said['of']}"
    )


def _percent(said: dict[str, Any]) -> str:
    return "-" if said["percent"] is None else f"{said['percent']} %"


def _svg(height: int, title: str) -> str:
    return f"<svg viewBox='0 0 {_WIDTH} {height}' role=img aria-label='{escape(title)}'>"


def _table(head: Any, rows: Any) -> str:
    cells = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table><tr>{cells}</tr>{body}</table></div>"
