"""A rewrite that happens across a restart is still seen, with a wrapped client and through the sidecar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.hosts.ways import Way

from pinnedrules import Guard
from pinnedrules.evidence.reader import read
from pinnedrules.testing.provider import ScriptedProvider
from pinnedrules.testing.script import Reply

SUMMARY = {"role": "user", "content": "Summary of the conversation so far: the inbox is being tidied."}


def talk(count: int) -> list[Any]:
    found: list[Any] = [{"role": "user", "content": "tidy the inbox and do not forget what I said about mails"}]
    for n in range(count):
        found += [
            {"role": "assistant", "content": f"this is answer number {n} of them"},
            {"role": "user", "content": f"and what of question number {n} then"},
        ]
    return found


def asked(guard: Guard, way: Way, provider: ScriptedProvider, messages: list[Any]) -> None:
    """Send one request of the session "inbox"; the sidecar takes its name from a header."""
    client = way.client("openai", provider, guard)
    headers = {"x-pinnedrules-session": "inbox"}
    with guard.session("inbox"):
        client.chat.completions.create(model="gpt", messages=messages, extra_headers=headers)
    guard.close()


def compactions(guard: Guard) -> list[Any]:
    return [line["body"] for line in read(guard.folder.log) if line["type"] == "compaction"]


@pytest.mark.api("openai")
def test_a_rewrite_across_a_restart_is_recorded(way: Way, make_guard: Callable[..., Guard]) -> None:
    """A restart keeps the lineage: two guards, one after the other, on one store."""
    with ScriptedProvider(lambda seen: Reply("ok")) as provider:
        asked(make_guard(), way, provider, talk(8))
        again = make_guard()
        asked(again, way, provider, [SUMMARY, *talk(8)[-5:]])
    (body,) = compactions(again)
    # A wrapped client puts the block in as a message before the request is looked at, the sidecar behind that.
    assert (body["kind"], body["messages_before"] - body["messages_after"]) == ("client", 11)
    assert b"inbox" not in again.folder.lineages.read_bytes().replace(b'"inbox"', b"")


@pytest.mark.api("openai")
def test_a_conversation_that_goes_on_after_a_restart_is_no_compaction(
    way: Way, make_guard: Callable[..., Guard]
) -> None:
    """And it keeps its name."""
    with ScriptedProvider(lambda seen: Reply("ok")) as provider:
        asked(make_guard(), way, provider, talk(8))
        again = make_guard()
        asked(again, way, provider, talk(9))
    assert not compactions(again)
    lines = [line for line in read(again.folder.log) if line["type"] == "request"]
    assert [line["body"]["change"] for line in lines] == ["new", "extended"]  # type: ignore[index]
    assert len({line["conversation"] for line in lines}) == 1
