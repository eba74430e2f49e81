"""Units that live on one state directory one after the other, each killed under traffic."""

import asyncio
import contextlib
import random
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from appliance.forwarding.forwarder import WINDOW
from tests.support.certificates import Authority
from tests.support.concentrator_process import UnitProcess
from tests.support.fault_proxy import NONE, Faults
from tests.support.frames import numbers
from tests.support.site import Site, site
from tests.support.subscriber import Message
from tests.support.traffic import Traffic, repeated
from tests.support.waiting import until

LIFE_S = (0.3, 0.9)  # under traffic, before the kill
FLAPPING_S = (0.05, 0.4)  # between two resets of a flapping line
STARTING_S = 0.15  # no unit is up and connected sooner

Mood = Literal["up", "down", "flapping", "unanswered"]
"""The broker's: unanswered, it takes messages, and its acknowledgements do not get through."""

MOODS: tuple[Mood, ...] = get_args(Mood)


@dataclass(slots=True)
class Life:
    """One unit from its start to its death."""

    mood: Mood
    began: float
    traffic: Traffic
    ended: float = 0.0
    losses: int = 0  # connections taken from it


@dataclass(slots=True)
class Lives:
    """All of them, what arrived at a subscriber, and what the last unit said at rest."""

    lives: list[Life]
    arrived: list[Message]
    status: dict[str, Any]

    @property
    def safe(self) -> set[int]:
        """The frames that were promised to be safe when their unit died."""
        return set().union(*(life.traffic.safe_at(life.ended) for life in self.lives))

    def sent_again(self) -> list[int]:
        """Of the messages that arrived in each life: those of which a frame came again later."""
        frames = [numbers([message.payload]) for message in self.arrived]
        begins = [life.began + STARTING_S for life in self.lives]
        counts = Counter(
            bisect_right(begins, self.arrived[place].at) - 1 for place in repeated(frames)
        )
        return [counts[number] for number in range(len(self.lives))]

    def assert_nothing_lost(self) -> None:
        """Every frame that was 250 ms old at a kill has arrived."""
        safe = self.safe
        assert len(safe) > 10 * len(self.lives)
        lost = safe - set(numbers(message.payload for message in self.arrived))
        assert not lost, f"lost {len(lost)} of {len(safe)} frames: {sorted(lost)[:20]}"

    def assert_few_sent_again(self) -> None:
        """A kill, or a lost connection, repeats no more messages than were in flight."""
        for life, again in zip(self.lives, self.sent_again(), strict=True):
            most = WINDOW * (1 + life.losses)
            assert again <= most, f"{again} messages sent again after {life.mood}, not {most}"

    def assert_accounted_for(self) -> None:
        """Nothing was dropped or set aside: what the unit received it has published."""
        assert self.status["radio"]["frames"] == self.status["broker"]["published_frames"]


class Rig:
    """Lets units live and die at `place`; `finish` ends it."""

    def __init__(self, place: Site) -> None:
        self._place = place
        self._chance = random.Random(7)
        self._lives: list[Life] = []

    async def live_and_die(self, mood: Mood, weakened: Mapping[str, object] | None = None) -> None:
        """A unit is started, gets frames while the broker is in that mood, and is killed."""
        first = self._lives[-1].traffic.next if self._lives else 0
        life = Life(mood, time.monotonic(), Traffic(self._place.modem, first=first))
        await (self._place.line.refuse() if mood == "down" else self._place.mend())
        async with self._place.running(weakened=weakened) as unit:
            end = time.monotonic() + self._chance.uniform(*LIFE_S)
            with life.traffic:
                await self._be_moody(life, unit, end)
                unit.process.kill()
                life.ended = time.monotonic()
        self._place.line.faults = NONE
        self._lives.append(life)

    async def _be_moody(self, life: Life, unit: UnitProcess, end: float) -> None:
        line = self._place.line
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(end - time.monotonic()):
                if life.mood == "unanswered":
                    await until(lambda: "connected" in unit.errors)
                    line.faults = Faults(held=frozenset({"down"}))
                while life.mood == "flapping":
                    await asyncio.sleep(self._chance.uniform(*FLAPPING_S))
                    life.losses += line.open_connections
                    await line.reset()
                await asyncio.Event().wait()

    async def finish(self) -> Lives:
        """A last unit on a good line delivers what is left."""
        await self._place.mend()
        async with self._place.running() as unit:
            status = await self._place.at_rest(unit)
            assert await asyncio.to_thread(unit.stop) == 0
        return Lives(self._lives, self._place.subscriber.messages, status)


@contextlib.asynccontextmanager
async def rig(directory: Path, authority: Authority) -> AsyncIterator[Rig]:
    """A configured unit that does not run yet, and all that is around it."""
    async with site(directory, authority) as place:
        async with place.running() as unit:
            assert await asyncio.to_thread(unit.stop) == 0
        yield Rig(place)
