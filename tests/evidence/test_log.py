"""The log on a real disk: what is acknowledged is there, whatever happens to the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pinnedrules.errors import StateError
from pinnedrules.evidence.log import Log, check, read
from pinnedrules.evidence.record import commit
from pinnedrules.types import Entry, Moment, SessionId

SESSION = SessionId("inbox-42", "kim@example.com", "acme")
PRELUDE = """
import os, sys
from pathlib import Path
from pinnedrules.evidence.log import Log
from pinnedrules.types import Entry, Moment, SessionId
log = Log(Path(sys.argv[1]), origin="rules.yaml", level="L0", ruleset_version=1, ruleset_sha256="a" * 64)
def append(number):
    return log.append(Entry("decision", SessionId("s", "kim"), {"number": number}), Moment(number, number, "day"))
"""


@pytest.fixture
def make_log(tmp_path: Path) -> Iterator[Callable[..., Log]]:
    """Open logs in one folder, and close them after the test."""
    made: list[Log] = []

    def make(**options: Any) -> Log:
        made.append(
            Log(tmp_path, origin="rules.yaml", level="L0", ruleset_version=1, ruleset_sha256="a" * 64, **options)
        )
        return made[-1]

    yield make
    for log in made:
        log.close()


def append(log: Log, number: int, **private: object) -> int:
    """Append one record with this number; greater numbers are later, and all are later than the log's own notes."""
    entry = Entry("decision", SESSION, {"number": number}, private=private)
    return log.append(entry, Moment(5 * 10**15 + number, number, "day"))


def numbers(folder: Path) -> list[int]:
    """The numbers of the records that tests appended."""
    return [record["body"]["number"] for record in _records(folder) if record["type"] == "decision"]


def _records(folder: Path) -> list[Any]:
    return list(read(folder))


def _sound(folder: Path) -> bool:
    return all(report.broken is None and not report.torn for report in check(folder))


