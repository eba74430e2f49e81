"""The write-ahead log as a kill leaves it, and what a bad block in it may cost."""

import errno
import random
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from appliance.forwarding.cache_change import Change
from appliance.forwarding.cache_error import DiskFailingError
from appliance.forwarding.cache_schema import PAGE_BYTES
from appliance.forwarding.cache_storage import CacheStorage
from appliance.forwarding.cache_wal import fold, is_damaged, wal_of
from tests.appliance.forwarding.caches import NAME, ROOMY, as_killed
from tests.appliance.forwarding.damages import write_noise
from tests.appliance.forwarding.test_cache_storage import fill, kept, received, salvage, storage_in

FRAME_BYTES = 24 + PAGE_BYTES  # in the WAL
HEADER_BYTES = 32
COMMITS = 100


def commit_each(storage: CacheStorage, first: int, last: int) -> None:
    """A commit for each frame, as in an outage at a slow rate."""
    for number in range(first, last + 1):
        fill(storage, number, number)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A killed unit's directory: 20 frames published, 80 cached, all of that in the WAL alone."""
    (tmp_path / "before").mkdir()
    with storage_in(tmp_path / "before") as storage:
        commit_each(storage, 1, COMMITS)
        storage.file.commit(Change(acknowledged=[(1, 20)], ledger_due=True))
        return as_killed(tmp_path / "before", tmp_path / "killed")


def wal_in(directory: Path) -> Path:
    """The cache's WAL there."""
    return wal_of(directory / NAME)


def frames_in(wal: Path) -> int:
    """How many pages it has."""
    return (wal.stat().st_size - HEADER_BYTES) // FRAME_BYTES


def test_a_sound_wal_is_left_to_sqlite(killed: Path) -> None:
    """As is one that is empty, or not there."""
    wal = wal_in(killed)
    assert frames_in(wal) > COMMITS
    assert not is_damaged(wal)
    with storage_in(killed) as storage:
        assert not storage.is_salvaging
        assert kept(storage) == list(range(21, COMMITS + 1))
    wal.unlink(missing_ok=True)
    assert not is_damaged(wal)
    wal.write_bytes(b"")
    assert not is_damaged(wal)
    wal.write_bytes(bytes(100_000))
    assert not is_damaged(wal)


def test_an_end_torn_by_a_power_cut_is_no_damage(killed: Path) -> None:
    """Wherever it is torn off, or its last commit written in part; a kill is told from a fault."""
    wal = wal_in(killed)
    whole = wal.read_bytes()
    for end in random.Random(1).sample(range(len(whole)), 50):
        wal.write_bytes(whole[:end])
        assert not is_damaged(wal)
    wal.write_bytes(whole)
    write_noise(wal, len(whole) - FRAME_BYTES, FRAME_BYTES)
    assert not is_damaged(wal)


def test_what_is_left_of_earlier_commits_is_no_damage(tmp_path: Path) -> None:
    """A WAL that was folded is overwritten from its start; behind that are old pages."""
    with storage_in(tmp_path) as storage:
        commit_each(storage, 1, 50)
        storage.file.database.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        commit_each(storage, 51, 55)
        wal = wal_in(tmp_path)
        assert frames_in(wal) > 50
        assert not is_damaged(wal)
        write_noise(wal, wal.stat().st_size - 2 * FRAME_BYTES, FRAME_BYTES)
        assert not is_damaged(wal)
        write_noise(wal, HEADER_BYTES + 2 * FRAME_BYTES, 4)
        assert is_damaged(wal)


