"""Carries frames from the cache through one connection after the other.

Promises: frames go out in iterations of `batch_frames`, priority first in each, as far as
`suspicion` lets them; a frame leaves the cache at the PUBACK of its message and not before; at
most `window` messages are under way at a time: unacknowledged, or acknowledged but not yet deleted
on disk. So a kill costs at most a window of messages that come twice.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from appliance.forwarding.broker_session import STATUS_PAYLOAD, BrokerSession
from appliance.forwarding.cache import FrameCache
from appliance.forwarding.cache_error import CacheError
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.payload import Message, messages
from appliance.forwarding.suspicion import Suspicion
from appliance.outage import Outage
from appliance.parameters.configuration import Configuration
from appliance.settings import MqttSettings

log = logging.getLogger(__name__)

CACHE_RETRY_S = 1.0


class LastPuback(NamedTuple):
    """Of a message to `topic`, and when the connection's first to that was, on the loop's clock."""

    topic: str
    first_at: float


class Delivery:
    """The way of the frames; `wake` is set by whatever may be a reason to look again."""

    def __init__(
        self,
        configuration: Configuration,
        cache: FrameCache,
        settings: MqttSettings,
        suspicion: Suspicion,
        window: int,
        wake: asyncio.Event,
        on_puback: Callable[[Message], None],
    ) -> None:
        self._configuration = configuration
        self._cache = cache
        self._settings = settings
        self._suspicion = suspicion
        self._window = window
        self._wake = wake
        self._on_puback = on_puback
        self._unacknowledged: dict[asyncio.Future[None], Message] = {}  # in the order sent
        self._undeleted: set[asyncio.Future[None]] = set()
        self._outbox: Iterator[Message] = iter(())  # the rest of an iteration
        self._cursor = 0  # the last frame taken from the cache on this connection
        self._came_back = 0  # of the cache, when the cursor was last at 0
        self._held_to = 0  # frames up to this one are all of topics that are held back
        self._held: tuple[str, ...] = ()
        self._outage = Outage()  # of the cache
        self.last_puback: LastPuback | None = None  # on this connection
        self._first_pubacks: dict[str, float] = {}  # by topic, on this connection
        self._finishing = False

    def finish(self) -> None:
        """Sends no more; `through` returns once what is on its way is acknowledged."""
        self._finishing = True
        self._wake.set()

    async def through(self, session: BrokerSession) -> tuple[Message, ...]:
        """Delivers until `session` is lost or has served its purpose.

        What is returned was sent and not acknowledged, in the order it was sent.
        """
        self._unacknowledged = {}
        self.last_puback = None
        self._first_pubacks.clear()
        self._rewind()
        if not session.greeting.done():
            topic = self._configuration.status_topic
            self._note_sent(Message(topic, STATUS_PAYLOAD, ()), session.greeting)
        while not session.lost and (self._unacknowledged or not self._over()):
            self._wake.clear()
            self._suspicion.look(self._now())
            message = await self._next() if self._has_room() else None
            if message is None:
                await self._woken()
            elif not session.lost:
                self._note_sent(message, session.publish(message.topic, message.payload))
        await asyncio.sleep(0)  # what was acknowledged before the loss is settled first
        return tuple(self._unacknowledged.values())

    def _over(self) -> bool:
        return self._finishing or self._suspicion.connection_used

    def _has_room(self) -> bool:
        under_way = len(self._unacknowledged) + len(self._undeleted)
        if self._over() or under_way >= self._window:
            return False
        return not (self._suspicion.careful and self._unacknowledged)

    async def _woken(self) -> None:
        again_at = self._suspicion.next_change()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(None if again_at == math.inf else again_at):
                await self._wake.wait()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _rewind(self) -> None:
        """The next iteration begins with the oldest frame that is not acknowledged."""
        held = self._suspicion.held
        if held != self._held or self._came_back != self._cache.came_back:
            self._held_to = 0
        self._held, self._came_back = held, self._cache.came_back
        self._outbox, self._cursor = iter(()), self._held_to

    async def _next(self) -> Message | None:
        """The next message of this iteration or of the next one; None with nothing to send."""
        if message := next(self._outbox, None):
            return message
        if self._suspicion.careful:  # nothing is under way but deletions: the cache knows of them
            self._rewind()
        elif self._came_back != self._cache.came_back:
            if self._unacknowledged or self._undeleted:
                return None  # it could be sent twice
            self._rewind()
        while iteration := await self._read():
            chosen = self._suspicion.choose(iteration)
            if not chosen and self._cursor == self._held_to:
                self._held_to = iteration[-1].id
            self._cursor = iteration[-1].id
            if chosen:
                return self._first_of(chosen)
        return None

    def _first_of(self, frames: Sequence[CachedFrame]) -> Message:
        configuration = self._configuration
        self._outbox = messages(
            frames,
            configuration.priority_topic,
            configuration.data_topic,
            self._suspicion.limit(self._settings.max_payload, self._now()),
        )
        message = next(self._outbox)
        if self._suspicion.careful:  # what comes next depends on what becomes of it
            self._rewind()
        return message

    async def _read(self) -> list[CachedFrame]:
        try:
            iteration = await self._cache.read(self._cursor, self._settings.batch_frames)
        except CacheError as error:
            log.log(self._outage.level(str(error), logging.ERROR), "%s", error)
            asyncio.get_running_loop().call_later(CACHE_RETRY_S, self._wake.set)
            return []
        if lasted := self._outage.end():
            log.info("the frame cache can be read again after %s", lasted)
        return iteration

    def _note_sent(self, message: Message, acknowledged: asyncio.Future[None]) -> None:
        self._unacknowledged[acknowledged] = message
        acknowledged.add_done_callback(partial(self._settled, message))

    def _settled(self, message: Message, acknowledged: asyncio.Future[None]) -> None:
        self._wake.set()
        if acknowledged.cancelled():
            return  # the connection went first: the frames are still cached
        self._unacknowledged.pop(acknowledged, None)
        now = self._now()
        self.last_puback = LastPuback(
            message.topic, self._first_pubacks.setdefault(message.topic, now)
        )
        self._suspicion.acknowledged(message, now)
        if message.frames and (deleted := self._cache.forget(message.frames)):
            self._undeleted.add(deleted)
            deleted.add_done_callback(self._deleted)
        self._on_puback(message)

    def _deleted(self, deletion: asyncio.Future[None]) -> None:
        self._undeleted.discard(deletion)
        self._wake.set()
