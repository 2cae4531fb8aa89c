"""The log when the disk is full, broken, or changed by somebody else: nothing lost is ever acknowledged."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.test_log import PRELUDE, append, numbers

from pinnedrules.errors import StateError
from pinnedrules.evidence import disk, group, lanes
from pinnedrules.evidence.log import Log, check, read
from pinnedrules.types import Entry, Moment, SessionId


class Disk:
    """A disk that can be told to fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.write_error = 0
        self.sync_error = 0
        self.partial = 0
        self.gate = threading.Event()
        self.gate.set()
        self._write, self._sync = disk.write_all, disk.sync
        monkeypatch.setattr(lanes, "write_all", self.write)
        monkeypatch.setattr(lanes, "sync", self.sync)
        monkeypatch.setattr(group, "_RETRY_SECONDS", 0.0)

    def write(self, file: int, data: bytes) -> None:
        """Write all, or some and fail."""
        if self.write_error:
            self._write(file, data[: self.partial])
            raise OSError(self.write_error, os.strerror(self.write_error), "/home/kim/secret")
        self._write(file, data)

    def sync(self, file: int) -> None:
        """Sync, when the gate is open, or fail."""
        self.gate.wait(60)
        if self.sync_error:
            raise OSError(self.sync_error, os.strerror(self.sync_error))
        self._sync(file)


@pytest.fixture
def broken_disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk under the log that works until told otherwise."""
    return Disk(monkeypatch)


@pytest.fixture
def log(tmp_path: Path, broken_disk: Disk) -> Iterator[Log]:
    """A log on that disk."""
    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64)
    yield log
    broken_disk.write_error = broken_disk.sync_error = 0
    broken_disk.gate.set()
    log.close()


def _append_when_it_works(log: Log, number: int) -> int:
    for _ in range(600):
        try:
            return append(log, number)
        except StateError:
            time.sleep(0.02)
    raise AssertionError("the log did not recover")


def _records(folder: Path) -> list[Any]:
    return list(read(folder))


@pytest.mark.parametrize("partial", [0, 1, 300, 10_000])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_fails_every_waiter_and_is_got_over(
    log: Log, broken_disk: Disk, tmp_path: Path, code: int, partial: int
) -> None:
    """No space, no evidence, no effect: waiters and later appends fail clearly; with space again the log goes on."""
    log.wait(append(log, 1), 30)
    broken_disk.write_error, broken_disk.partial = code, partial
    lost = append(log, 2)

    with pytest.raises(StateError, match=errno.errorcode[code]) as caught:
        log.wait(lost, 30)
    with pytest.raises(StateError, match=errno.errorcode[code]):
        append(log, 3)
    assert "kim" not in str(caught.value)

    broken_disk.write_error = 0
    log.wait(_append_when_it_works(log, 4), 30)
    with pytest.raises(StateError):
        log.wait(lost, 30)
    with pytest.raises(StateError):
        log.future(lost).result(0)
    log.close()

    assert numbers(tmp_path) == [1, 4]
    (report,) = check(tmp_path)
    assert (report.broken, report.torn) == (None, 0)
    (noted,) = (record["body"] for record in _records(tmp_path) if record["body"].get("lost_records"))
    assert noted["lost_records"] == 1
    assert "kim" not in str(noted)


def test_a_failed_sync_acknowledges_nothing(log: Log, broken_disk: Disk, tmp_path: Path) -> None:
    """After a failed sync nobody knows what is on the disk, so what was written is taken back and never acknowledged."""
    log.wait(append(log, 1), 30)
    broken_disk.gate.clear()
    broken_disk.sync_error = errno.EIO
    waiters = [log.future(append(log, number)) for number in range(2, 6)]
    broken_disk.gate.set()

    for waiter in waiters:
        assert isinstance(waiter.exception(30), StateError)
    broken_disk.sync_error = 0
    log.wait(_append_when_it_works(log, 9), 30)
    log.close()

    assert numbers(tmp_path) == [1, 9]
    assert all(report.broken is None for report in check(tmp_path))


def test_a_disk_that_stays_full_keeps_failing(log: Log, broken_disk: Disk) -> None:
    """Every attempt to write fails again, and closing says that it could not be done."""
    broken_disk.write_error = errno.ENOSPC
    with pytest.raises(StateError):
        log.wait(append(log, 1), 30)
    for _ in range(5):
        with pytest.raises(StateError, match="ENOSPC"):
            append(log, 2)
        time.sleep(0.01)

    with pytest.raises(StateError, match="ENOSPC"):
        log.close()


def test_a_slow_disk_does_not_hold_up_appending(log: Log, broken_disk: Disk) -> None:
    """Appending never waits for the disk; waiting does, and gives up when its time is over."""
    broken_disk.gate.clear()

    positions = [append(log, number) for number in range(100)]
    with pytest.raises(StateError, match=r"not durable after 0\.05 s"):
        log.wait(positions[-1], 0.05)

    broken_disk.gate.set()
    log.wait(positions[-1], 30)


def test_a_removed_log_file_is_noticed(log: Log, tmp_path: Path) -> None:
    """Records that go into a file somebody deleted are not acknowledged."""
    log.wait(append(log, 1), 30)
    (tmp_path / "0001" / "000001.jsonl").unlink()

    with pytest.raises(StateError, match="somebody else"):
        log.wait(append(log, 2), 30)
    log.wait(_append_when_it_works(log, 3), 30)
    log.close()

    assert numbers(tmp_path) == [3]
    noted = [record["body"] for record in _records(tmp_path) if record["type"] == "recovery"]
    assert any(body.get("next_seq") == 2 and body.get("lost_records") == 1 for body in noted)


def test_a_log_file_moved_away_is_noticed(log: Log, tmp_path: Path) -> None:
    """Records that go into a file that is no longer part of the log are not acknowledged."""
    log.wait(append(log, 1), 30)
    path = tmp_path / "0001" / "000001.jsonl"
    path.rename(tmp_path / "elsewhere")
    path.write_bytes((tmp_path / "elsewhere").read_bytes())

    with pytest.raises(StateError, match="somebody else"):
        log.wait(append(log, 2), 30)


def test_a_log_file_cut_while_it_is_written_is_noticed(log: Log, tmp_path: Path) -> None:
    """Cutting off acknowledged records under a running writer leaves a note of where the chain had been."""
    log.wait(append(log, 1), 30)
    path = tmp_path / "0001" / "000001.jsonl"
    first_line = len(path.read_bytes().splitlines(keepends=True)[0])
    os.truncate(path, first_line)

    with pytest.raises(StateError, match="somebody else"):
        log.wait(append(log, 2), 30)
    log.wait(_append_when_it_works(log, 3), 30)
    log.close()

    (noted,) = (record for record in _records(tmp_path) if record["body"].get("lost_records"))
    assert noted["body"]["lane"] == "0001"
    assert noted["body"]["next_seq"] == 2
    cut, after = check(tmp_path)
    assert cut.broken is not None
    assert after.broken is None
    assert noted["lane"] == after.lane


def test_a_file_size_limit_is_a_full_disk(tmp_path: Path) -> None:
    """With a real limit of the system: everything acknowledged is there, and nothing else was acknowledged."""
    script = (
        PRELUDE
        + """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
