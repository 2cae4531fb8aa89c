"""The stop state: it survives everything, its epoch only grows, and what cannot be read is a stop."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinnedrules.control import scopes
from pinnedrules.control import stop as stop_module
from pinnedrules.control.scopes import Sign
from pinnedrules.control.stop import EVERYTHING, StopFile, session_scope
from pinnedrules.errors import ApprovalError, StateError
from pinnedrules.types import SessionId, StopState

ANY, OTHER = SessionId("inbox-42"), SessionId("other")


@pytest.fixture
def stop(tmp_path: Path) -> StopFile:
    """The stop state of a fresh folder."""
    return StopFile(tmp_path)


def test_a_fresh_folder_runs(stop: StopFile) -> None:
    """Nothing is in force at first."""
    assert stop.read(ANY) == StopState("run", 0, scope=EVERYTHING)


def test_a_stop_is_seen_by_everybody_and_survives_a_restart(stop: StopFile, tmp_path: Path) -> None:
    """A stop is a state, not a message: other readers and the next process see it, with reason and actor."""
    other = StopFile(tmp_path)
    assert other.read(ANY).state == "run"

    said = stop.set("stop", scope=EVERYTHING, reason="wrong inbox", actor="kim")

    assert said == StopState("stop", 1, "wrong inbox", "kim", EVERYTHING)
    for reader in (stop, other, StopFile(tmp_path)):
        assert reader.read(ANY) == said


def test_a_stop_of_one_session_leaves_the_others(stop: StopFile) -> None:
    """A stop has a scope, and so has its epoch: what other sessions have under way is not void."""
    stop.set("stop", scope=session_scope("inbox-42"), reason="r", actor="kim")

    assert stop.read(ANY) == StopState("stop", 1, "r", "kim", session_scope("inbox-42"))
    assert stop.read(OTHER) == StopState("run", 0, scope=EVERYTHING)
    stop.resume(actor="kim", reason="r", scope=session_scope("inbox-42"))

    assert stop.read(ANY) == StopState("run", 2, scope=EVERYTHING)
    assert stop.read(OTHER).epoch == 0
    assert stop.epoch() == 2


def test_the_epochs_of_scopes_survive_a_restart(stop: StopFile, tmp_path: Path) -> None:
    """Invariant 7: an answer from before a stop is void in the next process too, long after the resume."""
    stop.set("stop", scope=session_scope("inbox-42"), reason="r", actor="kim")
    stop.resume(actor="kim", reason="r", scope=session_scope("inbox-42"))
    stop.set("pause", scope=session_scope("third"), reason="r", actor="kim")

    again = StopFile(tmp_path)

    assert (again.read(ANY).epoch, again.read(OTHER).epoch, again.epoch()) == (2, 0, 3)
    again.set("stop", scope=EVERYTHING, reason="r", actor="kim")
    assert {again.read(session).epoch for session in (ANY, OTHER, SessionId("third"))} == {4}


def test_a_pause_voids_nothing_and_its_resume_does(stop: StopFile) -> None:
    """A pause lets text finish: no answer that is under way is void for it, whatever happened to other sessions."""
    stop.set("stop", scope=session_scope("other"), reason="r", actor="kim")

    paused = stop.set("pause", scope=EVERYTHING, reason="r", actor="kim")

    assert (stop.read(ANY).state, stop.read(ANY).epoch) == ("pause", 0)
    assert paused.epoch == stop.epoch() == 2
    stop.resume(actor="kim", reason="r")
    assert stop.read(ANY) == StopState("run", 3, scope=EVERYTHING)


Change = tuple[str, str]
NAMES = ("a", "b", "c")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["stop", "pause", "resume", "touch", "remove", "garble"]),
            st.sampled_from([EVERYTHING, *map(session_scope, NAMES)]),
        ),
        max_size=12,
    )
)
def test_no_epoch_goes_back_and_no_change_goes_unseen(changes: list[Change]) -> None:
    """Invariant 7, for all sequences of changes: who is concerned gets an epoch higher than all before, in any process.

    Others keep theirs. A pause, and what changes nothing, is no epoch for anybody.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stop = StopFile(folder)
        for what, scope in changes:
            before, top = {one: stop.read(SessionId(one)) for one in NAMES}, stop.epoch()
            concerned = _change(stop, folder, what, scope)
            for reader in (StopFile(folder), stop):
                for one in NAMES:
                    now = reader.read(SessionId(one))
                    if EVERYTHING in concerned or session_scope(one) in concerned:
                        assert now.epoch > top
                    else:
                        assert now.epoch == before[one].epoch
                        assert now.state == before[one].state or what == "pause"
                assert reader.epoch() >= max(top, *(reader.read(SessionId(one)).epoch for one in NAMES))


