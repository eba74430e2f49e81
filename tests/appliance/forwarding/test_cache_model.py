"""The cache against a model of it: whatever happens to it, in whatever order."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from appliance.forwarding import cache as cache_module
from appliance.forwarding import cache_disk
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cached_frame import CachedFrame
from tests.appliance.forwarding.caches import NAME, as_killed, balanced, marks, stored
from tests.appliance.forwarding.damages import garbage_first_block, garbage_header
from tests.support.frames import radio_frame
from tests.support.waiting import until

T = TypeVar("T")


class CacheMachine(RuleBasedStateMachine):
    """Frames are numbered as they come; the model knows which are where."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp())
        self.lives = 0
        self.cache: FrameCache
        self.came = 0
        self.priority: set[int] = set()
        self.queue: list[int] = []  # in the order they came
        self.aside: list[int] = []
        self.published = 0
        self.refusing = False

    def do(self, work: Awaitable[T]) -> T:
        """Waits for it."""

        async def doing() -> T:
            return await work

        return self.runner.run(doing())

    @initialize()
    def begin(self) -> None:
        """A new unit."""
        self.open()

    def open(self) -> None:
        """Starts a life, and lets it salvage what there is."""
        self.cache = FrameCache(self.directory / NAME, 100_000, 100_000_000)
        self.do(self.cache.open())
        self.refusing = False
        self.settle()

    def settle(self) -> None:
        """Lets the cache come to rest, as far as the disk lets it."""
        if not self.refusing:
            self.do(self.at_rest())

    async def at_rest(self) -> None:
        """Everything is on disk, nothing is being put back."""
        self.cache._commit_wanted.set()
        disk = self.cache._disk
        await until(lambda: not disk.is_salvaging and stored(self.cache)(), 10, "rest")

    async def read(self, limit: int = 7) -> list[CachedFrame]:
        """Everything that can be read, in groups."""
        frames: list[CachedFrame] = []
        while more := await self.cache.read(frames[-1].id if frames else 0, limit):
            frames += more
        return frames

    @rule(number=st.integers(1, 12), every=st.integers(2, 5))
    def receive(self, number: int, every: int) -> None:
        """Frames come in."""

        async def come() -> None:
            for _ in range(number):
                self.came += 1
                priority = self.came % every == 0
                self.priority |= {self.came} if priority else set()
                self.cache.append(radio_frame(self.came), 1.8e9, priority=priority)
                self.queue.append(self.came)

        self.do(come())

    @rule()
    def rest(self) -> None:
        """Time passes."""
        self.settle()

    @rule(start=st.integers(0, 10), number=st.integers(1, 20))
    def deliver(self, start: int, number: int) -> None:
        """The broker acknowledges some frames, not always the oldest."""

        async def acknowledge() -> list[int]:
            frames = (await self.read())[start : start + number]
            self.cache.forget(frames)
            return marks(frames)

        self.gone(self.do(acknowledge()))

    def gone(self, numbers: list[int]) -> None:
        """They have left the queue."""
        self.published += len(numbers)
        self.queue = [each for each in self.queue if each not in numbers]

    @precondition(lambda self: not self.refusing)
    @rule(start=st.integers(0, 10), number=st.integers(1, 3))
    def quarantine(self, start: int, number: int) -> None:
        """The broker takes some frames never."""

        async def set_aside() -> list[int]:
            frames = (await self.read())[start : start + number]
            if frames:
                await self.cache.quarantine(frames, "a reason")
            return marks(frames)

        numbers = self.do(set_aside())
        self.aside = sorted([*self.aside, *numbers])
        self.queue = [each for each in self.queue if each not in numbers]

    @precondition(lambda self: not self.refusing)
    @rule()
    def release(self) -> None:
        """A technician gives them another chance."""
        assert self.do(self.cache.release()) == len(self.aside)
        self.queue = sorted(self.queue + self.aside)
        self.aside = []

    @precondition(lambda self: not self.refusing)
    @rule()
    def restart(self) -> None:
        """A clean stop, and another start."""
        before = self.cache.counts()
        self.do(self.cache.close())
        self.open()
        after = self.cache.counts()
        assert (after.received, after.published, after.cached, after.quarantined) == (
            before.received,
            before.published,
            before.cached,
            before.quarantined,
        )

    @rule()
    def kill(self) -> None:
        """Whatever was at rest is there in the next life; what was not may be, in one piece."""
        safe = self.safe()
        self.next_life()
        found = marks(self.do(self.read()))
        assert [each for each in found if each in safe] == sorted(safe)
        # What was acknowledged and not deleted yet may come back, nothing else.
        assert set(found) <= set(range(1, self.came + 1)) - set(self.aside)
        self.follow(found)

    def safe(self) -> set[int]:
        """What has to survive a kill: what is in the file, and waits to be delivered."""
        memory = self.cache._memory.following(0, 1_000_000, self.cache._writer.is_acknowledged)
        return set(self.queue) - set(marks(memory))

    def next_life(self) -> None:
        """Leaves the cache as a kill would, and starts another on what is on disk."""
        self.lives += 1
        copy = self.directory.parent / f"{self.directory.name}-{self.lives}"
        as_killed(self.directory, copy)
        self.abandon()
        self.directory = copy
        self.open()

    def follow(self, found: list[int]) -> None:
        """The model goes on with what there is; counts may have lost the last seconds' frames."""
        counts = self.cache.counts()
        self.queue = found
        self.published = counts.published

    def abandon(self) -> None:
        """Ends the life without a word."""
        if self.refusing:
            self.heal()
        self.do(self.cache.close())
        shutil.rmtree(self.directory)

    @precondition(lambda self: not self.refusing)
    @rule()
    def refuse(self) -> None:
        """The file system turns read-only."""
        self.do(self.set("query_only = ON"))
        self.refusing = True

    @precondition(lambda self: self.refusing)
    @rule()
    def heal(self) -> None:
        """And is mended."""
        self.do(self.set("query_only = OFF"))
        self.refusing = False
        self.settle()

    async def set(self, setting: str) -> None:
        """Changes the database in use."""

        def execute(file: CacheFile) -> None:
            file.database.execute(f"PRAGMA {setting}").fetchall()

        await self.cache._disk.use(execute)

    @precondition(lambda self: not self.refusing)
    @rule()
    def lose_file(self) -> None:
        """Somebody deletes the file of the running unit."""
        self.settle()
        for part in (NAME, f"{NAME}-wal"):
            (self.directory / part).unlink(missing_ok=True)
        with suppress(CacheError):
            self.do(self.cache._commit())
        self.settle()

    @precondition(lambda self: not self.refusing)
    @rule(counts=st.booleans())
    def damage(self, *, counts: bool) -> None:
        """The beginning of the file is destroyed while the unit is off; with the counts or not."""
        self.do(self.cache.close())
        (garbage_first_block if counts else garbage_header)(self.directory / NAME)
        aside = self.aside
        self.open()
        if counts:  # and with them what was set aside
            self.came_to_nothing(aside)
        self.follow(marks(self.do(self.read())))

    def came_to_nothing(self, aside: list[int]) -> None:
        """The quarantine is lost."""
        self.aside = []
        assert not self.do(self.cache.quarantined(10)) or aside

    @invariant()
    def every_frame_is_accounted_for(self) -> None:
        """Counts, order and contents are the model's."""
        if not hasattr(self, "cache"):
            return
        found = self.do(self.read())
        assert marks(found) == self.queue
        assert {n for n in marks(found) if n in self.priority} == {
            n for n, frame in zip(marks(found), found, strict=True) if frame.priority
        }
        counts = self.cache.counts()
        assert balanced(self.cache)
        assert (counts.cached, counts.quarantined) == (len(self.queue), len(self.aside))
        assert (counts.published, counts.dropped) == (self.published, 0)
        assert counts.cached_priority == len(self.priority & set(self.queue))

    def teardown(self) -> None:
        """Nothing is left."""
        if hasattr(self, "cache"):
            self.abandon()
        self.runner.close()


@pytest.mark.parametrize("examples", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
def test_the_cache_behaves_as_its_model(examples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Append, read, forget, quarantine, release, restart, kill, fail and damage in any order."""
    monkeypatch.setattr(cache_module, "RETRY_S", 0.001)
    monkeypatch.setattr(cache_disk, "RETRY_S", 0.001)
    # Time passes where a rule says so, and nowhere else.
    for wait in ("FLUSH_AFTER_S", "DELETE_AFTER_S", "LEDGER_EVERY_S"):
        monkeypatch.setattr(cache_module, wait, 3600.0)
    CacheMachine.TestCase.settings = settings(
        max_examples=examples, stateful_step_count=25, deadline=None
    )
    CacheMachine.TestCase("runTest").debug()
