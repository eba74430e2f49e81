from pathlib import Path

import pytest

from appliance.forwarding import cache_aside
from appliance.forwarding.cache_aside import AsideFiles
from tests.appliance.forwarding.caches import NAME


@pytest.fixture
def aside(tmp_path: Path) -> AsideFiles:
    """The damaged files of a directory."""
    return AsideFiles(tmp_path / NAME)


def make(directory: Path, *names: str) -> None:
    """Files with their names in them."""
    for name in names:
        (directory / name).write_text(name)


def names(directory: Path) -> set[str]:
    """What is there."""
    return {each.name for each in directory.iterdir()}


def test_a_database_goes_with_its_wal(tmp_path: Path, aside: AsideFiles) -> None:
    """One without the other would be worth less."""
    make(tmp_path, NAME, f"{NAME}-wal", "something else")
    assert aside.move() == 1
    assert names(tmp_path) == {f"salvage-1-{NAME}", f"salvage-1-{NAME}-wal", "something else"}
    assert aside.waiting() == [1]
    assert aside.waiting_file(1).read_text() == NAME
    assert aside.done(1) == tmp_path / f"damaged-1-{NAME}"
    assert aside.waiting() == []
    assert aside.move() is None


def test_numbers_are_not_used_twice(tmp_path: Path, aside: AsideFiles) -> None:
    """Nothing that was kept is overwritten."""
    make(tmp_path, f"damaged-3-{NAME}", NAME)
    assert aside.move() == 4


def test_a_wal_alone_is_moved_with_an_empty_database(tmp_path: Path, aside: AsideFiles) -> None:
    """What is in it can be found again."""
    make(tmp_path, f"{NAME}-wal")
    assert aside.move() == 1
    assert aside.waiting_file(1).read_bytes() == b""
    assert aside.waiting() == [1]


def test_a_folder_in_the_files_place_is_moved(tmp_path: Path, aside: AsideFiles) -> None:
    """Whatever it is, it is in the way."""
    (tmp_path / NAME).mkdir()
    assert aside.move() == 1
    assert aside.waiting_file(1).is_dir()
    aside.done(1)
    aside.delete_read()
    assert names(tmp_path) == {f"damaged-1-{NAME}"}


def test_a_move_can_be_undone(tmp_path: Path, aside: AsideFiles) -> None:
    """What was begun in its place makes way."""
    make(tmp_path, NAME, f"{NAME}-wal")
    number = aside.move()
    assert number
    make(tmp_path, "begun")
    (tmp_path / "begun").rename(tmp_path / NAME)
    aside.move_back(number)
    assert names(tmp_path) == {NAME, f"{NAME}-wal"}
    assert (tmp_path / NAME).read_text() == NAME


def test_a_move_that_cannot_be_made_durable_is_undone(
    tmp_path: Path, aside: AsideFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file in use keeps its name on a disk that fails."""

    def failing(_: Path) -> None:
        raise OSError(5, "Input/output error")

    make(tmp_path, NAME, f"{NAME}-wal")
    monkeypatch.setattr(cache_aside, "flush_directory", failing)
    with pytest.raises(OSError, match="Input/output"):
        aside.move()
    assert names(tmp_path) == {NAME, f"{NAME}-wal"}


def test_a_move_that_a_kill_cut_short_is_mended(tmp_path: Path, aside: AsideFiles) -> None:
    """The WAL had gone ahead."""
    make(tmp_path, NAME, f"salvage-1-{NAME}-wal", f"salvage-2-{NAME}", f"salvage-2-{NAME}-wal")
    aside.mend_move()
    assert names(tmp_path) == {
        NAME,
        f"{NAME}-wal",
        f"salvage-2-{NAME}",
        f"salvage-2-{NAME}-wal",
    }


def test_the_newest_files_that_were_read_are_kept(tmp_path: Path, aside: AsideFiles) -> None:
    """For whoever looks; one that is still to be read is never deleted."""
    for number in range(1, 6):
        make(tmp_path, f"salvage-{number}-{NAME}")
    for number in range(1, 5):
        aside.done(number)
    assert names(tmp_path) == {f"damaged-3-{NAME}", f"damaged-4-{NAME}", f"salvage-5-{NAME}"}
    assert aside.delete_read()
    assert names(tmp_path) == {f"salvage-5-{NAME}"}
    assert not aside.delete_read()
