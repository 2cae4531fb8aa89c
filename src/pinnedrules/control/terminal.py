"""The controlling terminal of this program, opened for one question. Never standard input, which may be anything."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import termios
from collections.abc import Callable, Iterator

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
        former = termios.tcgetattr(self._file)
        raw = termios.tcgetattr(self._file)
        raw[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        termios.tcsetattr(self._file, termios.TCSAFLUSH, raw)
        try:
            yield
        finally:
            termios.tcsetattr(self._file, termios.TCSAFLUSH, former)


@contextlib.contextmanager
def terminal(device: str) -> Iterator[Terminal]:
    """Open *device*. Raises OSError when there is none."""
    file = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        yield Terminal(file)
    finally:
        os.close(file)
