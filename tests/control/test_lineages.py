"""Digests of conversations over restarts: bounded, not durable, and never in anybody's way."""

from __future__ import annotations

from pathlib import Path

import pytest

from pinnedrules.control.lineages import CONVERSATIONS, IN_ALL, Lineages
from pinnedrules.errors import StateError
from pinnedrules.types import SessionId

KIM = SessionId("inbox", "kim")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lineage.sqlite3"


def test_what_is_kept_is_there_for_the_next_process(path: Path) -> None:
    """The oldest first, each conversation once: the last writer wins."""
    one, other = Lineages(path), Lineages(path)
    one.write(KIM, "wire", "a", b"1")
    other.write(KIM, "wire", "b", b"2")
    other.write(KIM, "wire", "a", b"3")
    one.close()
    other.close()
    assert Lineages(path).read(KIM, "wire") == (b"2", b"3")


def test_nothing_is_made_by_looking(path: Path) -> None:
    """A guard that never sees a request leaves no file."""
    lineages = Lineages(path)
    assert lineages.read(KIM, "wire") == ()
    lineages.close()
    assert not path.exists()


def test_sessions_and_forms_are_apart(path: Path) -> None:
    """Whose session it is, and in which form it was shown."""
    lineages = Lineages(path)
    lineages.write(KIM, "wire", "a", b"1")
    assert lineages.read(KIM, "framework") == ()
    assert lineages.read(SessionId("inbox", "max"), "wire") == ()
    assert lineages.read(SessionId("inbox", "kim", "acme"), "wire") == ()


def test_it_is_bounded(path: Path) -> None:
    """So many conversations of a session, so many in all; the oldest go first."""
    lineages = Lineages(path)
    for number in range(CONVERSATIONS + 3):
        lineages.write(KIM, "wire", f"c{number}", str(number).encode())
    assert lineages.read(KIM, "wire") == tuple(str(number).encode() for number in range(3, CONVERSATIONS + 3))
    for number in range(IN_ALL):
        lineages.write(SessionId(f"s{number}"), "wire", "c", b"x")
    assert lineages.read(KIM, "wire") == ()
    assert lineages.read(SessionId("s0"), "wire") == (b"x",)


def test_a_damaged_file_is_made_anew(path: Path) -> None:
    """Nothing depends on it, so nobody has to mend it."""
    path.write_bytes(b"no database" * 100)
    lineages = Lineages(path)
    assert lineages.read(KIM, "wire") == ()
    lineages.write(KIM, "wire", "a", b"1")
    assert lineages.read(KIM, "wire") == (b"1",)


def test_where_nothing_can_be_written_the_error_says_so(tmp_path: Path) -> None:
    """The gate goes on without: it only loses the sight of a rewrite across a restart."""
    with pytest.raises(StateError):
        Lineages(tmp_path / "missing" / "lineage.sqlite3").write(KIM, "wire", "a", b"1")
