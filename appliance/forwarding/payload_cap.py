"""Owns what is known of the largest message that the broker takes. Pure.

A limit shows in messages that fail as a whole while all their frames pass in smaller ones, again
and again, with nothing small ever failing and nothing larger ever passing.
"""

import math

TIMES = 3  # messages that failed as a whole and passed in parts, before it is a limit
SLOW_LINE_S = 3600.0  # a line too slow for large messages may be faster an hour later


class PayloadCap:
    """Sizes in bytes; times in seconds on one clock."""

    def __init__(self) -> None:
        self.largest_passed = 0
        self._failed = math.inf  # the smallest that failed since the last `resolved`
        self._times = 0
        self._cap: int | None = None
        self._ends = math.inf

    def passed(self, size: int) -> None:
        """A message of `size` was acknowledged."""
        self.largest_passed = max(self.largest_passed, size)

    def failed(self, size: int) -> None:
        """The connection was lost with a message of `size` the oldest one not acknowledged."""
        self._failed = min(self._failed, size)
        if size <= self.largest_passed:
            self._times = 0  # what passed before fails now: it is not the size

    def resolved(self, now: float, *, silent: bool) -> int | None:
        """All frames that failed have passed in smaller messages; a cap that is new by that.

        `silent`: what failed was not acknowledged in time, rather than refused.
        """
        failed, self._failed = self._failed, math.inf
        if not self.largest_passed < failed < math.inf:
            return None
        self._times += 1
        if self._times < TIMES:
            return None
        self._times = 0
        self._cap = self.largest_passed
        self._ends = now + SLOW_LINE_S if silent else math.inf
        return self._cap

    def forget_failures(self) -> None:
        """What failed was a frame or a topic, whatever its size."""
        self._failed = math.inf

    def limit(self, max_payload: int, now: float) -> int:
        """The size that messages may have."""
        if self._cap is not None and now >= self._ends:
            self._cap = None
        return max_payload if self._cap is None else min(max_payload, self._cap)
