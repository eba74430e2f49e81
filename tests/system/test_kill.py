"""What is safe stays safe: the unit is killed again and again under traffic."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.frames import numbers, radio_frame
from tests.support.modem_line import ModemLine
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until_true

KILLS = 20
SAFE_AFTER_S = 1.0  # the promise is 250 ms; the rest is for a test machine that is busy


async def send_for(modem: ModemLine, seconds: float, first: int) -> dict[int, float]:
    """Frames from number `first` on, some two hundred a second; when each was sent."""
    sent: dict[int, float] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number = first + len(sent)
        modem.send(radio_frame(number, priority=number % 5 == 0))
        sent[number] = time.monotonic()
        await asyncio.sleep(0.005)
    return sent


@pytest.mark.slow
async def test_no_frame_that_was_safe_is_lost_by_a_kill(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """Killed at random moments, the broker up or down; the ledger adds up in the end."""
    chance = random.Random(5)
    safe: set[int] = set()
    first = 0
    async with RecordingBroker(broker_identity) as broker:
        with ModemLine(tmp_path) as modem:
            for kill in range(KILLS):
                with UnitProcess(tmp_path, modem.path) as unit:
                    if kill == 0:
                        await unit.configure(values(broker.port, authority))
                    await unit.until_hearing()
                    sent = await send_for(modem, chance.uniform(0.5, 2.5), first)
                    unit.process.kill()
                killed = time.monotonic()
                safe |= {each for each, at in sent.items() if killed - at > SAFE_AFTER_S}
                first += len(sent)
                if kill % 3 == 0:
                    await broker.stop()
                elif kill % 3 == 1:
                    await broker.start()
            with UnitProcess(tmp_path, modem.path) as unit:
                status = await settled(unit)
                assert await asyncio.to_thread(unit.stop) == 0
        arrived = numbers(publish.payload for publish in broker.publishes)
    assert len(safe) > 100
    assert safe <= set(arrived), f"lost: {sorted(safe - set(arrived))}"
    radio, cache, sent_on = status["radio"], status["cache"], status["broker"]
    assert radio["frames"] == sent_on["published_frames"] + cache["dropped_frames"]


async def settled(unit: UnitProcess) -> dict[str, dict[str, int]]:
    """The status once nothing is cached any more."""

    async def empty() -> dict[str, dict[str, int]] | None:
        status: dict[str, dict[str, int]] = await unit.status()
        return None if status["cache"]["frames"] else status

    found = await until_true(empty, 60, "an empty cache")
    assert found is not None
    return found
