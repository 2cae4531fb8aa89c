"""Whether what is behind a remote server can be decided once for all of it, or only call by call. Pure.

A rule file may allow a server (``mcp:crm``) and object to one of its tools (``mcp:crm.wipe``). Which tools a server has is
not in a request, so the permission for the server is one for all of them only if the rules also allow each tool that the
file names, or that a pattern in it could mean.
"""

from __future__ import annotations

from pinnedrules.rules.decide import decide
from pinnedrules.rules.model import RuleSet
from pinnedrules.rules.names import glob_pattern, is_glob, matches
from pinnedrules.rules.speaking import speaking
from pinnedrules.types import Call, LedgerState, Moment

__all__ = ["objects_behind", "one_by_one"]


def one_by_one(rules: RuleSet, server: str, now: Moment) -> bool:
    """Return whether the calls behind *server* have to be decided each.

    So it is too where a rule for the server has a condition: a sum or an order can be broken in the middle of an answer.
    """
    return _conditional(rules, Call(server, "{}")) or objects_behind(rules, server, now)


def objects_behind(rules: RuleSet, server: str, now: Moment) -> bool:
    """Return whether the file names a tool that may be behind *server* and is not simply allowed.

    A name without ``mcp:`` and without a wildcard is a tool of the program's own.
    """
    names = [*rules.tools, *(name for rule in rules.rules if rule.on is not None for name in rule.on.tools)]
    calls = [Call(found, "{}", kind="approval") for name in names if (found := _behind(name, server))]
    return any(
        _conditional(rules, call) or decide(rules, call, LedgerState(), now).verdict != "allow" for call in calls
    )


def _conditional(rules: RuleSet, call: Call) -> bool:
    return any(candidate.checks for candidate in speaking(rules, call, {})[1])


def _behind(name: str, server: str) -> str:
    """Return the tool behind *server* that *name* stands for, one that it could stand for, or nothing."""
    if name.startswith(f"{server}.") and not is_glob(name):
        return name
    loose, whole = _loose(name), _loose(server)
    head = loose.replace("?", "*").partition("*")[0]
    if matches(loose, whole):
        return ""  # it speaks of the server itself
    if loose.startswith(f"{whole}."):
        tool = loose.removeprefix(f"{whole}.")
    elif is_glob(name) and (not head.startswith("mcp.") or f"{whole}.".startswith(head)):
        tool = loose.removeprefix("mcp.").rpartition(".")[2]
    else:
        return ""
    return f"{server}.{tool.replace('*', 'x').replace('?', 'x')}"


def _loose(name: str) -> str:
    return glob_pattern(name).replace("_", "")
