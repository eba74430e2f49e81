import logging
from pathlib import Path

import pytest

from appliance.ssh.commands import COMMANDS
from appliance.ssh.server import SshServer
from appliance.ssh.session import MAX_INPUT
from appliance.ssh.terminal import RESTORE, Terminal
from appliance.unit import Unit
from tests.appliance.ssh.clients import ADDRESS, PASSWORD, connect, openssh
from tests.appliance.ssh.conftest import StartServer
from tests.support.certificates import Authority
from tests.support.ssh_client import SshTerminal, ssh_command
from tests.support.waiting import until


async def test_a_terminal_gets_the_screen(server: SshServer) -> None:
    """OpenSSH on a terminal: keys and sizes arrive, and the end has exit status 0."""
    async with SshTerminal(server.port, PASSWORD) as terminal:
        await terminal.wait_for("screen of 12345678: xterm-256color 80x24")
        terminal.type("ö")
        await terminal.wait_for(r"b'\xc3\xb6'")
        terminal.resize(100, 30)
        await terminal.wait_for("(100, 30)")
        terminal.type("q")
        assert await terminal.wait_closed() == 0


async def test_commands_and_their_exit_statuses(server: SshServer, unit: Unit) -> None:
    """OpenSSH with a command: output, errors and status are the command's."""
    done = await ssh_command(server.port, PASSWORD, "set data-topic meters/data")
    assert (done.returncode, done.stderr) == (0, b"")
    assert (await ssh_command(server.port, PASSWORD, "get data-topic")).stdout == b"meters/data\n"
    refused = await ssh_command(server.port, PASSWORD, "set data-topic meters/#")
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr.startswith(b"data-topic: ")
    wrong = await ssh_command(server.port, PASSWORD, "reboot")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
    assert wrong.stderr.decode() == "unknown command “reboot”: try help\n"
    assert unit.saved["data-topic"] == "meters/data"


async def test_quotes_are_kept(server: SshServer, unit: Unit, tmp_path: Path) -> None:
    """What the technician's shell leaves of the line is taken as it stands."""
    value = '{ "connected": 0 }'
    done = await openssh(server.port, tmp_path, ADDRESS, "set", "last-will-payload", value)
    assert done.returncode == 0
    assert unit.saved["last-will-payload"] == value


async def test_a_file_on_standard_input(server: SshServer, unit: Unit, tmp_path: Path) -> None:
    """A PEM file piped in is saved."""
    pem = Authority(tmp_path).path.read_bytes()
    done = await ssh_command(server.port, PASSWORD, "set broker-certificate", pem)
    assert (done.returncode, done.stderr) == (0, b"")
    assert unit.saved["broker-certificate"].startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize(("length", "status"), [(65_535, 0), (65_536, 1), (MAX_INPUT + 1, 1)])
async def test_standard_input_is_bounded(
    server: SshServer, unit: Unit, length: int, status: int
) -> None:
    """The longest value fits; what is longer is refused in one line, however long it is."""
    done = await ssh_command(server.port, PASSWORD, "set last-will-payload", b"x" * length)
    assert done.returncode == status
    assert done.stderr.count(b"\n") == status
    assert unit.saved["last-will-payload"] == ("x" * length if status == 0 else "")


async def test_endless_standard_input_is_cut_off(server: SshServer, unit: Unit) -> None:
    """The refusal comes without waiting for an end that never comes."""
    async with await connect(server.port) as client:
        process = await client.create_process("set last-will-payload", encoding=None)
        process.stdin.write(bytes(MAX_INPUT * 2))
        done = await process.wait()
        assert done.exit_status == 1
        assert isinstance(done.stderr, bytes)
        assert done.stderr.startswith(b"last-will-payload: standard input is longer than 262,144 ")


async def test_half_a_value_is_never_saved(server: SshServer, unit: Unit) -> None:
    """A client that vanishes before its input is complete has saved nothing."""
    client = await connect(server.port)
    process = await client.create_process("set last-will-payload")
    process.stdin.write("half")
    await until(lambda: server._sessions)
    client.abort()
    await until(lambda: not server._sessions)
    assert unit.saved["last-will-payload"] == ""


