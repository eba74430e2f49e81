"""What can be read of a damaged cache file.

The first page, without which nothing is found, is the same in every file of ours: a damaged one is
put right first; then the tables are walked through. Columns are taken as they come, so that files
of other versions can be read, and what they say only where it can be true.
"""

import math
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from appliance.forwarding.cache_ledger import Ledger, load_ledger
from appliance.forwarding.cache_pages import Row
from appliance.forwarding.cache_rows import CacheRows
from appliance.forwarding.cache_schema import (
    FRAME_COLUMNS,
    FRAMES_ROOT,
    PAGE_BYTES,
    TABLES,
    Database,
    fresh_first_page,
    is_damage,
    load_settings,
)
from appliance.forwarding.cache_wal import fold, is_damaged, wal_of
from appliance.forwarding.cache_walk import TableWalk
from appliance.forwarding.cached_frame import ENDLESS, CachedFrame, QuarantinedFrame
from appliance.forwarding.unit_clock import Setting

GREATEST_ID = (1 << 63) - 1
_COLUMNS_OF_VERSION_1 = 6
_TABLE_PAGES = (b"\x05", b"\x0d")  # first bytes of a page that belongs to a table


class Salvage:
    """A damaged cache's readable part; `number` is the file's, 0 for one without a name any more.

    Frames are read behind the id `after`, up to the id `to`. Every method blocks; damage is passed
    over, but a disk that fails is given a few more tries first: sqlite3.OperationalError, OSError.
    """

    def __init__(
        self, database: sqlite3.Connection, number: int, after: int = 0, to: int = GREATEST_ID
    ) -> None:
        self.number = number
        self.found = 0  # frames put back
        self._database = database
        self._rows = CacheRows(database)
        self._frames = TableWalk(database, "* FROM frames", _frame, after, to)

    @property
    def reached(self) -> int:
        """The id up to which was read."""
        return self._frames.after

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self._frames.ended

    def go_back(self, reached: int) -> None:
        """Reads again from behind that id: what came there could not be put back."""
        self._frames.go_back(reached)

    def look_for_pages(self, path: Path, first_id: int) -> None:
        """Also takes frames from pages in the file at `path` that the tree does not lead to.

        From the id `first_id` on; without it, 0, what was acknowledged long ago would come again.
        """
        if first_id:
            with suppress(sqlite3.Error, OSError):  # then what the tree leads to has to do
                self._frames.look_for_pages(path, first_id)

    def ledger(self) -> Ledger | None:
        """The counts, where they can be read and add up to something possible."""
        try:
            return load_ledger(self._database)
        except sqlite3.Error:
            return None

    def last_id(self) -> int | None:
        """The greatest id of a frame; None where that part cannot be read."""
        try:
            last = self._rows.last_id()
        except sqlite3.Error:
            return None
        return last if last < ENDLESS else None

    def priority_behind(self, frame_id: int) -> int:
        """How many frames behind that id have priority; 0 where that part cannot be read."""
        try:
            return int(self._rows.behind(frame_id).priority)
        except sqlite3.Error:
            return 0

    def frames(self, limit: int) -> list[CachedFrame]:
        """The next readable frames, `limit` or a few more; fewer, or none, is not the end."""
        return self._frames.next(limit)

    def quarantined(self, limit: int) -> list[QuarantinedFrame]:
        """The readable ones of those that were set aside, up to `limit`."""
        columns = f"{FRAME_COLUMNS}, reason, at FROM quarantined"
        walk = TableWalk(self._database, columns, _quarantined, 0, GREATEST_ID)
        found: list[QuarantinedFrame] = []
        while not walk.ended and len(found) < limit:
            with suppress(sqlite3.Error):  # asked a few times; then it is damage like any other
                found += walk.next(limit - len(found))
        return found

    def clock_settings(self) -> list[Setting]:
        """What is known of boots' clocks, where it can be read."""
        try:
            return [each for each in load_settings(self._database) if each.is_sound()]
        except sqlite3.Error:
            return []

    def close(self) -> None:
        """Ends it."""
        self._frames.close()
        with suppress(sqlite3.Error):  # it is damaged
            self._database.close()


def open_damaged(path: Path, number: int, after: int) -> Salvage:
    """What can be read of the file at `path`; sqlite3.Error or OSError where that is nothing."""
    path.touch(0o600)  # a WAL without its database
    if not _is_readable(wal_of(path)):
        fold(path, wal_of(path))
    if not path.stat().st_size:
        _mend_first_page(path)  # SQLite would throw the WAL away
    try:
        return Salvage(_open(path), number, after)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        mendable = is_damage(error) or code == sqlite3.SQLITE_IOERR  # a bad block, maybe
        if not mendable or not _mend_first_page(path):
            raise
        return Salvage(_open(path), number, after)


def _is_readable(wal: Path) -> bool:
    """Whether SQLite can read all of it."""
    try:
        return not is_damaged(wal)
    except OSError:  # a bad block
        return False


def mend_in_use(database: sqlite3.Connection, path: Path) -> None:
    """Lets `database` read on where the first page of its file, at `path`, cannot be read.

    Raises sqlite3.Error and OSError.
    """
    try:
        _read_schema(database)
    except sqlite3.Error:
        with suppress(sqlite3.Error):  # the WAL may have the page, and is read before the file
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if _mend_first_page(path):
            database.execute("PRAGMA shrink_memory").fetchall()  # the bad one is remembered


def _read_schema(database: sqlite3.Connection) -> None:
    """Raises sqlite3.Error where the first page is not to be relied on."""
    names = {name for (name,) in database.execute("SELECT CAST(name AS BLOB) FROM sqlite_schema")}
    if names & TABLES:  # else it is another program's
        database.execute("SELECT id FROM frames LIMIT 0")


def _open(path: Path) -> sqlite3.Connection:
    database = Database(path, 0.0)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Otherwise SQLite refuses a file that is shorter than it should be, whole.
        database.execute("PRAGMA writable_schema = ON")
        _read_schema(database)
    except BaseException:
        database.close()
        raise
    return database


def _mend_first_page(path: Path) -> bool:
    """Puts a sound first page into the file at `path`, where the rest looks like ours."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek((FRAMES_ROOT - 1) * PAGE_BYTES)
        # In an empty file: all that there was is still in the WAL.
        if size and file.read(1) not in _TABLE_PAGES:
            return False
        file.seek(0)
        file.write(fresh_first_page(size // PAGE_BYTES))
    return True


def _frame(row: Row) -> CachedFrame | None:
    """The row as a frame, where each of its values can be one's."""
    if len(row) < _COLUMNS_OF_VERSION_1:
        return None
    boot, since_boot = row[6:8] if len(row) >= len(CachedFrame._fields) else (None, None)
    if not (isinstance(boot, int) and isinstance(since_boot, float) and math.isfinite(since_boot)):
        boot = since_boot = None
    number, received_at, *others = row[:_COLUMNS_OF_VERSION_1]
    if isinstance(received_at, int):  # a whole number is stored as such
        received_at = float(received_at)
    values = (number, received_at, *others, boot, since_boot)
    frame = CachedFrame._make(cast(Iterable[Any], values))
    return frame if frame.is_sound() else None


def _quarantined(row: Row) -> QuarantinedFrame | None:
    *columns, reason, at = row
    frame = _frame(tuple(columns))
    if frame is None:
        return None
    found = QuarantinedFrame(frame, cast(str, reason), cast(float, at))
    return found if found.is_sound() else None
