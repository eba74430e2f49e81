import pytest

from appliance.ssh.terminal import RESTORE, Terminal
from appliance.unit import Unit
from tests.appliance.ssh.clients import connect
from tests.appliance.ssh.conftest import StartServer


@pytest.mark.parametrize(("term", "sent"), [("xterm", RESTORE.decode()), ("\x1b", "")])
async def test_a_terminal_is_restored_if_it_knows_the_sequences(
    start_server: StartServer, term: str, sent: str
) -> None:
    """A dumb terminal would only print them."""

    async def screen(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        terminal.restore()
        terminal.write(b"end")

    server = await start_server(screen)
    async with await connect(server.port) as client:
        process = await client.create_process(term_type=term)
        assert await process.stdout.read() == f"{sent}end"


async def test_a_screen_is_told_who_is_there(start_server: StartServer) -> None:
    """The client's address, for what is said in the log."""

    async def screen(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        terminal.write(f"{terminal.peer} {idle_timeout}".encode())

    server = await start_server(screen)
    async with await connect(server.port) as client:
        process = await client.create_process(term_type="xterm")
        assert await process.stdout.read() == "127.0.0.1 900"
