"""Owns which topics are held back because the broker refuses them, and when to try again. Pure."""

import math
from dataclasses import dataclass

FIRST_S = 60.0
LONGEST_S = 600.0
ALONE_S = 12.0  # the longest step of the backoff: while nothing else goes out there is no reason
# to wait longer, and it may be the line after all


@dataclass(slots=True)
class _Hold:
    due: float
    tries: int = 0


class HeldTopics:
    """Topics by name; times in seconds on one clock."""

    def __init__(self) -> None:
        self._holds: dict[str, _Hold] = {}
        self._others_flow = False  # frames of other topics passed since a topic was last tried

    def __contains__(self, topic: str) -> bool:
        return topic in self._holds

    def topics(self) -> tuple[str, ...]:
        """Those that are held back."""
        return tuple(self._holds)

    def hold(self, topic: str, now: float) -> None:
        """The broker refuses `topic`, or has done so again."""
        new = topic not in self._holds
        hold = self._holds.setdefault(topic, _Hold(now))
        wait = min(FIRST_S * 2**hold.tries, LONGEST_S) if new or self._others_flow else ALONE_S
        hold.due = now + wait
        hold.tries += 1
        self._others_flow = False

    def flows(self) -> None:
        """Frames of a topic that is not held back have passed."""
        self._others_flow = True

    def release(self, topic: str, now: float) -> None:
        """The broker takes `topic` again: whatever changed there may have changed for all."""
        del self._holds[topic]
        for hold in self._holds.values():
            hold.due = now

    def drop(self, topic: str) -> None:
        """There is nothing to try `topic` with any more."""
        del self._holds[topic]

    def allows(self, topic: str, now: float) -> bool:
        """Whether something may be sent to `topic`: not held back, or due to be tried again."""
        return topic not in self._holds or self._holds[topic].due <= now

    def due(self, now: float, status_topic: str) -> str | None:
        """A topic of frames that is to be tried again; the status message has its own moment."""
        found = ((hold.due, topic) for topic, hold in self._of_frames(status_topic))
        due, topic = min(found, default=(math.inf, None))
        return topic if due <= now else None

    def next_due(self, status_topic: str) -> float:
        """When the next topic of frames is to be tried; infinity with none."""
        return min((hold.due for _, hold in self._of_frames(status_topic)), default=math.inf)

    def _of_frames(self, status_topic: str) -> list[tuple[str, _Hold]]:
        return [each for each in self._holds.items() if each[0] != status_topic]
