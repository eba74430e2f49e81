"""What a technician reads of a unit's life: the journal of real units."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.activation import RehearsalFailedError
from appliance.parameters.refusal import ConfigurationRefused
from appliance.settings import parse
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.support.configurations import values
from tests.support.frames import radio_frame
from tests.support.modem_line import ModemLine
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until

BY = "tech from 192.0.2.7"


@asynccontextmanager
async def unit_at(directory: Path) -> AsyncIterator[Unit]:
    """The unit of `directory`, running; its modem may be plugged in."""
    settings = parse(f'[radio]\nurl = "{directory / "modem"}"', directory, "settings")
    unit = Unit(settings, "KAM1")
    await unit.start()
    try:
        yield unit
    finally:
        await unit.stop()


@pytest.fixture
async def broker(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """A broker that behaves."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker


def told(unit: Unit) -> list[str]:
    """Level and text of every entry."""
    return [f"{entry.level}: {entry.text}" for entry in unit.journal.entries()]


async def test_a_unit_tells_of_its_life(
    tmp_path: Path, broker: RecordingBroker, authority: Authority
) -> None:
    """Start, saving, activation, connection, stop; the next run knows."""
    async with unit_at(tmp_path) as unit:
        await until(lambda: "no such device" in told(unit)[-1])
        for key, text in values(broker.port, authority).items():
            await unit.save(key, text, BY)
        await unit.save("client-id", "x", BY)
        await unit.clear("client-id", BY)
        await unit.activate(BY)
    story = told(unit)
    assert story[0] == f"info: unit KAM1 starts, concentrator {unit.version}"
    assert story[1].startswith(f"warning: {tmp_path}/modem: no such device: plug in")
    assert f"info: data-topic saved by {BY}" in story
    assert f"info: client-id cleared by {BY}" in story
    assert story[-3:] == [
        f"info: connected to ssl://broker.localhost:{broker.port}",
        f"info: configuration activated by {BY}: confirmed by the broker",
        "info: the unit has stopped",
    ]
    async with unit_at(tmp_path) as unit:
        assert told(unit)[: len(story)] == story
        assert told(unit)[len(story)] == story[0]


async def test_of_many_values_those_that_changed_are_told(tmp_path: Path) -> None:
    """An import of what is there already is no news, and an emptied value is not a saved one."""
    async with unit_at(tmp_path) as unit:
        given = {"data-topic": "data", "client-id": "x", "status-topic": ""}
        await unit.save_all(given, BY)
        before = len(told(unit))
        await unit.save_all(given, BY)
        assert not any(BY in line for line in told(unit)[before:])
        await unit.save_all({"data-topic": "other", "client-id": "", "status-topic": ""}, BY)
        story = [line for line in told(unit) if BY in line]
    assert story == [
        f"info: data-topic, client-id saved by {BY}",
        f"info: data-topic saved by {BY}",
        f"info: client-id cleared by {BY}",
    ]


async def test_a_refused_activation_is_told_with_what_to_look_at(
    tmp_path: Path, broker: RecordingBroker, authority: Authority
) -> None:
    """The parameters by name, never a value; of a rehearsal the step that failed."""
    async with unit_at(tmp_path) as unit:
        await unit.save("client-password", "hunter2", BY)
        with pytest.raises(ConfigurationRefused):
            await unit.activate(BY)
        keys = "broker-url, data-topic, client-password"
        refused = (
            f"warning: configuration not activated for {BY}: to be corrected, see check: {keys}"
        )
        assert told(unit)[-1] == refused
        for key, text in values(broker.port, authority, client_username="unit").items():
            await unit.save(key, text, BY)
        broker.script.connack = 5
        with pytest.raises(RehearsalFailedError) as failure:
            await unit.activate(BY)
        assert told(unit)[-1] == f"warning: configuration not activated for {BY}: {failure.value}"
    assert "hunter2" not in "".join(told(unit))


async def test_an_outage_of_the_radio_is_told_from_loss_to_return(tmp_path: Path) -> None:
    """Unplugged and plugged in again."""
    with ModemLine(tmp_path) as modem:
        assert modem.path == tmp_path / "modem"
        async with unit_at(tmp_path) as unit:
            await until(lambda: "opened, listening for frames" in told(unit)[-1])
            await asyncio.to_thread(modem.unplug)
            await until(lambda: told(unit)[-1].startswith("warning: "))
            modem.plug()
            await until(lambda: "found again after" in told(unit)[-1])


async def test_going_back_is_told(
    tmp_path: Path,
    broker: RecordingBroker,
    broker_identity: Identity,
    authority: Authority,
) -> None:
    """A trial, why, and how it ended."""
    async with unit_at(tmp_path) as unit, RecordingBroker(broker_identity) as other:
        for key, text in values(broker.port, authority, status_topic="status").items():
            await unit.save(key, text, BY)
        await unit.activate(BY)
        await unit.save("broker-url", f"ssl://broker.localhost:{other.port}", BY)
        other.script.close_on_publish = 1
        assert await unit.activate(BY)
        await unit.go_back(f"by choice of {BY}")
        unit._take_in(radio_frame(1), 0)
        await until(lambda: unit.status().broker.published_frames == 1)
    story = "\n".join(told(unit))
    lost = "the connection to broker.localhost is lost: .*"
    assert re.search(
        f"warning: the activation by {BY} is not confirmed, and on trial: {lost}", story
    )
    assert re.search(f"warning: the activation by {BY} went back, by choice of {BY}: {lost}", story)
