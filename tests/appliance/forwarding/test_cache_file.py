import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.forwarding import cache_file as cache_file_module
from appliance.forwarding.cache_change import Change, Quota
from appliance.forwarding.cache_error import (
    CacheDamagedError,
    CacheError,
    CacheFullError,
    DiskFailingError,
)
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_salvage import GREATEST_ID
from appliance.forwarding.cache_schema import FRAMES_ROOT, PAGE_BYTES, WAL_BYTES
from appliance.forwarding.cache_space import CacheSpace
from appliance.forwarding.cache_wal import wal_of
from appliance.forwarding.unit_clock import Setting
from tests.appliance.forwarding.caches import NAME, ROOMY, as_killed, cache_file
from tests.appliance.forwarding.test_cache_disk import no_writing
from tests.support.frames import cached_frame


@pytest.fixture
def file(tmp_path: Path) -> Iterator[CacheFile]:
    """An empty cache with room for ten frames."""
    with cache_file(tmp_path, Quota(10, 10_000_000)) as file:
        yield file


def add(file: CacheFile, *ids: int, priority: range = range(0)) -> None:
    """Commits frames of these ids."""
    frames = [cached_frame(one, priority=one in priority) for one in ids]
    number = sum(frame.priority for frame in frames)
    file.commit(Change(added=frames, settled_to=max(ids), received_priority=number))


def kept(file: CacheFile) -> list[int]:
    """The ids in the file, in order."""
    return [frame.id for frame in file.read(0, GREATEST_ID, 100_000)]


def test_what_was_committed_is_read_back_after_a_restart(tmp_path: Path) -> None:
    """Every field of a frame, and the counts, outlive the process."""
    frames = [cached_frame(n, priority=n == 2) for n in (1, 2, 3)]
    provisional = cached_frame(4)._replace(boot=7, since_boot=12.5)
    with cache_file(tmp_path) as file:
        file.commit(Change((*frames, provisional), (), 7, 2, 1, settled_to=13, ledger_due=True))
        before = file.stored()
    with cache_file(tmp_path) as file:
        assert file.stored() == before
        assert file.read(0, GREATEST_ID, 10) == [*frames, provisional]
    ledger = before.ledger
    assert (ledger.cached, ledger.cached_priority, ledger.received_priority) == (4, 1, 1)
    assert (ledger.published, ledger.dropped, before.last_id) == (7, 2, 4)


def test_the_file_is_the_owners_alone(tmp_path: Path, file: CacheFile) -> None:
    """Frames may be personal data: nobody else on the unit reads them."""
    add(file, 1)
    for part in tmp_path.iterdir():
        assert stat.S_IMODE(part.stat().st_mode) == 0o600, part.name


def test_reading_goes_from_one_id_to_another(file: CacheFile) -> None:
    """A limit cuts; what follows is read from the last id on."""
    add(file, *range(1, 6))
    assert [frame.id for frame in file.read(2, GREATEST_ID, 2)] == [3, 4]
    assert [frame.id for frame in file.read(2, 3, 2)] == [3]


def test_acknowledged_frames_leave_and_count_as_published(file: CacheFile) -> None:
    """A frame acknowledged twice is deleted, and counted, once."""
    add(file, 1, 2, 3, priority=range(2))
    for _ in range(2):
        file.commit(Change(acknowledged=[(1, 2)]))
        ledger = file.ledger
        assert (ledger.published, ledger.cached, ledger.cached_priority) == (2, 1, 0)
    assert kept(file) == [3]


def test_counts_that_the_rows_tell_are_not_written(tmp_path: Path, file: CacheFile) -> None:
    """A commit of frames alone writes no page for the ledger; after a kill it is right even so."""
    add(file, 1)
    file.commit(Change(ledger_due=True, settled_to=1))
    add(file, 2, 5, priority=range(5, 6))  # 3 and 4 were published from memory
    saved = file.database.execute("SELECT count FROM ledger WHERE name = 'cached'").fetchone()
    assert saved == (1,)
    with cache_file(as_killed(tmp_path, tmp_path / "copy")) as found:
        ledger = found.ledger
    assert (ledger.cached, ledger.cached_priority, ledger.published) == (3, 1, 2)
    assert (ledger.settled_to, ledger.received_priority) == (5, 1)


