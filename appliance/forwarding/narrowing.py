"""Owns the search for what is at fault in a message that the broker does not take. Pure.

At first everything may be sent at once. Where the same oldest frames are outstanding at
CAREFUL_AFTER losses, care is taken: one message at a time, and what fails is halved, down to one
frame. As soon as all of what failed has passed, messages grow again with every PUBACK, until they
are as before.
"""

from collections.abc import Sequence

from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.payload import Message
from appliance.forwarding.trial import TopicOf, ids

CAREFUL_AFTER = 2  # losses with the same oldest frames outstanding
ALONE = 3  # failures of a message of one frame, before it is accused


class Narrowing:
    """To be told what became of each message; `batch_frames` is a message's usual most."""

    def __init__(self, batch_frames: int) -> None:
        self._batch_frames = batch_frames
        self._losses = 0  # in a row with the same oldest frames
        self._oldest: frozenset[int] = frozenset()  # outstanding at the last loss
        self._suspects: frozenset[int] = frozenset()  # one of them is at fault, or none
        self._portion: int | None = None  # frames in the next message; None: no care is taken
        self._passed = 0  # the most frames that passed at once since care is taken
        self._alone: frozenset[int] = frozenset()  # the last frame that failed alone
        self._alone_lost = 0  # how often in a row

    @property
    def careful(self) -> bool:
        """Whether only one message may be in flight, and each is chosen anew."""
        return self._portion is not None

    def lost(self, message: Message) -> int | None:
        """The oldest outstanding `message` is lost; the one frame that has failed often, if any."""
        frames = ids(message)
        self._losses = self._losses + 1 if frames & self._oldest else 1
        self._oldest = frames
        if self._portion is None:
            if self._losses < CAREFUL_AFTER:
                return None
            self._passed = 0
        self._portion = max(1, len(frames) // 2)
        self._suspects = frames
        if len(frames) > 1:
            return None
        self._alone_lost = self._alone_lost + 1 if frames == self._alone else 1
        self._alone = frames
        return next(iter(frames)) if self._alone_lost >= ALONE else None

    def acknowledged(self, message: Message) -> bool:
        """`message` has passed; whether now everything has that had failed."""
        frames = ids(message)
        self._oldest -= frames
        if self._portion is None:
            return False
        self._passed = max(self._passed, len(message.frames))
        suspected = bool(frames & self._suspects)
        self._suspects -= frames
        if self._suspects:
            if suspected:
                self._portion = max(1, len(self._suspects) // 2)
            return False
        self._grow()
        return suspected

    def choose(self, order: Sequence[CachedFrame], topic_of: TopicOf) -> Sequence[CachedFrame]:
        """One message's frames: those ahead of the suspects, or the first of the suspects."""
        topic = topic_of(order[0])
        suspected = order[0].id in self._suspects
        chosen = []
        for frame in order:
            if (frame.id in self._suspects) != suspected or topic_of(frame) != topic:
                break
            chosen.append(frame)
        whole = self._suspects and not suspected
        return chosen if whole else chosen[: self._portion]

    def forget(self, gone: frozenset[int]) -> None:
        """Frames are out of the queue without a PUBACK: a full cache has dropped them."""
        if self._suspects & gone:
            self._suspects -= gone
            if not self._suspects:
                self.begin_again()

    def suspects_up_to(self, last: int) -> frozenset[int]:
        """Those whose ids are not greater."""
        return frozenset(frame for frame in self._suspects if frame <= last)

    def begin_again(self) -> None:
        """The search is over, with whatever result; messages grow from one frame on."""
        self._suspects = self._oldest = frozenset()
        self._alone_lost = self._losses = 0
        self._portion = self._passed = 1

    def _grow(self) -> None:
        self._alone_lost = self._losses = 0
        self._portion = self._passed = 2 * max(1, self._passed)
        if self._portion >= self._batch_frames:
            self._portion = None
