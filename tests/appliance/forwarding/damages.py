"""Ways in which a cache file is damaged, each with how many frames can be read all the same."""

import errno
import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_schema import PAGE_BYTES

FRAMES = 2000

Damage = Callable[[Path], None]


def truncated(path: Path) -> None:
    """Its second half is gone."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def garbage_in_the_middle(path: Path) -> None:
    """A block of the disk with a few pages on it holds noise."""
    write_noise(path, path.stat().st_size // 2 // 4096 * 4096, 4096)


def zeros_in_the_middle(path: Path) -> None:
    """A block that was never written."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3 // 4096 * 4096)
        file.write(bytes(4096))


def garbage_header(path: Path) -> None:
    """The first page holds noise."""
    write_noise(path, 0, PAGE_BYTES)


def garbage_first_block(path: Path) -> None:
    """The header, the counts, what was set aside: all but the frames."""
    write_noise(path, 0, 4096)


def garbage_ledger(path: Path) -> None:
    """The counts are gone, the frames are not."""
    write_noise(path, PAGE_BYTES, PAGE_BYTES)


def text(path: Path) -> None:
    """No database at all."""
    path.write_text("2026-11-23 08:00:00 started\n" * 500)


def other_schema(path: Path) -> None:
    """A database of something else."""
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.executescript("CREATE TABLE songs (title); INSERT INTO songs VALUES ('x')")


def column_renamed(path: Path) -> None:
    """Ours, but somebody has been at it."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("ALTER TABLE frames RENAME COLUMN mbal TO m")


def table_dropped(path: Path) -> None:
    """The frames are there, their ledger is not."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE ledger")


def newer_version(path: Path) -> None:
    """Written by a later release, before the unit was taken back to this one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("ALTER TABLE frames ADD COLUMN channel INTEGER")
        database.execute("PRAGMA user_version = 99")


def folder(path: Path) -> None:
    """A folder of that name."""
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    """What a backup or a script may leave: opening it would wait for ever."""
    path.unlink()
    os.mkfifo(path)


def noise(path: Path) -> None:
    """As long as it was, and nothing else as it was."""
    write_noise(path, 0, path.stat().st_size)


def write_noise(path: Path, at: int, size: int) -> None:
    """Random bytes in the file's place `at`."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(random.Random(at).randbytes(size))


def damage_in_use(file: CacheFile, page: int, pages: int) -> None:
    """Noise on some pages of a file that is open, met when they are read next."""
    file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    write_noise(file._path, page * PAGE_BYTES, pages * PAGE_BYTES)
    file.database.execute("PRAGMA shrink_memory").fetchall()


def failing(error: Exception) -> Callable[..., None]:
    """What raises that error, in the place of what would work."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def disk_full() -> OSError:
    """What a full disk answers."""
    return OSError(errno.ENOSPC, "No space left on device")


def bad_block() -> sqlite3.OperationalError:
    """What SQLite raises where the disk cannot read a block."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    return error


# Each with the least number of frames, of FRAMES, that is salvaged.
DAMAGES: dict[Damage, int] = {
    truncated: FRAMES * 45 // 100,
    garbage_in_the_middle: FRAMES * 95 // 100,
    zeros_in_the_middle: FRAMES * 95 // 100,
    garbage_header: FRAMES,
    garbage_first_block: FRAMES,
    garbage_ledger: FRAMES,
    text: 0,
    other_schema: 0,
    column_renamed: FRAMES,
    table_dropped: FRAMES,
    newer_version: FRAMES,
    folder: 0,
    pipe: 0,
    noise: 0,
}
COUNTS_LOST = {
    garbage_first_block,
    garbage_ledger,
    table_dropped,
    text,
    other_schema,
    folder,
    pipe,
    noise,
}
