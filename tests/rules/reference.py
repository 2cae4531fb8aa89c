"""The obvious decider: the design's three steps in order, on plain values, with nothing compiled, indexed or remembered.

It knows tools by exact name only, and some requirements on whole numbers, plain words, plain addresses and plain URLs;
generated cases stay inside that. What a history comes to is given to it (``facts``); ``history.py`` is the reference that
looks through all calls for that, and for ``rate`` and ``at_most_once_per``. What is read with a grammar (``shell``, ``sql``,
``content``) or out of what was said (``came_from``) has no obvious reference; tables of cases stand in its own tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Said = tuple[str, bool]


def holds(name: str, options: dict[str, Any], arguments: dict[str, Any], facts: dict[str, Any]) -> bool | None:
    """Return whether one requirement holds, None when that cannot be decided."""
    if name == "never_after":
        return not facts["untrusted" if "source" in options else "looked"]
    if name == "only_after":
        return bool(facts["looked"])
    if name == "matches":
        results = [
            arguments[key] == word if isinstance(arguments.get(key), str) else None for key, word in options.items()
        ]
        return False if False in results else None if None in results else True
    if name == "who":
        return facts["user"] in options["user_in"] if facts["user"] else None
    if name == "time":
        return facts["weekday"] in options["days"]
    if name == "path":
        return True if arguments.get(options["of"]) in ("x", "y") else None
    if name == "recipients":
        return inside(arguments.get("to"), lambda one: one.endswith("@example.com") if "@" in one else None)
    if name == "url":
        return inside(arguments.get("url"), lambda one: "//example.com/" in one if "//" in one else None)
    if name == "count" and options["per"] == "session":
        return bool(facts["counted"] < options["max"])
    number = arguments.get(options["of"])
    if name == "count":
        things = number if isinstance(number, list) else [number]
        if options["of"] not in arguments or not all(type(one) in (int, str) and one not in ("", -1) for one in things):
            return None
        return bool(len(things) <= options["max"])
    if name == "total" and isinstance(number, list):
        number = sum(number)
    if type(number) is not int or number < 0:
        return None
    together = number + (facts["spent"] if name == "total" else 0)
    return bool(options.get("min", 0) <= together <= options["max"])


def inside(value: Any, meets: Callable[[str], bool | None]) -> bool | None:
    """Return whether there is one and all are inside; one that is nothing of the kind cannot be decided."""
    every = [one for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]
    results = [meets(one) if isinstance(one, str) else None for one in every]
    return False if False in results else True if results and None not in results else None


def verdict(file: dict[str, Any], call: dict[str, Any], facts: dict[str, Any]) -> tuple[str, set[str], set[str]]:
    """Return the verdict, the rules that decided and the rules that could not be decided."""
    effects = list(file["tools"].get(call["name"], ["write"]))
    if effects == ["read"] and "//" in str(call["arguments"].get("url")):
        effects = ["read", "send"]
    said: dict[str, set[str]] = {"deny": set(), "ask": set(), "allow": set()}
    undecided = set()
    for rule in file["rules"]:
        on = rule.get("on")
        if on is None or (call["name"] not in on.get("tool", [call["name"]])):
            continue
        if "effect" in on and not set(on["effect"]) & set(effects):
            continue
        results = [holds(name, options, call["arguments"], facts) for name, options in rule.get("require", {}).items()]
        if None in results:
            undecided.add(rule["id"])
        action = rule.get("then") if all(results) else rule.get("else")
        certain = call["name"] in (on["tool"] if "tool" in on else file["tools"])
        covered = (
            set(effects) <= {"read", *on["effect"]} and ("read" in on["effect"] or effects != ["read"])
            if "effect" in on
            else True
        )
        if action is not None and (action != "allow" or (certain and covered)):
            said[action].add(rule["id"])
    default = max((file["default"][effect] for effect in effects), key=["allow", "ask", "deny"].index)
    found = next((one for one in ("deny", "ask", "allow") if said[one]), "")
    strangers = effects != ["read"] and bool(set(call["arguments"]) - set(call["declared"]))
    if strangers and (found or default) == "allow":
        return "ask", set(), undecided
    return found or default, said.get(found, set()), undecided


def text(file: dict[str, Any]) -> str:
    """Return the rule file as YAML (JSON is YAML)."""
    return json.dumps({"version": 1, **file}, indent=1)