told, failed = 0, 0
for number in range(1, 200):
    try:
        log.wait(append(number), 30)
        told += 1
    except Exception as error:
        assert type(error).__name__ == "StateError" and "EFBIG" in str(error), error
        failed += 1
print(told, failed)
os._exit(0)
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60, capture_output=True, text=True
    )
    told, failed = map(int, done.stdout.split())

    assert told > 5
    assert failed > 5
    assert numbers(tmp_path) == list(range(1, told + 1))
    assert check(tmp_path)[0].broken is None


def _written(folder: Path, count: int) -> Path:
    log = Log(folder, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64)
    for number in range(count):
        append(log, number, reason="x")
    log.close()
    return folder / "0001" / "000001.jsonl"


def test_a_last_line_torn_at_any_byte_is_recovered(tmp_path: Path) -> None:
    """Wherever a crash cut the last line: the lines before it stay, the bytes are kept aside, a record tells of it."""
    path = _written(tmp_path, 2)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(start + 1, len(whole)):
        path.write_bytes(whole[:cut])

        Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64).close()

        (report,) = check(tmp_path)
        assert (report.broken, report.torn, report.records) == (None, 0, 3 + 3)
        (note,) = (record["body"] for record in _records(tmp_path) if record["type"] == "recovery")
        assert note["lost_bytes"] == cut - start
        assert (tmp_path / "0001" / "quarantine" / note["file"]).read_bytes() == whole[start:cut]
        path.write_bytes(whole)


@pytest.mark.parametrize("tail", [b"\0" * 5000, b'{"body":{}}\n', b"\n\n\n", b"\xff\xfe", b'{"x":1}\n{"y'])
def test_junk_after_the_last_line_is_recovered(tmp_path: Path, tail: bytes) -> None:
    """Whatever a crash left after the last whole line is moved aside, and the chain goes on before it."""
    path = _written(tmp_path, 2)
    path.write_bytes(path.read_bytes() + tail)

    Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64).close()

    (report,) = check(tmp_path)
    assert (report.broken, report.torn, report.records) == (None, 0, 4 + 3)


def test_a_last_line_that_only_looks_whole_is_recovered(tmp_path: Path) -> None:
    """A page of the last line that never reached the disk makes it torn, although its end is there."""
    path = _written(tmp_path, 3)
    whole = path.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    path.write_bytes(whole[: start + 5] + b"\0" * 20 + whole[start + 25 :])

    Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64).close()

    (report,) = check(tmp_path)
    assert (report.broken, report.torn, report.records) == (None, 0, 4 + 3)


