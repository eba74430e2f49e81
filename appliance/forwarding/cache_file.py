"""The cache's file: frames, the frames set aside, and the ledger, in one database.

Owned by one thread. Promises: what a method was given is on disk, whole, when it returns, power cut
included, and nothing of it happened when it raises; the oldest frames give way when the quota is
reached, the settings' or what the partition has room for.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from appliance.forwarding.cache_aside import AsideFiles
from appliance.forwarding.cache_change import Change, Quota, Stored
from appliance.forwarding.cache_error import CacheFullError, DiskFailingError, cache_error
from appliance.forwarding.cache_ledger import Frames, Ledger, load_ledger, save_ledger
from appliance.forwarding.cache_rows import CacheRows
from appliance.forwarding.cache_schema import (
    WAL_BYTES,
    DamageError,
    bytes_taken,
    connect,
    forget_settings,
    is_quickly_read,
    load_settings,
    save_setting,
    used_bytes,
)
from appliance.forwarding.cache_space import CacheSpace
from appliance.forwarding.cache_wal import wal_of
from appliance.forwarding.cached_frame import CachedFrame, QuarantinedFrame
from appliance.forwarding.file_identity import FileIdentity
from appliance.forwarding.unit_clock import Setting

QUARANTINED_MOST = 10_000  # frames set aside that are kept: 10 MB at worst
_DROP_AT_LEAST = 16  # frames removed in one step when the file is over its quota


class CacheFile:
    """The database at `path`, opened or made. Every method blocks and raises CacheError."""

    def __init__(self, path: Path, quota: Quota) -> None:
        self._path = path
        self._quota = quota
        self._space = CacheSpace(path)
        self._saved: Ledger | None = None  # on disk as it is here
        try:
            self.database = connect(path)
            try:
                self._rows = CacheRows(self.database)
                self._identity = FileIdentity(path)
                self.clock_settings = load_settings(self.database)
                saved = load_ledger(self.database)
                behind = self._rows.behind(saved.settled_to)
                self.ledger = saved.with_what_followed(behind, self._rows.last_id())
                if is_quickly_read(self.database):
                    self.ledger = self.ledger.recounted(self._rows.behind(0))
                self._stored = self._look()
            except BaseException:
                self.database.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise cache_error(path, error) from error

    def stored(self) -> Stored:
        """What is in the file."""
        return self._stored

    def _look(self) -> Stored:
        return Stored(self.ledger, self._rows.last_id(), used_bytes(self.database))

    def read(self, after: int, to: int, limit: int) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, up to the id `to`, in order."""
        with self._told():
            return self._rows.read(after, to, limit)

    def commit(self, change: Change) -> None:
        """One transaction: new frames in, acknowledged ones out, the quota kept.

        Raises CacheFullError where there is no room for the new ones.
        """
        if change.final:
            self._space.use_up()
        with self._transaction():
            before = self.ledger
            deleted = self._rows.delete(change.acknowledged)
            self.ledger = _after(before, change, deleted)
            if change.added:
                # First of all room is made for them: a file that has grown does not shrink.
                self._keep_quota(self._rows.drop_ordinary, change.added)
                self._rows.add(change.added)
                self.ledger = self.ledger.cached_more(Frames.of(change.added))
                self._keep_quota(self._rows.drop)
            if change.setting:
                if not (before.cached or before.quarantined or before.salvaging):
                    forget_settings(self.database)  # no frame is left that needs them
                save_setting(self.database, change.setting)
            told_by_rows = not deleted.number and self.ledger.dropped == before.dropped
            if not told_by_rows or (change.ledger_due and self.ledger != self._saved):
                self._save()
        if change.setting:
            others = [one for one in self.clock_settings if one.boot != change.setting.boot]
            self.clock_settings = [*others, change.setting]
        if change.final:
            self._begin_log_anew()  # another one of these needs no room for it then
        elif change.ledger_due:
            with suppress(OSError):
                self._space.hold_reserve()

    def put_back(self, frames: Sequence[CachedFrame], progress: Ledger, *, last: bool) -> int:
        """Takes in salvaged frames; how many were new. `progress` says how far salvage is.

        With `last` none will follow: what is still missing then is lost, and counts as dropped.
        """
        with self._transaction():
            added = self._rows.add_salvaged(frames)
            missing = max(0, self.ledger.salvaging - added.number)
            self.ledger = replace(
                self.ledger.cached_more(added),
                dropped=self.ledger.dropped + (missing if last else 0),
                salvaging=0 if last else missing,
                salvage=progress.salvage,
                salvaged_to=progress.salvaged_to,
            )
            self._keep_quota(self._rows.drop)
            self._save()
        return added.number

    def take_over(
        self,
        ledger: Ledger,
        quarantined: Sequence[QuarantinedFrame] = (),
        settings: Sequence[Setting] = (),
    ) -> None:
        """Goes on with the counts, the frames set aside and the clock of another file."""
        with self._transaction():
            self._rows.add_quarantined(quarantined)
            for each in settings:
                save_setting(self.database, each)
            self.ledger = ledger
            self._save()
        self.clock_settings += settings

    def quarantine(self, frames: Sequence[CachedFrame], reason: str, at: float) -> int:
        """Sets aside those of `frames` that are here, and returns their number.

        Of more than `QUARANTINED_MOST` the oldest are dropped.
        """
        with self._transaction():
            before = self.ledger
            gone = self._rows.quarantine(frames, reason, at)
            kept = before.quarantined + gone.number
            dropped = self._rows.drop_quarantined(kept - QUARANTINED_MOST)
            self.ledger = replace(
                before.cached_more(Frames(-gone.number, -gone.priority)),
                quarantined=kept - dropped,
                dropped=before.dropped + dropped,
            )
            self._save()
        return gone.number

    def quarantined(self, limit: int) -> list[QuarantinedFrame]:
        """Up to `limit` frames that were set aside, oldest first."""
        with self._told():
            return self._rows.quarantined(limit)

    def release(self) -> int:
        """Puts every frame that was set aside back at its place among the others; how many."""
        with self._transaction():
            back = self._rows.release()
            self.ledger = replace(
                self.ledger.cached_more(back),
                quarantined=0,  # one that was in the queue all the same was counted twice
            )
            self._save()
        return back.number

    def fold(self) -> None:
        """Folds a WAL away that has grown too long: SQLite tells of no checkpoint that fails."""
        with self._told():
            if wal_of(self._path).stat().st_size > 2 * WAL_BYTES:
                self.database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def has_its_name(self) -> bool:
        """Whether the file is still the one at its path."""
        with self._told():
            return self._identity.has_its_name()

    def close(self) -> None:
        """Closes the database; the WAL is folded into it."""
        with self._told():
            self.database.close()

    def _keep_quota(
        self, drop: Callable[[int], Frames], coming: Sequence[CachedFrame] = ()
    ) -> None:
        """Drops what there is no room for beside the frames that are `coming`."""
        self._give_up(drop(self.ledger.cached + len(coming) - self._quota.frames))
        need = sum(map(bytes_taken, coming))
        used, allowed = used_bytes(self.database) + need, self._quota.bytes
        if used > min(allowed, self._path.stat().st_size):  # it grows
            allowed = min(allowed, self._room())
        while used > allowed:
            share = (used - allowed) * self.ledger.cached // used
            if not self._give_up(drop(_DROP_AT_LEAST + share)):
                break
            used = used_bytes(self.database) + need

    def _room(self) -> int:
        try:
            return self._space.allowed()
        except OSError:
            if not AsideFiles(self._path).delete_read():
                raise
            return self._space.allowed()

    def _give_up(self, dropped: Frames) -> int:
        self.ledger = self.ledger.without_dropped(dropped)
        return dropped.number

    def _save(self) -> None:
        first_id = self._rows.first_id() or self.ledger.settled_to + 1
        self.ledger = replace(self.ledger, first_id=first_id)
        save_ledger(self.database, self.ledger)
        self._saved = self.ledger

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All of it or nothing, counts included."""
        before = self.ledger
        with self._told():
            try:
                if not self._identity.is_in_place():
                    raise DamageError("it was deleted or replaced by another program")  # noqa: TRY301
                self.database.execute("BEGIN IMMEDIATE")
                yield
                stored = self._look()  # behind the COMMIT nothing may fail any more
                self.database.execute("COMMIT")
                self._stored = stored
            except BaseException:
                self.ledger, self._saved = before, None
                self._rows = CacheRows(self.database)  # it knows nothing of what is undone now
                with suppress(sqlite3.Error):  # what broke the transaction may have ended it
                    self.database.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            told = cache_error(self._path, error)
            if isinstance(error, sqlite3.Error):
                if isinstance(told, CacheFullError):
                    self._make_room()
                if isinstance(told, (CacheFullError, DiskFailingError)):
                    self._begin_log_anew()
            raise told from error

    def _make_room(self) -> None:
        """Gives SQLite room to write down what will be deleted, and to fold its WAL away."""
        self._space.give_up_reserve()
        with suppress(OSError):
            AsideFiles(self._path).delete_read()

    def _begin_log_anew(self) -> None:
        """Lets what follows take its place; no commit that failed stays behind it: `cache_wal`."""
        with suppress(sqlite3.Error):
            self.database.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def _after(before: Ledger, change: Change, deleted: Frames) -> Ledger:
    """The counts once `change` is made but for its new frames; `deleted` were acknowledged."""
    return replace(
        before.cached_more(Frames(-deleted.number, -deleted.priority)),
        received_priority=before.received_priority + change.received_priority,
        published=before.published + change.published + deleted.number,
        dropped=before.dropped + change.dropped,
        settled_to=max(before.settled_to, change.settled_to),
    )
