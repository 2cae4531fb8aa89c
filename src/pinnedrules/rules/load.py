"""Text of a rule file to a rule set. Every error says file, line and column, and a way out.

Rules of this file:

1. A file is in force as a whole or not at all; the first error in reading order is the one that is told.
2. What would silently do nothing is an error: an unknown key or word, a rule that can never match or never object, a
   requirement on an argument that the tool does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pinnedrules.errors import RuleFileError
from pinnedrules.rules.meaning import Fault, check
from pinnedrules.rules.model import RuleSet, rule_set
from pinnedrules.rules.predicates.python import PYTHON, Function, Judge
from pinnedrules.rules.printable import shown
from pinnedrules.rules.source import Node, find, parse, value_of
from pinnedrules.rules.terms import Action, On, Rewriting, Rule, ServerSpec, ToolSpec
from pinnedrules.types import EFFECTS, Effect, Verdict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from pinnedrules.rules.schema import FileModel, OnModel, RewriteModel

__all__ = ["load"]


_ALLOW: Verdict = "allow"
_TURNS = 10_000
"""After how many answers at most a rule can be repeated."""


def load(text: str, *, file: str = "", above: bool = False, functions: Callable[[str], Judge] | None = None) -> RuleSet:
    """Return the rule set that *text* describes. Raises :class:`~pinnedrules.errors.RuleFileError`.

    *above* says that it is a layer above an agent's own rules: without a ``default`` it says nothing about calls that no
    rule of it speaks of. *functions* loads a Python function by the name that a requirement gives (see
    ``predicates.python``), and raises Fault; without it no such requirement can be decided. *file* is only said in errors.
    Takes a fraction of a millisecond per rule; meant for start and reload.
    """
    root = parse(text, file=file)
    try:
        if not isinstance(root.value, dict):
            raise Fault("a rule file is a map", hint="begin with version: 1")
        _no_gaps(root, ())
        model = _validated(root)
        tools = {
            name: ToolSpec(
                _ordered(tool.effect), tool.source or "", None if tool.args is None else frozenset(tool.args)
            )
            for name, tool in model.tools.items()
        }
        rules = [
            Rule(
                id=rule.id,
                text=rule.text.strip(),
                on=_on(rule.on),
                require=_called(rule.require, number, functions),
                then=_then(rule.then, silent=rule.require is None and rule.otherwise is None and rule.on is not None),
                otherwise=_action(rule.otherwise),
                remind=_turns(rule.remind, number, written="remind" in rule.model_fields_set),
            )
            for number, rule in enumerate(model.rules)
        ]
        servers = {
            name: ServerSpec(
                server.trusted, {tool: digest.removeprefix("sha256:") for tool, digest in server.tools.items()}
            )
            for name, server in model.servers.items()
        }
        check(tools, rules, servers)
        silent = above and "default" not in model.model_fields_set
        said = model.default.verdicts()
        default: dict[Effect, Verdict] = {effect: _ALLOW if silent else said[effect] for effect in EFFECTS}
        return rule_set(model.version, rules, tools, default, servers)
    except Fault as fault:
        node = find(root, fault.path, key=fault.key)
        hint = _did_you_mean(fault.word, fault.known) or fault.hint
        raise RuleFileError(str(fault), file=file, line=node.line, column=node.column, hint=hint) from None


def _validated(root: Node) -> FileModel:
    from pydantic import ValidationError

    from pinnedrules.rules.schema import FileModel

    try:
        return FileModel.model_validate(value_of(root))
    except ValidationError as problems:
        faults = [_fault(error) for error in problems.errors(include_url=False)]

    def place(fault: Fault) -> tuple[bool, int, int]:
        # A key that is missing is often one that is misspelt: the misspelt one is the better message.
        node = find(root, fault.path, key=fault.key)
        return str(fault).endswith(" is missing"), node.line, node.column

    raise min(faults, key=place)


def _fault(error: ErrorDetails) -> Fault:
    """Say in words what pydantic found."""
    path = error["loc"]
    kind, value = error["type"], error["input"]
    last = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        known = _keys(path)
        return Fault(
            f"unknown key {shown(last)!r}", *path, key=True, hint=f"known: {', '.join(known)}", word=last, known=known
        )
    if kind == "missing":
        return Fault(f"{last!r} is missing", *path[:-1], hint=f"write {last}: ...")
    if kind == "literal_error":
        expected = str(error.get("ctx", {}).get("expected", ""))
        known = tuple(word.strip("' ") for word in expected.replace(" or ", ", ").split(","))
        hint = f"write {expected.replace(chr(39), '')}"
        if not isinstance(value, str) or value in known:
            return Fault(f"must be {'a word' if isinstance(value, (list, dict)) else expected}", *path, hint=hint)
        return Fault(f"{shown(value)!r} is not known here", *path, hint=hint, word=value, known=known)
    if kind == "string_type":
        return Fault("must be a text", *path, hint="put it in quotes")
    if kind in ("too_short", "too_long"):
        return Fault(
            "is empty" if kind == "too_short" else "has too many entries", *path, hint="see the rule file's page"
        )
    if kind in ("int_type", "int_from_float"):
        return Fault("must be a whole number", *path, hint=f"write {last}: 20")
    what = "a list" if kind == "list_type" else "a map" if kind in ("dict_type", "model_type") else "something else"
    return Fault(f"must be {what}", *path, hint="see the rule file's page")


def _keys(path: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys that are known where an unknown one was found."""
    from pydantic import BaseModel

    from pinnedrules.rules import schema

    model: type[BaseModel] = schema.RuleModel
    if len(path) == 1:
        model = schema.FileModel
    elif path[0] == "default":
        model = schema.DefaultModel
    elif path[0] == "tools":
        model = schema.ToolModel
    elif path[0] == "servers":
        model = schema.ServerModel
    elif "on" in path[2:3]:
        model = schema.OnModel
    elif "<patch>" in path:
        inside = "<operations>" in path or "patch" in path[6:]
        model = schema.OperationModel if inside else schema.BecomesModel if "<tool>" in path else schema.RewriteModel
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def _no_gaps(node: Node, path: tuple[str | int, ...]) -> None:
    """Raise where a key has no value; only a patch may put a null somewhere."""
    if isinstance(node.value, dict):
        for name, (_, inner) in node.value.items():
            if inner.value is None and not ("rewrite" in path and name == "value"):
                raise Fault(
                    f"nothing stands after {shown(name)!r}", *path, name, key=True, hint="write a value or take it out"
                )
            if not (name == "value" and "rewrite" in path):
                _no_gaps(inner, (*path, name))
    elif isinstance(node.value, list):
        for index, inner in enumerate(node.value):
            if inner.value is None:
                raise Fault("an empty entry", *path, index, hint="write a value or take it out")
            _no_gaps(inner, (*path, index))