async def test_a_command_on_a_terminal_returns_the_carriage(
    server: SshServer, tmp_path: Path
) -> None:
    """With ssh -t the client's terminal is in raw mode."""
    done = await openssh(server.port, tmp_path, "-tt", ADDRESS, "get", "x")
    assert done.stderr.endswith(b"(see show)\r\n")
    done = await openssh(server.port, tmp_path, "-tt", ADDRESS, "help")
    assert done.stdout.count(b"\r\n") == len(COMMANDS) + 1  # and how to ask for more


async def test_a_stored_escape_sequence_reaches_no_terminal(
    server: SshServer, unit: Unit, tmp_path: Path
) -> None:
    """Raw for a pipe, harmless on a terminal."""
    await unit.save("last-will-payload", "a\x1b[2Jb", "test")
    piped = await openssh(server.port, tmp_path, ADDRESS, "get", "last-will-payload")
    assert piped.stdout == b"a\x1b[2Jb\n"
    shown = await openssh(server.port, tmp_path, "-tt", ADDRESS, "get", "last-will-payload")
    assert shown.stdout.decode() == "a\N{REPLACEMENT CHARACTER}[2Jb\r\n"


async def test_a_value_is_not_asked_for_on_a_terminal(server: SshServer, tmp_path: Path) -> None:
    """Nobody could end the input there: advice instead of a wait."""
    done = await openssh(server.port, tmp_path, "-tt", ADDRESS, "set", "data-topic")
    assert done.returncode == 2
    assert done.stderr.startswith(b"data-topic: no value given: ")


async def test_there_is_no_shell(server: SshServer) -> None:
    """Neither terminal nor command: one line says what there is."""
    async with await connect(server.port) as client:
        done = await client.run()
        assert done.exit_status == 2
        assert done.stdout == ""
        assert str(done.stderr).endswith("try: ssh tech@unit help\n")
        assert str(done.stderr).count("\n") == 1


async def test_a_crashed_screen_ends_its_session_alone(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The terminal is restored, the technician told, the traceback logged; others work on."""

    async def screen(unit: Unit, terminal: Terminal, idle_timeout: float) -> None:
        terminal.write(b"hello")
        if await terminal.next_event() == b"c":
            raise RuntimeError("a fault in the screen")
        terminal.write(b"still here")

    server = await start_server(screen)
    async with await connect(server.port) as client:
        neighbour = await client.create_process(term_type="xterm")
        process = await client.create_process(term_type="xterm")
        process.stdin.write("c")
        done = await process.wait()
        neighbour.stdin.write("q")
        assert done.exit_status == 1
        assert done.stdout == f"hello{RESTORE.decode()}"
        assert str(done.stderr).startswith("sorry, ")
        assert str(done.stderr).endswith("\r\n")
        assert str((await neighbour.wait()).stdout).endswith("still here")
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info is not None
    assert "127.0.0.1" in record.getMessage()


async def test_a_crashed_command_ends_its_session_alone(
    server: SshServer, unit: Unit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Exit status 1 and an apology; nothing of the fault goes to the client."""

    def fault(_: Unit) -> None:
        raise RuntimeError("a fault in the unit")

    monkeypatch.setattr(Unit, "status", fault)
    done = await ssh_command(server.port, PASSWORD, "status")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"sorry, ")
    assert b"fault" not in done.stderr
    assert "a fault in the unit" in caplog.text
    assert (await ssh_command(server.port, PASSWORD, "help")).returncode == 0


async def test_no_value_reaches_the_log(
    server: SshServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even with everything logged: the library would log each command line."""
    caplog.set_level(logging.DEBUG)
    await ssh_command(server.port, PASSWORD, "set client-password hunter2")
    await ssh_command(server.port, PASSWORD, "set client-password", b"hunter3")
    assert "client-password saved by tech from 127.0.0.1" in caplog.text
    assert "hunter" not in caplog.text
    assert PASSWORD not in caplog.text
