import asyncio
from collections.abc import Sequence

import pytest

from appliance.forwarding import forwarder as forwarder_module
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_storage import CacheStorage
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.forwarder import WINDOW
from appliance.settings import MqttSettings
from tests.appliance.forwarding.caches import held_up, stored
from tests.appliance.forwarding.damages import damage_in_use
from tests.appliance.forwarding.forwarders import delivered, fill, forwarding
from tests.support.certificates import Authority
from tests.support.frames import numbers
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until


async def test_what_is_not_deleted_yet_counts_in_the_window(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A kill would bring it back: it must not become more than a window full."""
    deletions: list[asyncio.Future[None]] = []
    forget = cache.forget

    def slowly(frames: Sequence[CachedFrame]) -> asyncio.Future[None]:
        forget(frames)
        deletions.append(asyncio.get_running_loop().create_future())
        return deletions[-1]

    monkeypatch.setattr(cache, "forget", slowly)
    fill(cache, *range(400))
    async with forwarding(cache, authority, broker.port, MqttSettings(batch_frames=10)):
        await until(lambda: len(deletions) == WINDOW)
        await asyncio.sleep(0.1)
        assert len(broker.publishes) == WINDOW  # all of them acknowledged
        for expected in (WINDOW + 1, WINDOW + 2):
            deletions[expected - WINDOW - 1].set_result(None)
            await until(lambda e=expected: len(broker.publishes) == e)  # type: ignore[misc]
        while not delivered(cache)():
            for each in deletions:
                if not each.done():
                    each.set_result(None)
            await asyncio.sleep(0.01)
    assert numbers(p.payload for p in broker.publishes) == list(range(400))


async def test_deletions_of_the_last_connection_count_too(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are on disk as much as before."""
    waiting: list[asyncio.Future[None]] = []
    forget = cache.forget

    def never(frames: Sequence[CachedFrame]) -> asyncio.Future[None]:
        forget(frames)
        waiting.append(asyncio.get_running_loop().create_future())
        return waiting[-1]

    monkeypatch.setattr(cache, "forget", never)
    broker.script.close_on_publish = 4
    fill(cache, *range(400))
    async with forwarding(cache, authority, broker.port, MqttSettings(batch_frames=10)):
        await until(lambda: len(waiting) == WINDOW, 20)
        assert len(broker.connections) > 1
        assert len(broker.publishes) == WINDOW + len(broker.connections) - 1
        for each in waiting:
            each.set_result(None)


async def test_frames_that_come_back_are_sent_in_their_place(
    cache: FrameCache, authority: Authority, broker: RecordingBroker
) -> None:
    """Those released from quarantine are older than what is sent already: nothing comes twice."""
    fill(cache, *range(10))
    await cache.quarantine((await cache.read(0, 10))[2:5], "refused")
    async with forwarding(cache, authority, broker.port):
        await until(delivered(cache))
        fill(cache, *range(10, 20))
        assert await cache.release() == 3
        await until(delivered(cache))
    came = numbers(publish.payload for publish in broker.publishes)
    assert sorted(came) == list(range(20))
    assert cache.counts().published == 20


async def test_a_forwarder_that_stops_while_a_damaged_file_is_replaced_holds_up_no_other(
    cache: FrameCache,
    authority: Authority,
    broker: RecordingBroker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another configuration serves, and finds all that could be read."""
    monkeypatch.setattr(forwarder_module, "SETTLE_S", 0.1)  # the disk is slower than that
    fill(cache, *range(1000))
    await until(stored(cache))
    damage_in_use(cache._disk._storage.file, 30, 4)
    entered, leave = held_up(monkeypatch, CacheStorage, "begin_anew")
    async with forwarding(cache, authority, broker.port):
        await until(entered.is_set)
    leave.set()
    async with forwarding(cache, authority, broker.port):
        fill(cache, 1000)
        await until(delivered(cache))
    counts = cache.counts()
    assert counts.published == 1001 - counts.dropped > 900
