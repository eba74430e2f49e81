import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.forwarding.cache_file import CacheError, CacheFile, Ledger
from tests.support.frames import cached_frame


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the cache lies."""
    return tmp_path / "cache.sqlite3"


@pytest.fixture
def cache(path: Path) -> Iterator[CacheFile]:
    """An empty cache with room for ten frames."""
    file = CacheFile(path, max_frames=10, max_bytes=10_000_000)
    file.open()
    yield file
    file.close()


def kept(cache: CacheFile) -> list[int]:
    """The ids in the cache, in order."""
    return [frame.id for frame in cache.read(0, 1000)]


def test_what_was_committed_is_read_back_after_a_restart(path: Path, cache: CacheFile) -> None:
    """Every field of a frame, and the ledger's counts, outlive the process."""
    frames = [cached_frame(n, priority=n == 2) for n in (1, 2, 3)]
    cache.commit(frames, [], Ledger(received_priority=1, published=7, dropped=2, quarantined=1))
    cache.close()
    again = CacheFile(path, max_frames=10, max_bytes=10_000_000)
    found = again.open()
    assert found.ledger == Ledger(received_priority=1, published=7, dropped=2, quarantined=1)
    assert (found.frames, found.priority_frames, found.last_id) == (3, 1, 3)
    assert again.read(0, 10) == frames
    again.close()


def test_the_file_is_the_owners_alone(path: Path, cache: CacheFile) -> None:
    """Frames may be personal data: nobody else on the unit reads them."""
    cache.commit([cached_frame(1)], [], Ledger())
    for part in path.parent.iterdir():
        assert stat.S_IMODE(part.stat().st_mode) == 0o600, part.name


def test_reading_goes_on_behind_an_id(cache: CacheFile) -> None:
    """A limit cuts; what follows is read from the last id on."""
    cache.commit([cached_frame(n) for n in range(1, 6)], [], Ledger())
    assert [frame.id for frame in cache.read(2, 2)] == [3, 4]


def test_delivered_frames_leave_and_count_as_published(cache: CacheFile) -> None:
    """A frame acknowledged twice is deleted, and counted, once."""
    frames = [cached_frame(n, priority=n == 1) for n in (1, 2, 3)]
    cache.commit(frames, [], Ledger())
    done = cache.commit([], frames[:2], Ledger())
    assert (done.deleted, done.deleted_priority, done.ledger.published) == (2, 1, 2)
    assert cache.commit([], frames[:2], done.ledger).ledger.published == 2
    assert kept(cache) == [3]


def test_a_full_cache_drops_the_oldest_ordinary_frames_first(cache: CacheFile) -> None:
    """Priority frames give way only when no others are left; the newest always stay."""
    cache.commit([cached_frame(n, priority=n <= 4) for n in range(1, 11)], [], Ledger())
    done = cache.commit([cached_frame(n) for n in (11, 12)], [], Ledger())
    assert (done.dropped, done.dropped_priority, done.ledger.dropped) == (2, 0, 2)
    assert kept(cache) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    done = cache.commit([cached_frame(n, priority=True) for n in range(13, 21)], [], done.ledger)
    assert (done.dropped, done.dropped_priority) == (8, 2)
    assert kept(cache) == [3, 4, *range(13, 21)]


def test_the_quota_in_bytes_is_kept(path: Path) -> None:
    """Whatever is put in, the pages in use stay below the quota."""
    cache = CacheFile(path, max_frames=1_000_000, max_bytes=200_000)
    cache.open()
    dropped = 0
    for first in range(1, 3001, 500):
        frames = [cached_frame(n, size=200) for n in range(first, first + 500)]
        done = cache.commit(frames, [], Ledger())
        dropped += done.dropped
        assert done.bytes <= 200_000
    assert dropped
    assert len(kept(cache)) == 3000 - dropped
    assert kept(cache)[-1] == 3000
    cache.close()


@pytest.mark.parametrize(
    "damage", [b"not a database at all" * 200, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_a_damaged_file_is_moved_aside(path: Path, damage: bytes) -> None:
    """The unit comes up with an empty cache, and what was there is kept for whoever looks."""
    path.write_bytes(damage)
    cache = CacheFile(path, max_frames=10, max_bytes=10_000_000)
    assert cache.open().frames == 0
    cache.commit([cached_frame(1)], [], Ledger())
    cache.close()
    assert path.with_name("damaged-1-cache.sqlite3").read_bytes() == damage


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE frames RENAME COLUMN mbal TO mø", "PRAGMA user_version = 99"],
)
def test_a_foreign_schema_is_moved_aside(path: Path, cache: CacheFile, change: str) -> None:
    """Each time under another name: nothing that was set aside is lost either."""
    cache.close()
    for number in (1, 2):
        with sqlite3.connect(path) as other:
            other.execute(change)
        other.close()
        assert cache.open().frames == 0
        cache.close()
        assert path.with_name(f"damaged-{number}-cache.sqlite3").exists()
    cache.open()


def test_a_failed_commit_changes_nothing(path: Path, cache: CacheFile) -> None:
    """All of a commit is undone when a part of it fails."""
    cache.commit([cached_frame(1)], [], Ledger())
    with pytest.raises(CacheError, match="state_dir"):
        cache.commit([cached_frame(2), cached_frame(1)], [cached_frame(1)], Ledger(published=5))
    assert kept(cache) == [1]
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count FROM ledger WHERE name = 'published'").fetchone() == (0,)
    other.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error says which file, and what to check."""
    cache = CacheFile(tmp_path / "missing" / "cache.sqlite3", 10, 10_000_000)
    with pytest.raises(CacheError, match=r"missing/cache.sqlite3.*state_dir"):
        cache.open()


def test_commits_survive_a_power_cut_by_their_settings(cache: CacheFile) -> None:
    """WAL with synchronous FULL: the journal is flushed at every commit."""
    database = cache._database
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
