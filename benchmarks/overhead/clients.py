"""Pairs of SDK clients, one plain and one guarded, over transports that answer from memory."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.bodies import rule_file
from pinnedrules.guard import Guard

__all__ = ["DIALECTS", "PATHS", "Canned", "base_url", "client", "creating", "guard"]

DIALECTS = ("chat", "messages", "responses")
PATHS = {"chat": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}
_PROVIDER = "http://provider.invalid"
_RULES = 20


class _Frames(httpx2.SyncByteStream):
    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames

    def __iter__(self) -> Iterator[bytes]:
        yield from self._frames


class Canned(httpx2.BaseTransport):
    """Reads the request and answers with the same bytes every time, in the given pieces."""

    def __init__(self, frames: list[bytes], content_type: str = "application/json") -> None:
        self._frames = frames
        self._headers = {"content-type": content_type}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer."""
        request.read()
        return httpx2.Response(200, headers=self._headers, stream=_Frames(self._frames))


def base_url(dialect: str, server: str) -> str:
    """Return the base URL that the dialect's SDK takes for a server."""
    return server if dialect == "messages" else f"{server}/v1"


def client(dialect: str, transport: httpx2.BaseTransport | None = None, server: str = _PROVIDER) -> Any:
    """Return an SDK client over *transport*, or over the network stack when there is none."""
    http = httpx2.Client(transport=transport) if transport is not None else None
    url = base_url(dialect, server)
    if dialect != "messages":
        import openai

        return openai.OpenAI(api_key="none", base_url=url, http_client=http, max_retries=0)
    import anthropic

    return anthropic.Anthropic(api_key="none", base_url=url, http_client=http, max_retries=0)


def creating(sdk: Any, dialect: str, request: dict[str, object]) -> Callable[[], Any]:
    """Return the SDK's own call of this request, which most programs make."""
    place = {"chat": lambda: sdk.chat.completions, "messages": lambda: sdk.messages, "responses": lambda: sdk.responses}
    return partial(place[dialect]().create, **request)


@contextlib.contextmanager
def guard() -> Iterator[Callable[[Any], Any]]:
    """Yield the ``wrap`` of a guard with twenty rules and a state folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder, "rules.yaml")
        rules.write_text(rule_file(_RULES), encoding="utf-8")
        with Guard(rules, approver="tickets", quiet=True, state=Path(folder, "state")) as made:
            yield made.wrap
