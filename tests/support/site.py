"""Where units of the fault tests live: a modem, a line with faults, mosquitto, a subscriber behind.

async with site(tmp_path, authority) as place, place.running() as unit:
    with Traffic(place.modem) as traffic: …
    status = await place.at_rest(unit)
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.certificates import Authority
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.fault_proxy import NONE, FaultProxy
from tests.support.frames import numbers
from tests.support.modem_line import ModemLine
from tests.support.mosquitto import Mosquitto
from tests.support.subscriber import Subscriber
from tests.support.waiting import until, until_true

BROKER = "broker.localhost"
AT_REST_WITHIN_S = 60.0
ARRIVED_WITHIN_S = 20.0  # from the broker to the subscriber


@dataclass(slots=True)
class Site:
    """The parts. The broker keeps what it has for the subscriber, also when it is restarted."""

    directory: Path
    authority: Authority
    modem: ModemLine
    line: FaultProxy
    broker: Mosquitto
    subscriber: Subscriber
    settings: str = ""
    """Further lines of the settings file: what follows `[unit]`, then other tables."""
    _configured: bool = False
    _messages: list[list[int]] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def running(
        self,
        environment: Mapping[str, str] | None = None,
        weakened: Mapping[str, object] | None = None,
    ) -> AsyncIterator[UnitProcess]:
        """The unit, in service and listening to the modem; killed at the end if it still runs."""
        unit = UnitProcess(self.directory, self.modem.path, self.settings, environment, weakened)
        await asyncio.to_thread(unit.__enter__)
        try:
            if not self._configured:
                await unit.configure(values(self.line.port, self.authority))
                self._configured = True
            await unit.until_hearing()
            yield unit
        finally:
            await asyncio.to_thread(unit.__exit__, None, None, None)

    async def mend(self) -> None:
        """The line is in order again."""
        self.line.faults = NONE
        await self.line.accept()

    def messages(self) -> list[list[int]]:
        """The numbers of the frames in each message that has arrived, in order."""
        for message in self.subscriber.messages[len(self._messages) :]:
            self._messages.append(numbers([message.payload]))
        return self._messages

    def arrived(self) -> set[int]:
        """The frames that have arrived."""
        return set().union(*self.messages())

    async def at_rest(self, unit: UnitProcess) -> dict[str, Any]:
        """The status once nothing is cached any more and what is published has arrived.

        The ledger has to add up then.
        """
        status: dict[str, Any] = {}

        async def empty() -> bool:
            status.update(await unit.status())
            return not status["cache"]["frames"]

        await until_true(empty, AT_REST_WITHIN_S, "an empty cache")
        assert unaccounted(status) == 0, status
        published = status["broker"]["published_frames"]
        await until(
            lambda: len(self.arrived()) >= published, ARRIVED_WITHIN_S, "all at the subscriber"
        )
        return status


def unaccounted(status: dict[str, Any]) -> int:
    """Frames that the ledger (interface 8) has no place for."""
    radio, cache, broker = (status[part] for part in ("radio", "cache", "broker"))
    known = cache["frames"] + cache["dropped_frames"] + cache["quarantined_frames"]
    return int(radio["frames"] - broker["published_frames"] - known)


def storage_trouble(status: dict[str, Any]) -> str | None:
    """What is wrong with the storage, as `status --json` tells it."""
    error: str | None = status["cache"].get("error")
    return error


@contextlib.asynccontextmanager
async def site(directory: Path, authority: Authority, settings: str = "") -> AsyncIterator[Site]:
    """All parts running, in `directory`, which is made if it is not there."""
    directory.mkdir(exist_ok=True)
    broker = Mosquitto(directory / "mosquitto", authority, authority.server(BROKER), lasting=True)
    with (
        broker,
        Subscriber(broker.port, authority.client_context(), session="head-end") as subscriber,
        ModemLine(directory) as modem,
    ):
        async with FaultProxy(broker.port) as line:
            yield Site(directory, authority, modem, line, broker, subscriber, settings)
