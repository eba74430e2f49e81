"""Carries frames from the cache to the broker of one Configuration.

A change of configuration means another Forwarder on the same cache. Promises: frames go out in
iterations of `batch_frames`, priority first in each; a frame leaves the cache at the PUBACK of its
message and not before; at most WINDOW messages are unacknowledged at a time; a connection is
opened when there is something to send, and stays open; attempts are spaced by the backoff rule.
"""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from appliance.forwarding.backoff import JITTER_MS, retry_delay
from appliance.forwarding.broker_session import BrokerError, BrokerSession
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_file import CacheError
from appliance.forwarding.payload import Message, messages
from appliance.outage import Outage
from appliance.parameters.configuration import Configuration
from appliance.settings import MqttSettings
from appliance.status import BrokerState
from appliance.tasks import start_task

log = logging.getLogger(__name__)

WINDOW = 10  # messages in flight: the least that the brokers in use grant a client (HiveMQ)
LASTING_S = 60.0  # a connection that lasted so long was a success, whatever ended it
SETTLE_S = 5.0  # for what is in flight when the forwarder is stopped
CACHE_RETRY_S = 1.0


@dataclass(slots=True)
class DeliveryCounts:
    """What the unit's forwarders did since it started; one follows the other, the counts stay."""

    connects: int = 0
    published_messages: int = 0
    last_publish: float | None = None  # Unix seconds of the last PUBACK for frames


