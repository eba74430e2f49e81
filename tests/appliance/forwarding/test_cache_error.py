import errno
import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.forwarding.cache_error import (
    CacheBusyError,
    CacheDamagedError,
    CacheError,
    CacheFullError,
    DiskFailingError,
    cache_error,
)
from appliance.forwarding.cache_schema import DamageError


def sqlite_error(code: int) -> sqlite3.Error:
    """As SQLite raises it."""
    error = sqlite3.OperationalError("SQLite's words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (sqlite_error(sqlite3.SQLITE_FULL), CacheFullError, "full: delete what does not belong"),
        (OSError(errno.ENOSPC, "No space"), CacheFullError, "full: delete what does not belong"),
        (OSError(errno.EDQUOT, "Quota"), CacheFullError, "full: delete what does not belong"),
        (sqlite_error(sqlite3.SQLITE_READONLY), CacheError, "permissions and the disk"),
        (OSError(errno.EROFS, "Read-only"), CacheError, "read-only: remount it"),
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), DiskFailingError, "disk may be failing"),
        (OSError(errno.EIO, "Input/output"), DiskFailingError, "disk may be failing"),
        (sqlite_error(sqlite3.SQLITE_BUSY), CacheBusyError, "another program has it open"),
        (sqlite_error(sqlite3.SQLITE_CANTOPEN), CacheError, "permissions and the disk"),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), CacheDamagedError, "is damaged"),
        (sqlite_error(sqlite3.SQLITE_NOTADB), CacheDamagedError, "is damaged"),
        (DamageError("it is a folder"), CacheDamagedError, "is damaged (it is a folder)"),
    ],
)
def test_each_error_says_what_to_do(error: Exception, kind: type[CacheError], advice: str) -> None:
    """One line, with the file's name; the kind tells the cache what to try."""
    told = cache_error(Path("/state/cache.sqlite3"), error)
    assert type(told) is kind
    assert advice in str(told)
    assert "/state/cache.sqlite3" in str(told)
    assert "\n" not in str(told)


def test_a_read_only_file_system_is_told_from_permissions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SQLite has one code for both."""
    flags = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(os, "statvfs", lambda _: flags)
    told = cache_error(Path("/state/cache.sqlite3"), sqlite_error(sqlite3.SQLITE_READONLY))
    assert "read-only: remount it" in str(told)
