"""One lane of a log: a folder with one writer at a time.

::

    0001/lock                    held (flock) by the process that writes here
    0001/000001.jsonl            segments: the lines, chained across files
    0001/private/000001.jsonl    the values that lines commit to, with their salts; may be erased
    0001/quarantine/             what a crash left of a last write

A process takes the first lane that nobody holds, so a lane outlives processes and its chain goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pinnedrules.errors import StateError
from pinnedrules.evidence.disk import sync, sync_folder, write_all
from pinnedrules.evidence.record import Draft, Link, chain, line_hash, parse_line

__all__ = ["Lane", "Recovered", "lane_folders", "open_lane", "private_file", "segments"]

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found torn when a lane was opened: bytes moved to quarantine, their hash and their file there."""

    lost_bytes: int
    tail_sha256: str
    file: str


class Lane:
    """A lane that this process holds. One thread at a time. Methods raise OSError, and then :meth:`roll_back` is due."""

    def __init__(self, folder: Path, lock: int, segment_bytes: int) -> None:
        """Find the end of the chain, and take over *lock*. Raises StateError when the lines do not agree."""
        self.name = folder.name
        self._file = -1
        self._folder = folder
        self._lock = -1
        self._limit = segment_bytes
        self._private = -1
        self.recovered: Recovered | None = None
        found = segments(folder)
        self._number = int(found[-1].stem) if found else 1
        self._file = os.open(self._segment, _FLAGS, 0o600)
        try:
            self.link = self._find_end(found)
            self._size = self._durable_size = os.fstat(self._file).st_size
            self._durable_link = self.link
            self._open_private()
            sync_folder(folder)
            sync_folder(folder.parent)
        except BaseException:
            self.close()
            raise
        self._lock = lock

    @property
    def _segment(self) -> Path:
        return self._folder / f"{self._number:06d}.jsonl"

    def write(self, records: Sequence[tuple[Draft, bytes]]) -> None:
        """Chain and write *records*, each with its private line less the number; not durable before :meth:`sync`."""
        lines, opened, link = [], [], self.link
        for record, private in records:
            if private:
                opened.append(b'{"seq":%d,%b\n' % (link.seq, private))
            line, link = chain(link, record)
            lines.append(line + b"\n")
        data = b"".join(lines)
        if self._size and self._size + len(data) > self._limit:
            self._rotate()
        if opened:
            write_all(self._private, b"".join(opened))
            self._private_dirty = True
        write_all(self._file, data)
        self._size += len(data)
        self.link = link

    def sync(self) -> None:
        """Make everything written durable, and make sure that it is still where it was written."""
        sync(self._file)
        found, named = os.fstat(self._file), _stat(self._segment)
        if named is None or not os.path.samestat(found, named) or found.st_size != self._size:
            raise OSError("the log was changed by somebody else while it was being written")
        self._durable_size, self._durable_link = self._size, self.link

    def sync_private(self) -> None:
        """Make the private values durable too; done after the lines, because nobody waits for it."""
        if self._private_dirty:
            sync(self._private)
            self._private_dirty = False

    def roll_back(self) -> None:
        """Take out lines that were written and never became durable, as far as the disk lets us."""
        with contextlib.suppress(OSError):
            if os.fstat(self._file).st_size > self._durable_size:
                os.ftruncate(self._file, self._durable_size)
                sync(self._file)

    @property
    def durable(self) -> Link:
        """Where the durable part of the chain ends."""
        return self._durable_link

    def close(self) -> None:
        """Give the lane back."""
        # Without unlocking: the parent of a forked child holds the same lock.
        files = self._file, self._private, self._lock
        self._file = self._private = self._lock = -1
        for file in files:
            if file >= 0:
                os.close(file)

    def __del__(self) -> None:
        self.close()

    def _find_end(self, found: Sequence[Path]) -> Link:
        end, link = _scan(self._segment)
        for path in reversed(found[:-1]):
            if link is not None:
                break
            whole, link = _scan(path)
            if whole != path.stat().st_size:
                raise StateError(f"{path.parent.name}/{path.name} is torn, and the lane goes on after it")
        tail = os.fstat(self._file).st_size - end
        if tail:
            self._quarantine(end, tail)
        elif found and link is None:
            # Taken, and empty: a crash before the first line, or somebody emptied it. The record will tell.
            self.recovered = Recovered(0, "", "")
        return link or Link(self.name)

    def _quarantine(self, end: int, size: int) -> None:
        tail = os.pread(self._file, size, end)
        place = self._folder / "quarantine"
        place.mkdir(mode=0o700, exist_ok=True)
        digest = line_hash(tail)
        path = place / f"{self._number:06d}-{end}-{digest[:16]}"
        copy = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            write_all(copy, tail)
            sync(copy)
        finally:
            os.close(copy)
        sync_folder(place)
        os.ftruncate(self._file, end)
        sync(self._file)
        self.recovered = Recovered(len(tail), digest, path.name)

    def _rotate(self) -> None:
        self.sync()
        self.sync_private()
        path = self._folder / f"{self._number + 1:06d}.jsonl"
        file = os.open(path, _FLAGS, 0o600)
        try:
            if os.fstat(file).st_size:
                raise OSError("the next file of the log is there already")
            sync_folder(self._folder)
        except BaseException:
            os.close(file)
            raise
        # The old file is closed last: a child forked here must find no number that stands for something else.
        old, self._file = self._file, file
        os.close(old)
        self._number, self._size, self._durable_size = self._number + 1, 0, 0
        self._open_private()

    def _open_private(self) -> None:
        path = private_file(self._segment)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        file = os.open(path, _FLAGS, 0o600)
        old, self._private = self._private, file
        if old >= 0:
            os.close(old)
        self._private_dirty = False


