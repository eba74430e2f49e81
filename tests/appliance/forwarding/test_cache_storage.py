import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from appliance.forwarding import cache_salvage, cache_storage
from appliance.forwarding.cache_change import Change
from appliance.forwarding.cache_error import (
    CacheDamagedError,
    CacheError,
    CacheFullError,
)
from appliance.forwarding.cache_file import CacheFile
from appliance.forwarding.cache_salvage import GREATEST_ID
from appliance.forwarding.cache_schema import PAGE_BYTES
from appliance.forwarding.cache_storage import CacheStorage
from appliance.forwarding.cache_wal import wal_of
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.unit_clock import Setting
from tests.appliance.forwarding.caches import NAME, ROOMY, as_killed
from tests.appliance.forwarding.damages import (
    COUNTS_LOST,
    DAMAGES,
    FRAMES,
    Damage,
    bad_block,
    damage_in_use,
    disk_full,
    failing,
    garbage_header,
    garbage_in_the_middle,
    table_dropped,
    text,
    truncated,
    write_noise,
)
from tests.appliance.forwarding.test_cache_schema import version_1
from tests.support.frames import cached_frame

SETTING = Setting(5, 1_800_000_000.5, 60.25, synchronised=True)


@contextmanager
def storage_in(directory: Path) -> Iterator[CacheStorage]:
    """The files of a directory, open."""
    storage = CacheStorage(directory / NAME, ROOMY)
    storage.open()
    yield storage
    storage.close()


def frame(frame_id: int) -> CachedFrame:
    """The frame of that id; every tenth has priority."""
    made = cached_frame(frame_id % (1 << 32), priority=frame_id % 10 == 0, size=40)
    return made._replace(id=frame_id)


def fill(storage: CacheStorage, first: int, last: int) -> None:
    """Commits frames of these ids."""
    frames = [frame(n) for n in range(first, last + 1)]
    storage.file.commit(Change(frames, settled_to=last))


def make(directory: Path) -> None:
    """FRAMES frames, three that are set aside, seven that were published, and a clock's setting."""
    with storage_in(directory) as storage:
        fill(storage, 1, FRAMES + 10)
        storage.file.commit(Change(acknowledged=[(1, 7)], setting=SETTING))
        frames = storage.file.read(0, GREATEST_ID, 3)
        storage.file.quarantine(frames, "the broker will not take it", 1.0)


def salvage(storage: CacheStorage) -> None:
    """Puts back all that can be."""
    while storage.is_salvaging:
        storage.salvage()


def kept(storage: CacheStorage) -> list[int]:
    """The ids in the file, in order."""
    return [frame.id for frame in storage.file.read(0, GREATEST_ID, 100_000)]


