"""Owns the question: does the broker refuse this frame, this topic, or is it only the line? Pure.

Every attempt of a trial has a connection of its own and one frame on it, so that all are tried in
the same manner; lots are drawn for which is next, so that nothing that happens in turn (one broken
broker of two behind one address) can look like the frame's fault. A frame is at fault when it fails
every time and others on its topic pass. A topic is at fault when different frames on it fail every
time while messages to other topics pass. Anything else is the line, and goes on being tried.

With losses at random a good frame would have to fail TIMES times in a row, and others to pass as
often in between; each other one that fails raises what is asked for. Whatever the rate of loss,
that happens in less than 1 of 20,000 trials; and to be tried at all a frame has to fail alone
several times before.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal

from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.payload import Message

Verdict = Literal["frame", "topic", "innocent"]
TopicOf = Callable[[CachedFrame], str]

TIMES = 8  # failures, and as many that passed in between, before anything is held to be at fault
DIFFERENT_FRAMES = 3  # that have to fail before it is the topic, where there are so many

STATUS = 0  # stands for the status message, which is no frame; ids of frames begin at 1


def ids(message: Message) -> frozenset[int]:
    """The ids of the message's frames."""
    return frozenset(frame.id for frame in message.frames) or frozenset((STATUS,))


class Trial:
    """The evidence about the one `suspect` (a frame's id, or STATUS) on `topic`."""

    def __init__(self, topic: str, suspect: int, random: Random) -> None:
        self.topic = topic
        self.suspect = suspect
        self.verdict: Verdict | None = None
        self._random = random
        self._suspect_lost = 0
        self._others_passed = 0  # on the topic
        self._others_lost = 0  # anywhere
        self._failed: set[int] = set()  # others on the topic that failed: no comparison any more
        self._topic_lost = 0  # since anything passed on it
        self.lost_ids: set[int] = set()  # different ones of those
        self._elsewhere_passed = 0  # on other topics
        self._shunned: set[str] = set()  # other topics on which something failed: no comparison
        self._untried = True  # whether the topic has more frames to try

    def greet(self, status_topic: str, *, frames_waiting: bool) -> bool:
        """Whether the next connection begins with the status message."""
        if self.suspect != STATUS:
            return status_topic not in self._shunned
        return not frames_waiting or self._random.random() < 1 / 2

    def choose(self, order: Sequence[CachedFrame], topic_of: TopicOf) -> CachedFrame:
        """The one frame for this connection, of those in the queue; the suspect or another."""
        suspect = next((frame for frame in order if frame.id == self.suspect), None)
        same = [f for f in order if f is not suspect and topic_of(f) == self.topic]
        fresh = [frame for frame in same if frame.id not in self._failed]
        self._untried = bool(fresh)
        arms = [suspect, *self._another_of(fresh or same)]
        if not self._others_passed:  # nothing has passed on the topic yet: it may be the topic
            elsewhere = self._shunned | {self.topic}
            arms += [frame for frame in order if topic_of(frame) not in elsewhere][:1]
        found = [frame for frame in arms if frame]
        return self._random.choice(found or order[:1])  # never idle: the line may be well again

    def _another_of(self, frames: Sequence[CachedFrame]) -> Sequence[CachedFrame]:
        """The next one, so that order is kept; any, once one was no comparison."""
        return self._random.sample(frames, min(1, len(frames))) if self._failed else frames[:1]

    def passed(self, message: Message) -> None:
        """The broker has acknowledged `message`."""
        if self.suspect in ids(message):
            self.verdict = "innocent"
        elif message.topic == self.topic:
            self._others_passed += 1
            self._topic_lost = 0
            self.lost_ids.clear()
        else:
            self._elsewhere_passed += 1
        self._judge()

    def lost(self, message: Message) -> None:
        """The connection was lost with `message`, and only that, not acknowledged."""
        if message.topic != self.topic:  # the line, then, at least for the time being
            self._shunned.add(message.topic)
            self._others_lost += 1
            self._topic_lost = self._elsewhere_passed = 0
            return
        if self.suspect in ids(message):
            self._suspect_lost += 1
        else:
            self._others_lost += 1
            self._failed |= ids(message)
        self._topic_lost += 1
        self.lost_ids |= ids(message)
        self._judge()

    def resume(self) -> None:
        """Goes on after the topic was held back; what is known of the suspect stays."""
        self.verdict = None
        self._topic_lost = self._elsewhere_passed = 0
        self.lost_ids.clear()

    def _judge(self) -> None:
        if self.verdict:
            return
        enough = self._suspect_lost >= TIMES + 2 * self._others_lost
        if enough and self._others_passed >= TIMES + self._others_lost:
            self.verdict = "frame"
        several = len(self.lost_ids) >= DIFFERENT_FRAMES or not self._untried
        if self._topic_lost >= TIMES and self._elsewhere_passed >= TIMES and several:
            self.verdict = "topic"
