"""The items of the Responses API: which ones are calls that the caller runs, and what answers such a call.

The shapes are those of ``openai.types.responses`` (``response_output_item``, ``response_input_item_param``) and of their
``beta`` twins in openai-python 3.54; https://platform.openai.com/docs/api-reference/responses/object

How the rules know a call:

========================  =====================================================================================
item                      name and arguments
========================  =====================================================================================
``function_call``         its name, with its namespace before it (``crm.delete``); its arguments as they arrived
``custom_tool_call``      likewise; its input as it arrived
``local_shell_call``      ``local_shell``; the text of its action
``shell_call``            ``shell``; the text of its action, unless it runs in the provider's container
``apply_patch_call``      ``apply_patch``; the text of its operation
``computer_call``         ``computer``; the text of its action, or ``{"actions": [...]}`` when it has several
``tool_search_call``      ``tool_search``; the text of its arguments, unless the provider does the search
``mcp_approval_request``  ``mcp:SERVER.TOOL``; its arguments as they arrived
========================  =====================================================================================

An item of a type that is not known here is Unreadable: it could be a call that an application runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pinnedrules.errors import Unreadable
from pinnedrules.types import Call
from pinnedrules.wire.json_text import Object, dumps, loads, quote

__all__ = ["CALLS", "INPUT_ONLY", "OUTPUT", "answers", "full_name", "read_call", "result_items", "rewritten_item"]

CALLS = frozenset(
    {
        "apply_patch_call",
        "computer_call",
        "custom_tool_call",
        "function_call",
        "local_shell_call",
        "mcp_approval_request",
        "shell_call",
        "tool_search_call",
    }
)
"""Types of items that the caller runs (some of them only under a condition that :func:`read_call` looks at)."""

_RESULTS = frozenset(
    {
        "apply_patch_call_output",
        "computer_call_output",
        "custom_tool_call_output",
        "function_call_output",
        "local_shell_call_output",
        "mcp_approval_response",
        "shell_call_output",
        "tool_search_output",
    }
)
_PROVIDER_RUN = frozenset(
    {
        "code_interpreter_call",
        "file_search_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "multi_agent_call",
        "multi_agent_call_output",
        "program",
        "program_output",
        "web_search_call",
    }
)
_SAID = frozenset({"agent_message", "compaction", "message", "reasoning"})

OUTPUT = CALLS | _PROVIDER_RUN | _SAID
"""Types of items that a model or its provider puts out (a ``message`` only if its role is ``assistant``)."""

INPUT_ONLY = _RESULTS | {"additional_tools", "compaction_trigger", "configuration_update", "item_reference"}
"""Types of items that an application puts in. Some of them are repeated in outputs too, where they run nothing."""

_BUILTIN = {"apply_patch_call": "operation", "local_shell_call": "action", "shell_call": "action"}
_NOT_RUN = 126  # POSIX shells: "found, but could not be executed" (XCU 2.8.2)
# A blank picture of one pixel: the API takes nothing but a screenshot as the result of a computer call.
_BLANK = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)


def full_name(namespace: object, name: str) -> str:
    """Return the name that the rules know a tool by: ``namespace.name``.

    A tool outside of any namespace, loaded late, may repeat its own name as its namespace; that says nothing.
    """
    return f"{namespace}.{name}" if isinstance(namespace, str) and namespace not in ("", name) else name


def read_call(raw: bytes) -> Call | None:
    """Return the call that an output item asks the caller to run, None when it asks for nothing.

    *raw* is the item's JSON text, complete. Raises Unreadable for an unknown type and for a call that cannot be read.
    """
    item = Object(raw)
    kind = item.value("type")
    if not isinstance(kind, str) or kind not in OUTPUT | INPUT_ONLY:
        raise Unreadable(f"an output item of the unknown type {str(kind)[:40]!r}, which could be a call")
    if kind not in CALLS or _runs_at_provider(kind, item):
        return None
    if kind == "function_call":
        return _named(item, "arguments", "function")
    if kind == "custom_tool_call":
        return _named(item, "input", "custom")
    if kind == "mcp_approval_request":
        name = f"mcp:{_string(item, 'server_label')}.{_string(item, 'name')}"
        return Call(name, _string(item, "arguments", empty=True), _string(item, "id"), "approval")
    if kind == "computer_call":
        return Call("computer", _actions(item), _string(item, "call_id"), "builtin")
    if kind == "tool_search_call":
        identifier = "call_id" if item.value("call_id") is not None else "id"
        return Call("tool_search", _object(item, "arguments"), _string(item, identifier), "builtin")
    return Call(kind.removesuffix("_call"), _object(item, _BUILTIN[kind]), _string(item, "call_id"), "builtin")


def answers(item: Mapping[str, object]) -> str:
    """Return the id of the call that a result item answers; empty when it is no result, or names none."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _RESULTS:
        return ""
    names = {"mcp_approval_response": ("approval_request_id",), "local_shell_call_output": ("call_id", "id")}
    found = [item.get(name) for name in names.get(kind, ("call_id",))]
    return next((value for value in found if isinstance(value, str)), "")


