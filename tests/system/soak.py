"""Everything at once: kills, a bad line, broker restarts, unplugs, activations, a full disk.

    python -m tests.system.soak [MINUTES]      # or: make soak MINUTES=5

One unit at a time lives on one state directory, under steady traffic, while disturbances of each
kind strike at random moments, independent of each other. In the end the line is mended, and then
every frame that was promised to be safe has to be at the subscriber, the ledger has to add up, and
no unit may have grown.
"""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.certificates import Authority
from tests.support.concentrator_process import UnitProcess
from tests.support.fault_proxy import BLACK_HOLE, Faults
from tests.support.quick_disk import quick_directory
from tests.support.site import Site, site, storage_trouble
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.traffic import Traffic, repeated
from tests.support.vitals import Vitals
from tests.support.waiting import until, until_true

RATE = 50  # frames a second
DISK_MB = 32
SETTLED_S = 10.0  # a unit that has run so long has filled what fills up once
LOOK_S = 5.0  # between two looks at memory and descriptors
PEAK_LOOKS = 3  # a login takes 16 MiB for a moment: of so many looks the lowest counts


class Soak:
    """The unit in service, its traffic, and the account of what was promised."""

    def __init__(self, place: Site, disk: SmallDisk | None, seed: int) -> None:
        self.place = place
        self.disk = disk
        self.chance = random.Random(seed)
        self.calm = asyncio.Lock()  # held by whoever must not be killed or unplugged meanwhile
        self.unit: UnitProcess
        self.safe: set[int] = set()
        self.sent = 0
        self.vitals: list[Vitals] = []  # of this unit; the first one once it has settled
        self.highest = Vitals(0, 0, 0)  # of any unit
        self._service = contextlib.AsyncExitStack()
        self._traffic: Traffic
        self._started = 0.0

    async def __aenter__(self) -> Self:
        """The first unit runs."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing runs any more."""
        self._traffic.stop()
        await self._service.aclose()

    async def start(self) -> None:
        """A unit comes into service, and frames to it."""
        self.unit = await self._service.enter_async_context(self.place.running())
        self._started, self.vitals = time.monotonic(), []
        self.resume()

    async def kill(self) -> None:
        """Without a warning; the next one has still to be started."""
        self.look()
        moment = time.monotonic()
        self.unit.process.kill()
        self.pause(moment)
        await self._service.aclose()

    def resume(self) -> None:
        """Frames flow."""
        self._traffic = Traffic(self.place.modem, rate=RATE, first=self.sent)
        self._traffic.__enter__()

    def pause(self, moment: float) -> None:
        """No more frames; those that were old enough at this moment are promised."""
        self._traffic.stop()
        self.sent = self._traffic.next
        self.safe |= self._traffic.safe_at(moment)

    def look(self) -> None:
        """At memory and descriptors: flat for as long as a unit lives."""
        now = Vitals.of(self.unit.process.pid)
        self.highest = Vitals.each(max, (self.highest, now))
        if time.monotonic() - self._started > SETTLED_S:
            self.vitals.append(now)
            last, first = self.vitals[-PEAK_LOOKS:], self.vitals[:PEAK_LOOKS]
            Vitals.each(min, last).assert_flat_since(Vitals.each(min, first))

    async def wait(self, low: float, high: float) -> None:
        """A random time, in seconds."""
        await asyncio.sleep(self.chance.uniform(low, high))


