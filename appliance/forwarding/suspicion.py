"""Owns what is sent how once the broker does not take what it is sent. Pure.

Told what was acknowledged, and what was outstanding when a connection was lost, it answers what
may go next. `narrowing` searches for the frame at fault; `trial` finds out whether it is the frame,
its topic or the line, and only a trial sets a frame aside or holds a topic back (`held_topics`).
Where all passes in parts that failed as a whole, it may be the size (`payload_cap`).
"""

import math
from collections.abc import Callable, Sequence
from random import Random

from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.held_topics import HeldTopics
from appliance.forwarding.narrowing import Narrowing
from appliance.forwarding.payload import Message
from appliance.forwarding.payload_cap import PayloadCap
from appliance.forwarding.refusal_lines import (
    grounds_line,
    lone_frame_line,
    set_aside_line,
    size_line,
    topic_line,
    without_status_line,
)
from appliance.forwarding.trial import STATUS, TopicOf, Trial, ids

_FRAME, _SIZE = 0, 1  # what a finding is about, where it is not about a topic


class Suspicion:
    """What the broker of one configuration takes; `batch_frames` is a message's usual most.

    `tell` gets a line for the technician for everything that is found out. Times are in seconds on
    one clock.
    """

    def __init__(
        self,
        topic_of: TopicOf,
        status_topic: str,
        batch_frames: int,
        tell: Callable[[str], None],
        random: Random,
    ) -> None:
        self._topic_of = topic_of
        self._status_topic = status_topic
        self._tell = tell
        self._random = random
        self._narrowing = Narrowing(batch_frames)
        self._trial: Trial | None = None
        self._accused: CachedFrame | None = None  # the frame on trial; None: the status message
        self._adjourned: dict[str, Trial] = {}  # by topic: those that could only hold it back
        self._holds = HeldTopics()
        self._retried: str | None = None  # a held topic that is to be tried now
        self._cap = PayloadCap()
        self._silent = False  # whether what failed was not acknowledged, rather than refused
        self._without_status = False
        self._found: dict[str | int, str] = {}
        self.convicted: CachedFrame | None = None  # to be set aside; not sent any more
        self.grounds = ""  # the reason for that
        self.connection_used = False  # by a trial: the next attempt needs one of its own

    @property
    def careful(self) -> bool:
        """Whether only one message may be in flight, and each is chosen anew."""
        return self._narrowing.careful or self._retried is not None

    @property
    def findings(self) -> tuple[str, ...]:
        """What is known about this broker that somebody has to mend; one line each."""
        return tuple(self._found.values())

    @property
    def held(self) -> tuple[str, ...]:
        """The topics whose frames stay where they are."""
        return tuple(topic for topic in self._holds.topics() if topic != self._retried)

    def limit(self, max_payload: int, now: float) -> int:
        """Bytes that a message may have."""
        limit = self._cap.limit(max_payload, now)
        if limit == max_payload:
            self._found.pop(_SIZE, None)
        return limit

    def next_change(self) -> float:
        """When there may be something to send without any event; infinity for never."""
        return math.inf if self.careful else self._holds.next_due(self._status_topic)

    def connected(self) -> None:
        """A connection was accepted."""
        self.connection_used = False

    def released(self) -> None:
        """No frame is set aside any more."""
        if not self.convicted:  # else one is about to be
            self._found.pop(_FRAME, None)

    def greet(self, now: float, *, frames_waiting: bool) -> bool:
        """Whether a connection that opens now begins with the status message."""
        status_topic, trial = self._status_topic, self._trial
        if self._without_status or not self._holds.allows(status_topic, now):
            return False
        return trial is None or trial.greet(status_topic, frames_waiting=frames_waiting)

    def look(self, now: float) -> None:
        """Lets a held topic that is due be tried, where nothing else is found out meanwhile."""
        if not self.careful:
            self._retried = self._holds.due(now, self._status_topic)

    def choose(self, frames: Sequence[CachedFrame]) -> Sequence[CachedFrame]:
        """Those of the oldest frames in the queue that may be sent now, in care one message's.

        None may be among them: then newer ones are to be tried.
        """
        if not (self.careful or self.convicted or self._holds.topics()):
            return frames
        order = sorted(frames, key=lambda frame: not frame.priority)
        if self._retried and (sample := self._sample(self._retried, order)):
            return [sample]
        order = [frame for frame in order if not self._is_withheld(frame)]
        if not order or not self._narrowing.careful:
            return order
        self._forget_the_gone(frames)
        if self._trial:
            return [self._trial.choose(order, self._topic_of)]
        return self._narrowing.choose(order, self._topic_of)

    def acknowledged(self, message: Message, now: float) -> None:
        """The broker has acknowledged `message`."""
        self._cap.passed(len(message.payload))
        adjourned = self._adjourned.get(message.topic)
        if adjourned and adjourned.suspect in ids(message):
            del self._adjourned[message.topic]
        if message.topic in self._holds:
            if adjourned:
                adjourned.passed(message)  # one more to compare the suspect with
            self._release(message.topic, now)
        elif message.frames:
            self._holds.flows()
        if self._trial:
            used = bool(message.frames) or self._trial.suspect == STATUS
            self._trial.passed(message)
            self._judge(self._trial, now)
            self.connection_used = used and bool(self._trial or self.convicted)
        elif self._narrowing.acknowledged(message) and (
            cap := self._cap.resolved(now, silent=self._silent)
        ):
            self._find(_SIZE, size_line(cap, silent=self._silent))

    def lost(self, outstanding: Sequence[Message], now: float, *, silent: bool) -> None:
        """The connection is lost with these messages outstanding, in the order they were sent.

        `silent`: given up after waiting for a PUBACK, rather than ended by the far end.
        """
        if not outstanding:
            return
        message, self._silent = outstanding[0], silent
        if message.topic in self._holds:
            self._retried = None
            self._holds.hold(message.topic, now)
        elif self._trial:
            self._trial.lost(message)
            self._judge(self._trial, now)
        else:
            self._suspect(message)

    def _suspect(self, message: Message) -> None:
        self._cap.failed(len(message.payload))
        adjourned = self._adjourned.get(message.topic)
        if adjourned and adjourned.suspect not in ids(message):
            del self._adjourned[message.topic]  # others fail as well
        suspect = self._narrowing.lost(message)
        if suspect is not None:
            self._accused = next(iter(message.frames), None)
            self._trial = self._open_trial(message.topic, suspect)

    def _open_trial(self, topic: str, suspect: int) -> Trial:
        """A new one, or the adjourned one: others may have come to compare the suspect with."""
        adjourned = self._adjourned.pop(topic, None)
        if adjourned and adjourned.suspect == suspect:
            adjourned.resume()
            return adjourned
        return Trial(topic, suspect, self._random)

    def _judge(self, trial: Trial, now: float) -> None:
        if trial.verdict is None:
            return
        if trial.verdict == "topic":
            self._adjourned[trial.topic] = trial
            self._hold(trial, now)
        elif trial.verdict == "frame":
            self._convict(trial.topic)
        self._end_trial()

    def _end_trial(self) -> None:
        self._trial = self._accused = None
        self._cap.forget_failures()
        self._narrowing.begin_again()

    def _hold(self, trial: Trial, now: float) -> None:
        self._holds.hold(trial.topic, now)
        if self._accused and len(trial.lost_ids) == 1:
            line = lone_frame_line(self._accused, trial.topic, silent=self._silent)
        else:
            line = topic_line(trial.topic, silent=self._silent)
        self._find(trial.topic, line)

    def _release(self, topic: str, now: float) -> None:
        self._holds.release(topic, now)
        self._retried = None
        del self._found[topic]
        self._tell(f"the broker takes messages to “{topic}” again")
        if not self._narrowing.careful:
            self._narrowing.begin_again()

    def _convict(self, topic: str) -> None:
        self.convicted = self._accused
        self.grounds = grounds_line(topic, silent=self._silent)
        if self._accused:
            self._find(_FRAME, set_aside_line(self._accused, self.grounds))
        else:
            self._without_status = True
            self._find(topic, without_status_line(self.grounds))

    def _sample(self, topic: str, order: Sequence[CachedFrame]) -> CachedFrame | None:
        """A frame to try a held topic with; not one that it may be held because of."""
        frames = [frame for frame in order if self._topic_of(frame) == topic]
        adjourned = self._adjourned.get(topic)
        tried = adjourned.lost_ids if adjourned else ()
        if found := [frame for frame in frames if frame.id not in tried] or frames:
            return self._random.choice(found)
        self._holds.drop(topic)  # its frames are gone, dropped by a full cache
        del self._found[topic]
        self._retried = None
        return None

    def _is_withheld(self, frame: CachedFrame) -> bool:
        convicted = self.convicted is not None and self.convicted.id == frame.id
        return convicted or self._topic_of(frame) in self._holds

    def _forget_the_gone(self, frames: Sequence[CachedFrame]) -> None:
        """Suspects may be dropped by a full cache; a frame on trial, no longer be the oldest."""
        present = {frame.id for frame in frames} | {STATUS}
        if self._trial and self._trial.suspect not in present:
            self._end_trial()
        self._narrowing.forget(self._narrowing.suspects_up_to(frames[-1].id) - present)

    def _find(self, about: str | int, line: str) -> None:
        self._found[about] = line
        self._tell(line)
