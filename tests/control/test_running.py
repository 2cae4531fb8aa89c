"""A stop from anywhere reaches every live guard, and says which ones acknowledged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pinnedrules.control import running
from pinnedrules.control.running import live, register, run_folder, stop_everywhere
from pinnedrules.control.state import StateFolder, open_state
from pinnedrules.control.stop import EVERYTHING, StopFile, session_scope
from pinnedrules.errors import StateError
from pinnedrules.evidence import disk
from pinnedrules.types import SessionId

ANY = SessionId("inbox-42")
SCRIPT = """
import os, sys, time
from pathlib import Path
from pinnedrules.control.running import register
from pinnedrules.control.state import open_state
entry = register(open_state(Path(sys.argv[1])), rules="rules.yaml")
os.write(1, b"up\\n")
sys.stdin.read()
"""


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """A user's environment with a run folder of its own."""
    return {"XDG_RUNTIME_DIR": str(tmp_path / "runtime")}


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """A state folder."""
    return open_state(tmp_path / "state")


@pytest.fixture
def worker(state: StateFolder, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Another process with a live guard on the same state folder."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(state.path)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


def test_a_guard_is_live_until_it_is_closed(state: StateFolder, environment: Mapping[str, str]) -> None:
    """The list says which process, which state folder and which rules."""
    entry = register(state, rules="rules.yaml", environment=environment)

    (guard,) = live(environment)
    assert (guard.pid, guard.state, guard.rules, guard.epoch) == (os.getpid(), state.path, "rules.yaml", 0)

    entry.close()
    entry.close()
    assert live(environment) == []


def test_guards_of_one_process_are_listed_each(state: StateFolder, environment: Mapping[str, str]) -> None:
    """Two guards in one process are two, oldest first."""
    one = register(state, rules="one", environment=environment)
    two = register(state, rules="two", environment=environment)

    assert [guard.rules for guard in live(environment)] == ["one", "two"]
    one.close()
    assert [guard.rules for guard in live(environment)] == ["two"]
    two.close()


def test_a_stop_reaches_every_process_and_all_acknowledge(
    state: StateFolder, environment: Mapping[str, str], tmp_path: Path, worker: subprocess.Popen[bytes]
) -> None:
    """`pinnedrules stop` from any folder stops all live guards, also of other state folders."""
    elsewhere = open_state(tmp_path / "elsewhere")
    here = register(elsewhere, rules="mine", environment=environment)

    answers = stop_everywhere("wrong inbox", "kim", seconds=30, environment=environment)

    assert {answer.guard.pid for answer in answers} == {worker.pid, os.getpid()}
    assert [answer.acknowledged for answer in answers] == [True, True]
    for folder in (state, elsewhere):
        said = StopFile(folder).read(ANY)
        assert (said.state, said.reason, said.actor) == ("stop", "wrong inbox", "kim")
    here.close()


def test_a_stop_of_one_session_is_acknowledged(state: StateFolder, environment: Mapping[str, str]) -> None:
    """Guards say that they have seen the folder's epoch, whichever session the change was about."""
    entry = register(state, rules="r", environment=environment)
    stop = StopFile(state)
    for number, name in enumerate(("one", "two"), 1):
        stop.set("stop", scope=session_scope(name), reason="r", actor="kim")
        assert stop.epoch() == number
        _until(lambda: live(environment)[0].epoch == stop.epoch())
    stop.resume(actor="kim", reason="r", scope=session_scope("one"))
    _until(lambda: live(environment)[0].epoch == 3)
    entry.close()


def test_nobody_live_is_an_empty_list(environment: Mapping[str, str]) -> None:
    """Stopping nothing is not reported as a success of something."""
    assert stop_everywhere("r", "kim", environment=environment) == []


def test_a_process_that_hangs_is_never_reported_as_stopped(
    environment: Mapping[str, str], worker: subprocess.Popen[bytes], state: StateFolder
) -> None:
    """A guard that cannot acknowledge is named as one that did not; the stop is in force all the same."""
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        (answer,) = stop_everywhere("r", "kim", seconds=0.3, environment=environment)
    finally:
        os.kill(worker.pid, signal.SIGCONT)

    assert not answer.acknowledged
    assert "not acknowledged" in answer.why
    assert StopFile(state).read(ANY).state == "stop"


def test_a_process_that_ends_first_is_named(
    environment: Mapping[str, str], worker: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that died before it acknowledged is not a clean success."""
    before = live(environment)
    worker.kill()
    worker.wait(30)
    monkeypatch.setattr(running, "live", lambda environment: before)

    (answer,) = stop_everywhere("r", "kim", seconds=30, environment=environment)

    assert not answer.acknowledged
    assert "ended" in answer.why


def test_a_guard_closed_in_between_is_named(
    state: StateFolder, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard that was closed before it acknowledged is not a clean success either."""
    entry = register(state, rules="r", environment=environment)
    before = live(environment)
    entry.close()
    monkeypatch.setattr(running, "live", lambda environment: before)

    (answer,) = stop_everywhere("r", "kim", seconds=30, environment=environment)

    assert not answer.acknowledged
    assert "closed" in answer.why


def test_a_state_folder_that_cannot_be_written_is_named(
    state: StateFolder, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """When one stop cannot be written, the others are stopped and that one is reported."""
    gone = open_state(tmp_path / "gone")
    entries = [register(folder, rules="r", environment=environment) for folder in (gone, state)]
    # At once: a guard that looks for its stop state while its folder is emptied would make a new lock in it.
    gone.path.rename(tmp_path / "away")

    failed, stopped = stop_everywhere("r", "kim", seconds=30, environment=environment)

    assert not failed.acknowledged
    assert "cannot be written" in failed.why
    assert stopped.acknowledged
    for entry in entries:
        entry.close()


def test_entries_of_dead_processes_are_removed(environment: Mapping[str, str], worker: subprocess.Popen[bytes]) -> None:
    """A process that was killed leaves an entry behind, and the next look removes it."""
    worker.kill()
    worker.wait(30)
    assert len(list(run_folder(environment).iterdir())) == 1

    assert live(environment) == []
    assert list(run_folder(environment).iterdir()) == []


def test_a_reused_process_number_is_told_apart(state: StateFolder, environment: Mapping[str, str]) -> None:
    """An entry whose process number now belongs to another process is not a live guard."""
    entry = register(state, rules="r", environment=environment)
    (guard,) = live(environment)
    stale = json.loads(guard.file.read_text()) | {"started": "1"}
    guard.file.with_name("stale.json").write_text(json.dumps(stale))

    assert [found.file for found in live(environment)] == [guard.file]
    entry.close()


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"pid":"x"}', b"\xff", b'{"pid":1}'])
def test_junk_in_the_run_folder_is_removed(state: StateFolder, environment: Mapping[str, str], junk: bytes) -> None:
    """A broken entry stops nobody from stopping."""
    entry = register(state, rules="r", environment=environment)
    (run_folder(environment) / "junk.json").write_bytes(junk)

    assert len(live(environment)) == 1
    assert not (run_folder(environment) / "junk.json").exists()
    entry.close()


def test_an_orderly_end_takes_the_entry_out(environment: Mapping[str, str], worker: subprocess.Popen[bytes]) -> None:
    """A program that ends without closing its guard leaves nothing behind."""
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(30) == 0

    assert list(run_folder(environment).iterdir()) == []


def test_a_forked_child_acknowledges_for_itself(state: StateFolder, environment: Mapping[str, str]) -> None:
    """A child of a process with a guard is a live guard too, and both acknowledge."""
    entry = register(state, rules="r", environment=environment)
    there = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        try:
            os.close(there[1])
            os.read(there[0], 1)
            entry.close()
        finally:
            os._exit(0)
    os.close(there[0])
    try:
        _until(lambda: len(live(environment)) == 2)
        answers = stop_everywhere("r", "kim", seconds=30, environment=environment)
    finally:
        os.close(there[1])
        os.waitpid(pid, 0)

    assert {answer.guard.pid for answer in answers} == {os.getpid(), pid}
    assert all(answer.acknowledged for answer in answers)
    assert [guard.pid for guard in live(environment)] == [os.getpid()]
    entry.close()


def test_the_thread_ends_with_the_last_guard(state: StateFolder, environment: Mapping[str, str]) -> None:
    """A process without guards has no thread of ours."""
    register(state, rules="r", environment=environment).close()

    _until(lambda: all(thread.name != "pinnedrules-stop" for thread in threading.enumerate()))


def test_an_acknowledgement_that_cannot_be_written_is_tried_again(
    state: StateFolder, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run folder that is full for a moment costs a moment."""
    entry = register(state, rules="r", environment=environment)
    real, failures = disk.replace_file, iter([OSError(28, "No space left on device")])

    def fail_once(path: Path, data: bytes) -> None:
        error = next(failures, None)
        if error is not None:
            raise error
        real(path, data)

    monkeypatch.setattr(running, "replace_file", fail_once)
    StopFile(state).set("stop", scope=EVERYTHING, reason="r", actor="kim")

    _until(lambda: live(environment)[0].epoch == 1)
    entry.close()


def test_a_run_folder_that_cannot_be_used_is_an_error(
    state: StateFolder, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard that a stop could not find is not built."""

    def fail(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(running, "replace_file", fail)
    with pytest.raises(StateError, match="No space left"):
        register(state, rules="r", environment=environment)

    run_folder(environment).chmod(0o777)
    with pytest.raises(StateError, match="others can write"):
        register(state, rules="r", environment=environment)


def test_the_run_folder_is_the_users_own() -> None:
    """XDG_RUNTIME_DIR, else beside the user's own state; a relative one is ignored, as the specification says."""
    assert run_folder({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/pinnedrules")
    assert run_folder({"XDG_STATE_HOME": "/srv"}) == Path("/srv/pinnedrules/run")
    assert run_folder({"XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "/srv"}) == Path("/srv/pinnedrules/run")


def test_without_a_proc_folder_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS the start of a process is what `ps` says; of a process that is gone it says nothing."""
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: str(path) != "/proc/self/stat" and real(path))

    def ps(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        known = command[-1] == "17"
        return subprocess.CompletedProcess(command, 0 if known else 1, "Sun Nov 22 10:00:00 2026\n" if known else "")

    monkeypatch.setattr(subprocess, "run", ps)

    assert running._started(17) == "Sun Nov 22 10:00:00 2026"
    assert running._started(18) == ""


def _until(true: object) -> None:
    """Wait until *true* says so."""
    assert callable(true)
    for _ in range(1500):
        if true():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not happen")
