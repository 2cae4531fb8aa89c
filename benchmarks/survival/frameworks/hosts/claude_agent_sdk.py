"""Claude Agent SDK: ``/compact`` of the Claude Code that it brings.

The history is written as the transcript of a session, the session is resumed and told to compact. Then one more turn is
taken: what its request holds is what is left. Requests go through a relay here, because the second one is no question to
the summariser. The system prompt is the option ``system_prompt``, which every request carries.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

from benchmarks.survival.frameworks.kit import Job, Message, call, said

__all__ = ["ASKS_FOR_RULES", "PACKAGE", "WAYS"]

PACKAGE = "claude-agent-sdk"
ASKS_FOR_RULES = ("compact",)
"""The prompt wants "security-relevant instructions or constraints the user stated" preserved verbatim."""
_MODEL = "claude-sonnet-4-5"
_PROBE = "What is left?"
_ITS_OWN = ("<system-reminder>", "<local-command-caveat>", "<command-name>")
"""What Claude Code says of the machine that it runs on, and of the command; both are no history."""
_QUIET = {
    "ANTHROPIC_API_KEY": "none",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
}


async def compact(job: Job) -> list[Message]:
    """Nothing is set: it does not ask how much may be left."""
    if job.fits:
        return job.messages
    system = "\n\n".join(said(message) for message in job.head)
    with TemporaryDirectory() as folder, _relay(job.url) as relay:
        home = Path(folder).resolve()
        options = ClaudeAgentOptions(
            system_prompt=system,
            resume=_transcript(home, job.rest),
            cwd=str(home),
            model=_MODEL,
            tools=[],
            setting_sources=[],
            env=_QUIET
            | {"ANTHROPIC_BASE_URL": relay.url, "HOME": str(home), "CLAUDE_CONFIG_DIR": str(home / ".claude")},
        )
        async with ClaudeSDKClient(options) as client:
            for text in ("/compact", _PROBE):
                relay.probing = text == _PROBE
                await client.query(text)
                async for _ in client.receive_response():
                    pass
        if not relay.probed:
            raise RuntimeError("the session was not resumed: no request came after the compaction")
        body = relay.probed[-1]
    if system not in json.dumps(body["system"], ensure_ascii=False).replace('\\"', '"').replace("\\n", "\n"):
        raise RuntimeError("the request after the compaction does not carry the system prompt")
    return job.head + _messages(body["messages"])


def _transcript(home: Path, messages: list[Message]) -> str:
    """Write a session's file where Claude Code looks for it. Returns the session's id."""
    session = str(uuid4())
    lines: list[dict[str, Any]] = []
    for number, (role, content) in enumerate(_turns(messages)):
        message: dict[str, Any] = {"role": role, "content": content}
        if role == "assistant":
            usage = {"input_tokens": 1, "output_tokens": 1}
            message |= {"id": f"msg_{number}", "type": "message", "model": _MODEL, "usage": usage}
            message |= {"stop_reason": "end_turn", "stop_sequence": None}
        lines.append(
            {
                "parentUuid": lines[-1]["uuid"] if lines else None,
                "uuid": str(uuid4()),
                "sessionId": session,
                "type": role,
                "message": message,
                "cwd": str(home),
                "isSidechain": False,
                "userType": "external",
                "version": "2.1.330",
                "gitBranch": "",
                "timestamp": f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
            }
        )
    file = home / ".claude" / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(home)) / f"{session}.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return session


def _turns(messages: list[Message]) -> list[tuple[str, Any]]:
    turns: list[tuple[str, Any]] = []
    for message in messages:
        text = said(message)
        if message["role"] == "tool":
            result = {"type": "tool_result", "tool_use_id": message["tool_call_id"], "content": text}
            if turns and turns[-1][0] == "user" and turns[-1][1][0]["type"] == "tool_result":
                turns[-1][1].append(result)
            else:
                turns.append(("user", [result]))
            continue
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
        for one in message.get("tool_calls") or ():
            function = one["function"]
            use = {"type": "tool_use", "id": one["id"], "name": function["name"]}
            blocks.append(use | {"input": json.loads(function["arguments"])})
        turns.append((message["role"], blocks))
    return turns


def _messages(theirs: list[Any]) -> list[Message]:
    messages: list[Message] = []
    for one in theirs:
        content = one["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        texts = [text for text in texts if not text.startswith(_ITS_OWN) and text != _PROBE]
        for block in (block for block in blocks if block["type"] == "tool_result"):
            shown = block["content"] if isinstance(block["content"], str) else block["content"][0]["text"]
            messages.append({"role": "tool", "tool_call_id": block["tool_use_id"], "content": shown})
        calls = [call(block["id"], block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"]
        if texts or calls:
            plain: Message = {"role": one["role"], "content": "\n".join(texts) or None}
            messages.append(plain | ({"tool_calls": calls} if calls else {}))
    return messages


class _Relay(ThreadingHTTPServer):
    """Passes requests on; while ``probing`` it keeps them and answers by itself."""

    probing = False

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.to = url
        self.probed: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        relay: Any = self.server
        data = self.rfile.read(int(self.headers["content-length"]))
        if relay.probing:
            relay.probed.append(json.loads(data))
            self._say(200, "text/event-stream", _answer())
            return
        there = urllib.request.Request(relay.to + self.path, data, {"content-type": "application/json"})
        there.add_header("anthropic-version", "2023-06-01")
        try:
            with urllib.request.urlopen(there) as answer:
                self._say(answer.status, answer.headers["content-type"], answer.read())
        except urllib.error.HTTPError as refused:
            self._say(refused.code, "application/json", refused.read())

    def do_GET(self) -> None:
        self._say(404, "application/json", b"{}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def _say(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing."""


def _answer() -> bytes:
    """Return an event stream with a short text, as Messages writes it."""
    message: dict[str, Any] = {"id": "msg_left", "type": "message", "role": "assistant", "model": _MODEL, "content": []}
    message |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "This."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


@contextmanager
def _relay(url: str) -> Iterator[_Relay]:
    relay = _Relay(url)
    thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.shutdown()
        relay.server_close()
        thread.join()


WAYS = {"compact": compact}
