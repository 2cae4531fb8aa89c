"""Anthropic's managed agents: agents and sessions as they are configured and shown, and what is said to a session.

``POST /v1/agents[/{id}]``, ``POST /v1/sessions[/{id}]`` and ``POST /v1/sessions/{id}/events``; their events are read in
``anthropic_session_events``. ``types/beta/beta_managed_agents_*`` of anthropic-sdk-python 2.12;
https://platform.claude.com/docs/en/managed-agents.

The block is the beginning of an agent's ``system``, which the API takes into every session. Every toolset is made to ask
(``permission_policy: always_ask``): a session runs at the provider, and a call that is not asked about is seen too late.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from pinnedrules.errors import Unpinned, Unreadable
from pinnedrules.wire import anthropic_session_events as events
from pinnedrules.wire.agents import Fate, Page, Pending, Said, Setup, Shown, said_instead
from pinnedrules.wire.json_text import Object, array, as_object, dumps, items, loads, loads_unique, quote
from pinnedrules.wire.placeholder import SEPARATOR
from pinnedrules.wire.request import declared, refuse_lookalikes
from pinnedrules.wire.sse import SSE

__all__ = ["AnthropicSessions"]

_Patch: TypeAlias = tuple[Mapping[str, object], ...]
_ASK = b'{"type":"always_ask"}'
_SESSION = re.compile(r"(.*/sessions/([^/]+))(/.*)?")
_TOOLSET = re.compile(r"agent_toolset_\d+|mcp_toolset")
_WORDS = {"user.message": "words", "user.define_outcome": "words", "system.message": "words", "user.interrupt": "end"}
_RESULTS = {"user.tool_result": "tool_use_id", "user.custom_tool_result": "custom_tool_use_id"}
_YES = "user.tool_confirmation"
# What the toolset's own calls take (``BetaManagedAgentsAgentToolset20260401*Input``).
_ARGUMENTS = {
    "bash": frozenset({"command", "restart", "timeout_ms"}),
    "edit": frozenset({"file_path", "new_string", "old_string", "replace_all"}),
    "glob": frozenset({"path", "pattern"}),
    "grep": frozenset({"path", "pattern"}),
    "read": frozenset({"file_path", "view_range"}),
    "write": frozenset({"content", "file_path"}),
}


class AnthropicSessions:
    """See the module."""

    name = "anthropic-sessions"
    framing = SSE

    def configure(self, path: str, body: bytes, block: str, *, force: bool) -> Setup:
        """Put *block* into the system prompt that the body sets and make its tools ask. Raises Unreadable, Unpinned."""
        request = Object(body)
        refuse_lookalikes(request.names)
        if not _is_session(path):
            fresh = path.rstrip("/").endswith("/agents")
            changes, placed, forced = _agent(request, block, "", fresh=fresh, force=force)
            return Setup(request.edit(changes) if changes else body, placed, forced)
        said = [_said(raw) for raw in request.elements("initial_events") or ()]
        if any(one.kind != "words" for one in said):
            raise Unreadable("an initial event of a session that says no words")
        text = "\n".join(one.text for one in said if one.text)
        agent = request.value("agent")
        if agent is None or isinstance(agent, str):
            return Setup(body, needs=(f"agent:{agent}",) if agent else (), starts=bool(said), text=text)
        if not isinstance(agent, dict):
            raise Unreadable("an agent that is neither an id nor an object")
        inner = Object(request.get("agent") or b"{}")
        refuse_lookalikes(inner.names)
        needs = (f"agent:{agent['id']}",) if isinstance(agent.get("id"), str) else ()
        # One that is written out in the request of a new session has a system prompt of its own, or none.
        fresh = not needs and path.rstrip("/").endswith("/sessions")
        changes, placed, forced = _agent(inner, block, "/agent", fresh=fresh, force=force)
        return Setup(
            request.edit({"agent": inner.edit(changes)}) if changes else body,
            placed,
            forced,
            needs,
            starts=bool(said),
            text=text,
        )

    def shown(self, body: bytes, block: str) -> tuple[Shown, ...]:
        """Return the agent or the session that an answer shows. Raises Unreadable."""
        value = as_object(body)
        kind, name = value.get("type"), value.get("id")
        agent = value.get("agent") if kind == "session" else value
        if kind not in ("agent", "session") or not isinstance(name, str) or not isinstance(agent, dict):
            return ()
        tools = agent.get("tools")
        listed = [tool for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
        return (Shown(f"{kind}:{name}", _wrong(agent, block), _own(listed)),)

    def session_of(self, path: str) -> str:
        """Return ``session:ID`` for a path of a session."""
        found = _SESSION.fullmatch(path)
        return f"session:{found[2]}" if found else ""

    def read(self, data: bytes) -> Page:
        """Read one event, or one page of them. Raises Unreadable."""
        return events.read(data)

    def render(self, data: bytes, fates: Mapping[str, Fate]) -> bytes:
        """Return what the caller may see."""
        return events.render(data, fates)

    def said(self, body: bytes) -> tuple[Said, ...]:
        """Return what is said to a session. Raises Unreadable."""
        return tuple(_said(raw) for raw in Object(body).elements("events") or ())

    def say_no(self, body: bytes, refusals: Mapping[int, str]) -> tuple[bytes, tuple[Mapping[str, object], ...]]:
        """Turn confirmations into denials, with the refusal as their message."""
        return said_instead(body, refusals, lambda event, text: _confirmation(str(event.value("tool_use_id")), text))

    def answers(self, path: str, session: str, fates: Sequence[tuple[Pending, str]]) -> tuple[str, str, bytes]:
        """Return the request that answers calls: confirmations, and results that say no."""
        found = _SESSION.fullmatch(path)
        assert found is not None
        told = [_confirmation(one.id, text) if one.asks else _no_result(one, text) for one, text in fates]
        return found[3] or "", "/events", dumps({"events": told})


def _is_session(path: str) -> bool:
    return path.rstrip("/").endswith("/sessions") or _SESSION.fullmatch(path) is not None


def _agent(
    agent: Object, block: str, at: str, *, fresh: bool, force: bool
) -> tuple[dict[str, bytes | None], _Patch, _Patch]:
    """Return the changes of a configuration, by which the block comes in, and by which tools ask.

    Raises Unreadable, Unpinned.
    """
    changes: dict[str, bytes | None] = {}
    placed: _Patch = ()
    forced: list[Mapping[str, object]] = []
    if force and agent.value("multiagent") is not None:
        raise Unpinned(
            "The agent may start other agents, whose rules and tools cannot be seen.",
            next_step="leave `multiagent` out and give each agent sessions of its own",
        )
    if fresh or "system" in agent.names:
        text = agent.value("system") or ""
        if not isinstance(text, str):
            raise Unreadable("a system prompt of an agent that is not text")
        if not _begins(text, block):
            text = block + SEPARATOR + text if text else block
            changes["system"] = quote(text)
            placed = ({"op": "add", "path": f"{at}/system", "value": text},)
    tools = agent.get("tools")
    if force and tools is not None and tools != b"null":
        written = [_asking(raw, f"{at}/tools/{number}", forced) for number, raw in enumerate(items(tools))]
        if forced:
            changes["tools"] = array(written)
    return changes, placed, tuple(forced)


def _begins(system: object, block: str) -> bool:
    return isinstance(system, str) and (system == block or system.startswith(block + SEPARATOR))


def _asking(raw: bytes, path: str, patch: list[Mapping[str, object]]) -> bytes:
    """Return one entry of ``tools`` that asks before every call of the provider's. Raises Unreadable."""
    tool = Object(raw)
    kind = tool.value("type")
    if kind == "custom":
        return raw
    if not isinstance(kind, str) or not _TOOLSET.fullmatch(kind):
        raise Unreadable(f"a tool of an agent of the type {str(kind)[:40]!r}, which cannot be made to ask")
    changes: dict[str, bytes | None] = {}
    default = _object(tool, "default_config")
    if _policy(default) != "always_ask":
        changes["default_config"] = default.edit({"permission_policy": _ASK})
        patch.append({"op": "add", "path": f"{path}/default_config", "value": loads(changes["default_config"] or b"")})
    configs = []
    listed = tool.get("configs")
    for number, one in enumerate(items(listed) if listed not in (None, b"null") else ()):
        config = Object(one)
        if _policy(config) not in ("", "always_ask"):
            one = config.edit({"permission_policy": _ASK})
            where = f"{path}/configs/{number}/permission_policy"
            patch.append({"op": "add", "path": where, "value": loads(_ASK)})
        configs.append(one)
    if configs:
        changes["configs"] = array(configs)
    return tool.edit(changes)


