"""Rules drafted from a page of standing instructions, each with calls that it stops and lets through, decided for real."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnedrules.authoring.calls import made
from pinnedrules.authoring.samples import samples
from pinnedrules.draft.language import foreign
from pinnedrules.draft.sentences import Sentence, sentences
from pinnedrules.draft.standing import Meant, meant
from pinnedrules.errors import RuleFileError
from pinnedrules.rules.arguments import dump
from pinnedrules.rules.decide import decide
from pinnedrules.rules.load import load
from pinnedrules.rules.meaning import MAX_TEXT
from pinnedrules.types import Call, LedgerState, Moment

__all__ = ["DraftedRule", "Imported", "imported"]

_HEAD = """\
# Drafted by pinnedrules import, from {source}. Nothing here is in force before a person has read it and put it in force.
version: 1
default: {{read: allow, other: ask}}
rules:
"""
_SHOWN = 4
_BARE = re.compile(r"[a-z][a-z_-]*")

# What agents call their tools; the names say what they do (a shell runs code, whatever else its command does).
_CALLS: Mapping[str, tuple[tuple[str, Mapping[str, object]], ...]] = {
    "read": (("bash", {"command": "ls"}), ("list_files", {"path": "."})),
    "write": (("write_file", {"path": "a.txt", "content": "x"}), ("bash", {"command": "touch a.txt"})),
    "execute": (("bash", {"command": "make"}),),
    "delete": (
        ("bash", {"command": "rm -rf build"}),
        ("delete_file", {"path": "a.txt"}),
        ("bash", {"command": "git push --force"}),
    ),
    "send": (("bash", {"command": "git push"}), ("send_email", {"to": "ada@elsewhere.example", "body": "Hello"})),
    "publish": (("bash", {"command": "npm publish"}), ("publish_post", {"text": "Hello"})),
    "spend": (("buy_item", {"amount": 5}),),
}
_COMMANDS = {"commit": "git commit -m x", "deploy": "make deploy", "install": "npm install left-pad"}
_TOOLS: Mapping[str, str] = {
    "path": "write_file",
    "recipients": "send_email",
    "url": "fetch_page",
    "shell": "bash",
    "amount": "buy_item",
    "total": "buy_item",
    "content": "send_email",
}


@dataclass(frozen=True, slots=True)
class DraftedRule:
    """One sentence and what it comes to; ``id`` and ``yaml`` are empty for one that is left out.

    ``stops`` are calls that it asks about or denies, with the verdict, ``passes`` calls that it says nothing against.
    """

    sentence: Sentence
    meant: Meant
    id: str
    yaml: str
    stops: tuple[tuple[Call, str], ...] = ()
    passes: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """A whole rule file, its rules, and how many sentences of the page demand nothing.

    ``unread`` are those in another language than English, which nobody has read.
    """

    text: str
    rules: tuple[DraftedRule, ...]
    others: int
    unread: tuple[Sentence, ...] = ()


def imported(page: str, *, source: str, root: str, now: Moment) -> Imported:
    """Return the draft. *source* is the page's name, *root* the folder that its relative paths begin at."""
    rules: list[DraftedRule] = []
    names: set[str] = set()
    others = 0
    unread: list[Sentence] = []
    for sentence in sentences(page):
        found = meant(sentence.text, root=root)
        if found is None and foreign(sentence.text):
            unread.append(sentence)
        elif found is None:
            others += 1
        for one in found or ():
            rules.append(_drafted(sentence, one, names, now))
    body = "".join(rule.yaml for rule in rules)
    text = _HEAD.format(source=_printable(source)) + body if body else ""
    if text:
        load(text, file="the draft")
    return Imported(text, tuple(rules), others, tuple(unread))


def _drafted(sentence: Sentence, one: Meant, names: set[str], now: Moment) -> DraftedRule:
    text = _printable(sentence.text)[:MAX_TEXT]
    if one.fit == "left":
        return DraftedRule(sentence, one, "", "")
    name = _name(one, names)
    if one.on is None:
        return DraftedRule(sentence, one, name, _written(name, text, one))
    written = _written(name, text, one)
    try:
        rules = load(f"version: 1\ndefault: allow\nrules:\n{written}")
    except RuleFileError as problem:
        # What it needs is not installed: the sentence can still be pinned.
        return _pinned(sentence, name, text, f"{problem.problem}; {problem.hint}")
    if any(decide(rules, call, LedgerState(), now).verdict != "allow" for call in _permitted(one)):
        return _pinned(sentence, name, text, "the requirement would stop even what it names")
    stops: list[tuple[Call, str]] = []
    passes: list[Call] = []
    for call in _calls(one):
        verdict = decide(rules, call, LedgerState(), now).verdict
        if verdict == "allow":
            passes.append(call)
        else:
            stops.append((call, verdict))
    return DraftedRule(sentence, one, name, written, tuple(stops[:_SHOWN]), tuple(passes[:_SHOWN]))


def _pinned(sentence: Sentence, name: str, text: str, why: str) -> DraftedRule:
    none = Meant("", "", None, None, "none", why)
    return DraftedRule(sentence, none, name, _written(name, text, none))


def _permitted(one: Meant) -> list[Call]:
    """Return the calls that a requirement names as permitted."""
    found = []
    for name, options in (one.require or {}).items():
        assert isinstance(options, Mapping)
        named = [sample for sample in samples(name, options, {}) if sample.holds and sample.value != "ls"]
        found += [made(_TOOLS[name], dump({sample.argument: sample.value})) for sample in named]
    return found


def _name(one: Meant, names: set[str]) -> str:
    base = {"deny": "never", "ask": "only" if one.require else "ask", "": "told"}[one.then]
    base = f"{base}-{one.kind}" if one.kind else base
    name, number = base, 1
    while name in names:
        number += 1
        name = f"{base}-{number}"
    names.add(name)
    return name


def _written(name: str, text: str, one: Meant) -> str:
    """Return the lines of the rule in a file; JSON is YAML."""
    lines = [f"  - id: {name}", f"    text: {json.dumps(text, ensure_ascii=False)}"]
    if one.on is not None:
        lines.append(f"    on: {_flow(one.on)}")
        if one.require is not None:
            lines.append(f"    require: {_flow(one.require)}")
        lines.append(f"    {'else' if one.require is not None else 'then'}: {one.then}")
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    """Return a value in YAML's flow style, quoted only where it must be."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    text = str(value)
    return (
        text
        if text.replace("-", "a").replace("_", "a").isalpha() and text.isascii()
        else json.dumps(text, ensure_ascii=False)
    )


def _calls(one: Meant) -> Sequence[Call]:
    """Return calls to show a rule with: the requirement's own examples, then what it is about, then ordinary work."""
    on = one.on or {}
    effects = [str(effect) for effect in _listed(on.get("effect"))]
    every: list[tuple[str, Mapping[str, object]]] = []
    for name, options in (one.require or {}).items():
        assert isinstance(options, Mapping)
        every += [(_TOOLS[name], {sample.argument: sample.value}) for sample in samples(name, options, {})]
    every += [(f"{str(pattern).strip('*')}_it", {}) for pattern in _listed(on.get("tool"))]
    if one.kind in _COMMANDS:
        every.append(("bash", {"command": _COMMANDS[one.kind]}))
    every += [call for effect in effects for call in _CALLS[effect]]
    every += [calls[0] for effect, calls in _CALLS.items() if effect not in effects]
    return list({(name, dump(arguments)): made(name, dump(arguments)) for name, arguments in every}.values())


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _printable(text: str) -> str:
    """Return *text* without characters that nobody sees."""
    return "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
