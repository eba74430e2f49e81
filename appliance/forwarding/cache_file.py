"""The cache's file: rows of frames and the ledger's counts. The only user of sqlite3.

Owned by one thread, on one connection: two connections that write and checkpoint at once are what
SQLite's WAL-reset bug needs. Promises: what `commit` was given is on disk, whole, when it returns,
power cut included (`synchronous=FULL` is what makes WAL keep that promise).
"""

import logging
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from appliance.errors import ConcentratorError
from appliance.forwarding.cached_frame import CachedFrame

log = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_CHECKPOINT_PAGES = 256  # 1 MB of WAL: a full disk then still has room to be emptied
_DROP_AT_LEAST = 16  # frames removed in one step when the file is over its quota
_SCHEMA = f"""
CREATE TABLE frames (
    id INTEGER PRIMARY KEY, received_at REAL NOT NULL, priority INTEGER NOT NULL,
    rssi INTEGER NOT NULL, corrected_bits INTEGER NOT NULL, mbal BLOB NOT NULL
) STRICT;
CREATE TABLE ledger (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = {_SCHEMA_VERSION};
"""
_SELECT = "SELECT id, received_at, priority, rssi, corrected_bits, mbal FROM frames"


class CacheError(ConcentratorError):
    """One line: what the cache's file refused, and what to do."""


@dataclass(slots=True)
class Ledger:
    """Counts since the unit was provisioned; they survive a restart.

    `received` is not among them: it is what was published, is cached, was dropped or quarantined
    (which nothing does yet).
    """

    received_priority: int = 0
    published: int = 0
    dropped: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What was in the file when it was opened; `last_id` is 0 where there are no frames."""

    ledger: Ledger
    frames: int
    priority_frames: int
    last_id: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit did to the rows: numbers of frames, of which priority; then the file."""

    deleted: int
    deleted_priority: int
    dropped: int
    dropped_priority: int
    bytes: int
    ledger: Ledger