def _object(parent: Object, key: str) -> Object:
    raw = parent.get(key)
    return Object(b"{}" if raw in (None, b"null") else raw or b"{}")


def _policy(config: Object) -> str:
    policy = loads_unique(config.get("permission_policy") or b"null")
    return "" if policy is None else str(policy.get("type")) if isinstance(policy, dict) else "?"


def _wrong(agent: Mapping[str, object], block: str) -> str:
    """Say why an agent is none whose calls are all decided under the rules; empty when nothing is wrong."""
    if not _begins(agent.get("system"), block):
        return "its system prompt does not begin with the rules in force"
    if agent.get("multiagent") is not None:
        return "it may start other agents, whose rules and tools cannot be seen"
    tools = agent.get("tools")
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        return "its tools are not told"
    return next((why for tool in tools if (why := _unasked(tool))), "")


def _unasked(tool: Mapping[str, object]) -> str:
    kind = str(tool.get("type"))
    if kind == "custom":
        return ""
    if not _TOOLSET.fullmatch(kind):
        return f"it has a tool of the unknown type {kind[:40]!r}"
    if any(not _asks(config) for config in _configs(tool)):
        return f"not every tool of its {kind} asks before it runs"
    return ""


def _configs(tool: Mapping[str, object]) -> Iterator[object]:
    yield tool.get("default_config")
    listed = tool.get("configs")
    yield from listed if isinstance(listed, list) else ()


