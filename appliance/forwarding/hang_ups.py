"""Owns the recognition of a broker that acknowledges messages and then hangs up, again and again.

Some answer a message to a topic they forbid with its PUBACK, throw it away, and end the connection:
MQTT 3.1.1 has no other way to say it. One such end says nothing; TIMES in a row, each soon after a
PUBACK on one and the same topic and with nothing else under way, are for the broker's operator to
look into. Pure.
"""

TIMES = 6  # by then it is known whether another client is the cause, see `eviction`
SOON_S = 2.0


class HangUps:
    """To be told of every connection that is lost with nothing under way."""

    def __init__(self) -> None:
        self._suspected: str | None = None
        self._times = 0

    def lost(self, topic: str, since_puback: float) -> None:
        """It ended so many seconds after its last PUBACK, of a message to `topic`."""
        again = topic == self._suspected and since_puback < SOON_S
        self._suspected, self._times = topic, self._times + 1 if again else 1

    def over(self) -> None:
        """A connection has lasted."""
        self._suspected, self._times = None, 0

    @property
    def topic(self) -> str | None:
        """The topic whose messages are followed by a hang-up, where there is one."""
        return self._suspected if self._times >= TIMES else None
