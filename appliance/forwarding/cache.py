"""The frame cache: every frame from its reception to the broker's PUBACK.

A frame is first held in memory, so that one which the broker acknowledges at once never wears the
disk; after FLUSH_AFTER_S without a PUBACK it is written, with all that wait beside it, in one
commit. Promises: a frame is on disk or acknowledged within FLUSH_AFTER_S and one commit; `read`
gives frames in the order they came; a frame leaves only by `forget` or, with no room for it, by
being dropped and counted: received = published + cached + dropped + quarantined, always. What a
kill takes is the counts of the last LEDGER_EVERY_S, in step with each other. While the disk
refuses, frames are held in memory, MEMORY_FRAMES at most, and forwarded from there; `health` says
so, and why. Lives on the event loop; files are touched on a thread of their own (`cache_disk`).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from appliance.forwarding.cache_change import CacheCounts, Quota
from appliance.forwarding.cache_disk import RETRY_S, CacheDisk
from appliance.forwarding.cache_error import CacheDamagedError, CacheError
from appliance.forwarding.cache_health import CacheHealth, Fault
from appliance.forwarding.cache_writer import LEDGER_EVERY_S, CacheWriter
from appliance.forwarding.cached_frame import CachedFrame, QuarantinedFrame
from appliance.forwarding.flush_timer import FlushTimer
from appliance.forwarding.unit_clock import UnitClock
from appliance.radio.frame import RadioFrame
from appliance.tasks import Works, start_task

log = logging.getLogger(__name__)

FLUSH_AFTER_S = 0.1  # leaves 150 ms of the promised 250 ms to the disk
# A deletion waits so long for another commit to go along with, which then writes hardly more: with
# a broker that takes longer than FLUSH_AFTER_S this halves what is written for a frame.
DELETE_AFTER_S = 1.0
_DELETE_AT_ONCE = 3  # messages: with that many waiting, whoever sends them may be waiting too
_UNNUMBERED = 1 << 62  # ids are counted from here while the file, and its last id, is unknown


class FrameCache:
    """Frames waiting for the broker, in memory and in the file at `path`."""

    def __init__(
        self, path: Path, max_frames: int, max_bytes: int, clock: UnitClock | None = None
    ) -> None:
        self._clock = clock or UnitClock()
        self._health = CacheHealth()
        self._disk = CacheDisk(path, Quota(max_frames, max_bytes), self._health, self._put_back)
        self._writer = CacheWriter(self._disk, self._health)
        self._memory, self._acknowledged = self._writer.memory, self._writer.acknowledged
        self._writer.last_id = _UNNUMBERED
        self._shift = 0  # what makes an id that was given before the file was open a right one
        self._passed_over = False  # frames in the file, as it could not be read
        self._commit_wanted = asyncio.Event()
        self._flush_timer = FlushTimer(
            FLUSH_AFTER_S, lambda one: self._number(one) in self._memory, self._commit_wanted.set
        )
        self._works = Works()
        self._opening = asyncio.Lock()
        self._closing = False
        self._committer: asyncio.Task[None] | None = None
        self.came_back = 0  # how often frames came back behind what was read: begin again at 0
        self.on_append: Callable[[], None] | None = None

    @property
    def health(self) -> str | None:
        """What is wrong with the storage, in one line for the technician; None when well."""
        text = str(self._health)
        if text and self._memory and self._health.lasts(Fault.REFUSING):
            text += f"; {len(self._memory)} frames are held in memory"
        return text or None

    async def open(self) -> None:
        """Opens the file, where the disk refuses later; frames are taken in and read meanwhile."""
        try:
            await self._open_disk()
        except CacheError as error:
            self._health.begins(Fault.REFUSING, str(error))
        self._committer = start_task(self._keep_committed(), "cache committer")

    async def _open_disk(self) -> None:
        self._clock.recall(await self._disk.open())
        self._shift = self._disk.stored.ledger.settled_to - _UNNUMBERED
        self._writer.renumber(self._shift)
        self._commit_wanted.set()
        self._put_back(behind=True)

    def append(self, frame: RadioFrame, received_at: float, *, priority: bool) -> None:
        """Takes in a frame received at `received_at` (Unix seconds)."""
        cached = CachedFrame(
            self._writer.last_id + 1,
            received_at,
            priority,
            frame.rssi,
            frame.corrected_bits,
            frame.mbal,
            *self._clock.stamp(received_at),
        )
        self._writer.append(cached)
        self._flush_timer.came(cached.id)
        if self.on_append:
            self.on_append()

    async def read(self, after: int, limit: int) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, oldest first. Raises CacheError.

        An iteration is as full as it can be, from the file and from memory, and in order; only
        where the file cannot be read, frames in memory go first, and `came_back` grows later.
        """
        self._clock.look()
        frames = await self._read(self._number(after), limit)
        return [self._clock.corrected(frame) for frame in frames]

    async def _read(self, after: int, limit: int) -> list[CachedFrame]:
        while after < self._disk.stored.last_id:
            try:
                rows = await self._disk.read(after, limit)
            except CacheDamagedError:
                continue  # what can be read is being put back
            except CacheError:
                self._passed_over = True
                if not self._memory:
                    raise
                break
            waiting = [row for row in rows if not self._writer.is_acknowledged(row.id)]
            if len(rows) < limit:
                last = rows[-1].id if rows else after
                return waiting + self._from_memory(last, limit - len(waiting))
            if waiting:
                return waiting
            after = rows[-1].id  # all acknowledged, but not deleted yet
        return self._from_memory(after, limit)

    def _from_memory(self, after: int, limit: int) -> list[CachedFrame]:
        if self._disk.is_putting_back:
            return []  # these are older
        return self._memory.following(after, limit, self._writer.is_acknowledged)

    def forget(self, frames: Iterable[CachedFrame]) -> asyncio.Future[None] | None:
        """The broker has acknowledged `frames`: they leave the cache and count as published.

        What is returned is done once they are deleted on disk, so that they cannot come again
        after a kill; or once the disk has refused that, as nobody can do better then. None where
        none of them was on disk, or the disk refuses already.
        """
        before = len(self._acknowledged)
        for frame in frames:
            self._writer.acknowledge(self._number(frame.id), priority=frame.priority)
        if len(self._acknowledged) == before or self._health.lasts(Fault.REFUSING):
            return None
        deletion = self._writer.deletion()
        if self._writer.waiting_deletions >= _DELETE_AT_ONCE:
            self._commit_wanted.set()
        else:
            asyncio.get_running_loop().call_later(DELETE_AFTER_S, self._delete_if_waiting)
        return deletion

    async def quarantine(self, frames: Sequence[CachedFrame], reason: str) -> None:
        """Sets `frames` aside because of `reason`: out of the queue, kept in the file.

        Durable when it returns. Raises CacheError, and then they are still in the queue.
        """
        while any(self._number(frame.id) in self._memory for frame in frames):
            await self._commit()
        numbered = [frame._replace(id=self._number(frame.id)) for frame in frames]
        at = time.time()
        here = await self._disk.use(lambda file: file.quarantine(numbered, reason, at))
        if here < len(numbered) and self._disk.is_salvaging:
            raise CacheError("a frame to be set aside is still in a damaged file: it will be later")

    async def quarantined(self, limit: int) -> list[QuarantinedFrame]:
        """Up to `limit` of the frames that were set aside, oldest first. Raises CacheError."""
        return await self._disk.use(lambda file: file.quarantined(limit))

    async def release(self) -> int:
        """Puts every frame that was set aside back at its place in the queue; how many.

        They may lie behind what was read already: `came_back` grows. Raises CacheError.
        """
        return await self._works.carry_through(self._release(), "cache release")

    async def _release(self) -> int:
        number = await self._disk.use(lambda file: file.release())
        self._put_back(behind=number > 0)
        return number

    @property
    def begun(self) -> bool:
        """Whether `open` has found no file, and begun one."""
        return self._disk.begun

    def counts(self) -> CacheCounts:
        """The figures of `status`."""
        return self._writer.counts()

    async def close(self) -> None:
        """Writes what is in memory and closes the file; the counts are exact after a restart."""
        self._closing = True
        self._commit_wanted.set()
        if self._committer:
            await asyncio.wait({self._committer})
        if self._memory:  # not where the committer has done its work, and its failure is told
            with contextlib.suppress(CacheError):
                await self._commit()
        if lost := self._writer.give_up():
            log.error("%d frames could not be written and are lost", lost)
            with contextlib.suppress(CacheError):  # their count may find room all the same
                await self._commit()
        with contextlib.suppress(CacheError):
            await self._disk.close()

    def _number(self, frame_id: int) -> int:
        return frame_id + self._shift if frame_id > _UNNUMBERED else frame_id

    def _put_back(self, behind: bool) -> None:
        self.came_back += behind
        self._delete_if_waiting()
        if self.on_append:
            self.on_append()

    def _delete_if_waiting(self) -> None:
        if self._acknowledged or self._writer.waiting_deletions:
            self._commit_wanted.set()

    async def _keep_committed(self) -> None:
        damaged = False
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._commit_wanted.wait(), LEDGER_EVERY_S)
            self._commit_wanted.clear()
            closing = self._closing  # now: what comes during a commit needs another one
            try:
                await self._commit()
                damaged = False
            except CacheError as error:
                # At once into the file that has taken the place of a damaged one.
                damaged = isinstance(error, CacheDamagedError) and not damaged
                self._commit_wanted.set()
                if not damaged and not closing:
                    await asyncio.sleep(RETRY_S)
            if closing and not damaged:
                return

    async def _commit(self) -> None:
        """Brings the file up to date; on CacheError everything stays as it was, in memory.

        A task of its own: whoever waits for it may be cancelled, and not take it along.
        """
        await self._works.carry_through(self._commit_now(), "cache commit")

    async def _commit_now(self) -> None:
        try:
            async with self._opening:
                if not self._disk.is_open:
                    await self._open_disk()
            await self._writer.commit(self._clock.setting(), final=self._closing)
        except CacheDamagedError:
            raise
        except CacheError as error:
            self._health.begins(Fault.REFUSING, str(error))
            raise
        self._health.ends(Fault.REFUSING, "the frame cache can be written again")
        if self._passed_over:
            self._passed_over = False
            self._put_back(behind=True)