def _turns(turns: int, number: int, *, written: bool) -> int:
    if written and not 1 <= turns <= _TURNS:
        raise Fault(f"{turns} turns", "rules", number, "remind", hint=f"write a number from 1 to {_TURNS:,}")
    return turns


def _ordered(effects: Sequence[Effect]) -> tuple[Effect, ...]:
    return tuple(effect for effect in EFFECTS if effect in effects)


def _on(on: OnModel | None) -> On | None:
    return None if on is None else On(tuple(on.tool or ()), _ordered(on.effect or ()))


def _called(
    require: dict[str, dict[str, Any]] | None, number: int, functions: Callable[[str], Judge] | None
) -> dict[str, dict[str, Any]] | None:
    """Return the requirements with the function that one of them names."""
    name = (require or {}).get(PYTHON.name, {}).get("call")
    if require is None or functions is None or not isinstance(name, str):
        return require
    try:
        return {**require, PYTHON.name: {**require[PYTHON.name], "call": Function.loaded(name, functions(name))}}
    except Fault as fault:
        raise Fault(str(fault), "rules", number, "require", PYTHON.name, hint=fault.hint) from None


def _then(action: Action | RewriteModel | None, *, silent: bool) -> Action | None:
    """A rule that names what it is about and says no more is asked about."""
    return "ask" if action is None and silent else _action(action)


def _action(action: Action | RewriteModel | None) -> Action | None:
    if action is None or isinstance(action, (str, Rewriting)):
        return action
    said = action.rewrite
    operations, tool = (said, "") if isinstance(said, list) else (said.patch or [], said.tool)
    return Rewriting(tuple(one.model_dump(by_alias=True, exclude_unset=True) for one in operations), tool)
