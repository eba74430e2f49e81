"""A real unit with nothing plugged in, and SSH servers in front of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from appliance.settings import RadioSettings, Settings, SshSettings, UnitSettings
from appliance.ssh.host_key import HostKey, load_or_create
from appliance.ssh.login import Login
from appliance.ssh.server import SshServer
from appliance.ssh.session import Screen
from appliance.ssh.terminal import Terminal
from appliance.unit import Unit
from tests.appliance.ssh.clients import PASSWORD

StartServer = Callable[[Screen], Awaitable[SshServer]]


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Unit]:
    """As from the factory: no modem, no broker, nothing saved."""
    settings = Settings(
        unit=UnitSettings("12345678", tmp_path / "state"),
        radio=RadioSettings(url=str(tmp_path / "no-modem")),
    )
    unit = Unit(settings, "12345678")
    await unit.start()
    yield unit
    await unit.stop()


@pytest.fixture
def host_key(tmp_path: Path) -> HostKey:
    """A host key of this test's own."""
    return load_or_create(tmp_path / "host_keys")


@pytest.fixture
def login(tmp_path: Path) -> Login:
    """A login with PASSWORD."""
    return Login.create(tmp_path / "credentials.json", PASSWORD)


@pytest.fixture
async def start_server(unit: Unit, host_key: HostKey, login: Login) -> AsyncIterator[StartServer]:
    """Starts servers with a screen of the test's choosing on any free port; stops them after."""
    servers: list[SshServer] = []

    async def start(screen: Screen) -> SshServer:
        server = SshServer(SshSettings("127.0.0.1", 0), host_key, login, unit, screen)
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.stop()


@pytest.fixture
async def server(start_server: StartServer) -> SshServer:
    """A server whose screen writes down what happens to it, and ends on the key q."""
    return await start_server(diary)


async def diary(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
    """A screen: what terminal it has, then every event in a line of its own."""
    columns, rows = terminal.size
    terminal.write(f"screen of {unit.serial_number}: {terminal.term} {columns}x{rows}\r\n".encode())
    while (event := await terminal.next_event()) not in (None, b"q"):
        terminal.write(f"{event!r}\r\n".encode())
        await terminal.drain()
    terminal.write(b"goodbye\r\n")
