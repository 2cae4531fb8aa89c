"""The process of the agent: it shares the terminal, gets the signals, and is ended by a stop.

At a terminal the agent stays in our own process group, so that the terminal treats both as one job: Ctrl-C and Ctrl-Z
reach the agent as if it had been started alone, and pipelines work. We let it decide what becomes of a Ctrl-C. Without a
terminal it leads a group of its own, and what is sent to us is passed on to all of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from pinnedrules.cli.launch.start import Start

__all__ = ["NotStarted", "run_child"]

_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
"""As every shell says it (POSIX, Shell Command Language, 2.8.2)."""

_BY_SIGNAL = 128
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_KEYS = (signal.SIGINT, signal.SIGQUIT)
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0


class NotStarted(Exception):
    """The command is not there, or is no program; ``code`` is the exit code for that, ``next_step`` says what to do."""

    def __init__(self, name: str, error: OSError) -> None:
        missing = isinstance(error, FileNotFoundError)
        self.code = _NOT_FOUND if missing else _NOT_EXECUTABLE
        self.next_step = (
            "give its whole path, or install it; what stands after -- is started as it is, without a shell"
            if missing
            else f"chmod +x {name}, or name its interpreter first"
        )
        super().__init__(f"{name}: command not found" if missing else f"{name} cannot be executed ({error.strerror})")


def run_child(start: Start, stopped: Callable[[], bool]) -> int:
    """Run it to its end; when *stopped* says so, end it: politely, and after five seconds by force.

    Returns its exit code, or 128 and the number of the signal that ended it. Raises NotStarted.
    """
    child = _Child()
    with _terminal() as terminal, child.signals(terminal):
        child.start(start, own_group=terminal is None)
        over = threading.Event()
        watch = threading.Thread(target=_end_when, args=(stopped, child, over), name="pinnedrules-run", daemon=True)
        watch.start()
        code = child.wait()
        over.set()
        watch.join()
    return code if code >= 0 else _BY_SIGNAL - code


class _Child:
    """The running agent, and how a signal reaches it. What comes before it runs is kept for it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._own_group = False
        self._early: list[int] = []

    def start(self, start: Start, *, own_group: bool) -> None:
        self._own_group = own_group
        try:
            self._process = subprocess.Popen(
                start.command, env=dict(start.environment), process_group=0 if own_group else None
            )
        except OSError as error:
            raise NotStarted(start.command[0], error) from error
        for number in self._early:
            self.send(number)

    def wait(self) -> int:
        assert self._process is not None
        return self._process.wait()

    def send(self, number: int) -> None:
        if self._process is None:
            self._early.append(number)
        elif self._own_group:
            # The group outlives its leader while anything of it runs, and nobody else can get its number till then.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)

    @contextlib.contextmanager
    def signals(self, terminal: int | None) -> Iterator[None]:
        """Pass on what is sent to this process, except what the terminal has sent to the agent already."""

        def pass_on(number: int, _: FrameType | None) -> None:
            if number in _KEYS and terminal is not None and os.tcgetpgrp(terminal) == os.getpgrp():
                return
            self.send(number)

        former = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _terminal() -> Iterator[int | None]:
    """Open the terminal that this process belongs to, if there is one."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield terminal
    finally:
        os.close(terminal)


def _end_when(stopped: Callable[[], bool], child: _Child, over: threading.Event) -> None:
    while not stopped():
        if over.wait(_POLL_SECONDS):
            return
    child.send(signal.SIGTERM)
    if not over.wait(_GRACE_SECONDS):
        child.send(signal.SIGKILL)
