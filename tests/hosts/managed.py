"""A provider of managed agents, scripted: it keeps agents, sessions and events, and pairs calls with their answers.

What it does of Anthropic's API is what ``types/beta`` of anthropic-sdk-python 2.12 says: a call that is asked about runs only
after a confirmation, one of a custom tool waits for its result, and a turn goes on when all its calls are answered.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from pinnedrules.testing.server import Handler, Server

__all__ = ["AT", "Fake", "Step"]

AT = "2026-11-22T10:00:00Z"
Step = tuple[str, str, dict[str, Any]]
"""One call of a turn: ``custom``, ``tool`` or the label of an MCP server; its name; its input."""

_ASK = {"type": "always_ask"}
_ALLOW = {"type": "always_allow"}
_RESULTS = ("user.tool_result", "user.custom_tool_result")


class Fake:
    """Serves one script of turns to any number of agents and sessions. A context manager."""

    def __init__(self, turns: Sequence[Sequence[Step]] = (), *, hosted_by_us: bool = False) -> None:
        self.turns = [list(turn) for turn in turns]
        self.hosted_by_us = hosted_by_us
        self.agents: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, _Session] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.bodies: list[bytes] = []
        self.ran: list[str] = []
        self.fail_next = 0
        self.hang_up_next = False
        self.answer_next: tuple[int, dict[str, str], bytes] | None = None
        self.extra: list[dict[str, Any]] = []
        self._lock = threading.RLock()
        self._server = Server(self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Fake:
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        for session in self.sessions.values():
            session.end()
        self._server.stop()

    def agent(self, **config: Any) -> dict[str, Any]:
        """Make an agent, as somebody does whose requests nobody gates."""
        with self._lock:
            name = f"agent_{len(self.agents) + 1}"
            self.agents[name] = {
                "id": name, "type": "agent", "name": "a", "version": 1, "created_at": AT, "updated_at": AT, "system": None,
                "tools": [], "multiagent": None, "skills": [], "mcp_servers": [], "metadata": {},
                "model": {"id": "claude-opus-5-5"}, "execution_identity": {"type": "service_account"},
            }  # fmt: skip
            return self._update(name, config)

    def session(self, agent: str) -> dict[str, Any]:
        """Make a session of an agent, as somebody does whose requests nobody gates."""
        return self._open({"agent": agent, "environment_id": "env_1"})

    def said(self) -> list[dict[str, Any]]:
        """Return every event that was sent to a session, in order."""
        return [event for method, path, body in self.requests if _is_say(method, path) for event in body["events"]]

    # -- requests ----------------------------------------------------------------------------------------------------

    def _serve(self, handler: Handler) -> None:
        raw = handler.read_body()
        method, path = handler.command, handler.path.split("?")[0]
        body = json.loads(raw) if raw else None
        with self._lock:
            self.requests.append((method, path, body))
            self.bodies.append(raw)
            failing = self.fail_next > 0 and _is_say(method, path)
            self.fail_next -= failing
        words = path.strip("/").split("/")[1:]
        other, self.answer_next = self.answer_next, None
        if self.hang_up_next and _is_say(method, path):
            self.hang_up_next, handler.close_connection = False, True
        elif other is not None:
            _write(handler, *other)
        elif failing:
            _send(handler, 400, {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}})
        elif path.endswith("/stream"):
            self._stream(handler, self.sessions[words[1]])
        else:
            with self._lock:
                status, answer = self._answer(method, words, body)
            _send(handler, status, answer)

    def _answer(self, method: str, words: list[str], body: Any) -> tuple[int, Any]:
        match (method, *words):
            case ("POST", "agents"):
                return 200, self.agent(**body)
            case ("POST", "agents", name):
                return 200, self._update(name, body)
            case ("GET", "agents", name):
                return 200, self.agents[name]
            case ("GET", "agents" | "sessions"):
                return 200, {"data": [], "next_page": None}
            case ("POST", "sessions"):
                return 200, self._open(body)
            case ("POST", "sessions", name):
                self.sessions[name].agent.update(self._resolved(body.get("agent") or {}))
                return 200, self.sessions[name].shown()
            case ("GET", "sessions", name):
                return 200, self.sessions[name].shown()
            case ("POST", "sessions", name, "events"):
                return 200, {"data": [self._take(self.sessions[name], event) for event in body["events"]]}
            case ("GET", "sessions", name, "events") | ("GET", "sessions", name, "threads", _, "events"):
                return 200, {"data": self.sessions[name].events, "next_page": None}
            case _:
                return 404, {"type": "error", "error": {"type": "not_found_error", "message": "/".join(words)}}

    def _resolved(self, config: dict[str, Any]) -> dict[str, Any]:
        made = {key: value for key, value in config.items() if key in ("system", "tools", "multiagent", "mcp_servers")}
        for tool in made.get("tools") or ():
            if tool["type"] == "custom":
                continue
            default = _ASK if tool["type"] == "mcp_toolset" else _ALLOW
            given = tool.get("default_config") or {}
            tool["default_config"] = {"enabled": True, "permission_policy": default, **given}
            tool["configs"] = [{**tool["default_config"], **one} for one in tool.get("configs") or ()]
        return made

    def _update(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        agent = self.agents[name]
        agent.update(self._resolved(json.loads(json.dumps(config))))
        return agent

    def _open(self, body: dict[str, Any]) -> dict[str, Any]:
        wanted = body["agent"] if isinstance(body["agent"], dict) else {"id": body["agent"]}
        agent = {**json.loads(json.dumps(self.agents[wanted["id"]])), **self._resolved(wanted)}
        session = _Session(f"sesn_{len(self.sessions) + 1}", agent)
        self.sessions[session.id] = session
        for event in body.get("initial_events") or ():
            self._take(session, event)
        return session.shown()

    def _stream(self, handler: Handler, session: _Session) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        for event in session.live():
            handler.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
            handler.wfile.flush()
        handler.close_connection = True

    # -- what a session does -----------------------------------------------------------------------------------------

    def _take(self, session: _Session, event: dict[str, Any]) -> dict[str, Any]:
        kept = session.add(event)
        kind = event["type"]
        if kind == "user.message":
            self._turn(session)
        elif kind == "user.tool_confirmation" and event["tool_use_id"] in session.asked:
            call = session.asked.pop(event["tool_use_id"])
            if event["result"] == "allow" and self.hosted_by_us and call["type"] == "agent.tool_use":
                session.open[call["id"]] = call
            elif event["result"] == "allow":
                self._run(session, call)
        elif kind in _RESULTS:
            session.open.pop(event.get("tool_use_id") or event["custom_tool_use_id"], None)
        if kind.startswith("user.tool") or kind in _RESULTS:
            self._after(session)
        return kept

    def _run(self, session: _Session, call: dict[str, Any]) -> None:
        self.ran.append(f"{call['name']} {json.dumps(call['input'])}")
        key = "mcp_tool_use_id" if call["type"] == "agent.mcp_tool_use" else "tool_use_id"
        session.add(
            {"type": call["type"].replace("_use", "_result"), key: call["id"], "content": [], "is_error": False}
        )

    def _turn(self, session: _Session) -> None:
        for extra in self.extra:
            session.add(extra)
        if not self.turns:
            session.add({"type": "agent.message", "content": [{"type": "text", "text": "All done."}]})
            session.add({"type": "session.status_idle", "stop_reason": {"type": "end_turn"}})
            return
        for kind, name, given in self.turns.pop(0):
            self._call(session, kind, name, given)
        self._after(session)

    def _call(self, session: _Session, kind: str, name: str, given: dict[str, Any]) -> None:
        if kind == "custom":
            made = session.add({"type": "agent.custom_tool_use", "name": name, "input": given})
            session.open[made["id"]] = made
            return
        policy = "ask" if _policy(session.agent, kind, name) == "always_ask" else "allow"
        event = {"type": "agent.tool_use" if kind == "tool" else "agent.mcp_tool_use", "name": name, "input": given,
                 "evaluated_permission": policy}  # fmt: skip
        made = session.add(event if kind == "tool" else {**event, "mcp_server_name": kind})
        if policy == "ask":
            session.asked[made["id"]] = made
        elif self.hosted_by_us and kind == "tool":
            session.open[made["id"]] = made
        else:
            self._run(session, made)

    def _after(self, session: _Session) -> None:
        waiting = [*session.asked, *session.open]
        if waiting:
            session.add(
                {"type": "session.status_idle", "stop_reason": {"type": "requires_action", "event_ids": waiting}}
            )
        else:
            self._turn(session)


class _Session:
    def __init__(self, name: str, agent: dict[str, Any]) -> None:
        self.id, self.agent = name, agent
        self.events: list[dict[str, Any]] = []
        self.asked: dict[str, dict[str, Any]] = {}
        self.open: dict[str, dict[str, Any]] = {}
        self._readers: list[queue.Queue[dict[str, Any] | None]] = []
        self._ended = False

    def add(self, event: dict[str, Any]) -> dict[str, Any]:
        made = {"id": f"sevt_{len(self.events) + 1}", "processed_at": AT, **event}
        self.events.append(made)
        for reader in self._readers:
            reader.put(made)
        return made

    def live(self) -> Iterator[dict[str, Any]]:
        reader: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._readers.append(reader)
        while not self._ended and (event := reader.get()) is not None:
            yield event
            if event["type"] == "session.status_terminated":
                return

    def end(self) -> None:
        self._ended = True
        for reader in self._readers:
            reader.put(None)

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "type": "session", "agent": self.agent, "environment_id": "env_1", "status": "idle",
                "created_at": AT, "updated_at": AT, "metadata": {}, "outcome_evaluations": [], "resources": [],
                "stats": {}, "usage": {}, "vault_ids": []}  # fmt: skip


def _policy(agent: dict[str, Any], kind: str, name: str) -> str:
    for tool in agent["tools"]:
        if tool.get("mcp_server_name", "tool") == kind and tool["type"] != "custom":
            one = next((one for one in tool["configs"] if one["name"] == name), tool["default_config"])
            return str(one["permission_policy"]["type"])
    return "always_allow"


def _is_say(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("/events")


def _send(handler: Handler, status: int, answer: Any) -> None:
    _write(handler, status, {"content-type": "application/json"}, json.dumps(answer).encode())


def _write(handler: Handler, status: int, headers: dict[str, str], data: bytes) -> None:
    handler.send_response(status)
    for name, value in {**headers, "content-length": str(len(data))}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
