"""A message that the broker will not take, over real connections: the others go on."""

import logging
import random

import pytest

from appliance.forwarding import held_topics
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError
from appliance.settings import MqttSettings
from tests.appliance.forwarding.forwarders import delivered, fill, forwarding
from tests.appliance.forwarding.hurry import hurry
from tests.support.certificates import Authority
from tests.support.frames import numbers
from tests.support.mqtt_packets import Publish
from tests.support.recording_broker import RecordingBroker, puback
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, patience_s=0.1)


def holds(publish: Publish, *bad: int) -> bool:
    """Whether one of these frames is in the message."""
    return publish.topic != "status" and not set(bad).isdisjoint(numbers([publish.payload]))


def every_seventh(number: int) -> bool:
    """Frames of priority."""
    return number % 7 == 0


@pytest.mark.parametrize("status", ["", "status"])
async def test_one_frame_among_many_is_set_aside(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    caplog: pytest.LogCaptureFixture,
    status: str,
) -> None:
    """Found by halving, tried against others, named; it comes back when it is released."""
    caplog.set_level(logging.WARNING, "appliance")
    broker.script.refuses = lambda publish: holds(publish, 301)
    fill(cache, *range(1200), priority=every_seventh)
    async with forwarding(cache, authority, broker.port, status_topic=status) as forwarder:
        await until(delivered(cache), 30)
        assert "a frame of 60 bytes" in (forwarder.last_error or "")
        counts = cache.counts()
        assert (counts.published, counts.quarantined) == (1199, 1)
        (aside,) = await cache.quarantined(10)
        assert int.from_bytes(aside.frame.mbal[:4], "big") == 301
        assert aside.reason.startswith("for “event”: the broker closes the connection at it")
        broker.script.refuses = lambda _: False
        assert await cache.release() == 1
        await until(delivered(cache))
        assert forwarder.last_error is None
    assert cache.counts().quarantined == 0
    assert sorted(set(numbers(p.payload for p in broker.publishes if p.topic != "status"))) == list(
        range(1200)
    )
    assert "a frame of 60 bytes received 2023-11-14 22:13:20 UTC was set aside" in caplog.text


