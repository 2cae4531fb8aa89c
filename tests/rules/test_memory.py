"""What is remembered of names and texts takes bounded room, and changes no answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.making import EMPTY, NOW, rules

from pinnedrules.rules import bearing, builtin_tools, destinations, meta_tools, verbs
from pinnedrules.rules import sql as sql_texts
from pinnedrules.rules.decide import decide
from pinnedrules.rules.memory import ENTRIES, ROOM, SHARE, Memory, remembered
from pinnedrules.rules.predicates import amounts, marks, recipients
from pinnedrules.rules.shell import reading
from pinnedrules.types import Call


def memories() -> dict[str, Memory[Any, Any]]:
    """Return every memory of the modules that look at names and texts of a call."""
    found: dict[str, Memory[Any, Any]] = {}
    for module in (
        bearing, builtin_tools, destinations, meta_tools, verbs, sql_texts, amounts, marks, recipients, reading
    ):  # fmt: skip
        for name, value in vars(module).items():
            held = getattr(value, "__self__", value)
            if isinstance(held, Memory):
                found[f"{module.__name__}.{name}"] = held
    return found


def characters(key: object) -> int:
    """Return how many characters stand in a key of a memory."""
    return len(key) if isinstance(key, str) else sum(map(characters, key)) if isinstance(key, tuple) else 0


@given(st.lists(st.text(max_size=40)), st.integers(1, 4), st.integers(1, 60))
def test_a_memory_answers_as_the_function_does_and_stays_small(asked: list[str], entries: int, room: int) -> None:
    """Whatever is asked in whatever order: the same answers, and never more entries or characters than it says."""
    memory = Memory(str.upper, entries=entries, room=room, size=len)
    for text in asked:
        assert memory[text] == text.upper()
        assert len(memory) <= entries
        assert sum(map(len, memory)) <= room


def test_a_long_key_is_answered_and_not_kept() -> None:
    """A name that takes more than its share of the room is looked at again each time instead of being remembered."""
    asked: list[str] = []

    @remembered()
    def twice(text: str) -> str:
        asked.append(text)
        return text * 2

    long = "a" * (ROOM // SHARE + 1)
    assert [twice(long), twice(long), twice("b"), twice("b")] == [long * 2, long * 2, "bb", "bb"]
    assert asked == [long, long, "b"]


def test_names_and_texts_of_calls_leave_bounded_room_behind() -> None:
    """A model that gives every argument another name, of any length, fills no memory of this process."""
    found = rules(
        "  - {id: r, text: T., on: act, require: {recipients: {domain_in: [example.com]}}, then: allow}\n"
        "  - {id: s, text: T., on: act, require: {shell: {programs_in: [ls]}}, then: allow}\n"
        "  - {id: q, text: T., on: act, require: {sql: {statements_in: [select]}}, then: allow}\n",
        tools="{act: [execute, read]}",
    )
    for number in range(300):
        for size in (1, 100, 5_000, 50_000):
            key = f"to_{number}_" * (1 + size // 8)
            text = f"ls {number} " + "a" * size
            given = f'{{"{key}": "ann@example.com", "command": "{text}", "sql": "select {text}"}}'
            decide(found, Call("act", given), EMPTY, NOW)
            decide(found, Call(f"act_{number}" * size, "{}"), EMPTY, NOW)

    held = memories()
    assert len(held) > 15
    for name, memory in held.items():
        room = max(reading.ROOM, verbs.MAX_SAID * 1_024) if "reading" in name or "sql" in name else 1 << 19
        assert sum(map(characters, memory)) <= room, name
        assert len(memory) <= ENTRIES, name
    assert all(len(name) <= 256 for name in found.plan._memory)


@pytest.mark.parametrize("name", ["a" * 257, "a" * 1_000_000, "ａ" * 300])
def test_a_name_that_is_too_long_is_refused_without_being_remembered(name: str) -> None:
    """A tool name that nobody reads is refused each time, and takes no room."""
    found = rules("  - {id: r, text: T., on: act, then: allow}\n", tools="{act: write}")
    assert decide(found, Call(name, "{}"), EMPTY, NOW).verdict == "deny"
    assert name not in found.plan._memory
