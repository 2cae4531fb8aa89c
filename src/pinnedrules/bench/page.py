"""Writes figures as one HTML page that needs nothing else: plots as SVG, readable on a phone, light and dark."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Any

from pinnedrules.bench.markdown import ASKS_HEAD, NAMES, PUBLISHED, YES, asks, targets

__all__ = ["page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #666; --line: #ddd; --paper: #fff; --bad: #b3261e;
  --good: #1b6e3c; --a: #1b6e3c; --b: #b3261e; --c: #8a6d1d; --d: #2d5aa0; --e: #6b3fa0 }
@media (prefers-color-scheme: dark) { :root { --ink: #eee; --soft: #aaa; --line: #444; --paper: #161616;
  --bad: #f28b82; --good: #81c995; --a: #81c995; --b: #f28b82; --c: #fdd663; --d: #8ab4f8; --e: #c58af9 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 0 auto; padding: 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem } p.note { color: var(--soft) }
code { overflow-wrap: anywhere }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .9rem }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
th { vertical-align: bottom; font-weight: 600 }
.numbers td:not(:first-child) { white-space: nowrap }
.bad { color: var(--bad); font-weight: 600 } .good { color: var(--good); font-weight: 600 }
svg { display: block; width: 100%; overflow: visible }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink) } svg .soft { fill: var(--soft) }
svg .end { text-anchor: end } svg .middle { text-anchor: middle }
svg .axis { stroke: var(--line) } svg .bound { stroke: var(--ink); stroke-width: 2 }
.key { list-style: none; margin: .5rem 0; padding: 0 } .key li { display: inline-block; margin-right: 1.2rem }
.key i { display: inline-block; width: .7rem; height: .7rem; margin-right: .4rem }
@media (max-width: 40rem) {
  table { font-size: .8rem } th, td { padding: .3rem .25rem }
  .numbers th:not(:first-child) { writing-mode: vertical-rl; transform: rotate(180deg); vertical-align: top;
    white-space: nowrap; padding: .25rem .3rem }
  .numbers th:first-child, .numbers td:first-child { position: sticky; left: 0; background: var(--paper); min-width: 5.4rem;
    max-width: 7rem; overflow-wrap: break-word }
}
"""
_COLOURS = ("--a", "--b", "--c", "--d", "--e")
_FIRST = ("nothing", "all", "gate")
"""Arms whose columns stand first in a table: on a phone the others are a swipe away."""


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
        _asks(found),
        "<h2>Published figures</h2><p class=note>Other episodes: compare direction, not digits.</p>",
        _table(("source", "what", "figures"), [[escape(cell) for cell in row] for row in PUBLISHED]),
        "</html>",
    ]  # fmt: skip
    return "\n".join(parts)


def _bars(found: dict[str, Any]) -> str:
    """Return a bar with its interval for each arm. Lengths are shares of the width, so that texts keep their size."""
    rows, step = list(found["arms"].items()), 44
    parts = [_svg(step * len(rows), "Executed violations by arm")]
    for number, (arm, one) in enumerate(rows):
        said, y = one["executed"], number * step + 14
        share, low, high = (said[key] for key in ("percent", "low", "high"))
        yes = 100 * one[YES] / said["of"]
        bounds = f"{share} % ({low}&ndash;{high})"
        parts += [
            f"<text x=0 y={y}>{escape(NAMES[arm])}</text><text class=end x=100% y={y}>{bounds}</text>",
            f"<rect x=0 y={y + 6} width={max(share, 0.4)}% height=14 fill='var(--{'b' if said['hits'] else 'a'})'/>",
            f"<rect class=yes x={share - yes:.2f}% y={y + 6} width={yes:.2f}% height=14 fill='var(--c)'/>"
            if yes
            else "",
            f"<line class=bound x1={low}% x2={high}% y1={y + 13} y2={y + 13} />",
            *(f"<line class=bound x1={x}% x2={x}% y1={y + 8} y2={y + 18} />" for x in (low, high)),
        ]
    by_yes = any(one[YES] for _, one in rows)
    key = f"<ul class=key><li>{_dot('--c')}a person was asked and said yes</li></ul>" if by_yes else ""
    return "".join([*parts, "</svg>", key])


