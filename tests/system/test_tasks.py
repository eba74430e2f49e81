"""A technician's tasks through OpenSSH's client, with their key presses counted for the manual."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.frames import radio_frame
from tests.support.modem_line import ModemLine
from tests.support.mosquitto import Mosquitto
from tests.support.ssh_client import SshTerminal
from tests.support.waiting import until

MANUAL = Path(__file__).parents[2] / "docs" / "screen.md"


class Technician:
    """Hands on a terminal: each key and each paste counts as one press, text that is typed not."""

    def __init__(self, screen: SshTerminal) -> None:
        self.screen = screen
        self.presses = 0

    def key(self, *names: str) -> None:
        """Press keys."""
        self.presses += len(names)
        self.screen.key(*names)

    async def paste(self, text: str) -> None:
        """Paste, and look that it is there."""
        self.presses += 1
        self.screen.paste(text)
        await self.screen.wait_for("edited, not saved")

    async def type(self, text: str) -> None:
        """Type a value, and look that it is there."""
        self.screen.type(text)
        await self.screen.wait_for(text)

    async def save(self, label: str) -> None:
        """From the list to <Save>, and press it."""
        self.key("tab", "tab", "enter")
        await self.screen.wait_for(f"Saved: {label}")


def in_manual(task: str) -> int:
    """The presses that the manual states for a task."""
    found = re.search(rf"^\| {re.escape(task)} \|.*\| (\d+) \|$", MANUAL.read_text(), re.MULTILINE)
    assert found, f"{task!r} is not in the manual"
    return int(found[1])


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ModemLine]:
    """A modem that is plugged in."""
    with ModemLine(tmp_path) as modem:
        yield modem


@pytest.fixture
def unit(tmp_path: Path, modem: ModemLine) -> Iterator[UnitProcess]:
    """A unit in a process of its own."""
    with UnitProcess(tmp_path, modem.path) as unit:
        yield unit


@pytest.fixture
def broker(tmp_path: Path, authority: Authority, broker_identity: Identity) -> Iterator[Mosquitto]:
    """A mosquitto that takes clients by certificate."""
    with Mosquitto(
        tmp_path / "mosquitto", authority, broker_identity, require_certificate=True
    ) as broker:
        yield broker


@pytest.fixture
async def technician(unit: UnitProcess) -> AsyncIterator[Technician]:
    """Logged in, with the screen in view."""
    async with SshTerminal(unit.port, unit.password) as screen:
        yield Technician(screen)


@pytest.fixture
def serving(authority: Authority, broker: Mosquitto) -> dict[str, str]:
    """What a unit needs for that broker."""
    client = authority.client("unit-1")
    given = values(broker.port, authority, status_topic="status")
    return given | {
        "client-certificate": client.certificate,
        "client-private-key": client.key,
    }


async def begin(technician: Technician, wanted: str = "<Activate>") -> None:
    """Wait for the screen; what was pressed before does not count."""
    await technician.screen.wait_for(wanted)
    technician.presses = 0


async def test_set_a_url(technician: Technician) -> None:
    """From the login to a saved broker URL."""
    await begin(technician)
    await technician.type("ssl://broker.example.com:8883")
    await technician.save("Broker URL")
    assert technician.presses == in_manual("Set the broker URL")


async def test_paste_three_pems_and_go_live(
    unit: UnitProcess, technician: Technician, serving: dict[str, str]
) -> None:
    """Broker certificate, client certificate, key, and Activate."""
    for key in ("broker-url", "data-topic", "status-topic"):
        await unit.command(f"set {key} {serving[key]}")
    await begin(technician, "* Topic for Status")
    technician.key(*["down"] * 6)
    await technician.paste(serving["broker-certificate"])
    await technician.save("MQTT Broker Certificate")
    technician.key(*["down"] * 4)
    await technician.paste(serving["client-certificate"])
    await technician.save("MQTT Client Certificate")
    technician.key("down")
    await technician.paste(serving["client-private-key"])
    await technician.save("MQTT Client Private Key")
    technician.key("tab", "enter")
    text = await technician.screen.wait_for("Activated: confirmed by the broker.")
    assert "+ puback" in text
    assert technician.presses == in_manual("Paste three PEMs and go live")


async def test_recover_from_a_wrong_host_name(
    unit: UnitProcess, technician: Technician, serving: dict[str, str]
) -> None:
    """The failed rehearsal leads to the field at fault; mended, it goes live."""
    right = serving["broker-url"]
    for key, text in (serving | {"broker-url": "ssl://brokr.invalid:8883"}).items():
        await unit.command(f"set {key}", text.encode())
    await begin(technician, "* MQTT Client Private Key")
    technician.key("shift tab", "enter")
    await technician.screen.wait_for("<Keep anyway>")
    await technician.screen.wait_for("x name")

    def gone_back() -> bool:
        # An Enter before the reason can have been read decides nothing.
        technician.screen.key("enter")
        return "<Activate>" in technician.screen.text()

    await until(gone_back)
    technician.presses = 1
    technician.key("ctrl u")
    await technician.type(right)
    await technician.save("Broker URL")
    technician.key("tab", "enter")
    await technician.screen.wait_for("Activated: confirmed by the broker.")
    assert technician.presses == in_manual("Recover from a wrong host name")


async def test_roll_back(
    unit: UnitProcess, technician: Technician, serving: dict[str, str]
) -> None:
    """Two configurations were activated: back to the first."""
    await unit.configure(serving)
    await unit.configure({"data-topic": "elsewhere"})
    await begin(technician, "= Broker URL")
    technician.key("f5")
    await technician.screen.wait_for("Activations, newest first")
    technician.key("down", "enter")
    await technician.screen.wait_for("replaces the saved values of: Topic for End-device Data")
    technician.key("enter")
    await technician.screen.wait_for("Saved: the values of")
    technician.key("tab", "tab", "tab", "enter")
    await technician.screen.wait_for("Activated: confirmed by the broker.")
    assert technician.presses == in_manual("Go back to an earlier configuration")
    assert await unit.command("get data-topic") == f"{serving['data-topic']}\n"


async def test_walk_test(unit: UnitProcess, technician: Technician, modem: ModemLine) -> None:
    """Mark, move the antenna, begin there, read the difference."""
    await unit.until_hearing()
    await begin(technician)
    technician.key("f2")
    await technician.screen.wait_for("Walk test")
    for number in range(12):
        modem.send(radio_frame(number))
    await technician.screen.wait_for(lambda text: re.search(r"frames +12 ", text) is not None)
    technician.key("m")
    await technician.screen.wait_for("then press b")
    technician.key("b")
    await technician.screen.wait_for(lambda text: re.search(r"frames +12 +0", text) is not None)
    for number in range(12, 24):
        modem.send(radio_frame(number))
    await technician.screen.wait_for(lambda text: re.search(r"frames +12 +12", text) is not None)
    technician.key("esc")
    await technician.screen.wait_for("<Activate>")
    assert technician.presses == in_manual("Walk test")