def _asks(config: object) -> bool:
    policy = config.get("permission_policy") if isinstance(config, dict) else None
    off = isinstance(config, dict) and config.get("enabled") is False
    return off or (isinstance(policy, dict) and policy.get("type") == "always_ask")


def _own(tools: Sequence[Mapping[str, object]]) -> dict[str, frozenset[str] | None]:
    """Return the tools whose calls name themselves, with the argument names that are known of them."""
    mine: dict[str, frozenset[str] | None] = {}
    for tool in tools:
        if tool.get("type") == "custom":
            mine[str(tool.get("name"))] = declared(tool.get("input_schema"))
        elif str(tool.get("type")).startswith("agent_toolset_"):
            mine = {**_ARGUMENTS, **mine}
    return mine


def _said(raw: bytes) -> Said:
    event = Object(raw)
    kind = str(event.value("type"))
    if kind == _YES:
        name, result = event.value("tool_use_id"), event.value("result")
        if not isinstance(name, str) or result not in ("allow", "deny"):
            raise Unreadable("a confirmation that cannot be read")
        return Said("yes" if result == "allow" else "end", name)
    if kind in _RESULTS:
        name = event.value(_RESULTS[kind])
        if not isinstance(name, str):
            raise Unreadable("a tool's result that names no call")
        return Said("result", name)
    if kind not in _WORDS:
        raise Unreadable(f"an event of the type {kind[:40]!r} cannot be sent to a session through the gate")
    content = event.value("content")
    parts = content if isinstance(content, list) and kind == "user.message" else []
    texts = [part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str)]
    return Said("words" if _WORDS[kind] == "words" else "end", text="\n".join(texts))


def _confirmation(name: str, refusal: str) -> dict[str, object]:
    if not refusal:
        return {"type": _YES, "tool_use_id": name, "result": "allow"}
    return {"type": _YES, "tool_use_id": name, "result": "deny", "deny_message": refusal}


def _no_result(one: Pending, refusal: str) -> dict[str, object]:
    kind = "user.custom_tool_result" if one.type == events.CUSTOM else "user.tool_result"
    return {"type": kind, _RESULTS[kind]: one.id, "is_error": True, "content": [{"type": "text", "text": refusal}]}
