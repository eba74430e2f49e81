"""Whether a database that is open still has its name: another program may delete or replace it.

An open file lives on without a name, and what is written to it is gone with the process.
"""

from pathlib import Path

from appliance.forwarding.cache_wal import wal_of

Identity = tuple[int, int]  # device and inode


class FileIdentity:
    """The database at `path`, just opened, and its WAL. Every method raises OSError."""

    def __init__(self, path: Path) -> None:
        self._paths = (path, wal_of(path))
        self._known = self._found()

    def is_in_place(self) -> bool:
        """Whether nothing has been deleted or replaced."""
        found = self._found()
        for known, now in zip(self._known, found, strict=True):
            if known is not None and known != now:
                return False
        self._known = found  # the WAL may be made only later
        return True

    def has_its_name(self) -> bool:
        """Whether the database itself is where it was, whatever became of its WAL."""
        return self._found()[0] == self._known[0]

    def _found(self) -> tuple[Identity | None, ...]:
        return tuple(_identity(path) for path in self._paths)


def _identity(path: Path) -> Identity | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
