import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.forwarding import cache as cache_module
from appliance.forwarding import cache_writer
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_storage import CacheStorage
from tests.appliance.forwarding.caches import (
    as_killed,
    failed_parts,
    fill,
    held_up,
    marks,
    opened,
    stored,
)
from tests.support.waiting import until


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[FrameCache]:
    """An empty cache."""
    async with opened(tmp_path) as cache:
        yield cache


@pytest.fixture
def slow_commits(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Commits that say when they are under way, and wait before they begin."""
    return held_up(monkeypatch, CacheFile, "commit")


async def test_a_frame_can_be_read_at_once(cache: FrameCache) -> None:
    """What just came needs no disk to be sent."""
    fill(cache, 1, 2)
    assert marks(await cache.read(0, 10)) == [1, 2]


async def test_an_unacknowledged_frame_is_on_disk_soon(cache: FrameCache, tmp_path: Path) -> None:
    """Without a PUBACK a frame is in the file, and another process finds it there."""
    fill(cache, 1)
    await until(stored(cache))
    async with opened(as_killed(tmp_path, tmp_path / "copy")) as found:
        assert marks(await found.read(0, 10)) == [1]
        assert found.counts().received == 1


async def test_a_frame_acknowledged_at_once_never_touches_the_disk(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk wear: with a prompt broker nothing is written for a frame."""
    await until(lambda: cache._writer._ledger_at > 0)
    commits: list[object] = []
    monkeypatch.setattr(CacheFile, "commit", lambda *work: commits.append(work))
    fill(cache, 1, 2)
    cache.forget(await cache.read(0, 10))
    await asyncio.sleep(2 * cache_module.FLUSH_AFTER_S)
    assert commits == []
    assert cache.counts().published == 2


async def test_reading_is_in_order_across_file_and_memory(cache: FrameCache) -> None:
    """Older frames in the file, newer in memory: one sequence, without gap or repetition."""
    fill(cache, *range(1, 8))
    await until(stored(cache))
    fill(cache, *range(8, 12))
    seen, after = [], 0
    while frames := await cache.read(after, 3):
        seen += marks(frames)
        after = frames[-1].id
        if after == 6:
            fill(cache, 12, 13)
    assert seen == list(range(1, 14))


async def test_an_iteration_is_filled_up_from_memory(cache: FrameCache) -> None:
    """Where the file ends memory goes on, without a commit in between."""
    fill(cache, 1, 2)
    await until(stored(cache))
    fill(cache, 3, 4)
    assert marks(await cache.read(0, 3)) == [1, 2, 3]


async def test_frames_can_be_read_while_they_are_being_written(
    cache: FrameCache, slow_commits: tuple[threading.Event, threading.Event]
) -> None:
    """A slow disk delays no frame: what is on its way there is still in memory."""
    entered, leave = slow_commits
    fill(cache, 1)
    await until(entered.is_set)
    fill(cache, 2)
    assert marks(await cache.read(0, 10)) == [1, 2]
    leave.set()
    await until(stored(cache))
    assert marks(await cache.read(0, 10)) == [1, 2]


async def test_frames_acknowledged_while_being_written_leave_the_file(
    cache: FrameCache, slow_commits: tuple[threading.Event, threading.Event]
) -> None:
    """A PUBACK that crosses the commit of its frame is not forgotten, nor counted twice."""
    entered, leave = slow_commits
    fill(cache, 1, 2, 3)
    await until(entered.is_set)
    cache.forget(await cache.read(0, 2))
    assert marks(await cache.read(0, 10)) == [3]
    assert (cache.counts().published, cache.counts().cached) == (2, 1)
    leave.set()
    await until(stored(cache))
    assert (cache.counts().published, cache.counts().cached) == (2, 1)
    assert marks(await cache.read(0, 10)) == [3]


async def test_the_ledger_survives_a_restart(tmp_path: Path) -> None:
    """Counts of frames go on where they were; received = published + cached + dropped."""
    async with opened(tmp_path, max_frames=4) as cache:
        fill(cache, 1, 2, priority=True)
        cache.forget(await cache.read(0, 1))
        fill(cache, *range(3, 9))
        await until(stored(cache))
        before = cache.counts()
    assert (before.published, before.cached, before.dropped) == (1, 4, 3)
    assert (before.received, before.received_priority, before.cached_priority) == (8, 2, 1)
    async with opened(tmp_path, max_frames=4) as cache:
        assert cache.counts() == before
        fill(cache, 9)
        assert cache.counts().received == 9


async def test_the_counts_are_in_step_after_a_kill(cache: FrameCache, tmp_path: Path) -> None:
    """The counts are written seldom; the ids of the frames on disk tell the rest."""
    fill(cache, 1, 2, 3, priority=True)
    await until(stored(cache))  # the counts are written, for the next LEDGER_EVERY_S
    fill(cache, 4, 5, 6)
    cache.forget(await cache.read(3, 2))  # 4 and 5: never written
    await until(stored(cache))
    expected = cache.counts()
    async with opened(as_killed(tmp_path, tmp_path / "copy")) as found:
        assert found.counts() == expected
        assert (expected.received, expected.published, expected.cached) == (6, 2, 4)


async def test_a_cancelled_reader_leaves_the_bookkeeping_whole(
    cache: FrameCache, slow_commits: tuple[threading.Event, threading.Event]
) -> None:
    """A forwarder stopped while a commit is slow: no frame lost, no count wrong."""
    entered, leave = slow_commits
    leave.set()
    fill(cache, 1, 2)
    await until(stored(cache))
    leave.clear()
    entered.clear()
    cache.forget(await cache.read(0, 10))
    fill(cache, 3)
    await until(entered.is_set)
    reading = asyncio.create_task(cache.read(0, 10))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    leave.set()
    await until(stored(cache))
    counts = cache.counts()
    assert (counts.received, counts.published, counts.cached) == (3, 2, 1)
    assert marks(await cache.read(0, 10)) == [3]


async def test_a_cancelled_quarantine_leaves_the_bookkeeping_whole(
    cache: FrameCache, slow_commits: tuple[threading.Event, threading.Event]
) -> None:
    """Whoever waits for a commit may be cancelled: the commit is carried through and counted."""
    entered, leave = slow_commits
    fill(cache, 1, 2)
    quarantine = asyncio.create_task(cache.quarantine(await cache.read(0, 1), "a reason"))
    await until(entered.is_set)
    quarantine.cancel()
    with pytest.raises(asyncio.CancelledError):
        await quarantine
    leave.set()
    await until(stored(cache))
    assert marks(await cache.read(0, 10)) == [1, 2]
    assert (cache.counts().received, cache.counts().cached) == (2, 2)


async def test_frames_that_come_before_the_file_is_open_are_kept(tmp_path: Path) -> None:
    """Frames are taken in, read and acknowledged without a file, and get their place in it."""
    async with opened(tmp_path) as cache:
        fill(cache, 1, 2)
    early = FrameCache(tmp_path / "cache.sqlite3", 1000, 10_000_000)
    fill(early, 3, 4, 5, priority=True)
    sent = await early.read(0, 2)
    assert marks(sent) == [3, 4]
    await early.open()
    assert early.forget(sent[:1]) is None
    assert marks(await early.read(0, 10)) == [1, 2, 4, 5]
    assert marks(await early.read(sent[1].id, 10)) == [5]
    counts = early.counts()
    assert (counts.received, counts.received_priority, counts.cached) == (5, 3, 4)
    await until(stored(early))
    await early.close()
    async with opened(tmp_path) as cache:
        assert marks(await cache.read(0, 10)) == [1, 2, 4, 5]
        assert cache.counts().published == 1


async def test_closing_writes_what_is_in_memory(tmp_path: Path) -> None:
    """A clean stop loses nothing, however short ago a frame came."""
    async with opened(tmp_path) as cache:
        fill(cache, 1, 2)
    async with opened(tmp_path) as cache:
        assert marks(await cache.read(0, 10)) == [1, 2]


async def test_forget_says_when_the_deletion_is_durable(
    cache: FrameCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing to wait for in memory; on disk the deletion, which a kill does not take back."""
    monkeypatch.setattr(cache_module, "DELETE_AFTER_S", 0.01)
    fill(cache, 1)
    assert cache.forget(await cache.read(0, 10)) is None
    fill(cache, 2)
    await until(stored(cache))
    deleted = cache.forget(await cache.read(0, 10))
    assert deleted is not None
    assert not deleted.done()
    assert (cache.counts().published, cache.counts().cached) == (2, 0)
    await asyncio.wait_for(deleted, 10)
    async with opened(as_killed(tmp_path, tmp_path / "copy")) as found:
        assert await found.read(0, 10) == []
        assert found.counts().published == 2


async def test_one_deletion_waits_for_company_and_three_do_not(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lone deletion is put off, so as to go with the next commit; a drain is not slowed down."""
    monkeypatch.setattr(cache_module, "DELETE_AFTER_S", 3600.0)
    fill(cache, *range(1, 6))
    await until(stored(cache))
    frames = await cache.read(0, 10)
    deletions = [cache.forget([frame]) for frame in frames[:2]]
    assert not cache._commit_wanted.is_set()
    deletions.append(cache.forget(frames[2:3]))
    await asyncio.wait_for(asyncio.gather(*filter(None, deletions)), 10)
    assert marks(await cache.read(0, 10)) == [4, 5]


async def test_a_deletion_goes_along_with_the_next_frame(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What halves the wear with a broker that takes its time."""
    monkeypatch.setattr(cache_module, "DELETE_AFTER_S", 3600.0)
    fill(cache, 1)
    await until(stored(cache))
    deleted = cache.forget(await cache.read(0, 10))
    assert deleted
    fill(cache, 2)
    await asyncio.wait_for(deleted, 10)


async def test_what_is_quarantined_leaves_the_queue_and_can_be_released(tmp_path: Path) -> None:
    """Kept with its reason across a restart, counted, and back at its place."""
    async with opened(tmp_path) as cache:
        fill(cache, 1, 2, 3)
        frames = await cache.read(0, 10)
        await cache.quarantine(frames[1:2], "the broker will not take it")
        assert marks(await cache.read(0, 10)) == [1, 3]
    async with opened(tmp_path) as cache:
        (aside,) = await cache.quarantined(10)
        assert (aside.frame, aside.reason) == (frames[1], "the broker will not take it")
        counts = cache.counts()
        assert (counts.received, counts.cached, counts.quarantined) == (3, 2, 1)
        before = cache.came_back
        assert await cache.release() == 1
        assert marks(await cache.read(0, 10)) == [1, 2, 3]
        assert cache.came_back == before + 1
        assert (cache.counts().quarantined, cache.counts().received) == (0, 3)
        assert await cache.release() == 0
        assert cache.came_back == before + 1


async def test_whoever_sends_is_woken_by_each_frame(cache: FrameCache) -> None:
    """And by frames that come back."""
    woken: list[int] = []
    cache.on_append = lambda: woken.append(cache.counts().cached)
    fill(cache, 1, 2)
    assert woken == [1, 2]
    await cache.quarantine(await cache.read(0, 1), "a reason")
    await cache.release()
    assert woken == [1, 2, 2]


async def test_what_comes_before_the_file_is_open_can_be_quarantined(tmp_path: Path) -> None:
    """A frame gets its place in the file first, and leaves the queue from there."""
    early = FrameCache(tmp_path / "cache.sqlite3", 1000, 10_000_000)
    fill(early, 1, 2)
    await early.quarantine(await early.read(0, 1), "a reason")
    assert [each.frame.mbal[3] for each in await early.quarantined(10)] == [1]
    assert marks(await early.read(0, 10)) == [2]
    await early.close()


async def test_a_file_is_opened_by_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever needs it while it is being opened waits for that."""
    monkeypatch.setattr(cache_module, "RETRY_S", 0.01)
    place = tmp_path / "not mounted yet"
    async with opened(place) as cache:
        fill(cache, 1, 2)
        sent = await cache.read(0, 1)
        entered, leave = held_up(monkeypatch, CacheStorage, "open")
        await until(entered.is_set)
        place.mkdir()
        quarantine = asyncio.create_task(cache.quarantine(sent, "a reason"))
        await until(lambda: [t.get_name() for t in asyncio.all_tasks()].count("cache commit") == 2)
        leave.set()
        await asyncio.wait_for(quarantine, 10)
        assert cache.counts().quarantined == 1
        assert marks(await cache.read(0, 10)) == [2]
        assert cache.health is None


async def test_a_release_is_carried_through_though_whoever_asked_is_gone(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames that are back in the file are seen to be back."""
    fill(cache, *range(1, 11))
    await cache.quarantine(await cache.read(0, 3), "a reason")
    entered, leave = held_up(monkeypatch, CacheFile, "release")
    before = cache.came_back
    release = asyncio.create_task(cache.release())
    await until(entered.is_set)
    release.cancel()
    await asyncio.wait({release})
    leave.set()
    await until(lambda: cache.came_back == before + 1)
    assert marks(await cache.read(0, 10)) == list(range(1, 11))


async def test_a_deletion_that_goes_along_with_a_later_group_is_told(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for during a commit and done by it: whoever waits does not wait for another frame."""
    monkeypatch.setattr(cache_writer, "_COMMIT_BYTES", 500)
    monkeypatch.setattr(cache_module, "DELETE_AFTER_S", 0.05)
    monkeypatch.setattr(cache_module, "LEDGER_EVERY_S", 3600.0)
    await until(lambda: cache._writer._ledger_at > 0)
    fill(cache, *range(1, 11))
    await until(stored(cache))
    first = await cache.read(0, 3)
    entered, leave = held_up(monkeypatch, CacheFile, "commit")
    fill(cache, *range(11, 40))
    await until(entered.is_set)  # the first of several groups
    deletion = cache.forget(first)
    assert deletion
    leave.set()
    await asyncio.wait_for(deletion, 10)


async def test_a_committer_that_has_failed_costs_no_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit is ended because of it, and what is in memory is written then."""
    failed = failed_parts()

    def fail(*_: object) -> None:
        raise MemoryError

    async with opened(tmp_path) as cache:
        with monkeypatch.context() as patch:
            patch.setattr(CacheFile, "commit", fail)
            fill(cache, 1, 2)
            await until(lambda: failed == ["the cache committer has failed"])
    async with opened(tmp_path) as cache:
        assert marks(await cache.read(0, 10)) == [1, 2]
