"""The cache on a disk that is full, read-only, failing or damaged, while it is running."""

import asyncio
import logging
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from appliance.forwarding import cache as cache_module
from appliance.forwarding import cache_disk, cache_schema, cache_writer
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError, DiskFailingError
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_schema import PAGE_BYTES
from appliance.forwarding.cache_storage import CacheStorage
from appliance.forwarding.cache_walk import TableWalk
from tests.appliance.forwarding.caches import (
    NAME,
    balanced,
    failed_parts,
    fill,
    held_up,
    marks,
    opened,
    stored,
)
from tests.appliance.forwarding.damages import (
    bad_block,
    damage_in_use,
    garbage_header,
    write_noise,
)
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Retries without waiting, and with every word."""
    caplog.set_level(logging.INFO, "appliance")
    monkeypatch.setattr(cache_module, "RETRY_S", 0.01)
    monkeypatch.setattr(cache_disk, "RETRY_S", 0.01)
    monkeypatch.setattr(cache_module, "DELETE_AFTER_S", 0.01)


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[FrameCache]:
    """An empty cache."""
    async with opened(tmp_path, max_frames=100_000) as cache:
        yield cache


async def pragma(cache: FrameCache, setting: str) -> None:
    """Sets something in the database that is in use."""

    def execute(file: CacheFile) -> None:
        file.database.execute(f"PRAGMA {setting}").fetchall()

    await cache._disk.use(execute)


@contextmanager
def no_writing() -> Iterator[None]:
    """The system refuses this process every write to a file: SQLite calls that an I/O error."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def well(cache: FrameCache) -> bool:
    """Whether nothing is wrong, and nothing waits for the disk."""
    return cache.health is None and stored(cache)()


async def everything(cache: FrameCache) -> list[int]:
    """The numbers of all frames, read in groups."""
    seen: list[int] = []
    after = 0
    while frames := await cache.read(after, 100):
        seen += marks(frames)
        after = frames[-1].id
    return seen


async def test_a_read_only_disk_costs_nothing_but_time(
    cache: FrameCache, caplog: pytest.LogCaptureFixture
) -> None:
    """Frames stay readable, the fault is said once, and they are written later."""
    fill(cache, 1, 2)
    await until(stored(cache))
    await pragma(cache, "query_only = ON")
    fill(cache, 3)
    await until(lambda: cache.health)
    assert "readonly" in str(cache.health)
    assert "check the permissions" in str(cache.health)  # the file system is not what refuses
    assert "; 1 frames are held in memory" in str(cache.health)
    fill(cache, 4)
    assert marks(await cache.read(0, 10)) == [1, 2, 3, 4]
    await asyncio.sleep(0.1)
    assert len([r for r in caplog.records if "readonly" in r.message]) == 1
    await pragma(cache, "query_only = OFF")
    await until(lambda: well(cache))
    assert any("can be written again" in record.message for record in caplog.records)
    assert marks(await cache.read(0, 10)) == [1, 2, 3, 4]


async def test_a_read_only_disk_does_not_stop_forwarding(cache: FrameCache) -> None:
    """What cannot be deleted is not waited for, and not read again; it leaves later."""
    fill(cache, *range(1, 11))
    await until(stored(cache))
    await pragma(cache, "query_only = ON")
    first = cache.forget(await cache.read(0, 3))
    assert first
    await asyncio.wait_for(first, 10)  # refused: nobody can do better
    await until(lambda: cache.health)
    assert cache.forget(await cache.read(0, 3)) is None
    assert marks(await cache.read(0, 10)) == [7, 8, 9, 10]
    assert (cache.counts().published, cache.counts().cached) == (6, 4)
    await pragma(cache, "query_only = OFF")
    await until(lambda: well(cache))
    assert (cache.counts().published, cache.counts().cached) == (6, 4)
    assert marks(await cache.read(0, 10)) == [7, 8, 9, 10]


