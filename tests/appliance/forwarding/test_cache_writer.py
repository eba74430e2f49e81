import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.forwarding import cache as cache_module
from appliance.forwarding import cache_writer
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_change import Change
from appliance.forwarding.cache_error import CacheError
from appliance.forwarding.cache_file import CacheFile
from tests.appliance.forwarding.caches import as_killed, balanced, fill, marks, opened, stored
from tests.support.waiting import until


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[FrameCache]:
    """An empty cache."""
    async with opened(tmp_path) as cache:
        yield cache


async def test_many_frames_are_written_and_deleted_in_groups(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit is small enough for a disk that is nearly full; the counts are right between."""
    monkeypatch.setattr(cache_writer, "_COMMIT_BYTES", 600)  # ten of 12 bytes, and what they cost
    monkeypatch.setattr(cache_writer, "_COMMIT_DELETIONS", 10)
    changes: list[Change] = []
    commit = CacheFile.commit

    def noted(file: CacheFile, change: Change) -> None:
        changes.append(change)
        commit(file, change)
        assert balanced(cache)

    monkeypatch.setattr(CacheFile, "commit", noted)
    fill(cache, *range(1, 36))
    await until(stored(cache))
    assert [len(change.added) for change in changes if change.added] == [10, 10, 10, 5]
    changes.clear()
    cache.forget(await cache.read(0, 25))
    await cache._commit()
    await until(stored(cache))
    assert [change.acknowledged for change in changes] == [((1, 10),), ((11, 20),), ((21, 25),)]
    assert marks(await cache.read(0, 100)) == list(range(26, 36))
    counts = cache.counts()
    assert (counts.received, counts.published, counts.cached) == (35, 25, 10)


async def test_frames_acknowledged_while_a_write_fails_are_not_written_again(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Published, counted once, and gone, although their commit never succeeded."""
    entered, leave = threading.Event(), threading.Event()

    def failing(*_: object) -> None:
        entered.set()
        assert leave.wait(10)
        raise CacheError("no")

    with monkeypatch.context() as patch:
        patch.setattr(CacheFile, "commit", failing)
        patch.setattr(cache_module, "RETRY_S", 0.01)
        fill(cache, 1, 2)
        await until(entered.is_set)
        cache.forget(await cache.read(0, 1))
        leave.set()
        await until(lambda: cache.health is not None)
        counts = cache.counts()
        assert (counts.received, counts.published, counts.cached) == (2, 1, 1)
        assert marks(await cache.read(0, 10)) == [2]
    await until(stored(cache))
    assert marks(await cache.read(0, 10)) == [2]
    assert cache.counts().published == 1


async def test_a_frame_that_is_published_from_memory_is_counted_once_after_a_kill(
    cache: FrameCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies behind the first groups of a commit, which say only what is before their end."""
    monkeypatch.setattr(cache_writer, "_COMMIT_BYTES", 200)
    await until(lambda: cache._writer._ledger_at > 0)
    fill(cache, 1)
    await until(stored(cache))
    fill(cache, *range(2, 21))
    frames = await cache.read(0, 100)
    cache.forget([frames[0], frames[18]])  # one on disk, which writes the ledger; one in memory
    await until(stored(cache))
    assert cache.counts().received == 20
    async with opened(as_killed(tmp_path, tmp_path / "copy")) as found:
        assert found.counts() == cache.counts()
