"""The obvious decider: the design's three steps in order, on plain values, with nothing compiled, indexed or remembered.

It knows tools by exact name only, and some requirements on whole numbers, plain words, plain addresses and plain URLs;
generated cases stay inside that: commands are words of a list put together with ``;``, ``&&`` and ``|``, statements and texts
are those of a list, values are told apart by looking at them. What a history comes to is given to it (``facts``);
``history.py`` is the reference that looks through all calls for that, and for ``rate`` and ``at_most_once_per``. What a
``python`` function says is its own affair.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Said = tuple[str, bool]

PROGRAMS: dict[str, set[str]] = {
    "ls": {"read"},
    "cat": {"read"},
    "git status": {"read"},
    "touch": {"write"},
    "rm": {"delete"},
    "curl": {"read", "send"},
}
"""What the programs of the generated commands do."""
HIDDEN = "$X"
"""A command of which nobody knows what it runs."""
UNREAD = "call f()"
"""A statement of which nobody knows what it does."""
TEXTS: dict[str, set[str]] = {
    "Hello, all is well.": set(),
    "See https://outside.example/ for more": {"links"},
    "See https://example.com/ for more": {"links inside"},
    "![x](https://outside.example/a.png)": {"links", "images"},
    "Write to mallory@outside.example please": {"personal"},
    "Write to ann@example.com please": {"personal inside"},
    "password = 'hunter2hunter2'": {"secrets"},
}
"""What the generated texts hold: where something leads, or who is meant, is inside ``example.com`` or not."""


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
        path, ref = arguments.get(options["of"]), arguments.get("ref")
        if path is None:  # what leads like a path counts under any name
            return True if "/srv/a.txt" in (ref if isinstance(ref, list) else [ref]) else None
        return True if path in ("x", "y") else None
    if name == "shell":
        return runs_only(options, arguments.get("line"))
    if name == "sql":
        return states_only(options, arguments.get("stmt"))
    if name == "content":
        return free_of(options, arguments.get("body"))
    if name == "came_from":
        return given(options, arguments, facts)
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


def runs_only(options: dict[str, Any], line: Any) -> bool | None:
    """Return whether every command of a line is one of those permitted, does no more, and stays where it may."""
    if not isinstance(line, str) or not line:
        return None
    commands = [part.strip() for part in line.replace("&&", ";").replace("|", ";").split(";")]
    permitted = options.get("effects_in", ["read", "write"])
    for command in commands:
        if command == HIDDEN:
            continue
        program = next(name for name in PROGRAMS if command.startswith(name))
        words = command.split()
        files = [word for word in words[1:] if word.startswith("/")]
        hosts = [word.split("/")[2] for word in words if "//" in word]
        entries = options.get("programs_in", list(PROGRAMS))
        if not any(words[: len(entry.split())] == entry.split() for entry in entries):
            return False
        if not set(permitted) >= PROGRAMS[program]:
            return False
        if "inside" in options and not all(one.startswith(options["inside"] + "/") for one in files):
            return False
        if "hosts_in" in options and not set(hosts) <= set(options["hosts_in"]):
            return False
    return None if HIDDEN in commands else True


def states_only(options: dict[str, Any], text: Any) -> bool | None:
    """Return whether every statement is of a permitted kind, on a permitted table. An unread one hides them all."""
    statements = [one.strip() for one in text.split(";")] if isinstance(text, str) and text else []
    if not statements or UNREAD in statements:
        return None
    for statement in statements:
        words = statement.split()
        table = words[{"select": 3, "insert": 2, "update": 1, "delete": 2, "drop": 2}[words[0]]]
        schema = f"{table.split('.')[0]}.*" if "." in table else table
        if words[0] not in options["statements_in"]:
            return False
        if "tables_in" in options and not {table, schema} & set(options["tables_in"]):
            return False
    return True


def free_of(options: dict[str, Any], value: Any) -> bool | None:
    """Return whether no text holds anything of what is named; what is inside counts unless that is permitted."""
    texts = [one for one in (value if isinstance(value, list) else [value]) if one is not None and one is not True]
    for text in texts:
        for kind in TEXTS.get(text, ()) if isinstance(text, str) else ():
            what, _, inside = kind.partition(" ")
            if what in options["without"] and not (inside and "hosts_in" in options):
                return False
    return True if texts else None


def given(options: dict[str, Any], arguments: dict[str, Any], facts: dict[str, Any]) -> bool | None:
    """Return whether every value came up where it must have: addresses, ids, paths and whole numbers are values."""
    for name in options["of"]:
        if name not in arguments:
            return None
        value = arguments[name]
        for one in (value if isinstance(value, list) else [value]) or [""]:
            plain = isinstance(one, str) and ("@" in one or "/" in one or any(sign.isdigit() for sign in one))
            if not plain and (type(one) is not int):
                return None
            if not any(str(one) in facts[f"from {source}"] for source in options["in"]):
                return False
    return True


def stated(file: dict[str, Any]) -> set[str]:
    """Return what the requirements of a file name, and the words of its rules that permit or require."""
    found: set[str] = set()
    for rule in file["rules"]:
        pending: list[Any] = [
            {key: value for key, value in options.items() if key not in ("not_in", "without")}
            for options in rule.get("require", {}).values()
        ]
        if "require" in rule or rule.get("then") == "allow":
            found |= {word.strip(".") for word in rule["text"].split()}
        while pending:
            value = pending.pop()
            if isinstance(value, (dict, list)):
                pending += value.values() if isinstance(value, dict) else value
            else:
                found.add(str(value))
    return found


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
