"""Which guards are live on this machine, and which of them have seen a stop.

Each live guard has a small file in this user's run folder. A thread in its process reads the stop state ten times
a second and writes the folder's epoch that it saw into that file: from then on nothing is released there under an older one,
because every release reads the same state. So a bare ``pinnedrules stop`` reaches all guards and knows who answered.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.control.state import StateFolder, own_folder, state_home
from pinnedrules.control.stop import EVERYTHING, StopFile
from pinnedrules.errors import StateError
from pinnedrules.evidence.disk import replace_file

__all__ = ["Acknowledgement", "LiveGuard", "Registration", "live", "register", "run_folder", "stop_everywhere"]

_POLL_SECONDS = 0.1
_WAIT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LiveGuard:
    """A guard in a running process: its state folder, the name of its rules, since when, and the folder's epoch it saw."""

    pid: int
    started: str
    state: Path
    rules: str
    since_us: int
    epoch: int
    file: Path


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Whether one guard is known to hold to the stop; if not, ``why``."""

    guard: LiveGuard
    acknowledged: bool
    why: str = ""


class Registration:
    """The entry of one guard of this process. A forked child gets an entry of its own."""

    def __init__(self, state: StateFolder, rules: str, folder: Path) -> None:
        self._state = state
        self._rules = rules
        self._folder = folder
        self._stop = StopFile(state)
        self._begin()

    def _begin(self) -> None:
        self._file = self._folder / f"{os.getpid()}-{secrets.token_hex(6)}.json"
        self._since_us = time.time_ns() // 1000
        self._epoch = -1

    def close(self) -> None:
        """Take the entry out; the process no longer counts as a live guard."""
        with _WATCH.lock:
            _WATCH.entries.discard(self)
            self._file.unlink(missing_ok=True)

    def _acknowledge(self) -> None:
        """Write the folder's epoch, if it is new here. Raises OSError."""
        epoch = self._stop.epoch()
        if epoch != self._epoch:
            entry = {
                "pid": os.getpid(),
                "started": _started(os.getpid()),
                "state": str(self._state.path),
                "rules": self._rules,
                "since_us": self._since_us,
                "epoch": epoch,
            }
            replace_file(self._file, json.dumps(entry).encode())
            self._epoch = epoch


class _Watch:
    """The thread of this process that acknowledges for all its guards; it ends when there are none."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.entries: set[Registration] = set()
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread unless it runs. With the lock held."""
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, name="pinnedrules-stop", daemon=True)
            self.thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            with self.lock:
                if not self.entries:
                    self.thread = None
                    return
                for entry in self.entries:
                    # A guard that cannot say that it saw the stop is reported as one that did not.
                    with contextlib.suppress(OSError):
                        entry._acknowledge()

    def after_fork(self) -> None:
        """In a child: its own lock, its own thread and, after the first poll, its own entries."""
        self.lock = threading.Lock()
        self.thread = None
        for entry in self.entries:
            entry._begin()
        if self.entries:
            self.start()

    def at_exit(self) -> None:
        """Take out what is left at the end of the process."""
        for entry in tuple(self.entries):
            entry.close()


_WATCH = _Watch()
os.register_at_fork(after_in_child=_WATCH.after_fork)
atexit.register(_WATCH.at_exit)


def register(state: StateFolder, *, rules: str, environment: Mapping[str, str] = os.environ) -> Registration:
    """Enter a guard of this process in the run folder. Raises StateError."""
    folder = run_folder(environment)
    own_folder(folder)
    entry = Registration(state, rules, folder)
    with _WATCH.lock:
        try:
            entry._acknowledge()
        except OSError as error:
            raise StateError(f"the run folder {folder} cannot be written ({error.strerror})") from error
        _WATCH.entries.add(entry)
        _WATCH.start()
    return entry


def run_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return this user's run folder (XDG Base Directory Specification), or its place beside the user's own state."""
    runtime = Path(environment.get("XDG_RUNTIME_DIR", ""))
    return runtime / "pinnedrules" if runtime.is_absolute() else state_home(environment) / "run"


def live(environment: Mapping[str, str] = os.environ) -> list[LiveGuard]:
    """Return the live guards of this user, oldest first; entries of processes that are gone are removed."""
    found = []
    for file in run_folder(environment).glob("*.json"):
        guard = _read(file)
        if guard is None or _started(guard.pid) != guard.started:
            with contextlib.suppress(OSError):
                file.unlink()
        else:
            found.append(guard)
    return sorted(found, key=lambda guard: (guard.since_us, guard.file))


def stop_everywhere(
    reason: str, actor: str, *, seconds: float = _WAIT_SECONDS, environment: Mapping[str, str] = os.environ
) -> list[Acknowledgement]:
    """Stop every live guard of this user, and wait up to *seconds* for each to acknowledge it.

    A guard that did not is in the list with the reason: an incomplete stop is never reported as a clean one.
    """
    guards = live(environment)
    epochs: dict[Path, int] = {}
    failed: dict[Path, str] = {}
    for folder in dict.fromkeys(guard.state for guard in guards):
        try:
            epochs[folder] = StopFile(folder).set("stop", scope=EVERYTHING, reason=reason, actor=actor).epoch
        except StateError as error:
            failed[folder] = str(error)
    until = time.monotonic() + seconds
    while True:
        answers = [_answer(guard, epochs.get(guard.state), failed.get(guard.state, "")) for guard in guards]
        waiting = any(not answer.acknowledged and answer.why.startswith(_SILENT) for answer in answers)
        if not waiting or time.monotonic() >= until:
            return answers
        time.sleep(_POLL_SECONDS / 2)


_SILENT = "it runs and has not acknowledged"


def _answer(guard: LiveGuard, epoch: int | None, failure: str) -> Acknowledgement:
    if epoch is None:
        return Acknowledgement(guard, False, failure)
    now = _read(guard.file)
    if now is not None and now.epoch >= epoch:
        return Acknowledgement(now, True)
    if _started(guard.pid) != guard.started:
        return Acknowledgement(guard, False, "its process ended before it acknowledged")
    if now is None:
        return Acknowledgement(guard, False, "its guard was closed before it acknowledged")
    return Acknowledgement(guard, False, _SILENT)


def _read(file: Path) -> LiveGuard | None:
    try:
        entry = json.loads(file.read_bytes())
        return LiveGuard(
            pid=int(entry["pid"]),
            started=str(entry["started"]),
            state=Path(entry["state"]),
            rules=str(entry["rules"]),
            since_us=int(entry["since_us"]),
            epoch=int(entry["epoch"]),
            file=file,
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _started(pid: int) -> str:
    """Return when a process started, in the system's own terms, so that a reused pid is told apart; empty if gone."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # Fields after the command in parentheses, which may hold anything: state first, start time 20th (proc(5)).
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()
