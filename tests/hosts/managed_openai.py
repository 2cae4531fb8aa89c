"""A provider of managed agents in OpenAI's form, scripted like the one in ``managed``.

What it does of the API is what ``types/beta/agent_session*`` of openai-python 3.54 says: a function call is an item that is
added to a turn and a required action until its result came; a remote server asks for approval; then the turn goes on.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Sequence
from typing import Any

from tests.hosts.managed import Step

from pinnedrules.testing.server import Handler, Server

__all__ = ["FakeOpenAI"]

_PREFIX = "agent.session."
_AGENT: dict[str, Any] = {"model": "gpt-6", "multi_agent": {"enabled": False}, "reasoning": {}, "service_tier": "auto",
                          "text": {}, "name": None, "instructions": None, "tools": []}  # fmt: skip


class FakeOpenAI:
    """Serves one script of turns. A context manager."""

    def __init__(self, turns: Sequence[Sequence[Step]] = ()) -> None:
        self.turns = [list(turn) for turn in turns]
        self.agents: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.items: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, Any]] = []
        self.ran: list[str] = []
        self.races = 0
        self.extra: list[dict[str, Any]] = []
        self._readers: list[queue.Queue[dict[str, Any] | None]] = []
        self._count = 0
        self._lock = threading.RLock()
        self._server = Server(self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> FakeOpenAI:
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        for reader in self._readers:
            reader.put(None)
        self._server.stop()

    def agent(self, **config: Any) -> dict[str, Any]:
        """Make an agent, as somebody does whose requests nobody gates."""
        name = f"agent_{len(self.agents) + 1}"
        self.agents[name] = {
            **_AGENT,
            **config,
            "id": name,
            "object": "agent",
            "created_at": 1,
            "updated_at": 1,
            "metadata": {},
        }
        return self.agents[name]

    def said(self) -> list[dict[str, Any]]:
        """Return every event that was sent to a session, in order."""
        return [event for method, path, body in self.requests if method == "POST" and path.endswith("/events")
                for event in body["events"]]  # fmt: skip

    # -- requests ----------------------------------------------------------------------------------------------------

    def _serve(self, handler: Handler) -> None:
        raw = handler.read_body()
        method, path = handler.command, handler.path.split("?")[0]
        body: Any = json.loads(raw) if raw else None
        words = path.removeprefix("/v1/").split("/")
        with self._lock:
            self.requests.append((method, path, body))
            results = method == "POST" and words[-1] == "events" and body["events"][0]["type"].endswith("tool_result")
            racing = results and self.races > 0
            self.races -= racing
        if racing:
            call = body["events"][0]["call_id"]
            _send(
                handler,
                400,
                {"error": {"code": "invalid_request_error", "message": f"Unknown pending tool call: {call}"}},
            )
        elif words[-1] == "events" and method == "GET":
            self._stream(handler, ())
        elif method == "POST" and words == ["agents", "sessions"] and body.get("stream"):
            with self._lock:
                session = self._open(body)
            self._stream(handler, [self._event("created", session=session)], body.get("input"))
        else:
            with self._lock:
                status, answer = self._answer(method, words, body)
            _send(handler, status, answer)

    def _answer(self, method: str, words: list[str], body: Any) -> tuple[int, Any]:
        match (method, *words):
            case ("POST", "agents"):
                return 200, self.agent(**body)
            case ("POST", "agents", "sessions"):
                session = self._open(body)
                if body.get("input"):
                    self._turn()
                return 200, session
            case ("GET", "agents", "sessions"):
                return 200, {"object": "list", "data": list(self.sessions.values()), "has_more": False}
            case ("GET", "agents", "sessions", name):
                return 200, self.sessions[name]
            case ("POST", "agents", "sessions", name):
                self.sessions[name].update({key: value for key, value in body.items() if key != "agent"})
                self.sessions[name]["agent"].update(body.get("agent") or {})
                return 200, self.sessions[name]
            case ("GET", "agents", "sessions", _, "items"):
                return 200, {"object": "list", "data": self.items, "has_more": False}
            case ("POST", "agents", "sessions", _, "events"):
                for event in body["events"]:
                    self._take(event)
                return 202, None
            case ("POST", "agents", name):
                self.agents[name].update(body)
                return 200, self.agents[name]
            case ("GET", "agents", name):
                return 200, self.agents[name]
            case _:
                return 404, {"error": {"message": "/".join(words), "code": "not_found"}}

    def _open(self, body: dict[str, Any]) -> dict[str, Any]:
        saved = {key: self.agents[body["agent_id"]][key] for key in (*_AGENT, "id")} if body.get("agent_id") else {}
        agent = {**_AGENT, "id": "agent_inline", **saved, **(body.get("agent") or {})}
        name = f"sess_{len(self.sessions) + 1}"
        kept = {key: body[key] for key in ("review",) if key in body}
        self.sessions[name] = {"id": name, "object": "agent.session", "agent": json.loads(json.dumps(agent)), "created_at": 1,
                               "environment": body["environment"], "last_active_at": 1, "metadata": {}, "status": "idle",
                               "required_actions": [], "vault_ids": [], **kept}  # fmt: skip
        return self.sessions[name]

    def _stream(self, handler: Handler, first: Sequence[dict[str, Any]], begun: object = None) -> None:
        reader: queue.Queue[dict[str, Any] | None] = queue.Queue()
        for event in first:
            reader.put(event)
        self._readers.append(reader)
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("connection", "close")
        handler.end_headers()
        handler.wfile.flush()
        if begun:
            with self._lock:
                self._turn()
        while (sent := reader.get()) is not None:
            handler.wfile.write(f"event: {sent['type']}\ndata: {json.dumps(sent)}\n\n".encode())
            handler.wfile.flush()
        handler.close_connection = True

    # -- what a session does -----------------------------------------------------------------------------------------

    def _event(self, kind: str, **more: Any) -> dict[str, Any]:
        self._count += 1
        ids = {} if "session" in more else {"session_id": self._session["id"], "turn_id": "turn_1"}
        return json.loads(json.dumps({"type": _PREFIX + kind, "event_id": f"ev_{self._count}", **ids, **more}))  # type: ignore[no-any-return]

    def _emit(self, kind: str, **more: Any) -> None:
        event = self._event(kind, **more)
        for reader in self._readers:
            reader.put(event)

    @property
    def _session(self) -> dict[str, Any]:
        return list(self.sessions.values())[-1]

    def _take(self, event: dict[str, Any]) -> None:
        kind, waiting = event["type"].removeprefix(_PREFIX + "input."), self._session["required_actions"]
        if kind == "message":
            self._emit("turn.created", turn=_turn("in_progress"))
            self._turn()
        elif kind == "tool_result":
            self._session["required_actions"] = [one for one in waiting if one.get("call_id") != event["call_id"]]
            for item in self.items:
                if item.get("call_id") == event["call_id"]:
                    item["status"] = "completed" if event["success"] else "failed"
                    self._emit("turn.item.done", item=item, output_index=0)
            self._after()
        elif kind == "mcp_approval_request_result":
            (asked,) = [one for one in waiting if one.get("request_id") == event["request_id"]]
            waiting.remove(asked)
            if event["response"]["decision"] == "approve":
                self.ran.append(f"{asked['request']['name']} {json.dumps(asked['request']['arguments'])}")
            self._after()

    def _turn(self) -> None:
        for extra in self.extra:
            self._emit(
                extra["type"].removeprefix(_PREFIX), **{key: value for key, value in extra.items() if key != "type"}
            )
        if not self.turns:
            message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "turn_id": "turn_1",
                       "phase": "final_answer", "content": [{"type": "output_text", "text": "All done."}]}  # fmt: skip
            self._emit("turn.item.done", item=message, output_index=9)
            self._emit("turn.completed", turn=_turn("completed"))
            self._session["status"] = "idle"
            self._emit("idle", session=self._session)
            return
        for kind, name, given in self.turns.pop(0):
            self._count += 1
            self._call(kind, name, given, f"{self._count}")
        self._after()

    def _call(self, kind: str, name: str, given: dict[str, Any], number: str) -> None:
        waiting = self._session["required_actions"]
        if kind == "custom":
            call = {
                "call_id": f"call_{number}",
                "name": name,
                "arguments": given,
                "turn_id": "turn_1",
                "type": "function_call",
            }
            item = {**call, "id": f"fc_{number}", "status": "in_progress"}
            self.items.append(item)
            waiting.append(call)
            self._emit("turn.item.added", item=item, output_index=0)
            return
        asked = {"type": "mcp_tool_call", "server_label": kind, "name": name, "arguments": given, "message": "May I?"}
        waiting.append(
            {"type": "mcp_approval_request", "request_id": f"req_{number}", "turn_id": "turn_1", "request": asked}
        )

    def _after(self) -> None:
        if self._session["required_actions"]:
            self._session["status"] = "requires_action"
            self._emit("requires_action", session=self._session)
        else:
            self._turn()


def _turn(status: str) -> dict[str, Any]:
    return {"id": "turn_1", "agent_id": "agent_1", "created_at": 1, "object": "agent.session.turn", "session_id": "sess_1",
            "status": status}  # fmt: skip


def _send(handler: Handler, status: int, answer: Any) -> None:
    data = b"" if answer is None else json.dumps(answer).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
