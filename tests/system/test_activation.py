"""A unit in service is given other broker settings: right ones, wrong ones, and a power cut."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.frames import numbers, radio_frame
from tests.support.modem_line import ModemLine
from tests.support.mosquitto import Mosquitto
from tests.support.recording_broker import RecordingBroker
from tests.support.ssh_client import ssh_command
from tests.support.subscriber import Subscriber
from tests.support.waiting import until


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ModemLine]:
    """A modem that is plugged in."""
    with ModemLine(tmp_path) as modem:
        yield modem


@pytest.fixture
def broker(tmp_path: Path, authority: Authority, broker_identity: Identity) -> Iterator[Mosquitto]:
    """A mosquitto that knows one user."""
    users = {"unit": "right", "head-end": "word"}
    with Mosquitto(tmp_path / "mosquitto", authority, broker_identity, users=users) as broker:
        yield broker


async def test_wrong_settings_never_strand_a_unit_in_service(
    tmp_path: Path, modem: ModemLine, broker: Mosquitto, authority: Authority
) -> None:
    """Each fault is told and changes nothing; frames go on arriving; the cure works."""
    right = {"client-username": "unit", "client-password": "right", "status-topic": "status"}
    stranger = Authority(tmp_path, "stranger").certificate
    reader = Subscriber(
        broker.port, authority.client_context(), username="head-end", password="word"
    )
    with UnitProcess(tmp_path, modem.path) as unit, reader:
        await unit.configure(values(broker.port, authority) | right)
        await unit.until_hearing()
        for number, (key, wrong, told) in enumerate(
            (
                ("client-password", "wrong", "(CONNACK"),
                ("broker-url", f"ssl://other.localhost:{broker.port}", "is for broker.localhost"),
                ("broker-certificate", stranger, "MQTT Broker Certificate (OU=stranger"),
                ("broker-url", "ssl://broker.localhost:1", "refuses connections on port 1"),
                ("broker-url", "ssl://broker.invalid:8883", "broker.invalid"),
                ("data-topic", "", "data-topic: required"),
            )
        ):
            before = await unit.command(f"get {key}") if key != "client-password" else "right"
            await unit.command(f"set client-id unit-{number}")
            await unit.command(f"set {key}" if wrong else f"clear {key}", wrong.encode())
            done = await ssh_command(unit.port, unit.password, "activate")
            assert done.returncode == 1, key
            assert told in done.stderr.decode(), done.stderr
            modem.send(radio_frame(number))
            await until(lambda n=number: n in frames_at(reader))  # type: ignore[misc]
            await unit.command(f"set {key}", before.encode())
        assert "confirmed by the broker" in await unit.command("activate")
        assert (await unit.status())["configuration"]["pending"] == []
    assert frames_at(reader) == list(range(6))


async def test_a_power_cut_before_the_confirmation_brings_the_old_one_back(
    tmp_path: Path,
    modem: ModemLine,
    broker: Mosquitto,
    authority: Authority,
    broker_identity: Identity,
) -> None:
    """Killed while the new broker thinks about the status message."""
    right = {"client-username": "unit", "client-password": "right", "status-topic": "status"}
    async with RecordingBroker(broker_identity) as other:
        other.script.hold_pubacks = True
        with UnitProcess(tmp_path, modem.path) as unit:
            await unit.configure(values(broker.port, authority) | right)
            await unit.command(f"set broker-url ssl://broker.localhost:{other.port}")
            activation = asyncio.create_task(ssh_command(unit.port, unit.password, "activate"))
            await until(lambda: other.publishes)
            unit.process.kill()
            assert (await activation).returncode != 0
        with UnitProcess(tmp_path, modem.path) as unit:
            await unit.until_hearing()
            modem.send(radio_frame(1))
            await until(lambda: "connected to" in unit.errors)
            status = await unit.status()
            assert status["broker"]["url"] == f"ssl://broker.localhost:{broker.port}"
            assert status["configuration"]["pending"] == ["broker-url"]


def frames_at(subscriber: Subscriber) -> list[int]:
    """The numbers of the frames that arrived."""
    return numbers(each.payload for each in subscriber.messages if each.topic != "status")
