"""A damaged or foreign cache file at a unit's start: it serves, says so, and saves what it can."""

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.frames import radio_frame
from tests.support.site import site
from tests.support.traffic import repeated
from tests.support.waiting import until, until_true

FRAMES, SIZE = 2000, 300
NEW = 10_000  # the number of a frame that comes after the damage
PAGE = 4096

pytestmark = pytest.mark.slow


def made_of_noise(cache: Path) -> None:
    """Nothing of it can be read."""
    cache.write_bytes(random.Random(1).randbytes(cache.stat().st_size))


def cut_short(cache: Path) -> None:
    """The second half is gone."""
    with cache.open("r+b") as file:
        file.truncate(cache.stat().st_size // 2 // PAGE * PAGE)


def with_a_bad_page(cache: Path) -> None:
    """One block of the flash, in the middle, has gone."""
    with cache.open("r+b") as file:
        file.seek(cache.stat().st_size // 2 // PAGE * PAGE)
        file.write(random.Random(2).randbytes(PAGE))


def foreign(cache: Path) -> None:
    """A database, but another program's."""
    cache.unlink()
    with closing(sqlite3.connect(cache)) as database:
        database.executescript("CREATE TABLE songs (title); INSERT INTO songs VALUES ('x')")


def with_a_table_gone(cache: Path) -> None:
    """A database of ours that somebody has changed."""
    with closing(sqlite3.connect(cache)) as database:
        database.execute("DROP TABLE ledger")


# What is wrong with it, and the least number of frames that can be read even so.
DAMAGES: dict[Callable[[Path], None], int] = {
    made_of_noise: 0,
    cut_short: FRAMES // 4,
    with_a_bad_page: FRAMES * 9 // 10,
    foreign: 0,
    with_a_table_gone: FRAMES,
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
async def test_a_unit_starts_on_a_damaged_cache(
    tmp_path: Path,
    authority: Authority,
    record_property: Callable[[str, object], None],
    damage: Callable[[Path], None],
) -> None:
    """In service as ever; the file is kept; what was readable is delivered once, and what comes."""
    async with site(tmp_path, authority) as place:
        async with place.running() as unit:
            await place.line.refuse()
            frames = [radio_frame(number, size=SIZE) for number in range(FRAMES)]
            await asyncio.to_thread(place.modem.send, *frames)

            async def all_cached() -> bool:
                return bool((await unit.status())["cache"]["frames"] == FRAMES)

            await until_true(all_cached, what="all frames in the cache")
            assert await asyncio.to_thread(unit.stop) == 0
        damage(tmp_path / "state" / "cache.sqlite3")
        await place.mend()
        async with place.running() as unit:
            place.modem.send(radio_frame(NEW))
            await until(lambda: NEW in place.arrived(), 20)
            await place.at_rest(unit)
            assert "damaged" in unit.errors
    assert list((tmp_path / "state").glob("damaged-*"))
    saved = place.arrived() - {NEW}
    assert DAMAGES[damage] <= len(saved)
    assert saved <= set(range(FRAMES))
    assert not repeated(place.messages())
    record_property(f"cache {damage.__name__}", f"{len(saved)} of {FRAMES} frames salvaged")
