"""What the provider says about prefixes that moved and about its prompt cache."""

from __future__ import annotations

from typing import Any

import pytest
from tests.testing.conftest import Connect

from pinnedrules.testing.asserts import assert_prefix_stable, assert_seen_in_every_request
from pinnedrules.testing.history import History, Moved
from pinnedrules.testing.script import Reply


def _says(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": text}


FIRST = [_says("user", "one")]
SECOND = [*FIRST, _says("assistant", "two"), _says("user", "three")]


def test_a_conversation_that_only_grows_has_not_moved() -> None:
    """Extending a history under the same system text and tools is stable, whatever the cache marks."""
    history = History()
    history.add(0, {"system": "S", "messages": FIRST})
    marked = [{"role": "user", "content": [{"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}]}]

    known = history.add(1, {"system": [{"type": "text", "text": "S"}], "messages": [*marked, *SECOND[1:]]})

    assert (history.moved("extended"), history.moved("rewritten")) == ((), ())
    assert known > 0


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"system": "S2", "messages": SECOND}, "system"),
        ({"system": "S", "tools": [{"name": "f"}], "messages": SECOND}, "tools"),
        ({"system": "S", "messages": [_says("developer", "new"), *SECOND]}, "messages/0"),
    ],
)
def test_a_changed_prefix_is_named(body: dict[str, Any], where: str) -> None:
    """A request that goes on with a conversation under other instructions or tools is reported with the
    first difference.
    """
    history = History()
    history.add(0, {"system": "S", "messages": FIRST})

    history.add(1, body)

    assert history.moved("extended") == (Moved("extended", 0, 1, where),)


def test_an_instruction_that_disappears_is_named() -> None:
    """A system message that stood at the end of an earlier request and is gone later is reported."""
    history = History()
    history.add(0, {"messages": [*FIRST, _says("system", "late")]})

    history.add(1, {"messages": FIRST})

    assert history.moved("extended") == (Moved("extended", 0, 1, "messages/1"),)


def test_a_rewritten_history_is_told_apart() -> None:
    """The same first turn followed by other turns is a rewrite; another first turn is a new conversation."""
    history = History()
    history.add(0, {"messages": SECOND})
    history.add(1, {"messages": [*FIRST, _says("assistant", "a summary")]})
    history.add(2, {"messages": [_says("user", "else")]})

    assert history.moved("rewritten") == (Moved("rewritten", 0, 1, "messages/1"),)
    assert history.moved("extended") == ()


def test_the_longest_history_is_the_one_that_is_gone_on_with() -> None:
    """A request is compared with the longest earlier request that it extends."""
    history = History()
    history.add(0, {"system": "A", "messages": FIRST})
    history.add(1, {"system": "B", "messages": SECOND})

    history.add(2, {"system": "B", "messages": [*SECOND, _says("assistant", "four")]})

    assert [moved.later for moved in history.moved("extended")] == [1]


def test_cached_tokens_are_what_was_sent_before(connect: Connect) -> None:
    """Usage counts the shared prefix as cached; Anthropic only when the request has a cache mark."""
    line = connect(*[Reply("ok")] * 5)
    long: Any = _says("user", "word " * 400)
    history: Any = [long, _says("assistant", "ok"), _says("user", "more")]
    asked: Any = ([long], history)
    chat = [line.openai.chat.completions.create(model="m", messages=each) for each in asked]
    mark = {"type": "ephemeral"}
    marked: Any = [{"type": "text", "text": "S" * 400, "cache_control": mark}]
    sent: Any = (("S" * 400, [long]), (marked, [_says("user", "new")]), (marked, history))
    plain, fresh, warm = (
        line.anthropic.messages.create(model="c", max_tokens=9, system=system, messages=messages)
        for system, messages in sent
    )

    cached = [answer.usage.prompt_tokens_details.cached_tokens for answer in chat]  # type: ignore[union-attr]
    assert cached[0] == 0
    assert cached[1] is not None
    assert cached[1] > 400
    assert plain.usage.cache_read_input_tokens == 0
    assert (fresh.usage.cache_creation_input_tokens or 0) > 0
    assert (warm.usage.cache_read_input_tokens or 0) > 100


def test_the_asserts_say_what_is_wrong(connect: Connect) -> None:
    """The helpers pass on a good run, and name the request and the reason on a bad one."""
    line = connect(*[Reply("ok")] * 3)
    with pytest.raises(AssertionError, match="shown no request"):
        assert_seen_in_every_request(line.provider, "Rules.")
    for system in ("Rules.", "Rules.", "Other."):
        line.anthropic.messages.create(
            model="c", max_tokens=9, system=system, messages=[{"role": "user", "content": "hi"}]
        )

    with pytest.raises(AssertionError, match="request 2 differs from 1 in system"):
        assert_prefix_stable(line.provider)
    with pytest.raises(AssertionError, match="request 2 holds it 0 times"):
        assert_seen_in_every_request(line.provider, "Rules.")
    assert line.provider.rewritten_histories == ()
    assert_seen_in_every_request(line.provider, "hi")
