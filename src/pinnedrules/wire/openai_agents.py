"""OpenAI's managed agents: agents and sessions as they are configured and shown, and what is said to a session.

``POST /agents[/{id}]``, ``POST /agents/sessions[/{id}]`` and ``POST /agents/sessions/{id}/events``; what comes back is read in
``openai_agent_events``. ``types/beta`` of openai-python 3.54; https://developers.openai.com/api/docs/guides/agents-api.

The block is the beginning of an agent's ``instructions``, which a session takes over. No setting makes the provider ask:
remote servers ask by themselves or not at all. So what it runs is decided with each message, by tool: remote servers, web
search, computer use, helpers, and commands (``shell``) wherever there is an environment to run them in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pinnedrules.errors import Unreadable
from pinnedrules.wire import openai_agent_events as events
from pinnedrules.wire.agents import Fate, Page, Pending, Said, Setup, Shown, said_instead
from pinnedrules.wire.base import ServerTool
from pinnedrules.wire.json_text import Object, as_object, dumps, loads_unique, quote
from pinnedrules.wire.placeholder import SEPARATOR
from pinnedrules.wire.request import declared, refuse_lookalikes
from pinnedrules.wire.sse import SSE

__all__ = ["OpenAIAgents"]

_Patch: TypeAlias = tuple[Mapping[str, object], ...]
_PATH = re.compile(r"(.*/agents/sessions)(?:/([^/]+)(?:/.*)?)?")
_INPUT = "agent.session.input."
_YES = _INPUT + "mcp_approval_request_result"
_RESULT = _INPUT + "tool_result"
_ENDS = {_INPUT + "cancel", _INPUT + "computer_use_approval_request_result"}


class OpenAIAgents:
    """See the module."""

    name = "openai-agents"
    framing = SSE

    def configure(self, path: str, body: bytes, block: str, *, force: bool) -> Setup:
        """Put *block* into the instructions that the body sets, and tell what the provider would run. Raises Unreadable."""
        request = Object(body)
        refuse_lookalikes(request.names)
        found = _PATH.fullmatch(path.rstrip("/"))
        if found is None:
            changes, placed = _instructions(request, block, "", fresh=path.rstrip("/").endswith("/agents"))
            return Setup(request.edit(changes) if changes else body, placed)
        inner = request.get("agent")
        agent = Object(b"{}" if inner in (None, b"null") else inner or b"{}")
        refuse_lookalikes(agent.names)
        saved = request.value("agent_id")
        changes, placed = _instructions(agent, block, "/agent", fresh=found[2] is None and saved is None)
        edits: dict[str, bytes | None] = {"agent": agent.edit(changes)} if changes else {}
        forced: _Patch = ()
        if force and request.value("review") == "auto_review":
            edits["review"], forced = b'"none"', ({"op": "replace", "path": "/review", "value": "none"},)
        return Setup(
            request.edit(edits) if edits else body,
            placed,
            forced,
            needs=(f"agent:{saved}",) if saved is not None else (),
            theirs=_theirs(loads_unique(agent.edit({})), loads_unique(request.get("environment") or b"null")),
            starts=request.value("input") not in (None, "", []),
            text=_text(request.value("input")),
        )

    def shown(self, body: bytes, block: str) -> tuple[Shown, ...]:
        """Return the agent or the sessions that an answer, or an event, shows. Raises Unreadable."""
        if b'"agent' not in body:
            return ()
        value = as_object(body)
        listed: object = value["data"] if "data" in value and "type" not in value else [value.get("session", value)]
        found = listed if isinstance(listed, list) else []
        return tuple(_shown(one, block) for one in found if isinstance(one, dict) and _is_shown(one))

    def session_of(self, path: str) -> str:
        """Return ``session:ID`` for a path of a session."""
        found = _PATH.fullmatch(path)
        return f"session:{found[2]}" if found and found[2] else ""

    def read(self, data: bytes) -> Page:
        """Read one event, one object, or one page of them. Raises Unreadable."""
        return events.read(data)

    def render(self, data: bytes, fates: Mapping[str, Fate]) -> bytes:
        """Return what the caller may see."""
        return events.render(data, fates)

    def said(self, body: bytes) -> tuple[Said, ...]:
        """Return what is said to a session. Raises Unreadable."""
        return tuple(_said(raw) for raw in Object(body).elements("events") or ())

    def say_no(self, body: bytes, refusals: Mapping[int, str]) -> tuple[bytes, _Patch]:
        """Turn approvals into denials; there is no place for the refusal's words."""
        return said_instead(body, refusals, lambda event, text: _decided(str(event.value("request_id")), text))

    def answers(self, path: str, session: str, fates: Sequence[tuple[Pending, str]]) -> tuple[str, str, bytes]:
        """Return the request that answers calls: approvals, and results that failed."""
        found = _PATH.fullmatch(path)
        assert found is not None
        told = [_decided(one.id, text) if one.asks else _failed(one, text) for one, text in fates]
        return path[len(found[1]) :], f"/{found[2] or session}/events", dumps({"events": told})


