"""What the tests of the sidecar share: plain HTTP requests to it, without what an SDK adds."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pinnedrules import Guard
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.testing.provider import ScriptedProvider

__all__ = ["DIALECTS", "RULES", "Bench", "Got", "chat", "messages", "responses", "until"]

RULES = """\
version: 1
default: {read: allow, other: ask}
tools:
  search: read
  delete_mail: delete
  archive: write
  refund: spend
rules:
  - id: no-deletes
    text: Only suggest deletions. Never delete before the owner confirms.
    on: {effect: delete}
    then: deny
  - id: archive-freely
    text: Archiving is fine.
    on: archive
    then: allow
  - id: refund-cap
    text: Refund at most 500 EUR a day without asking.
    on: refund
    require: {total: {of: amount, per: day, max: 500}}
    else: ask
    then: allow
"""

_TOOLS = {"search": "query", "delete_mail": "id", "archive": "id", "refund": "amount"}
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Got:
    """One answer of the sidecar. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Bench:
    """A provider, a guard and the sidecar between a test and the provider."""

    provider: ScriptedProvider
    guard: Guard
    serving: Serving

    @property
    def prefix(self) -> str:
        return f"/t/{self.serving.token}"

    @property
    def url(self) -> str:
        """The base URL without a version."""
        return self.serving.url + self.prefix

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.serving.port, timeout=_PATIENCE_SECONDS)

    @contextlib.contextmanager
    def open(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request to a whole path and give its answer, still to be read; leaving closes the connection."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, data, {"content-type": "application/json", **(headers or {})})
            with connection.getresponse() as answer:
                yield answer

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Got:
        """Send a request to a whole path and read its answer."""
        with self.open(method, path, body, headers) as answer:
            return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def post(self, path: str, body: object, **headers: str) -> Got:
        """Post with the token in the path; headers with underscores for dashes."""
        return self.ask("POST", self.prefix + path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def chat(self, text: str = "hi", *, stream: bool = False, prefix: str = "", **headers: str) -> Got:
        return self.post(f"{prefix}/v1/chat/completions", chat(text, stream=stream), **headers)

    def messages(self, text: str = "hi", *, stream: bool = False, prefix: str = "", **headers: str) -> Got:
        return self.post(f"{prefix}/v1/messages", messages(text, stream=stream), **headers)


def chat(text: str = "hi", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """Return a body of Chat Completions with all tools declared."""
    tools = [
        {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {key: {}}}}}
        for name, key in _TOOLS.items()
    ]
    said = [{"role": "user", "content": text}]
    return {"model": "gpt", "messages": said, "tools": tools, "stream": stream, **more}


def messages(text: str = "hi", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """Return a body of Messages with all tools declared."""
    tools = [
        {"name": name, "input_schema": {"type": "object", "properties": {key: {}}}} for name, key in _TOOLS.items()
    ]
    said = [{"role": "user", "content": text}]
    return {"model": "claude", "max_tokens": 99, "messages": said, "tools": tools, "stream": stream, **more}


def responses(text: str = "hi", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """Return a body of Responses with all tools declared."""
    tools = [
        {"type": "function", "name": name, "strict": False, "parameters": {"type": "object", "properties": {key: {}}}}
        for name, key in _TOOLS.items()
    ]
    return {"model": "gpt", "input": text, "tools": tools, "stream": stream, **more}


DIALECTS: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "chat": ("/v1/chat/completions", chat),
    "messages": ("/v1/messages", messages),
    "responses": ("/v1/responses", responses),
}
"""The path and the body of a request in each dialect."""


def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens in another thread, as long as it takes within reason."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
