"""Owns what a screen sees of an SSH channel: a terminal, and nothing of SSH."""

from appliance.ssh.channel import Channel

# Ends bracketed paste and mouse reports, shows the cursor, resets colours and the character set,
# and leaves the alternate screen (xterm control sequences): for a screen that could not itself.
RESTORE = b"\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1006l\x1b[?25h\x1b[0m\x0f\x1b[?1049l"


class Terminal:
    """A technician's terminal at the far end of an SSH channel.

    `term` is the cleaned terminal type ("dumb" for a dubious one), `peer` the client's address.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.term = channel.term or "dumb"
        self.peer = channel.peer

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows: 1 to 500 and 1 to 200."""
        return self._channel.size

    async def next_event(self) -> bytes | tuple[int, int] | None:
        """Bytes typed, (columns, rows) after a resize, or None: the line has gone."""
        return await self._channel.next_event()

    def write(self, data: bytes) -> None:
        """Send to the terminal; nothing happens if the line has gone."""
        self._channel.write(data)

    async def drain(self) -> None:
        """Wait until the terminal has taken what was written; without it, output piles up."""
        await self._channel.drain()

    def restore(self) -> None:
        """Bring the terminal back to ordinary lines, whatever a screen left behind."""
        if self.term != "dumb":
            self._channel.write(RESTORE)
