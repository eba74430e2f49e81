from pathlib import Path

from appliance.engine import Engine
from appliance.forwarding.cache_change import CacheCounts
from appliance.forwarding.forwarder import DeliveryCounts, Forwarder
from appliance.parameters.values import ParameterValues
from appliance.radio.reception import Reception
from appliance.settings import Settings
from appliance.status_report import broker_status, cache_status, radio_status
from tests.appliance.forwarding.caches import opened
from tests.support.frames import radio_frame

COUNTS = CacheCounts(
    received=10, received_priority=3, cached=4, cached_priority=1,
    published=3, dropped=2, quarantined=1, bytes=5120,
)  # fmt: skip


def test_what_was_heard_last_is_that_of_this_start() -> None:
    """The counts are the cache's, which outlive it."""
    reception = Reception()
    before = radio_status(reception.report("silent", "no frame yet", "modem"), COUNTS)
    assert (before.frames, before.priority_frames) == (10, 3)
    assert (before.last_frame, before.last_rssi, before.error) == (None, None, "no frame yet")
    frame = radio_frame(1)
    reception.heard(frame, 1_800_000_000.0, priority=False)
    after = radio_status(reception.report("receiving", None, "modem"), COUNTS)
    assert after.last_frame is not None
    assert (after.last_frame.timestamp(), after.last_rssi) == (1_800_000_000.0, frame.rssi)
    assert (after.state, after.error) == ("receiving", None)


def test_every_frame_is_accounted_for() -> None:
    """What came in is what went out, waits, was dropped or set aside."""
    cache = cache_status(COUNTS, "full")
    assert (cache.frames, cache.priority_frames) == (4, 1)
    assert (cache.dropped_frames, cache.quarantined_frames) == (2, 1)
    assert (cache.bytes, cache.error) == (5120, "full")


async def test_a_broker_that_is_not_configured_is_none(tmp_path: Path) -> None:
    """And what keeps an active configuration from serving is said in its place."""
    async with opened(tmp_path) as cache:
        engine = Engine(cache, Settings().mqtt, "KAM1", DeliveryCounts(), forget)
        status = broker_status(engine, DeliveryCounts(connects=2), published=7)
        assert (status.state, status.url, status.retry_in_s) == ("unconfigured", None, None)
        assert (status.published_frames, status.connects, status.last_error) == (7, 2, None)
        await engine.serve(ParameterValues(), connect=False)
        assert engine.unfit
        assert broker_status(engine, DeliveryCounts(), 0).last_error == engine.unfit


async def forget(_: Forwarder, __: float) -> None:
    """Takes no notice of a first PUBACK."""
