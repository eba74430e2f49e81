import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from appliance.settings import SshSettings
from appliance.ssh import server as server_module
from appliance.ssh.host_key import HostKey
from appliance.ssh.login import Login
from appliance.ssh.server import CIPHERS, KEX, MACS, SshError, SshServer
from appliance.ssh.terminal import Terminal
from appliance.unit import Unit
from tests.appliance.ssh.clients import ADDRESS, PASSWORD, connect, openssh
from tests.appliance.ssh.conftest import StartServer, diary
from tests.support.ssh_client import SshTerminal
from tests.support.waiting import until


async def test_it_greets_without_naming_the_library(server: SshServer) -> None:
    """Name and number of the library are nobody's business."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await reader.readline() == b"SSH-2.0-concentrator\r\n"
    writer.close()


async def test_it_shows_its_host_key(server: SshServer, host_key: HostKey) -> None:
    """The fingerprint on the label is the one a client sees."""
    async with await connect(server.port) as client:
        key = client.get_server_host_key()
        assert key is not None
        assert key.get_fingerprint() == host_key.fingerprint


@pytest.mark.parametrize(
    "algorithms",
    [
        *({"kex_algs": [each]} for each in KEX),
        *({"encryption_algs": [each]} for each in CIPHERS),
        *({"encryption_algs": ["aes256-ctr"], "mac_algs": [each]} for each in MACS),
    ],
)
async def test_sound_algorithms_work(server: SshServer, algorithms: dict[str, list[str]]) -> None:
    """Each of those pinned, on its own."""
    async with await connect(server.port, **algorithms) as client:
        assert (await client.run("help")).exit_status == 0


@pytest.mark.parametrize(
    "algorithms",
    [
        {"kex_algs": ["diffie-hellman-group14-sha256"]},
        {"kex_algs": ["ecdh-sha2-nistp256"]},
        {"encryption_algs": ["aes256-cbc"]},
        {"encryption_algs": ["chacha20-poly1305@openssh.com"]},
        {"encryption_algs": ["aes256-ctr"], "mac_algs": ["hmac-sha1"]},
        {"compression_algs": ["zlib@openssh.com"]},
    ],
)
async def test_other_algorithms_do_not(server: SshServer, algorithms: dict[str, list[str]]) -> None:
    """What is weak, or not pinned, finds no partner."""
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await connect(server.port, **algorithms)


async def test_nothing_is_forwarded_for_openssh(server: SshServer, tmp_path: Path) -> None:
    """-W, -R and -X are refused by the server."""
    target = f"127.0.0.1:{server.port}"
    through = await openssh(server.port, tmp_path, "-W", target, ADDRESS)
    assert (through.returncode, through.stdout) == (255, b"")
    strictly = ("-o", "ExitOnForwardFailure=yes", "-N", "-R", f"0:{target}")
    back = await openssh(server.port, tmp_path, *strictly, ADDRESS)
    assert back.returncode == 255
    display = ("-o", "LogLevel=INFO", "-o", "XAuthLocation=/bin/true", "-Y")
    shown = await openssh(
        server.port, tmp_path, *display, ADDRESS, "help", environment={"DISPLAY": ":99"}
    )
    assert shown.returncode == 0
    assert b"X11 forwarding request failed" in shown.stderr


async def test_nothing_is_forwarded_for_any_client(server: SshServer, tmp_path: Path) -> None:
    """TCP and Unix sockets, either way, and tunnel devices."""
    async with await connect(server.port) as client:
        with pytest.raises(asyncssh.ChannelOpenError):
            await client.open_connection("127.0.0.1", server.port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await client.open_unix_connection(str(tmp_path / "socket"))
        with pytest.raises(asyncssh.ChannelListenError):
            await client.forward_remote_port("", 0, "127.0.0.1", server.port)
        with pytest.raises(asyncssh.ChannelListenError):
            await client.forward_remote_path(str(tmp_path / "new"), str(tmp_path / "socket"))
        with pytest.raises(asyncssh.ChannelOpenError):
            await client.create_tun(asyncssh.SSHTunTapSession)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Path]:
    """The socket of a running ssh-agent."""
    path = tmp_path / "agent"
    process = await asyncio.create_subprocess_exec(
        "ssh-agent", "-D", "-a", path, stdout=subprocess.DEVNULL
    )
    await until(path.exists)
    yield path
    process.terminate()
    await process.wait()


async def test_no_agent_is_forwarded(start_server: StartServer, agent: Path) -> None:
    """A client that offers its agent keeps it to itself."""
    paths: list[str | None] = []

    async def screen(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        paths.append(terminal._channel._channel.get_agent_path())

    server = await start_server(screen)
    async with await connect(server.port, agent_path=str(agent), agent_forwarding=True) as client:
        await (await client.create_process(term_type="xterm")).wait()
    assert paths == [None]


async def test_there_is_no_file_transfer(server: SshServer, tmp_path: Path) -> None:
    """Neither sftp nor any other subsystem, nor scp of old."""
    batch = tmp_path / "batch"
    batch.write_text("ls\n")
    program = ("sftp", "-b", str(batch), "-P")
    done = await openssh(server.port, tmp_path, ADDRESS, program=program)
    assert done.returncode == 255
    async with await connect(server.port) as client:
        for subsystem in ("sftp", "netconf"):
            with pytest.raises(asyncssh.ChannelOpenError):
                await client.create_process(subsystem=subsystem)
        assert (await client.run("scp -t /tmp")).exit_status == 2


async def test_a_port_in_use_is_one_line_with_the_setting(
    server: SshServer, unit: Unit, host_key: HostKey, login: Login
) -> None:
    """The settings key is named, and nothing is left behind."""
    second = SshServer(SshSettings("127.0.0.1", server.port), host_key, login, unit, diary)
    with pytest.raises(SshError, match=rf"^\[ssh\] port {server.port} is in use: ") as caught:
        await second.start()
    assert "\n" not in str(caught.value)
    await second.stop()


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "a..b", "\x00"])
async def test_a_bad_address_is_one_line_with_the_setting(
    unit: Unit, host_key: HostKey, login: Login, host: str
) -> None:
    """An address of another machine, or none at all."""
    server = SshServer(SshSettings(host, 0), host_key, login, unit, diary)
    with pytest.raises(SshError, match=r"^\[ssh\] host .* cannot be listened on") as caught:
        await server.start()
    assert "\n" not in str(caught.value)


async def test_stop_lets_screens_tidy_up(start_server: StartServer) -> None:
    """A screen learns that the line has gone while it can still write, then all is closed."""
    server = await start_server(diary)
    async with SshTerminal(server.port, PASSWORD) as terminal:
        await terminal.wait_for("screen of")
        await server.stop()
        await terminal.wait_for("goodbye")
        assert await terminal.wait_closed() == 0
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_stop_does_not_wait_for_ever(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that does not end, and a client that does not read, are cut off."""
    monkeypatch.setattr(server_module, "STOP_S", 0.1)
    cancelled = asyncio.Event()

    async def stubborn(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        try:
            while True:
                terminal.write(bytes(1_000_000))
                await terminal.drain()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    server = await start_server(stubborn)
    client = await connect(server.port)
    await client.create_process(term_type="xterm", encoding=None)
    await until(lambda: server._sessions)
    await asyncio.wait_for(server.stop(), 10)
    assert cancelled.is_set()
    await asyncio.wait_for(client.wait_closed(), 10)
    assert not server._sessions
    assert not server._connections.logged_in


async def test_stop_closes_connections_without_a_session(start_server: StartServer) -> None:
    """Those that wait to log in, and those that only forward nothing."""
    server = await start_server(diary)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    await reader.readline()
    client = await connect(server.port)
    await server.stop()
    await asyncio.wait_for(reader.read(), 10)
    await asyncio.wait_for(client.wait_closed(), 10)
    writer.close()
