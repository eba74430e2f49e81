"""The main job: a technician sets the unit up over SSH, and meters' frames reach the head-end."""

import json
from base64 import b64encode
from pathlib import Path

from appliance.parameters.catalogue import CATALOGUE
from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.frames import radio_frame
from tests.support.modem_line import ModemLine
from tests.support.mosquitto import Mosquitto
from tests.support.ssh_client import SshTerminal
from tests.support.subscriber import Subscriber
from tests.support.waiting import until


def values(port: int, authority: Authority, client: Identity) -> dict[str, str]:
    """A value for each of the twelve."""
    return {
        "broker-url": f"ssl://broker.localhost:{port}",
        "event-topic": "/device/KAM73471100/data/event",
        "data-topic": "/device/KAM73471100/data/endpointdata",
        "last-will-topic": "/device/KAM73471100/will",
        "last-will-payload": '{ "connected": 0 }',
        "status-topic": "/device/KAM73471100/status",
        "broker-certificate": authority.certificate,
        "client-username": "concentrator",
        "client-password": "correct horse",
        "client-id": "unit-1",
        "client-certificate": client.certificate,
        "client-private-key": client.key,
    }


async def enter(screen: SshTerminal, chosen: dict[str, str]) -> None:
    """Types the short values and pastes the long ones, saving each, from the top of the list."""
    for place, parameter in enumerate(CATALOGUE):
        text = chosen[parameter.key]
        if "\n" in text:
            screen.paste(text, bracketed=place % 2 == 0)
        else:
            screen.type(text)
        await screen.wait_for("edited, not saved")
        screen.key("tab", "tab", "enter")
        await screen.wait_for(f"Saved: {parameter.label}")
        screen.key("tab", "tab", "down")


async def test_all_twelve_by_hand_and_frames_arrive(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """OpenSSH on a terminal, a pseudo-terminal as modem, mosquitto with TLS: byte for byte."""
    client = authority.client("unit-1")
    broker = Mosquitto(
        tmp_path / "mosquitto",
        authority,
        broker_identity,
        require_certificate=True,
        users={"concentrator": "correct horse", "head-end": "staple"},
    )
    context = authority.client_context(authority.client("head-end"))
    with ModemLine(tmp_path) as modem, UnitProcess(tmp_path, modem.path) as unit, broker:
        subscriber = Subscriber(broker.port, context, username="head-end", password="staple")
        with subscriber:
            chosen = values(broker.port, authority, client)
            async with SshTerminal(unit.port, unit.password) as screen:
                await screen.wait_for("<Activate>")
                await enter(screen, chosen)
                screen.key("tab", "tab", "tab", "enter")
                await screen.wait_for("Activated")
                assert "correct horse" not in screen.text()
                screen.key("ctrl d")
                assert await screen.wait_closed() == 0
            await until(lambda: len(subscriber.messages) == 1, what="the status message")
            await unit.until_hearing()
            modem.send(radio_frame(1, priority=True), radio_frame(2))
            await until(lambda: len(subscriber.messages) == 3, what="the frames")
            status = await unit.status()
        assert unit.stop() == 0
    first, *frames = subscriber.messages
    assert (first.topic, first.payload) == (chosen["status-topic"], b'{ "connected": 1 }')
    assert not any(message.retain for message in subscriber.messages)
    by_topic = {message.topic: message.payload for message in frames}
    for key, number in (("event-topic", 1), ("data-topic", 2)):
        payload = by_topic[chosen[key]]
        stamp = json.loads(payload)["frames"][0]["timestamp"]
        frame = radio_frame(number)
        assert payload.decode() == (
            '{"version":1,"frames":[{"frametype":"OpenlinkIQ",'
            f'"timestamp":"{stamp}","frame":"{b64encode(frame.mbal).decode()}",'
            f'"meta":{{"rssi":{frame.rssi},"noofcorrectedbits":{frame.corrected_bits}}}}}]}}'
        )
        assert stamp <= status["radio"]["last_frame"]
    assert status["broker"]["state"] == "connected"
    assert status["configuration"]["pending"] == []
    for word in ("correct horse", client.key.splitlines()[1]):
        assert word not in unit.errors, "a secret is in the log"


async def test_a_broker_loses_the_unit(
    tmp_path: Path, authority: Authority, broker_identity: Identity
) -> None:
    """The Last Will is published when the unit vanishes, and not when it says goodbye."""
    values = {
        "data-topic": "data",
        "last-will-topic": "will",
        "last-will-payload": '{ "connected": 0 }',
        "broker-certificate": authority.certificate,
        "status-topic": "status",
    }
    broker = Mosquitto(tmp_path / "mosquitto", authority, broker_identity)
    with broker, Subscriber(broker.port, authority.client_context()) as subscriber:
        with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
            await unit.configure({"broker-url": f"ssl://broker.localhost:{broker.port}"} | values)
            await until(lambda: len(subscriber.messages) == 1)
            assert unit.stop() == 0
        with UnitProcess(tmp_path, tmp_path / "no modem") as unit:
            await unit.command("activate")
            await until(lambda: len(subscriber.messages) == 2)
            unit.process.kill()
            await until(lambda: len(subscriber.messages) == 3)
    assert [message.topic for message in subscriber.messages] == ["status", "status", "will"]
    assert subscriber.messages[-1].payload == b'{ "connected": 0 }'
