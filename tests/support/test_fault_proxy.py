import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.support.fault_proxy import BLACK_HOLE, NONE, FaultProxy, Faults
from tests.support.waiting import until

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """A server that says everything back, and knows how its connections ended."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ends: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.create_task(self._echo(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                self.pieces.append(data)
                writer.write(data)
                await writer.drain()
            self.ends.append("closed")
        except OSError as error:
            self.ends.append(type(error).__name__)
        finally:
            writer.close()


@pytest.fixture
async def echo() -> Echo:
    """The far end."""
    return Echo()


@pytest.fixture
async def line(echo: Echo) -> AsyncIterator[FaultProxy]:
    """A line to the far end, in order."""
    async with (
        await asyncio.start_server(echo.attend, "127.0.0.1", 0) as server,
        FaultProxy(server.sockets[0].getsockname()[1]) as line,
    ):
        yield line


@pytest.fixture
async def client(line: FaultProxy) -> AsyncIterator[Streams]:
    """A connection over the line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
    yield reader, writer
    writer.transport.abort()


async def say(client: Streams, data: bytes) -> float:
    """Sends, waits until all has come back; the seconds it took."""
    reader, writer = client
    begin = time.monotonic()
    writer.write(data)
    assert await asyncio.wait_for(reader.readexactly(len(data)), 20) == data
    return time.monotonic() - begin


async def test_without_faults_all_is_carried_and_the_end_too(
    echo: Echo, line: FaultProxy, client: Streams
) -> None:
    """A megabyte there and back; the client's close arrives at the far end."""
    data = bytes(range(256)) * 4096
    reader, writer = client
    writer.write(data)
    assert await reader.readexactly(len(data)) == data
    writer.write_eof()
    assert await reader.read() == b""
    await until(lambda: echo.ends == ["closed"])
    assert line.connections == 1
    await until(lambda: line.open_connections == 0)


async def test_delay_and_throttle_take_time(line: FaultProxy, client: Streams) -> None:
    """0.2 s there and back again; 4,000 bytes at 20,000 a second, in each direction."""
    line.faults = Faults(delay_s=0.2)
    assert await say(client, b"late") >= 0.4
    line.faults = Faults(bytes_per_s=20_000)
    assert await say(client, b"x" * 4000) >= 0.2
    line.faults = NONE
    await say(client, b"prompt")


async def test_a_sliced_line_brings_single_bytes(
    echo: Echo, line: FaultProxy, client: Streams
) -> None:
    """In order, in many pieces."""
    line.faults = Faults(one_byte=True)
    await say(client, bytes(range(200)))
    assert len(echo.pieces) > 20


async def test_a_black_hole_takes_connections_and_gives_back_what_it_held(
    echo: Echo, line: FaultProxy, client: Streams
) -> None:
    """Nothing comes through, on an old connection or a new one; cured, everything does."""
    line.faults = BLACK_HOLE
    other = await asyncio.open_connection("127.0.0.1", line.port)
    for _, writer in (client, other):
        writer.write(b"lost?")
    await until(lambda: line.open_connections == 2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client[0].read(1), 0.2)
    assert echo.pieces == []
    line.faults = NONE
    for reader, writer in (client, other):
        assert await reader.readexactly(5) == b"lost?"
        writer.transport.abort()


async def test_one_direction_can_be_held(echo: Echo, line: FaultProxy, client: Streams) -> None:
    """The far end hears, and is not heard."""
    line.faults = Faults(held=frozenset({"down"}))
    client[1].write(b"hello")
    await until(lambda: echo.pieces)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client[0].read(1), 0.2)
    line.faults = NONE
    assert await client[0].readexactly(5) == b"hello"


async def test_a_reset_reaches_both_ends(echo: Echo, line: FaultProxy, client: Streams) -> None:
    """RST, not FIN; the next connection is carried."""
    await say(client, b"first")
    await line.reset()
    with pytest.raises(ConnectionResetError):
        await client[0].readexactly(1)
    await until(lambda: echo.ends == ["ConnectionResetError"])
    again = await asyncio.open_connection("127.0.0.1", line.port)
    await say(again, b"second")
    again[1].transport.abort()


async def test_a_line_closes_after_so_many_bytes(line: FaultProxy, client: Streams) -> None:
    """The budget counts both directions; the piece that goes beyond it is not carried."""
    line.faults = Faults(close_after=15)
    await say(client, b"12345")
    client[1].write(b"67890")
    assert await client[0].read() == b""


async def test_a_refusing_line_accepts_again_on_its_port(line: FaultProxy, client: Streams) -> None:
    """What was open is closed, what is new is refused, until it accepts."""
    await say(client, b"first")
    port = line.port
    await line.refuse()
    assert await client[0].read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await line.accept()
    assert line.port == port
    again = await asyncio.open_connection("127.0.0.1", port)
    await say(again, b"second")
    again[1].transport.abort()
