"""The unit's parts as `status` tells of them (interface 8)."""

from appliance.engine import Engine
from appliance.forwarding.cache_change import CacheCounts
from appliance.forwarding.forwarder import DeliveryCounts
from appliance.radio.reception import ReceptionReport
from appliance.status import BrokerStatus, CacheStatus, RadioStatus, utc


def radio_status(radio: ReceptionReport, counts: CacheCounts) -> RadioStatus:
    """What comes in; the counts outlive a restart, what was heard last does not."""
    last = next(iter(radio.latest), None)
    return RadioStatus(
        state=radio.state,
        frames=counts.received,
        priority_frames=counts.received_priority,
        rejected_records=radio.tally.rejected,
        last_frame=utc(last.received_at if last else None),
        last_rssi=last.rssi if last else None,
        error=radio.error,
    )


def cache_status(counts: CacheCounts, error: str | None) -> CacheStatus:
    """What waits; `error` is what is wrong with the storage."""
    return CacheStatus(
        frames=counts.cached,
        priority_frames=counts.cached_priority,
        dropped_frames=counts.dropped,
        quarantined_frames=counts.quarantined,
        bytes=counts.bytes,
        error=error,
    )


def broker_status(engine: Engine, counts: DeliveryCounts, published: int) -> BrokerStatus:
    """What goes out; `published` frames since the unit was provisioned."""
    forwarder = engine.forwarder
    return BrokerStatus(
        state=forwarder.state if forwarder else "unconfigured",
        url=str(forwarder.configuration.broker) if forwarder else None,
        connects=counts.connects,
        published_frames=published,
        published_messages=counts.published_messages,
        last_publish=utc(counts.last_publish),
        retry_in_s=forwarder.retry_in_s() if forwarder else None,
        last_error=forwarder.last_error if forwarder else engine.unfit,
        findings=forwarder.findings if forwarder else None,
    )
