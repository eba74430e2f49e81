"""Opens the connections to the broker of one Configuration, and keeps at it.

A change of configuration means another Forwarder on the same cache. Promises: a connection is
opened when there is something to send, and stays open; attempts are spaced by the backoff rule,
for ever; where another client seems to have this one's client ID, by far longer. What goes through
a connection is `delivery`'s.
"""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from appliance.forwarding.backoff import JITTER_MS, retry_delay
from appliance.forwarding.broker_session import BrokerError, BrokerSession
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.conversation import Conversation, EvictedError
from appliance.forwarding.delivery import Delivery
from appliance.forwarding.eviction import OVER_S, Eviction
from appliance.forwarding.payload import Message
from appliance.forwarding.suspicion import Suspicion
from appliance.outage import Outage
from appliance.parameters.configuration import Configuration
from appliance.settings import MqttSettings
from appliance.status import BrokerState
from appliance.tasks import start_task

log = logging.getLogger(__name__)

WINDOW = 10  # messages in flight: the least that the brokers in use grant a client (HiveMQ)
LASTING_S = 60.0  # a connection that lasted so long was a success, whatever ended it
SETTLE_S = 5.0  # for what is in flight when the forwarder is stopped


@dataclass(slots=True)
class DeliveryCounts:
    """What the unit's forwarders did since it started; one follows the other, the counts stay."""

    connects: int = 0
    published_messages: int = 0
    last_publish: float | None = None  # Unix seconds of the last PUBACK for frames


