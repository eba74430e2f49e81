import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.forwarding import cache_schema
from appliance.forwarding.cache_ledger import Ledger, load_ledger
from appliance.forwarding.cache_schema import (
    PAGE_BYTES,
    DamageError,
    connect,
    fresh_first_page,
    is_damage,
    load_settings,
    save_setting,
    used_bytes,
)
from appliance.forwarding.unit_clock import Setting
from tests.appliance.forwarding.caches import NAME, balanced, marks, opened
from tests.support.frames import cached_frame

# As units in service have it, word for word.
VERSION_1 = """
CREATE TABLE frames (
    id INTEGER PRIMARY KEY, received_at REAL NOT NULL, priority INTEGER NOT NULL,
    rssi INTEGER NOT NULL, corrected_bits INTEGER NOT NULL, mbal BLOB NOT NULL
) STRICT;
CREATE TABLE ledger (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""
COUNTS = {"received_priority": 50, "published": 400, "dropped": 7, "quarantined": 0}


def version_1(path: Path, frames: int) -> None:
    """A file as version 1 left it, with pages of 4,096 bytes and its WAL folded in."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(f"BEGIN; {VERSION_1} COMMIT;")
        database.executemany(
            "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?)",
            [cached_frame(n, priority=n % 10 == 0)[:6] for n in range(1, frames + 1)],
        )
        database.executemany("INSERT INTO ledger VALUES (?, ?)", COUNTS.items())


@pytest.mark.parametrize("frames", [0, 25, 3000])
async def test_a_file_of_version_1_is_taken_over(tmp_path: Path, frames: int) -> None:
    """Every frame and every count of a unit in service is there after the update."""
    version_1(tmp_path / NAME, frames)
    async with opened(tmp_path, max_frames=10_000) as cache:
        read = await cache.read(0, 10_000)
        assert read == [cached_frame(n, priority=n % 10 == 0) for n in range(1, frames + 1)]
        counts = cache.counts()
        assert (counts.cached, counts.cached_priority) == (frames, frames // 10)
        assert (counts.published, counts.dropped, counts.received_priority) == (400, 7, 50)
        assert counts.received == frames + 407
        await cache.quarantine(read[:1], "to see that it can")
        assert balanced(cache)
    async with opened(tmp_path, max_frames=10_000) as cache:
        assert marks(await cache.read(0, 10_000)) == list(range(2, frames + 1))
        assert cache.counts().received == frames + 407


@pytest.mark.parametrize(("most", "expected"), [(1 << 30, PAGE_BYTES), (0, 4096)])
def test_a_small_file_of_version_1_gets_small_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, expected: int
) -> None:
    """They wear the disk less; a large file keeps its own, as the start must not take long."""
    monkeypatch.setattr(cache_schema, "_REBUILT_AT_START", most)
    version_1(tmp_path / NAME, 100)
    with closing(connect(tmp_path / NAME)) as database:
        assert database.execute("PRAGMA page_size").fetchone() == (expected,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("SELECT count(*) FROM frames").fetchone() == (100,)
        ledger = load_ledger(database)
    assert ledger == Ledger(
        cached=100,
        cached_priority=10,
        received_priority=50,
        published=400,
        dropped=7,
        settled_to=100,
    )


def test_a_migration_that_is_interrupted_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it takes place, or nothing."""
    version_1(tmp_path / NAME, 10)
    script = cache_schema._FROM_VERSION_1
    monkeypatch.setattr(cache_schema, "_FROM_VERSION_1", f"{script} SELECT broken;")
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / NAME)
    monkeypatch.undo()
    with closing(connect(tmp_path / NAME)) as database:
        assert load_ledger(database).cached == 10


def test_the_first_page_is_the_same_in_every_file(tmp_path: Path) -> None:
    """So that of a new file opens one whose own is destroyed."""
    path = tmp_path / NAME
    with closing(connect(path)) as database:
        database.executemany(
            "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [cached_frame(n) for n in range(1000)],
        )
    pages = path.stat().st_size // PAGE_BYTES
    with path.open("r+b") as file:
        file.write(fresh_first_page(pages))
    with closing(connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM frames").fetchone() == (1000,)


def test_what_is_damage_and_what_is_not(tmp_path: Path) -> None:
    """A disk that refuses is no reason to begin another file; contents that are wrong are."""
    (tmp_path / "text").write_text("no database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError) as text:
        connect(tmp_path / "text")
    assert is_damage(text.value)
    (tmp_path / "folder").mkdir()
    with pytest.raises(DamageError) as folder:
        connect(tmp_path / "folder")
    assert is_damage(folder.value)
    with pytest.raises(OSError, match="No such file") as missing:
        connect(tmp_path / "missing" / NAME)
    assert not is_damage(missing.value)


def test_a_wal_without_its_database_is_damage(tmp_path: Path) -> None:
    """SQLite would throw it away, with the frames in it."""
    (tmp_path / f"{NAME}-wal").write_bytes(b"frames")
    with pytest.raises(DamageError, match="empty"):
        connect(tmp_path / NAME)
    assert (tmp_path / f"{NAME}-wal").read_bytes() == b"frames"


def test_clock_settings_are_kept_for_each_boot(tmp_path: Path) -> None:
    """The last one counts."""
    first, other = Setting(1, 5.5, 1.0, synchronised=False), Setting(2, 6.5, 2.0, synchronised=True)
    with closing(connect(tmp_path / NAME)) as database:
        for each in (first, other, Setting(1, 7.5, 3.0, synchronised=True)):
            save_setting(database, each)
        assert load_settings(database) == [Setting(1, 7.5, 3.0, synchronised=True), other]


def test_free_pages_are_not_in_use(tmp_path: Path) -> None:
    """What was deleted is room for what comes."""
    with closing(connect(tmp_path / NAME)) as database:
        empty = used_bytes(database)
        for one in range(100):
            frame = cached_frame(one, size=900)
            database.execute("INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?)", frame)
        assert used_bytes(database) > empty + 90_000
        database.execute("DELETE FROM frames")
        assert used_bytes(database) <= empty + PAGE_BYTES
