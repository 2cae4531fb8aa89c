"""Chat models that put the rules into every request, whoever sends it: an agent, a graph, a sub-agent, a summariser.

A pinned model is a copy of the model, of a subclass of its own class, so that whatever asks for its class goes on as ever. The
rules are added where LangChain calls the provider: behind its caches, callbacks and histories, which never hold them.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, SystemMessage
from langchain_core.runnables import RunnableBinding
from langchain_core.runnables.config import ensure_config

from pinnedrules.framework import Asked, Framework, Later
from pinnedrules_adapters.langchain_messages import chat_request, turn_of, with_system

__all__ = ["Models", "conversation", "session_of"]

M = TypeVar("M")
_PLACES = (
    "_generate",
    "_agenerate",
    "_stream",
    "_astream",
    "_stream_chat_model_events",
    "_astream_chat_model_events",
)
conversation: contextvars.ContextVar[str] = contextvars.ContextVar("pinnedrules conversation", default="")
"""The name of the conversation that the model is asked in, where an agent knows it."""
_asking: contextvars.ContextVar[object] = contextvars.ContextVar("pinnedrules model call", default=None)
"""The pinned model that is being asked."""


def session_of(framework: Framework, config: Any = None) -> contextlib.AbstractContextManager[None]:
    """Return the session of the thread that *config* (default: that of the run under way) names."""
    return framework.session(_thread(config))


def _thread(config: Any) -> str:
    thread = ((config or ensure_config()).get("configurable") or {}).get("thread_id")
    return "" if thread is None else str(thread)


@dataclass(frozen=True)
class _Place:
    """What a pinned model belongs to: a guard's place, and the conversation that all its requests of one thread are in."""

    framework: Framework
    conversation: str


class Models:
    """Makes pinned models for one guard. Thread-safe; a class is made once."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        self._classes: dict[tuple[type, str], type] = {}

    def pinned(self, model: M, name: str = "") -> M:
        """Return *model* pinned; one that is already comes back as it is. Raises TypeError for what is no chat model.

        All requests of the copy that fall in one thread are one conversation, if it has a *name*.
        """
        found: Any = model
        if isinstance(found, RunnableBinding):
            return cast(M, found.model_copy(update={"bound": self.pinned(found.bound, name)}))
        if not isinstance(found, BaseChatModel):
            raise TypeError(
                f"a {type(found).__name__} is no chat model whose requests could carry the rules; make the model first "
                "(init_chat_model with a fixed model, no configurable fields), then pin it"
            )
        kind = type(found)
        if kind in self._classes.values():
            return model
        copy = found.model_copy()
        object.__setattr__(copy, "__class__", self._class_for(kind, name))
        return cast(M, copy)

    def _class_for(self, kind: type[BaseChatModel], conversation: str) -> type:
        made = self._classes.get((kind, conversation))
        if made is None:
            places = {
                name: _REPLACED[name](getattr(kind, name), _Place(self._framework, conversation))
                for name in _PLACES
                if getattr(kind, name, None) is not getattr(BaseChatModel, name, None)
            }
            words = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
            make: Any = type(kind)
            made = self._classes.setdefault((kind, conversation), make(kind.__name__, (kind,), {**words, **places}))
        return made


class _Turn:
    """One request of a pinned model. A model that calls itself (to stream, for example) makes one request.

    It is entered for each step of a stream, so that nothing that the reader of the stream does falls under it. *settings* are
    those of the call; where the rules do not go into a message, they go in there.
    """

    def __init__(self, place: _Place, model: BaseChatModel, settings: Any, *, stream: bool) -> None:
        self._place, self._model, self._settings, self._stream = place, model, settings, stream
        self._asked: Asked | None = None
        self._nested = _asking.get() is model
        self._steps = contextlib.ExitStack()

    def __enter__(self) -> None:
        self._steps.enter_context(session_of(self._place.framework))
        token = _asking.set(self._model)
        self._steps.callback(_asking.reset, token)

    def __exit__(self, *error: object) -> None:
        self._steps.close()

    def ask(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        if self._nested:
            return messages
        self._asked = self._call(messages).result()
        return self._placed(messages)

    async def aask(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        if self._nested:
            return messages
        self._asked = await self._call(messages)
        return self._placed(messages)

    def check_stop(self) -> None:
        if self._asked is not None:
            self._place.framework.check_stop(self._asked)

    def _call(self, messages: Sequence[BaseMessage]) -> Later[Asked]:
        model = self._model
        name = str(getattr(model, "model_name", "") or getattr(model, "model", "") or model._llm_type)
        settings = {**(getattr(model, "model_kwargs", None) or {}), **self._settings}
        shown: Sequence[BaseMessage] = messages
        if self._separate:
            shown = [SystemMessage(content=str(settings.get("instructions") or "")), *messages]
        request = chat_request(name, shown, settings, stream=self._stream)
        named = conversation.get()
        if not named and self._place.conversation:
            named = f"{_thread(None)} {self._place.conversation}"
        return self._place.framework.model_call(request, conversation=named, turn=turn_of(messages))

    def _placed(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        assert self._asked is not None
        if not self._asked.text:
            return messages
        if self._separate:
            self._settings["instructions"] = self._asked.text
            return messages
        return with_system(messages, self._asked.text)

    @property
    def _separate(self) -> bool:
        """True for OpenAI's Responses API: of a conversation the provider keeps the messages, never the instructions."""
        uses = getattr(self._model, "_use_responses_api", None)
        return bool(uses is not None and uses(self._settings))


def _generate(method: Callable[..., Any], place: _Place) -> Callable[..., Any]:
    def pinned(self: BaseChatModel, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        with (turn := _Turn(place, self, kwargs, stream=False)):
            shown = turn.ask(messages)
            found = method(self, shown, *args, **kwargs)
            turn.check_stop()
            return found

    return pinned


def _agenerate(method: Callable[..., Any], place: _Place) -> Callable[..., Any]:
    async def pinned(self: BaseChatModel, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Any:
        with (turn := _Turn(place, self, kwargs, stream=False)):
            shown = await turn.aask(messages)
            found = await method(self, shown, *args, **kwargs)
            turn.check_stop()
            return found

    return pinned


def _stream(method: Callable[..., Any], place: _Place) -> Callable[..., Any]:
    def pinned(self: BaseChatModel, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[Any]:
        with (turn := _Turn(place, self, kwargs, stream=True)):
            shown = turn.ask(messages)
            chunks = method(self, shown, *args, **kwargs)
        with contextlib.closing(chunks):
            while True:
                with turn:
                    chunk = next(chunks, turn)
                    turn.check_stop()
                if chunk is turn:
                    return
                yield chunk

    return pinned


def _astream(method: Callable[..., Any], place: _Place) -> Callable[..., Any]:
    async def pinned(self: BaseChatModel, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        with (turn := _Turn(place, self, kwargs, stream=True)):
            shown = await turn.aask(messages)
            chunks = method(self, shown, *args, **kwargs)
        async with contextlib.aclosing(chunks):
            while True:
                with turn:
                    chunk = await anext(chunks, turn)
                    turn.check_stop()
                if chunk is turn:
                    return
                yield chunk

    return pinned


_REPLACED = {
    "_generate": _generate,
    "_agenerate": _agenerate,
    "_stream": _stream,
    "_astream": _astream,
    "_stream_chat_model_events": _stream,
    "_astream_chat_model_events": _astream,
}
