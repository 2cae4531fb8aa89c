"""The ways from a program to a provider that the canary is sent: each SDK, each API, as JSON and as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["CANARY", "WAYS", "Way", "installed"]

CANARY = "pinnedrules_canary_delete"
"""A tool name that no rule file should permit. Nothing runs under it."""

_SAID = "Delete everything."
_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}}}
_CALLS = ("tool_use", "function_call", "custom_tool_call")


@dataclass(frozen=True, slots=True)
class Way:
    """One way. ``connect`` makes a client from a base URL, ``ask`` gives everything that the SDK hands to the program."""

    sdk: str
    api: str
    streamed: bool
    connect: Callable[[str], Any]
    ask: Callable[[Any], Iterable[Any]]

    @property
    def name(self) -> str:
        """The way in words."""
        return f"{self.sdk}, {self.api}, {'streamed' if self.streamed else 'JSON'}"

    def calls(self, client: Any) -> list[str]:
        """Ask once; return the names of the calls that a program could run now."""
        return [name for part in self.ask(client) for name in _runnable(part.model_dump())]


def installed(sdk: str) -> str:
    """Return the installed version of an SDK, an empty text when there is none."""
    try:
        return version(sdk)
    except PackageNotFoundError:
        return ""


def _runnable(value: object) -> Iterator[str]:
    """Yield the names of calls anywhere in what an SDK handed out; the request's own definitions are none."""
    if isinstance(value, dict):
        inner = value.get("function")
        if value.get("type") in _CALLS and isinstance(value.get("name"), str):
            yield value["name"]
        elif isinstance(inner, dict) and "arguments" in inner and isinstance(inner.get("name"), str):
            yield inner["name"]
        for item in value.values():
            yield from _runnable(item)
    elif isinstance(value, list):
        for item in value:
            yield from _runnable(item)


def _openai(base_url: str) -> Any:
    import openai

    return openai.OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=30)


def _anthropic(base_url: str) -> Any:
    import anthropic

    return anthropic.Anthropic(base_url=base_url, api_key="none", max_retries=0, timeout=30)


def _chat(client: Any, **more: Any) -> Any:
    return client.chat.completions.create(
        model="scripted",
        messages=[{"role": "user", "content": _SAID}],
        tools=[{"type": "function", "function": {"name": CANARY, "parameters": _SCHEMA}}],
        **more,
    )


def _responses(client: Any, **more: Any) -> Any:
    tool = {"type": "function", "name": CANARY, "parameters": _SCHEMA, "strict": False}
    return client.responses.create(model="scripted", input=_SAID, tools=[tool], store=False, **more)


def _messages(client: Any, **more: Any) -> Any:
    return client.messages.create(
        model="scripted",
        max_tokens=100,
        messages=[{"role": "user", "content": _SAID}],
        tools=[{"name": CANARY, "input_schema": _SCHEMA}],
        **more,
    )


def _ways(sdk: str, api: str, connect: Callable[[str], Any], ask: Callable[..., Any]) -> tuple[Way, Way]:
    def whole(client: Any) -> Iterable[Any]:
        return [ask(client)]

    def streamed(client: Any) -> Iterable[Any]:
        with ask(client, stream=True) as events:
            yield from events

    return Way(sdk, api, False, connect, whole), Way(sdk, api, True, connect, streamed)


WAYS: tuple[Way, ...] = (
    *_ways("openai", "Chat Completions", _openai, _chat),
    *_ways("openai", "Responses", _openai, _responses),
    *_ways("anthropic", "Messages", _anthropic, _messages),
)
"""All ways that are gated."""