class Disturbance(ABC):
    """Something that goes wrong, again and again, and is put right each time."""

    every_s: float

    def __init__(self, soak: Soak) -> None:
        self.soak = soak
        self.strikes = 0

    @abstractmethod
    async def strike(self) -> None:
        """Goes wrong, and is put right again when this returns."""

    async def go_on(self, stop: asyncio.Event) -> None:
        """Until told to stop; not in the middle of a strike."""
        while not stop.is_set():
            pause = self.soak.chance.expovariate(1 / self.every_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
                return
            await self.strike()
            self.strikes += 1


class Kills(Disturbance):
    """kill -9, and the next unit."""

    every_s = 20.0

    async def strike(self) -> None:
        """At any moment, but while frames can be in memory only."""
        async with self.soak.calm:
            await self.soak.kill()
            await self.soak.start()


class LineFaults(Disturbance):
    """Each of the fault proxy's, for a while."""

    every_s = 8.0

    async def strike(self) -> None:
        """One of them; the connections it has stalled are reset half of the time."""
        line, chance = self.soak.place.line, self.soak.chance
        faults = (
            Faults(delay_s=chance.uniform(0.05, 1)),
            Faults(bytes_per_s=chance.uniform(500, 5000)),
            Faults(one_byte=True),
            Faults(held=frozenset({"up"})),
            Faults(held=frozenset({"down"})),
            BLACK_HOLE,
            Faults(close_after=chance.randrange(100, 20_000)),
            None,
        )
        fault = chance.choice(faults)
        if fault is None:
            await line.refuse()
        else:
            line.faults = fault
        await self.soak.wait(0.5, 6)
        if chance.random() < 0.5:
            await line.reset()
        await self.soak.place.mend()


class BrokerRestarts(Disturbance):
    """The broker is stopped as a service manager does it, and comes back."""

    every_s = 30.0

    async def strike(self) -> None:
        """Away for some seconds."""
        await asyncio.to_thread(self.soak.place.broker.stop)
        await self.soak.wait(0, 4)
        await asyncio.to_thread(self.soak.place.broker.start)


class Unplugs(Disturbance):
    """The modem is pulled out and plugged in again."""

    every_s = 12.0

    async def strike(self) -> None:
        """What was on the line at that moment is not promised."""
        soak, modem = self.soak, self.soak.place.modem
        async with soak.calm:
            found = soak.unit.errors.count("found again")
            moment = time.monotonic()
            modem.unplug()
            soak.pause(moment)
            await soak.wait(0, 1.5)
            modem.plug()
            await until(lambda: soak.unit.errors.count("found again") > found, 20)
            soak.resume()


class Activations(Disturbance):
    """A technician changes the topics."""

    every_s = 15.0

    async def strike(self) -> None:
        """Refused or not: the line may be broken at the time, or the unit be killed."""
        topic = f"meters/{self.strikes}"
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            await self.soak.unit.command(f"set data-topic {topic}")
            await self.soak.unit.command(f"set event-topic {topic}/event")
            await self.soak.unit.command("activate")


class FullDisks(Disturbance):
    """Somebody else fills the partition, and clears it."""

    every_s = 40.0

    async def strike(self) -> None:
        """No kill meanwhile: a disk that takes nothing can keep nothing safe."""
        disk = self.soak.disk
        if disk is None:
            return
        async with self.soak.calm:
            disk.fill()
            await self.soak.wait(1, 5)
            disk.clear()
            await until_true(self._well, 30, "a disk that is well again")

    async def _well(self) -> bool:
        return storage_trouble(await self.soak.unit.status()) is None


KINDS: tuple[type[Disturbance], ...] = (
    Kills,
    LineFaults,
    BrokerRestarts,
    Unplugs,
    Activations,
    FullDisks,
)


async def soak(directory: Path, minutes: float, seed: int, tell: Callable[[str], None]) -> str:
    """Minutes of it, then the judgement; a line a minute is told, and the summary returned.

    AssertionError says what did not hold.
    """
    with contextlib.ExitStack() as stack:
        disk, settings = None, ""
        if os.geteuid() == 0:
            disk = stack.enter_context(small_disk(directory / "disk", DISK_MB))
            settings = f'state_dir = "{disk.path / "state"}"\n'
        async with (
            site(directory, Authority(directory), settings) as place,
            Soak(place, disk, seed) as soaked,
        ):
            disturbances = [kind(soaked) for kind in KINDS]
            await disturb(soaked, disturbances, minutes, tell)
            return await judge(soaked, disturbances)


async def disturb(
    soaked: Soak, disturbances: list[Disturbance], minutes: float, tell: Callable[[str], None]
) -> None:
    """All kinds at once, until the time is over; the first fault ends it."""
    stop = asyncio.Event()
    end = time.monotonic() + 60 * minutes
    minute = 0
    async with asyncio.TaskGroup() as group:
        for each in disturbances:
            group.create_task(each.go_on(stop), name=type(each).__name__)
        while (left := end - time.monotonic()) > 0:
            await asyncio.sleep(min(LOOK_S, left))
            if not soaked.calm.locked():
                soaked.look()
            if (passed := int((time.monotonic() - end) / 60 + minutes)) > minute:
                minute = passed
                tell(f"minute {minute}: {told(soaked, disturbances)}")
        stop.set()


async def judge(soaked: Soak, disturbances: list[Disturbance]) -> str:
    """At rest: what was promised has arrived, the ledger adds up, nothing has grown."""
    soaked.pause(time.monotonic())
    place = soaked.place
    await place.mend()
    status = await place.at_rest(soaked.unit)
    lost = soaked.safe - place.arrived()
    dropped = status["cache"]["dropped_frames"]
    soaked.look()
    assert await asyncio.to_thread(soaked.unit.stop) == 0
    assert len(lost) <= dropped, f"{len(lost)} lost, {dropped} dropped: {sorted(lost)[:20]}"
    again = len(repeated(place.messages()))
    return (
        f"{told(soaked, disturbances)}; {len(soaked.safe)} were promised, {len(lost)} of them "
        f"missing, {dropped} dropped with a full disk, {again} messages sent again"
    )


def told(soaked: Soak, disturbances: list[Disturbance]) -> str:
    """Where it stands."""
    strikes = ", ".join(f"{type(each).__name__} {each.strikes}" for each in disturbances)
    return (
        f"{strikes}; {len(soaked.place.arrived())} frames arrived; a unit has at most "
        f"{soaked.highest.rss_mb} MB, {soaked.highest.descriptors} descriptors"
    )


def main() -> None:
    """An hour, or as many minutes as the first argument says."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(time.time())
    print(f"soaking for {minutes:.0f} minutes, seed {seed}", flush=True)  # noqa: T201

    def tell(line: str) -> None:
        print(line, flush=True)  # noqa: T201 - it is a program

    with quick_directory() as directory:
        tell(asyncio.run(soak(directory, minutes, seed, tell)))


if __name__ == "__main__":
    main()
