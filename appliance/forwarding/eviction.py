"""Owns the recognition of a second client with this unit's client ID. Pure.

A broker ends the older of two connections with one client ID. Two clients that both come back at
once evict each other endlessly, and neither is told why. A broker that does not take a message
hangs up as well, and so may one that is restarted; but those have no reason to while nothing is
sent. So after TIMES short connections in a row, all accepted and all ended by the far end, this
unit connects and keeps silent: if that is ended within seconds as well, twice in a row, there is
another client.
"""

from random import Random

TIMES = 4  # short connections in a row, before a silent one
SILENT_TIMES = 2  # silent connections in a row that the far end has to end
SILENCE_S = 6.0  # longer than a client waits that comes back after a failure or three, as this unit
SHORT_S = 20.0  # a connection that lasted so long was not ended by such a client
KNOCKS = 2  # more times to come back soon, so that the other one can find out in the same way
FIRST_WAIT_S = 60.0
LONGEST_WAIT_S = 600.0
OVER_S = 900.0  # a connection that lasts longer than the other one's longest wait: it is gone


class Eviction:
    """To be told how every attempt at the broker ended; times in seconds."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._short = 0  # connections in a row
        self._enough = TIMES
        self._silent_ended = 0
        self._waits = 0
        self.suspected = False

    @property
    def to_be_silent(self) -> bool:
        """Whether the next connection is to be a silent one."""
        return not self.suspected and self._short >= self._enough

    def refused(self) -> None:
        """An attempt did not come to a connection, or the connection ended for a known reason."""
        self._short = self._silent_ended = 0

    def hung_up(self, lasted: float) -> None:
        """The far end closed an accepted connection that had `lasted` so long."""
        self._short = self._short + 1 if lasted < SHORT_S else 0

    def silence_ended(self) -> None:
        """The far end closed a silent connection within SILENCE_S."""
        self._silent_ended += 1
        self.suspected = self._silent_ended >= SILENT_TIMES

    def silence_passed(self) -> None:
        """Nobody minded a silent connection: it will take more to make another one."""
        self._short = self._silent_ended = 0
        self._enough *= 2

    def over(self) -> None:
        """A connection has lasted for OVER_S."""
        self._short = self._silent_ended = self._waits = 0
        self._enough = TIMES
        self.suspected = False

    def wait(self, usual: float) -> float:
        """Seconds to leave the broker to the other client; at first as long as `usual`."""
        self._waits += 1
        if self._waits <= KNOCKS:
            return usual
        longest = min(FIRST_WAIT_S * 2.0 ** (self._waits - KNOCKS - 1), LONGEST_WAIT_S)
        return longest * (0.75 + self._random.random() / 2)
