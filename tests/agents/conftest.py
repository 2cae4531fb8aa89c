"""Which agents are run: the trio, all of them with ``AGENTS=all``; one that is not installed is skipped, in CI failed."""

from __future__ import annotations

import os

import pytest
from tests.agents.adapters import CODEX, OTHERS, TRIO, Agent
from tests.agents.install import ready

_CHOSEN = (*TRIO, *OTHERS) if os.environ.get("AGENTS") == "all" else TRIO


@pytest.fixture(params=_CHOSEN, ids=str)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Every agent in turn."""
    return _installed(request.param)


@pytest.fixture
def codex() -> Agent:
    """codex with its own provider."""
    return _installed(CODEX)


def _installed(agent: Agent) -> Agent:
    if not ready(agent.which):
        why = f"{agent.name} is not installed: make {'agents-install' if agent.which == 'trio' else 'agents'}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return agent
