import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.forwarding.cache_ledger import Frames
from appliance.forwarding.cache_rows import CacheRows
from appliance.forwarding.cache_salvage import GREATEST_ID
from appliance.forwarding.cache_schema import connect
from tests.appliance.forwarding.caches import NAME
from tests.support.frames import cached_frame


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[CacheRows]:
    """An empty database's."""
    with closing(connect(tmp_path / NAME)) as database:
        yield CacheRows(database)


def add(rows: CacheRows, *ids: int, priority: int = 4) -> None:
    """Frames of these ids; every fourth has priority."""
    rows.add([cached_frame(one, priority=one % priority == 0) for one in ids])


def kept(rows: CacheRows) -> list[int]:
    """The ids, in order."""
    return [frame.id for frame in rows.read(0, GREATEST_ID, 10_000)]


def test_an_id_is_used_once(rows: CacheRows) -> None:
    """A new frame never takes another's place; a salvaged one that is there is no news."""
    add(rows, 1, 2)
    with pytest.raises(sqlite3.IntegrityError):
        add(rows, 2)
    assert rows.add_salvaged([cached_frame(2), cached_frame(4, priority=True)]) == Frames(1, 1)
    assert kept(rows) == [1, 2, 4]


def test_the_ends_and_what_is_behind_an_id(rows: CacheRows) -> None:
    """Nought where there is nothing."""
    assert (rows.first_id(), rows.last_id(), rows.behind(0)) == (0, 0, Frames())
    add(rows, 3, 4, 8, 9)
    assert (rows.first_id(), rows.last_id(), rows.behind(4)) == (3, 9, Frames(2, 1))


def test_ranges_are_deleted_and_counted(rows: CacheRows) -> None:
    """Only what is there counts."""
    add(rows, *range(1, 13))
    assert rows.delete([(2, 4), (8, 8), (12, 99)]) == Frames(5, 3)
    assert kept(rows) == [1, 5, 6, 7, 9, 10, 11]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_dropped_is_the_oldest_without_priority(rows: CacheRows, seed: int) -> None:
    """Then the oldest of priority; whatever came back, or was put back, in between."""
    chance = random.Random(seed)
    model: list[int] = []
    ids = iter(range(100, 10_000))
    for _ in range(60):
        match chance.choice(["add", "add", "drop", "quarantine", "release", "salvage"]):
            case "add":
                new = [next(ids) for _ in range(chance.randrange(1, 9))]
                add(rows, *new)
                model += new
            case "drop":
                number = chance.randrange(0, 7)
                order = sorted(model, key=lambda one: (one % 4 == 0, one))
                assert rows.drop(number).number == min(number, len(model))
                model = sorted(order[number:])
            case "quarantine" if model:
                one = chance.choice(model)
                rows.quarantine([cached_frame(one)], "a reason", 1.0)
                model.remove(one)
            case "release":
                model = sorted({*model, *(q.frame.id for q in rows.quarantined(1000))})
                rows.release()
            case "salvage":
                one = chance.randrange(1, 100)
                rows.add_salvaged([cached_frame(one, priority=one % 4 == 0)])
                model = sorted({*model, one})
        assert kept(rows) == model


def test_only_ordinary_frames_make_way_for_what_is_coming(rows: CacheRows) -> None:
    """What comes may be ordinary itself."""
    add(rows, *range(1, 9))
    assert rows.drop_ordinary(100) == Frames(6, 0)
    assert kept(rows) == [4, 8]
    assert rows.drop_ordinary(-5) == rows.drop(-5) == Frames()