class Forwarder:
    """The way to one broker; `context` is the TLS client context of `configuration`."""

    def __init__(
        self,
        configuration: Configuration,
        context: ssl.SSLContext,
        cache: FrameCache,
        settings: MqttSettings,
        counts: DeliveryCounts,
    ) -> None:
        self.configuration = configuration
        self._context = context
        self._cache = cache
        self._settings = settings
        self._counts = counts
        self._wake = asyncio.Event()
        self._stopping = False
        self._connect_wanted = False
        self._retries = 0  # since the last success
        self._outage = Outage()  # of the broker, for the log
        self._cache_outage = Outage()
        self._retry_at = 0.0  # on the loop's clock
        self._in_flight: set[asyncio.Future[None]] = set()
        self._outbox: Iterator[Message] = iter(())
        self._cursor = 0  # the last frame taken from the cache on this connection
        self.connected = asyncio.Event()  # set for good by the first connection
        self._confirmed = asyncio.Event()
        self._failed = asyncio.Event()
        # When the broker first acknowledged a message, status or frames (Unix seconds).
        self.first_puback: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.state: BrokerState = "idle"
        self.last_error: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, *, connect: bool) -> None:
        """Begins to forward; with `connect` the connection is opened even with nothing to send."""
        self._connect_wanted = connect
        self._cache.on_append = self._wake.set
        self._task = start_task(self._run(), "forwarder")

    async def stop(self) -> None:
        """Lets what is in flight be acknowledged, disconnects, and ends; the rest stays cached."""
        self._stopping = True
        self._wake.set()
        if self._task is None:
            return
        if self.state != "connected":
            self._task.cancel()
        await asyncio.wait({self._task}, timeout=SETTLE_S)
        self._task.cancel()
        await asyncio.wait({self._task})

    async def proof(
        self,
        timeout: float,  # noqa: ASYNC109 - not an error: the answer is then why not
        *,
        first_failure: bool = True,
    ) -> str | None:
        """None once the broker has confirmed this configuration, otherwise why it has not.

        Confirmed is the status message by its PUBACK, or, with none to send, the connection. With
        `first_failure` the first failed attempt is answer enough; `timeout` is in seconds.
        """
        waiting = [asyncio.create_task(self._confirmed.wait(), name="broker's confirmation")]
        if first_failure:
            waiting.append(asyncio.create_task(self._failed.wait(), name="first failure"))
        try:
            await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if self._confirmed.is_set():
            return None
        return self.last_error or f"the broker has not acknowledged within {timeout:.0f} s"

    def retry_in_s(self) -> float | None:
        """Seconds to the next attempt, while waiting for one."""
        if self.state != "waiting":
            return None
        return round(max(0.0, self._retry_at - self._now()), 1)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            if not self._connect_wanted and not self._cache.counts().cached:
                self.state = "idle"
                await self._wake.wait()
                continue
            self.state = "waiting"
            await asyncio.sleep(self._retry_at - self._now())
            try:
                await self._converse()
            except BrokerError as error:
                self._note_failure(str(error))

    async def _converse(self) -> None:
        """One connection, from its opening to its end. Raises BrokerError when it is lost."""
        self.state = "connecting"
        session = BrokerSession(self.configuration, self._context, self._wake.set)
        lasting: asyncio.TimerHandle | None = None
        try:
            await session.open()
            self._note_connected()
            lasting = asyncio.get_running_loop().call_later(LASTING_S, self._note_success)
            session.greeting.add_done_callback(self._note_greeting)
            await self._deliver(session)
        finally:
            if lasting:
                lasting.cancel()
            await session.close()
            self.state = "idle"

    async def _deliver(self, session: BrokerSession) -> None:
        self._in_flight, self._outbox, self._cursor = set(), iter(()), 0
        while not session.lost:
            self._wake.clear()
            if self._stopping and not self._in_flight:
                return
            if self._stopping or len(self._in_flight) >= WINDOW:
                await self._wake.wait()
            elif message := await self._next_message():
                acknowledged = session.publish(message.topic, message.payload)
                self._in_flight.add(acknowledged)
                acknowledged.add_done_callback(partial(self._settled, message))
            else:
                await self._wake.wait()
        raise BrokerError(session.lost)

    async def _next_message(self) -> Message | None:
        """The next message of this iteration or of the next one; None with nothing to send."""
        if message := next(self._outbox, None):
            return message
        try:
            iteration = await self._cache.read(self._cursor, self._settings.batch_frames)
        except CacheError as error:
            log.log(self._cache_outage.level(str(error), logging.ERROR), "%s", error)
            asyncio.get_running_loop().call_later(CACHE_RETRY_S, self._wake.set)
            return None
        if lasted := self._cache_outage.end():
            log.info("the frame cache can be read again after %s", lasted)
        if not iteration:
            return None
        self._cursor = iteration[-1].id
        configuration = self.configuration
        self._outbox = messages(
            iteration,
            configuration.priority_topic,
            configuration.data_topic,
            self._settings.max_payload,
        )
        return next(self._outbox)

    def _settled(self, message: Message, acknowledged: asyncio.Future[None]) -> None:
        self._in_flight.discard(acknowledged)
        self._wake.set()
        if acknowledged.cancelled():
            return  # the connection went first: the frames are still cached
        self._note_success()
        self._note_puback()
        self._cache.forget(message.frames)
        self._counts.published_messages += 1
        self._counts.last_publish = time.time()

    def _note_connected(self) -> None:
        self.state = "connected"
        self.connected.set()
        self._counts.connects += 1
        # Within an outage it may be lost again at once: its end is told by _note_success.
        level = logging.DEBUG if self._outage.failures else logging.INFO
        log.log(level, "connected to %s", self.configuration.broker)

    def _note_success(self) -> None:
        """The connection serves: a message of frames is acknowledged, or it has lasted."""
        self._retries = 0
        attempts = self._outage.failures
        if lasted := self._outage.end():
            log.info(
                "connected again to %s after %s, %d attempt%s",
                self.configuration.broker, lasted, attempts, "s" * (attempts > 1),
            )  # fmt: skip

    def _note_greeting(self, greeting: asyncio.Future[None]) -> None:
        if not greeting.cancelled():
            self._connect_wanted = False
            self._confirmed.set()
            if self.configuration.status_topic:  # without one the greeting is the CONNACK
                self._note_puback()

    def _note_puback(self) -> None:
        if not self.first_puback.done():
            self.first_puback.set_result(time.time())

    def _note_failure(self, reason: str) -> None:
        delay = retry_delay(self._settings.backoff, self._retries, random.randrange(JITTER_MS))  # noqa: S311
        self._retry_at = self._now() + delay
        needed = self._connect_wanted or self._cache.counts().cached
        coming = f"in {delay:.1f} s" if needed else "with the next frame"
        level = self._outage.level(reason)
        log.log(level, "no connection to the broker: %s; next attempt %s", reason, coming)
        self._retries += 1
        self.last_error = reason
        self._failed.set()
