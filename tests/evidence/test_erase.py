"""A person's data can be erased and the chain still verifies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pinnedrules.evidence.erase import erase
from pinnedrules.evidence.log import Log, check, read
from pinnedrules.types import Entry, Moment, SessionId

KIM, LEE = SessionId("inbox-42", "kim@example.com"), SessionId("inbox-43", "lee@example.com")


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """A log of two people's sessions over several segments, still open."""
    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="", segment_bytes=2500)
    for number in range(6):
        session = KIM if number % 2 else LEE
        entry = Entry("decision", session, {"number": number}, private={"why": f"about {session.user}"})
        log.wait(log.append(entry, Moment(1, 1, "")), 30)
    yield log
    log.close()


def _opened(folder: Path) -> list[Any]:
    text = b"".join(path.read_bytes() for path in sorted(folder.glob("*/private/*.jsonl")))
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def test_a_users_values_are_gone_and_the_chain_verifies(log: Log, tmp_path: Path) -> None:
    """Nothing of that person is left, everything of the others is, and every record is still there."""
    before = list(read(tmp_path))

    assert erase(tmp_path, user="kim@example.com") == 3

    assert {row["user"]["value"] for row in _opened(tmp_path)} == {"lee@example.com"}
    assert not any(b"kim" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert list(read(tmp_path)) == before
    assert all(report.broken is None for report in check(tmp_path))
    assert erase(tmp_path, user="kim@example.com") == 0


def test_a_sessions_values_can_be_erased(log: Log, tmp_path: Path) -> None:
    """Where no user was named, the session says whose data it is."""
    assert erase(tmp_path, session="inbox-43") == 3

    assert {row["user"]["value"] for row in _opened(tmp_path)} == {"kim@example.com"}


def test_a_log_goes_on_while_it_is_erased(log: Log, tmp_path: Path) -> None:
    """The process that writes the log is not disturbed."""
    erase(tmp_path, user="kim@example.com")

    log.wait(log.append(Entry("decision", KIM, {"number": 9}), Moment(2, 2, "")), 30)

    assert len(_opened(tmp_path)) == 4
    assert all(report.broken is None for report in check(tmp_path))


@pytest.mark.parametrize("names", [{}, {"user": "a", "session": "b"}])
def test_one_of_both_is_named(tmp_path: Path, names: dict[str, str]) -> None:
    """A call that names nobody, or two kinds of thing, erases nothing."""
    with pytest.raises(ValueError, match="either"):
        erase(tmp_path, **names)


def test_damaged_or_missing_files_are_passed_over(log: Log, tmp_path: Path) -> None:
    """What cannot be read holds up nothing."""
    log.close()
    first, second, *_ = sorted(tmp_path.glob("*/private/*.jsonl"))
    first.unlink()
    second.write_bytes(b'junk\n[1]\n{"seq":[]}\n{"user":3,"seq":1}\n' + second.read_bytes())
    segment = tmp_path / "0001" / "000002.jsonl"
    segment.write_bytes(b"junk\n" + segment.read_bytes())

    assert erase(tmp_path, user="kim@example.com") + erase(tmp_path, session="inbox-43") >= 1


def test_a_lane_without_its_lock_is_checked_too(log: Log, tmp_path: Path) -> None:
    """Removing the lock file does not hide a lane from the check."""
    log.close()
    (tmp_path / "0001" / "lock").unlink()

    assert [report.lane for report in check(tmp_path)] == ["0001"]
