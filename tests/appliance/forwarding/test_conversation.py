import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import pytest

from appliance.forwarding import eviction
from appliance.forwarding import forwarder as forwarder_module
from appliance.forwarding.cache import FrameCache
from tests.appliance.forwarding.forwarders import delivered, fill, forwarding
from tests.appliance.forwarding.hurry import hurry
from tests.support.certificates import Authority
from tests.support.fault_proxy import FaultProxy
from tests.support.frames import numbers
from tests.support.mqtt_packets import Publish
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until

COMES_BACK_AFTER_S = 0.04  # the other client


@contextlib.asynccontextmanager
async def another_client(broker: RecordingBroker) -> AsyncIterator[None]:
    """Connections are ended soon after they were accepted, whatever was sent on them."""

    async def evict() -> None:
        while True:
            await asyncio.sleep(COMES_BACK_AFTER_S)
            for writer in broker._writers.values():
                writer.close()

    evicting = asyncio.create_task(evict(), name="another client")
    try:
        yield
    finally:
        evicting.cancel()


async def test_another_client_with_the_same_id_is_named_and_left_time(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Delivery goes on in the time there is; it is over when a connection lasts."""
    caplog.set_level(logging.INFO, "appliance")
    hurry(monkeypatch, silence_s=0.5)
    monkeypatch.setattr(eviction, "FIRST_WAIT_S", 0.5)
    monkeypatch.setattr(forwarder_module, "OVER_S", 1.0)
    async with forwarding(
        cache, authority, broker.port, connect=True, status_topic="status"
    ) as forwarder:
        async with another_client(broker):
            for number in range(1000):  # frames come in all the time
                fill(cache, number)
                await asyncio.sleep(0.01)
                if (forwarder.retry_in_s() or 0) > 0.3:
                    break
            assert "another client seems to use" in (forwarder.last_error or "")
            asked = len(broker.connections)
            fill(cache, 20_000)
            await until(lambda: len(broker.connections) > asked)
        assert "“KAM73471100”" in (forwarder.last_error or "")
        last = 20_000
        async with asyncio.timeout(20):
            while forwarder.last_error:  # a connection that lasts; evicted, it needs a next frame
                last += 1
                fill(cache, last)
                await asyncio.sleep(0.1)
        await until(delivered(cache))
    assert caplog.messages[-1].startswith("connected again to")
    assert "acknowledged messages" not in caplog.text  # the other client did, not the broker
    sent = numbers(p.payload for p in broker.publishes if p.topic == "data")
    assert set(sent) == {*range(number + 1), *range(20_000, last + 1)}
    silent = [c for c in broker.connections if not c.publishes and c.connect]
    assert len(silent) >= 2


async def test_a_broker_that_refuses_a_message_is_not_taken_for_another_client(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It hangs up as often, and every time it was sent something."""
    hurry(monkeypatch)

    def refuses(publish: Publish) -> bool:
        return publish.topic != "status" and 3 in numbers([publish.payload])

    broker.script.refuses = refuses
    fill(cache, *range(50))
    async with forwarding(cache, authority, broker.port, status_topic="status") as forwarder:
        await until(lambda: cache.counts().quarantined == 1, 20)
        await until(delivered(cache))
        assert "another client" not in (forwarder.last_error or "")


async def test_a_line_that_is_reset_is_not_taken_for_another_client_or_a_hang_up(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An end that the far end has not announced, however often; all that was sent arrived."""
    hurry(monkeypatch)
    async with (
        FaultProxy(broker.port) as line,
        forwarding(cache, authority, line.port) as forwarder,
    ):
        for number in range(30):
            fill(cache, number)
            await until(delivered(cache))
            await line.reset()
            await until(lambda: forwarder.state != "connected")
        assert "another client" not in (forwarder.last_error or "")
        assert "acknowledged messages" not in (forwarder.last_error or "")


async def test_a_broker_that_acknowledges_and_hangs_up_is_named(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All is delivered, as far as anybody can tell; the log is not filled, the topic is named."""
    caplog.set_level(logging.INFO, "appliance")
    hurry(monkeypatch, patience_s=10, silence_s=0.1)
    monkeypatch.setattr(forwarder_module, "LASTING_S", 0.5)
    broker.script.close_after_publishes = 1
    async with forwarding(cache, authority, broker.port) as forwarder:
        for number in range(20):
            fill(cache, number)
            await until(delivered(cache))
        await until(lambda: "acknowledged messages to “data”" in (forwarder.last_error or ""))
        seen = len(caplog.records)
        for number in range(20, 40):
            fill(cache, number)
            await until(delivered(cache))
        assert "acknowledged messages to “data”" in (forwarder.last_error or "")
        assert "acknowledged messages to “data”" in (forwarder.findings or "")
        assert len(caplog.records) == seen
        broker.script.close_after_publishes = None
        fill(cache, 40)
        await until(lambda: forwarder.last_error is None)
    assert caplog.messages[-1].startswith("connected again to ")
    assert numbers(each.payload for each in broker.publishes) == list(range(41))
