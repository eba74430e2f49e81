"""The unit: radio, cache and forwarder wired together, and the facade that its doors see.

Promises: radio and cache run from start to stop, whatever is configured meanwhile; saving and
activating check everything before they change anything. Lives on the event loop; whatever blocks
(disk, certificates) happens on threads.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from appliance.activation import Activator, Trial
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cached_frame import QuarantinedFrame
from appliance.forwarding.forwarder import DeliveryCounts
from appliance.forwarding.unit_clock import Bounds, UnitClock
from appliance.journal import Journal
from appliance.parameters.accepted import Accepted
from appliance.parameters.catalogue import parameter
from appliance.parameters.description import describe
from appliance.parameters.finding import Finding
from appliance.parameters.review import clock_bounds
from appliance.parameters.store import Activation, ParameterStore
from appliance.parameters.transfer import accept_all
from appliance.parameters.values import ParameterValues
from appliance.radio.frame import RadioFrame
from appliance.radio.receiver import Receiver
from appliance.radio.reception import Reception, ReceptionReport
from appliance.saving import Saving
from appliance.settings import Settings
from appliance.status import ConfigurationStatus, Status, Step, UnitStatus, utc
from appliance.status_report import broker_status, cache_status, radio_status
from appliance.tasks import Works

log = logging.getLogger(__name__)

DISTRIBUTION = "openlinkiq-concentrator"


class Unit:
    """One concentrator; `serial_number` is the label's, the client ID where none is set.

    `host_key_fingerprint` is that of its SSH host key, as on the label and as ssh prints it.
    """

    def __init__(
        self, settings: Settings, serial_number: str, *, host_key_fingerprint: str = ""
    ) -> None:
        self.serial_number = serial_number
        self.host_key_fingerprint = host_key_fingerprint
        self.version = version(DISTRIBUTION)
        self.journal = Journal(settings.unit.state_dir)
        self._settings = settings
        self._store = ParameterStore(settings.unit.state_dir)
        self._cache = FrameCache(
            settings.unit.state_dir / "cache.sqlite3",
            settings.cache.max_frames,
            settings.cache.max_bytes,
            UnitClock(Bounds(*(each.timestamp() for each in clock_bounds()))),
        )
        self._reception = Reception()
        self._receiver = Receiver(
            settings.radio.url, settings.radio.baudrate, self._take_in, self._reception.rejected
        )
        self._counts = DeliveryCounts()
        self._activator = Activator(
            self._store, self._cache, settings.mqtt, serial_number, self._counts
        )
        self._saving = Saving(self._store)
        self._changes = Works()  # of what is in service
        self._started = time.monotonic()

    async def start(self) -> None:
        """Listens to the radio, opens the cache, forwards with the active configuration.

        Raises StoreError; a missing modem or broker is no reason to fail, nor a disk that refuses.
        """
        await self.journal.start()
        log.info("unit %s starts, concentrator %s", self.serial_number, self.version)
        await asyncio.to_thread(self._store.load)
        self._receiver.start()
        await self._cache.open()
        if self._cache.begun and self._store.activations:
            log.warning("the frame cache is gone, and what it held: a new one is begun")
        await self._activator.resume()

    async def stop(self) -> None:
        """Stops the radio, settles what is in flight, disconnects, and writes the cache."""
        try:
            await self._receiver.stop()
            self._changes.cancel()
            await self._activator.stop()
            await self._cache.close()
        finally:
            await self.journal.stop()

    @property
    def saved(self) -> ParameterValues:
        """The saved values, as Activate would put them into service."""
        return self._store.saved

    @property
    def active(self) -> ParameterValues | None:
        """The values in service; None before the first activation."""
        active = self._store.active
        return active.values if active else None

    @property
    def pending(self) -> tuple[str, ...]:
        """The keys whose saved value differs from the active one, in the catalogue's order."""
        active = self.active
        saved = self._store.saved.items()
        return tuple(key for key, text in saved if text != (active[key] if active else ""))

    async def save(self, key: str, text: str, by: str, *, expected: str | None = None) -> Accepted:
        """Validates and stores one value; raises Refused or StoreError, and then nothing changed.

        `by` says who, for the log: "tech from 192.0.2.7". With `expected`, the saved value that
        the caller started from, a value somebody else has saved meanwhile raises Changed.
        """
        accepted = await asyncio.to_thread(parameter(key).accept, text)
        await self._saving.save({key: accepted.text}, by, {key: expected})
        return accepted

    async def clear(self, key: str, by: str, *, expected: str | None = None) -> None:
        """Empties a saved value; raises Refused for an unknown key, Changed, or StoreError."""
        key = parameter(key).key
        await self._saving.save({key: ""}, by, {key: expected})

    async def save_all(self, texts: Mapping[str, str], by: str) -> tuple[Finding, ...]:
        """Validates and stores several values, all or nothing; answers with the warnings.

        Raises ConfigurationRefused naming every refused value, or StoreError.
        """
        accepted = await asyncio.to_thread(accept_all, texts)
        await self._saving.save({key: each.text for key, each in accepted.items()}, by, {})
        return tuple(
            Finding("warning", warning, key)
            for key, each in accepted.items()
            for warning in each.warnings
        )

    def describe(self, key: str) -> tuple[str, ...]:
        """Lines that describe a saved certificate or key; () for other parameters."""
        return describe(key, self._store.saved, datetime.now(UTC))

    def describe_active(self, key: str) -> tuple[str, ...]:
        """The same of the certificate or key in service; () where none is."""
        return describe(key, self.active or ParameterValues(), datetime.now(UTC))

    async def review(self) -> tuple[Finding, ...]:
        """Errors and warnings of the saved configuration as a whole."""
        return await self._activator.review()

    def rehearse(self) -> AsyncIterator[Step]:
        """Tries the saved configuration against its broker; raises ConfigurationRefused."""
        return self._activator.rehearse()

    async def activate(
        self,
        by: str,
        *,
        check: bool = True,
        on_step: Callable[[Step], None] = lambda _: None,
    ) -> Trial | None:
        """Puts all saved values into service; a Trial where the broker has not confirmed them.

        Radio and cache go on meanwhile. With `check` the whole is reviewed and rehearsed first,
        `on_step` being told each step. Raises ConfigurationRefused, RehearsalFailedError, Refused
        while another trial is undecided, StoreError; then the earlier configuration serves on. An
        activation that has begun is carried out, also when whoever asked for it is gone.
        """
        return await self._changes.carry_through(
            self._activator.activate(by, check=check, on_step=on_step), "activation"
        )

    @property
    def trial(self) -> Trial | None:
        """The configuration that serves unconfirmed and waits for a decision, if there is one."""
        return self._activator.trial

    async def keep(self, by: str) -> None:
        """Ends the trial: the configuration on it stays. Raises StoreError."""
        await self._changes.carry_through(self._activator.keep(by), "keeping")

    async def go_back(self, why: str) -> None:
        """Ends the trial: the earlier configuration serves again. Raises StoreError."""
        await self._changes.carry_through(self._activator.go_back(why), "going back")

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The last activations, newest first; those that went back too."""
        return self._store.activations

    @property
    def notice(self) -> str | None:
        """What the next technician has to know: the last activation did not stay."""
        newest = next(iter(self._store.activations), None)
        if newest is None or newest.in_service:
            return None
        at = datetime.fromtimestamp(newest.at, UTC)
        return f"The activation of {at:%Y-%m-%d %H:%M} UTC by {newest.by} {newest.outcome}."

    async def quarantined(self, limit: int = 1000) -> tuple[QuarantinedFrame, ...]:
        """Frames that were set aside because the broker would not take them, oldest first.

        Raises CacheError.
        """
        return tuple(await self._cache.quarantined(limit))

    async def release_quarantined(self, by: str) -> int:
        """Puts all of them back in the queue; how many. Raises CacheError."""
        number = await self._cache.release()
        if number:
            log.info("frames released from quarantine by %s: %d", by, number)
        return number

    def _take_in(self, frame: RadioFrame, received_at: float) -> None:
        priority = frame.is_priority(self._settings.radio.priority_mask)
        self._reception.heard(frame, received_at, priority=priority)
        self._cache.append(frame, received_at, priority=priority)

    def reception(self) -> ReceptionReport:
        """The radio at this moment, and what it heard since the unit started."""
        radio = self._receiver.status()
        return self._reception.report(radio.state, radio.error, radio.modem)

    def status(self) -> Status:
        """The unit at this moment (interface 8)."""
        active, counts = self._store.active, self._cache.counts()
        uptime_s = int(time.monotonic() - self._started)
        return Status(
            unit=UnitStatus(self.serial_number, self.version, uptime_s),
            radio=radio_status(self.reception(), counts),
            cache=cache_status(counts, self._cache.health),
            broker=broker_status(self._activator.engine, self._counts, counts.published),
            configuration=ConfigurationStatus(utc(active.at if active else None), self.pending),
        )
