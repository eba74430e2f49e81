"""Where damaged cache files go: moved aside whole, numbered, and kept for whoever looks.

`salvage-N-…` is a file that still has to be read, `damaged-N-…` one that was, `unread-N-…` one that
could not be so far, counts and all: the name tells, so that a kill in the middle costs nothing. A
database goes with its -wal, and the -wal goes first: a -wal without its database would be thrown
away, a database without its -wal only is of yesterday.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from appliance.durable_file import flush_directory

_WAITING, _DONE, _UNREAD = "salvage", "damaged", "unread"
_PARTS = ("-wal", "-shm", "-journal", "")
_KEPT = 2  # files that were read; frames may be personal data, and room is short


class AsideFiles:
    """The damaged files beside the cache's `path`. Every method blocks, and raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def move(self, after: int = 0) -> int | None:
        """Moves the file at `path` aside and returns its number; None where nothing is there.

        The number is behind `after`, the last one that the ledger knows: its file may be deleted.
        """
        if not self._is_here():
            return None
        if not os.path.lexists(self._path):
            self._path.touch(0o600)  # its WAL may hold frames all the same
        number = self._next_number(after)
        try:
            self._rename(self._path, self._named(_WAITING, number))
        except OSError:
            self.move_back(number)
            raise
        return number

    def move_back(self, number: int) -> None:
        """Undoes `move`, as far as the disk lets it."""
        with suppress(OSError):
            self._rename(self._named(_WAITING, number), self._path)

    def mend_move(self) -> None:
        """Puts back a WAL that was moved when a kill came before its database was moved too."""
        wal = _part(self._path, "-wal")
        for moved in self._path.parent.glob(f"{_WAITING}-*-{wal.name}"):
            database = moved.with_name(moved.name.removesuffix("-wal"))
            if self._path.exists() and not wal.exists() and not database.exists():
                moved.rename(wal)

    def is_empty(self) -> bool:
        """Whether there is neither a file at the path nor one that still has to be read."""
        return not self._is_here() and all(kind == _DONE for kind, _ in self._all())

    def waiting(self) -> list[int]:
        """The numbers of the files that were not read to their end, oldest first."""
        return self._numbers(_WAITING)

    def waiting_file(self, number: int) -> Path:
        """Where such a file is."""
        return self._named(_WAITING, number)

    def put_off(self, number: int) -> Path:
        """Notes that nothing of file `number` can be read now; where it is."""
        path = self._named(_UNREAD, number)
        self._rename(self._named(_WAITING, number), path)
        return path

    def take_up(self, after: int) -> None:
        """Lets those that could not be read wait again, with numbers behind `after`."""
        for number in self._numbers(_UNREAD):
            new = self._named(_WAITING, self._next_number(after))
            self._rename(self._named(_UNREAD, number), new)

    def done(self, number: int) -> Path:
        """Notes that file `number` was read to its end; where it is now. The oldest ones go."""
        path = self._named(_DONE, number)
        self._rename(self._named(_WAITING, number), path)
        self.delete_read(keep=_KEPT)
        return path

    def delete_read(self, *, keep: int = 0) -> bool:
        """Deletes files that were read, but for the newest `keep`; whether there were any."""
        newest_first = self._numbers(_DONE)[::-1]
        for number in newest_first[keep:]:
            self._delete(self._named(_DONE, number))
        return len(newest_first) > keep

    def _is_here(self) -> bool:
        return any(os.path.lexists(_part(self._path, part)) for part in _PARTS)

    def _numbers(self, kind: str) -> list[int]:
        """Those of the files of that kind, oldest first."""
        return sorted(number for each, number in self._all() if each == kind)

    def _next_number(self, after: int) -> int:
        return 1 + max([after, *(number for _, number in self._all())])

    def _all(self) -> Iterator[tuple[str, int]]:
        for each in self._path.parent.iterdir():
            kind, _, rest = each.name.partition("-")
            number, _, name = rest.partition("-")
            known = kind in (_WAITING, _DONE, _UNREAD) and number.isdecimal()
            if known and name == self._path.name:
                yield kind, int(number)

    def _named(self, kind: str, number: int) -> Path:
        return self._path.with_name(f"{kind}-{number}-{self._path.name}")

    def _rename(self, old: Path, new: Path) -> None:
        for part in _PARTS:
            with suppress(FileNotFoundError):
                _part(old, part).rename(_part(new, part))
        flush_directory(self._path.parent)

    def _delete(self, path: Path) -> None:
        for part in _PARTS:
            with suppress(IsADirectoryError, PermissionError):  # not ours: left where it is
                _part(path, part).unlink(missing_ok=True)


def _part(path: Path, part: str) -> Path:
    return path.with_name(path.name + part)
