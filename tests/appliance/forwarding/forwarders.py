"""Forwarders at work, for the tests of forwarding."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from appliance.forwarding.cache import FrameCache
from appliance.forwarding.forwarder import DeliveryCounts, Forwarder
from appliance.parameters.tls import client_context
from appliance.settings import MqttSettings
from tests.support.certificates import Authority
from tests.support.configurations import configuration
from tests.support.frames import radio_frame


@asynccontextmanager
async def forwarding(
    cache: FrameCache,
    authority: Authority,
    port: int,
    settings: MqttSettings | None = None,
    *,
    connect: bool = False,
    **changes: str,
) -> AsyncIterator[Forwarder]:
    """A forwarder at work; `changes` name parameters with _ for -."""
    chosen = configuration(port, authority, **changes)
    forwarder = Forwarder(
        chosen, client_context(chosen, "1.2"), cache, settings or MqttSettings(), DeliveryCounts()
    )
    forwarder.start(connect=connect)
    try:
        yield forwarder
    finally:
        await forwarder.stop()


def fill(cache: FrameCache, *numbers: int, priority: Callable[[int], bool] = bool) -> None:
    """Frames of these numbers come in; none is of priority unless `priority` says so."""
    for number in numbers:
        important = priority is not bool and priority(number)
        cache.append(radio_frame(number, size=60), 1_700_000_000, priority=important)


def delivered(cache: FrameCache) -> Callable[[], bool]:
    """Whether everything was acknowledged."""
    return lambda: cache.counts().cached == 0
