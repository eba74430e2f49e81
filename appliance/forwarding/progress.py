"""Owns whether a connection's messages still get on. Pure.

What counts is the oldest message without a PUBACK: as long as the far end takes bytes of it the
line is slow; once it has all of it, a PUBACK has to come, whatever is acknowledged out of turn.
"""


class Progress:
    """Places are bytes since the connection began, times seconds on one clock."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}  # by message id, in the order they were sent
        self._taken = 0
        self._at = 0.0  # when the oldest message last got on

    def sent(self, message_id: int, end: int, now: float) -> None:
        """A message is on its way, and ends at place `end`."""
        if not self._ends:
            self._at = now
        self._ends[message_id] = end

    def acknowledged(self, message_id: int, now: float) -> None:
        """Its PUBACK has come."""
        if message_id == next(iter(self._ends), None):
            self._at = now
        self._ends.pop(message_id, None)

    def look(self, taken: int, now: float) -> None:
        """The far end has taken all up to the place `taken`."""
        oldest = next(iter(self._ends.values()), 0)
        if self._taken < taken and self._taken < oldest:
            self._at = now
        self._taken = taken

    def stalled_s(self, now: float) -> float:
        """For how long the oldest message has not got on; 0 where none waits."""
        return now - self._at if self._ends else 0.0