def rewritten_item(raw: bytes, identifier: str, arguments: str, name: str = "") -> bytes:
    """Return a function or custom call with another ``call_id``, other arguments, maybe another name; else the same bytes."""
    item = Object(raw)
    argument = "input" if item.value("type") == "custom_tool_call" else "arguments"
    named: dict[str, bytes | None] = {"name": quote(name)} if name else {}
    if name and item.value("namespace"):
        # A plain function that was loaded late repeats its name there.
        named["namespace"] = quote(name)
    return item.edit({"call_id": quote(identifier), **named, argument: quote(arguments)})


def result_items(call: bytes, text: str) -> list[bytes]:
    """Return the items that tell the provider of the call item *call* that it did not run, and why.

    A computer call and a tool search have no place for a text in their result: they get the emptiest one there is (a
    blank screenshot, no tools) and a developer message behind it. Pending safety checks of a computer call are not
    acknowledged: that is a person's word to give, so the API may refuse to go on without it.
    """
    item = Object(call)
    kind = str(item.value("type"))
    identifier = item.value("call_id")
    if kind == "mcp_approval_request":
        answer = {"approval_request_id": item.value("id"), "approve": False, "reason": text}
        return [dumps({"type": "mcp_approval_response", **answer})]
    if kind == "computer_call":
        screen = {"type": "computer_screenshot", "image_url": _BLANK}
        shown = {"type": "computer_call_output", "call_id": identifier, "output": screen}
        return [dumps(shown), _note(f"{text}\nNothing was done, and the screenshot above is blank.")]
    if kind == "tool_search_call":
        known = {"call_id": identifier} if identifier is not None else {}
        empty = {"type": "tool_search_output", **known, "tools": [], "execution": "client", "status": "completed"}
        return [dumps(empty), _note(f"{text}\nNo tool was searched for.")]
    if kind == "local_shell_call":
        # Its result names the call by ``id`` (LocalShellCallOutput), and is JSON in a string.
        printed = dumps({"stdout": "", "stderr": text, "exit_code": _NOT_RUN}).decode()
        return [dumps({"type": "local_shell_call_output", "id": identifier, "output": printed})]
    return [dumps({"type": f"{kind}_output", "call_id": identifier, **_output(kind, item, text), **_echoed(item)})]


def _output(kind: str, item: Object, text: str) -> dict[str, object]:
    if kind == "apply_patch_call":
        return {"status": "failed", "output": text}
    if kind != "shell_call":
        return {"output": text}
    action = item.value("action")
    commands = action.get("commands") if isinstance(action, dict) else None
    limit = action.get("max_output_length") if isinstance(action, dict) else None
    chunk = {"stdout": "", "stderr": text, "outcome": {"type": "exit", "exit_code": _NOT_RUN}}
    output = [chunk] * max(1, len(commands) if isinstance(commands, list) else 1)
    return {"output": output} if limit is None else {"output": output, "max_output_length": limit}


def _echoed(item: Object) -> dict[str, object]:
    """Return what a result repeats of its call: which program made it, so that the program gets the answer."""
    caller = item.value("caller")
    return {} if caller is None else {"caller": caller}


def _note(text: str) -> bytes:
    content = [{"type": "input_text", "text": text}]
    return dumps({"type": "message", "role": "developer", "content": content})


def _runs_at_provider(kind: str, item: Object) -> bool:
    if kind == "tool_search_call":
        return item.value("execution") == "server"
    if kind != "shell_call":
        return False
    where = item.value("environment")
    return isinstance(where, dict) and where.get("type") in ("container_auto", "container_reference")


def _named(item: Object, argument: str, kind: Literal["function", "custom"]) -> Call:
    namespace = item.value("namespace")
    if not isinstance(namespace, str | None):
        raise Unreadable("a call whose namespace is not text")
    name = full_name(namespace, _string(item, "name"))
    return Call(name, _string(item, argument, empty=True), _string(item, "call_id"), kind)


def _string(item: Object, key: str, *, empty: bool = False) -> str:
    value = item.value(key)
    if not isinstance(value, str) or not (value or empty):
        raise Unreadable(f"a call whose {key!r} is not text")
    return value


def _object(item: Object, key: str) -> str:
    """Return the text of a member that must be an object, as it arrived."""
    raw = item.get(key) or b"null"
    if not isinstance(loads(raw), dict):
        raise Unreadable(f"a call whose {key!r} is not an object")
    return raw.decode()


def _actions(item: Object) -> str:
    raw = item.get("actions") or b"null"
    several = loads(raw)
    if several is None:
        return _object(item, "action")
    if not isinstance(several, list) or not all(isinstance(one, dict) for one in several):
        raise Unreadable("a computer call whose 'actions' are not a list of objects")
    single = f'"action":{_object(item, "action")},' if item.value("action") is not None else ""
    return f'{{{single}"actions":{raw.decode()}}}'
