"""What a newcomer sees first: `concentrator demo`."""

import asyncio
from pathlib import Path

import pytest

from tests.support.concentrator_process import Program
from tests.support.ssh_client import SshTerminal, ssh_command
from tests.support.waiting import until


def demo(directory: Path, *arguments: str) -> Program:
    """The demo on ports of its own."""
    (directory / "demo.toml").write_text("[ssh]\nport = 0\n")
    settings = ("--settings", "demo.toml", "--broker-port", "0")
    return Program("demo", *settings, *arguments, directory=directory)


async def test_frames_flow_and_a_changed_topic_shows(tmp_path: Path) -> None:
    """From the printed ssh command and password to frames under another topic."""
    with demo(tmp_path) as program:
        port = int(await asyncio.to_thread(program.find, r"ssh -p (\d+) tech@localhost"))
        password = await asyncio.to_thread(program.find, r"Password: +(\S+)")
        await asyncio.to_thread(program.find, r"(/data/endpointdata  -\d+ dBm)")
        async with SshTerminal(port, password) as screen:
            await screen.wait_for("<Activate>")
            screen.key("down", "down")
            await screen.wait_for("/data/endpointdata")
            screen.type("/changed")
            await screen.wait_for("edited, not saved")
            screen.key("tab", "tab", "enter")
            await screen.wait_for("Saved")
            screen.key("tab", "enter")
            await screen.wait_for("Activated")
        await asyncio.to_thread(program.find, r"(/data/endpointdata/changed  -\d+ dBm)")
        assert await asyncio.to_thread(program.stop) == 0
    assert "Traceback" not in program.errors


async def test_blank_starts_as_from_the_factory(tmp_path: Path) -> None:
    """Nothing set; what is printed to be entered is all it takes."""
    with demo(tmp_path, "--blank") as program:
        port = int(await asyncio.to_thread(program.find, r"ssh -p (\d+) tech@localhost"))
        password = await asyncio.to_thread(program.find, r"Password: +(\S+)")
        url = await asyncio.to_thread(program.find, r"Broker URL +(ssl://\S+)")
        topic = await asyncio.to_thread(program.find, r"Topic for End-device Data +(\S+)")
        authority = await asyncio.to_thread(program.find, r"MQTT Broker Certificate +paste (\S+)")
        shown = await ssh_command(port, password, "get data-topic")
        assert (shown.returncode, shown.stdout) == (0, b"")
        for line, stdin in (
            (f"set broker-url {url}", b""),
            (f"set data-topic {topic}", b""),
            ("set broker-certificate", Path(authority).read_bytes()),
            ("activate", b""),
        ):
            done = await ssh_command(port, password, line, stdin)
            assert done.returncode == 0, done.stderr
        await until(lambda: f"{topic}  -" in program.output, 20)
        assert await asyncio.to_thread(program.stop) == 0


@pytest.mark.parametrize("number", [2, 15])
def test_it_ends_cleanly(tmp_path: Path, number: int) -> None:
    """Ctrl-C and SIGTERM: status 0, no traceback, nothing left running."""
    with demo(tmp_path) as program:
        program.find(r"(Log in from another terminal)")
        program.process.send_signal(number)
        assert program.wait() == 0
    assert program.errors == ""
