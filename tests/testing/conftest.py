"""A scripted provider with clients of both SDKs, closed after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import anthropic
import openai
import pytest

from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Model, Reply, Script


@dataclass(frozen=True)
class Line:
    """A provider and one client of each SDK that do not retry."""

    provider: ScriptedProvider
    openai: openai.OpenAI
    anthropic: anthropic.Anthropic


Connect = Callable[..., Line]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a function that serves a model, or a sequence of replies."""
    with ExitStack() as stack:

        def line(*replies: Reply, model: Model | None = None, key: str | None = None, retries: int = 0) -> Line:
            provider = stack.enter_context(ScriptedProvider(model or Script(replies), key=key))
            return Line(
                provider,
                stack.enter_context(
                    openai.OpenAI(base_url=provider.openai_url, api_key=key or "any", max_retries=retries)
                ),
                stack.enter_context(
                    anthropic.Anthropic(base_url=provider.url, api_key=key or "any", max_retries=retries)
                ),
            )

        yield line
