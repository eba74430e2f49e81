import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.forwarding.cache_space import CacheSpace
from tests.appliance.forwarding.damages import disk_full, failing

MEGABYTE = 1 << 20


@pytest.fixture
def space(tmp_path: Path) -> CacheSpace:
    """Room for a file of one megabyte that is there."""
    (tmp_path / "cache").write_bytes(bytes(MEGABYTE))
    return CacheSpace(tmp_path / "cache")


def partition(monkeypatch: pytest.MonkeyPatch, *, megabytes: int, free: int) -> None:
    """Makes the partition that large, with so much of it free."""
    found = SimpleNamespace(f_frsize=MEGABYTE, f_blocks=megabytes, f_bavail=free)
    monkeypatch.setattr(os, "statvfs", lambda _: found)


def test_a_share_of_the_partition_is_left_free(
    space: CacheSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twentieth, but no more than a large partition's logs need; and room for the WAL."""
    partition(monkeypatch, megabytes=100, free=50)
    assert space.allowed() == (1 + 50 - 5 - 1) * MEGABYTE
    (tmp_path / "cache-wal").write_bytes(bytes(MEGABYTE))
    assert space.allowed() == (1 + 50 - 5) * MEGABYTE
    partition(monkeypatch, megabytes=8000, free=1000)
    assert space.allowed() == (1 + 1000 - 64) * MEGABYTE


def test_a_disk_full_of_other_things_is_full(
    space: CacheSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropping frames of so small a file would make room for next to nothing."""
    partition(monkeypatch, megabytes=100, free=3)
    with pytest.raises(OSError, match="No space left") as caught:
        space.allowed()
    assert caught.value.errno == errno.ENOSPC


def test_a_disk_full_of_frames_may_be_used_on(
    space: CacheSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the file has it keeps: the oldest frames give way in it."""
    os.truncate(tmp_path / "cache", 40 * MEGABYTE)
    partition(monkeypatch, megabytes=100, free=3)
    assert space.allowed() == 40 * MEGABYTE


def test_what_is_written_last_may_use_up_the_room(
    space: CacheSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share that is left free, and the reserve; half of it is for the WAL."""
    space.hold_reserve()
    partition(monkeypatch, megabytes=100, free=3)
    space.use_up()
    assert space.allowed() == (1 + 3 / 2) * MEGABYTE
    assert not (tmp_path / "cache-reserve").exists()


def test_the_reserve_takes_room_and_gives_it_back(space: CacheSpace, tmp_path: Path) -> None:
    """Real blocks of the disk, not a hole; private like the cache itself."""
    reserve = tmp_path / "cache-reserve"
    space.hold_reserve()
    assert reserve.stat().st_blocks * 512 >= MEGABYTE
    assert reserve.stat().st_mode & 0o777 == 0o600
    space.hold_reserve()
    space.give_up_reserve()
    assert not reserve.exists()
    space.give_up_reserve()


def test_there_is_no_reserve_where_there_is_no_room(
    space: CacheSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is held again once there is."""
    partition(monkeypatch, megabytes=100, free=5)
    space.hold_reserve()
    assert not (tmp_path / "cache-reserve").exists()
    monkeypatch.undo()
    space.hold_reserve()
    assert (tmp_path / "cache-reserve").exists()


def test_half_a_reserve_is_none(
    space: CacheSpace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else was faster."""
    monkeypatch.setattr(os, "posix_fallocate", failing(disk_full()))
    space.hold_reserve()
    assert not (tmp_path / "cache-reserve").exists()
