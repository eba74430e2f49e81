import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.forwarding import cache as cache_module
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cached_frame import CachedFrame
from tests.support.frames import radio_frame
from tests.support.waiting import until


@asynccontextmanager
async def opened(directory: Path, max_frames: int = 1000) -> AsyncIterator[FrameCache]:
    """The cache in `directory`, closed at the end."""
    cache = FrameCache(directory / "cache.sqlite3", max_frames, 10_000_000)
    await cache.open()
    yield cache
    await cache.close()


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[FrameCache]:
    """An empty cache."""
    async with opened(tmp_path) as cache:
        yield cache


def fill(cache: FrameCache, *numbers: int, priority: bool = False) -> None:
    """Frames of these numbers come in."""
    for number in numbers:
        cache.append(radio_frame(number), 1_700_000_000 + number, priority=priority)


def marks(frames: list[CachedFrame]) -> list[int]:
    """The frames' numbers."""
    return [int.from_bytes(frame.mbal[:4], "big") for frame in frames]


def stored(cache: FrameCache) -> Callable[[], bool]:
    """Whether nothing waits to be written."""
    return lambda: not cache._fresh and not cache._delivered and not cache._lock.locked()


async def test_a_frame_can_be_read_at_once(cache: FrameCache) -> None:
    """What just came needs no disk to be sent."""
    fill(cache, 1, 2)
    assert marks(await cache.read(0, 10)) == [1, 2]


async def test_an_unacknowledged_frame_is_on_disk_soon(cache: FrameCache, tmp_path: Path) -> None:
    """Without a PUBACK a frame is in the file, and another process finds it there."""
    fill(cache, 1)
    await until(stored(cache))
    # What a kill -9 would leave: the file as it is, without a farewell.
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in tmp_path.glob("cache.sqlite3*"):
        (copy / part.name).write_bytes(part.read_bytes())
    async with opened(copy) as found:
        assert marks(await found.read(0, 10)) == [1]
        assert found.counts().received == 1


async def test_a_frame_acknowledged_at_once_never_touches_the_disk(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Disk wear: with a prompt broker nothing is written for a frame."""
    commits: list[object] = []
    monkeypatch.setattr(cache._file, "commit", lambda *work: commits.append(work))
    fill(cache, 1, 2)
    cache.forget(await cache.read(0, 10))
    await asyncio.sleep(2 * cache_module.FLUSH_AFTER_S)
    assert commits == []
    monkeypatch.undo()
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


async def test_frames_coming_during_a_commit_are_not_passed_over(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a frame is on its way to the file, a reader waits for it rather than skip it."""
    commit = cache._file.commit
    entered, leave = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*args: object) -> object:
        loop.call_soon_threadsafe(entered.set)
        asyncio.run_coroutine_threadsafe(leave.wait(), loop).result(10)
        return commit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(cache._file, "commit", slow)
    fill(cache, 1)
    await asyncio.wait_for(entered.wait(), 10)
    fill(cache, 2)
    reading = asyncio.create_task(cache.read(0, 10))
    await asyncio.sleep(0)
    leave.set()
    assert marks(await asyncio.wait_for(reading, 10)) == [1, 2]


