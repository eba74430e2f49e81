import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.engine import Engine
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.forwarder import DeliveryCounts, Forwarder
from appliance.settings import MqttSettings
from tests.appliance.forwarding.caches import fill, opened, stored
from tests.support.certificates import Authority, Identity
from tests.support.configurations import SERIAL_NUMBER, configuration, parameter_values
from tests.support.frames import numbers
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until


class Told:
    """The forwarders whose first PUBACK was told, and when that was."""

    def __init__(self) -> None:
        self.first: list[tuple[Forwarder, float]] = []

    async def __call__(self, forwarder: Forwarder, at: float) -> None:
        """It has come."""
        self.first.append((forwarder, at))


@asynccontextmanager
async def engine_on(
    cache: FrameCache, told: Told | None = None, max_payload: int = 61_440
) -> AsyncIterator[Engine]:
    """An engine at rest; nothing is at work at the end."""
    settings = MqttSettings(max_payload=max_payload)
    engine = Engine(cache, settings, SERIAL_NUMBER, DeliveryCounts(), told or Told())
    yield engine
    await engine.retire()


async def test_frames_go_where_the_forwarder_at_work_sends_them(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """Each in its turn, and the first PUBACK of each is told."""
    told, before = Told(), time.time()
    async with (
        RecordingBroker(broker_identity) as broker,
        opened(tmp_path) as cache,
        engine_on(cache, told) as engine,
    ):
        assert (engine.forwarder, engine.first_puback) == (None, None)
        for number, topic in enumerate(("one", "two")):
            values = parameter_values(broker.port, authority, data_topic=topic)
            forwarder = await engine.swap(*await engine.prepare(values))
            assert engine.forwarder is forwarder
            fill(cache, number)
            await until(lambda: engine.first_puback)
        await until(lambda: len(told.first) == 2)
        assert told.first[1] == (forwarder, engine.first_puback)
        assert before <= told.first[0][1] <= told.first[1][1] <= time.time()
        await engine.retire()
        assert (engine.forwarder, engine.first_puback) == (None, None)
    sent = [(each.topic, numbers([each.payload])) for each in broker.publishes]
    assert sent == [("one", [0]), ("two", [1])]


async def test_values_that_are_unfit_are_named_and_nothing_is_at_work(
    tmp_path: Path, authority: Authority
) -> None:
    """Until others are put into service."""
    async with opened(tmp_path) as cache, engine_on(cache) as engine:
        await engine.serve(parameter_values(1, authority, data_topic=""), connect=False)
        assert engine.forwarder is None
        assert "cannot serve" in (engine.unfit or "")
        await engine.serve(parameter_values(1, authority), connect=False)
        assert engine.forwarder
        assert engine.unfit is None


async def test_a_second_connection_is_warned_of_where_it_would_evict_the_first(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """Same broker, same client ID, and connected."""
    async with (
        RecordingBroker(broker_identity) as broker,
        opened(tmp_path) as cache,
        engine_on(cache) as engine,
    ):
        same = configuration(broker.port, authority)
        assert engine.occupies(same) is None
        await engine.serve(parameter_values(broker.port, authority), connect=True)
        await until(lambda: engine.occupies(same))
        assert engine.occupies(configuration(broker.port, authority, client_id="x")) is None
        assert engine.occupies(configuration(1, authority)) is None


async def test_the_largest_message_is_that_of_what_is_cached(
    tmp_path: Path, authority: Authority
) -> None:
    """As these values would send it; with nothing cached there is none."""
    values = parameter_values(1, authority)
    async with opened(tmp_path) as cache, engine_on(cache, max_payload=1000) as engine:
        assert await engine.largest_message(values) is None
        fill(cache, 1)
        one = await engine.largest_message(values)
        fill(cache, *range(2, 50))
        await until(stored(cache))
        many = await engine.largest_message(values)
    assert one
    assert many
    assert one < many <= 1000