def _change(stop: StopFile, folder: Path, what: str, scope: str) -> set[str]:
    """Do something to the folder, and return whose epoch it has to raise."""
    if what in ("stop", "pause"):
        held = stop.set(what, scope=scope, reason="r", actor="a")  # type: ignore[arg-type]
        return {scope} if held.state == "stop" else set()
    if what == "resume":
        return {scope} if stop.resume(actor="kim", reason="r", scope=scope).removed else set()
    if what == "touch" and not (folder / "STOP").exists():
        (folder / "STOP").touch()
        return {EVERYTHING}
    if what == "remove" and (folder / "STOP").exists():
        (folder / "STOP").unlink()
        return {EVERYTHING}
    if what == "garble":
        (folder / "stop.json").write_bytes(b"junk")
        assert stop.read(SessionId("a")).state == "stop"
        stop.resume(actor="kim", reason="mended")
        return {EVERYTHING}
    return set()


def test_old_epochs_are_forgotten_without_going_back(
    stop: StopFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder in which thousands of sessions were stopped and resumed stays readable, and no epoch goes back."""
    monkeypatch.setattr(scopes, "_KEPT", 20 * 70)
    stop.set("stop", scope=session_scope("held"), reason="r", actor="kim")
    seen: dict[str, int] = {}
    for number in range(100):
        one = f"s{number}"
        stop.set("stop", scope=session_scope(one), reason="r", actor="kim")
        stop.resume(actor="kim", reason="r", scope=session_scope(one))
        seen[one] = stop.read(SessionId(one)).epoch
        assert seen[one] == stop.epoch()
        for name, epoch in seen.items():
            assert stop.read(SessionId(name)).epoch >= epoch

    assert len(json.loads((tmp_path / "stop.json").read_text())["epochs"]) < 25
    assert stop.read(SessionId("held")).state == "stop"
    assert stop.read(ANY).state == "run"


@pytest.mark.parametrize("name", ["n" * 200_000, "\U0001f6d1" * 30_000])
def test_a_session_of_an_endless_name_does_not_stop_the_others(stop: StopFile, name: str) -> None:
    """What was resumed leaves nothing behind that makes the file unreadable."""
    for suffix in "abcdef":
        stop.set("stop", scope=session_scope(name + suffix), reason="r", actor="kim")
        stop.resume(actor="kim", reason="r", scope=session_scope(name + suffix))

    assert StopFile(stop._file.parent).read(ANY).state == "run"


@pytest.mark.parametrize(
    ("everything", "own", "expected"),
    [("pause", "stop", "stop"), ("stop", "pause", "stop"), (None, "pause", "pause"), ("pause", None, "pause")],
)
def test_the_strictest_wins(stop: StopFile, everything: str | None, own: str | None, expected: str) -> None:
    """Of what is in force for everything and for the session, the stricter counts."""
    for state, scope in ((everything, EVERYTHING), (own, session_scope("inbox-42"))):
        if state is not None:
            stop.set(state, scope=scope, reason="r", actor="a")  # type: ignore[arg-type]

    assert stop.read(ANY).state == expected


def test_setting_never_loosens(stop: StopFile) -> None:
    """A pause on top of a stop leaves the stop, with who did it and why; a stop on top of a pause stops."""
    stop.set("pause", scope=EVERYTHING, reason="first", actor="a")
    stop.set("stop", scope=EVERYTHING, reason="second", actor="b")

    said = stop.set("pause", scope=EVERYTHING, reason="third", actor="agent")

    assert (said.state, said.reason, said.actor) == ("stop", "second", "b")
    assert stop.read(ANY) == said


@pytest.mark.parametrize(("state", "scope"), [("run", "*"), ("go", "*"), ("stop", "inbox-42"), ("stop", "")])
def test_an_unknown_state_or_scope_is_an_error(stop: StopFile, state: str, scope: str) -> None:
    """A misspelled stop is not taken for one that worked, and `run` is not a state one can set."""
    with pytest.raises(ValueError, match=r"."):
        stop.set(state, scope=scope, reason="r", actor="a")  # type: ignore[arg-type]


def test_resuming_says_what_it_lifted_and_what_remains(stop: StopFile) -> None:
    """A person who resumes everything learns what is in force still."""
    stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")
    stop.set("pause", scope=session_scope("inbox-42"), reason="r", actor="lee")

    resumed = stop.resume(actor="kim", reason="looked at it")

    assert resumed.removed == ("stop of * by kim",)
    assert resumed.remaining == ("session:inbox-42",)
    assert resumed.epoch == 3
    assert stop.read(OTHER).state == "run"
    assert stop.read(ANY).state == "pause"
    assert stop.resume(actor="kim", reason="", scope=session_scope("inbox-42")).remaining == ()
    assert stop.read(ANY).state == "run"


def test_resuming_nothing_is_no_error(stop: StopFile) -> None:
    """Resuming what runs lifts nothing, and voids nothing that is under way."""
    before = stop._file.read_bytes()

    resumed = stop.resume(actor="kim", reason="")

    assert (resumed.removed, resumed.epoch) == ((), 0)
    assert (stop.read(ANY).epoch, stop.epoch()) == (0, 0)
    assert stop._file.read_bytes() == before


def test_resuming_one_session_does_not_mend_what_stops_all(stop: StopFile, tmp_path: Path) -> None:
    """A garbled file stops everything until everything is resumed."""
    (tmp_path / "stop.json").write_bytes(b"junk")

    assert stop.resume(actor="kim", reason="", scope=session_scope("x")).remaining == (EVERYTHING,)
    assert stop.read(ANY).state == "stop"


@pytest.mark.parametrize("actor", ["", "  ", "agent", "Agent", "agent:mail", "\uff41gent", " AGENT:x "])
def test_the_agent_cannot_resume(stop: StopFile, actor: str) -> None:
    """Agents can stop themselves, never resume; nor can nobody."""
    stop.set("stop", scope=EVERYTHING, reason="r", actor="agent")

    with pytest.raises(ApprovalError, match=r"person|nobody"):
        stop.resume(actor=actor, reason="please")

    assert stop.read(ANY).state == "stop"


def test_a_file_touched_by_hand_stops(stop: StopFile, tmp_path: Path) -> None:
    """In an emergency a person may only have a file manager; the first line is the reason, without tricks in it."""
    before = stop.read(ANY).epoch
    (tmp_path / "STOP").write_text("wrong \x1b[2Jinbox\u202e\nsecond line")

    state = stop.read(ANY)

    assert (state.state, state.reason, state.scope) == ("stop", "wrong [2Jinbox", EVERYTHING)
    assert state.epoch > before
    assert StopFile(tmp_path).read(OTHER) == state


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("nowhere")])
def test_whatever_is_called_stop_stops(stop: StopFile, tmp_path: Path, make: Callable[[Path], None]) -> None:
    """An empty file, a folder or a dangling link of that name is meant as a stop too."""
    make(tmp_path / "STOP")

    assert stop.read(ANY) == StopState("stop", 1, "the file STOP is there", "", EVERYTHING)


def test_a_pause_does_not_hide_a_touched_file(stop: StopFile, tmp_path: Path) -> None:
    """The file counts beside what is in force otherwise; a recorded stop keeps its own reason."""
    stop.set("pause", scope=EVERYTHING, reason="mine", actor="kim")
    (tmp_path / "STOP").touch()
    assert stop.read(ANY).state == "stop"

    stop.set("stop", scope=EVERYTHING, reason="mine", actor="kim")
    assert stop.read(ANY).reason == "mine"


def test_every_change_of_the_touched_file_is_an_epoch(stop: StopFile, tmp_path: Path) -> None:
    """Touching, changing and removing STOP each begin a new epoch, the same one for every reader."""
    other = StopFile(tmp_path)
    hand = tmp_path / "STOP"
    epochs = []
    for change in (lambda: hand.write_text("a"), lambda: hand.write_text("other"), hand.unlink, hand.touch):
        change()
        epochs.append(stop.read(ANY).epoch)
        assert other.read(ANY).epoch == epochs[-1]

    assert epochs == [1, 2, 3, 4]


def test_resuming_removes_the_touched_file(stop: StopFile, tmp_path: Path) -> None:
    """Resuming everything takes STOP away and says so; resuming one session leaves it, and says that."""
    (tmp_path / "STOP").touch()
    stopped = stop.read(ANY).epoch

    assert stop.resume(actor="kim", reason="", scope=session_scope("x")).remaining == ("the file STOP",)
    assert stop.read(ANY).state == "stop"
    resumed = stop.resume(actor="kim", reason="")

    assert resumed.removed == ("the file STOP",)
    assert not (tmp_path / "STOP").exists()
    assert stop.read(ANY) == StopState("run", resumed.epoch, scope=EVERYTHING)
    assert resumed.epoch > stopped


def test_a_touched_file_that_cannot_be_removed_goes_on_stopping(stop: StopFile, tmp_path: Path) -> None:
    """A resume that failed half-way is an error, and the stop is in force."""
    (tmp_path / "STOP").mkdir()

    with pytest.raises(StateError, match="cannot be written"):
        stop.resume(actor="kim", reason="")

    assert stop.read(ANY).state == "stop"


GARBLED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b'{"epoch":1,"scopes":{},"epochs":{},"hand":null',
    b'{"epoch":"1","scopes":{},"epochs":{},"hand":null}',
    b'{"epoch":true,"scopes":{},"epochs":{},"hand":null}',
    b'{"epoch":-1,"scopes":{},"epochs":{},"hand":null}',
    b'{"epoch":99999999999999999999999,"scopes":{},"epochs":{},"hand":null}',
    b'{"epoch":1,"scopes":[],"epochs":{},"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":{},"hand":3}',
    b'{"epoch":1,"scopes":{},"epochs":{},"hand":[1]}',
    b'{"epoch":1,"scopes":{"*":{"state":"run","reason":"","actor":"","at":1}},"epochs":{"*":1},"hand":null}',
    b'{"epoch":1,"scopes":{"*":{"state":"stop","reason":"","actor":"","at":"x"}},"epochs":{"*":1},"hand":null}',
    b'{"epoch":1,"scopes":{"*":{"state":"stop"}},"epochs":{"*":1},"hand":null}',
    b'{"epoch":1,"scopes":{"*":{"state":["stop"],"reason":"","actor":"","at":1}},"epochs":{"*":1},"hand":null}',
    b'{"epoch":1,"scopes":{"*":"stop"},"epochs":{"*":1},"hand":null}',
    b'{"epoch":1,"scopes":{},"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":[],"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":[["*",1]],"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":{"*":2},"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":{"*":-1},"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":{"*":true},"hand":null}',
    b'{"epoch":1,"scopes":{},"epochs":{"*":"1"},"hand":null}',
    b'{"epoch":1,"scopes":{"session:x":{"state":"stop","reason":"","actor":"","at":1}},"epochs":{},"hand":null}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
]


@pytest.mark.parametrize("content", GARBLED, ids=range(len(GARBLED)))
def test_a_garbled_file_is_a_stop(stop: StopFile, tmp_path: Path, content: bytes) -> None:
    """What cannot be read is a stop of everything, and a person can resume from it."""
    (tmp_path / "stop.json").write_bytes(content)

    state = stop.read(ANY)

    assert (state.state, state.scope) == ("stop", EVERYTHING)
    assert "pinnedrules resume" in state.reason
    assert StopFile(tmp_path).read(ANY).state == "stop"
    stop.resume(actor="kim", reason="mended")
    assert stop.read(ANY).state == "run"


def test_a_stop_can_be_set_over_a_garbled_file(stop: StopFile, tmp_path: Path) -> None:
    """Stopping one session must not make the garbled file, which stops all, a good one that stops one."""
    (tmp_path / "stop.json").write_bytes(b"junk")

    stop.set("pause", scope=session_scope("x"), reason="r", actor="a")

    assert stop.read(OTHER).state == "stop"


def test_a_removed_file_is_a_stop(stop: StopFile, tmp_path: Path) -> None:
    """Removing stop.json by hand lifts nothing."""
    stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")
    (tmp_path / "stop.json").unlink()

    for reader in (stop, StopFile(tmp_path)):
        state = reader.read(ANY)
        assert (state.state, state.epoch) == ("stop", 1)
        assert "removed by hand" in state.reason


def test_an_old_file_put_back_is_a_stop(stop: StopFile, tmp_path: Path) -> None:
    """Putting back a file from before the stop lifts nothing, and no old epoch comes back."""
    before = (tmp_path / "stop.json").read_bytes()
    stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")
    (tmp_path / "stop.json").write_bytes(before)

    for reader in (stop, StopFile(tmp_path)):
        state = reader.read(ANY)
        assert (state.state, state.epoch) == ("stop", 1)
    assert stop.resume(actor="kim", reason="").epoch == 2


def test_putting_everything_back_does_not_fool_a_running_process(stop: StopFile, tmp_path: Path) -> None:
    """A process remembers the highest epoch it saw, whatever is done to the files."""
    stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")
    stop.read(ANY)
    for name in ("stop.json", "stop.lock"):
        (tmp_path / name).unlink()
    StopFile(tmp_path)

    assert stop.read(ANY).state == "stop"
    assert stop.read(ANY).epoch == 1


def test_the_epoch_only_grows(stop: StopFile, tmp_path: Path) -> None:
    """Across restarts, stops, resumes, touched files and removed files; a pause alone makes nothing void."""
    seen = [stop.read(ANY).epoch]
    for change in (
        lambda: StopFile(tmp_path).set("stop", scope=EVERYTHING, reason="", actor="a"),
        lambda: StopFile(tmp_path).resume(actor="kim", reason=""),
        (tmp_path / "STOP").touch,
        (tmp_path / "STOP").unlink,
        lambda: (tmp_path / "stop.lock").unlink(),
        lambda: StopFile(tmp_path).set("pause", scope=EVERYTHING, reason="", actor="a"),
        lambda: StopFile(tmp_path).resume(actor="kim", reason=""),
    ):
        change()
        seen.append(StopFile(tmp_path).read(ANY).epoch)

    assert seen == [0, 1, 2, 3, 4, 4, 4, 6]


def test_changes_in_quick_succession_are_all_seen(stop: StopFile, tmp_path: Path) -> None:
    """Two versions of the file never look alike to a reader, however fast they follow each other."""
    writer = StopFile(tmp_path)
    for number in range(1, 60):
        if number % 2:
            writer.set("stop", scope=EVERYTHING, reason="r", actor="a")
        else:
            writer.resume(actor="k", reason="r")
        assert stop.read(ANY).state == ("stop" if number % 2 else "run")
        assert stop.read(ANY).epoch == number


def test_a_reader_during_a_change_sees_one_of_both(stop: StopFile, tmp_path: Path) -> None:
    """A stop of another session never stops this one for a moment, not even for a reader that looks anew."""
    done = threading.Event()
    seen: set[tuple[str, str]] = set()

    def look() -> None:
        while not done.is_set():
            state = StopFile(tmp_path).read(ANY)
            seen.add((state.state, state.reason))

    readers = [threading.Thread(target=look) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(40):
        stop.set("stop", scope=session_scope(f"other-{number}"), reason="r", actor="a")
    done.set()
    for reader in readers:
        reader.join()

    assert seen == {("run", "")}


def test_a_reader_waits_for_what_is_written_and_not_for_its_turn(
    stop: StopFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may hold the lock one after the other: a reader goes on as soon as what it reads is whole."""
    real, looks = StopFile._settled, list[Sign | None]()

    def settled(self: StopFile, hand: Sign | None) -> object:
        looks.append(hand)
        return real(self, hand) if len(looks) > 1 else None

    reader = StopFile(tmp_path)
    with (tmp_path / "stop.lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        monkeypatch.setattr(StopFile, "_settled", settled)
        assert reader.read(ANY).state == "run"
        assert StopFile(tmp_path).read(ANY).state == "run"


def test_concurrent_changes_are_all_kept(tmp_path: Path) -> None:
    """Stops set by several threads and processes at once are all in force afterwards, each with its epoch."""
    StopFile(tmp_path)
    script = (
        "import sys\nfrom pathlib import Path\nfrom pinnedrules.control.stop import StopFile\n"
        "stop = StopFile(Path(sys.argv[1]))\n"
        "for n in range(10): stop.set('stop', scope=f'session:{sys.argv[2]}-{n}', reason='r', actor='a')\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(name)]) for name in range(3)]
    for process in processes:
        assert process.wait(60) == 0

    content = json.loads((tmp_path / "stop.json").read_text())
    assert content["epoch"] == 30
    assert len(content["scopes"]) == 30


def test_a_stop_reaches_a_forked_child_and_comes_back(stop: StopFile, tmp_path: Path) -> None:
    """A stop works after a fork, in both directions."""
    stop.read(ANY)
    there, back = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child
        code = 1
        try:
            os.read(there[0], 1)
            seen = stop.read(ANY).state
            stop.set("stop", scope=session_scope("child"), reason="r", actor="a")
            code = 0 if seen == "stop" else 2
        finally:
            os._exit(code)
    stop.set("stop", scope=session_scope("inbox-42"), reason="r", actor="kim")
    os.write(there[1], b"x")
    _, status = os.waitpid(pid, 0)
    for end in (*there, *back):
        os.close(end)

    assert os.waitstatus_to_exitcode(status) == 0
    assert stop.read(SessionId("child")).state == "stop"


def test_a_lock_held_for_ever_fails_closed(stop: StopFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is suspended while changing the state holds up nobody: writing fails, reading is a stop."""
    monkeypatch.setattr(stop_module, "_LOCK_SECONDS", 0.05)
    with stop._locked():
        with pytest.raises(StateError, match="has been held"):
            StopFile(tmp_path).set("stop", scope=EVERYTHING, reason="r", actor="kim")
        (tmp_path / "stop.json").write_bytes(b"junk")
        state = stop.read(ANY)

    assert state.state == "stop"
    assert "has been held" in state.reason


def test_a_lock_file_that_was_replaced_keeps_nobody_out(stop: StopFile, tmp_path: Path) -> None:
    """A lock on a file that is no longer the lock file is not taken for the lock."""
    with stop._locked():
        (tmp_path / "stop.lock").unlink()
        stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")

    assert stop.read(ANY).state == "stop"


def test_a_lock_file_that_vanishes_in_between_is_tried_again(
    stop: StopFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up again once the lock is held."""
    asked = iter([-1, -1])
    real = stop._inode
    monkeypatch.setattr(stop, "_inode", lambda: next(asked, None) or real())

    stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")

    assert stop.read(ANY).state == "stop"


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A stop state that could not be kept is not opened."""
    with pytest.raises(StateError, match="cannot be written"):
        StopFile(tmp_path / "missing")


def test_a_folder_that_vanishes_is_a_stop(tmp_path: Path) -> None:
    """Without the folder nobody can say what is in force."""
    folder = tmp_path / "s"
    folder.mkdir()
    stop = StopFile(folder)
    stop.read(ANY)
    for path in (*folder.iterdir(), folder):
        path.rmdir() if path.is_dir() else path.unlink()

    assert stop.read(ANY).state == "stop"


def test_a_folder_that_cannot_be_looked_into_is_a_stop(stop: StopFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the system while looking is a stop."""

    def fail(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(stop_module, "_sign", fail)

    assert stop.read(ANY).state == "stop"


def test_only_the_owner_can_read_the_files(stop: StopFile, tmp_path: Path) -> None:
    """Reasons may name people."""
    stop.set("stop", scope=EVERYTHING, reason="r", actor="kim")

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "stop.json": 0o600,
        "stop.lock": 0o600,
    }
