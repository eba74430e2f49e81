"""The cache's database: its tables and settings, and how one of an earlier version becomes ours.

Locked by one connection for good, which keeps the write-ahead log's index out of a file that
others could truncate under us, and two connections from writing and checkpointing at once, which
is what SQLite's WAL-reset bug needs.
"""

import os
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from appliance.durable_file import flush_directory
from appliance.forwarding.cache_wal import is_damaged, wal_of
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.unit_clock import Setting

VERSION = 2

# A commit appends every page it touches to the WAL, whole. For a frame on its own, the kernel
# counts, checkpoints included: 12.7 kB at SQLite's 4,096 bytes a page, 5.4 kB at 1,024, 4.9 kB at
# 512; but a frame of the largest size has to be spread over three pages of 512 bytes.
PAGE_BYTES = 1024
WAL_BYTES = 1 << 19  # checkpointed then: seldom enough to rewrite few pages, small on a full disk
ROW_OVERHEAD = 50  # bytes that a frame takes besides itself, about
_CHECKED_AT_START = 32 << 20  # bytes: up to here a whole check takes a fraction of a second
_REBUILT_AT_START = 4 << 20  # bytes: the same for laying a file out anew

FRAME_COLUMNS = "id, received_at, priority, rssi, corrected_bits, mbal, boot, since_boot"

_DAMAGE = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_ERROR,  # "no such column" and the like: a schema that is not ours any more
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_CONSTRAINT,  # an id that is in use: something else has been written there
)
_FRAME = """
    id INTEGER PRIMARY KEY, received_at REAL NOT NULL, priority INTEGER NOT NULL,
    rssi INTEGER NOT NULL, corrected_bits INTEGER NOT NULL, mbal BLOB NOT NULL,
    boot INTEGER, since_boot REAL"""
_QUARANTINED = f"CREATE TABLE quarantined ({_FRAME}, reason TEXT NOT NULL, at REAL NOT NULL) STRICT"
_CLOCK = """CREATE TABLE clock (boot INTEGER PRIMARY KEY, offset REAL NOT NULL,
    since_boot REAL NOT NULL, synchronised INTEGER NOT NULL) STRICT"""
# In this order the frames' own root is page 5, outside the first block of 4,096 bytes: that may be
# lost, and every frame is still found (see `fresh_first_page`).
_CREATE = f"""
CREATE TABLE ledger (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
{_QUARANTINED};
{_CLOCK};
CREATE TABLE frames ({_FRAME}) STRICT;
"""
TABLES = frozenset({b"ledger", b"quarantined", b"clock", b"frames"})
FRAMES_ROOT = 5
_FROM_VERSION_1 = f"""
ALTER TABLE frames ADD COLUMN boot INTEGER;
ALTER TABLE frames ADD COLUMN since_boot REAL;
{_QUARANTINED};
{_CLOCK};
INSERT OR REPLACE INTO ledger SELECT 'cached', count(*) FROM frames;
INSERT OR REPLACE INTO ledger SELECT 'cached_priority', coalesce(sum(priority), 0) FROM frames;
INSERT OR REPLACE INTO ledger SELECT 'settled_to', coalesce(max(id), 0) FROM frames;
"""  # noqa: S608 - ours


class DamageError(sqlite3.DatabaseError):
    """The file can be read, and is not what it should be."""


class Database(sqlite3.Connection):
    """A connection that waits `patience_s` for a lock, and leaves transactions to the caller.

    It says damage where the schema cannot even be quoted in an error. Text that is none is read all
    the same: what comes of it is judged like any other value.
    """

    def __init__(self, path: Path, patience_s: float) -> None:
        super().__init__(path, patience_s, isolation_level=None, check_same_thread=False)
        self.text_factory = partial(str, encoding="utf-8", errors="replace")

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """As that of its base. Raises sqlite3.Error, and nothing else."""
        try:
            return super().execute(*arguments)
        except UnicodeDecodeError as error:
            raise DamageError("its schema is not as it was written") from error


def connect(path: Path) -> sqlite3.Connection:
    """The database at `path`, made 0600 where there is none; checked as far as that is quick.

    Raises sqlite3.Error and OSError; what `is_damage` where the file's contents are at fault.
    """
    _make_ready(path)
    database = Database(path, 1.0)
    try:
        _set_up(database)
        _bring_up_to_date(database)
        _lay_out_anew(database)
        _check(database)
    except BaseException:
        database.close()
        raise
    return database


def fresh_first_page(pages: int) -> bytes:
    """The first page of a file of `pages` pages: the same in each, but for numbers."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    _run(database, _CREATE)
    page = bytearray(database.serialize()[:PAGE_BYTES])
    database.close()
    page[18:20] = b"\x02\x02"  # its journal is a WAL
    page[28:32] = max(pages, 1).to_bytes(4, "big")
    return bytes(page)


def is_damage(error: Exception) -> bool:
    """Whether the file's contents are at fault, not the disk or its permissions."""
    if isinstance(error, DamageError):
        return True
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF in _DAMAGE


