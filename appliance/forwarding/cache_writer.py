"""What the disk does not know yet, and bringing it up to date with that.

Owns the frames in memory, the acknowledgements whose frames are still on disk, and the counts since
the last commit. Promises: a commit takes place whole, or everything here is as it was before it; on
a disk without room frames still leave it.
"""

import asyncio
from dataclasses import asdict, dataclass, replace

from appliance.forwarding.cache_change import CacheCounts, Change
from appliance.forwarding.cache_disk import CacheDisk
from appliance.forwarding.cache_error import CacheError, CacheFullError
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_health import CacheHealth, Fault
from appliance.forwarding.cache_ledger import Ledger
from appliance.forwarding.cache_schema import WAL_BYTES
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.frames_in_memory import FramesInMemory
from appliance.forwarding.id_ranges import IdRanges
from appliance.forwarding.unit_clock import Setting

LEDGER_EVERY_S = 10.0  # counts of frames that never touched the disk are written this often
MEMORY_FRAMES = 50_000  # held while the disk refuses: about 30 MB
# What goes in, and out, at once: little enough for a WAL that stays small on a disk nearly full.
_COMMIT_BYTES = WAL_BYTES // 2
_COMMIT_DELETIONS = 5_000
_COMMIT_RANGES = 500  # of ids to be deleted: each costs a page, but whole ones are given free


@dataclass(slots=True)
class _Since:
    """What happened in memory alone since the last commit."""

    published: int = 0
    dropped: int = 0
    received_priority: int = 0


