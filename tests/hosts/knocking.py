"""Calls every method of a client against a recorder, and says what became of each call."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.hosts.clouds import CLOUDS, make_cloud, model_of
from tests.hosts.recorder import Knock, Recorder
from tests.hosts.using import ause, use
from tests.hosts.walk import Form, forms, places, wrapped_places

from pinnedrules.errors import Refused

__all__ = ["WRAPPERS", "Tried", "cloud_of", "make", "names_of", "plainly", "try_all"]

WRAPPERS = ("", "with_raw_response", "with_streaming_response")
_NEVER = {"close"}
_SECONDS = 3


@dataclass(frozen=True)
class Tried:
    """One call: the method's name, what arrived at the recorder, what was seen, and how it ended."""

    name: str
    knocks: tuple[Knock, ...]
    seen: str
    error: BaseException | None

    @property
    def refused(self) -> Refused | None:
        """The refusal that it ended with, however an SDK packed it."""
        return _refusal(self.error)


def make(kind: str, url: str) -> Any:
    """Return a client of this kind that asks the recorder at *url*, once, with every sort of key that there is.

    A kind is an SDK or a cloud, and ``async`` behind it.
    """
    import anthropic
    import openai

    if cloud := cloud_of(kind):
        return make_cloud(cloud, kind.removeprefix(cloud).strip(), url)
    api, _, form = kind.partition(" ")
    if api == "anthropic":
        made: Any = anthropic.AsyncAnthropic if form else anthropic.Anthropic
        return made(base_url=url, api_key="test-key", max_retries=0)
    made = openai.AsyncOpenAI if form else openai.OpenAI
    more: dict[str, Any] = {"admin_api_key": "test-key"} if hasattr(made(api_key="k"), "admin_api_key") else {}
    sockets = f"{url}/v1".replace("http", "ws")
    return made(base_url=f"{url}/v1", websocket_base_url=sockets, api_key="test-key", max_retries=0, **more)


def cloud_of(kind: str) -> str:
    """Return the cloud that clients of this kind are for, nothing for the SDKs' own providers."""
    name = kind.removesuffix(" async")
    return name if name in CLOUDS else ""


def names_of(client: Any) -> set[str]:
    """Return the names of all methods of *client* and its resources."""
    return {form[0] for name, place in places(client) for form in forms(place, name)}


@cache
def plainly(kind: str, wrapper: str = "") -> list[Tried]:
    """Return what becomes of every method of a client that is not wrapped."""
    with Recorder() as recorder:
        return try_all(kind, make(kind, recorder.url), recorder, wrapper)


def try_all(kind: str, client: Any, recorder: Recorder, wrapper: str = "") -> list[Tried]:
    """Call every method of *client*, or of its response wrapper, in every form, one after the other."""
    found = wrapped_places(client, wrapper) if wrapper else places(client)
    every = [form for name, place in found for form in forms(place, name) if form[0] not in _NEVER]
    model = model_of(cloud_of(kind))
    every = [(name, method, {**made, "model": model} if "model" in made else made) for name, method, made in every]
    with warnings.catch_warnings():
        # Much of what is walked is out of date, and all the same a door.
        warnings.simplefilter("ignore")
        if type(client).__name__.startswith("Async"):
            return asyncio.run(_atry(client, every, recorder))
        with client:
            return [_try(form, recorder) for form in every]


def _try(form: Form, recorder: Recorder) -> Tried:
    name, method, made = form
    before, seen, error = len(recorder.knocks), "", None
    try:
        seen = use(method(**made))
    except Exception as failed:  # noqa: BLE001 - however it ends is what is asked
        error = failed
    return Tried(name, tuple(recorder.knocks[before:]), seen, error)


async def _atry(client: Any, every: list[Form], recorder: Recorder) -> list[Tried]:
    tried = []
    async with client:
        for name, method, made in every:
            before, seen, error = len(recorder.knocks), "", None
            try:
                seen = await asyncio.wait_for(ause(method(**made)), _SECONDS)
            except Exception as failed:  # noqa: BLE001 - however it ends is what is asked
                error = failed
            tried.append(Tried(name, tuple(recorder.knocks[before:]), seen, error))
    return tried


def _refusal(error: BaseException | None) -> Refused | None:
    return next((each for each in _all(error) if isinstance(each, Refused)), None)


def _all(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        for each in getattr(error, "exceptions", ()):
            yield from _all(each)
        error = error.__cause__ or error.__context__
