"""Owns the recognition of a broker that acknowledges messages and then hangs up, again and again.

Some answer a message to a topic they forbid with its PUBACK, throw it away, and end the connection:
MQTT 3.1.1 has no other way to say it. One such end says nothing. Where the far end closes each
connection soon after the first PUBACK on one and the same topic, with nothing under way, and minds
no silent one (see `eviction`), twice, it is for the broker's operator to look into. Pure.
"""

SILENT_TIMES = 2  # silent connections among them that nobody minds: there is no other client
SOON_S = 2.0


class HangUps:
    """To be told how every connection ended that was not ended by this unit."""

    def __init__(self) -> None:
        self._suspected: str | None = None
        self._silent_times = 0

    def hung_up(self, topic: str, since_puback: float) -> None:
        """The far end did, so many seconds after its first PUBACK of a message to `topic`."""
        if topic != self._suspected or since_puback >= SOON_S:
            self._silent_times = 0
        self._suspected = topic if since_puback < SOON_S else None

    def silence_passed(self) -> None:
        """Nobody minded a silent connection."""
        self._silent_times += self._suspected is not None

    def over(self) -> None:
        """A connection has lasted, or ended in another way."""
        self._suspected, self._silent_times = None, 0

    @property
    def topic(self) -> str | None:
        """The topic whose messages are followed by a hang-up, where there is one."""
        return self._suspected if self._silent_times >= SILENT_TIMES else None
