"""A sidecar that serves one session only, as ``pinnedrules run`` makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from pinnedrules import Guard
from pinnedrules.hosts.sidecar.serving import Serving
from pinnedrules.hosts.sidecar.upstreams import Upstream, Upstreams
from pinnedrules.testing import Reply, ScriptedProvider, recorded


@pytest.mark.parametrize("path", ["/s/other", "", "/s/mine"])
def test_an_agent_cannot_leave_its_session_by_another_base_url(path: str, pinned_guard: Callable[..., Guard]) -> None:
    """Invariant 5: whoever has the token has it for this session, whatever name stands in the URL or in a header."""
    guard = pinned_guard("version: 1\nrules: [{id: r, text: Be kind., on: none_such, then: ask}]\n")
    body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    with ScriptedProvider(lambda seen: Reply("ok")) as provider:
        upstreams = Upstreams(Upstream(provider.openai_url), Upstream(provider.url))
        with Serving(guard, upstreams=upstreams, session="mine") as sidecar:
            url = f"{sidecar.url}/t/{sidecar.token}{path}/v1/chat/completions"
            answer = httpx2.post(url, json=body, headers={"x-pinnedrules-session": "another"})

    assert answer.status_code == 200
    assert {request.session for request in recorded(guard).requests} == {"mine"}
