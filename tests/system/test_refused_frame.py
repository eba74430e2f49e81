"""One frame that the broker will not take: it is found and set aside, and blocks nothing."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.frames import numbers, radio_frame
from tests.support.modem_line import ModemLine
from tests.support.mqtt_packets import Publish
from tests.support.recording_broker import RecordingBroker
from tests.support.site import unaccounted
from tests.support.waiting import until, until_true

FRAMES = 300
REFUSED = 123
FOUND_WITHIN_S = 20.0
HASTY: Mapping[str, object] = {  # dozens of connections are needed: without their real pauses
    "appliance.forwarding.backoff.LAST_STEP": 0,
    "appliance.forwarding.forwarder.JITTER_MS": 50,
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def refused(publish: Publish) -> bool:
    """Whether the one frame is in this message."""
    return publish.topic != "status" and REFUSED in numbers([publish.payload])


async def serve(
    directory: Path, authority: Authority, identity: Identity, weakened: Mapping[str, object]
) -> tuple[set[int], dict[str, Any], int]:
    """What arrives at such a broker, the unit's status then, and the connections it took.

    AssertionError when the others have not arrived in time.
    """
    taken: set[int] = set()
    async with RecordingBroker(identity) as broker:
        broker.script.refuses = refused
        with (
            ModemLine(directory) as modem,
            UnitProcess(directory, modem.path, weakened=weakened) as unit,
        ):
            await unit.until_hearing()
            frames = [radio_frame(n, priority=n % 5 == 0) for n in range(FRAMES)]
            await asyncio.to_thread(modem.send, *frames)
            await unit.configure(values(broker.port, authority))

            def others() -> bool:
                messages = (each for each in broker.publishes if not refused(each))
                taken.update(numbers(each.payload for each in messages))
                return len(taken) == FRAMES - 1

            await until(others, FOUND_WITHIN_S, "all frames but the one")
            status: dict[str, Any] = {}

            async def at_rest() -> bool:
                status.update(await unit.status())
                return not status["cache"]["frames"]

            await until_true(at_rest, FOUND_WITHIN_S, "an empty cache")
    return taken, status, len(broker.connections)


async def test_the_frame_at_fault_is_set_aside_and_the_others_arrive(
    tmp_path: Path,
    authority: Authority,
    broker_identity: Identity,
    record_property: Callable[[str, object], None],
) -> None:
    """Halved until it is found; counted as quarantined."""
    taken, status, connections = await serve(tmp_path, authority, broker_identity, HASTY)
    assert taken == set(range(FRAMES)) - {REFUSED}
    assert status["cache"]["quarantined_frames"] == 1
    assert unaccounted(status) == 0
    record_property("refused frame", f"1 of {FRAMES}, found with {connections} connections")


async def test_without_bisection_it_blocks_the_queue(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """Were no care ever taken, this rig would find frames missing."""
    careless = {**HASTY, "appliance.forwarding.narrowing.CAREFUL_AFTER": 1_000_000_000}
    with pytest.raises(AssertionError, match="all frames but the one"):
        await serve(tmp_path, authority, broker_identity, careless)
