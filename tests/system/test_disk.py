"""A disk that is full, read-only or broken: the unit stays up, says so, forwards, and recovers."""

import asyncio
import errno
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.concentrator_process import UnitProcess
from tests.support.frames import radio_frame
from tests.support.power_cut.shim import Shim
from tests.support.site import Site, site, storage_trouble
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.traffic import PRIORITY_EVERY, Traffic
from tests.support.waiting import until, until_true

RATE = 100  # frames a second
PHASE_S = 2.0
RECOVERED_WITHIN_S = 30.0
DISK_MB = 8
FRAMES, SIZE = 28_000, 300  # to fill it: more than 8 MB

# What a technician is to read, and what fails.
FAULTS: dict[str, tuple[str, dict[str, int]]] = {
    "EIO": ("I/O error", {"read": errno.EIO, "write": errno.EIO, "sync": errno.EIO}),
    "EIO when syncing": ("I/O error", {"sync": errno.EIO}),
    "ENOSPC": ("full", {"write": errno.ENOSPC, "truncate": errno.ENOSPC}),
    "EROFS": (
        "read-?only|I/O error",
        dict.fromkeys(("open", "write", "truncate", "name"), errno.EROFS),
    ),
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def trouble(unit: UnitProcess, words: str) -> None:
    """Returns when `status` and the log say in these words what is wrong with the disk."""

    async def told() -> bool:
        return bool(re.search(words, storage_trouble(await unit.status()) or ""))

    await until_true(told, RECOVERED_WITHIN_S, f"{words} in status")
    assert re.search(words, unit.errors)


async def recovery(unit: UnitProcess) -> None:
    """Returns when nothing is wrong with the disk any more, and what waited is written."""

    async def well() -> bool:
        return storage_trouble(await unit.status()) is None

    await until_true(well, RECOVERED_WITHIN_S, "a disk that is well again")
    await asyncio.sleep(PHASE_S)


async def a_full_disk_in_an_outage(place: Site, disk: SmallDisk, unit: UnitProcess) -> None:
    """Somebody else takes all the room there is, and what comes in waits in memory."""
    await until(place.arrived)
    await place.line.refuse()
    disk.fill()
    await trouble(unit, "full")
    await asyncio.sleep(PHASE_S)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_disk_that_refuses_costs_no_frame(
    quick_path: Path, authority: Authority, fault: str
) -> None:
    """It fails in an outage, and heals in another: nothing lost, forwarding goes on meanwhile."""
    words, errors = FAULTS[fault]
    (quick_path / "state").mkdir(mode=0o700)
    shim = Shim(quick_path / "state", quick_path)
    async with site(quick_path, authority) as place:
        async with place.running(shim.environment) as unit:
            with Traffic(place.modem, rate=RATE) as traffic:
                await until(place.arrived)
                await place.line.refuse()
                await asyncio.sleep(PHASE_S / 2)  # some are in the file by then
                shim.fail(**errors)
                await trouble(unit, words)
                refused = traffic.next
                await place.line.accept()
                await until(lambda: max(place.arrived()) > refused, RECOVERED_WITHIN_S)
                await place.line.refuse()
                await asyncio.sleep(PHASE_S)
                shim.heal()
                await recovery(unit)
                unit.process.kill()
                safe = traffic.safe_at(time.monotonic())
        await place.mend()
        async with place.running() as unit:
            await place.at_rest(unit)
    assert safe <= place.arrived(), f"lost: {sorted(safe - place.arrived())[:20]}"


async def test_a_full_disk_keeps_what_matters_most(
    tmp_path: Path, authority: Authority, record_property: Callable[[str, object], None]
) -> None:
    """More frames than fit: the oldest ordinary ones go, counted; the rest is delivered."""
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        settings = f'state_dir = "{disk.path / "state"}"\n'
        async with site(tmp_path, authority, settings) as place, place.running() as unit:
            await place.line.refuse()
            frames = (
                radio_frame(n, priority=n % PRIORITY_EVERY == 0, size=SIZE) for n in range(FRAMES)
            )
            await asyncio.to_thread(place.modem.send, *frames)
            await trouble(unit, "full")
            free = disk.free
            await place.mend()
            status = await place.at_rest(unit)
            await recovery(unit)
    arrived, dropped = place.arrived(), status["cache"]["dropped_frames"]
    assert status["radio"]["frames"] == FRAMES == len(arrived) + dropped
    assert 0 < dropped < FRAMES * 2 / 3
    assert set(range(0, FRAMES, PRIORITY_EVERY)) <= arrived
    ordinary = {n for n in range(FRAMES) if n % PRIORITY_EVERY}
    assert max(ordinary - arrived) < min(ordinary & arrived)
    record_property("disk full", f"{dropped} of {FRAMES} dropped, {free} B free of {DISK_MB} MB")


async def test_room_that_somebody_else_takes_costs_no_frame(
    tmp_path: Path, authority: Authority
) -> None:
    """The partition is filled up and cleared again, in an outage: all is in the file afterwards."""
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        settings = f'state_dir = "{disk.path / "state"}"\n'
        async with site(tmp_path, authority, settings) as place:
            async with place.running() as unit:
                with Traffic(place.modem, rate=RATE) as traffic:
                    await a_full_disk_in_an_outage(place, disk, unit)
                    disk.clear()
                    await recovery(unit)
                    unit.process.kill()
                    safe = traffic.safe_at(time.monotonic())
            await place.mend()
            async with place.running() as unit:
                status = await place.at_rest(unit)
    assert safe <= place.arrived(), f"lost: {sorted(safe - place.arrived())[:20]}"
    assert status["cache"]["dropped_frames"] == 0


async def test_a_stop_with_a_full_disk_costs_no_frame(tmp_path: Path, authority: Authority) -> None:
    """What waits in memory gets the room that the unit had kept for itself."""
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        settings = f'state_dir = "{disk.path / "state"}"\n'
        async with site(tmp_path, authority, settings) as place:
            async with place.running() as unit:
                with Traffic(place.modem, rate=RATE) as traffic:
                    await a_full_disk_in_an_outage(place, disk, unit)
                await asyncio.sleep(PHASE_S / 2)
                sent = traffic.next
                assert (await unit.status())["radio"]["frames"] == sent
                assert await asyncio.to_thread(unit.stop) == 0
            disk.clear()
            await place.mend()
            async with place.running() as unit:
                status = await place.at_rest(unit)
    assert (status["radio"]["frames"], status["cache"]["dropped_frames"]) == (sent, 0)
    assert place.arrived() == set(range(sent))


async def test_a_unit_starts_and_forwards_on_a_read_only_disk(
    tmp_path: Path, authority: Authority
) -> None:
    """As worn flash comes up: it serves from memory, says so, and writes again when it can."""
    with small_disk(tmp_path / "disk", DISK_MB) as disk:
        settings = f'state_dir = "{disk.path / "state"}"\n'
        async with site(tmp_path, authority, settings) as place:
            async with place.running() as unit:
                assert await asyncio.to_thread(unit.stop) == 0
            disk.remount("ro")
            async with place.running() as unit:
                with Traffic(place.modem, rate=RATE) as traffic:
                    await until(place.arrived)
                    await trouble(unit, "read-?only")
                    await place.line.refuse()
                    await asyncio.sleep(PHASE_S)
                    disk.remount("rw")
                    await recovery(unit)
                    unit.process.kill()
                    safe = traffic.safe_at(time.monotonic())
            await place.mend()
            async with place.running() as unit:
                await place.at_rest(unit)
    assert safe <= place.arrived(), f"lost: {sorted(safe - place.arrived())[:20]}"
