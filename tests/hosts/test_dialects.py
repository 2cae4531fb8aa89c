"""What one API has that the others do not: several choices, toolsets, callers at the provider, line ends of a stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hosts.surfaces import CHAT_TOOLS, KINDS, MESSAGE_TOOLS, SURFACES, make_client, run
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.testing.asserts import assert_all_accepted, assert_pinned
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import ProposedCall, Reply, Script

USER: list[Any] = [{"role": "user", "content": "tidy"}]
DELETE = ProposedCall("delete_mail", {"id": "7"})
ARCHIVE = ProposedCall("archive", {"id": "8"})
SENTENCE = "Never delete before the owner confirms."

EACH = pytest.mark.parametrize("kind", KINDS)
CHAT = pytest.mark.parametrize("kind", ["openai", "openai async"])
CLAUDE = pytest.mark.parametrize("kind", ["anthropic", "anthropic async"])
STREAM = pytest.mark.parametrize("stream", [False, True], ids=["json", "stream"])


def done(kind: str, client: Any, ask: Callable[[Any], Any], *, stream: bool) -> list[Any]:
    """Ask on a client of either kind; return the answer, or all its chunks or events, and close the client."""

    async def main() -> list[Any]:
        async with client:
            answer = await ask(client)
            return [each async for each in answer] if stream else [answer]

    if kind.endswith("async"):
        return asyncio.run(main())
    with client:
        answer = ask(client)
        return list(answer) if stream else [answer]


# -- every streamed API ------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("size", [1, 3, 7, 4096])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_a_stream_is_read_alike_with_any_line_end_in_any_pieces(
    kind: str, size: int, end: bytes, way: Way, guard: Guard
) -> None:
    """The specification of event streams has three line ends; none of them hides a call."""
    surface = SURFACES[kind.split()[0]][1]
    with ScriptedProvider(Script([Reply("Two.", calls=[DELETE, ARCHIVE])])) as provider:
        run(surface, make_client(kind, provider), USER)
        data = bytes(provider.requests[0].answer)
    reply = Reply(raw=data.replace(b"\n", end), content_type="text/event-stream", chunk_bytes=size)
    with ScriptedProvider(Script([reply])) as provider:
        turn = run(surface, way.client(kind, provider, guard), USER)

    assert [name for name, _ in turn.calls] == ["archive"]
    assert SENTENCE in turn.text


# -- Chat Completions --------------------------------------------------------------------------------------------------


@CHAT
@STREAM
def test_every_one_of_several_choices_is_gated(kind: str, stream: bool, way: Way, guard: Guard) -> None:
    """``n``: the choices of a stream come interleaved, and each has its own calls."""
    reply = Reply("A", calls=[DELETE], more_choices=[Reply("B", calls=[ARCHIVE]), Reply("C", calls=[ARCHIVE, DELETE])])
    with ScriptedProvider(Script([reply])) as provider:
        seen = done(
            kind,
            way.client(kind, provider, guard),
            lambda c: c.chat.completions.create(model="m", messages=USER, tools=CHAT_TOOLS, n=3, stream=stream),
            stream=stream,
        )

    calls: dict[int, list[str]] = {0: [], 1: [], 2: []}
    ends: dict[int, str | None] = {}
    for chunk in seen:
        for choice in chunk.choices:
            said = choice.delta if stream else choice.message
            calls[choice.index] += [call.function.name for call in said.tool_calls or () if call.function.name]
            ends[choice.index] = choice.finish_reason or ends.get(choice.index)
    assert calls == {0: [], 1: ["archive"], 2: ["archive"]}
    assert ends == {0: "stop", 1: "tool_calls", 2: "tool_calls"}
    assert len(provider.seen) == 1
    assert_pinned(provider, guard)


@CHAT
@STREAM
@pytest.mark.parametrize("old", ["custom", "legacy"])
def test_custom_and_legacy_calls_are_calls(kind: str, stream: bool, old: Any, way: Way, guard: Guard) -> None:
    """A free text for a tool, and the former ``function_call``, are held like any other."""
    call = ProposedCall("delete_mail", "7" if old == "custom" else {"id": "7"}, kind=old)
    with ScriptedProvider(Script([Reply("x", calls=[call]), Reply("ok")])) as provider:
        seen = done(
            kind,
            way.client(kind, provider, guard),
            lambda c: c.chat.completions.create(model="m", messages=USER, stream=stream),
            stream=stream,
        )

    assert '"delete_mail"' not in "".join(each.model_dump_json() for each in seen)
    assert len(provider.requests) == 2
    assert_all_accepted(provider)


# -- Messages ----------------------------------------------------------------------------------------------------------

DESK = """\
version: 1
default: {read: allow, other: ask}
tools:
  computer.screenshot: read
  browser.get_page_text: read
rules:
  - {id: no-click, text: Click nowhere., on: [computer.left_click, browser.left_click], then: deny}
"""


def member(ident: str, family: str, name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": ident, "toolset_name": family, "name": name, "input": given}


@CLAUDE
@STREAM
@pytest.mark.parametrize("family", ["computer", "browser"])
def test_a_member_of_a_toolset_is_decided_by_its_whole_name(
    kind: str, stream: bool, family: str, way: Way, tmp_path: Path
) -> None:
    """``left_click`` alone belongs to nobody: rules name ``computer.left_click``."""
    path = tmp_path / "desk.yaml"
    path.write_text(DESK, encoding="utf-8")
    looks = {"computer": "screenshot", "browser": "get_page_text"}[family]
    blocks = [member("toolu_c", family, "left_click", coordinate=[1, 2]), member("toolu_s", family, looks)]
    tools = [{"type": f"{family}_toolset_20260801", "display_width_px": 9, "display_height_px": 9}]
    with (
        Guard(path, approver="tickets", quiet=True) as guard,
        ScriptedProvider(Script([Reply("", blocks=blocks, finish="tool_use")])) as provider,
    ):
        seen = done(
            kind,
            way.client(kind, provider, guard),
            lambda c: c.messages.create(
                model="m", max_tokens=9, messages=USER, stream=stream, extra_body={"tools": tools}
            ),
            stream=stream,
        )

    text = "".join(each.model_dump_json(warnings=False) for each in seen)
    assert "toolu_c" not in text
    assert "Click nowhere." in text
    assert "toolu_s" in text
    assert_pinned(provider, guard)


@CLAUDE
@STREAM
def test_a_call_by_a_program_at_the_provider_is_a_call(kind: str, stream: bool, way: Way, guard: Guard) -> None:
    """``allowed_callers``: code that runs at the provider calls functions of ours, and each such call is held."""
    caller = {"type": "code_execution_20260120", "tool_id": "srvtoolu_1"}
    blocks = [
        {"type": "tool_use", "id": "toolu_d", "name": "delete_mail", "input": {"id": "7"}, "caller": caller},
        {"type": "tool_use", "id": "toolu_a", "name": "archive", "input": {"id": "8"}, "caller": caller},
    ]
    with ScriptedProvider(Script([Reply("", blocks=blocks, finish="tool_use")])) as provider:
        seen = done(
            kind,
            way.client(kind, provider, guard),
            lambda c: c.messages.create(model="m", max_tokens=9, messages=USER, tools=MESSAGE_TOOLS, stream=stream),
            stream=stream,
        )

    text = "".join(each.model_dump_json(warnings=False) for each in seen)
    assert "toolu_d" not in text
    assert SENTENCE in text
    assert "toolu_a" in text
    assert "srvtoolu_1" in text
