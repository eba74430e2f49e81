import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.forwarding.cache_change import Change
from appliance.forwarding.cache_pages import LeafPages
from appliance.forwarding.cache_salvage import GREATEST_ID, Salvage, open_damaged
from appliance.forwarding.cache_schema import FRAMES_ROOT, PAGE_BYTES
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.unit_clock import Setting
from tests.appliance.forwarding.caches import NAME, cache_file
from tests.appliance.forwarding.damages import write_noise
from tests.support.frames import cached_frame

FRAMES = 5000


def make(directory: Path) -> Path:
    """A file of FRAMES frames on some 230 pages, in two levels below the root."""
    with cache_file(directory) as file:
        file.commit(Change([cached_frame(n) for n in range(1, FRAMES + 1)], settled_to=FRAMES))
    return directory / NAME


def read(path: Path, after: int = 0, first_id: int = 0) -> list[int]:
    """The ids that can be read of the file in small groups; with `first_id` from its pages too."""
    salvage = open_damaged(path, 1, after)
    if first_id:
        salvage.look_for_pages(path, first_id)
    ids: list[int] = []
    while not salvage.ended:
        ids += [frame.id for frame in salvage.frames(300)]
    salvage.close()
    return ids


def leaves(path: Path) -> dict[int, set[int]]:
    """The pages of frames, and the ids on each."""
    found = {}
    with path.open("rb") as file:
        pages = LeafPages(path, PAGE_BYTES, len(CachedFrame._fields), 1)
        for page in range(path.stat().st_size // PAGE_BYTES):
            if rows := dict(pages._rows_on(file.read(PAGE_BYTES))):
                found[page] = set(rows)
        pages.close()
    return found


@pytest.mark.parametrize("seed", range(8))
def test_a_bad_page_hides_its_own_frames_and_no_others(tmp_path: Path, seed: int) -> None:
    """Wherever the damage is: every frame whose own page is whole is read, once and in order."""
    path = make(tmp_path)
    by_page = leaves(path)
    pages = path.stat().st_size // PAGE_BYTES
    bad = {FRAMES_ROOT + (seed * 53 + place * 61) % (pages - FRAMES_ROOT) for place in range(5)}
    for page in bad:
        write_noise(path, page * PAGE_BYTES, PAGE_BYTES)
    lost = set().union(*(by_page.get(page, set()) for page in bad))
    assert lost
    assert read(path, first_id=1) == [n for n in range(1, FRAMES + 1) if n not in lost]


def test_a_bad_leaf_costs_no_frame_before_or_behind_it(tmp_path: Path) -> None:
    """Also where only what the tree leads to may be taken."""
    path = make(tmp_path)
    by_page = leaves(path)
    bad = sorted(by_page)[len(by_page) // 2]
    write_noise(path, bad * PAGE_BYTES, PAGE_BYTES)
    assert read(path) == [n for n in range(1, FRAMES + 1) if n not in by_page[bad]]


def test_what_was_deleted_is_not_read_from_free_pages(tmp_path: Path) -> None:
    """What was acknowledged does not come again because the tree is damaged."""
    path = make(tmp_path)
    with cache_file(tmp_path) as file:
        file.commit(Change(acknowledged=[(1, 2000)]))
        first_id = file.ledger.first_id
    write_noise(path, (FRAMES_ROOT - 1) * PAGE_BYTES, PAGE_BYTES)
    assert first_id == 2001
    assert read(path, first_id=first_id) == list(range(2001, FRAMES + 1))
    assert read(path) == []


def test_everything_is_read_of_a_file_that_is_sound(tmp_path: Path) -> None:
    """From the beginning, or from where it was left."""
    path = make(tmp_path)
    assert read(path) == list(range(1, FRAMES + 1))
    assert read(path, after=4000) == list(range(4001, FRAMES + 1))


def test_rows_that_cannot_be_frames_are_passed_over(tmp_path: Path) -> None:
    """Damage that SQLite does not see; the first sound row behind it is found."""
    path = make(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE frames SET mbal = x'' WHERE id BETWEEN 1000 AND 1009")
        database.execute("UPDATE frames SET priority = 77 WHERE id = 2000")
        database.execute("UPDATE frames SET received_at = 9e999 WHERE id = 3000")
    bad = {*range(1000, 1010), 2000, 3000}
    assert read(path) == [n for n in range(1, FRAMES + 1) if n not in bad]


def test_only_the_ids_asked_for_are_read(tmp_path: Path) -> None:
    """Behind the last one that is known there may be what was never committed."""
    path = make(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        salvage = Salvage(database, 1, after=10, to=15)
        assert [frame.id for frame in salvage.frames(100)] == [11, 12, 13, 14, 15]
        assert salvage.ended
        salvage.go_back(13)
        assert [frame.id for frame in salvage.frames(100)] == [14, 15]


def test_a_file_that_is_cut_off_gives_what_is_left_of_it(tmp_path: Path) -> None:
    """Whether or not the upper levels of the tree are among that."""
    path = make(tmp_path)
    by_page = leaves(path)
    os.truncate(path, 100 * PAGE_BYTES)
    left = sorted(set().union(*(ids for page, ids in by_page.items() if page < 100)))
    assert read(path, first_id=1) == left
    assert len(left) > 1500


def test_a_ledger_that_cannot_be_is_none(tmp_path: Path) -> None:
    """Better to count from here than wrongly."""
    path = make(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("INSERT OR REPLACE INTO ledger VALUES ('dropped', -4)")
    salvage = open_damaged(path, 1, 0)
    assert salvage.ledger() is None
    salvage.close()


def test_what_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    """Only where the rest looks like a cache is a first page put into a file."""
    path = tmp_path / NAME
    write = bytes(range(256)) * 40
    path.write_bytes(write)
    with pytest.raises(sqlite3.DatabaseError):
        open_damaged(path, 1, 0)
    assert path.read_bytes() == write


def test_values_that_cannot_be_are_passed_over(tmp_path: Path) -> None:
    """Pages of two moments make such rows; a new file would not take them, at any start."""
    sound = (5, 1_800_000_000.5, 60.25, 1)
    with closing(sqlite3.connect(tmp_path / NAME)) as database, database:
        database.execute("CREATE TABLE clock (boot, offset, since_boot, synchronised)")
        rows = [sound, (6, None, 1.0, 1), (None, 1.0, 1.0, 1), (7, "x", 1.0, 0), (8, 1e999, 1.0, 0)]
        database.executemany("INSERT INTO clock VALUES (?, ?, ?, ?)", rows)
        database.execute("CREATE TABLE ledger (name, count)")
        database.execute("INSERT INTO ledger VALUES ('published', ?)", (GREATEST_ID,))
        frame = cached_frame(1)._replace(id=GREATEST_ID)
        marks = ", ".join("?" * len(frame))
        database.execute(f"CREATE TABLE frames ({', '.join(frame._fields)})")
        database.execute(f"INSERT INTO frames VALUES ({marks})", frame)
        database.execute(
            "CREATE TABLE quarantined AS SELECT *, 'no' AS reason, 1e999 AS at FROM frames"
        )
        database.execute("UPDATE quarantined SET id = 1")
    salvage = open_damaged(tmp_path / NAME, 1, 0)
    assert salvage.clock_settings() == [Setting(5, 1_800_000_000.5, 60.25, synchronised=True)]
    assert (salvage.ledger(), salvage.last_id()) == (None, None)
    assert salvage.quarantined(10) == []
    found: list[CachedFrame] = []
    while not salvage.ended:
        found += salvage.frames(10)
    assert found == []
    salvage.close()
