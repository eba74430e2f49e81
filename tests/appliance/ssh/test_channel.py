import asyncio

import pytest

from appliance.ssh.server import SshServer
from appliance.ssh.terminal import Terminal
from appliance.unit import Unit
from tests.appliance.ssh.clients import connect
from tests.appliance.ssh.conftest import StartServer
from tests.support.waiting import until

Event = bytes | tuple[int, int] | None


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((0, 0), (80, 24)),
        ((132, 50), (132, 50)),
        ((1, 1), (1, 1)),
        ((2**32 - 1, 2**32 - 1), (500, 200)),
    ],
)
async def test_the_size_is_clamped(
    server: SshServer, asked: tuple[int, int], given: tuple[int, int]
) -> None:
    """What a client says of its window is data from outside."""
    async with await connect(server.port) as client:
        process = await client.create_process(term_type="xterm", term_size=asked)
        columns, rows = given
        line = await process.stdout.readline()
        assert line == f"screen of 12345678: xterm {columns}x{rows}\r\n"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("xterm-256color", "xterm-256color"),
        ("\x1b[2J", "dumb"),
        ("xterm\n", "dumb"),
        ("\t", "dumb"),
        ("x" * 33, "dumb"),
    ],
)
async def test_the_terminal_type_is_cleaned(server: SshServer, asked: str, given: str) -> None:
    """An escape sequence in TERM reaches no screen and no log."""
    async with await connect(server.port) as client:
        process = await client.create_process(term_type=asked, term_size=(80, 24))
        assert await process.stdout.readline() == f"screen of 12345678: {given} 80x24\r\n"


async def test_a_storm_of_resizes_is_one_event(start_server: StartServer) -> None:
    """A screen that was busy meanwhile sees the last size once, then what was typed."""
    seen: list[Event] = []
    go_on = asyncio.Event()
    terminals: list[Terminal] = []

    async def busy(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        terminals.append(terminal)
        await go_on.wait()
        while (event := await terminal.next_event()) is not None:
            seen.append(event)
            terminal.write(b".")

    server = await start_server(busy)
    async with await connect(server.port) as client:
        process = await client.create_process(term_type="xterm", term_size=(80, 24))
        for width in range(81, 281):
            process.change_terminal_size(width, 50)
        process.stdin.write("x")
        await until(lambda: terminals and terminals[0]._channel._input)
        assert terminals[0].size == (280, 50)
        go_on.set()
        assert await process.stdout.readexactly(2) == ".."
    assert seen == [(280, 50), b"x"]


async def test_signals_and_breaks_are_ignored(server: SshServer) -> None:
    """The screen sees keys and sizes, nothing else."""
    async with await connect(server.port) as client:
        process = await client.create_process(term_type="xterm", term_size=(80, 24))
        process.send_signal("INT")
        process.send_break(100)
        process.stdin.write("q")
        output = await process.stdout.read()
        assert output.endswith("80x24\r\ngoodbye\r\n")
        assert process.exit_status == 0


async def test_a_client_that_vanishes_ends_its_screen(start_server: StartServer) -> None:
    """next_event says so; writing and draining after that harm nobody."""
    seen: list[Event] = []
    ready, ended = asyncio.Event(), asyncio.Event()

    async def screen(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        ready.set()
        seen.append(await terminal.next_event())
        terminal.write(b"goodbye" * 100_000)
        await terminal.drain()
        ended.set()

    server = await start_server(screen)
    client = await connect(server.port)
    await client.create_process(term_type="xterm", term_size=(80, 24))
    await asyncio.wait_for(ready.wait(), 10)
    client.abort()
    await asyncio.wait_for(ended.wait(), 10)
    await client.wait_closed()
    assert seen == [None]


async def test_a_client_that_never_reads_costs_no_memory(start_server: StartServer) -> None:
    """A screen that drains is held back once window and buffer are full."""
    written, held_back = 0, asyncio.Event()

    async def endless(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        nonlocal written
        while written < 100_000_000:
            terminal.write(bytes(64 * 1024))
            written += 64 * 1024
            try:
                await asyncio.wait_for(terminal.drain(), 1)
            except TimeoutError:
                held_back.set()
                return

    server = await start_server(endless)
    async with await connect(server.port) as client:
        # The client's window is 64 kB; nobody reads what arrives in it.
        await client.create_process(term_type="xterm", window=64 * 1024, encoding=None)
        await asyncio.wait_for(held_back.wait(), 20)
    assert written < 1_000_000


async def test_a_client_that_sends_without_end_is_held_back(start_server: StartServer) -> None:
    """Input that no screen takes fills one window and no more."""
    stop = asyncio.Event()
    terminals: list[Terminal] = []

    async def deaf(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        terminals.append(terminal)
        await stop.wait()

    server = await start_server(deaf)
    async with await connect(server.port) as client:
        process = await client.create_process(term_type="xterm", encoding=None)
        process.stdin.write(bytes(10_000_000))
        channel = process.channel
        before = -1
        # The client's own buffer stops shrinking once the window is full.
        while (left := channel.get_write_buffer_size()) != before:
            before = left
            await client.run("help", timeout=10)  # a round trip on the same connection
        assert left > 9_000_000
        assert len(terminals[0]._channel._input) < 200_000
        stop.set()