def _instructions(agent: Object, block: str, at: str, *, fresh: bool) -> tuple[dict[str, bytes | None], _Patch]:
    if not fresh and "instructions" not in agent.names:
        return {}, ()
    text = agent.value("instructions") or ""
    if not isinstance(text, str):
        raise Unreadable("instructions of an agent that are not text")
    if _begins(text, block):
        return {}, ()
    text = block + SEPARATOR + text if text else block
    return {"instructions": quote(text)}, ({"op": "add", "path": f"{at}/instructions", "value": text},)


def _begins(text: object, block: str) -> bool:
    return isinstance(text, str) and (text == block or text.startswith(block + SEPARATOR))


def _is_shown(one: Mapping[str, object]) -> bool:
    return one.get("object") in ("agent", "agent.session") and isinstance(one.get("id"), str)


def _shown(one: Mapping[str, object], block: str) -> Shown:
    kind = "agent" if one["object"] == "agent" else "session"
    agent = one if kind == "agent" else one.get("agent")
    why = ""
    listed = agent.get("tools") if isinstance(agent, dict) else None
    if not isinstance(agent, dict) or not isinstance(listed, list):
        return Shown(f"{kind}:{one['id']}", "its tools are not told")
    if not _begins(agent.get("instructions"), block):
        why = "its instructions do not begin with the rules in force"
    elif one.get("review") == "auto_review":
        why = "the provider approves calls in it by itself (review: auto_review)"
    tools = [tool for tool in listed if isinstance(tool, dict)]
    own = {str(tool.get("name")): declared(tool.get("parameters")) for tool in tools if tool.get("type") == "function"}
    return Shown(f"{kind}:{one['id']}", why, own, _theirs(agent, one.get("environment")))


def _theirs(agent: object, environment: object) -> tuple[ServerTool, ...]:
    """Return what the provider runs: tools of its own, helpers, and commands where there is a place for them."""
    found: dict[ServerTool, None] = {}
    given: Mapping[str, object] = agent if isinstance(agent, dict) else {}
    tools = given.get("tools")
    listed: list[object] = tools if isinstance(tools, list) else []
    for tool in listed:
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            raise Unreadable("a tool of an agent without a type")
        kind = str(tool["type"])
        off = tool.get("enabled") is False or tool.get("mode") == "disabled"
        if kind != "function" and not off:
            label = tool.get("server_label") if kind == "mcp" else kind
            if not isinstance(label, str) or not label:
                raise Unreadable("a remote server without a label")
            found[ServerTool(label, kind)] = None
    helpers = given.get("multi_agent")
    if helpers is not None and not (isinstance(helpers, dict) and helpers.get("enabled") is False):
        found[ServerTool("multi_agent", "multi_agent")] = None
    if environment is not None and not (isinstance(environment, dict) and environment.get("type") == "none"):
        found[ServerTool("shell", "shell")] = None
    return tuple(found)


def _said(raw: bytes) -> Said:
    event = Object(raw)
    kind = str(event.value("type"))
    if kind == _YES:
        name, response = event.value("request_id"), event.value("response")
        decision = response.get("decision") if isinstance(response, dict) else None
        if not isinstance(name, str) or decision not in ("approve", "deny", "cancel"):
            raise Unreadable("an answer to an approval request that cannot be read")
        return Said("yes" if decision == "approve" else "end", name)
    if kind == _RESULT:
        turn, call = event.value("turn_id"), event.value("call_id")
        if not isinstance(turn, str) or not isinstance(call, str):
            raise Unreadable("a tool's result that names no call")
        return Said("result", events.call_id(turn, call))
    if kind in _ENDS:
        # Computer use is decided as a whole, with the message; what it asks are forms for a person.
        return Said("end")
    if kind != _INPUT + "message":
        raise Unreadable(f"an event of the type {kind[:60]!r} cannot be sent to a session through the gate")
    return Said("words", text=_text(event.value("input")))


def _text(given: object) -> str:
    """Return what the user says: a text, or messages of parts."""
    if isinstance(given, str):
        return given
    parts: list[object] = []
    for message in given if isinstance(given, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        parts += content if isinstance(content, list) else [{"text": content}]
    return "\n".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _decided(name: str, refusal: str) -> dict[str, object]:
    decision = "deny" if refusal else "approve"
    return {"type": _YES, "request_id": name, "response": {"type": "mcp_tool_call", "decision": decision}}


def _failed(one: Pending, refusal: str) -> dict[str, object]:
    turn, call = events.parts_of(one.id)
    return {"type": _RESULT, "turn_id": turn, "call_id": call, "success": False, "error": refusal}