def test_what_is_appended_can_be_read_and_verifies(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Records come back in order, in a chain that verifies, between the log's own notes."""
    log = make_log()

    positions = [append(log, number) for number in range(1, 6)]
    log.wait(positions[-1], 30)
    log.close()

    assert positions == [1, 2, 3, 4, 5]
    assert numbers(tmp_path) == [1, 2, 3, 4, 5]
    assert {record["type"] for record in _records(tmp_path)} == {"log.open", "decision", "log.close"}
    (report,) = check(tmp_path)
    assert (report.lane, report.records, report.torn, report.broken) == ("0001", 7, 0, None)
    assert report.status == "unanchored"


def test_after_a_flush_everything_is_there(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Whoever flushes reads every record that was appended before, closed or not; an empty log has nothing to wait for."""
    log = make_log()
    log.flush()
    for number in range(3):
        append(log, number)
    log.flush()

    assert numbers(tmp_path) == [0, 1, 2]
    log.close()
    log.flush()


def test_private_values_stand_apart_and_open_their_commitments(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """A line holds salted commitments; value and salt are in a file beside it that can be erased."""
    log = make_log()
    append(log, 1, reason="sent to mallory", targets=["a", {"big": 2**60}])
    log.close()

    (record,) = (record for record in _records(tmp_path) if record["type"] == "decision")
    (line,) = (tmp_path / "0001" / "private" / "000001.jsonl").read_text().splitlines()
    opened = json.loads(line)
    public = (tmp_path / "0001" / "000001.jsonl").read_text()

    assert opened["seq"] == record["seq"]
    assert opened["user"]["value"] == "kim@example.com"
    assert record["user"] == commit(bytes.fromhex(opened["user"]["salt"]), "user", "kim@example.com")
    salt = bytes.fromhex(opened["values"]["reason"]["salt"])
    assert record["private"]["reason"] == commit(salt, "reason", "sent to mallory")
    assert set(record["private"]) == {"reason", "targets"}
    assert "kim" not in public
    assert "mallory" not in public


def test_equal_private_values_have_different_commitments(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Two records about the same person cannot be linked without their salts."""
    log = make_log()
    append(log, 1, reason="same")
    append(log, 2, reason="same")
    log.close()

    first, second = (record for record in _records(tmp_path) if record["type"] == "decision")

    assert first["private"] != second["private"]
    assert first["user"] != second["user"]


def test_a_log_verifies_after_its_private_values_are_erased(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """A person's data can be erased and the chain still verifies."""
    log = make_log()
    append(log, 1, reason="secret")
    log.close()
    (tmp_path / "0001" / "private" / "000001.jsonl").unlink()

    assert _sound(tmp_path)


def test_only_the_owner_can_read_the_log(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Every file is 0600 and every folder 0700, whatever the umask."""
    former = os.umask(0)
    try:
        log = make_log(segment_bytes=600)
        for number in range(3):
            append(log, number, reason="x")
        log.close()
    finally:
        os.umask(former)

    found = sorted((tmp_path / "0001").rglob("*"))
    assert len(found) >= 6
    for path in found:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_value_that_has_no_form_is_refused_at_once(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """A float or an object is an error to the caller, and costs no position."""
    log = make_log()

    with pytest.raises(TypeError):
        log.append(Entry("a", SESSION, {"x": 1.5}), Moment(1, 1, ""))
    with pytest.raises(TypeError):
        log.append(Entry("a", SESSION, {}, private={"x": object()}), Moment(1, 1, ""))

    assert append(log, 1) == 1


def test_a_lane_outlives_its_process(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """The next log goes on with the chain of the lane that the last one left."""
    for number in range(3):
        log = make_log()
        append(log, number)
        log.close()

    (report,) = check(tmp_path)
    assert report.broken is None
    assert report.records == 9
    assert numbers(tmp_path) == [0, 1, 2]


def test_two_writers_never_share_a_lane(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Two logs open at once have a lane each, and both verify; reading merges them by time."""
    one, other = make_log(), make_log()
    for number in (1, 3, 5):
        append(one, number)
        append(other, number + 1)
    one.close()
    other.close()

    assert [report.lane for report in check(tmp_path)] == ["0001", "0002"]
    assert _sound(tmp_path)
    assert numbers(tmp_path) == [1, 2, 3, 4, 5, 6]


def test_two_processes_never_share_a_lane(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """The same across processes: the second one finds the lane taken."""
    log = make_log()
    append(log, 1)
    script = PRELUDE + "append(2)\nlog.close()"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60)
    log.close()

    assert [report.records for report in check(tmp_path)] == [3, 3]
    assert _sound(tmp_path)


def test_acknowledged_records_survive_a_kill(tmp_path: Path) -> None:
    """Invariant 6: a record that was waited for is there after `kill -9` in the middle of many threads' writing."""
    script = (
        PRELUDE
        + """
import itertools, threading
numbers, turn = itertools.count(1), threading.Lock()
def work():
    while True:
        number = next(numbers)
        log.wait(append(number))
        with turn:
            os.write(1, b"%d\\n" % number)
for _ in range(8):
    threading.Thread(target=work).start()
"""
    )
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            acknowledged = [process.stdout.readline() for _ in range(300)]
            process.kill()
            acknowledged += process.stdout.readlines()
        # A last number may have been cut while it was being printed, and was acknowledged all the same or not at all.
        told = [int(line) for line in acknowledged if line.endswith(b"\n")]
        kept = numbers(tmp_path)

        assert len(told) >= 300
        assert set(told) <= set(kept)
        assert all(report.broken is None for report in check(tmp_path))
        for segment in tmp_path.rglob("*.jsonl"):
            segment.unlink()


def test_records_nobody_waits_for_survive_an_orderly_end(tmp_path: Path) -> None:
    """A program that ends without closing its log loses nothing."""
    script = PRELUDE + "for number in range(50): append(number)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=60)

    assert numbers(tmp_path) == list(range(50))
    assert _records(tmp_path)[-1]["type"] in ("decision", "log.close")
    assert _sound(tmp_path)


def test_many_threads_share_the_disk(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Every record of every thread is there exactly once, and the chain fits."""
    log = make_log()

    def work(base: int) -> None:
        for number in range(base, base + 25):
            log.wait(append(log, number), 60)

    threads = [threading.Thread(target=work, args=(base * 100,)) for base in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    assert sorted(numbers(tmp_path)) == [base * 100 + number for base in range(16) for number in range(25)]
    assert _sound(tmp_path)


def test_a_chain_goes_on_through_segments(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Rotation loses nothing, and neither a removed nor a reordered segment passes."""
    for start in (0, 20):
        log = make_log(segment_bytes=2000)
        for number in range(start, start + 20):
            log.wait(append(log, number, reason="x"), 30)
        log.close()
    segments = sorted((tmp_path / "0001").glob("*.jsonl"))

    assert len(segments) > 5
    assert all(segment.stat().st_size <= 2000 for segment in segments)
    assert numbers(tmp_path) == list(range(40))
    assert _sound(tmp_path)

    segments[2].unlink()
    (report,) = check(tmp_path)
    assert report.broken is not None


def test_a_record_larger_than_a_segment_is_kept_whole(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """The limit of a segment never splits or refuses a record."""
    log = make_log(segment_bytes=10)
    append(log, 1)
    append(log, 2)
    log.close()

    assert numbers(tmp_path) == [1, 2]
    assert _sound(tmp_path)


def test_a_forked_child_goes_on_in_its_own_lane(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """Parent and child never share a lane, and each keeps writing after the fork."""
    log = make_log()
    log.wait(append(log, 1), 30)
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        code = 1
        try:
            log.wait(1, 30)  # what was durable before the fork is
            log.wait(append(log, 10), 30)
            log.close()
            code = 0
        finally:
            os._exit(code)
    log.wait(append(log, 2), 30)
    _, status = os.waitpid(pid, 0)
    log.wait(append(log, 3), 30)
    log.close()

    assert os.waitstatus_to_exitcode(status) == 0
    assert numbers(tmp_path) == [1, 2, 3, 10]
    assert [report.lane for report in check(tmp_path)] == ["0001", "0002"]
    assert _sound(tmp_path)


def test_a_child_does_not_keep_its_parents_lane(make_log: Callable[..., Log], tmp_path: Path) -> None:
    """When the parent is gone, its lane is free although a child of it still runs."""
    log = make_log()
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        os.write(tell, b"!")
        signal.pause()
        os._exit(0)
    try:
        os.read(ready, 1)  # the child runs, so it has let go of what it inherited
        log.close()
        again = make_log()
        append(again, 1)
        again.close()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(tell)

    assert [report.lane for report in check(tmp_path)] == ["0001"]


def test_a_future_is_done_when_its_record_is_durable(make_log: Callable[..., Log]) -> None:
    """An event loop waits without holding a thread."""
    log = make_log()

    async def work() -> None:
        await asyncio.gather(*(asyncio.wrap_future(log.future(append(log, number))) for number in range(20)))

    asyncio.run(work())

    assert log.future(20).done()


def test_a_cancelled_future_disturbs_nobody(make_log: Callable[..., Log]) -> None:
    """A caller that stops waiting does not break the others' waiting."""
    log = make_log()
    first, second = log.future(append(log, 1)), log.future(append(log, 2))
    first.cancel()

    second.result(30)


def test_nothing_goes_into_a_closed_log(make_log: Callable[..., Log]) -> None:
    """After closing, appending is an error, and closing again is none."""
    log = make_log()
    log.close()
    log.close()

    with pytest.raises(StateError, match="closed"):
        append(log, 1)


def test_a_position_that_does_not_exist_is_an_error(make_log: Callable[..., Log]) -> None:
    """Waiting for a record that was never appended would never end."""
    with pytest.raises(ValueError, match="7"):
        make_log().wait(7)


def test_a_folder_that_cannot_be_written_is_an_error_at_once(tmp_path: Path) -> None:
    """No log is opened whose first record could not be written."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StateError, match="cannot be written"):
        Log(tmp_path / "file" / "log", origin="r", level="L0", ruleset_version=1, ruleset_sha256="")


def test_a_machine_without_a_boot_id_is_no_problem(
    make_log: Callable[..., Log], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no boot id, records say so with an empty one."""

    def missing(self: Path, **_: object) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", missing)
    make_log().close()

    assert {record["boot"] for record in _records(tmp_path)} == {""}
