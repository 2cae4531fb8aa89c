"""A sidecar on loopback in front of a scripted provider."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sidecar.bench import RULES, Bench

from pinnedrules import Guard
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Model


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture
def make_bench(rules: Path) -> Iterator[Callable[..., Bench]]:
    """Make a bench: a model, options of the guard, options of the serving (``keys`` for the upstreams' keys)."""
    with contextlib.ExitStack() as stack:

        def make(model: Model, *, guard: dict[str, Any] | None = None, key: str = "", **serving: Any) -> Bench:
            provider = stack.enter_context(ScriptedProvider(model))
            made = stack.enter_context(Guard(rules, **{"approver": "tickets", "quiet": True, **(guard or {})}))
            upstreams = Upstreams(Upstream(provider.openai_url, key), Upstream(provider.url, key))
            served = stack.enter_context(Serving(made, **{"upstreams": upstreams, **serving}))
            return Bench(provider, made, served)

        yield make
