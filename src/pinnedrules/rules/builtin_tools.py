"""Tools that run in the caller's program and are known by their name: what they do when the rule file does not say.

Rules of this file:

1. What is known of a name only ever adds effects to those of an unknown tool, which writes: it makes a call stricter.
   One tool is known by its kind instead, which the provider's format vouches for.
2. A rule file that declares a tool exactly is believed, and nothing here counts.

Sources (read 2026-11): OpenAI Responses (``shell``, ``local_shell``, ``apply_patch``, ``computer``, ``tool_search``) and
Anthropic "Tool use / client tools" (``bash_*``, ``text_editor_*``, ``memory_*``, ``computer_*``, ``*_toolset_*``); the
shells of agents as they name them in their requests (Codex ``exec_command``, ``write_stdin``; Claude Code and opencode
``bash``; Qwen Code ``run_shell_command``; OpenClaw ``exec``). ``mcp:LABEL.TOOL`` is one call of a remote MCP server, which
the provider asks about before it runs it (Responses, ``mcp_approval_request``).
"""

from __future__ import annotations

from collections.abc import Mapping

from pinnedrules.rules.memory import remembered
from pinnedrules.rules.names import name_keys, plain
from pinnedrules.types import Call, Effect

__all__ = ["added_by_arguments", "added_by_name", "brings_strangers", "known_by_kind", "server_of"]

_EXECUTE: tuple[Effect, ...] = ("execute",)
_DELETE: tuple[Effect, ...] = ("delete",)

# Keys (see ``names.rule_key``) of tools that run what they are given, or act on a screen.
_RUNS = frozenset(
    {
        "bash",
        "browser",
        "codeexecution",
        "codeinterpreter",
        "computer",
        "computeruse",
        "computerusepreview",
        "exec",
        "execcommand",
        "executecommand",
        "localshell",
        "powershell",
        "python",
        "runcommand",
        "runshellcommand",
        "runterminalcmd",
        "shell",
        "terminal",
        "writestdin",
    }
)
# Families whose calls name a member (``computer.left_click``, ``browser.navigate``); what they show are others' words.
_SCREENS = frozenset({"browser", "computer", "computeruse", "computerusepreview"})
_DELETED_FILE = "*** Delete File:"
_MCP = "mcp:"


def added_by_name(name: str) -> tuple[Effect, ...]:
    """Return the effects that a tool of this name has besides those of any unknown one."""
    keys = name_keys(plain(name) or "")
    runs = not _RUNS.isdisjoint(keys) or _family(name) in _SCREENS or name.lower().startswith(_MCP)
    return _EXECUTE if runs else ()


def added_by_arguments(name: str, arguments: Mapping[str, object]) -> tuple[Effect, ...]:
    """Return the effects that a call has besides those of its name: some operations of an editing tool delete files."""
    edits = _edits(name)
    if not edits:
        return ()
    if edits == "applypatch":
        named = str(arguments.get("type", "")).startswith("delete")
        written = any(_DELETED_FILE in value for value in arguments.values() if isinstance(value, str))
        return _DELETE if named or written else ()
    return _DELETE if arguments.get("command") == "delete" else ()


def known_by_kind(call: Call) -> tuple[Effect, ...] | None:
    """Return what a tool that the provider's format defines is known to do and no more; None for all others.

    A tool search that the caller runs looks up definitions; those count as tools of the request that brings them in.
    """
    return ("read",) if call.kind == "builtin" and call.name == "tool_search" else None


def brings_strangers(name: str) -> bool:
    """True when what a tool of this name brings back are words from outside."""
    return name.lower().startswith(_MCP) or _family(name) in _SCREENS


def server_of(name: str) -> str:
    """Return ``mcp:LABEL`` for the name of one tool of a remote server (``mcp:LABEL.TOOL``), else an empty text."""
    label, dot, _ = name.partition(".")
    return label if dot and name.startswith(_MCP) else ""


@remembered()
def _edits(name: str) -> str:
    """Return which editing tool a name is one of, empty for none."""
    keys = name_keys(plain(name) or "")
    return next((tool for tool in ("applypatch", "memory") if tool in keys), "")


def _family(name: str) -> str:
    """Return the key of the first segment of a name."""
    return (name_keys(plain((plain(name) or "").partition(".")[0]) or "") or ("",))[0]