def test_a_full_cache_drops_the_oldest_ordinary_frames_first(file: CacheFile) -> None:
    """Priority frames give way only when no others are left; the newest always stay."""
    add(file, *range(1, 11), priority=range(5))
    add(file, 11, 12)
    assert kept(file) == [1, 2, 3, 4, 7, 8, 9, 10, 11, 12]
    assert (file.ledger.dropped, file.ledger.cached, file.ledger.cached_priority) == (2, 10, 4)
    add(file, *range(13, 21), priority=range(13, 21))
    assert kept(file) == [3, 4, *range(13, 21)]
    assert (file.ledger.dropped, file.ledger.cached, file.ledger.cached_priority) == (10, 10, 10)


def test_a_drop_that_is_undone_is_done_another_time(
    file: CacheFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failed commit had dropped is back, and is the first to go again."""
    add(file, *range(1, 11), priority=range(5))
    with monkeypatch.context() as patch:
        patch.setattr(file, "_save", lambda: (_ for _ in ()).throw(OSError("no")))
        with pytest.raises(CacheError):
            add(file, 11, 12)
    assert kept(file) == list(range(1, 11))
    add(file, 11)
    assert kept(file) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_the_quota_in_bytes_is_kept(tmp_path: Path) -> None:
    """Whatever is put in, the pages in use stay below the quota."""
    with cache_file(tmp_path, Quota(1_000_000, 200_000)) as file:
        for first in range(1, 3001, 500):
            frames = [cached_frame(n, size=200) for n in range(first, first + 500)]
            file.commit(Change(added=frames))
            assert file.stored().bytes <= 200_000
        assert file.ledger.dropped
        assert len(kept(file)) == 3000 - file.ledger.dropped
        assert kept(file)[-1] == 3000


def test_what_the_partition_has_room_for_is_a_quota_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that fills its partition drops its oldest frames, as at the quota of the settings."""
    path = tmp_path / NAME
    monkeypatch.setattr(CacheSpace, "allowed", lambda _: max(100_000, path.stat().st_size))
    with cache_file(tmp_path) as file:
        for first in range(1, 2001, 500):
            frames = [cached_frame(n, size=200) for n in range(first, first + 500)]
            file.commit(Change(added=frames))
        assert file.stored().bytes <= 200_000
        assert file.ledger.dropped > 1000
    assert path.stat().st_size <= 200_000  # what is cut off at its beginning does not shrink it


def test_a_partition_full_of_other_things_takes_no_new_frame(
    file: CacheFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old ones are not dropped for it, and acknowledged ones leave."""

    def full(_: CacheSpace) -> int:
        raise OSError(28, "No space left on device")

    add(file, *range(1, 6))
    monkeypatch.setattr(CacheSpace, "allowed", full)
    with pytest.raises(CacheFullError, match="full: delete what does not belong"):
        file.commit(Change(added=[cached_frame(n, size=1000) for n in range(6, 11)]))
    file.commit(Change(acknowledged=[(1, 2)]))
    assert kept(file) == [3, 4, 5]


def test_a_failed_commit_changes_nothing(file: CacheFile) -> None:
    """All of a commit is undone when a part of it fails."""
    add(file, 1, 2)
    before = file.stored()
    with pytest.raises(CacheDamagedError):  # an id that is in use: not written by us
        file.commit(Change([cached_frame(3), cached_frame(1)], [(2, 2)], published=5))
    assert kept(file) == [1, 2]
    assert file.stored() == before


def test_quarantined_frames_are_kept_with_reason_and_time(file: CacheFile) -> None:
    """Out of the queue and counted; back at their places when released."""
    add(file, *range(1, 6), priority=range(3, 4))
    frames = file.read(1, GREATEST_ID, 3)
    file.quarantine(frames, "too large", 1000.0)
    assert kept(file) == [1, 5]
    assert [(q.frame, q.reason, q.at) for q in file.quarantined(2)] == [
        (frame, "too large", 1000.0) for frame in frames[:2]
    ]
    ledger = file.ledger
    assert (ledger.cached, ledger.cached_priority, ledger.quarantined) == (2, 0, 3)
    assert file.release() == 3
    assert kept(file) == [1, 2, 3, 4, 5]
    ledger = file.ledger
    assert (ledger.cached, ledger.cached_priority, ledger.quarantined) == (5, 1, 0)


def test_only_frames_in_the_queue_can_be_quarantined(file: CacheFile) -> None:
    """One that was dropped meanwhile is counted there."""
    add(file, 1)
    file.quarantine([cached_frame(1), cached_frame(9)], "too large", 1000.0)
    assert file.ledger.quarantined == 1


def test_the_quarantine_is_bounded(file: CacheFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that takes nothing does not fill the disk with what it refuses."""
    monkeypatch.setattr(cache_file_module, "QUARANTINED_MOST", 2)
    add(file, 1, 2, 3)
    file.quarantine(file.read(0, GREATEST_ID, 3), "no", 1.0)
    assert [each.frame.id for each in file.quarantined(10)] == [2, 3]
    assert (file.ledger.quarantined, file.ledger.dropped, file.ledger.cached) == (2, 1, 0)


def test_the_clock_setting_is_kept(tmp_path: Path) -> None:
    """What makes provisional stamps right outlives the process."""
    setting = Setting(5, 1_800_000_000.5, 60.25, synchronised=True)
    with cache_file(tmp_path) as file:
        file.commit(Change(setting=setting))
        file.commit(Change(setting=setting))
    with cache_file(tmp_path) as file:
        assert file.clock_settings == [setting]


@pytest.mark.parametrize("boot", [6, 7])
def test_settings_are_forgotten_with_the_last_frame_that_needs_them(
    tmp_path: Path, boot: int
) -> None:
    """A unit that is switched on every day does not fill its disk with old ones."""
    old, new = (Setting(each, 1.5, 2.5, synchronised=False) for each in (5, boot))
    with cache_file(tmp_path) as file:
        add(file, 1)
        file.commit(Change(setting=old))
        file.commit(Change(setting=new))
        assert len(file.database.execute("SELECT * FROM clock").fetchall()) == 2
        file.commit(Change(acknowledged=[(1, 1)]))
        file.commit(Change(setting=new))
    with cache_file(tmp_path) as file:
        assert file.clock_settings == [new]


@pytest.mark.parametrize(
    "damage", ["received_at = 9e999", "priority = 2", "mbal = x''", "rssi = 'a'"]
)
def test_a_row_that_cannot_be_a_frame_is_damage(
    tmp_path: Path, file: CacheFile, damage: str
) -> None:
    """It would stop whoever makes a message of it; SQLite does not see such damage."""
    add(file, 1, 2)
    file.database.execute("CREATE TABLE loose AS SELECT * FROM frames")
    for statement in ("DROP TABLE frames", "ALTER TABLE loose RENAME TO frames"):
        file.database.execute(statement)
    file.database.execute(f"UPDATE frames SET {damage} WHERE id = 2")
    with pytest.raises(CacheDamagedError, match="cannot be a frame"):
        kept(file)


def test_counts_that_cannot_be_are_damage(tmp_path: Path) -> None:
    """Better to count from here than wrongly."""
    with cache_file(tmp_path) as file:
        file.database.execute("INSERT OR REPLACE INTO ledger VALUES ('dropped', -4)")
    with pytest.raises(CacheDamagedError, match="its counts cannot be"):
        CacheFile(tmp_path / NAME, ROOMY)


@pytest.mark.parametrize("part", [NAME, f"{NAME}-wal"])
def test_a_file_that_was_deleted_is_noticed(tmp_path: Path, file: CacheFile, part: str) -> None:
    """What would be written to it would be gone with the process."""
    add(file, 1)
    (tmp_path / part).unlink()
    with pytest.raises(CacheDamagedError, match="deleted or replaced"):
        add(file, 2)
    assert file.has_its_name() == (part != NAME)
    assert kept(file) == [1]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error says which file, and what to check."""
    with pytest.raises(CacheError, match=r"missing/cache.sqlite3.*state_dir"):
        CacheFile(tmp_path / "missing" / NAME, ROOMY)


def test_another_program_with_the_file_open_is_named(tmp_path: Path, file: CacheFile) -> None:
    """One at a time: two connections that write and checkpoint at once can damage it."""
    add(file, 1)
    with pytest.raises(CacheError, match="another program has it open"):
        CacheFile(tmp_path / NAME, ROOMY)


def test_commits_survive_a_power_cut_by_their_settings(file: CacheFile) -> None:
    """WAL with synchronous FULL: the journal is flushed at every commit."""
    for setting, value in {"journal_mode": "wal", "synchronous": 2, "page_size": 1024}.items():
        assert file.database.execute(f"PRAGMA {setting}").fetchone() == (value,)


def test_a_wal_that_grows_too_long_is_folded_away(tmp_path: Path) -> None:
    """SQLite's own checkpoints fail in silence: here the disk says what is wrong with it."""
    wal = tmp_path / f"{NAME}-wal"
    with cache_file(tmp_path) as file:
        file.database.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        before = 1
        while wal.stat().st_size <= 2 * WAL_BYTES:
            add(file, *range(before, before + 500))
            before += 500
        with no_writing(), pytest.raises(DiskFailingError, match="disk may be failing"):
            file.fold()
        file.fold()
        add(file, before)
        assert wal.stat().st_size <= WAL_BYTES
        assert kept(file) == list(range(1, before + 1))


def test_the_last_commits_need_no_more_room_for_the_log_than_one(tmp_path: Path) -> None:
    """The disk is full: each writes over what the one before had there."""
    with cache_file(tmp_path) as file:
        file.database.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
        sizes = []
        for first in range(1, 5000, 500):
            frames = [cached_frame(n)._replace(id=n) for n in range(first, first + 500)]
            file.commit(Change(frames, settled_to=first + 499, final=True))
            sizes.append(wal_of(tmp_path / NAME).stat().st_size)
        assert max(sizes) < 1.2 * sizes[0]
        assert file.stored().ledger.cached == 5000


@pytest.mark.parametrize(("counted", "dropped"), [(15, 5), (7, 0)])
def test_a_count_that_does_not_fit_the_rows_is_put_right(
    tmp_path: Path, counted: int, dropped: int
) -> None:
    """A bit that flipped; else the unit would wait for ever to deliver what is not there."""
    with cache_file(tmp_path) as file:
        file.commit(Change([cached_frame(n) for n in range(1, 11)], settled_to=10, ledger_due=True))
        file.database.execute("UPDATE ledger SET count = ? WHERE name = 'cached'", (counted,))
    with cache_file(tmp_path) as file:
        assert (file.ledger.cached, file.ledger.dropped) == (10, dropped)


@pytest.mark.parametrize("what", ["its id", "its text"])
def test_a_row_that_cannot_be_is_damage(tmp_path: Path, what: str) -> None:
    """A bit that flipped while the file is in use: what can be read is read in another way."""
    with cache_file(tmp_path) as file:
        frames = [cached_frame(n)._replace(mbal=b"\xff" * 20) for n in range(1, 6)]
        file.commit(Change(frames, settled_to=5))
        file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with (tmp_path / NAME).open("r+b") as database:
            database.seek((FRAMES_ROOT - 1) * PAGE_BYTES)
            page = database.read(PAGE_BYTES)
            cell = int.from_bytes(page[12:14])  # the third: its size, its id, then the kinds
            blob, text = 12 + 2 * 20, 13 + 2 * 20
            place, byte = (cell + 1, 9) if what == "its id" else (page.index(blob, cell + 2), text)
            database.seek((FRAMES_ROOT - 1) * PAGE_BYTES + place)
            database.write(bytes([byte]))
        file.database.execute("PRAGMA shrink_memory").fetchall()
        with pytest.raises(CacheDamagedError):
            file.read(0, GREATEST_ID, 10)
