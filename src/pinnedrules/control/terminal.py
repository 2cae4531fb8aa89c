"""The controlling terminal of this program, opened for one question. Never standard input, which may be anything."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import termios
import threading
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Terminal", "terminal"]

_POLL_SECONDS = 0.2
_INTERRUPT, _END, _ENTER, _ERASE = 0x03, 0x04, (0x0A, 0x0D), (0x08, 0x7F)


class Terminal:
    """An open terminal. Methods raise OSError or termios.error when it is lost."""

    def __init__(self, file: int) -> None:
        self._file = file

    def in_front(self) -> bool:
        """Say whether this program may read keys; in the background it would be suspended for trying."""
        return os.tcgetpgrp(self._file) == os.getpgrp()

    def show(self, text: str) -> None:
        """Write *text*."""
        os.write(self._file, text.encode(errors="replace"))

    def line(self, over: Callable[[], bool]) -> str | None:
        """Return the next line that is typed, or None when *over* says so or the person ends or interrupts it.

        Only inside :meth:`keys`. An interrupt goes on to the program, after the question has ended.
        """
        typed = bytearray()
        while not over():
            if not select.select([self._file], [], [], _POLL_SECONDS)[0]:
                continue
            read = os.read(self._file, 1)
            if not read or (read[0] == _END and not typed):
                return None
            key = read[0]
            if key == _INTERRUPT:
                os.kill(os.getpid(), signal.SIGINT)
                return None
            if key in _ENTER:
                return typed.decode("ascii")
            if key in _ERASE and typed:
                typed.pop()
                self.show("\b \b")
            elif 0x20 <= key < 0x7F:
                typed.append(key)
                self.show(chr(key))
        return None

    @contextlib.contextmanager
    def keys(self) -> Iterator[None]:
        """Get keys one by one, without echo or signals, and without what was typed before there was a question."""
        _CHANGED.take(self._file)
        try:
            yield
        finally:
            _CHANGED.give_back(self._file)


@contextlib.contextmanager
def terminal(device: str) -> Iterator[Terminal]:
    """Open *device*. Raises OSError when there is none."""
    file = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        yield Terminal(file)
    finally:
        os.close(file)


class _Changed:
    """The terminals of this process whose settings are changed just now.

    A question is asked by a daemon thread, which the end of the program cuts off wherever it stands. So the settings
    are put back at the end of the program too, and from then on not changed any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._former: dict[int, list[Any]] = {}
        self._ended = False

    def take(self, file: int) -> None:
        """Change the settings. Raises termios.error, and OSError when the program is ending."""
        with self._lock:
            if self._ended:
                raise OSError("the program is ending")
            former, raw = termios.tcgetattr(file), termios.tcgetattr(file)
            raw[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
            self._former[file] = former
            termios.tcsetattr(file, termios.TCSAFLUSH, raw)

    def give_back(self, file: int) -> None:
        """Put the settings back, once. Raises termios.error."""
        with self._lock:
            former = self._former.pop(file, None)
            if former is not None:
                termios.tcsetattr(file, termios.TCSAFLUSH, former)

    def at_exit(self) -> None:
        """Put all settings back; in the background, where that would suspend the program, the shell has its own."""
        with self._lock:
            self._ended = True
            files = list(self._former)
        for file in files:
            with contextlib.suppress(OSError, termios.error):
                if Terminal(file).in_front():
                    self.give_back(file)

    def after_fork(self) -> None:
        """In a child: the question, and so the terminal, is the parent's."""
        self._lock = threading.Lock()
        self._former = {}


_CHANGED = _Changed()
atexit.register(_CHANGED.at_exit)
os.register_at_fork(after_in_child=_CHANGED.after_fork)
