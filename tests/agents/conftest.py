"""Which agents are run: the trio, all of them with ``AGENTS=all``; one that is not installed is skipped, in CI failed."""

from __future__ import annotations

import os

import pytest
from tests.agents.adapters import OTHERS, TRIO, Agent
from tests.agents.install import ready

_CHOSEN = (*TRIO, *OTHERS) if os.environ.get("AGENTS") == "all" else TRIO


@pytest.fixture(params=_CHOSEN, ids=str)
def agent(request: pytest.FixtureRequest) -> Agent:
    """Every agent in turn."""
    found: Agent = request.param
    if not ready(found.which):
        why = f"{found.name} is not installed: make agents-install"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found
