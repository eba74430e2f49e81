"""What the cache's file can refuse, in a technician's words: one line, with what to do."""

import errno
import os
import sqlite3
from pathlib import Path

from appliance.errors import ConcentratorError
from appliance.forwarding.cache_schema import DamageError, is_damage
from appliance.forwarding.cache_wal import wal_of


class CacheError(ConcentratorError):
    """The file cannot be used as it should; it may be usable again later."""


class CacheFullError(CacheError):
    """There is no room on the partition for another frame."""


class CacheBusyError(CacheError):
    """Another program has the file open."""


class DiskFailingError(CacheError):
    """The disk itself has failed to read or write."""


class CacheDamagedError(CacheError):
    """The file is damaged, foreign or gone: it is to be moved aside, and another one begun."""


def cache_error(path: Path, error: Exception) -> CacheError:
    """What to say of an error that SQLite or the system has raised."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    number = getattr(error, "errno", None)
    if is_damage(error):
        why = f" ({error})" if isinstance(error, DamageError) else ""  # SQLite's words help nobody
        return CacheDamagedError(f"the frame cache {path} is damaged{why}")
    if code == sqlite3.SQLITE_FULL or number in (errno.ENOSPC, errno.EDQUOT):
        return CacheFullError(
            f"the disk of the frame cache {path} is full: delete what does not belong there, "
            "until some megabytes are free"
        )
    if number == errno.EROFS or (code == sqlite3.SQLITE_READONLY and _is_read_only(path)):
        advice = "its file system is read-only: remount it, and look for the cause with dmesg"
    elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return CacheBusyError(
            f"the frame cache {path} cannot be used: another program has it open, close that"
        )
    elif code == sqlite3.SQLITE_IOERR or number == errno.EIO:
        advice = "the disk may be failing: look for the cause with dmesg"
        return DiskFailingError(f"the frame cache {path} cannot be used ({error}): {advice}")
    else:
        advice = "check the permissions and the disk of [unit] state_dir"
    return CacheError(f"the frame cache {path} cannot be used ({error}): {advice}")


def how_to_read(path: Path, error: CacheError) -> str:
    """What to do about a file that cannot be opened."""
    parts = [each for each in (path, wal_of(path)) if each.exists()]
    if not all(os.access(each, os.R_OK | os.W_OK) for each in parts):
        return "give it to this program's user"
    if isinstance(error, CacheBusyError):
        return "close the program that has it open"
    return "look for the cause with dmesg"


def _is_read_only(path: Path) -> bool:
    """Whether it is the file system, rather than the owner or the mode of a file or folder."""
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False