@pytest.mark.parametrize("size", [1, 4, 600, 5000])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.8])
def test_a_bad_place_costs_no_more_than_what_was_in_it(
    killed: Path, caplog: pytest.LogCaptureFixture, size: int, share: float
) -> None:
    """SQLite would go back to before it; nothing that is lost goes uncounted."""
    wal = wal_in(killed)
    write_noise(wal, int(wal.stat().st_size * share), size)
    assert is_damaged(wal)
    with storage_in(killed) as storage:
        salvage(storage)
        found, ledger = kept(storage), storage.file.ledger
        assert found == list(range(21, COMMITS + 1))  # each page comes again behind it
        assert (received(storage), ledger.published, ledger.dropped) == (COMMITS, 20, 0)
        assert (killed / f"damaged-1-{NAME}").exists()
    assert "write-ahead log" in storage.damage
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_what_only_a_bad_place_had_counts_as_dropped(tmp_path: Path) -> None:
    """Here most pages are written once."""
    with storage_in(tmp_path) as storage:
        for number in range(1, 400, 40):
            fill(storage, number, number + 39)
        directory = as_killed(tmp_path, tmp_path / "killed")
    wal = wal_in(directory)
    write_noise(wal, HEADER_BYTES + frames_in(wal) // 2 * FRAME_BYTES, 3 * FRAME_BYTES)
    with storage_in(directory) as storage:
        salvage(storage)
        lost = 400 - len(kept(storage))
        assert 0 < lost < 60
        assert (received(storage), storage.file.ledger.dropped) == (400, lost)


def test_folding_may_be_interrupted(killed: Path) -> None:
    """It is done again, and the log is gone only then."""
    wal, database = wal_in(killed), killed / NAME
    log = wal.read_bytes()
    write_noise(wal, len(log) // 2, 4)
    damaged = wal.read_bytes()
    fold(database, wal)
    folded = database.read_bytes()
    assert not wal.exists()
    wal.write_bytes(damaged)
    database.write_bytes(folded[: len(folded) // 2])
    fold(database, wal)
    assert database.read_bytes() == folded


def test_what_a_power_cut_tore_is_not_behind_what_came_after_it(tmp_path: Path) -> None:
    """A second cut, or a bad block, would make a durable commit of what never was one."""
    (tmp_path / "unit").mkdir()
    with storage_in(tmp_path / "unit") as storage:
        fill(storage, 1, 3000)
        storage.file.database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        fill(storage, 3001, 3001)
        kept_pages = frames_in(wal_in(tmp_path / "unit"))
        tenth = [(n, n) for n in range(10, 3000, 10)]
        storage.file.commit(Change(acknowledged=tenth))  # a long one
        first_cut = as_killed(tmp_path / "unit", tmp_path / "first cut")
    write_zeros(wal_in(first_cut), kept_pages)
    with storage_in(first_cut) as storage:
        assert kept(storage) == list(range(1, 3002))
        commit_each(storage, 3002, 3006)
        kept_pages = frames_in(wal_in(first_cut))
        storage.file.commit(Change(acknowledged=tenth[:30]))
        second_cut = as_killed(first_cut, tmp_path / "second cut")
    write_zeros(wal_in(second_cut), kept_pages)
    assert not is_damaged(wal_in(second_cut))
    with storage_in(second_cut) as storage:
        assert kept(storage) == list(range(1, 3007))


def write_zeros(wal: Path, page: int) -> None:
    """That page of the WAL was never written."""
    with wal.open("r+b") as file:
        file.seek(HEADER_BYTES + page * FRAME_BYTES)
        file.write(bytes(FRAME_BYTES))


def test_a_block_of_the_wal_that_cannot_be_read_costs_what_is_on_it(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is asked again before the file is given up; then all the rest is put back."""

    class BadBlock(FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() <= self.block < self.tell() + (size or 0):
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

        block = wal_in(killed).stat().st_size // 2

    def opened(path: Path, mode: str = "r", **options: Any) -> Any:
        if path.name.endswith("-wal") and mode == "rb":
            return BadBlock(path)
        return whole(path, mode, **options)

    whole = Path.open
    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(DiskFailingError), storage_in(killed):
        pass
    storage = CacheStorage(killed / NAME, ROOMY)
    storage.open(give_up=True)
    salvage(storage)
    assert received(storage) >= COMMITS
    assert len(kept(storage)) > (COMMITS - 20) * 9 // 10
    storage.close()
