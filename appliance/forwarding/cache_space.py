"""Room for the cache on its partition: what it may take, and a reserve for the day it is full.

A full disk wedges a WAL database: what would give room, a DELETE or a checkpoint, has to be
written first. So the cache leaves a share of the partition alone, and keeps a reserve file
beside it, given up when another program fills the disk all the same: acknowledged frames can then
still be deleted.
"""

import errno
import os
from contextlib import suppress
from pathlib import Path

from appliance.forwarding.cache_schema import WAL_BYTES
from appliance.forwarding.cache_wal import wal_of

_MEGABYTE = 1 << 20
_WAL_MOST = 2 * WAL_BYTES  # that, and a commit with the checkpoint still to come
_RESERVE_MOST = _WAL_MOST  # a checkpoint of all of it fits in
_RESERVE_SHARE = 1 / 4  # of a partition that is so small
_LEFT_FREE_SHARE = 0.05  # of the partition, for logs and for what the system needs
_LEFT_FREE_MOST = 64 * _MEGABYTE
# A file that may not grow to more is not what fills the partition: frames are then held in memory,
# which takes far more of them than would fit.
_WORTH_USING_MOST = 4 * _MEGABYTE
_WORTH_USING_SHARE = 1 / 4


class CacheSpace:
    """The partition that the cache's file at `path` is on. Every method raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = wal_of(path)
        self._reserve = path.with_name(f"{path.name}-reserve")
        self._last = False

    def allowed(self) -> int:
        """Bytes that the file may have: what it has, and what the partition can spare.

        Raises OSError (ENOSPC) where that is not worth using: the disk is full of other things.
        """
        total, spare = self._look()
        allowed = self._path.stat().st_size + max(0, spare)
        if not self._last and allowed < min(_WORTH_USING_MOST, total * _WORTH_USING_SHARE):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return allowed

    def use_up(self) -> None:
        """From now on the file may have all the room there is: nothing will follow."""
        self._last = True
        self.give_up_reserve()

    def hold_reserve(self) -> None:
        """Sees to the reserve; without room for it there is none for the time being."""
        total, spare = self._look()
        size = int(min(_RESERVE_MOST, total * _RESERVE_SHARE))
        if self._reserve.exists() or spare < size:
            return
        descriptor = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError:
            self.give_up_reserve()  # half a reserve would be none
        finally:
            os.close(descriptor)

    def give_up_reserve(self) -> None:
        """Makes its room free for the database."""
        with suppress(OSError):
            self._reserve.unlink()

    def _look(self) -> tuple[int, int]:
        """The bytes of the partition, and those that the file may still take."""
        partition = os.statvfs(self._path.parent)
        total = partition.f_blocks * partition.f_frsize
        free = partition.f_bavail * partition.f_frsize
        if self._last:
            return total, free // 2  # each page goes into the WAL, then into the file
        left_free = int(min(_LEFT_FREE_MOST, total * _LEFT_FREE_SHARE))
        wal = self._wal.stat().st_size if self._wal.exists() else 0
        wal_growth = max(0, min(_WAL_MOST, int(total * _RESERVE_SHARE)) - wal)
        return total, free - left_free - wal_growth
