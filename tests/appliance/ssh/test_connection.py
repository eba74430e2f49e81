import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest
from asyncssh.packet import Boolean, String

from appliance.ssh.connection import MAX_ATTEMPTS, MAX_CHANNELS, MAX_LOGGED_IN, MAX_WAITING
from appliance.ssh.login import Login
from appliance.ssh.server import SshServer
from tests.appliance.ssh.clients import PASSWORD, connect
from tests.support.ssh_client import ssh_command
from tests.support.waiting import until

MSG_USERAUTH_REQUEST = 50  # RFC 4252, section 6


class CountingLogin(Login):
    """A login that counts how often it had to hash."""

    verified = 0

    async def verify(self, password: str) -> bool:
        """As the plain one."""
        self.verified += 1
        return await super().verify(password)


@pytest.fixture
def login(tmp_path: Path) -> Login:
    """In place of the plain one."""
    return CountingLogin.create(tmp_path / "credentials.json", PASSWORD)


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
async def test_the_label_password_logs_in(server: SshServer, method: str) -> None:
    """By either method; the library's own user name preparation does not get in the way."""
    async with await connect(server.port, preferred_auth=method) as client:
        assert (await client.run("help")).exit_status == 0


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
@pytest.mark.parametrize(
    ("user", "password"),
    [("tech", "wrong"), ("tech", ""), ("root", PASSWORD), ("Tech", PASSWORD), ("", PASSWORD)],
)
async def test_nobody_else_logs_in(
    server: SshServer, method: str, user: str, password: str
) -> None:
    """Neither with another password nor under another name."""
    with pytest.raises(asyncssh.DisconnectError):
        await connect(server.port, username=user, password=password, preferred_auth=method)


async def test_openssh_is_refused(server: SshServer) -> None:
    """The real client ends with its own status and message."""
    done = await ssh_command(server.port, "wrong", "help")
    assert done.returncode == 255
    assert b"Permission denied (keyboard-interactive,password)." in done.stderr


async def test_only_passwords_are_offered(server: SshServer) -> None:
    """No keys, no hosts, and above all not "none"."""
    methods = await asyncssh.get_server_auth_methods("127.0.0.1", server.port, "tech", config=None)
    assert sorted(methods) == ["keyboard-interactive", "password"]


async def test_an_unknown_user_costs_the_same_work(server: SshServer, login: CountingLogin) -> None:
    """The password is hashed before the name is looked at: time tells nobody who exists."""
    for user in ("tech", "root"):
        before = login.verified
        with pytest.raises(asyncssh.PermissionDenied):
            await connect(server.port, username=user, password="wrong", preferred_auth="password")
        assert login.verified == before + 1


class Stubborn(asyncssh.SSHClient):
    """A client that tries wrong passwords one after the other for as long as it may."""

    tried = 0

    def password_auth_requested(self) -> str:
        """The next wrong one."""
        self.tried += 1
        return f"wrong {self.tried}"


async def test_attempts_are_limited(server: SshServer, login: CountingLogin) -> None:
    """The sixth wrong password ends the connection."""
    client = Stubborn()
    with pytest.raises(asyncssh.DisconnectError, match="6 wrong passwords"):
        await connect(
            server.port, client_factory=lambda: client, password=None, preferred_auth="password"
        )
    assert client.tried == login.verified == MAX_ATTEMPTS


class Flooding(asyncssh.SSHClient):
    """A client that sends a thousand passwords without waiting for an answer."""

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """The connection to flood."""
        self.connection = conn

    def password_auth_requested(self) -> str:
        """All of them at once."""
        for number in range(1000):
            self.connection.send_packet(
                MSG_USERAUTH_REQUEST,
                String("tech"),
                String("ssh-connection"),
                String("password"),
                Boolean(False),
                String(f"wrong {number}"),
            )
        return "wrong"


async def test_pipelined_attempts_are_limited(server: SshServer, login: CountingLogin) -> None:
    """A request that cancels the one before it was an attempt all the same."""
    with pytest.raises((asyncssh.DisconnectError, ConnectionError)):
        await connect(
            server.port, client_factory=Flooding, password=None, preferred_auth="password"
        )
    assert login.verified <= MAX_ATTEMPTS
    async with await connect(server.port) as client:
        assert (await client.run("help")).exit_status == 0