async def test_acknowledged_frames_leave_a_full_disk(cache: FrameCache) -> None:
    """New ones are held in memory meanwhile, and written when there is room."""
    fill(cache, *range(1, 2001))
    await until(stored(cache))
    await pragma(cache, "max_page_count = 1")  # no page more than it has
    fill(cache, *range(2001, 3001))
    await until(lambda: cache.health)
    assert "full: delete what does not belong" in str(cache.health)
    assert await everything(cache) == list(range(1, 3001))
    deleted = cache.forget(await cache.read(0, 500))
    if deleted:
        await asyncio.wait_for(deleted, 10)
    # Their room is enough for those in memory in the end.
    cache.forget(await cache.read(500, 1000))
    await until(lambda: well(cache))
    assert await everything(cache) == list(range(1501, 3001))
    assert (cache.counts().published, cache.counts().dropped) == (1500, 0)
    assert balanced(cache)


async def test_memory_is_bounded_while_the_disk_refuses(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The oldest ordinary frames go first there too, are counted, and it is said once."""
    monkeypatch.setattr(cache_writer, "MEMORY_FRAMES", 3)
    await pragma(cache, "query_only = ON")
    fill(cache, 1, priority=True)
    fill(cache, 2, 3, 4, 5)
    assert marks(await cache.read(0, 10)) == [1, 4, 5]
    counts = cache.counts()
    assert (counts.received, counts.cached, counts.dropped) == (5, 3, 2)
    assert len([r for r in caplog.records if "memory is full" in r.message]) == 1
    await pragma(cache, "query_only = OFF")
    await until(stored(cache))
    after = cache.counts()
    assert (after.received, after.cached, after.dropped) == (5, 3, 2)


async def test_a_failing_disk_is_told_and_survived(
    cache: FrameCache, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However long it fails: nothing is lost, no file is given up that cannot be replaced."""
    fill(cache, *range(1, 101))
    await until(stored(cache))
    with no_writing():
        fill(cache, *range(101, 201))
        await until(lambda: cache.health)
        await asyncio.sleep(0.3)  # some thirty attempts, a few of them at another file
        assert "disk may be failing" in str(cache.health)
        assert await everything(cache) == list(range(1, 201))
        cache.forget(await cache.read(0, 50))
        assert await everything(cache) == list(range(51, 201))
    await until(lambda: well(cache))
    assert await everything(cache) == list(range(51, 201))
    assert (cache.counts().published, cache.counts().dropped) == (50, 0)
    assert balanced(cache)
    assert not list(tmp_path.glob("salvage-*"))
    assert "can be written again" in caplog.text


async def test_a_file_on_a_bad_block_is_given_up_for_another(
    cache: FrameCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that cannot be written stays so: what was there is moved to a new file."""
    fill(cache, *range(1, 101))
    await until(stored(cache))
    old, commit = cache._disk._storage.file, CacheFile.commit

    def on_bad_block(file: CacheFile, change: object) -> None:
        if file is old:
            with no_writing():
                commit(file, change)  # type: ignore[arg-type]
        else:
            commit(file, change)  # type: ignore[arg-type]

    monkeypatch.setattr(CacheFile, "commit", on_bad_block)
    fill(cache, *range(101, 111))
    await until(lambda: cache._disk._storage.file is not old)
    await until(lambda: well(cache))
    assert await everything(cache) == list(range(1, 111))
    assert cache.counts().dropped == 0
    assert (tmp_path / f"damaged-1-{NAME}").exists()


async def test_pages_that_are_damaged_under_us_are_salvaged(
    cache: FrameCache, caplog: pytest.LogCaptureFixture
) -> None:
    """Found when they are read: what is on the others goes on, in order; the rest is counted."""
    fill(cache, *range(1, 5001))
    await until(stored(cache))
    damage_in_use(cache._disk._storage.file, 100, 8)
    woken = asyncio.Event()
    cache.on_append = woken.set
    seen: list[int] = []
    after = 0
    while len(seen) < 4500:
        woken.clear()
        if frames := await cache.read(after, 500):
            seen += marks(frames)
            after = frames[-1].id
        else:
            await asyncio.wait_for(woken.wait(), 10)
    await until(lambda: well(cache))
    assert seen == sorted(seen)
    seen += marks(await cache.read(after, 5000))
    counts = cache.counts()
    assert len(seen) == counts.cached == 5000 - counts.dropped
    assert 0 < counts.dropped < 500
    assert balanced(cache)
    assert "is damaged" in caplog.text
    assert "is in order again" in caplog.text


async def test_frames_keep_coming_while_a_damaged_file_is_read(
    cache: FrameCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are safe at once, and follow in their turn."""
    monkeypatch.setattr("appliance.forwarding.cache_storage._SALVAGED_AT_ONCE", 50)
    fill(cache, *range(1, 2001))
    await until(stored(cache))
    (tmp_path / NAME).unlink()
    fill(cache, 2001)
    await until(lambda: cache.health)
    assert "deleted or replaced" in str(cache.health)
    fill(cache, *range(2002, 2011))
    await until(lambda: well(cache), 20)
    assert await everything(cache) == list(range(1, 2011))
    assert cache.counts().dropped == 0


async def test_no_frame_overtakes_the_last_ones_that_are_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are back already, and the event loop has not seen it yet."""
    are_back, is_seen = threading.Event(), threading.Event()
    salvage = CacheStorage.salvage

    def slowly(storage: CacheStorage) -> None:
        salvage(storage)
        if not storage.is_salvaging:
            are_back.set()
            is_seen.wait(10)

    async with opened(tmp_path) as cache:
        fill(cache, *range(1, 11))
        await until(stored(cache))
    garbage_header(tmp_path / NAME)
    monkeypatch.setattr(CacheStorage, "salvage", slowly)
    async with opened(tmp_path) as cache:
        await until(are_back.is_set)
        fill(cache, 11)
        assert await everything(cache) == []
        is_seen.set()
        await until(lambda: well(cache))
        assert await everything(cache) == list(range(1, 12))


async def test_what_is_acknowledged_during_a_salvage_does_not_come_back(
    cache: FrameCache, tmp_path: Path
) -> None:
    """Messages that were in flight when the damage was found."""
    fill(cache, *range(1, 3001))
    await until(stored(cache))
    in_flight = await cache.read(0, 1000)
    (tmp_path / NAME).unlink()
    fill(cache, 3001)
    await until(lambda: cache._disk.is_salvaging)
    cache.forget(in_flight)
    assert balanced(cache)
    await until(lambda: well(cache))
    assert await everything(cache) == list(range(1001, 3002))
    counts = cache.counts()
    assert (counts.published, counts.cached, counts.dropped) == (1000, 2001, 0)


async def test_a_unit_starts_on_a_disk_that_refuses(tmp_path: Path) -> None:
    """On memory, with what is wrong told; the file is opened when it can be."""
    place = tmp_path / "not mounted yet"
    cache = FrameCache(place / NAME, 1000, 10_000_000)
    await cache.open()
    fill(cache, 1, 2)
    assert "No such file" in str(cache.health)
    sent = await cache.read(0, 10)
    assert marks(sent) == [1, 2]
    cache.forget(sent[:1])
    place.mkdir()
    async with opened(tmp_path) as other:  # the file that was there all the time
        fill(other, 7, 8)
    (tmp_path / NAME).rename(place / NAME)
    await until(lambda: well(cache))
    assert marks(await cache.read(0, 10)) == [7, 8, 2]
    assert cache.came_back == 1  # the older ones lie behind what was read
    cache.forget(sent[1:])
    assert marks(await cache.read(0, 10)) == [7, 8]
    assert balanced(cache)
    await cache.close()


async def test_frames_in_a_file_that_cannot_be_read_do_not_hold_up_the_others(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They follow when it can be read, and whoever reads is told to begin again."""
    fill(cache, 1, 2)
    await until(stored(cache))
    before = cache.came_back

    def failing(*_: object) -> None:
        raise CacheError("no")

    with monkeypatch.context() as patch:
        patch.setattr(CacheFile, "read", failing)
        patch.setattr(CacheFile, "commit", failing)
        with pytest.raises(CacheError):
            await cache.read(0, 10)
        fill(cache, 3)
        assert marks(await cache.read(0, 10)) == [3]
        assert cache.came_back == before
    await until(lambda: well(cache))
    assert cache.came_back == before + 1
    assert marks(await cache.read(0, 10)) == [1, 2, 3]


async def test_the_reserve_is_given_up_when_the_disk_is_full(
    cache: FrameCache, tmp_path: Path
) -> None:
    """And held again when there is room."""
    await until(lambda: cache._writer._ledger_at > 0)
    reserve = tmp_path / f"{NAME}-reserve"
    assert reserve.exists()
    await pragma(cache, "max_page_count = 1")
    fill(cache, *range(1, 200))
    await until(lambda: not reserve.exists())
    await pragma(cache, "max_page_count = 1000000")
    await until(lambda: well(cache))
    cache._writer._ledger_at = 0.0
    fill(cache, 200)
    await until(reserve.exists)


async def test_a_full_cache_is_told_once_and_when_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An episode ends when frames leave by delivery, not between two drops."""
    async with opened(tmp_path, max_frames=5) as cache:
        for number in range(1, 10):
            fill(cache, number)
            await until(stored(cache))
        assert cache.health == "the frame cache is full: its oldest frames give way to new ones"
        cache.forget(await cache.read(0, 3))
        await until(lambda: well(cache))
    told = [record.message for record in caplog.records]
    assert told == [
        "the frame cache is full: its oldest frames give way to new ones",
        "the frame cache has room again; 4 frames gave way",
    ]


async def test_a_stop_on_a_refusing_disk_says_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nowhere to keep it."""
    cache = FrameCache(tmp_path / "missing" / NAME, 1000, 10_000_000)
    await cache.open()
    fill(cache, 1, 2)
    await cache.close()
    assert "2 frames could not be written and are lost" in caplog.text


async def test_frames_that_a_stop_could_not_write_are_accounted_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Their count takes less room than they do."""
    async with opened(tmp_path) as cache:
        fill(cache, *range(1, 11))
        await until(stored(cache))
        await pragma(cache, "max_page_count = 1")
        fill(cache, *range(11, 111))
        await until(lambda: cache.health)
    assert "100 frames could not be written and are lost" in caplog.text
    async with opened(tmp_path) as cache:
        counts = cache.counts()
        assert (counts.received, counts.cached, counts.dropped) == (110, 10, 100)


async def test_a_large_file_is_not_checked_page_by_page_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That would take minutes: damage in it shows, and is put right, when it is met."""
    async with opened(tmp_path, max_frames=100_000) as cache:
        fill(cache, *range(1, 5001))
    write_noise(tmp_path / NAME, 100 * PAGE_BYTES, PAGE_BYTES)
    monkeypatch.setattr(cache_schema, "_CHECKED_AT_START", 0)
    async with opened(tmp_path, max_frames=100_000) as cache:
        assert cache.health is None
        assert cache.counts().cached == 5000
        await everything(cache)
        await until(lambda: well(cache))
        assert len(await everything(cache)) == cache.counts().cached > 4900
        assert balanced(cache)


async def test_a_salvage_begins_though_the_reader_that_met_the_damage_is_gone(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forwarder stopped while the file is being replaced: what can be read is put back."""
    fill(cache, *range(1, 2001))
    await until(stored(cache))
    damage_in_use(cache._disk._storage.file, 30, 4)
    entered, leave = held_up(monkeypatch, CacheStorage, "begin_anew")
    reader = asyncio.create_task(everything(cache))
    await until(entered.is_set)
    reader.cancel()
    await asyncio.wait({reader})
    leave.set()
    fill(cache, 2001)
    await until(lambda: well(cache))
    assert len(await everything(cache)) == cache.counts().cached > 1900


@pytest.mark.parametrize("work", ["read", "fold"])
async def test_a_file_of_which_one_part_fails_is_given_up_too(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """What succeeds in between does not make up for it: a bad block does not heal."""
    fill(cache, 0)
    await until(stored(cache))
    old, well_done = cache._disk._storage.file, getattr(CacheFile, work)

    def on_bad_block(file: CacheFile, *args: object) -> object:
        if file is old:
            raise DiskFailingError("disk I/O error")
        return well_done(file, *args)

    monkeypatch.setattr(CacheFile, work, on_bad_block)
    for number in range(1, cache_disk._GIVE_UP_AFTER + 1):
        assert cache._disk._storage.file is old
        cache._writer._ledger_at = 0.0
        fill(cache, number)
        await until(stored(cache))
        with suppress(CacheError):
            await cache.read(0, 10)
    await until(lambda: well(cache))
    assert cache._disk._storage.file is not old
    assert await everything(cache) == list(range(cache_disk._GIVE_UP_AFTER + 1))


async def test_a_file_that_cannot_be_opened_on_its_bad_block_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A unit does not live on memory for ever: what can be read goes into a new file."""
    async with opened(tmp_path) as cache:
        fill(cache, *range(1, 101))
    bad, connect = (tmp_path / NAME).stat().st_ino, cache_schema.connect

    def on_bad_block(path: Path) -> sqlite3.Connection:
        if path.exists() and path.stat().st_ino == bad:
            raise bad_block()
        return connect(path)

    monkeypatch.setattr("appliance.forwarding.cache_file.connect", on_bad_block)
    async with opened(tmp_path) as cache:
        fill(cache, 101)
        await until(lambda: well(cache))
        assert await everything(cache) == list(range(1, 102))


async def test_a_bad_block_in_the_old_file_is_no_reason_to_give_up_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it fails: all that can be read follows, and one file was damaged, not two."""
    async with opened(tmp_path) as cache:
        fill(cache, *range(1, 201))
    garbage_header(tmp_path / NAME)
    read = TableWalk._read

    def on_bad_block(walk: TableWalk[object], sound: list[object], limit: int) -> None:
        if 100 <= walk.after < 110:
            raise bad_block()
        read(walk, sound, min(limit, 100 - walk.after) if walk.after < 100 else limit)

    monkeypatch.setattr(TableWalk, "_read", on_bad_block)
    async with opened(tmp_path) as cache:
        await until(lambda: well(cache))
        assert await everything(cache) == list(range(1, 201))  # those on it from its pages
    assert [each.name for each in tmp_path.glob("damaged-*.sqlite3")] == [f"damaged-1-{NAME}"]


@pytest.mark.parametrize("running", [True, False])
async def test_a_bad_block_in_what_was_set_aside_costs_no_other_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    """Met where the file has to be replaced, in use or at the start."""
    failed, read = failed_parts(), TableWalk._read

    def on_bad_block(walk: TableWalk[object], sound: list[object], limit: int) -> None:
        if "quarantined" in walk._query and walk.after < 20:
            raise bad_block()
        read(walk, sound, limit)

    async with opened(tmp_path) as cache:
        fill(cache, *range(1, 101))
        await cache.quarantine(await cache.read(0, 20), "a reason")
        monkeypatch.setattr(TableWalk, "_read", on_bad_block)
        if running:
            (tmp_path / NAME).unlink()
        fill(cache, 101)
        await until(lambda: failed or well(cache))
    assert failed == []
    if not running:
        garbage_header(tmp_path / NAME)
    async with opened(tmp_path) as cache:
        await until(lambda: well(cache))
        assert await everything(cache) == list(range(21, 102))
        assert cache.counts().dropped == 20
        assert balanced(cache)


async def test_frames_are_counted_once_where_damage_is_met_in_a_commit(
    cache: FrameCache,
) -> None:
    """All of the commit took place or nothing: nothing of it fails when it is already made."""
    await until(lambda: cache._writer._ledger_at > 0)
    fill(cache, *range(1, 1001))
    await until(stored(cache))
    await pragma(cache, "wal_checkpoint(TRUNCATE)")
    first, file = await cache.read(0, 10), cache._disk._storage.file
    pages = file._path.stat().st_size // PAGE_BYTES
    damage_in_use(file, pages - 4, 4)  # the last frames are there
    fill(cache, 1001)
    cache.forget(await cache.read(1000, 10))  # at once: counted in memory
    cache.forget(first)
    await until(lambda: cache.counts().dropped and well(cache))
    assert (cache.counts().received, cache.counts().published) == (1001, 11)
