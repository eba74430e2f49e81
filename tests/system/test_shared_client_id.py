"""Two units with one client ID at a real broker: both find out, and both deliver all the same."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from appliance.forwarding import eviction
from appliance.forwarding.cache import FrameCache
from tests.appliance.forwarding.forwarders import delivered, fill, forwarding
from tests.appliance.forwarding.hurry import hurry
from tests.support.certificates import Authority, Identity
from tests.support.frames import numbers
from tests.support.mosquitto import Mosquitto
from tests.support.subscriber import Subscriber
from tests.support.waiting import until


@pytest.fixture
async def caches(tmp_path: Path) -> AsyncIterator[tuple[FrameCache, FrameCache]]:
    """Those of two units."""
    async with AsyncExitStack() as stack:
        made = []
        for name in ("one", "other"):
            cache = FrameCache(tmp_path / f"{name}.sqlite3", 100_000, 100_000_000)
            await cache.open()
            stack.push_async_callback(cache.close)
            made.append(cache)
        yield made[0], made[1]


async def test_both_find_out_and_both_deliver(
    tmp_path: Path,
    caches: tuple[FrameCache, FrameCache],
    authority: Authority,
    broker_identity: Identity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They evict each other every second at first; then they leave each other time."""
    hurry(monkeypatch, speed=5, patience_s=10, silence_s=1.2)
    monkeypatch.setattr(eviction, "FIRST_WAIT_S", 1.0)
    broker = Mosquitto(tmp_path / "mosquitto", authority, broker_identity)
    one, other = caches
    with broker, Subscriber(broker.port, authority.client_context()) as subscriber:
        async with AsyncExitStack() as stack:
            units = [
                await stack.enter_async_context(
                    forwarding(cache, authority, broker.port, connect=True, status_topic="status")
                )
                for cache in caches
            ]
            numbered = itertools.count()

            def both_know() -> bool:
                number = next(numbered)  # frames come in all the time
                fill(one, number)
                fill(other, 100_000 + number)
                return all("another client seems to use" in (u.last_error or "") for u in units)

            await until(both_know, 30)
            evictions = broker.log().count("already connected")
            await until(delivered(one), 30)
            await until(delivered(other), 30)
            sent = next(numbered)
            assert all("“KAM73471100”" in (unit.last_error or "") for unit in units)
            more = broker.log().count("already connected") - evictions
        expected = {*range(sent), *range(100_000, 100_000 + sent)}
        await until(lambda: frames_at(subscriber) == expected)
    assert more <= 4  # in the time of a dozen
    assert cache_is_whole(one, sent)
    assert cache_is_whole(other, sent)


def frames_at(subscriber: Subscriber) -> set[int]:
    """The numbers of the frames that reached the head-end."""
    return set(numbers(m.payload for m in subscriber.messages if m.topic == "data"))


def cache_is_whole(cache: FrameCache, frames: int) -> bool:
    """Whether every frame was acknowledged, and none set aside."""
    counts = cache.counts()
    return (counts.published, counts.quarantined) == (frames, 0)