async def test_a_refused_login_is_logged_without_its_password(
    server: SshServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Who and whence, once; a name that would fill the log is cut short."""
    caplog.set_level(logging.INFO, "appliance")
    for _ in range(2):
        with pytest.raises(asyncssh.DisconnectError):
            await connect(server.port, username="x" * 500, password="hunter2")
    [record] = caplog.records
    name = "x" * 32
    refused = f"login refused from 127.0.0.1: user “{name}”, wrong name or password"
    assert (record.levelname, record.getMessage()) == ("WARNING", refused)


async def test_who_was_at_the_screen_and_for_how_long_is_logged(
    server: SshServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time; with the first screen of a connection, and when the connection is gone."""
    caplog.set_level(logging.INFO, "appliance")
    for _ in range(2):
        async with await connect(server.port) as client:
            for _ in range(2):
                process = await client.create_process(term_type="xterm")
                process.stdin.write("q")
                await process.wait()
        await until(lambda: not server._connections.logged_in)
    ends = [
        "tech logged in from 127.0.0.1",
        "tech from 127.0.0.1 logged out after less than 1 s",
    ]
    assert [record.getMessage() for record in caplog.records] == ends * 2


async def test_a_screen_whose_line_broke_is_logged_as_cut_off(
    server: SshServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A phone that lost its network did not log out."""
    caplog.set_level(logging.INFO, "appliance")
    client = await connect(server.port)
    await client.create_process(term_type="xterm")
    client.abort()
    await until(lambda: "tech from 127.0.0.1 was cut off after" in caplog.text)


async def test_commands_are_logged_once_however_often_they_are_given(
    server: SshServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A script that asks every minute is one line an hour."""
    caplog.set_level(logging.INFO, "appliance")
    for _ in range(3):
        async with await connect(server.port) as client:
            await client.run("help")
    [record] = caplog.records
    assert record.getMessage() == "tech logged in from 127.0.0.1 to give commands"


@pytest.fixture
async def idlers(server: SshServer) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Ten more connections than may wait to log in, each having received the banner."""
    streams = []
    for _ in range(MAX_WAITING + 10):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await reader.readline()
        streams.append((reader, writer))
    yield [reader for reader, _ in streams]
    for _, writer in streams:
        writer.close()


async def test_waiting_connections_are_limited(
    server: SshServer, idlers: list[asyncio.StreamReader]
) -> None:
    """The oldest make room; and a technician still gets in."""
    await until(lambda: sum(each.at_eof() for each in idlers) >= 10)
    assert [each.at_eof() for each in idlers] == [True] * 10 + [False] * MAX_WAITING
    assert len(server._connections.waiting) == MAX_WAITING
    assert (await ssh_command(server.port, PASSWORD, "help")).returncode == 0


async def test_logged_in_connections_are_limited(server: SshServer) -> None:
    """One too many is told why; when another has left there is room again."""
    clients = [await connect(server.port) for _ in range(MAX_LOGGED_IN)]
    try:
        with pytest.raises(asyncssh.DisconnectError, match="10 connections are logged in already"):
            await connect(server.port)
        clients.pop().close()
        await until(lambda: len(server._connections.logged_in) < MAX_LOGGED_IN)
        clients.append(await connect(server.port))
        assert (await clients[-1].run("help")).exit_status == 0
    finally:
        for client in clients:
            client.close()
            await client.wait_closed()


async def test_sessions_of_a_connection_are_limited(server: SshServer) -> None:
    """One too many is refused; when another has ended there is room again."""
    async with await connect(server.port) as client:
        processes = [await client.create_process(term_type="xterm") for _ in range(MAX_CHANNELS)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await client.create_process(term_type="xterm")
        processes[0].stdin.write("q")
        await processes[0].wait()
        assert (await client.run("help")).exit_status == 0


@pytest.fixture
async def early_bird(server: SshServer) -> AsyncIterator[asyncio.StreamReader]:
    """A connection from another address, there before all others."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, local_addr=("127.0.0.2", 0)
    )
    await reader.readline()
    yield reader
    writer.close()


async def test_the_crowded_address_makes_room(
    early_bird: asyncio.StreamReader, idlers: list[asyncio.StreamReader]
) -> None:
    """Who opens connections by the dozen does not lock out a client at another address."""
    await until(lambda: sum(each.at_eof() for each in idlers) >= 11)
    assert not early_bird.at_eof()
