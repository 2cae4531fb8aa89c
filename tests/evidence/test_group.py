"""Group commit, with a sink that tells what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from pinnedrules.errors import StateError
from pinnedrules.evidence import group as group_module
from pinnedrules.evidence.group import Group


class Sink:
    """Remembers what was written, and what of it was made durable."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.durable = 0
        self.syncs = 0
        self.synced = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.settle_error: Exception | None = None
        self.recovered: list[tuple[int, str]] = []

    def write(self, items: Sequence[int]) -> None:
        """Write."""
        self.written.extend(items)

    def sync(self) -> None:
        """Make durable, when the gate is open."""
        self.gate.wait(60)
        self.durable = len(self.written)
        self.syncs += 1
        self.synced.set()

    def settle(self) -> None:
        """Fail when told to."""
        if self.settle_error is not None:
            raise self.settle_error

    def recover(self, lost: int, why: str) -> None:
        """Remember it."""
        self.settle_error = None
        self.recovered.append((lost, why))


def test_what_nobody_waits_for_becomes_durable_all_the_same() -> None:
    """Invariant 6: other records become durable soon, without anybody asking."""
    sink = Sink()
    group = Group[int](sink)

    group.put(1)

    assert sink.synced.wait(60)
    group.close()


def test_waiters_share_one_sync() -> None:
    """What is put while the disk is busy is made durable by one sync for all."""
    sink = Sink()
    group = Group[int](sink)
    sink.gate.clear()
    first = group.future(group.put(0))
    rest = [group.future(group.put(number)) for number in range(1, 200)]
    sink.gate.set()

    for future in [first, *rest]:
        future.result(60)
    group.close()

    assert sink.written == list(range(200))
    assert sink.syncs <= 3


def test_what_is_urgent_does_not_wait_for_company(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invariant 6: a request starts its record's sync and goes on; other records wait a moment for company."""
    monkeypatch.setattr(group_module, "_LINGER_SECONDS", 3600.0)
    sink = Sink()
    group = Group[int](sink)
    group.put(1)
    while not sink.written:
        threading.Event().wait(0.01)
    assert sink.syncs == 0

    group.put(2, urgent=True)
    while sink.durable < 2:
        threading.Event().wait(0.01)

    assert sink.syncs == 1
    group.close()


def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    """A position is reached when a sync that began after its write has ended."""
    sink = Sink()
    group = Group[int](sink)
    for number in range(300):
        group.wait(group.put(number), 60)
        assert sink.durable > number
    group.close()


def test_the_thread_ends_when_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle log costs no thread, and the next record starts one again."""
    monkeypatch.setattr(group_module, "_IDLE_SECONDS", 0.0)
    sink = Sink()
    group = Group[int](sink)
    group.wait(group.put(1), 60)
    while any(thread.name == "pinnedrules-log" for thread in threading.enumerate()):
        threading.Event().wait(0.01)

    group.wait(group.put(2), 60)
    group.close()

    assert sink.written == [1, 2]


def test_a_failure_after_the_acknowledgement_loses_nothing_acknowledged() -> None:
    """When only the private values cannot be made durable, waiters are right, and the next record is refused."""
    sink = Sink()
    sink.settle_error = RuntimeError("odd")
    group = Group[int](sink)

    group.wait(group.put(1), 60)
    assert "odd" in _until_refused(group)
    group.close()

    assert len(sink.recovered) == 1


def test_without_a_thread_nothing_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of an interpreter no thread can be started: a record that nobody would write is refused."""

    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    sink = Sink()
    group = Group[int](sink)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        with pytest.raises(StateError, match="can't start new thread"):
            group.put(1)
    group.put(2)
    group.close()

    assert sink.written == [2]


def test_an_error_without_words_is_named() -> None:
    """A refusal always has a reason."""
    sink = Sink()
    sink.settle_error = KeyError()
    group = Group[int](sink)
    group.wait(group.put(1), 60)

    assert "KeyError" in _until_refused(group)
    group.close()


def _until_refused(group: Group[int]) -> str:
    """Put until the failure has come through, and return its words."""
    for _ in range(1_000_000):
        try:
            group.put(0)
        except StateError as error:
            return str(error)
    raise AssertionError("nothing was refused")
