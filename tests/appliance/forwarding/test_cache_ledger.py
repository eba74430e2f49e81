import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from appliance.forwarding.cache_ledger import Frames, Ledger, load_ledger, save_ledger
from appliance.forwarding.cache_schema import DamageError
from tests.support.frames import cached_frame


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A table for a ledger."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE ledger (name TEXT PRIMARY KEY, count INTEGER NOT NULL)")
        yield database


def test_what_is_saved_is_loaded(database: sqlite3.Connection) -> None:
    """What another version did not count is nought, and what it counts besides is left out."""
    ledger = Ledger(*range(1, 12))
    save_ledger(database, ledger)
    assert load_ledger(database) == ledger
    database.execute("DELETE FROM ledger WHERE name = 'salvaging'")
    database.execute("INSERT INTO ledger VALUES ('of a later version', 5)")
    assert load_ledger(database).salvaging == 0


@pytest.mark.parametrize("count", [-1, "text", 1.5])
def test_counts_that_cannot_be_are_damage(database: sqlite3.Connection, count: object) -> None:
    """Nobody adds to them."""
    database.execute("INSERT INTO ledger VALUES ('dropped', ?)", (count,))
    with pytest.raises(DamageError):
        load_ledger(database)


def test_ids_tell_what_followed() -> None:
    """Ids 11 to 20 were given since; 7 of their frames are there, so 3 were published at once."""
    ledger = Ledger(cached=5, cached_priority=1, received_priority=4, published=6, settled_to=10)
    assert ledger.with_what_followed(Frames(7, 2), 20) == Ledger(
        cached=12, cached_priority=3, received_priority=6, published=9, settled_to=20
    )
    assert ledger.with_what_followed(Frames(), 0) == ledger


def test_a_frame_is_always_in_one_count() -> None:
    """What is dropped was cached."""
    frames = Frames.of([cached_frame(1), cached_frame(2, priority=True)])
    assert frames == Frames(2, 1)
    full = Ledger().cached_more(Frames(10, 4))
    assert full.without_dropped(frames) == Ledger(cached=8, cached_priority=3, dropped=2)
