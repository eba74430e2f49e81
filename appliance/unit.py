"""The unit: radio, cache and forwarder wired together, and the facade that its doors see.

Promises: radio and cache run from start to stop, whatever is configured meanwhile; saving and
activating check everything before they change anything. Lives on the event loop; whatever blocks
(disk, certificates) happens on threads.
"""

import asyncio
import logging
import ssl
import time
from importlib.metadata import version

from appliance.forwarding.cache import FrameCache
from appliance.forwarding.forwarder import DeliveryCounts, Forwarder
from appliance.parameters.accepted import Accepted
from appliance.parameters.catalogue import parameter
from appliance.parameters.configuration import Configuration
from appliance.parameters.refusal import Refused
from appliance.parameters.store import ParameterStore
from appliance.parameters.tls import client_context
from appliance.parameters.values import ParameterValues
from appliance.radio.frame import RadioFrame
from appliance.radio.receiver import Receiver
from appliance.settings import Settings
from appliance.status import (
    BrokerStatus,
    CacheStatus,
    ConfigurationStatus,
    RadioStatus,
    Status,
    UnitStatus,
    utc,
)

log = logging.getLogger(__name__)

DISTRIBUTION = "openlinkiq-concentrator"


class Unit:
    """One concentrator; `serial_number` is the label's, the client ID where none is set."""

    def __init__(self, settings: Settings, serial_number: str) -> None:
        self.serial_number = serial_number
        self.version = version(DISTRIBUTION)
        self._settings = settings
        self._store = ParameterStore(settings.unit.state_dir)
        self._cache = FrameCache(
            settings.unit.state_dir / "cache.sqlite3",
            settings.cache.max_frames,
            settings.cache.max_bytes,
        )
        self._receiver = Receiver(settings.radio.url, settings.radio.baudrate, self._take_in)
        self._forwarder: Forwarder | None = None
        self._unfit: str | None = None  # why the active configuration has no forwarder
        self._counts = DeliveryCounts()
        self._changing = asyncio.Lock()  # one save or activation at a time
        self._activations: set[asyncio.Task[None]] = set()
        self._started = time.monotonic()

    async def start(self) -> None:
        """Opens the cache, forwards with the active configuration, and listens to the radio.

        Raises CacheError and StoreError; a missing modem or broker is no reason to fail.
        """
        await asyncio.to_thread(self._store.load)
        self._receiver.start()
        await self._cache.open()
        if self._store.active is not None:
            try:
                prepared = await asyncio.to_thread(self._prepare, self._store.active)
            except Refused as error:
                self._unfit = f"the active configuration cannot serve: {error}"
                log.error("%s", self._unfit)
            else:
                self._forward(*prepared, connect=False)

    async def stop(self) -> None:
        """Stops the radio, settles what is in flight, disconnects, and writes the cache."""
        await self._receiver.stop()
        if self._activations:
            await asyncio.wait(self._activations)
        if self._forwarder:
            await self._forwarder.stop()
        await self._cache.close()

    @property
    def saved(self) -> ParameterValues:
        """The saved values, as Activate would put them into service."""
        return self._store.saved

    @property
    def active(self) -> ParameterValues | None:
        """The values in service; None before the first activation."""
        return self._store.active

    @property
    def pending(self) -> tuple[str, ...]:
        """The keys whose saved value differs from the active one, in the catalogue's order."""
        active = self._store.active
        return tuple(
            key
            for key, saved in self._store.saved.items()
            if saved != (active[key] if active else "")
        )

    async def save(self, key: str, text: str, by: str) -> Accepted:
        """Validates and stores one value; raises Refused or StoreError, and then nothing changed.

        `by` says who, for the log: "tech from 192.0.2.7".
        """
        accepted = await asyncio.to_thread(parameter(key).accept, text)
        await self._store_saved(key, accepted.text)
        log.info("%s saved by %s", key, by)
        return accepted

    async def clear(self, key: str, by: str) -> None:
        """Empties a saved value; raises Refused for an unknown key, or StoreError."""
        await self._store_saved(parameter(key).key, "")
        log.info("%s cleared by %s", key, by)

    async def _store_saved(self, key: str, text: str) -> None:
        async with self._changing:
            values = self._store.saved.changed(key, text)
            await asyncio.to_thread(self._store.save, values)

    async def activate(self, by: str) -> None:
        """Puts all saved values into service: the whole is checked, then the forwarder is replaced.

        Radio and cache go on meanwhile. Raises ConfigurationRefused or StoreError, and then the
        old configuration serves on. An activation that has begun is carried out, also when whoever
        asked for it is gone.
        """
        activation = asyncio.create_task(self._activate(by), name="activation")
        self._activations.add(activation)
        activation.add_done_callback(self._activations.discard)
        await asyncio.shield(activation)

    async def _activate(self, by: str) -> None:
        async with self._changing:
            values = self._store.saved
            configuration, context = await asyncio.to_thread(self._prepare, values)
            await asyncio.to_thread(self._store.activate, values, time.time())
            if self._forwarder:
                await self._forwarder.stop()
            self._forward(configuration, context, connect=True)
        log.info("configuration activated by %s", by)

    def _prepare(self, values: ParameterValues) -> tuple[Configuration, ssl.SSLContext]:
        configuration = Configuration.from_values(values, self.serial_number)
        return configuration, client_context(configuration, self._settings.mqtt.tls_maximum)

    def _forward(
        self, configuration: Configuration, context: ssl.SSLContext, *, connect: bool
    ) -> None:
        self._forwarder = Forwarder(
            configuration, context, self._cache, self._settings.mqtt, self._counts
        )
        self._forwarder.start(connect=connect)

    def _take_in(self, frame: RadioFrame, received_at: float) -> None:
        priority = frame.is_priority(self._settings.radio.priority_mask)
        self._cache.append(frame, received_at, priority=priority)

    def status(self) -> Status:
        """The unit at this moment (interface 8)."""
        return Status(
            unit=UnitStatus(
                self.serial_number, self.version, int(time.monotonic() - self._started)
            ),
            radio=self._radio_status(),
            cache=self._cache_status(),
            broker=self._broker_status(),
            configuration=ConfigurationStatus(utc(self._store.active_since), self.pending),
        )

    def _radio_status(self) -> RadioStatus:
        radio, counts = self._receiver.status(), self._cache.counts()
        return RadioStatus(
            state=radio.state,
            frames=counts.received,
            priority_frames=counts.received_priority,
            rejected_records=radio.rejected_records,
            last_frame=utc(radio.last_frame),
            last_rssi=radio.last_rssi,
            error=radio.error,
        )

    def _cache_status(self) -> CacheStatus:
        counts = self._cache.counts()
        return CacheStatus(
            frames=counts.cached,
            priority_frames=counts.cached_priority,
            dropped_frames=counts.dropped,
            quarantined_frames=counts.quarantined,
            bytes=counts.bytes,
        )

    def _broker_status(self) -> BrokerStatus:
        forwarder, active = self._forwarder, self._store.active
        return BrokerStatus(
            state=forwarder.state if forwarder else "unconfigured",
            url=active["broker-url"] if active else None,
            connects=self._counts.connects,
            published_frames=self._cache.counts().published,
            published_messages=self._counts.published_messages,
            last_publish=utc(self._counts.last_publish),
            retry_in_s=forwarder.retry_in_s() if forwarder else None,
            last_error=forwarder.last_error if forwarder else self._unfit,
        )
