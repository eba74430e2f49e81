"""Owns the journal's lines on disk: the last ones of one run are there in the next.

Written without fsync: one every few seconds would wear the flash for the sake of words. A power cut
costs the last lines, about as many as the kernel holds back (30 s), and never the earlier ones.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MAX_BYTES = 256 * 1024  # of a file; there are two


class JournalFile:
    """`journal.log` in a directory, and before it `journal.1.log`; 0600. Every method blocks."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "journal.log"
        self._older = directory / "journal.1.log"

    def tail(self, limit: int) -> list[str]:
        """The last `limit` lines, oldest first; none where there is no file. Raises OSError."""
        lines = _last_lines(self._path)
        if len(lines) < limit:
            lines = _last_lines(self._older) + lines
        return lines[-limit:]

    def append(self, lines: Sequence[str]) -> None:
        """Adds the lines, all or, raising OSError, none of them."""
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
        with suppress(FileNotFoundError):
            if self._path.stat().st_size + len(data) > MAX_BYTES:
                self._path.replace(self._older)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _append(file, data)
        finally:
            os.close(file)


def _append(file: int, data: bytes) -> None:
    size = os.lseek(file, 0, os.SEEK_END)
    if size and os.pread(file, 1, size - 1) != b"\n":
        data = b"\n" + data  # a power cut left half a line: let it spoil no other
    try:
        written = 0
        while written < len(data):
            written += os.write(file, data[written:])
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise


def _last_lines(path: Path) -> list[str]:
    """The lines in the last MAX_BYTES of a file; what is not UTF-8 in them is replaced."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MAX_BYTES))
            data = file.read(MAX_BYTES)
    except FileNotFoundError:
        return []
    if size > MAX_BYTES:
        data = data.partition(b"\n")[2]  # it may begin in the middle of a line
    return [line for line in data.decode("utf-8", "replace").split("\n") if line]
