"""A damaged write-ahead log: found before SQLite opens it, and read where SQLite would stop.

SQLite takes a WAL up to the first frame whose checksum is wrong, and throws away what follows:
right for the torn end that a power cut leaves, but one bad block in the middle would cost every
commit behind it, silently. The end is told from the middle by what follows: a commit is flushed
before the next one begins, so a torn one is the last. Layout and checksums are those of SQLite's
"Database File Format", section 4.
"""

import os
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from io import RawIOBase
from pathlib import Path
from typing import NamedTuple

_HEADER = struct.Struct(">8I")  # magic, version, page size, sequence, two salts, checksum
_FRAME = struct.Struct(">6I")  # page, pages in the database after a commit or 0, salts, checksum
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}  # and in which order the checksum takes bytes
_SUMMED = 8  # bytes of a frame's header that its checksum covers
_PAGE_SIZES = tuple(1 << power for power in range(9, 17))
_GUESSED_FROM = 200  # frames

_Pair = tuple[int, int]


class _Frame(NamedTuple):
    """A page in the WAL: its number, where its bytes begin, and the database's pages at a commit.

    `sound` says whether its own checksum is right, `reached` whether SQLite gets that far.
    """

    page: int
    at: int
    commits: int
    sound: bool
    reached: bool


def wal_of(database: Path) -> Path:
    """Where SQLite keeps the WAL of a database."""
    return database.with_name(f"{database.name}-wal")


def is_damaged(wal: Path) -> bool:
    """Whether there are commits in the WAL that SQLite will not see. Blocks; raises OSError."""
    if not wal.is_file():
        return False
    with wal.open("rb", buffering=0) as file:
        log = _Wal(file)
        committed = not log.begins_well  # the header is flushed before anything follows it
        for frame in log.frames():
            if committed and not frame.reached:
                return True
            committed = frame.commits > 0 and not frame.reached
    return False


def fold(database: Path, wal: Path) -> None:
    """Writes the newest sound version of each committed page into the database; the WAL goes.

    A block of the WAL that cannot be read is passed over like a damaged one. May be repeated where
    it was interrupted. Blocks; raises OSError.
    """
    newest: dict[int, int] = {}  # where each page begins
    pending: dict[int, int] = {}
    pages = 0
    with wal.open("rb", buffering=0) as file, database.open("r+b") as target:
        log = _Wal(file, pass_over=True)
        for frame in log.frames():
            if frame.sound:
                pending[frame.page] = frame.at
            if frame.sound and frame.commits:
                newest |= pending
                pages = frame.commits
                pending.clear()
        for page, at in sorted(newest.items()):
            file.seek(at)
            target.seek((page - 1) * log.page_bytes)
            target.write(file.read(log.page_bytes))
        if pages:
            target.truncate(pages * log.page_bytes)
        target.flush()
        os.fsync(target.fileno())
    wal.unlink()


class _Wal:
    """The log in `file`, as far as its last generation goes: the frames with its salts."""

    def __init__(self, file: RawIOBase, *, pass_over: bool = False) -> None:
        self._file = file
        self._pass_over = pass_over
        self._size = file.seek(0, os.SEEK_END)
        head = self._read(0, _HEADER.size)
        magic, _, self.page_bytes, _, *salts, first, second = _HEADER.unpack(head)
        self._order = _MAGIC.get(magic, "")
        self._salts, self._sum = (salts[0], salts[1]), (first, second)
        summed = head[: _HEADER.size - _SUMMED]
        self.begins_well = bool(self._order) and self._sum == _sum(self._order, summed, (0, 0))
        if not self.begins_well:
            self._guess()

    def _guess(self) -> None:
        """What the header would have said: the first salts that come again, frame after frame."""
        self._order = "<" if sys.byteorder == "little" else ">"
        self.page_bytes = most = 0
        for size in _PAGE_SIZES:
            length = _FRAME.size + size
            found = [self._salts_at(_HEADER.size + n * length) for n in range(_GUESSED_FROM)]
            times = Counter(filter(any, found))
            again = next((salts for salts in found if times[salts] > 1), (0, 0))
            if times[again] > most:
                most, self.page_bytes, self._salts = times[again], size, again

    def _salts_at(self, at: int) -> _Pair:
        first, second = _FRAME.unpack(self._read(at, _FRAME.size))[2:4]
        return first, second

    def _read(self, at: int, size: int) -> bytes:
        """Zeros for what is not there; or cannot be read, where that is to be passed over."""
        data: bytes | None = None
        with suppress(OSError) if self._pass_over else nullcontext():
            self._file.seek(at)
            data = self._file.read(size)
        return (data or b"").ljust(size, b"\0")

    def frames(self) -> Iterator[_Frame]:
        """All that have its salts, in order."""
        if not self.page_bytes:
            return
        at, length = _HEADER.size, _FRAME.size + self.page_bytes
        before: _Pair | None = self._sum if self.begins_well else None
        reached = self.begins_well
        while at + length <= self._size:
            data = self._read(at, length)
            page, commits, *salts, first, second = _FRAME.unpack_from(data)
            ours = page > 0 and tuple(salts) == self._salts
            if ours:
                summed = data[:_SUMMED] + data[_FRAME.size :]
                # Behind a header that cannot be trusted there is nothing to check against.
                sound = before is None or (first, second) == _sum(self._order, summed, before)
                reached = reached and sound
                yield _Frame(page, at + _FRAME.size, commits, sound, reached)
            reached = reached and ours
            before = (first, second) if ours else None
            at += length


def _sum(order: str, data: bytes, before: _Pair) -> _Pair:
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
