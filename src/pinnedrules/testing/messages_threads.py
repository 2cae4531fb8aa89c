"""Messages threads (beta ``message-threads-2026-08-12``): the provider keeps the conversation between requests.

A request with ``thread: {type: create}`` names its answer's id for the thread; one with ``{type: continue,
previous_message_id}`` sends only what is new and may not repeat ``system`` or ``tools``. The error codes are those that
anthropic-sdk-python 2.12 answers by sending everything anew (``lib/threads/_thread_state.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pinnedrules.testing.messages import Messages
from pinnedrules.testing.script import Reply
from pinnedrules.testing.shapes import Problem, Shown, Turn

__all__ = ["Threaded"]

_GIVEN_ONCE = ("system", "tools")


class Threaded(Messages):
    """Messages with threads. ``forget`` loses them all, as the service does after a few minutes."""

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._held: dict[str, dict[str, Any]] = {}
        self._continued: set[str] = set()

    def forget(self) -> None:
        """Lose every thread."""
        self._held.clear()

    def problem(self, body: Mapping[str, Any]) -> Problem | None:
        """Return the first reason to refuse *body*, with what it continues."""
        previous = _previous(body)
        if previous is None:
            return super().problem(body)
        repeated = [key for key in _GIVEN_ONCE if key in body]
        if repeated:
            return Problem(f"thread: {repeated[0]} is taken from the thread and cannot be sent on a continue")
        if previous not in self._held:
            return _rejected("thread_not_found", f"No thread ends with the message {previous!r}.")
        if previous in self._continued:
            return _rejected("thread_already_continued", f"The thread has gone on from the message {previous!r}.")
        return super().problem(self._whole(body))

    def shown(self, body: Mapping[str, Any]) -> Shown:
        """Return texts, calls and tools, those of the thread included."""
        return super().shown(self._whole(body))

    def json(self, reply: Reply, turn: Turn) -> bytes:
        """Return a ``message`` object, and keep the conversation if the request wants that."""
        whole = replace(turn, body=self._whole(turn.body))
        answer = super().json(reply, whole)
        self._keep(whole, turn, answer)
        return answer

    def frames(self, reply: Reply, turn: Turn) -> list[bytes]:
        """Return the named events, and keep the conversation if the request wants that."""
        whole = replace(turn, body=self._whole(turn.body))
        self._keep(whole, turn, super().json(reply, whole))
        return super().frames(reply, whole)

    def _whole(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        held = self._held.get(_previous(body) or "")
        if held is None:
            return body
        return {**body, **held, "messages": [*held["messages"], *body["messages"]]}

    def _keep(self, whole: Turn, turn: Turn, answer: bytes) -> None:
        if turn.body.get("thread") is None:
            return
        try:
            message = json.loads(answer)
        except ValueError:
            return  # arguments that are no JSON; the service would not have them either
        once = {key: whole.body[key] for key in _GIVEN_ONCE if key in whole.body}
        history = [*whole.body["messages"], {"role": "assistant", "content": message["content"]}]
        self._held[message["id"]] = {**once, "messages": history}
        previous = _previous(turn.body)
        if previous is not None:
            self._continued.add(previous)


def _previous(body: Mapping[str, Any]) -> str | None:
    thread = body.get("thread")
    return thread.get("previous_message_id") if isinstance(thread, dict) and thread.get("type") == "continue" else None


def _rejected(code: str, message: str) -> Problem:
    return Problem(message, details={"error_code": code})
