"""A power cut at any moment: what was safe is in the cache, or the broker has it.

A unit runs under traffic while a shim records each of its file operations with the data. The replay
then builds the state directory as a cut at any moment leaves it (what was not synced being lost,
kept or torn at random), and the real cache, or the real unit, opens it.
"""

import asyncio
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.forwarding.cache import FrameCache
from appliance.forwarding.forwarder import WINDOW
from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.frames import numbers
from tests.support.modem_line import ModemLine
from tests.support.power_cut.disk import Disk, files_of, restore
from tests.support.power_cut.shim import Operation, Shim
from tests.support.recording_broker import Connection, RecordingBroker
from tests.support.traffic import Traffic
from tests.support.waiting import until

CUTS = 50
RESTARTED = 3  # of them: with a whole unit, which then delivers
PHASE_S = 2.0  # broker up, or down
ALL = 1_000_000  # frames; more than any run has

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Recording:
    """A run: the disk before it, what was done to it, what came and what went."""

    disk: Disk
    operations: list[Operation]
    traffics: list[Traffic]
    connections: list[Connection]

    def moments(self, chance: random.Random) -> list[float]:
        """When the power fails, in order: half of them just behind an operation."""
        begin, end = min(self.traffics[0].sent.values()), max(self.traffics[-1].sent.values())
        times = [each.at for each in self.operations if begin < each.at < end]
        some = [chance.choice(times) for _ in range(CUTS // 2)]
        return sorted(some + [chance.uniform(begin, end) for _ in range(CUTS - len(some))])

    def safe_at(self, moment: float) -> set[int]:
        """The frames promised to be safe."""
        return set().union(*(traffic.safe_at(moment) for traffic in self.traffics))

    def acknowledged_at(self, moment: float) -> set[int]:
        """The frames the broker had."""
        publishes = [each for connection in self.connections for each in connection.publishes]
        return set(numbers(each.payload for each in publishes if each.at <= moment))

    def sent_again(self, moment: float, cached: set[int]) -> int:
        """Messages that the broker got on the connection of that moment, and will get again."""
        newest = [each for each in self.connections if each.opened_at <= moment][-1:]
        return sum(
            not cached.isdisjoint(numbers([publish.payload]))
            for connection in newest
            for publish in connection.publishes
            if publish.at <= moment
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """One power cut: what had to be safe, what the broker had, what the cache found in `files`."""

    at: float
    safe: set[int]
    acknowledged: set[int]
    files: dict[Path, bytes]
    cached: list[int]

    @property
    def waiting(self) -> set[int]:
        """Safe only if the disk has them."""
        return self.safe - self.acknowledged

    @property
    def lost(self) -> set[int]:
        """What the promise was broken for."""
        return self.waiting - set(self.cached)


async def test_no_safe_frame_is_lost_by_a_power_cut(
    quick_path: Path,
    authority: Authority,
    broker_identity: Identity,
    record_property: Callable[[str, object], None],
) -> None:
    """50 cuts of a run with outages and a restart: nothing lost, order kept, few sent again."""
    recording = await record(quick_path, authority, broker_identity)
    cuts = await cut_at_random(recording, quick_path)
    for cut in cuts:
        assert not cut.lost, f"{len(cut.lost)} of {len(cut.safe)}: {sorted(cut.lost)[:20]}"
        assert cut.cached == sorted(cut.cached)
        assert recording.sent_again(cut.at, set(cut.cached)) <= WINDOW
    assert len(cuts) == CUTS
    assert sum(len(cut.waiting) for cut in cuts) > 10 * CUTS  # the cache was needed
    for number in sorted(range(CUTS), key=lambda each: len(cuts[each].waiting))[-RESTARTED:]:
        await deliver(cuts[number], quick_path / str(number), authority, broker_identity)
    record_property("power cuts", figures(recording, cuts))


async def test_without_sync_the_rig_loses_frames(
    quick_path: Path,
    authority: Authority,
    broker_identity: Identity,
    record_property: Callable[[str, object], None],
) -> None:
    """NORMAL is too little for a power cut: where nothing is lost even so, this proves nothing."""
    weakened = {"synchronous": "NORMAL"}
    recording = await record(quick_path, authority, broker_identity, weakened)
    cuts = await cut_at_random(recording, quick_path, sound=False)
    assert any(cut.lost for cut in cuts)
    record_property("power cuts with synchronous=NORMAL", figures(recording, cuts))


def figures(recording: Recording, cuts: list[Cut]) -> str:
    """One line for the report."""
    losing = [cut for cut in cuts if cut.lost]
    return (
        f"{sum(len(each.sent) for each in recording.traffics)} frames, "
        f"{len(recording.operations)} operations, {len(cuts)} cuts with "
        f"{sum(len(cut.waiting) for cut in cuts)} frames only the cache had; "
        f"{len(losing)} cuts lost {sum(len(cut.lost) for cut in losing)} frames"
    )


async def record(
    directory: Path,
    authority: Authority,
    identity: Identity,
    weakened: Mapping[str, object] | None = None,
) -> Recording:
    """A unit's life from the factory on, with an outage, a restart and another outage."""
    state = directory / "state"
    state.mkdir(mode=0o700)
    disk, shim = Disk(state), Shim(state, directory)
    traffics: list[Traffic] = []
    async with RecordingBroker(identity) as broker:
        with ModemLine(directory) as modem:
            for first in (0, ALL):
                unit = UnitProcess(
                    directory, modem.path, environment=shim.environment, weakened=weakened
                )
                with unit:
                    if not first:
                        await unit.configure(values(broker.port, authority))
                    await unit.until_hearing()
                    with Traffic(modem, first=first) as traffic:
                        await go_down_and_up(broker)
                    traffics.append(traffic)
                    assert await asyncio.to_thread(unit.stop) == 0
                assert not weakened or "weakened: " in unit.errors
    return Recording(disk, list(shim.operations()), traffics, broker.connections)


async def go_down_and_up(broker: RecordingBroker) -> None:
    """The broker, until the unit has found back to it and delivered a good deal."""
    await asyncio.sleep(PHASE_S)
    await broker.stop()
    await asyncio.sleep(PHASE_S)
    before = len(broker.publishes)
    await broker.start()
    await until(lambda: len(broker.publishes) > before + WINDOW, 30, "the unit being back")


async def cut_at_random(recording: Recording, directory: Path, *, sound: bool = True) -> list[Cut]:
    """Fifty cuts in the order of time; at the end the replay must agree with the real directory.

    A file that is `sound` after every one is the least: a cut damages nothing that was synced.
    """
    chance = random.Random(directory.name)
    moments = recording.moments(chance)
    cuts: list[Cut] = []
    for operation in recording.operations:
        while moments and moments[0] < operation.at:
            files, at = recording.disk.after_a_cut(chance), moments.pop(0)
            found = await cached(files, directory / "cut", sound=sound)
            safe, acknowledged = recording.safe_at(at), recording.acknowledged_at(at)
            cuts.append(Cut(at, safe, acknowledged, files, found))
        recording.disk.do(operation)
    assert recording.disk.now() == files_of(directory / "state")
    return cuts


async def cached(files: dict[Path, bytes], directory: Path, *, sound: bool) -> list[int]:
    """The frames that the real cache finds, in its order."""
    restore(files, directory)
    cache = FrameCache(directory / "cache.sqlite3", ALL, ALL * 1000)
    await cache.open()
    await until(lambda: cache.health is None, 30, "a damaged file being read")
    found = [int.from_bytes(frame.mbal[:4], "big") for frame in await cache.read(0, ALL)]
    await cache.close()
    assert not (sound and list(directory.glob("damaged*")))
    shutil.rmtree(directory)
    return found


async def deliver(cut: Cut, directory: Path, authority: Authority, identity: Identity) -> None:
    """A whole unit started on what a cut has left hands the broker all that was cached."""
    restore(cut.files, directory / "state")
    shutil.copy(directory.parent / "label password", directory)
    async with RecordingBroker(identity) as broker:
        with UnitProcess(directory, directory / "no modem") as unit:
            await unit.command(f"set broker-url ssl://broker.localhost:{broker.port}")
            await unit.command("activate")
            await until(lambda: set(cut.cached) == arrived(broker), 30, "all that was cached")
            status = await unit.status()
    assert status["cache"]["frames"] == 0


def arrived(broker: RecordingBroker) -> set[int]:
    """The frames at the broker."""
    return set(numbers(publish.payload for publish in broker.publishes))
