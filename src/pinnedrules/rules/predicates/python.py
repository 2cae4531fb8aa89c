"""``python: {call: "pkg.mod:function"}``: what YAML cannot say, said by a function of one's own.

The name alone does, too: ``python: "pkg.mod:function"``.
The function is called with the arguments of the call, copied, and with the :class:`Facts`. It is trusted code, loaded by
whoever reads the rule file and only once a person trusted it (see ``pinnedrules.trust``); here it is only called.

- holds: it returns True.
- fails: it returns False.
- cannot be decided: it returns anything else or raises, no function was handed in, or the call has more than 4,000 values
  or 400 names of arguments.

How long it takes is its own affair: nothing here can end it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType

from pinnedrules.rules.bearing import few
from pinnedrules.rules.predicates.base import BadOption, Built, Cannot, Facts, Fails, Outcome, Predicate, closed
from pinnedrules.rules.printable import shown

__all__ = ["PYTHON", "Function", "Judge"]

Judge = Callable[[Mapping[str, object], Facts], object]

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class Function(str):
    """The name of a function that was loaded, with the function. Equal to its name, as which it is written and hashed."""

    __slots__ = ("judge",)
    judge: Judge

    @classmethod
    def loaded(cls, name: str, judge: Judge) -> Function:
        """Return *name* with its function."""
        found = cls(name)
        found.judge = judge
        return found


def _build(options: Mapping[str, object], _rule: str) -> Built:
    closed(options, required=("call",))
    name = options["call"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadOption(
            f"not the name of a function: {shown(name, 60)}",
            "call",
            hint="write module:function, as in checks.mail:inside",
        )
    judge = name.judge if isinstance(name, Function) else None

    def check(facts: Facts) -> Outcome:
        if judge is None:
            return Cannot(f"python: {name} was not loaded")
        few(facts.arguments)
        arguments = deepcopy(dict(facts.arguments))
        found = judge(MappingProxyType(arguments), replace(facts, arguments=arguments))
        if found is True:
            return None
        if found is False:
            return Fails(f"python: {name} says no")
        if inspect.iscoroutine(found):
            found.close()
        return Cannot(f"python: {name} gave neither True nor False")

    return Built(check, {})


def _say(options: Mapping[str, object]) -> str:
    return f"the function {options['call']} says yes"


PYTHON = Predicate("python", _build, _say)