class CacheWriter:
    """Writes to `disk`; what it meets there goes to `health`."""

    def __init__(self, disk: CacheDisk, health: CacheHealth) -> None:
        self.memory = FramesInMemory()
        self.acknowledged = IdRanges()  # to be deleted from the file
        self._acknowledged_priority = 0
        self._deleting = IdRanges()  # those of them that are in a commit under way
        self._deletions: list[asyncio.Future[None]] = []  # who waits for that
        self._since = _Since()
        self._given_way = 0  # frames, since the cache is full
        self.last_id = 0  # given to a frame
        self._ledger_at = 0.0  # when the counts are due to be written, on the loop's clock
        self._setting: Setting | None = None  # of the clock, in the file
        self._disk = disk
        self._health = health
        self._lock = asyncio.Lock()  # one commit at a time

    def append(self, frame: CachedFrame) -> None:
        """Takes in a new frame; with too many in memory the oldest one gives way."""
        self.memory.append(frame)
        self.last_id = frame.id
        self._since.received_priority += frame.priority
        if len(self.memory) > MEMORY_FRAMES and self.memory.remove_oldest():
            self._since.dropped += 1
            self._give_way(1, "memory is full of frames for the disk: the")

    def acknowledge(self, frame_id: int, *, priority: bool) -> None:
        """The frame is published; where it is on disk, it has to be deleted there."""
        if frame_id in self.memory and not self.memory.is_being_written(frame_id):
            self.memory.remove(frame_id)
            self._since.published += 1
        elif self.acknowledged.add(frame_id):
            self._acknowledged_priority += priority

    def give_up(self) -> int:
        """Drops the frames in memory, which nobody takes; how many."""
        before = self._since.dropped
        while self.memory.remove_oldest():
            self._since.dropped += 1
        return self._since.dropped - before

    def renumber(self, shift: int) -> None:
        """Adds `shift` to every id given so far."""
        self.memory.renumber(shift)
        self.last_id += shift

    def is_acknowledged(self, frame_id: int) -> bool:
        """Whether the frame is published, and only still on its way out of the file."""
        return frame_id in self.acknowledged or frame_id in self._deleting

    @property
    def waiting_deletions(self) -> int:
        """How many wait for the acknowledged frames to be deleted."""
        return len(self._deletions)

    def deletion(self) -> asyncio.Future[None]:
        """Is done once what is acknowledged now is deleted on disk, or the disk has refused it."""
        deleted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._deletions.append(deleted)
        return deleted

    async def commit(self, setting: Setting | None, *, final: bool) -> None:
        """Brings the file up to date, with the clock's `setting`; nothing follows a `final` one.

        Raises CacheError, and then everything that could not be written is still here.
        """
        async with self._lock:
            now = asyncio.get_running_loop().time()
            ledger_due = final or now >= self._ledger_at
            new = setting if setting != self._setting else None
            deletions, self._deletions = self._deletions, []
            try:
                await self._commit_in_groups(
                    Change(setting=new, ledger_due=ledger_due, final=final)
                )
            finally:
                for each in deletions:
                    if not each.done():
                        each.set_result(None)
            self._setting = setting
            if ledger_due:
                self._ledger_at = now + LEDGER_EVERY_S
                await self._disk.use(lambda file: file.fold(), "folding")

    async def _commit_in_groups(self, base: Change) -> None:
        more = True
        while more:
            change = self._begin(base, _COMMIT_BYTES)
            more = self.memory.first_unwritten is not None or self._deletable()
            try:
                await self._carry_out(change)
            except CacheFullError:
                change = self._begin(base, 0)
                while self._deleting:
                    await self._carry_out(change)
                    change = self._begin(base, 0)
                raise

    def _deletable(self) -> bool:
        return self.acknowledged.first <= self._disk.readable_to

    def _begin(self, base: Change, room: int) -> Change:
        """The next group: up to `room` bytes of new frames, and some that are to be deleted."""
        added = self.memory.write(room)
        # Deleting a frame that is still to be put back would be in vain.
        self._deleting = self.acknowledged.take(
            _COMMIT_DELETIONS, self._disk.readable_to, _COMMIT_RANGES
        )
        unwritten = self.memory.first_unwritten
        return replace(
            base,
            added=added,
            acknowledged=tuple(self._deleting),
            # With the last group: they may be of frames behind those of this one.
            **(asdict(self._since) if unwritten is None else {}),
            settled_to=self.last_id if unwritten is None else unwritten - 1,
        )

    async def _carry_out(self, change: Change) -> None:
        try:
            before = await self._disk.use(lambda file: _commit(file, change))
        except CacheError:
            self.acknowledged.put_back(self._deleting)
            self._deleting = IdRanges()
            for frame in self.memory.refused():
                if self.acknowledged.discard(frame.id):  # meanwhile: it need not be written now
                    self._acknowledged_priority -= frame.priority
                    self.acknowledge(frame.id, priority=frame.priority)
            raise
        self.memory.written()
        self._since.published -= change.published
        self._since.dropped -= change.dropped
        self._since.received_priority -= change.received_priority
        self._note(before, self._disk.stored.ledger, change)
        self._deleting = IdRanges()

    def _note(self, before: Ledger, after: Ledger, change: Change) -> None:
        priority = sum(frame.priority for frame in change.added)
        gone = before.cached_priority + priority - after.cached_priority
        self._acknowledged_priority = max(0, self._acknowledged_priority - gone)
        # Over as soon as frames leave it by delivery; between two drops it is full all the same.
        if (dropped := after.dropped - before.dropped - change.dropped) > 0:
            self._give_way(dropped, "the frame cache is full: its")
        elif self._deleting:
            lost = f"{self._given_way:,} frame{'s' * (self._given_way != 1)}"
            self._health.ends(Fault.FULL, f"the frame cache has room again; {lost} gave way")
            self._given_way = 0

    def _give_way(self, frames: int, what: str) -> None:
        self._given_way += frames
        self._health.begins(Fault.FULL, f"{what} oldest frames give way to new ones")

    def counts(self) -> CacheCounts:
        """The figures of `status`."""
        stored, since = self._disk.stored, self._since
        ledger = stored.ledger
        acknowledged = len(self.acknowledged) + len(self._deleting)
        cached = max(0, ledger.cached + ledger.salvaging + len(self.memory) - acknowledged)
        priority = ledger.cached_priority + self.memory.priority_frames
        published = ledger.published + since.published + acknowledged
        dropped = ledger.dropped + since.dropped
        return CacheCounts(
            received=cached + published + dropped + ledger.quarantined,
            received_priority=ledger.received_priority + since.received_priority,
            cached=cached,
            cached_priority=min(cached, max(0, priority - self._acknowledged_priority)),
            published=published,
            dropped=dropped,
            quarantined=ledger.quarantined,
            bytes=stored.bytes,
        )


def _commit(file: CacheFile, change: Change) -> Ledger:
    """Commits, and returns the counts as they were before."""
    before = file.ledger
    file.commit(change)
    return before