class Forwarder:
    """The way to one broker; `context` is the TLS client context of `configuration`.

    `clock_is_wrong` says whether this unit's clock can be right, for the words of a TLS failure.
    """

    def __init__(
        self,
        configuration: Configuration,
        context: ssl.SSLContext,
        cache: FrameCache,
        settings: MqttSettings,
        counts: DeliveryCounts,
        clock_is_wrong: Callable[[], bool] = lambda: False,
    ) -> None:
        self.configuration = configuration
        self._cache = cache
        self._settings = settings
        self._counts = counts
        self._wake = asyncio.Event()
        self._stopping = False
        self._connect_wanted = False
        self._retries = 0  # since the last success
        self._outage = Outage()  # of the broker, for the log
        self._retry_at = 0.0  # on the loop's clock
        self._failure: str | None = None  # of the last attempt, until frames are delivered again
        self._eviction = Eviction(random.Random())  # noqa: S311 - spreads attempts
        self._suspicion = Suspicion(
            self._topic_of,
            configuration.status_topic or "",
            settings.batch_frames,
            lambda line: log.warning("%s", line),
            random.Random(),  # noqa: S311 - draws lots
        )
        delivery = Delivery(
            configuration, cache, settings, self._suspicion, WINDOW, self._wake, self._note_puback
        )
        self._conversation = Conversation(
            configuration,
            context,
            delivery,
            self._suspicion,
            self._eviction,
            self._wake,
            clock_is_wrong,
        )
        self.connected = asyncio.Event()  # set for good by the first connection
        self._confirmed = asyncio.Event()
        self._failed = asyncio.Event()
        # When the broker first acknowledged a message, status or frames (Unix seconds).
        self.first_puback: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._timers: tuple[asyncio.TimerHandle, ...] = ()  # of the connection
        self.state: BrokerState = "idle"
        self._task: asyncio.Task[None] | None = None

    def start(self, *, connect: bool) -> None:
        """Begins to forward; with `connect` the connection is opened even with nothing to send."""
        self._connect_wanted = connect
        self._cache.on_append = self._wake.set
        self._task = start_task(self._run(), "forwarder")

    async def stop(self) -> None:
        """Lets what is in flight be acknowledged, disconnects, and ends; the rest stays cached."""
        self._stopping = True
        self._conversation.finish()
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

    @property
    def last_error(self) -> str | None:
        """What is wrong now, in one line: why there is no connection, and what the broker refuses.

        Over once frames are acknowledged again; the log has the history.
        """
        found = (self._failure, *self._findings())
        return "; ".join(dict.fromkeys(line for line in found if line)) or None

    @property
    def findings(self) -> str | None:
        """The part of it that somebody has to mend, though there be a connection."""
        return "; ".join(self._findings()) or None

    def _findings(self) -> tuple[str, ...]:
        return *self._conversation.findings, *self._suspicion.findings

    def retry_in_s(self) -> float | None:
        """Seconds to the next attempt, while waiting for one."""
        if self.state != "waiting":
            return None
        return round(max(0.0, self._retry_at - self._now()), 1)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _topic_of(self, frame: CachedFrame) -> str:
        configuration = self.configuration
        return configuration.priority_topic if frame.priority else configuration.data_topic

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
                self._note_failure(error)
            await self._set_aside()

    async def _converse(self) -> None:
        """One connection, from its opening to its end. Raises BrokerError when it is lost."""
        self.state = "connecting"
        frames_waiting = bool(self._cache.counts().cached)
        try:
            await self._conversation.hold(self._note_connected, frames_waiting=frames_waiting)
        finally:
            for timer in self._timers:
                timer.cancel()
            self.state = "idle"
        self._retry_at = self._now() + self._delay(0)  # the next one is soon, but no spin

    async def _set_aside(self) -> None:
        """Quarantines the frame that the broker was found not to take; it is not sent meanwhile."""
        if frame := self._suspicion.convicted:
            try:
                await self._cache.quarantine([frame], self._suspicion.grounds)
            except CacheError as error:
                log.error("%s", error)
            else:
                self._suspicion.convicted = None

    def _note_connected(self, session: BrokerSession) -> None:
        self.state = "connected"
        session.greeting.add_done_callback(self._note_greeting)
        loop = asyncio.get_running_loop()
        self._timers = (
            loop.call_later(LASTING_S, self._note_lasting),
            loop.call_later(OVER_S, self._note_undisputed),
        )
        self.connected.set()
        self._suspicion.connected()
        self._counts.connects += 1
        # Within an outage it may be lost again at once: its end is told by _note_success.
        level = logging.DEBUG if self._outage.failures else logging.INFO
        log.log(level, "connected to %s", self.configuration.broker)
        if self._eviction.suspected:  # it is waited for by minutes: each time is told
            log.info("connected, until the other client comes again")

    def _note_success(self) -> None:
        """The connection serves: a message of frames is acknowledged, or it has lasted."""
        self._retries = 0
        self._failure = None
        if not self._cache.counts().quarantined:
            self._suspicion.released()
        if self._conversation.findings:
            return  # it works from time to time: that is no end
        attempts = self._outage.failures
        if lasted := self._outage.end():
            log.info(
                "connected again to %s after %s, %d attempt%s",
                self.configuration.broker, lasted, attempts, "s" * (attempts > 1),
            )  # fmt: skip

    def _note_lasting(self) -> None:
        self._conversation.lasts()
        self._note_success()

    def _note_undisputed(self) -> None:
        self._eviction.over()
        self._note_lasting()

    def _note_greeting(self, greeting: asyncio.Future[None]) -> None:
        if not greeting.cancelled():
            self._connect_wanted = False
            self._confirmed.set()

    def _note_puback(self, message: Message) -> None:
        if not self.first_puback.done():
            self.first_puback.set_result(time.time())
        if message.frames:
            self._note_success()
            self._counts.published_messages += 1
            self._counts.last_publish = time.time()

    def _note_failure(self, error: BrokerError) -> None:
        evicted, reason = isinstance(error, EvictedError), str(error)
        delay = self._delay(self._retries)
        if evicted:
            delay = self._eviction.wait(delay)
        self._retry_at = self._now() + delay
        needed = self._connect_wanted or self._cache.counts().cached
        coming = f"in {delay:.1f} s" if needed else "with the next frame"
        level = self._outage.level(reason)
        log.log(level, "no connection to the broker: %s; next attempt %s", reason, coming)
        self._retries += 1
        self._failure = reason
        self._failed.set()

    def _delay(self, retry: int) -> float:
        return retry_delay(self._settings.backoff, retry, random.randrange(JITTER_MS))  # noqa: S311