def load_settings(database: sqlite3.Connection) -> list[Setting]:
    """What is known of this and of earlier boots' clocks. Raises sqlite3.Error."""
    rows = database.execute("SELECT boot, offset, since_boot, synchronised FROM clock")
    return [Setting(boot, offset, since, bool(ntp)) for boot, offset, since, ntp in rows]


def save_setting(database: sqlite3.Connection, setting: Setting) -> None:
    """Writes what is known of a boot's clock, in a transaction of the caller's."""
    database.execute(
        "INSERT OR REPLACE INTO clock VALUES (?, ?, ?, ?)",
        (setting.boot, setting.offset, setting.since_boot, setting.synchronised),
    )


def forget_settings(database: sqlite3.Connection) -> None:
    """Deletes what is known of boots' clocks, in a transaction of the caller's."""
    database.execute("DELETE FROM clock")


def _make_ready(path: Path) -> None:
    """Makes the file where there is none, and finds what SQLite would not call damage."""
    if path.is_dir():
        raise DamageError("it is a folder")
    if path.exists() and not path.is_file():
        raise DamageError("it is no file")
    wal = wal_of(path)
    for each in (path, wal):
        if each.exists() and not _is_ours(each):
            with suppress(PermissionError):
                each.chmod(0o600)
            if not _is_ours(each):
                raise DamageError("this program may not read and write it")
    if is_damaged(wal):
        raise DamageError("a part of its write-ahead log is not as it was written")
    if wal.exists() and wal.stat().st_size and not (path.exists() and path.stat().st_size):
        raise DamageError("it is empty, and its WAL is not")  # which SQLite would throw away
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        flush_directory(path.parent)


def _is_ours(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


def _set_up(database: sqlite3.Connection) -> None:
    for statement in (
        f"page_size = {PAGE_BYTES}",
        "locking_mode = EXCLUSIVE",
        "journal_mode = WAL",
        # NORMAL would not flush the WAL at every commit: a power cut then takes commits back.
        "synchronous = FULL",
        # Overwritten from its start ever after, a WAL needs no further room.
        f"journal_size_limit = {WAL_BYTES}",
    ):
        database.execute(f"PRAGMA {statement}").fetchall()
    (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
    database.execute(f"PRAGMA wal_autocheckpoint = {WAL_BYTES // page_bytes}")
    # Left behind later commits, one that a power cut tore would look like the newest: `cache_wal`.
    with suppress(sqlite3.OperationalError):  # no room: another time
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _bring_up_to_date(database: sqlite3.Connection) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        if database.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,):
            raise DamageError("it is another program's database")
        _run(database, _CREATE)
    elif version == 1:
        _run(database, _FROM_VERSION_1)
    elif version != VERSION:
        raise DamageError(f"its format is {version}, not {VERSION}")


def _run(database: sqlite3.Connection, script: str) -> None:
    try:
        database.executescript(f"BEGIN; {script} PRAGMA user_version = {VERSION}; COMMIT;")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _lay_out_anew(database: sqlite3.Connection) -> None:
    """Gives a file of version 1 the small pages of today, where that is quickly done."""
    (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
    if page_bytes == PAGE_BYTES or used_bytes(database) > _REBUILT_AT_START:
        return
    database.execute("PRAGMA journal_mode = DELETE")
    database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    with suppress(sqlite3.OperationalError):  # no room: another time
        database.execute("VACUUM")
    _set_up(database)


def _check(database: sqlite3.Connection) -> None:
    """Looks for damage before the first write makes it worse, in a file that is not too large.

    In a large one it shows when the damaged part is read: frames are added at one end of the file
    and taken from the other, so until then it does not spread.
    """
    if is_quickly_read(database):
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise DamageError("a check of its pages failed")
    for table in ("frames", "quarantined"):  # every column is there
        database.execute(f"SELECT {FRAME_COLUMNS} FROM {table} LIMIT 1").fetchone()  # noqa: S608


def is_quickly_read(database: sqlite3.Connection) -> bool:
    """Whether the whole of it is read in a fraction of a second. Raises sqlite3.Error."""
    return used_bytes(database) <= _CHECKED_AT_START


def used_bytes(database: sqlite3.Connection) -> int:
    """Bytes of the pages in use. Raises sqlite3.Error."""
    (used,) = database.execute(
        "SELECT (page_count - freelist_count) * page_size"
        " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
    ).fetchone()
    return int(used)


def bytes_taken(frame: CachedFrame) -> int:
    """About what a frame takes in the file: a large one has pages of its own."""
    row = len(frame.mbal) + ROW_OVERHEAD
    return row if row < PAGE_BYTES // 2 else -(-row // PAGE_BYTES) * PAGE_BYTES
