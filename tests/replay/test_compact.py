"""The naive compactor keeps the wire valid and the user's words not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.replay.traces import SEARCH, WORDING, chat, messages

from pinnedrules.replay.bodies import calls_in, texts
from pinnedrules.replay.compact import compact

turns = st.lists(st.lists(st.just(SEARCH), min_size=1, max_size=3), min_size=1, max_size=12)


def weigh(message: dict[str, Any]) -> int:
    return sum(map(len, texts(message)))


def results_in(message: dict[str, Any]) -> list[str]:
    if message["role"] == "tool":
        return [message["tool_call_id"]]
    content = message["content"] if isinstance(message.get("content"), list) else []
    return [block["tool_use_id"] for block in content if block["type"] == "tool_result"]


@given(turns, st.integers(1, 500), st.booleans())
def test_no_result_stands_without_its_call(made: list[list[Any]], budget: int, anthropic: bool) -> None:
    """Whatever is dropped, every result follows its call, as both providers demand."""
    history = (messages if anthropic else chat)(made)[:-1]

    open_calls: set[str] = set()
    for message in compact(history, budget, weigh):
        assert set(results_in(message)) <= open_calls
        open_calls |= {call for call, _ in calls_in(message)}


@given(turns, st.integers(1, 2000), st.booleans())
def test_the_end_stays_and_something_goes(made: list[list[Any]], budget: int, anthropic: bool) -> None:
    """The last turn is always kept; a history that changed is shorter and says so in one summary."""
    history = (messages if anthropic else chat)(made)[:-1]

    found = compact(history, budget, weigh)

    assert found[-1] == history[-1]
    if found != history:
        assert len(found) < len(history)
        assert sum("Summary:" in text for message in found for text in texts(message)) == 1


def test_the_first_words_are_lost_and_the_system_prompt_kept() -> None:
    """Like real ones: the system prompt stays, and what the user said first is gone."""
    found = compact(chat([[SEARCH]] * 6, filler="x" * 200), 100, weigh)

    assert found[0] == {"role": "system", "content": "You help."}
    assert "search 6 times" in found[1]["content"] or "search 5 times" in found[1]["content"]
    assert WORDING not in str(found)


def test_what_cannot_get_shorter_stays() -> None:
    """A history of one turn is left as it is."""
    history = chat([])[:2]

    assert compact(history, 1, weigh) == history


def test_a_history_without_calls_says_no_tools() -> None:
    """The summary of mere talk says that no tool was used."""
    history = [{"role": role, "content": "x" * 100} for role in ("user", "assistant", "user", "assistant")]

    assert "no tools" in compact(history, 10, weigh)[0]["content"]