def _dot(colour: str) -> str:
    return f"<i style='background: var({colour})'></i>"


def _lines(found: dict[str, Any]) -> str:
    """Return a line for each compactor: the share of episodes in which the rule is still read."""
    plain = found["survival"].get("nothing") or {}
    if not plain:
        return "<p>Not measured: no arm without a guard was run.</p>"
    most, low, high = max(len(rounds) for rounds in plain.values()), 12, 212
    x = [18 + number * 74 / max(1, most - 1) for number in range(most)]
    parts = [_svg(high + 36, "Rule read after each round")]
    for percent in (0, 50, 100):
        y = high - (high - low) * percent / 100
        parts.append(
            f"<line class=axis x1=14% x2=100% y1={y} y2={y} /><text class=soft x=0 y={y + 5}>{percent} %</text>"
        )
    words = ("round 1", *map(str, range(2, most + 1)))
    parts += [
        f"<text class='soft middle' x={at}% y={high + 26}>{word}</text>" for at, word in zip(x, words, strict=False)
    ]
    names = []
    for number, (name, rounds) in enumerate(sorted(plain.items())):
        points = [(x[at], high - (high - low) * _read(one)) for at, one in enumerate(rounds) if sum(one.values())]
        shade = _COLOURS[number % len(_COLOURS)]
        colour = f"var({shade})"
        parts += [
            f"<line x1={one[0]}% y1={one[1]:.1f} x2={other[0]}% y2={other[1]:.1f} stroke='{colour}' stroke-width=2 />"
            for one, other in pairwise(points)
        ]
        parts += [f"<circle cx={at}% cy={y:.1f} r=4 fill='{colour}' />" for at, y in points]
        names.append(f"<li>{_dot(shade)}{escape(name)}</li>")
    return "".join([*parts, "</svg><ul class=key>", *names, "</ul>"])


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
    return _table(head, rows, "numbers")


def _asks(found: dict[str, Any]) -> str:
    rows = [[escape(cell) for cell in row] for row in asks(found)]
    note = "<p class=note>Benign calls with an effect that wait for a person, and what comes of the task.</p>"
    return f"<h2>Asks</h2>{note}{_table(ASKS_HEAD, rows)}" if rows else ""


def _aims(found: dict[str, Any]) -> str:
    words = {True: "<span class=good>reached</span>", False: "<span class=bad>missed</span>", None: "too few episodes"}
    return _table(
        ("", "aim", "found"), [[words[reached], escape(aim), escape(number)] for aim, number, reached in targets(found)]
    )


def _crossed(title: str, cells: dict[str, Any], found: dict[str, Any]) -> str:
    met = [arm for arm in found["arms"] if any(arm in row for row in cells.values())]
    if not met:
        return ""
    arms = [*(arm for arm in _FIRST if arm in met), *(arm for arm in met if arm not in _FIRST)]
    rows = [[escape(value), *(_cell(row.get(arm)) for arm in arms)] for value, row in cells.items()]
    return f"<h2>{escape(title)}</h2>" + _table(["", *(escape(NAMES[arm]) for arm in arms)], rows, "numbers")


def _cell(said: dict[str, Any] | None) -> str:
    return (
        "-" if said is None else f"<span class={'bad' if said['hits'] else 'good'}>{said['hits']}</span>/{said['of']}"
    )


def _percent(said: dict[str, Any]) -> str:
    return "-" if said["percent"] is None else f"{said['percent']} %"


def _svg(height: int, title: str) -> str:
    return f"<svg height={height} role=img aria-label='{escape(title)}'>"


def _table(head: Any, rows: Any, kind: str = "words") -> str:
    """Return a table; one of *numbers* turns its heads upright on a phone."""
    cells = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class=wide><table class={kind}><tr>{cells}</tr>{body}</table></div>"
