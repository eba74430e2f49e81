import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.forwarding.cache_pages import Row
from appliance.forwarding.cache_walk import TableWalk

LAST = 500


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A table of 500 numbers on a few pages; those that seven divides are not sound."""
    with closing(sqlite3.connect(tmp_path / "file", isolation_level=None)) as database:
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")
        rows = [(n, f"{n:040}") for n in range(1, LAST + 1)]
        database.executemany("INSERT INTO t VALUES (?, ?)", rows)
        yield database


def sound(row: Row) -> int | None:
    """The number, unless seven divides it."""
    number = row[0]
    assert isinstance(number, int)
    return number if number % 7 else None


def walk(database: sqlite3.Connection, after: int = 0, to: int = LAST) -> TableWalk[int]:
    """Through that table."""
    return TableWalk(database, "* FROM t", sound, after, to)


EXPECTED = [n for n in range(1, LAST + 1) if n % 7]


@pytest.mark.parametrize("group", [1, 3, 10, 1000])
def test_every_sound_row_is_met_once(database: sqlite3.Connection, group: int) -> None:
    """In groups of any size; what is not sound is passed over."""
    walking, met = walk(database), list[int]()
    while not walking.ended:
        met += walking.next(group)
    assert met == EXPECTED
    assert walking.next(group) == []


def test_a_walk_can_go_back(database: sqlite3.Connection) -> None:
    """What came behind an id comes again, from the end too."""
    walking = walk(database, after=10, to=40)
    first = walking.next(5)
    walking.go_back(10)
    assert walking.next(5) == first == [11, 12, 13, 15, 16]
    rest = walking.next(100)
    walking.go_back(16)
    assert walking.next(100) == rest == [n for n in range(17, 41) if n % 7]


def test_a_disk_that_fails_is_asked_again_before_its_rows_are_given_up(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment's failure of the whole disk is not damage; what came before it is not lost."""
    read, calls = TableWalk._read, iter(["well", "fails", "fails", "fails"])

    def failing(walking: TableWalk[int], rows: list[int], limit: int) -> None:
        if next(calls, "well") == "fails":
            raise sqlite3.OperationalError("disk I/O error")
        read(walking, rows, min(limit, 3))
        walking.ended = walking.after >= LAST

    monkeypatch.setattr(TableWalk, "_read", failing)
    walking, met, failures = walk(database), list[int](), 0
    while not walking.ended:
        try:
            met += walking.next(50)
        except sqlite3.OperationalError:
            failures += 1
    assert met == EXPECTED
    assert failures == 2  # the third came with rows before it, and was only the first's turn


def test_a_disk_that_goes_on_failing_ends_the_walk(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for for ever."""

    def failing(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    walking = walk(database)
    monkeypatch.setattr(TableWalk, "_read", failing)
    monkeypatch.setattr(TableWalk, "_is_readable_behind", lambda *_: False)
    for _ in range(5):
        with pytest.raises(sqlite3.OperationalError):
            walking.next(10)
    assert walking.next(10) == []
    assert walking.ended
