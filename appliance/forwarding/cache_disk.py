"""The cache's files as the event loop sees them: their thread, and what to do when they fail.

Promises: nothing here blocks the loop; a damaged file is replaced at once, one on a failing disk
when it has failed _GIVE_UP_AFTER times in a row and another can be made in its place; what can be
read of the old one is put back in the background, in order: `read` stops where that has got to.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from appliance.forwarding.cache_change import Quota, Stored
from appliance.forwarding.cache_error import CacheDamagedError, CacheError, DiskFailingError
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_health import CacheHealth, Fault
from appliance.forwarding.cache_ledger import Ledger
from appliance.forwarding.cache_salvage import GREATEST_ID
from appliance.forwarding.cache_storage import CacheStorage
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.unit_clock import Setting
from appliance.tasks import Works, start_task

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RETRY_S = 1.0  # between attempts at a disk that refuses
_GIVE_UP_AFTER = 5  # failures: a bad block does not heal, and a disk that is gone takes no new file


class CacheDisk:
    """The files at `path`; `on_salvage` is called when frames have been put back.

    It is told whether they may lie behind what was read already.
    """

    def __init__(
        self, path: Path, quota: Quota, health: CacheHealth, on_salvage: Callable[[bool], None]
    ) -> None:
        self.stored = Stored(Ledger(), last_id=0, bytes=0)
        self.is_open = False
        self.begun = False
        self._storage = CacheStorage(path, quota)
        self._health = health
        self._on_salvage = on_salvage
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cache")
        self._lock = asyncio.Lock()  # one user of the files at a time, so that order is plain
        self._failures = Counter[str]()  # of the disk, in a row of one kind: others may succeed
        self._works = Works()
        self._salvage: asyncio.Task[None] | None = None
        self._readable_to = GREATEST_ID
        self._stalled = False  # the salvage; what follows is not held back for it

    async def open(self) -> list[Setting]:
        """Opens the file, or makes it; what it knows of the unit's clock. Raises CacheError."""
        async with self._lock:
            try:
                give_up = self._failures["opening"] >= _GIVE_UP_AFTER
                await self._in_thread(self._storage.open, give_up)
            except DiskFailingError:
                self._failures["opening"] += 1
                raise
            self.is_open = True
            self.begun = self._storage.begun
            self._see_to_salvage(self._storage.damage)
            return self._storage.file.clock_settings

    @property
    def readable_to(self) -> int:
        """The id up to which frames can be read now."""
        return GREATEST_ID if self._stalled else self._readable_to

    @property
    def is_salvaging(self) -> bool:
        """Whether a damaged file is being read."""
        return self._readable_to < GREATEST_ID

    @property
    def is_putting_back(self) -> bool:
        """Whether frames are being put back that are older than those which came since."""
        return self.readable_to < GREATEST_ID

    async def read(self, after: int, limit: int) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, in order. Raises CacheError."""
        return await self.use(lambda file: file.read(after, self.readable_to, limit), "reading")

    async def use(self, work: Callable[[CacheFile], T], kind: str = "writing") -> T:
        """What `work` returns, done with the file on its thread. Raises CacheError.

        After a CacheDamagedError there is another file, with nothing in it yet.
        """
        async with self._lock:
            try:
                result = await self._in_thread(lambda: work(self._storage.file))
            except CacheDamagedError as error:
                await self._works.carry_through(self._begin_anew(error), "cache begun anew")
                raise
            except DiskFailingError as error:
                self._failures[kind] += 1
                if self._failures[kind] >= _GIVE_UP_AFTER:
                    self._failures.clear()
                    await self._works.carry_through(self._begin_anew(error), "cache begun anew")
                raise
            self._failures[kind] = 0
            return result

    async def close(self) -> None:
        """Closes the files."""
        if self._salvage:
            self._salvage.cancel()
            await asyncio.wait({self._salvage})
        async with self._lock:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._storage.close)
        self._thread.shutdown(wait=False)

    async def _begin_anew(self, error: CacheError) -> None:
        await self._in_thread(self._storage.begin_anew, self.stored.last_id)
        self._see_to_salvage(str(error))

    def _see_to_salvage(self, cause: str) -> None:
        if self._storage.unreadable:
            self._health.begins(Fault.UNREADABLE, self._storage.unreadable)
        if self.is_salvaging:
            self._health.begins(Fault.SALVAGING, f"{cause}: what can be read of it is put back")
            if self._salvage is None or self._salvage.done():
                self._salvage = start_task(self._keep_salvaging(), "cache salvage")

    async def _keep_salvaging(self) -> None:
        behind = False
        while self.is_salvaging:
            try:
                await self.use(lambda _: self._storage.salvage())
                self._stalled = False
            except CacheError:  # the disk's state is told by whoever writes to it
                behind = self._stalled = True
                await asyncio.sleep(RETRY_S)
            self._on_salvage(False)
        if behind:
            self._on_salvage(True)
        self._health.ends(Fault.SALVAGING, "the frame cache is in order again")

    async def _in_thread(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """What `work` returns; on the loop all that it changed is seen at once.

        A file that was seen to be read to its end before its last frames were seen to be back would
        let later frames go first, and these stay behind.
        """

        def working() -> tuple[T, Stored, int]:
            result = work(*args)
            return result, self._storage.file.stored(), self._storage.readable_to

        loop = asyncio.get_running_loop()
        result, self.stored, self._readable_to = await loop.run_in_executor(self._thread, working)
        return result
