"""A queue, a window and a broker without a network: what `Suspicion` makes of a broker, quickly.

It does what `Delivery` and `Forwarder` do with a `Suspicion`, one connection after the other, in
simulated time; thousands of connections take a second.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from appliance.forwarding.backoff import retry_delay
from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.payload import Message, messages
from appliance.forwarding.suspicion import Suspicion

STATUS_TOPIC, EVENT, DATA = "status", "event", "data"
WINDOW = 10
SILENCE_S = 30.0
ROUND_TRIP_S = 0.05

Answer = Literal["acknowledge", "close", "acknowledge and close", "say nothing"]
Broker = Callable[[Message, int], Answer]  # the message, and the how manieth of its connection


def topic_of(frame: CachedFrame) -> str:
    """Priority frames have a topic of their own."""
    return EVENT if frame.priority else DATA


@dataclass
class SimulatedLink:
    """`queue` is what the cache holds; the rest is what came of it."""

    queue: list[CachedFrame]
    broker: Broker
    seed: int = 0
    status_topic: str = STATUS_TOPIC
    batch_frames: int = 500
    max_payload: int = 61_440
    now: float = 0.0
    connections: int = 0
    delivered: list[int] = field(default_factory=list)
    quarantined: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    largest_in_flight: int = 0
    arrivals: Callable[[float], Sequence[CachedFrame]] = lambda _: ()

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.suspicion = Suspicion(
            topic_of, self.status_topic, self.batch_frames, self.told.append, Random(self.seed + 1)
        )
        self._retries = -1  # before the first connection
        self._cursor = 0
        self._outbox: list[Message] = []
        self._published = 0

    def run(self, done: Callable[[], bool], most_connections: int = 10_000) -> None:
        """Connects again and again until `done`, or AssertionError after so many connections."""
        while not done():
            assert self.connections < most_connections, f"after {self.now:.0f} s: {self.told}"
            self._retries += 1
            self.connect()
            delay = retry_delay("linear", self._retries, self.random.randrange(1000))
            self.waits.append(delay)
            self.now += delay
            self.queue += self.arrivals(self.now)
            if frame := self.suspicion.convicted:
                self.queue.remove(frame)
                self.quarantined.append(frame.id)
                self.suspicion.convicted = None

    def connect(self) -> None:
        """One connection, from its opening to its end."""
        suspicion = self.suspicion
        self.connections += 1
        self._cursor, self._outbox, self._published = 0, [], 0
        in_flight: list[Message] = []
        greets = suspicion.greet(self.now, frames_waiting=bool(self.queue))
        suspicion.connected()
        if greets and self.status_topic:
            in_flight.append(Message(self.status_topic, b"{}", ()))
        while True:
            suspicion.look(self.now)
            while self._has_room(in_flight) and (message := self._next()):
                in_flight.append(message)
            self.largest_in_flight = max(self.largest_in_flight, len(in_flight))
            if not in_flight:
                assert suspicion.connection_used or not self._waiting(), "idle with frames to send"
                return  # it would stay open: nothing to do, or politely closed
            self.now += ROUND_TRIP_S
            self._published += 1
            answer = self.broker(in_flight[0], self._published)
            if answer.startswith("acknowledge"):
                self._settle(in_flight.pop(0))
            if answer != "acknowledge":
                silent = answer == "say nothing"
                self.now += SILENCE_S if silent else 0
                suspicion.lost(in_flight, self.now, silent=silent)
                return

    def _waiting(self) -> list[CachedFrame]:
        """Frames that nothing holds back."""
        queue, suspicion = self.queue, self.suspicion
        free = [frame for frame in queue if topic_of(frame) not in suspicion.held]
        return [frame for frame in free if frame != suspicion.convicted]

    def _has_room(self, in_flight: Sequence[Message]) -> bool:
        if self.suspicion.connection_used:
            return False
        return len(in_flight) < (1 if self.suspicion.careful else WINDOW)

    def _next(self) -> Message | None:
        if self._outbox:
            return self._outbox.pop(0)
        if self.suspicion.careful:
            self._cursor = 0
        while found := [frame for frame in self.queue if frame.id > self._cursor]:
            iteration = found[: self.batch_frames]
            self._cursor = iteration[-1].id
            if chosen := self.suspicion.choose(iteration):
                limit = self.suspicion.limit(self.max_payload, self.now)
                made = list(messages(chosen, EVENT, DATA, limit))
                if self.suspicion.careful:
                    self._cursor = 0
                else:
                    self._outbox = made[1:]
                return made[0]
        return None

    def _settle(self, message: Message) -> None:
        self.suspicion.acknowledged(message, self.now)
        if message.frames:
            self._retries = 0
            gone = set(message.frames)
            self.queue = [frame for frame in self.queue if frame not in gone]
            self.delivered += [frame.id for frame in message.frames]
