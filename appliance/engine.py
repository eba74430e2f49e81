"""The forwarding engine: the forwarder at work, and its replacement by another one.

Knows nothing of what is saved or active, nor why it changes: that is `activation`. One change at a
time is the caller's to see to. Radio and cache run on through every change.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError
from appliance.forwarding.forwarder import DeliveryCounts, Forwarder
from appliance.forwarding.payload import messages
from appliance.parameters.configuration import Configuration
from appliance.parameters.refusal import Refused
from appliance.parameters.review import clock_fault
from appliance.parameters.tls import client_context
from appliance.parameters.values import ParameterValues
from appliance.settings import MqttSettings
from appliance.status import Step
from appliance.tasks import start_task

log = logging.getLogger(__name__)

CONFIRM_S = 30.0  # for the broker to confirm; a rehearsal that passed took less

OnStep = Callable[[Step], None]


class Engine:
    """At most one forwarder; `on_first_puback` is told of each one's first PUBACK, and when."""

    def __init__(
        self,
        cache: FrameCache,
        settings: MqttSettings,
        serial_number: str,
        counts: DeliveryCounts,
        on_first_puback: Callable[[Forwarder, float], Awaitable[None]],
    ) -> None:
        self.forwarder: Forwarder | None = None
        self.unfit: str | None = None  # why the active configuration has no forwarder
        self._cache = cache
        self._settings = settings
        self._serial_number = serial_number
        self._counts = counts
        self._on_first_puback = on_first_puback
        self._delivery: asyncio.Task[None] | None = None  # waits for the first PUBACK

    @property
    def first_puback(self) -> float | None:
        """When the forwarder at work had its first PUBACK (Unix seconds)."""
        puback = self.forwarder.first_puback if self.forwarder else None
        return puback.result() if puback and puback.done() else None

    async def prepare(self, values: ParameterValues) -> tuple[Configuration, ssl.SSLContext]:
        """What a forwarder needs; raises ConfigurationRefused."""
        return await asyncio.to_thread(self._prepare, values)

    async def serve(self, values: ParameterValues, *, connect: bool) -> None:
        """Puts values into service that are active; unfit ones are only named."""
        try:
            prepared = await self.prepare(values)
        except Refused as error:
            await self.retire()
            self.unfit = f"the active configuration cannot serve: {error}"
            log.error("%s; correct it, then activate", self.unfit)
        else:
            await self.swap(*prepared, connect=connect)

    async def swap(
        self, configuration: Configuration, context: ssl.SSLContext, *, connect: bool = True
    ) -> Forwarder:
        """Puts a new forwarder in the place of the one at work; `connect`: without waiting."""
        await self.retire()
        self.forwarder = forwarder = Forwarder(
            configuration,
            context,
            self._cache,
            self._settings,
            self._counts,
            clock_is_wrong=lambda: clock_fault(datetime.now(UTC)) is not None,
        )
        forwarder.start(connect=connect)
        self._delivery = start_task(self._await_first_puback(forwarder), "first delivery")
        return forwarder

    async def retire(self) -> None:
        """Settles what is in flight and disconnects; no forwarder is at work."""
        if self.forwarder:
            await self.forwarder.stop()
        if self._delivery:
            self._delivery.cancel()
        self.forwarder = self.unfit = self._delivery = None

    def occupies(self, configuration: Configuration) -> str | None:
        """Why a second CONNECT would do harm, or None: the broker would evict the first."""
        forwarder = self.forwarder
        if forwarder and forwarder.state == "connected":
            serving = forwarder.configuration
            if (serving.broker, serving.client_id) == (
                configuration.broker,
                configuration.client_id,
            ):
                return "this unit is connected there under the same client ID: Activate will tell"
        return None

    async def largest_message(self, values: ParameterValues) -> int | None:
        """Bytes of the largest payload of the next iteration; None with nothing cached."""
        event, data = values["event-topic"] or values["data-topic"], values["data-topic"]
        try:
            iteration = await self._cache.read(0, self._settings.batch_frames)
        except CacheError:
            return None  # noted by the cache; no reason to refuse a configuration
        sizes = [
            len(each.payload)
            for each in messages(iteration, event, data, self._settings.max_payload)
        ]
        return max(sizes, default=None)

    def _prepare(self, values: ParameterValues) -> tuple[Configuration, ssl.SSLContext]:
        configuration = Configuration.from_values(values, self._serial_number)
        return configuration, client_context(configuration, self._settings.tls_maximum)

    async def _await_first_puback(self, forwarder: Forwarder) -> None:
        await self._on_first_puback(forwarder, await forwarder.first_puback)


async def prove(forwarder: Forwarder, on_step: OnStep) -> str | None:
    """Waits for the broker's confirmation, telling `on_step` of it; returns why there is none."""
    clock = asyncio.get_running_loop().time
    began = clock()

    async def tell_of_connection() -> None:
        await forwarder.connected.wait()
        text = f"connected to {forwarder.configuration.broker}"
        on_step(Step("connect", "ok", clock() - began, text))

    telling = asyncio.create_task(tell_of_connection(), name="activation's connection")
    try:
        reason = await forwarder.proof(CONFIRM_S)
        if forwarder.connected.is_set():
            await telling
    finally:
        telling.cancel()
    seconds = clock() - began
    if not forwarder.connected.is_set():
        on_step(Step("connect", "failed", seconds, reason or ""))
    elif reason is not None:
        on_step(Step("puback", "failed", seconds, reason))
    elif forwarder.configuration.status_topic:
        on_step(Step("puback", "ok", seconds, "acknowledged by the broker"))
    else:
        words = "no status topic: the connection is the proof, frames follow"
        on_step(Step("puback", "skipped", seconds, words))
    return reason