def test_a_broken_lane_is_left_for_the_check(tmp_path: Path) -> None:
    """A lane that was tampered with is evidence: it is never repaired, and the log goes on in another."""
    path = _written(tmp_path, 5)
    tampered = path.read_bytes().replace(b'"number":2', b'"number":7')
    path.write_bytes(tampered)

    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64)
    append(log, 9)
    log.close()

    first, second = check(tmp_path)
    assert path.read_bytes() == tampered
    assert first.broken is not None
    assert second.broken is None
    (opened,) = (
        record["body"] for record in _records(tmp_path) if record["lane"] == "0002" and record["type"] == "log.open"
    )
    assert "line 5" in opened["passed_over"][0]


def test_an_emptied_lane_says_so(tmp_path: Path) -> None:
    """A chain that begins anew in an old lane begins with a note of that."""
    path = _written(tmp_path, 2)
    path.write_bytes(b"")

    Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64).close()

    assert _records(tmp_path)[0]["type"] == "recovery"


def test_a_crash_right_after_rotation_is_recovered(tmp_path: Path) -> None:
    """A new segment without a whole line goes on with the chain of the one before."""
    path = _written(tmp_path, 2)
    (path.parent / "000002.jsonl").write_bytes(b'{"torn')

    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64)
    append(log, 2)
    log.close()

    (report,) = check(tmp_path)
    assert (report.broken, report.torn) == (None, 0)
    assert numbers(tmp_path) == [0, 1, 2]


def test_a_torn_segment_in_the_middle_is_a_break(tmp_path: Path) -> None:
    """Only the newest segment can be torn by a crash; an older one was changed, and the lane is left alone."""
    path = _written(tmp_path, 2)
    path.write_bytes(path.read_bytes() + b"junk")
    (path.parent / "000002.jsonl").write_bytes(b"")

    Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64).close()

    assert len(check(tmp_path)) == 2
    assert path.read_bytes().endswith(b"junk")


def test_a_segment_that_is_there_already_is_not_written_into(tmp_path: Path) -> None:
    """Rotation never appends to a file that somebody else put in its place."""
    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="a" * 64, segment_bytes=100)
    (tmp_path / "0001" / "000002.jsonl").write_bytes(b"planted")

    with pytest.raises(StateError, match="already"):
        log.wait(append(log, 1), 30)
    log.wait(_append_when_it_works(log, 2), 30)
    log.close()

    assert numbers(tmp_path) == [2]


def test_a_lane_is_given_back_when_opening_fails(tmp_path: Path, broken_disk: Disk) -> None:
    """A log that could not be opened holds no lock."""
    broken_disk.write_error = errno.ENOSPC
    with pytest.raises(StateError, match="cannot be written"):
        Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="")
    broken_disk.write_error = 0

    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="")
    log.close()

    assert [report.lane for report in check(tmp_path)] == ["0001"]


def test_a_lane_folder_that_cannot_be_used_gives_its_lock_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same when the lane itself cannot be set up."""

    def fail(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(lanes, "sync_folder", fail)
        with pytest.raises(StateError, match="cannot be written"):
            Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="")

    Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="").close()

    assert [report.lane for report in check(tmp_path)] == ["0001"]


def test_a_log_dropped_without_closing_gives_its_lane_back(tmp_path: Path) -> None:
    """A forgotten log does not hold its lane for the rest of the process."""
    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="")
    del log

    Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="").close()

    assert [report.lane for report in check(tmp_path)] == ["0001"]


def test_on_macos_the_drive_is_told_to_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the system has F_FULLFSYNC, it is used instead of a sync that ends in the drive's cache."""
    asked: list[tuple[int, int]] = []

    def note(file: int, command: int) -> int:
        asked.append((file, command))
        return 0

    monkeypatch.setattr(disk, "_FULL_SYNC", 51)
    monkeypatch.setattr("fcntl.fcntl", note)

    disk.sync(77)

    assert asked == [(77, 51)]


def test_records_of_the_parent_are_not_acknowledged_in_a_child(log: Log, broken_disk: Disk) -> None:
    """What the parent had not made durable at the fork cannot be waited for in the child."""
    broken_disk.gate.clear()
    position = append(log, 1)
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        code = 1
        try:
            log.wait(position, 30)
        except StateError as error:
            code = 0 if "parent" in str(error) else 2
        finally:
            os._exit(code)
    broken_disk.gate.set()
    _, status = os.waitpid(pid, 0)
    log.wait(position, 30)

    assert os.waitstatus_to_exitcode(status) == 0


def test_lines_that_are_no_records_are_left_out_when_reading(tmp_path: Path) -> None:
    """Reading shows what can be read, and the check tells of the rest."""
    path = _written(tmp_path, 1)
    path.write_bytes(b"junk\n" + path.read_bytes().replace(b'"ts":5000000000000000', b'"ts":"x"'))

    assert [record["type"] for record in read(tmp_path)] == ["log.open", "log.close"]


def test_an_entry_without_a_user_has_nothing_private(tmp_path: Path) -> None:
    """Nothing is written beside the line when there is nothing to erase."""
    log = Log(tmp_path, origin="r", level="L0", ruleset_version=1, ruleset_sha256="")
    log.append(Entry("decision", SessionId("s"), {"number": 1}), Moment(1, 1, ""))
    log.close()

    assert (tmp_path / "0001" / "private" / "000001.jsonl").read_bytes() == b""