async def test_frames_acknowledged_while_being_written_leave_the_file(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PUBACK that crosses the commit of its frame is not forgotten."""
    commit = cache._file.commit
    frames = None

    def acknowledged_meanwhile(*args: object) -> object:
        done = commit(*args)  # type: ignore[arg-type]
        if frames:
            loop.call_soon_threadsafe(cache.forget, frames)
        return done

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(cache._file, "commit", acknowledged_meanwhile)
    fill(cache, 1, 2, 3)
    frames = await cache.read(0, 10)
    await until(lambda: cache.counts().cached == 0)
    frames = None
    await until(stored(cache))
    assert cache.counts().published == 3
    assert await cache.read(0, 10) == []


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
        after = cache.counts()
        assert after == before
        fill(cache, 9)
        assert cache.counts().received == 9


async def test_a_cancelled_reader_leaves_the_bookkeeping_whole(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forwarder stopped in the middle of a slow commit: no frame lost, no count wrong."""
    fill(cache, 1, 2)
    await until(stored(cache))
    frames = await cache.read(0, 10)
    cache.forget(frames)
    fill(cache, 3)
    commit, entered, leave = cache._file.commit, threading.Event(), threading.Event()

    def slow(*work: object) -> object:
        entered.set()
        assert leave.wait(10)
        return commit(*work)  # type: ignore[arg-type]

    monkeypatch.setattr(cache._file, "commit", slow)
    reading = asyncio.create_task(cache.read(0, 10))
    await until(entered.is_set)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    leave.set()
    await until(stored(cache))
    counts = cache.counts()
    assert (counts.received, counts.published, counts.cached) == (3, 2, 1)
    assert marks(await cache.read(0, 10)) == [3]


async def test_acknowledged_frames_that_could_not_be_deleted_are_not_read_again(
    cache: FrameCache,
) -> None:
    """A disk that refuses makes no frame come twice."""
    fill(cache, 1, 2, 3)
    await until(stored(cache))
    database = cache._file._database
    await cache._in_thread(database.execute, "PRAGMA query_only = ON")
    cache.forget(await cache.read(0, 2))
    assert marks(await cache.read(0, 2)) == [3]
    await cache._in_thread(database.execute, "PRAGMA query_only = OFF")


async def test_frames_that_come_before_the_file_is_open_are_kept(tmp_path: Path) -> None:
    """Checking a large file takes its time; the radio does not wait for it."""
    async with opened(tmp_path) as cache:
        fill(cache, 1, 2)
    early = FrameCache(tmp_path / "cache.sqlite3", 1000, 10_000_000)
    fill(early, 3, 4, priority=True)
    await early.open()
    assert marks(await early.read(0, 10)) == [1, 2, 3, 4]
    counts = early.counts()
    assert (counts.received, counts.received_priority, counts.cached) == (4, 2, 4)
    await until(stored(early))
    await early.close()
    async with opened(tmp_path) as cache:
        assert marks(await cache.read(0, 10)) == [1, 2, 3, 4]


async def test_closing_writes_what_is_in_memory(tmp_path: Path) -> None:
    """A clean stop loses nothing, however short ago a frame came."""
    async with opened(tmp_path) as cache:
        fill(cache, 1, 2)
    async with opened(tmp_path) as cache:
        assert marks(await cache.read(0, 10)) == [1, 2]


async def test_a_refusing_disk_costs_nothing_but_time(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Frames stay readable in memory, the failure is said once, and they are written later."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(cache_module, "RETRY_S", 0.01)
    database = cache._file._database
    await cache._in_thread(database.execute, "PRAGMA query_only = ON")
    fill(cache, 1)
    await until(lambda: cache._outage.failures)
    fill(cache, 2)
    assert marks(await cache.read(0, 10)) == [1, 2]
    fill(cache, 3)
    await asyncio.sleep(2 * cache_module.FLUSH_AFTER_S)
    assert len([r for r in caplog.records if "cannot be used" in r.message]) == 1
    async with cache._lock:
        await cache._in_thread(database.execute, "PRAGMA query_only = OFF")
    await until(stored(cache))
    assert "the frame cache can be written again after " in caplog.text
    assert marks(await cache.read(0, 10)) == [1, 2, 3]


async def test_memory_is_bounded_while_the_disk_refuses(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The oldest ordinary frames go first there too, are counted, and it is said once."""
    monkeypatch.setattr(cache_module, "MEMORY_FRAMES", 3)
    fill(cache, 1, priority=True)
    fill(cache, 2, 3, 4, 5)
    assert marks(await cache.read(0, 10)) == [1, 4, 5]
    counts = cache.counts()
    assert (counts.received, counts.cached, counts.dropped) == (5, 3, 2)
    assert caplog.text.count("the frame cache's memory is full too") == 1


async def test_a_full_cache_is_told_once_and_that_it_has_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A broker that takes less than comes in makes room for moments: that is not the end of it."""
    caplog.set_level(logging.INFO)
    async with opened(tmp_path, max_frames=2) as cache:
        for number in range(1, 6):
            fill(cache, number, number + 100, number + 200)
            await until(stored(cache))
            cache.forget((await cache.read(0, 1))[:1])
            await until(lambda: cache.counts().cached == 1)
        assert [record.getMessage()[:27] for record in caplog.records] == [
            "the frame cache is full: th"
        ]
        monkeypatch.setattr(cache_module, "ROOM_AFTER_S", 0.0)
        cache.forget(await cache.read(0, 1))
        await until(lambda: "the frame cache has room again after " in caplog.text)
