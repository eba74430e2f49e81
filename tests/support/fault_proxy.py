"""A TCP line with faults, between a unit and its broker; every fault can be switched while it runs.

    async with FaultProxy(broker.port) as line:
        …                                     # the unit connects to line.port
        line.faults = Faults(bytes_per_s=1000)
        line.faults = NONE

Runs on the test's event loop. The kernel's buffers on the unit's side are small, so that a slow
line is felt where it is slow.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

Direction = Literal["up", "down"]  # up: from the unit to the broker

CHUNK = 4096  # bytes carried at once, at most
BUFFER = 16_384  # bytes the kernel holds on the unit's side; it doubles this
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the close is a reset (RST)


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the line."""

    delay_s: float = 0.0
    """Each piece is late by so much."""

    bytes_per_s: float | None = None
    """Of each direction."""

    one_byte: bool = False
    """Every byte is a segment of its own."""

    held: frozenset[Direction] = frozenset()
    """Connections are taken, and of these directions nothing comes through until it is cured: both
    are a black hole, one is a half-open line."""

    close_after: int | None = None
    """A connection is closed, politely, once it has carried so many bytes in all."""


NONE = Faults()
BLACK_HOLE = Faults(held=frozenset[Direction]({"up", "down"}))


class FaultProxy:
    """Listens on a free port of 127.0.0.1 and carries every connection to `target_port`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._faults = NONE
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.connections = 0  # taken since the beginning

    async def __aenter__(self) -> Self:
        """Listening."""
        await self.accept()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Everything closed."""
        await self.refuse()

    @property
    def faults(self) -> Faults:
        """As they are now, for connections old and new."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def open_connections(self) -> int:
        """Carried now."""
        return len(self._lines)

    async def accept(self) -> None:
        """Listens: at first on a free port, later on the port of before."""
        if self._server is None:
            listening = socket.create_server(("127.0.0.1", self.port))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            self._server = await asyncio.start_server(self._take, sock=listening, limit=CHUNK)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Closes all connections, and refuses new ones until `accept`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._end()

    async def reset(self) -> None:
        """Resets all connections (RST to both sides); new ones are taken."""
        for writer in self._sockets:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        await self._end()

    async def _end(self) -> None:
        lines = list(self._lines)
        for each in lines:
            each.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio's, up to Python 3.11, takes a cancelled one for a fault.
        self.connections += 1
        line = asyncio.create_task(self._carry(reader, writer), name="line")
        self._lines.add(line)
        line.add_done_callback(self._lines.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._sockets.add(writer)
        far_writer: asyncio.StreamWriter | None = None
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self._target_port, limit=CHUNK
            )
            self._sockets.add(far_writer)
            budget = _Budget()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, far_writer, "up", budget))
                both.create_task(self._pass_on(far_reader, writer, "down", budget))
        except* (OSError, _ClosedError):
            pass  # one side has gone, or is to be left: so does the other
        finally:
            for each in filter(None, (writer, far_writer)):
                self._sockets.discard(each)
                each.transport.abort()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: Direction,
        budget: "_Budget",
    ) -> None:
        _send_at_once(writer)
        while data := await reader.read(CHUNK):
            while data:
                await self._until_free(direction)
                piece, data = self._cut(data)
                await self._take_time(piece)
                await self._until_free(direction)
                budget.spend(len(piece), self._faults.close_after)
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()

    def _cut(self, data: bytes) -> tuple[bytes, bytes]:
        size = 1 if self._faults.one_byte else CHUNK
        if rate := self._faults.bytes_per_s:
            size = max(1, min(size, int(rate / 20)))  # a piece every 50 ms
        return data[:size], data[size:]

    async def _take_time(self, piece: bytes) -> None:
        rate = self._faults.bytes_per_s
        seconds = self._faults.delay_s + (len(piece) / rate if rate else 0)
        if seconds:
            with contextlib.suppress(TimeoutError):  # cured: what was on the way arrives
                await asyncio.wait_for(self._changed.wait(), seconds)
        elif self._faults.one_byte:
            await asyncio.sleep(0)

    async def _until_free(self, direction: Direction) -> None:
        while direction in self._faults.held:
            await self._changed.wait()


class _ClosedError(Exception):
    """The line has carried what it was to carry."""


@dataclass(slots=True)
class _Budget:
    """What a connection has carried, in both directions."""

    carried: int = 0

    def spend(self, size: int, most: int | None) -> None:
        self.carried += size
        if most is not None and self.carried > most:
            raise _ClosedError


def _send_at_once(writer: asyncio.StreamWriter) -> None:
    sending = writer.get_extra_info("socket")
    sending.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
