"""Owns one SSH session channel (RFC 4254, section 6): bytes in, bytes out.

Both directions are bounded: input is read no faster than it is taken, and output waits in `drain`
for a client that does not read. What a client says of its terminal is cleaned before anyone sees
it. Signals, breaks and environment variables are ignored, subsystems refused: the library does so
unless told otherwise.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

import asyncssh

INPUT_HELD = 64 * 1024  # bytes kept before the client is held back
TERM = re.compile(r"[A-Za-z0-9._+-]{1,32}")
DEFAULT_SIZE = (80, 24)  # for a client that gives 0: columns, rows
LARGEST_SIZE = (500, 200)  # a screen of 20,000 x 20,000 would cost half a second a picture


class Channel(asyncssh.SSHServerSession[bytes]):
    """One session channel; `command` and `term` are None where the client asked for none.

    `size` is (columns, rows), `peer` the client's address. `on_start` is called once the client
    has said what it wants, `on_close` when the channel is gone.
    """

    def __init__(
        self, peer: str, on_start: "Callable[[Channel], None]", on_close: Callable[[], None]
    ) -> None:
        self.peer = peer
        self.command: str | None = None
        self.term: str | None = None
        self.size = DEFAULT_SIZE
        self.input_complete = False  # the client said that nothing more comes
        self._on_start = on_start
        self._on_close = on_close
        self._input = bytearray()
        self._resized = False
        self._gone = False
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    async def next_event(self) -> bytes | tuple[int, int] | None:
        """What came next: input, a new size, or None when nothing more will come.

        Resizes since the last call are one event.
        """
        while True:
            if self._resized:
                self._resized = False
                return self.size
            if self._input:
                return self._take()
            if self.input_complete or self._gone:
                return None
            self._news.clear()
            await self._news.wait()

    def write(self, data: bytes, *, to_errors: bool = False) -> None:
        """Send to standard output or standard error; nothing happens if the client has gone."""
        if self._channel.is_closing():
            return
        if to_errors:
            self._channel.write_stderr(data)
        else:
            self._channel.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken what was written, but for some 64 kB, or has gone."""
        await self._writable.wait()

    def hang_up(self) -> None:
        """Let `next_event` say that the line has gone, while there is still time to tidy up."""
        self._gone = True
        self._news.set()

    async def exit(self, status: int) -> None:
        """Report the exit status and close; returns when the client has taken all of it."""
        self._channel.exit(status)
        await self._channel.wait_closed()

    def _take(self) -> bytes:
        data = bytes(self._input)
        self._input.clear()
        self._channel.resume_reading()
        return data

    # What the library calls.

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        """The channel is open; nothing is asked for yet."""
        self._channel = chan

    def pty_requested(
        self,
        term_type: str,
        term_size: tuple[int, int, int, int],
        term_modes: Mapping[int, int],
    ) -> bool:
        """The client has a terminal."""
        self.term = term_type if TERM.fullmatch(term_type) else "dumb"
        self.size = _clamped(*term_size[:2])
        return True

    def shell_requested(self) -> bool:
        """The client wants a session without a command."""
        return True

    def exec_requested(self, command: str) -> bool:
        """The client gave a command."""
        self.command = command
        return True

    def session_started(self) -> None:
        """The client has been told yes."""
        self._on_start(self)

    def data_received(self, data: bytes, datatype: Any) -> None:
        """Input came; beyond INPUT_HELD the client has to wait."""
        self._input += data
        if len(self._input) >= INPUT_HELD:
            self._channel.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        """The client's input is complete; the channel stays open for the answer."""
        self.input_complete = True
        self._news.set()
        return True

    def terminal_size_changed(
        self,
        width: int,
        height: int,
        pixwidth: int,
        pixheight: int,
    ) -> None:
        """The client's window was resized; a storm of these is one event."""
        self.size = _clamped(width, height)
        self._resized = True
        self._news.set()

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The channel is closed, by either side or with its connection."""
        self.hang_up()
        self._writable.set()
        self._on_close()


def _clamped(columns: int, rows: int) -> tuple[int, int]:
    return (
        min(columns or DEFAULT_SIZE[0], LARGEST_SIZE[0]),
        min(rows or DEFAULT_SIZE[1], LARGEST_SIZE[1]),
    )
