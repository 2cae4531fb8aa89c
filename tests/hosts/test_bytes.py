"""What is allowed, and what the provider ran itself, arrives as the provider wrote it, to the byte."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.hosts.surfaces import CHAT_TOOLS, KINDS, MESSAGE_TOOLS
from tests.hosts.surfaces_responses import RESPONSE_TOOLS
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

DELETE = ProposedCall("delete_mail", {"id": "7"}, id="call_delete")
# A number beyond 64 bits, a float with a zero, an escape that need not be one: none survives being parsed and written.
EXACT = ProposedCall("archive", '{"id" : "\\u0061\\u00e9",  "n": 18446744073709551617, "f": 1.50}')
USER: list[Any] = [{"role": "user", "content": "tidy"}]

MESSAGES: list[dict[str, Any]] = [
    {"type": "redacted_thinking", "data": "c2VjcmV0"},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "é \u2028 x"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": [
            {
                "type": "web_search_result",
                "url": "https://x",
                "title": "X",
                "encrypted_content": "ZQ==",
                "page_age": None,
            }
        ],
    },
    {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "get", "server_name": "crm", "input": {"n": 1.0}},
    {
        "type": "mcp_tool_result",
        "tool_use_id": "mcptoolu_1",
        "is_error": False,
        "content": [{"type": "text", "text": "1"}],
    },
    {"type": "compaction", "content": "tidy the inbox"},
    {"type": "a_block_of_next_year", "big": 18446744073709551617},
]
RESPONSES: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "é"}},
    {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["x"], "results": None},
    {
        "type": "code_interpreter_call",
        "id": "ci_1",
        "status": "completed",
        "code": "1",
        "container_id": "c",
        "outputs": [],
    },
    {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "crm", "tools": []},
    {
        "type": "mcp_call",
        "id": "mcp_1",
        "server_label": "crm",
        "name": "get",
        "arguments": '{"n":1.0}',
        "output": "1",
        "error": None,
    },
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "c2VjcmV0"},
]


def ask(kind: str, client: Any, stream: bool) -> Any:
    """Return the manager of an answer's bytes."""
    place: Any
    asked: dict[str, Any]
    if kind.startswith("openai"):
        place, asked = client.chat.completions, {"messages": USER, "tools": CHAT_TOOLS}
    elif kind.startswith("responses"):
        place, asked = client.responses, {"input": USER, "tools": RESPONSE_TOOLS}
    else:
        place, asked = client.messages, {"messages": USER, "tools": MESSAGE_TOOLS, "max_tokens": 99}
    return place.with_streaming_response.create(model="m", stream=stream, **asked)


def answer(kind: str, client: Any, stream: bool) -> bytes:
    """Return the bytes of an answer, with either kind of client."""

    async def main() -> bytes:
        try:
            async with ask(kind, client, stream) as response:
                found: bytes = await response.read()
                return found
        finally:
            await client.close()

    if kind.endswith("async"):
        return asyncio.run(main())
    with ask(kind, client, stream) as response:
        found: bytes = response.read()
    return found


def blocks(kind: str) -> list[dict[str, Any]]:
    return {"anthropic": MESSAGES, "responses": RESPONSES}.get(kind.split()[0], [])


def pieces(kind: str, data: bytes, stream: bool) -> list[bytes]:
    """Return the frames of a stream, or the blocks of an answer as they are written."""
    if stream:
        return data.split(b"\n\n")
    found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    raw = found["output" if kind.startswith("responses") else "content"]
    return [bytes(each) for each in msgspec.json.decode(raw, type=list[msgspec.Raw])]


EACH = pytest.mark.parametrize("kind", KINDS)
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


@EACH
@STREAM
@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
def test_an_answer_without_a_refusal_is_the_providers_own(
    kind: str, stream: bool, crlf: bool, way: Way, make_guard: Callable[..., Guard]
) -> None:
    """Invariant 8, with everything that a provider runs itself beside an allowed call."""
    # In monitor mode, because the arguments are odd in order to be hard to copy.
    guard = make_guard(mode="monitor")
    reply = Reply("Archiving.", calls=[EXACT], blocks=blocks(kind), crlf=crlf)
    with ScriptedProvider(Script([reply])) as provider:
        found = answer(kind, way.client(kind, provider, guard), stream)

    assert found == bytes(provider.requests[0].answer)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("openai")])
@STREAM
def test_beside_a_refused_call_the_rest_is_the_providers_own(
    kind: str, stream: bool, way: Way, make_guard: Callable[..., Guard]
) -> None:
    """Only the refused call is another one; what the provider ran stays signed, paired and byte-identical."""
    guard = make_guard(on_denied="end")
    reply = Reply("Gone.", calls=[DELETE], blocks=blocks(kind))
    with ScriptedProvider(Script([reply])) as provider:
        found = answer(kind, way.client(kind, provider, guard), stream)
    said = bytes(provider.requests[0].answer)

    before = next(number for number, piece in enumerate(pieces(kind, said, stream)) if b"call_delete" in piece)
    assert before > len(blocks(kind))
    assert pieces(kind, found, stream)[:before] == pieces(kind, said, stream)[:before]
    assert b"call_delete" not in found
