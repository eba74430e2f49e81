import asyncio
import logging
import time
from itertools import groupby, pairwise

import pytest

from appliance.forwarding import delivery
from appliance.forwarding import forwarder as forwarder_module
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError
from appliance.forwarding.cached_frame import CachedFrame
from appliance.settings import MqttSettings
from tests.appliance.forwarding.forwarders import delivered, fill, forwarding
from tests.support.certificates import Authority
from tests.support.frames import numbers
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until


async def test_no_connection_without_a_reason(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Idle until there is something to send; then connected, and it stays so."""
    async with forwarding(cache, authority, broker.port) as forwarder:
        await asyncio.sleep(0.05)
        assert (forwarder.state, broker.connections) == ("idle", [])
        fill(cache, 1)
        await until(delivered(cache))
        assert forwarder.state == "connected"
        fill(cache, 2)
        await until(delivered(cache))
        assert len(broker.connections) == 1
    assert numbers(publish.payload for publish in broker.publishes) == [1, 2]


async def test_activation_connects_with_nothing_to_send(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """The technician sees at once whether the broker takes the unit."""
    async with forwarding(cache, authority, broker.port, connect=True) as forwarder:
        await until(lambda: forwarder.state == "connected")


async def test_an_outage_is_worked_off_in_iterations_of_500(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """1,200 frames: three iterations, priority first in each, every message within the limit."""
    fill(cache, *range(1200), priority=lambda number: number % 7 == 0)
    limit = MqttSettings().max_payload
    async with forwarding(cache, authority, broker.port):
        await until(delivered(cache))
    runs = [
        (topic, numbers(publish.payload for publish in run))
        for topic, run in groupby(broker.publishes, lambda publish: publish.topic)
    ]
    expected = []
    for first, last in ((0, 500), (500, 1000), (1000, 1200)):
        expected.append(("event", [n for n in range(first, last) if n % 7 == 0]))
        expected.append(("data", [n for n in range(first, last) if n % 7]))
    assert runs == expected
    assert all(len(publish.payload) <= limit for publish in broker.publishes)
    assert len([publish for publish in broker.publishes if publish.topic == "data"]) > 3


async def test_a_frame_leaves_the_cache_at_the_puback_and_not_before(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Sent is not delivered."""
    broker.script.hold_pubacks = True
    async with forwarding(cache, authority, broker.port):
        fill(cache, 1, 2)
        await until(lambda: broker.publishes)
        assert cache.counts().cached == 2
        broker.script.hold_pubacks = False
        broker.release_pubacks()
        await until(delivered(cache))
    assert cache.counts().published == 2


async def test_the_window_is_never_exceeded(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """At most ten messages wait for a PUBACK, however many there are."""
    broker.script.hold_pubacks = True
    fill(cache, *range(300))
    async with forwarding(cache, authority, broker.port, MqttSettings(batch_frames=10)):
        await until(lambda: len(broker.publishes) == forwarder_module.WINDOW)
        (connection,) = broker.connections
        while not delivered(cache)():
            await asyncio.sleep(0.01)
            assert len(connection.held) <= forwarder_module.WINDOW
            broker.release_pubacks()
    assert numbers(publish.payload for publish in broker.publishes) == list(range(300))


async def test_a_broker_that_goes_away_costs_nothing_but_time(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Connections dropped in mid-stream: all arrive, in order, twice only if not acknowledged."""
    broker.script.close_on_publish = 3
    fill(cache, *range(100))
    settings = MqttSettings(batch_frames=10)
    async with forwarding(cache, authority, broker.port, settings):
        await until(lambda: len(broker.connections) == 3, 20)
        broker.script.close_on_publish = None
        await until(delivered(cache), 20)
    assert list(dict.fromkeys(numbers(p.payload for p in broker.publishes))) == list(range(100))
    acknowledged = [
        number
        for connection in broker.connections
        for number in numbers(
            p.payload for p in connection.publishes[: 2 if connection.closed_at else None]
        )
    ]
    assert len(acknowledged) == len(set(acknowledged))


async def test_attempts_are_spaced_by_the_backoff(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each failure counts the retries up; a PUBACK starts them at 0 again."""
    asked: list[tuple[str, int]] = []

    def delay(rule: str, retry: int, _: int) -> float:
        asked.append((rule, retry))
        return 0.001

    monkeypatch.setattr(forwarder_module, "retry_delay", delay)
    broker.script.connack = 3
    fill(cache, 1)
    settings = MqttSettings(backoff="exponential")
    async with forwarding(cache, authority, broker.port, settings) as forwarder:
        await until(lambda: len(asked) >= 3)
        assert "is unavailable" in (forwarder.last_error or "")
        broker.script.connack = 0
        await until(delivered(cache))
        retries = len(asked)
        await broker.stop()
        await until(lambda: len(asked) > retries)
    assert asked[:3] == [("exponential", 0), ("exponential", 1), ("exponential", 2)]
    assert asked[retries] == ("exponential", 0)


async def test_the_random_part_differs(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fleet does not come back all at once: the jitter is drawn anew, below a second."""
    jitters: list[int] = []

    def delay(_rule: str, _retry: int, jitter_ms: int) -> float:
        jitters.append(jitter_ms)
        return 0.0

    monkeypatch.setattr(forwarder_module, "retry_delay", delay)
    await broker.stop()
    fill(cache, 1)
    async with forwarding(cache, authority, broker.port):
        await until(lambda: len(jitters) >= 20)
    assert all(0 <= jitter <= 999 for jitter in jitters)
    assert len(set(jitters)) > 10


async def test_the_first_puback_is_told(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Of frames where there is no status topic: a connection is no PUBACK."""
    began = time.time()
    async with forwarding(cache, authority, broker.port, connect=True) as forwarder:
        assert await forwarder.proof(10) is None
        assert not forwarder.first_puback.done()
        fill(cache, 1)
        first = await asyncio.wait_for(forwarder.first_puback, 10)
        assert began <= first <= time.time()
        fill(cache, 2)
        await until(delivered(cache))
        assert forwarder.first_puback.result() == first


async def test_the_status_message_has_the_first_puback(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """With a status topic, before any frame has come."""
    async with forwarding(
        cache, authority, broker.port, connect=True, status_topic="status"
    ) as forwarder:
        await asyncio.wait_for(forwarder.first_puback, 10)
        assert [publish.topic for publish in broker.publishes] == ["status"]


async def test_stopping_settles_what_is_in_flight(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """A PUBACK under way is waited for, then DISCONNECT is sent; the rest stays cached."""
    broker.script.hold_pubacks = True
    fill(cache, *range(200))
    async with forwarding(
        cache, authority, broker.port, MqttSettings(batch_frames=10)
    ) as forwarder:
        await until(
            lambda: (
                broker.connections and len(broker.connections[0].held) == forwarder_module.WINDOW
            )
        )
        stopping = asyncio.create_task(forwarder.stop())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        broker.script.hold_pubacks = False
        broker.release_pubacks()
        await asyncio.wait_for(stopping, 10)
    sent = numbers(publish.payload for publish in broker.publishes)
    assert sent == list(range(100))
    await until(lambda: (cache.counts().published, cache.counts().cached) == (100, 100))
    await until(lambda: broker.connections[0].closed_at)
    assert broker.connections[0].kinds[-1].name == "DISCONNECT"


async def test_stopping_does_not_wait_for_a_broker_that_is_down(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Waiting for a retry, an hour away, is no reason to wait."""
    monkeypatch.setattr(forwarder_module, "retry_delay", lambda *_: 3600.0)
    await broker.stop()
    fill(cache, 1)
    async with forwarding(cache, authority, broker.port) as forwarder:
        await until(lambda: forwarder.state == "waiting")
        assert 3500 < (forwarder.retry_in_s() or 0) <= 3600
        await asyncio.wait_for(forwarder.stop(), 5)


async def test_live_frames_go_out_one_by_one(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Connected, a frame does not wait for others to fill a message."""
    async with forwarding(cache, authority, broker.port, connect=True) as forwarder:
        await until(lambda: forwarder.state == "connected")
        for number in range(5):
            fill(cache, number)
            await until(delivered(cache))
    assert [numbers([publish.payload]) for publish in broker.publishes] == [[n] for n in range(5)]
    assert all(one.at <= other.at for one, other in pairwise(broker.publishes))


async def test_an_outage_is_told_once_and_its_end_with_how_long(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A line for each reason, none for the attempts between, and one when frames go out again."""
    caplog.set_level(logging.INFO, "appliance")
    monkeypatch.setattr(forwarder_module, "retry_delay", lambda *_: 0.001)
    broker.script.connack = 3
    fill(cache, 1)
    async with forwarding(cache, authority, broker.port):
        await until(lambda: len(broker.connections) >= 3)
        broker.script.connack = 5
        await until(lambda: len(broker.connections) >= 6)
        broker.script.connack = 0
        await until(delivered(cache))
    unavailable, refused, again = caplog.records
    assert "is unavailable" in unavailable.getMessage()
    assert refused.levelname == unavailable.levelname == "WARNING"
    assert again.levelname == "INFO"
    url = f"ssl://broker.localhost:{broker.port}"
    attempts = len(broker.connections) - 1
    assert (
        again.getMessage() == f"connected again to {url} after less than 1 s, {attempts} attempts"
    )


async def test_a_broker_that_accepts_and_hangs_up_does_not_fill_the_log(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As one does whose policy forbids the topic: connected is not yet recovered."""
    caplog.set_level(logging.INFO, "appliance")
    monkeypatch.setattr(forwarder_module, "retry_delay", lambda *_: 0.001)
    broker.script.close_on_publish = 1
    fill(cache, 1)
    async with forwarding(cache, authority, broker.port):
        await until(lambda: len(broker.connections) >= 5)
        broker.script.close_on_publish = None
        await until(delivered(cache))
    first, lost, again = [record.getMessage() for record in caplog.records]
    assert first.startswith("connected to ssl://")
    assert lost.startswith(
        "no connection to the broker: the connection to broker.localhost is lost"
    )
    assert again.startswith("connected again to ")


async def test_a_connection_that_lasts_ends_the_outage(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With no frame to prove it."""
    caplog.set_level(logging.INFO, "appliance")
    monkeypatch.setattr(forwarder_module, "retry_delay", lambda *_: 0.001)
    monkeypatch.setattr(forwarder_module, "LASTING_S", 0.01)
    broker.script.connack = 3
    async with forwarding(cache, authority, broker.port, connect=True):
        await until(lambda: caplog.records)
        broker.script.connack = 0
        await until(lambda: "connected again to" in caplog.text)


async def test_a_cache_that_cannot_be_read_is_told_once(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often it is tried, and that it can be again."""
    caplog.set_level(logging.INFO, "appliance")
    monkeypatch.setattr(delivery, "CACHE_RETRY_S", 0.001)
    tries = 0

    async def refuse(*_: object) -> list[CachedFrame]:
        nonlocal tries
        tries += 1
        raise CacheError("the frame cache cannot be used: check the disk")

    with monkeypatch.context() as patch:
        patch.setattr(cache, "read", refuse)
        fill(cache, 1)
        async with forwarding(cache, authority, broker.port):
            await until(lambda: tries > 3)
            patch.undo()
            await until(delivered(cache))
    texts = [record.getMessage() for record in caplog.records]
    assert texts[1] == "the frame cache cannot be used: check the disk"
    assert texts[2] == "the frame cache can be read again after less than 1 s"
    assert len(texts) == 3
