"""Whole units against real brokers: order, reload, outage, replug."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.support.certificates import Authority, Identity
from tests.support.concentrator_process import UnitProcess
from tests.support.configurations import values
from tests.support.frames import numbers, radio_frame
from tests.support.modem_line import ModemLine
from tests.support.mosquitto import Mosquitto
from tests.support.mqtt_packets import Kind
from tests.support.recording_broker import RecordingBroker
from tests.support.subscriber import Subscriber
from tests.support.waiting import until, until_true


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ModemLine]:
    """A modem that is plugged in."""
    with ModemLine(tmp_path) as modem:
        yield modem


@pytest.fixture
def unit(tmp_path: Path, modem: ModemLine) -> Iterator[UnitProcess]:
    """A unit as from the factory, its modem plugged in."""
    with UnitProcess(tmp_path, modem.path) as unit:
        yield unit


async def counted(unit: UnitProcess, part: str, count: str, expected: int | str) -> None:
    """Returns when a count of `status` has come to what is expected."""

    async def reached() -> bool:
        return bool((await unit.status())[part][count] == expected)

    await until_true(reached, what=f"{part}.{count} = {expected}")


def frames_at(subscriber: Subscriber) -> list[int]:
    """The numbers of the frames that reached a subscriber."""
    return numbers(message.payload for message in subscriber.messages)


def send_steadily(modem: ModemLine, count: int, stop: threading.Event) -> None:
    """Frames 0 to `count`, some hundred a second, until told to stop."""
    for number in range(count):
        modem.send(radio_frame(number, priority=number % 5 == 0))
        if stop.wait(0.003):
            return


async def test_what_is_on_the_wire(
    unit: UnitProcess, modem: ModemLine, authority: Authority, broker_identity: Identity
) -> None:
    """A whole life of a connection, as a broker sees it, to the DISCONNECT at the end."""
    async with RecordingBroker(broker_identity) as broker:
        await unit.configure(
            values(
                broker.port,
                authority,
                status_topic="status",
                last_will_topic="will",
                last_will_payload="gone",
            )
        )
        await unit.until_hearing()
        modem.send(radio_frame(1, priority=True), radio_frame(2))
        await until(lambda: len(broker.publishes) == 3)
        assert await asyncio.to_thread(unit.stop) == 0
    rehearsal, connection = broker.connections
    assert rehearsal.kinds == [Kind.CONNECT, Kind.DISCONNECT]
    connect = connection.connect
    assert connect is not None
    assert (connection.tls_version, connection.server_name) == ("TLSv1.2", "broker.localhost")
    assert (connect.protocol_name, connect.level, connect.clean_session) == ("MQTT", 4, True)
    assert (connect.keep_alive, connect.client_id) == (60, "KAM73471100")
    assert (connect.will_topic, connect.will_payload) == ("will", b"gone")
    assert (connect.will_qos, connect.will_retain) == (1, False)
    status, *frames = connection.publishes
    assert (status.topic, status.payload) == ("status", b'{ "connected": 1 }')
    assert sorted(publish.topic for publish in frames) == ["data", "event"]
    for publish in connection.publishes:
        assert (publish.qos, publish.retain, publish.dup) == (1, False, False)
    assert connection.kinds[-1] is Kind.DISCONNECT


async def test_1200_cached_frames_go_out_in_iterations(
    unit: UnitProcess, modem: ModemLine, authority: Authority, broker_identity: Identity
) -> None:
    """Cached before anything was configured; 500 at a time, priority first in each."""
    await unit.until_hearing()
    await asyncio.to_thread(
        modem.send, *(radio_frame(n, priority=n % 7 == 0, size=90) for n in range(1200))
    )
    await counted(unit, "cache", "frames", 1200)
    async with RecordingBroker(broker_identity) as broker:
        await unit.configure(values(broker.port, authority))
        await counted(unit, "cache", "frames", 0)
        sent = [
            (topic, numbers(publish.payload for publish in run))
            for topic, run in groupby(broker.publishes, lambda publish: publish.topic)
        ]
        assert all(len(publish.payload) <= 61_440 for publish in broker.publishes)
        assert await asyncio.to_thread(unit.stop) == 0
    assert sent == [
        (topic, [n for n in range(first, last) if (n % 7 == 0) == (topic == "event")])
        for first, last in ((0, 500), (500, 1000), (1000, 1200))
        for topic in ("event", "data")
    ]


async def test_a_reload_in_mid_stream_neither_loses_nor_doubles(
    tmp_path: Path,
    unit: UnitProcess,
    modem: ModemLine,
    authority: Authority,
    broker_identity: Identity,
) -> None:
    """From one mosquitto to another and back, frames coming all the time."""
    old = Mosquitto(tmp_path / "old", authority, broker_identity)
    new = Mosquitto(tmp_path / "new", authority, broker_identity)
    context, stop = authority.client_context(), threading.Event()
    with (
        old,
        new,
        Subscriber(old.port, context) as at_old,
        Subscriber(new.port, context) as at_new,
    ):
        await unit.configure(values(old.port, authority))
        await unit.until_hearing()
        sending = threading.Thread(target=send_steadily, args=(modem, 1500, stop))
        sending.start()
        try:
            for broker, subscriber in ((new, at_new), (old, at_old), (new, at_new)):
                before = len(subscriber.messages)
                await unit.command(f"set broker-url ssl://broker.localhost:{broker.port}")
                await unit.command("activate")
                await until(lambda s=subscriber, b=before: len(s.messages) > b + 20)  # type: ignore[misc]
            await asyncio.to_thread(sending.join)
            await counted(unit, "broker", "published_frames", 1500)
            await until(lambda: len(frames_at(at_old) + frames_at(at_new)) >= 1500)
        finally:
            stop.set()
            sending.join()
    assert len(frames_at(at_old)) > 20
    assert len(frames_at(at_new)) > 40
    assert sorted(frames_at(at_old) + frames_at(at_new)) == list(range(1500))


async def test_an_outage_loses_nothing(
    tmp_path: Path,
    unit: UnitProcess,
    modem: ModemLine,
    authority: Authority,
    broker_identity: Identity,
) -> None:
    """The broker is killed and comes back: every frame is acknowledged, the ledger adds up."""
    broker = Mosquitto(tmp_path / "mosquitto", authority, broker_identity)
    with broker, Subscriber(broker.port, authority.client_context()) as subscriber:
        await unit.configure(values(broker.port, authority))
        await unit.until_hearing()
        modem.send(*(radio_frame(n) for n in range(20)))
        await until(lambda: len(frames_at(subscriber)) == 20)
        await asyncio.to_thread(broker.kill)
        modem.send(*(radio_frame(n) for n in range(20, 40)))
        await counted(unit, "cache", "frames", 20)
        await asyncio.to_thread(broker.start)
        await counted(unit, "cache", "frames", 0)
        status = await unit.status()
        await asyncio.to_thread(subscriber.wait_subscribed)
        modem.send(radio_frame(40))
        await until(lambda: 40 in frames_at(subscriber))
    assert status["radio"]["frames"] == 40
    assert status["broker"]["published_frames"] == 40
    assert status["broker"]["connects"] >= 2
    assert "connected again" in unit.errors


async def test_a_modem_unplugged_and_plugged_in_again_is_found(
    unit: UnitProcess, modem: ModemLine
) -> None:
    """The unit runs on meanwhile, and says what is missing."""
    await unit.until_hearing()
    modem.unplug()
    await counted(unit, "radio", "state", "unavailable")
    assert str(modem.path) in (await unit.status())["radio"]["error"]
    modem.plug()
    await until(lambda: "found again" in unit.errors)
    modem.send(radio_frame(1))
    await counted(unit, "radio", "frames", 1)
    assert (await unit.status())["radio"]["error"] is None