def received(storage: CacheStorage) -> int:
    """The frames that the ledger accounts for."""
    ledger = storage.file.ledger
    assert ledger.cached == len(kept(storage))
    return sum(
        (ledger.cached, ledger.salvaging, ledger.published, ledger.dropped, ledger.quarantined)
    )


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_can_be_read_of_a_damaged_file_is_put_back(tmp_path: Path, damage: Damage) -> None:
    """In order, unchanged, once; what is lost counts as dropped; the damaged file is kept."""
    make(tmp_path)
    damage(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        frames = storage.file.read(0, GREATEST_ID, 100_000)
        assert len(frames) >= DAMAGES[damage]
        assert kept(storage) == sorted(set(kept(storage)))
        assert all(each == frame(each.id) for each in frames)
        assert (tmp_path / f"damaged-1-{NAME}").exists()
        if damage not in COUNTS_LOST:
            assert received(storage) == FRAMES + 10
            assert storage.file.ledger.dropped == FRAMES - len(frames)
            assert len(storage.file.quarantined(10)) == storage.file.ledger.quarantined == 3
            assert storage.file.clock_settings == [SETTING]
        next_id = storage.file.ledger.settled_to + 1
        fill(storage, next_id, next_id)
        before = received(storage), kept(storage)
    with storage_in(tmp_path) as storage:
        assert not storage.is_salvaging
        assert (received(storage), kept(storage)) == before


def test_a_damaged_file_of_version_1_is_salvaged_too(tmp_path: Path) -> None:
    """The update may find a unit's cache as it is."""
    version_1(tmp_path / NAME, FRAMES)
    garbage_in_the_middle(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        assert len(kept(storage)) > FRAMES * 9 // 10
        assert storage.file.ledger.published == 400


@pytest.mark.parametrize(("damage", "left"), [("zeros", 1000), ("cut", 1000), ("half", 1200)])
def test_a_damaged_wal_costs_what_was_in_it(tmp_path: Path, damage: str, left: int) -> None:
    """The database itself is sound; it goes on from there, and its counts are in step."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 1000)
    with storage_in(tmp_path) as storage:
        for first in range(1001, 1401, 20):
            fill(storage, first, first + 19)
        copy = as_killed(tmp_path, tmp_path / "copy")
    wal = copy / f"{NAME}-wal"
    size = wal.stat().st_size
    with wal.open("r+b") as file:
        file.truncate({"zeros": 0, "cut": 0, "half": size // 2}[damage])
        if damage == "zeros":
            file.truncate(size)
    with storage_in(copy) as storage:
        assert not storage.is_salvaging
        assert len(kept(storage)) == pytest.approx(left, abs=30)
        assert received(storage) == len(kept(storage)) == kept(storage)[-1]


def test_a_wal_whose_database_is_gone_is_read(tmp_path: Path) -> None:
    """The file was deleted while the unit was killed; what was not folded in yet is there."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 100)
        copy = as_killed(tmp_path, tmp_path / "copy")
    os.truncate(copy / NAME, 0)
    with storage_in(copy) as storage:
        salvage(storage)
        assert kept(storage) == list(range(1, 101))


def test_new_frames_wait_for_the_salvaged_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their ids follow, and whoever reads is told how far the order is right."""
    monkeypatch.setattr(cache_storage, "_SALVAGED_AT_ONCE", 500)
    make(tmp_path)
    garbage_header(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        assert storage.file.ledger.settled_to == FRAMES + 10
        assert storage.readable_to == 0
        assert received(storage) == FRAMES + 10
        fill(storage, FRAMES + 11, FRAMES + 20)
        storage.salvage()
        assert storage.readable_to == 510
        assert kept(storage) == [*range(11, 511), *range(FRAMES + 11, FRAMES + 21)]
        salvage(storage)
        assert storage.readable_to == GREATEST_ID
        assert kept(storage) == list(range(11, FRAMES + 21))


def test_a_salvage_goes_on_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put back, and sent and deleted since, does not come again."""
    monkeypatch.setattr(cache_storage, "_SALVAGED_AT_ONCE", 500)
    make(tmp_path)
    garbage_in_the_middle(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        storage.salvage()
        storage.file.commit(Change(acknowledged=[(1, 500)]))
        copy = as_killed(tmp_path, tmp_path / "copy")
        salvage(storage)
        expected = received(storage), kept(storage)
    with storage_in(copy) as storage:
        assert storage.is_salvaging
        salvage(storage)
        assert (received(storage), kept(storage)) == expected
        assert kept(storage)[0] == 501


def test_a_salvage_that_was_finished_is_not_begun_again(tmp_path: Path) -> None:
    """The kill came before the file got its last name."""
    make(tmp_path)
    garbage_header(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        storage.file.commit(Change(acknowledged=[(1, FRAMES)]))
    (tmp_path / f"damaged-1-{NAME}").rename(tmp_path / f"salvage-1-{NAME}")
    with storage_in(tmp_path) as storage:
        assert not storage.is_salvaging
        assert kept(storage) == list(range(FRAMES + 1, FRAMES + 11))
    assert (tmp_path / f"damaged-1-{NAME}").exists()


def test_two_damaged_files_are_read_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second was damaged before the first was read to its end."""
    monkeypatch.setattr(cache_storage, "_SALVAGED_AT_ONCE", 500)
    make(tmp_path)
    garbage_header(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        storage.salvage()
        fill(storage, FRAMES + 11, FRAMES + 20)
    garbage_header(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        assert kept(storage) == list(range(11, FRAMES + 21))
        assert received(storage) == FRAMES + 20
        assert storage.file.ledger.dropped == 0


def test_a_file_that_is_not_ours_to_read_waits_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody ran the unit as another user: the unit works, and says what to do."""
    make(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, _: "sqlite3" not in str(path))
        patch.setattr(Path, "chmod", lambda *_: None)
        refused = PermissionError(errno.EACCES, "Permission denied")  # a file of another user's
        patch.setattr(cache_storage, "open_damaged", failing(refused))
        with storage_in(tmp_path) as storage:
            assert kept(storage) == []
            patch.undo()
            next_id = storage.file.ledger.settled_to + 1
            fill(storage, next_id, next_id + 4)
            new = kept(storage)
            assert "give it to this program's user, then restart" in storage.unreadable
    with storage_in(tmp_path) as storage:
        assert not storage.unreadable
        salvage(storage)
        assert kept(storage) == [*range(11, FRAMES + 11), *new]
        assert received(storage) == FRAMES + 15


@pytest.mark.parametrize(
    ("owner", "work", "failure"),
    [
        (CacheFile, "take_over", CacheFullError("no room")),
        (cache_salvage, "fold", disk_full()),
    ],
)
def test_a_damaged_file_waits_for_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, work: str, failure: Exception
) -> None:
    """It is opened again as if nothing had been, when there is some."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 400)
        storage.file.quarantine(storage.file.read(0, 400, 3), "refused", 1.0)
        for number in range(401, 501):
            fill(storage, number, number)
        killed = as_killed(tmp_path, tmp_path / "killed")
    wal = wal_of(killed / NAME)
    write_noise(wal, wal.stat().st_size // 2, 512)
    with monkeypatch.context() as patch:
        patch.setattr(owner, work, failing(failure))
        for _ in range(2):
            with pytest.raises(CacheFullError), storage_in(killed):
                pass
    with storage_in(killed) as storage:
        salvage(storage)
        assert len(kept(storage)) > 480
        assert len(storage.file.quarantined(10)) == 3
        assert received(storage) == 500


def test_a_damaged_file_that_somebody_looks_at_waits(tmp_path: Path) -> None:
    """A backup, or a curious hand: it is no more damaged than before, and nothing is lost."""
    make(tmp_path)
    garbage_in_the_middle(tmp_path / NAME)
    with storage_in(tmp_path) as storage:  # stopped before all was read
        storage.salvage()
        found = received(storage)
    aside = tmp_path / f"salvage-1-{NAME}"
    with closing(sqlite3.connect(aside)) as database:
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM ledger").fetchone()
        before = aside.read_bytes()
        with storage_in(tmp_path) as storage:
            assert "close the program that has it open" in storage.unreadable
            new = storage.file.ledger.settled_to + 1
            fill(storage, new, new)
        assert aside.read_bytes() == before
    with storage_in(tmp_path) as storage:
        salvage(storage)
        assert kept(storage)[-1] == new
        assert received(storage) == found + 1
        assert 0 < storage.file.ledger.dropped < FRAMES * 5 // 100


fail_to_read = failing(OSError(errno.EIO, "Input/output error"))


def test_a_damaged_file_that_the_disk_does_not_read_is_kept_for_another_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit goes on meanwhile, says so, and may meet another damage; nothing is forgotten."""
    make(tmp_path)
    garbage_in_the_middle(tmp_path / NAME)
    with monkeypatch.context() as patch:
        patch.setattr(cache_storage, "open_damaged", fail_to_read)
        for _ in range(2):
            with storage_in(tmp_path) as storage:
                assert "look for the cause with dmesg, then restart" in storage.unreadable
        with storage_in(tmp_path) as storage:
            new = storage.file.ledger.settled_to + 1
            fill(storage, new, new + 9)
            storage.begin_anew(new + 9)
            salvage(storage)
            assert received(storage) == 10
    with storage_in(tmp_path) as storage:
        salvage(storage)
        assert not storage.unreadable
        assert len(kept(storage)) > FRAMES * 95 // 100
        assert kept(storage)[-10:] == list(range(new, new + 10))
        assert received(storage) == FRAMES + 20


def test_what_is_put_in_the_place_of_the_file_and_cannot_be_read_costs_no_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids go on where they were, in memory as on the disk."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 100)
        (tmp_path / "other").write_bytes(b"x" * 5000)
        (tmp_path / "other").replace(tmp_path / NAME)
        with monkeypatch.context() as patch:
            patch.setattr(cache_storage, "open_damaged", fail_to_read)
            storage.begin_anew(100)
        assert "cannot be read" in storage.unreadable
        salvage(storage)
        fill(storage, 101, 150)
        killed = as_killed(tmp_path, tmp_path / "killed")
    with storage_in(killed) as storage:
        assert kept(storage) == list(range(1, 151))
        assert received(storage) == 150


@pytest.mark.parametrize("word", [b"frames", b"clock", b"REAL", b"NULL", b"STRICT"])
def test_a_letter_of_the_schema_costs_no_frame(tmp_path: Path, word: bytes) -> None:
    """SQLite quotes the schema where it cannot read it, and what it quotes may be no text."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 500)
    first_page = (tmp_path / NAME).read_bytes()[:PAGE_BYTES]
    places = [n for n in range(PAGE_BYTES) if first_page.startswith(word, n)]
    assert places
    for number, place in enumerate(places):
        copy = as_killed(tmp_path, tmp_path / str(number))
        with (copy / NAME).open("r+b") as file:
            file.seek(place + len(word) - 1)
            file.write(b"\xc5")
        with storage_in(copy) as storage:
            salvage(storage)
            assert kept(storage) == list(range(1, 501))


def test_a_bad_block_at_the_beginning_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page is known, and writing heals many a block."""
    bad = [bad_block()]

    def opened(path: Path) -> sqlite3.Connection:
        if bad:
            raise bad.pop()
        return opening(path)

    opening = cache_salvage._open
    make(tmp_path)
    garbage_in_the_middle(tmp_path / NAME)
    monkeypatch.setattr(cache_salvage, "_open", opened)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        assert len(kept(storage)) > FRAMES * 95 // 100


def test_a_damaged_file_that_finds_no_room_gets_that_of_the_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is what the reserve is for."""
    make(tmp_path)
    garbage_in_the_middle(tmp_path / NAME)
    reserve = tmp_path / f"{NAME}-reserve"
    reserve.write_bytes(bytes(1000))
    monkeypatch.setattr(cache_storage, "open_damaged", failing(disk_full()))
    with pytest.raises(CacheFullError), storage_in(tmp_path):
        pass
    assert not reserve.exists()


def test_a_priority_frame_that_came_after_the_counts_were_written_counts_as_such(
    tmp_path: Path,
) -> None:
    """They are written every few seconds; the rows say the rest."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 400)
        storage.file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        killed = as_killed(tmp_path, tmp_path / "killed")
    write_noise(killed / NAME, 3 * PAGE_BYTES, PAGE_BYTES)  # the table of the clock's settings
    with storage_in(killed) as storage:
        salvage(storage)
        assert (len(kept(storage)), storage.file.ledger.received_priority) == (400, 40)


def test_a_file_that_was_deleted_under_us_is_read_from_memory(tmp_path: Path) -> None:
    """It has no name any more, but as long as it is open it is all there."""
    make(tmp_path)
    with storage_in(tmp_path) as storage:
        fill(storage, FRAMES + 11, FRAMES + 20)
        (tmp_path / NAME).unlink()
        (tmp_path / f"{NAME}-wal").unlink()
        with pytest.raises(CacheDamagedError):
            fill(storage, FRAMES + 21, FRAMES + 30)
        storage.begin_anew(FRAMES + 20)
        salvage(storage)
        fill(storage, FRAMES + 21, FRAMES + 30)
        before = received(storage), kept(storage)
    assert before == (FRAMES + 30, list(range(11, FRAMES + 31)))
    with storage_in(tmp_path) as storage:
        assert (received(storage), kept(storage)) == before
        assert len(storage.file.quarantined(10)) == 3
        assert storage.file.clock_settings == [SETTING]


def test_a_file_that_was_replaced_under_us_is_not_lost_either(tmp_path: Path) -> None:
    """A backup was copied over it: what both hold comes once, what either holds comes."""
    make(tmp_path)
    with storage_in(tmp_path) as storage:
        storage.file.commit(Change(acknowledged=[(1, 1000)]))
        copy = as_killed(tmp_path, tmp_path / "copy")
        fill(storage, FRAMES + 11, FRAMES + 20)
        (copy / f"{NAME}-wal").replace(tmp_path / f"{NAME}-wal")
        (copy / NAME).replace(tmp_path / NAME)
        assert not storage.file.has_its_name()
        storage.begin_anew(FRAMES + 20)
        salvage(storage)
        assert kept(storage) == list(range(1001, FRAMES + 21))
        assert storage.file.ledger.dropped == 0


@pytest.mark.parametrize("pages", [1, 4])
def test_a_first_page_that_is_damaged_under_us_costs_no_frame(tmp_path: Path, pages: int) -> None:
    """Without it nothing is found, and memory had it no more."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 500)
        storage.file.quarantine(storage.file.read(0, 500, 2), "refused", 1_800_000_000.0)
        damage_in_use(storage.file, 0, pages)
        with pytest.raises(CacheDamagedError):
            storage.file.read(0, 500, 1)
        storage.begin_anew(500)
        salvage(storage)
        assert kept(storage) == list(range(3, 501))
        assert received(storage) == 500
        counted = (storage.file.ledger.quarantined, storage.file.ledger.dropped)
        assert counted == ((2, 0) if pages == 1 else (0, 2))  # those set aside lie there too


def test_a_log_that_was_deleted_under_us_is_read_from_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The database still has its name: there is nothing else to look through, or to wait for."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 500)
        (tmp_path / f"{NAME}-wal").unlink()
        storage.begin_anew(500)
        salvage(storage)
        assert kept(storage) == list(range(1, 501))
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("of the damaged frame cache 500 frames were put back, 0 are lost; ")


def test_a_file_that_cannot_be_replaced_stays_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes no other file: better the one there is than none."""
    make(tmp_path)
    with storage_in(tmp_path) as storage:
        with monkeypatch.context() as patch:
            patch.setattr(CacheFile, "take_over", failing(CacheError("no room")))
            with pytest.raises(CacheError, match="no room"):
                storage.begin_anew(FRAMES + 10)
        assert storage.file.has_its_name()
        fill(storage, FRAMES + 11, FRAMES + 20)
        before = kept(storage)
        assert {each.name for each in tmp_path.iterdir()} == {NAME, f"{NAME}-wal"}
    with storage_in(tmp_path) as storage:
        assert kept(storage) == before == list(range(11, FRAMES + 21))


def test_a_salvage_that_meets_a_full_disk_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No frame that was read, and could not be put back, is passed over."""
    make(tmp_path)
    garbage_header(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        with monkeypatch.context() as patch:
            patch.setattr(CacheFile, "put_back", failing(CacheError("no room")))
            for _ in range(3):
                with pytest.raises(CacheError, match="no room"):
                    storage.salvage()
        salvage(storage)
        assert kept(storage) == list(range(11, FRAMES + 11))


def test_the_log_says_what_became_of_a_damaged_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """How many frames, and where it is kept."""
    make(tmp_path)
    truncated(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        found = len(kept(storage))
    (line,) = [record.message for record in caplog.records]
    assert line == (
        f"of the damaged frame cache {found} frames were put back, {FRAMES - found} are lost; "
        f"it is kept as {tmp_path / f'damaged-1-{NAME}'}"
    )
    caplog.clear()
    text(tmp_path / NAME)
    with storage_in(tmp_path):
        pass
    (line,) = [record.message for record in caplog.records]
    assert line == (
        f"the frame cache {tmp_path / NAME} is damaged: nothing could be read of it, and the "
        f"counts of frames begin again; it is kept as {tmp_path / f'damaged-2-{NAME}'}"
    )


def test_a_file_of_a_database_program_is_closed_when_it_cannot_be_used(tmp_path: Path) -> None:
    """An attempt that failed does not stand in the way of the next one."""
    make(tmp_path)
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("SELECT count(*) FROM frames").fetchone()
        storage = CacheStorage(tmp_path / NAME, ROOMY)
        with pytest.raises(CacheError, match="another program"):
            storage.open()
    storage.open()
    assert kept(storage) == list(range(11, FRAMES + 11))
    storage.close()


def test_a_count_of_what_is_lost_survives_a_damage_without_frames(tmp_path: Path) -> None:
    """What no file is left for is dropped, once."""
    make(tmp_path)
    table_dropped(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        storage.file.take_over(storage.file.ledger.__class__(salvaging=30, adopted=1))
    text(tmp_path / f"salvage-1-{NAME}")
    with storage_in(tmp_path) as storage:
        assert (storage.file.ledger.salvaging, storage.file.ledger.dropped) == (0, 30)


def test_the_number_of_a_file_that_was_deleted_is_not_used_again(tmp_path: Path) -> None:
    """The ledger knows it as one that was read: the frames of another would be passed over."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 100)
        storage.begin_anew(100)
        salvage(storage)
        (tmp_path / f"damaged-1-{NAME}").unlink()
        storage.begin_anew(100)
        killed = as_killed(tmp_path, tmp_path / "copy")
    with storage_in(killed) as storage:
        salvage(storage)
        assert kept(storage) == list(range(1, 101))


def test_a_setting_of_the_clock_is_kept_for_frames_that_are_to_be_put_back(tmp_path: Path) -> None:
    """No frame is in the new file yet, and those of the earlier boot still need theirs."""
    later = Setting(6, 1_800_000_000.5, 60.25, synchronised=True)
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 100)
        storage.file.commit(Change(setting=SETTING))
        storage.begin_anew(100)
        storage.file.commit(Change(setting=later))
        salvage(storage)
    with storage_in(tmp_path) as storage:
        assert storage.file.clock_settings == [SETTING, later]


def test_a_setting_of_the_clock_outlives_the_damage_of_its_table(tmp_path: Path) -> None:
    """It is known in memory, also when it came since the start."""
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 100)
        storage.file.commit(Change(setting=SETTING))
        damage_in_use(storage.file, 3, 1)  # that table
        storage.begin_anew(100)
        salvage(storage)
        assert kept(storage) == list(range(1, 101))
    with storage_in(tmp_path) as storage:
        assert storage.file.clock_settings == [SETTING]


def test_a_salvage_goes_on_where_it_was_after_another_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was put back, sent and deleted before the second damage does not come again."""
    monkeypatch.setattr(cache_storage, "_SALVAGED_AT_ONCE", 50)
    with storage_in(tmp_path) as storage:
        fill(storage, 1, 100)
        storage.begin_anew(100)
        storage.salvage()
        storage.file.commit(Change(acknowledged=[(1, 40)]))
        assert storage.is_salvaging
    garbage_header(tmp_path / NAME)
    with storage_in(tmp_path) as storage:
        salvage(storage)
        assert kept(storage) == list(range(41, 101))
        assert received(storage) == 100