class CacheFile:
    """The SQLite database at `path`, created 0600. Every method blocks."""

    def __init__(self, path: Path, max_frames: int, max_bytes: int) -> None:
        self._path = path
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._database: sqlite3.Connection
        self._rows = 0
        self._ordinary_after = 0  # no frame without priority has an id up to this one

    def open(self) -> Found:
        """Opens or creates the file; a damaged one is moved aside first. Raises CacheError."""
        try:
            try:
                return self._open()
            except (sqlite3.DatabaseError, ValueError) as error:
                if not _is_damage(error):
                    raise
                self._move_aside(error)
                return self._open()
        except (sqlite3.Error, OSError) as error:
            raise _cache_error(self._path, error) from error

    def _open(self) -> Found:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        self._database = database = sqlite3.connect(self._path, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            database.execute("PRAGMA journal_size_limit = 1048576")
            self._ensure_schema()
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
            database.execute(f"{_SELECT} LIMIT 1").fetchone()  # every column is there
            counts = dict(database.execute("SELECT name, count FROM ledger").fetchall())
            ledger = Ledger(**{field.name: counts.get(field.name, 0) for field in fields(Ledger)})
            self._rows, priority, last_id = database.execute(
                "SELECT count(*), coalesce(sum(priority), 0), coalesce(max(id), 0) FROM frames"
            ).fetchone()
            return Found(ledger, self._rows, priority, last_id, self._bytes())
        except (sqlite3.Error, ValueError):
            database.close()
            raise

    def _ensure_schema(self) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._database.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        elif version != _SCHEMA_VERSION:
            raise sqlite3.DatabaseError(f"its format is {version}, not {_SCHEMA_VERSION}")

    def _move_aside(self, error: Exception) -> None:
        number = 1 + sum(1 for _ in self._path.parent.glob(f"damaged-*-{self._path.name}"))
        for ending in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + ending)
            if part.exists():
                part.replace(part.with_name(f"damaged-{number}-{part.name}"))
        aside = f"damaged-{number}-{self._path.name}"
        log.error(
            "the frame cache %s is damaged (%s): kept as %s, and a new one begun; the frames in it "
            "are not sent",
            self._path, error, aside,
        )  # fmt: skip

    def read(self, after: int, limit: int) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, in order. Raises CacheError."""
        try:
            rows = self._database.execute(
                f"{_SELECT} WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
            )
            return [CachedFrame._make(row) for row in rows]
        except sqlite3.Error as error:
            raise _cache_error(self._path, error) from error

    def commit(
        self, added: Sequence[CachedFrame], delivered: Iterable[CachedFrame], ledger: Ledger
    ) -> Committed:
        """One transaction: frames in, delivered frames out, quota kept, counts written.

        `ledger` is as it stands without this commit's deliveries and drops; they are added to what
        is stored. Raises CacheError, and then nothing of it has happened.
        """
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?)", added)
            done = self._settle(len(added), delivered, ledger)
            database.executemany(
                "INSERT OR REPLACE INTO ledger VALUES (?, ?)", asdict(done.ledger).items()
            )
            database.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):  # what broke the transaction may have ended it
                database.execute("ROLLBACK")
            raise _cache_error(self._path, error) from error
        self._rows += len(added) - done.deleted - done.dropped
        return done

    def _settle(self, added: int, delivered: Iterable[CachedFrame], ledger: Ledger) -> Committed:
        delivered = tuple(delivered)
        priority = self._delete(frame.id for frame in delivered if frame.priority)
        others = self._delete(frame.id for frame in delivered if not frame.priority)
        deleted = priority + others
        dropped, dropped_priority = self._drop(self._rows + added - deleted - self._max_frames)
        while (excess := self._bytes() - self._max_bytes) > 0:
            frames = self._rows + added - deleted - dropped
            more, more_priority = self._drop(_DROP_AT_LEAST + excess * frames // self._bytes())
            if not more:
                break
            dropped, dropped_priority = dropped + more, dropped_priority + more_priority
        counts = replace(
            ledger, published=ledger.published + deleted, dropped=ledger.dropped + dropped
        )
        return Committed(deleted, priority, dropped, dropped_priority, self._bytes(), counts)

    def _delete(self, ids: Iterable[int]) -> int:
        cursor = self._database.executemany(
            "DELETE FROM frames WHERE id = ?", ((one,) for one in ids)
        )
        return max(cursor.rowcount, 0)

    def _drop(self, excess: int) -> tuple[int, int]:
        """Removes `excess` frames: the oldest non-priority ones, then the oldest priority ones."""
        if excess <= 0:
            return 0, 0
        # From where the last ones were dropped: in a full cache priority frames gather before it.
        ordinary = self._oldest("priority = 0 AND id > ?", self._ordinary_after, excess)
        priority = self._oldest("priority = 1 AND id > ?", 0, excess - len(ordinary))
        self._ordinary_after = max(ordinary, default=self._ordinary_after)
        self._delete(ordinary)
        self._delete(priority)
        return len(ordinary) + len(priority), len(priority)

    def _oldest(self, condition: str, after: int, count: int) -> list[int]:
        query = f"SELECT id FROM frames WHERE {condition} ORDER BY id LIMIT ?"  # noqa: S608 - ours
        return [one for (one,) in self._database.execute(query, (after, count))]

    def _bytes(self) -> int:
        (size,) = self._database.execute(
            "SELECT (page_count - freelist_count) * page_size"
            " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
        ).fetchone()
        return int(size)

    def close(self) -> None:
        """Closes the file; the WAL is folded into it."""
        self._database.close()


def _is_damage(error: Exception) -> bool:
    """Whether the file's contents are at fault, not the disk or its permissions."""
    if not isinstance(error, sqlite3.OperationalError):
        return True
    # "no such column" and the like: a schema that is not ours any more
    return error.sqlite_errorcode == sqlite3.SQLITE_ERROR


def _cache_error(path: Path, error: Exception) -> CacheError:
    advice = "check the disk, its free space and the permissions of [unit] state_dir"
    return CacheError(f"the frame cache {path} cannot be used ({error}): {advice}")