async def test_a_frame_that_is_never_acknowledged_is_set_aside(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """A broker that throws away without a word is found out in the same way."""
    broker.script.answer = lambda p: b"" if holds(p, 20) else puback(p)
    fill(cache, *range(60))
    async with forwarding(cache, authority, broker.port):
        await until(delivered(cache), 30)
    assert cache.counts().quarantined == 1
    (aside,) = await cache.quarantined(10)
    assert "does not acknowledge it" in aside.reason


async def test_a_disk_that_refuses_does_not_stop_the_others(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be set aside stays cached, and is not sent for the time being."""

    async def refuse(*_: object) -> None:
        raise CacheError("the disk is full")

    broker.script.refuses = lambda publish: holds(publish, 20)
    fill(cache, *range(60))
    with monkeypatch.context() as patch:
        patch.setattr(cache, "quarantine", refuse)
        async with forwarding(cache, authority, broker.port):
            await until(lambda: cache.counts().cached == 1, 30)


@pytest.mark.parametrize("forbidden", ["event", "data"])
async def test_a_topic_that_is_forbidden_is_held_back(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
    forbidden: str,
) -> None:
    """Nothing is set aside; the other topic's frames go on, and all of them once it is allowed."""
    monkeypatch.setattr(held_topics, "FIRST_S", 0.3)
    broker.script.refuses = lambda publish: publish.topic == forbidden
    fill(cache, *range(1200), priority=every_seventh)
    allowed = [n for n in range(1200) if every_seventh(n) == (forbidden == "data")]
    async with forwarding(cache, authority, broker.port, status_topic="status") as forwarder:
        await until(lambda: cache.counts().published == len(allowed), 30)
        await until(lambda: forwarder.state == "connected")
        assert f"each message to “{forbidden}”: it may forbid" in (forwarder.last_error or "")
        fill(cache, *range(1200, 1210), priority=lambda _: forbidden == "data")
        await until(lambda: cache.counts().published == len(allowed) + 10, 30)
        broker.script.refuses = lambda _: False
        await until(delivered(cache), 30)
        await until(lambda: forwarder.last_error is None)
    assert cache.counts().quarantined == 0
    for topic in ("event", "data"):
        came = numbers(p.payload for p in broker.publishes if p.topic == topic)
        assert list(dict.fromkeys(came)) == sorted(set(came)) or topic == forbidden


async def test_a_status_topic_that_is_forbidden_stops_nothing_else(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Frames go out without the status message before them."""
    broker.script.refuses = lambda publish: publish.topic == "status"
    fill(cache, *range(100))
    async with forwarding(
        cache, authority, broker.port, MqttSettings(batch_frames=10), status_topic="status"
    ) as forwarder:
        await until(delivered(cache), 30)
        await until(lambda: "“status”" in (forwarder.last_error or ""), 30)
    assert cache.counts().quarantined == 0


async def test_a_size_limit_is_found_and_kept(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Larger messages fail, smaller ones pass: no frame is at fault."""
    broker.script.refuses = lambda publish: len(publish.payload) > 8000
    fill(cache, *range(2000))
    async with forwarding(cache, authority, broker.port) as forwarder:
        await until(delivered(cache), 30)
        assert "takes only messages of up to about" in (forwarder.last_error or "")
        losses = sum(connection.closed_at is not None for connection in broker.connections)
        fill(cache, *range(2000, 3000))
        await until(delivered(cache), 30)
        assert sum(c.closed_at is not None for c in broker.connections) == losses
    assert cache.counts().quarantined == 0
    assert list(dict.fromkeys(numbers(p.payload for p in broker.publishes))) == list(range(3000))


@pytest.mark.parametrize("seed", range(4))
async def test_a_line_that_fails_at_random_costs_no_frame(
    cache: FrameCache, authority: Authority, broker: RecordingBroker, seed: int
) -> None:
    """Every third message ends the connection, before its PUBACK or just behind it."""
    chance = random.Random(seed)

    def fails(publish: Publish) -> bytes | None:
        if chance.random() < 1 / 3:
            return None
        return puback(publish)

    broker.script.answer = fails
    fill(cache, *range(300), priority=every_seventh)
    async with forwarding(
        cache, authority, broker.port, MqttSettings(batch_frames=20), status_topic="status"
    ) as forwarder:
        await until(delivered(cache), 50)
        assert not any("set aside" in each for each in forwarder._suspicion.findings)
    assert (cache.counts().quarantined, cache.counts().published) == (0, 300)
    came = numbers(p.payload for p in broker.publishes if p.topic == "data")
    assert set(came) == {n for n in range(300) if n % 7}


async def test_what_was_acknowledged_is_not_sent_again_in_any_search(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Duplicates come only of messages that had no PUBACK."""
    acknowledged: list[int] = []

    def answer(publish: Publish) -> bytes | None:
        if holds(publish, 3, 77, 150):
            return None
        acknowledged.extend(numbers([publish.payload]))
        return puback(publish)

    broker.script.answer = answer
    fill(cache, *range(200))
    async with forwarding(cache, authority, broker.port):
        await until(delivered(cache), 50)
    assert cache.counts().quarantined == 3
    assert sorted(acknowledged) == [n for n in range(200) if n not in (3, 77, 150)]


async def test_a_broker_that_forbids_everything_for_a_while_is_tried_all_the_while(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """No connection stays open in silence, and once all is allowed everything goes out."""
    broker.script.refuses = lambda _: True
    fill(cache, *range(20))
    async with forwarding(cache, authority, broker.port, status_topic="status"):
        await until(lambda: len(broker.connections) >= 40, 30)
        broker.script.refuses = lambda _: False
        await until(delivered(cache), 30)
    assert cache.counts().quarantined == 0
