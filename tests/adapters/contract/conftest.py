"""Runs the contract against every way of every framework that is installed, sync, async and streamed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from tests.adapters.contract.harness import MODES, Harness, Mode

_WAYS = {"langgraph": "tests.adapters.langchain.agents"}


def _harnesses() -> list[Any]:
    return [one for needs, module in _WAYS.items() if find_spec(needs) for one in import_module(module).HARNESSES]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that asks for them every harness and every mode."""
    if "harness" in metafunc.fixturenames:
        metafunc.parametrize("harness", _harnesses(), ids=lambda one: one.name)
    if "mode" in metafunc.fixturenames:
        metafunc.parametrize("mode", MODES)


__all__ = ["Harness", "Mode"]
