"""The frame cache: every frame from its reception to the broker's PUBACK.

A frame is first held in memory, so that one which the broker acknowledges at once never wears the
disk; after FLUSH_AFTER_S without a PUBACK it is written, with all that wait beside it, in one
commit. Promises: a frame is on disk or acknowledged within FLUSH_AFTER_S and one commit; `read`
gives frames in the order they came; a frame leaves only by `forget` or, the quota full, by being
dropped and counted. Lives on the event loop; the file is touched on a thread of its own only.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from appliance.forwarding.cache_file import CacheError, CacheFile, Committed, Ledger
from appliance.forwarding.cached_frame import CachedFrame
from appliance.radio.frame import RadioFrame
from appliance.tasks import start_task

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FLUSH_AFTER_S = 0.1  # leaves 150 ms of the promised 250 ms to the disk
LEDGER_EVERY_S = 60.0  # counts of frames that never touched the disk are written this often
RETRY_S = 1.0  # between attempts at a disk that refuses
MEMORY_FRAMES = 50_000  # held while the disk refuses: about 30 MB


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """The cache and its ledger now; all but the cached counts are since the unit was provisioned.

    received = published + cached + dropped + quarantined, always.
    """

    received: int
    received_priority: int
    cached: int
    cached_priority: int
    published: int
    dropped: int
    quarantined: int
    bytes: int


class FrameCache:
    """Frames waiting for the broker, in memory and in the file at `path`."""

    def __init__(self, path: Path, max_frames: int, max_bytes: int) -> None:
        self._file = CacheFile(path, max_frames, max_bytes)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cache")
        self._fresh: dict[int, CachedFrame] = {}  # in memory only
        self._delivered: list[CachedFrame] = []  # acknowledged, to be deleted from the file
        self._frames = self._priority = 0
        self._stored = 0  # rows in the file
        self._last_id = 0
        self._last_stored = 0  # the greatest id that went to the file
        self._bytes = 0
        self._ledger = self._written_ledger = Ledger()
        self._lock = asyncio.Lock()  # one user of the file at a time, so that order is plain
        self._commit_wanted = asyncio.Event()
        self._closing = False
        self._committer: asyncio.Task[None] | None = None
        self._failing = self._full = False
        self.on_append: Callable[[], None] | None = None

    async def open(self) -> None:
        """Opens the file and begins to keep it up to date. Raises CacheError."""
        self._written_ledger = await self._in_thread(self._file.open)
        self._ledger = replace(self._written_ledger)
        totals = await self._in_thread(self._file.totals)
        self._frames, self._priority, self._last_id, self._bytes = totals
        self._stored, self._last_stored = self._frames, self._last_id
        self._committer = start_task(self._keep_committed(), "cache committer")

    def append(self, frame: RadioFrame, received_at: float, *, priority: bool) -> None:
        """Takes in a frame received at `received_at` (Unix seconds)."""
        self._last_id += 1
        cached = CachedFrame(
            self._last_id, received_at, priority, frame.rssi, frame.corrected_bits, frame.mbal
        )
        self._fresh[cached.id] = cached
        self._frames += 1
        self._priority += priority
        self._ledger.received_priority += priority
        if len(self._fresh) > MEMORY_FRAMES:
            self._drop_from_memory()
        asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self._flush_if_waiting, cached.id)
        if self.on_append:
            self.on_append()

    async def read(self, after: int, limit: int) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, oldest first. Raises CacheError.

        While older frames are in the file, newer ones are written before the file is read: an
        iteration is then as full as it can be, and never out of order.
        """
        if self._stored and after < self._last_stored:
            async with self._lock:
                with contextlib.suppress(CacheError):  # noted; what is in the file still goes out
                    await self._commit()
                rows = await self._in_thread(self._file.read, after, limit)
            if rows:
                return rows
        return list(islice((f for f in self._fresh.values() if f.id > after), limit))

    def forget(self, frames: Iterable[CachedFrame]) -> None:
        """The broker has acknowledged `frames`: they leave the cache and count as published."""
        for frame in frames:
            if self._fresh.pop(frame.id, None):
                self._frames -= 1
                self._priority -= frame.priority
                self._ledger.published += 1
            else:
                self._delivered.append(frame)
        if self._delivered:
            self._commit_wanted.set()

    def counts(self) -> CacheCounts:
        """The figures of `status`."""
        ledger = self._ledger
        gone = ledger.published + ledger.dropped + ledger.quarantined
        return CacheCounts(
            received=gone + self._frames,
            received_priority=ledger.received_priority,
            cached=self._frames,
            cached_priority=self._priority,
            published=ledger.published,
            dropped=ledger.dropped,
            quarantined=ledger.quarantined,
            bytes=self._bytes,
        )

    async def close(self) -> None:
        """Writes what is in memory and closes the file; the counts are exact after a restart."""
        self._closing = True
        self._commit_wanted.set()
        if self._committer:
            await self._committer
            await self._in_thread(self._file.close)
        self._thread.shutdown(wait=False)

    def _flush_if_waiting(self, frame_id: int) -> None:
        if frame_id in self._fresh:
            self._commit_wanted.set()

    async def _keep_committed(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._commit_wanted.wait(), LEDGER_EVERY_S)
            self._commit_wanted.clear()
            try:
                async with self._lock:
                    await self._commit()
            except CacheError:
                if not self._closing:
                    await asyncio.sleep(RETRY_S)
                    self._commit_wanted.set()
            if self._closing:
                if self._fresh:
                    log.error("%d frames could not be written and are lost", len(self._fresh))
                return

    async def _commit(self) -> None:
        """Brings the file up to date; on CacheError everything stays as it was, in memory."""
        if not self._fresh and not self._delivered and self._ledger == self._written_ledger:
            return
        writing, delivered, last_stored = self._fresh, self._delivered, self._last_stored
        self._fresh, self._delivered = {}, []
        self._stored += len(writing)
        self._last_stored = max(writing, default=last_stored)
        try:
            done = await self._in_thread(
                self._file.commit, tuple(writing.values()), delivered, replace(self._ledger)
            )
        except CacheError as error:
            self._fresh = writing | self._fresh
            self._delivered = delivered + self._delivered
            self._stored -= len(writing)
            self._last_stored = last_stored
            self._note_failure(error)
            raise
        self._note_success(done)
        self._stored -= done.deleted + done.dropped
        self._frames -= done.deleted + done.dropped
        self._priority -= done.deleted_priority + done.dropped_priority
        self._ledger.published += done.deleted
        self._ledger.dropped += done.dropped
        self._bytes = done.bytes
        self._written_ledger = done.ledger

    def _note_failure(self, error: CacheError) -> None:
        if not self._failing:
            log.error("%s; frames are held in memory meanwhile", error)
        self._failing = True

    def _note_success(self, done: Committed) -> None:
        if self._failing:
            log.warning("the frame cache can be written again")
        self._failing = False
        if done.dropped and not self._full:
            log.warning("the frame cache is full: its oldest frames give way to new ones")
        self._full = done.dropped > 0

    def _drop_from_memory(self) -> None:
        oldest = next((f for f in self._fresh.values() if not f.priority), None)
        dropped = self._fresh.pop(oldest.id if oldest else next(iter(self._fresh)))
        self._frames -= 1
        self._priority -= dropped.priority
        self._ledger.dropped += 1

    async def _in_thread(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