def open_lane(folder: Path, segment_bytes: int) -> tuple[Lane, tuple[str, ...]]:
    """Take the first free lane of the log *folder*, a new one if need be; return it and why others were passed over.

    A lane whose lines do not agree is evidence: it is left as it is, for the check to find. Raises OSError.
    """
    passed: list[str] = []
    for number in itertools.count(1):
        place = folder / f"{number:04d}"
        place.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return Lane(place, lock, segment_bytes), tuple(passed)
        except BlockingIOError:
            os.close(lock)
        except StateError as error:
            os.close(lock)
            passed.append(str(error))
        except BaseException:
            os.close(lock)
            raise
    raise AssertionError("count() does not end")


def lane_folders(folder: Path) -> list[Path]:
    """Return the lanes of the log *folder*, in order."""
    return sorted(path for path in folder.glob("[0-9]*") if path.is_dir())


def segments(lane: Path) -> list[Path]:
    """Return the segments of *lane*, in order."""
    return sorted(lane.glob("[0-9]*.jsonl"))


def private_file(segment: Path) -> Path:
    """Return the file with the private values of *segment*."""
    return segment.parent / "private" / segment.name


def _scan(path: Path, *, thorough: bool = False) -> tuple[int, Link | None]:
    """Return where the good lines of one segment end, and the link after them (None without any).

    Looks at the chain only, since finding a torn end needs no more and a segment is large; a last line that turns out
    to be no record is looked for *thorough*-ly. Raises StateError when records follow a line that is none.
    """
    end, last, head = 0, b"", b""
    torn = False
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            line = raw[:-1]
            fits = raw.endswith(b"}\n") and (not last or b'"prev":"%b"' % head in line)
            if fits and not torn and ((last and not thorough) or _is_record(line)):
                end, last, head = end + len(raw), line, line_hash(line).encode()
            elif _is_record(line):
                raise StateError(f"{path.parent.name}/{path.name}: line {number} does not follow from the one before")
            else:
                torn = True
    if not last:
        return 0, None
    if not _is_record(last):
        return _scan(path, thorough=True)
    return end, Link(path.parent.name, int(str(parse_line(last)["seq"])) + 1, head.decode())


def _stat(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_record(line: bytes) -> bool:
    try:
        return type(parse_line(line)["seq"]) is int
    except ValueError:
        return False
