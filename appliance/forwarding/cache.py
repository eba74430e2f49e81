"""The frame cache: every frame from its reception to the broker's PUBACK.

A frame is first held in memory, so that one which the broker acknowledges at once never wears the
disk; after FLUSH_AFTER_S without a PUBACK it is written, with all that wait beside it, in one
commit. Promises: a frame is on disk or acknowledged within FLUSH_AFTER_S and one commit; `read`
gives frames in the order they came; a frame leaves only by `forget` or, the quota full, by being
dropped and counted. What a kill takes is the counts of the last LEDGER_EVERY_S, in step with each
other. Lives on the event loop; the file is touched on a thread of its own only.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from appliance.forwarding.cache_file import CacheError, CacheFile, Committed, Ledger
from appliance.forwarding.cached_frame import CachedFrame
from appliance.outage import Outage
from appliance.radio.frame import RadioFrame
from appliance.tasks import start_task

log = logging.getLogger(__name__)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FLUSH_AFTER_S = 0.1  # leaves 150 ms of the promised 250 ms to the disk
LEDGER_EVERY_S = 10.0  # counts of frames that never touched the disk are written this often
RETRY_S = 1.0  # between attempts at a disk that refuses
ROOM_AFTER_S = 60.0  # without a drop: a broker that is too slow makes room for moments
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
        self._delivered: dict[int, CachedFrame] = {}  # acknowledged, to be deleted from the file
        self._frames = self._priority = 0
        self._stored = 0  # rows in the file
        self._last_id = 0
        self._last_stored = 0  # the greatest id that went to the file
        self._bytes = 0
        self._ledger = self._written_ledger = Ledger()
        self._lock = asyncio.Lock()  # one user of the file at a time, so that order is plain
        self._commit_wanted = asyncio.Event()
        self._commits: set[asyncio.Task[None]] = set()
        self._closing = False
        self._committer: asyncio.Task[None] | None = None
        self._outage = Outage()  # of the disk
        self._overflow = Outage()  # of the memory, meanwhile
        self._fullness = Outage()  # of the file
        self._dropped_at = 0.0  # monotonic
        self.on_append: Callable[[], None] | None = None

    async def open(self) -> None:
        """Opens the file and begins to keep it up to date. Raises CacheError.

        Frames that come meanwhile are taken in: to check a large file takes its time.
        """
        found = await self._in_thread(self._file.open)
        self._written_ledger = found.ledger
        self._ledger = replace(
            found.ledger,
            received_priority=found.ledger.received_priority + self._ledger.received_priority,
            dropped=found.ledger.dropped + self._ledger.dropped,
        )
        self._fresh = {
            frame.id + found.last_id: frame._replace(id=frame.id + found.last_id)
            for frame in self._fresh.values()
        }
        self._frames += found.frames
        self._priority += found.priority_frames
        self._last_id += found.last_id
        self._stored, self._last_stored, self._bytes = found.frames, found.last_id, found.bytes
        if self._fresh:
            self._commit_wanted.set()
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
        while self._stored and after < self._last_stored:
            with contextlib.suppress(CacheError):  # noted; what is in the file still goes out
                await self._commit()
            async with self._lock:
                rows = await self._in_thread(self._file.read, after, limit)
            if waiting := [row for row in rows if row.id not in self._delivered]:
                return waiting
            if not rows:
                break
            after = rows[-1].id  # all acknowledged, but not deleted yet
        return list(islice((f for f in self._fresh.values() if f.id > after), limit))

    def forget(self, frames: Iterable[CachedFrame]) -> None:
        """The broker has acknowledged `frames`: they leave the cache and count as published."""
        for frame in frames:
            if self._fresh.pop(frame.id, None):
                self._frames -= 1
                self._priority -= frame.priority
                self._ledger.published += 1
            else:
                self._delivered[frame.id] = frame
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
            async with self._lock:
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
                await self._commit()
            except CacheError:
                if not self._closing:
                    await asyncio.sleep(RETRY_S)
                    self._commit_wanted.set()
                    continue
            if self._closing:
                if self._fresh:
                    log.error(
                        "%d frames could not be written before the stop and are lost",
                        len(self._fresh),
                    )
                return

    async def _commit(self) -> None:
        """Brings the file up to date; on CacheError everything stays as it was, in memory.

        Carried through as a task of its own: whoever waits for it may be cancelled, and must not
        take the bookkeeping along.
        """
        task = asyncio.create_task(self._commit_now(), name="cache commit")
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        await asyncio.shield(task)

    async def _commit_now(self) -> None:
        async with self._lock:
            await self._write()

    async def _write(self) -> None:
        if not self._fresh and not self._delivered and self._ledger == self._written_ledger:
            return
        writing, delivered, last_stored = self._fresh, self._delivered, self._last_stored
        self._fresh, self._delivered = {}, {}
        self._stored += len(writing)
        self._last_stored = max(writing, default=last_stored)
        try:
            done = await self._in_thread(
                self._file.commit,
                tuple(writing.values()),
                tuple(delivered.values()),
                replace(self._ledger),
            )
        except CacheError as error:
            self._fresh = writing | self._fresh
            self._delivered = delivered | self._delivered
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
        level = self._outage.level("", logging.ERROR)
        log.log(level, "%s; frames are held in memory meanwhile", error)

    def _note_success(self, done: Committed) -> None:
        self._overflow.end()
        if lasted := self._outage.end():
            log.info("the frame cache can be written again after %s", lasted)
        now = time.monotonic()
        if done.dropped:
            self._dropped_at = now
            log.log(
                self._fullness.level(""),
                "the frame cache is full: the oldest frames are dropped for new ones until the "
                "broker takes some",
            )
        elif now - self._dropped_at > ROOM_AFTER_S and (lasted := self._fullness.end()):
            log.info("the frame cache has room again after %s", lasted)

    def _drop_from_memory(self) -> None:
        oldest = next((f for f in self._fresh.values() if not f.priority), None)
        dropped = self._fresh.pop(oldest.id if oldest else next(iter(self._fresh)))
        self._frames -= 1
        self._priority -= dropped.priority
        self._ledger.dropped += 1
        level = self._overflow.level("", logging.ERROR)
        log.log(level, "the frame cache's memory is full too: the oldest frames are dropped")

    async def _in_thread(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
