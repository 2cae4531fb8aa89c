"""What the words of a rule file mean together: faults that no schema can see.

Every check raises :class:`Fault` with the path of what is wrong; ``load`` turns that into a place in the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType

from pinnedrules.rules.builtin_tools import added_by_arguments
from pinnedrules.rules.meta_tools import is_meta
from pinnedrules.rules.names import MAX_NAME, is_glob, rule_key
from pinnedrules.rules.plan import Plan
from pinnedrules.rules.predicates.base import BadOption, Built
from pinnedrules.rules.predicates.registry import PREDICATES
from pinnedrules.rules.printable import shown
from pinnedrules.rules.server_tools import known_as, server_effects
from pinnedrules.rules.sql import takes_sql
from pinnedrules.rules.terms import Action, On, Rewriting, Rule, ServerSpec, ToolSpec
from pinnedrules.types import EFFECTS, Effect

__all__ = ["MAX_TEXT", "Fault", "check"]

MAX_TEXT = 2_000
"""Longest text of one rule, in characters."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOOL = re.compile(rf"[A-Za-z0-9_.:/*?-]{{1,{MAX_NAME}}}")
_SERVER = re.compile(r"[A-Za-z0-9]+(?:[_-][A-Za-z0-9]+)*")
_FUNCTION = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_NAME}}}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)+")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

# Arguments with which every editing tool that is known deletes.
_DELETES = {"type": "delete_file", "command": "delete"}


class Fault(ValueError):
    """A fault in a rule file: where (a path of keys and indices; *key* for the last key itself) and a way out."""

    def __init__(
        self,
        problem: str,
        *path: str | int,
        key: bool = False,
        hint: str = "",
        word: str = "",
        known: Sequence[str] = (),
    ) -> None:
        super().__init__(problem)
        self.path = path
        self.key = key
        self.hint = hint
        self.word = word
        self.known = known


def check(
    tools: Mapping[str, ToolSpec], rules: Sequence[Rule], servers: Mapping[str, ServerSpec] = MappingProxyType({})
) -> None:
    """Raise :class:`Fault` for the first fault in tools, servers and rules."""
    _check_tools(tools)
    _check_servers(servers)
    plan = Plan((), tools)
    ids: dict[str, str] = {}
    for index, rule in enumerate(rules):
        _check_words(rule, index, ids)
        _check_actions(rule, index)
        if rule.on is not None:
            _check_on(rule.on, ("rules", index, "on"), tools, plan)
            for place, built in _check_require(rule, index, plan):
                _check_watch(built, place, rules, tools, plan)
            _check_patches(rule, index, plan, tools)


def _check_tools(tools: Mapping[str, ToolSpec]) -> None:
    seen: dict[str, str] = {}
    for name, spec in tools.items():
        _check_name(name, ("tools", name), key=True)
        other = seen.setdefault(name if is_glob(name) else rule_key(name), name)
        if other != name:
            raise Fault(
                f"{name!r} and {other!r} are one name to a lenient program", "tools", name, key=True, hint="keep one"
            )
        for argument in spec.args or ():
            if not argument:
                raise Fault("an argument without a name", "tools", name, "args", hint="take it out")


def _check_servers(servers: Mapping[str, ServerSpec]) -> None:
    for name, spec in servers.items():
        if not _SERVER.fullmatch(name):
            raise Fault(
                f"no server can have the name {shown(name)!r}", "servers", name, key=True,
                hint="write it as it stands in the names of its tools, without mcp__: github for mcp__github__get_me",
            )  # fmt: skip
        if not spec.tools:
            raise Fault(
                "it pins no tool, so nothing of it is known", "servers", name, "tools",
                hint="pinnedrules init --from TRACE writes the digests of tools",
            )  # fmt: skip
        for tool, digest in spec.tools.items():
            _check_name(tool, ("servers", name, "tools", tool), key=True)
            if is_glob(tool):
                raise Fault(
                    "a pattern has no definition", "servers", name, "tools", tool, key=True, hint="name one tool"
                )
            if not _DIGEST.fullmatch(digest):
                raise Fault(
                    "not a digest",
                    "servers",
                    name,
                    "tools",
                    tool,
                    hint="write sha256: and 64 characters of 0-9 and a-f",
                )


def _check_name(name: str, path: tuple[str | int, ...], *, key: bool = False) -> None:
    family = known_as(name)
    if family:
        raise Fault(f"all forms of {name!r} are known as {family!r}", *path, key=key, hint=f"write {family}")
    if not _TOOL.fullmatch(name) or not rule_key(name):
        raise Fault(
            f"no tool can have the name {shown(name)!r}",
            *path,
            key=key,
            hint="letters, digits, _ . : / - and the wildcards * ?",
        )


def _check_words(rule: Rule, index: int, ids: dict[str, str]) -> None:
    if not _ID.fullmatch(rule.id):
        raise Fault(f"not an id: {shown(rule.id)!r}", "rules", index, "id", hint="letters, digits, . _ -, at most 64")
    if ids.setdefault(rule.id.lower(), rule.id) != rule.id or list(ids).index(rule.id.lower()) != index:
        raise Fault(f"the id {rule.id!r} is used twice", "rules", index, "id", hint="give every rule its own")
    place = ("rules", index, "text")
    if not rule.text:
        raise Fault("the text is empty", *place, hint="write the sentence that the model shall read")
    if len(rule.text) > MAX_TEXT:
        raise Fault(f"the text is longer than {MAX_TEXT} characters", *place, hint="split the rule")
    if "\n" in rule.text:
        raise Fault("the text has several lines", *place, hint="begin it with >- so that the lines are joined")
    hidden = next((char for char in rule.text if unicodedata.category(char) in _HIDDEN), "")
    if hidden:
        raise Fault(f"the text holds the invisible character {shown(hidden)}", *place, hint="take it out")


def _rank(action: Action | None) -> int:
    if isinstance(action, Rewriting):
        return 1
    return 3 if action == "deny" else 2 if action == "ask" else 0


def _check_actions(rule: Rule, index: int) -> None:
    """Refuse rules that cannot object, and those that would let through what they cannot read."""
    place = ("rules", index)
    if rule.on is None:
        for key, value in (("require", rule.require), ("then", rule.then), ("else", rule.otherwise)):
            if value is not None:
                raise Fault(f"{key!r} without 'on'", *place, key, key=True, hint="say what the rule is about: on: ...")
        return
    if rule.require is None:
        if rule.otherwise is not None:
            raise Fault("'else' without 'require'", *place, "else", key=True, hint="use then")
        return
    if not rule.require:
        raise Fault("'require' is empty", *place, "require", key=True, hint="take it out or write a requirement")
    if rule.then is None and rule.otherwise is None:
        raise Fault(
            "the rule says nothing, whether its requirement holds or not", *place, hint="add else: ask or else: deny"
        )
    if _rank(rule.then) > _rank(rule.otherwise):
        raise Fault(
            "'then' is stricter than 'else', so a call that cannot be read would slip past",
            *place, "then", key=True, hint="require what is permitted and put the objection in else",
        )  # fmt: skip


def _check_on(on: On, place: tuple[str | int, ...], tools: Mapping[str, ToolSpec], plan: Plan) -> None:
    if not on.tools and not on.effects:
        raise Fault("'on' is empty", *place, key=True, hint="name a tool or an effect")
    # Some tool can always do anything: what an undeclared one does is told by its name and by its definition.
    reachable: set[Effect] = set() if on.tools else set(EFFECTS)
    for number, name in enumerate(on.tools):
        _check_name(name, (*place, "tool", number))
        if is_glob(name) or name.startswith("mcp:"):
            reachable |= set(EFFECTS)
            continue
        tool = plan.tool(name)
        assert tool is not None
        close = [] if tool.known else get_close_matches(name, tools, n=1, cutoff=0.8)
        if close:
            raise Fault(
                f"no tool is declared as {name!r}", *place, "tool", number,
                hint=f"did you mean {close[0]!r}? if not, declare {name} under tools",
            )  # fmt: skip
        reachable.update(
            tool.effects, () if tool.known else (*server_effects(name), *added_by_arguments(name, _DELETES))
        )
        if tool.effects == ("read",):
            reachable.add("send")
        if "execute" in tool.effects:
            # A command can do everything, and what it does counts.
            reachable |= set(EFFECTS)
        if takes_sql(name, tool.args):
            reachable.update(("write", "delete", "execute"))
    if on.effects and not reachable & set(on.effects):
        raise Fault(
            f"the rule can never match: no tool here has the effect {' or '.join(on.effects)}",
            *place, "effect", hint="declare the tools that have it under tools, e.g. \"*delete*\": delete",
        )  # fmt: skip


def _check_require(rule: Rule, index: int, plan: Plan) -> Iterator[tuple[tuple[str | int, ...], Built]]:
    """Check every requirement, then yield it as it was built, with its place."""
    place = ("rules", index, "require")
    for name, options in (rule.require or {}).items():
        if name not in PREDICATES:
            known = tuple(PREDICATES)
            raise Fault(
                f"unknown requirement {shown(name)!r}",
                *place,
                name,
                key=True,
                hint=f"known: {', '.join(known)}",
                word=name,
                known=known,
            )
        try:
            built = PREDICATES[name].build(options, rule.id)
        except BadOption as problem:
            unknown = bool(problem.path) and problem.word == problem.path[-1]
            raise Fault(
                f"{name}: {problem}", *place, name, *problem.path,
                key=unknown, hint=problem.hint, word=problem.word, known=problem.known,
            ) from None  # fmt: skip
        for tool, args in _closed_tools(rule.on, plan):
            _check_arguments(built, (*place, name), tool, args)
        yield (*place, name), built


def _check_watch(
    built: Built,
    place: tuple[str | int, ...],
    rules: Sequence[Rule],
    tools: Mapping[str, ToolSpec],
    plan: Plan,
) -> None:
    """Check what a requirement says of calls that its rule need not be about."""
    watch = built.watch
    if watch is None:
        return
    if watch.rule:
        known = [rule.id for rule in rules if rule.on is not None]
        if watch.rule not in known:
            raise Fault(
                f"no rule that is about calls has the id {shown(watch.rule)!r}", *place, "rule",
                hint=f"known: {', '.join(known[:8])}", word=watch.rule, known=known,
            )  # fmt: skip
        return
    _check_on(watch.on, place, tools, plan)
    for tool, args in _closed_tools(watch.on, plan):
        _check_arguments(built, place, tool, args)


def _closed_tools(on: On | None, plan: Plan) -> list[tuple[str, frozenset[str]]]:
    """Return the tools that are named whose arguments the file lists."""
    found = []
    for name in on.tools if on else ():
        tool = None if is_glob(name) else plan.tool(name)
        if tool is not None and tool.args is not None:
            found.append((name, tool.args))
    return found


def _check_arguments(built: Built, place: tuple[str | int, ...], tool: str, args: frozenset[str]) -> None:
    for argument, option in built.arguments.items():
        if argument not in args:
            raise Fault(
                f"{tool} has no argument {shown(argument)!r}", *place, *option,
                hint=f"its args: {', '.join(sorted(args))}", word=argument, known=sorted(args),
            )  # fmt: skip
    if built.bears is not None and not built.arguments and not any(built.bears(argument) for argument in args):
        raise Fault(
            f"none of the args of {tool} is one that {place[-1]} looks at", *place, key=True,
            hint=f"name one with of: {', '.join(sorted(args))}",
        )  # fmt: skip


def _check_patches(rule: Rule, index: int, plan: Plan, tools: Mapping[str, ToolSpec]) -> None:
    closed = _closed_tools(rule.on, plan)
    for word, action in (("then", rule.then), ("else", rule.otherwise)):
        if not isinstance(action, Rewriting):
            continue
        place: tuple[str | int, ...] = ("rules", index, word, "rewrite")
        known: Sequence[tuple[str, frozenset[str]]] = closed
        if action.tool:
            args = _check_becomes(action.tool, (*place, "tool"), plan, tools)
            # A patch takes arguments of the one tool away and gives arguments of the other.
            known = [(f"{tool} or {action.tool}", names | args) for tool, names in closed] if args is not None else []
            place = (*place, "patch")
        for number, one in enumerate(action.operations):
            _check_operation(one, (*place, number), known)


def _check_becomes(
    name: str, place: tuple[str | int, ...], plan: Plan, tools: Mapping[str, ToolSpec]
) -> frozenset[str] | None:
    """Check the tool that a call is to become a call of; return the arguments that the file lists for it."""
    if not _FUNCTION.fullmatch(name):
        raise Fault(
            f"no call can become one of {shown(name)!r}", *place,
            hint="name a plain function: letters, digits, _ and -, as the request offers it",
        )  # fmt: skip
    if is_meta(name):
        raise Fault(f"{name} carries calls of other tools", *place, hint="name the tool that does it")
    tool = plan.tool(name)
    # One rule by itself, as a session gets it, stands in no file that could declare anything.
    if tools and (tool is None or not tool.exact):
        raise Fault(f"the tool {name} is not declared", *place, hint=f"say under tools what it does: {name}: write")
    return tool.args if tool else None


def _check_operation(
    one: Mapping[str, object], place: tuple[str | int, ...], closed: Sequence[tuple[str, frozenset[str]]]
) -> None:
    """Check one operation (RFC 6902 section 4) against the tools whose arguments the file lists."""
    wants = {"move": "from", "copy": "from", "remove": "path"}.get(str(one["op"]), "value")
    if wants not in one or ("from" in one) != (wants == "from") or ("value" in one) != (wants == "value"):
        keys = "path" if wants == "path" else f"path and {wants}"
        raise Fault(f"{one['op']} takes {keys}", *place, hint="see RFC 6902")
    if _fractional(one.get("value")):
        # Records carry the patch, and no two programs agree on how to write such a number.
        raise Fault("a number with a fraction", *place, "value", hint="write a whole number, or a text in quotes")
    for key in ("path", "from"):
        pointer = str(one.get(key, "/"))
        if not _POINTER.fullmatch(pointer):
            raise Fault(f"not a JSON Pointer to an argument: {shown(pointer)!r}", *place, key, hint="write /name")
        argument = pointer.split("/")[1].replace("~1", "/").replace("~0", "~")
        for tool, args in closed if key in one else ():
            if argument not in args:
                hint = f"its args: {', '.join(sorted(args))}"
                raise Fault(f"{tool} has no argument {shown(argument)!r}", *place, key, hint=hint)


def _fractional(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_fractional(item) for item in value.values())
    if isinstance(value, list):
        return any(_fractional(item) for item in value)
    return isinstance(value, Decimal)
