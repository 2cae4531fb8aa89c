"""What came up in a session, as the store keeps it: per session, bounded, the oldest forgotten first."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinnedrules.control.store import LEARNED, Store
from pinnedrules.types import SessionId

KIM = SessionId("inbox", "kim", "acme")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state.sqlite3")


def test_what_was_learned_is_known_until_it_is_forgotten(store: Store, tmp_path: Path) -> None:
    """It survives a restart; a text is kept as it was first given."""
    store.learn(KIM, {"user a": "", "awaited b": "x y"})
    store.learn(KIM, {"awaited b": "other"})
    store.close()
    again = Store(tmp_path / "state.sqlite3")
    assert again.known(KIM, ("user a", "awaited b", "user c")) == {"user a": "", "awaited b": "x y"}
    again.learn(KIM, {}, ("awaited b",))
    assert again.known(KIM, ("awaited b",)) == {}
    assert again.known(KIM, ()) == {}


@pytest.mark.parametrize(
    "other", [SessionId("inbox", "bob", "acme"), SessionId("inbox", "kim"), SessionId("x", "kim", "acme")]
)
def test_another_session_knows_nothing_of_it(store: Store, other: SessionId) -> None:
    """Works per session: by tenant, user and name."""
    store.learn(KIM, {"user a": ""})
    assert store.known(other, ("user a",)) == {}


def test_the_oldest_are_forgotten_of_each_kind_apart(store: Store) -> None:
    """A bounded index: what was said by people is not driven out by what tools bring back."""
    store.learn(KIM, {"user first": "", "user second": ""})
    store.learn(KIM, {f"trusted {number}": "" for number in range(LEARNED + 10)})
    assert set(store.known(KIM, ("user first", "trusted 9", "trusted 10"))) == {"user first", "trusted 10"}
    store.learn(KIM, {f"user {number}": "" for number in range(LEARNED - 1)})
    assert set(store.known(KIM, ("user first", "user second", "user 0"))) == {"user second", "user 0"}
    every = tuple(f"user {number}" for number in range(LEARNED))
    assert len(store.known(KIM, every)) == LEARNED - 1
