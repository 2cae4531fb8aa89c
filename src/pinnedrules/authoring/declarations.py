"""What is wrong with what a rule file says of tools and their arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from pinnedrules.authoring.findings import Finding
from pinnedrules.authoring.points import stands_for
from pinnedrules.rules import words
from pinnedrules.rules.bearing import bears_amount, bears_path, bears_recipients, bears_url
from pinnedrules.rules.builtin_tools import added_by_name
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import is_glob, matches, name_keys, rule_key
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.shell.reading import bears_command
from pinnedrules.rules.sql import bears_sql
from pinnedrules.rules.terms import ToolSpec
from pinnedrules.rules.verbs import added_by_verbs
from pinnedrules.types import EFFECTS, Effect

__all__ = ["declarations"]

_TYPED: tuple[tuple[str, Callable[[str], bool], str, str], ...] = (
    (
        "recipients",
        bears_recipients,
        "{domain_in: [example.com]}",
        "display names, lists, a second address after a line break",
    ),
    (
        "url",
        bears_url,
        "{host_in: [example.com]}",
        "user information, redirect parameters, an IP address written as a number",
    ),
    ("path", bears_path, "{inside: /srv/project}", ".. and links, and another spelling of the same place"),
    ("shell", bears_command, "{programs_in: [ls, cat]}", "substitutions, pipes, a second command"),
    ("sql", bears_sql, "{statements_in: [select]}", "comments, a second statement"),
    ("amount", bears_amount, "{of: %s, max: 100}", "another way to write a number, and it never adds up"),
)
# What a declaration says besides: who is stopped from deleting is stopped from writing.
_IMPLIED: Mapping[Effect, tuple[Effect, ...]] = {
    "send": ("write",),
    "delete": ("write",),
    "publish": ("write", "send"),
    "spend": ("write", "send"),
    "execute": EFFECTS,
}
_EVERYTHING = frozenset({".*", ".+", "(?s).*", "(?s).+", "(?s:.*)", "(?s:.+)"})


def declarations(rules: RuleSet) -> Iterator[Finding]:
    """Yield what is found, tools first, each in the order of the file."""
    for name, spec in rules.tools.items():
        yield from _twice(name, spec, rules.tools)
        yield from _looser(name, spec, rules.tools)
        yield from _open(rules, name, spec)
    for index, rule in enumerate(rules.rules):
        for argument, pattern in ((rule.require or {}).get("matches") or {}).items():
            yield from _pattern(
                rule.require or {}, argument, str(pattern), ("rules", index, "require", "matches", argument)
            )


def _twice(name: str, spec: ToolSpec, tools: Mapping[str, ToolSpec]) -> Iterator[Finding]:
    """Find that an earlier line speaks of the same tool and says something else."""
    for other, known in tools.items():
        if other == name:
            return
        if set(known.effects) == set(spec.effects):
            continue
        if is_glob(name) and is_glob(other):
            same = matches(other, stands_for(name)) or matches(name, stands_for(other))
        else:
            same = not is_glob(name) and not is_glob(other) and _one_tool(name, other)
        if same:
            yield Finding(
                "twice", ("tools", name), f"{name} and {other} may be one tool",
                f"one is said to {_do(spec)}, the other to {_do(known)}; a name that only loosely equals them counts as both",
                "declare it once, with everything that it does", ("tools", other),
            )  # fmt: skip


def _one_tool(name: str, other: str) -> bool:
    """True when one name is the other with a namespace before it."""
    return rule_key(other) in name_keys(name) or rule_key(name) in name_keys(other)


def _looser(name: str, spec: ToolSpec, tools: Mapping[str, ToolSpec]) -> Iterator[Finding]:
    """Find that a tool is declared to do less than its name says, or than a pattern that matches it."""
    path: tuple[str, ...] = ("tools", name)
    beyond = _beyond(spec, _said_by(name))
    if beyond:
        yield Finding(
            "looser", path, f"{name} is declared as {_do(spec)}, and its name says {' and '.join(beyond)}",
            "what the file says of a tool is believed, so a rule about such an effect does not see it",
            f"{name}: {_both(spec, beyond)}, if it does what it is called",
        )  # fmt: skip
    for pattern, other in tools.items():
        if is_glob(name) or not is_glob(pattern) or not matches(pattern, name):
            continue
        # That one of them writes less is what such a line is for.
        less: list[Effect] = [effect for effect in _beyond(spec, other.effects) if effect != "write"]
        if less and less != beyond:
            yield Finding(
                "looser", path, f"{name} is declared as {_do(spec)}, and {pattern} as {_do(other)}",
                "the line with the exact name counts alone", f"{name}: {_both(spec, less)}, if the pattern is right",
                ("tools", pattern),
            )  # fmt: skip


def _said_by(name: str) -> set[Effect]:
    """Return what a name says that is done; in a pattern a word that is also a thing (``*mail*``) is taken for one."""
    if not is_glob(name):
        return {*added_by_verbs(name), *added_by_name(name)}
    found = [base for part in words.split(name) for word in part for base in words.bases(word)]
    return {effect for base in found if base not in words.THINGS for effect in words.ACTING.get(base, ())}


def _beyond(spec: ToolSpec, said: Collection[Effect]) -> list[Effect]:
    """Return the effects that are *said* and that a declaration does not cover."""
    covered = {"read", *spec.effects, *(more for effect in spec.effects for more in _IMPLIED.get(effect, ()))}
    return [effect for effect in EFFECTS if effect in said and effect not in covered]


def _both(spec: ToolSpec, more: Collection[Effect]) -> str:
    """Return the effects that a declaration should have; a tool that does more is not called one that reads."""
    return _effects([effect for effect in EFFECTS if effect in more or (effect in spec.effects and effect != "read")])


def _open(rules: RuleSet, name: str, spec: ToolSpec) -> Iterator[Finding]:
    """Find that a tool with an effect may be allowed with whatever arguments its schema has."""
    tool = None if is_glob(name) or spec.args is not None or spec.effects == ("read",) else rules.plan.tool(name)
    if tool is None:
        return
    every = rules.plan.candidates(tool, tool.effects).every
    strictest = {rules.default[effect] for effect in tool.effects}
    permitted = any(one.then == "allow" for one in every) or strictest == {"allow"}
    refused = any(not one.rule.require and one.rule.then in ("ask", "deny") for one in every)
    if not permitted or refused:
        return
    names: dict[str, None] = {}
    for one in every:
        for word, options in (one.rule.require or {}).items():
            names.update(dict.fromkeys(PREDICATES[word].build(options, one.rule.id).arguments))
    shown = ", ".join([*names, "..."])
    yield Finding(
        "no-args", ("tools", name), f"{name} is permitted with any argument that its schema has",
        "whoever runs the tool writes its schema, and no rule looks at an argument that is new in it (bcc, force, recursive)",
        f"{name}: {{effect: {_effects(spec.effects)}, args: [{shown}]}}",
    )  # fmt: skip


def _pattern(
    require: Mapping[str, object], argument: str, pattern: str, path: tuple[str | int, ...]
) -> Iterator[Finding]:
    if pattern in _EVERYTHING:
        yield Finding(
            "pattern", path, f"the pattern for {argument} matches everything",
            "the requirement only wants that there is such a text", "take it out, or write what is permitted",
        )  # fmt: skip
        return
    for word, bears, options, misses in _TYPED:
        if bears(argument) and word not in require:
            example = options % argument if "%s" in options else options
            yield Finding(
                "pattern", path, f"a pattern decides about {argument}, which {word} knows how to read",
                f"a pattern does not know {misses}", f"{word}: {example}",
            )  # fmt: skip
            return


def _do(spec: ToolSpec) -> str:
    return " and ".join(spec.effects)


def _effects(effects: Sequence[Effect]) -> str:
    return effects[0] if len(effects) == 1 else f"[{', '.join(effects)}]"
