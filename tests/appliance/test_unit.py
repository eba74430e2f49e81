import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import Activation
from appliance.settings import parse
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.support.configurations import values
from tests.support.frames import numbers, radio_frame
from tests.support.modem_line import ModemLine
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until

BY = "a test"


@asynccontextmanager
async def unit_at(directory: Path, radio_url: Path) -> AsyncIterator[Unit]:
    """The unit of `directory`, running."""
    unit = Unit(parse(f'[radio]\nurl = "{radio_url}"', directory, "settings"), "KAM1")
    await unit.start()
    try:
        yield unit
    finally:
        await unit.stop()


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Unit]:
    """A factory-new unit without a modem."""
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        yield unit


@pytest.fixture
async def broker(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """A broker that behaves."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker


async def configure(unit: Unit, port: int, authority: Authority, **changes: str) -> None:
    """Saves and activates what it takes for the broker on `port`."""
    for key, text in values(port, authority, **changes).items():
        await unit.save(key, text, BY)
    await unit.activate(BY)


def settled(unit: Unit, frames: int) -> Callable[[], bool]:
    """Whether `frames` came in and all of them were published."""
    return lambda: unit.status().broker.published_frames == frames


async def test_a_new_unit_says_what_it_is(unit: Unit) -> None:
    """Unconfigured, its modem missing and named; it runs all the same."""
    await until(lambda: "no such device" in (unit.status().radio.error or ""))
    status = unit.status().as_json_dict()
    assert status["unit"]["serial_number"] == "KAM1"
    assert status["radio"]["state"] == "unavailable"
    assert status["broker"] == {
        "state": "unconfigured",
        "url": None,
        "connects": 0,
        "published_frames": 0,
        "published_messages": 0,
        "last_publish": None,
        "retry_in_s": None,
        "last_error": None,
    }
    assert status["configuration"] == {"active_since": None, "pending": ()}


async def test_saved_values_wait_for_activate(
    unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Save changes nothing in service; Activate does, and then nothing is pending."""
    await configure(unit, broker.port, authority)
    assert not unit.pending
    await unit.save("data-topic", "another", BY)
    assert unit.pending == ("data-topic",)
    assert unit.active is not None
    assert (unit.saved["data-topic"], unit.active["data-topic"]) == ("another", "data")


async def test_a_refused_value_changes_nothing(unit: Unit) -> None:
    """Neither in memory nor on disk, and the message names the key."""
    await unit.save("data-topic", "good", BY)
    with pytest.raises(Refused, match=r"data-topic: .*#"):
        await unit.save("data-topic", "bad/#", BY)
    with pytest.raises(Refused, match="no such parameter"):
        await unit.clear("nonsense", BY)
    assert unit.saved["data-topic"] == "good"


async def test_a_refused_whole_leaves_the_old_one_in_service(
    unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Every problem is named, and frames go on to the old broker."""
    await configure(unit, broker.port, authority)
    await unit.clear("data-topic", BY)
    await unit.save("client-password", "word", BY)
    with pytest.raises(ConfigurationRefused) as refusal:
        await unit.activate(BY)
    assert [problem.key for problem in refusal.value.problems] == ["data-topic", "client-password"]
    unit._take_in(radio_frame(1), 0)
    await until(settled(unit, 1))
    assert unit.active is not None
    assert unit.active["data-topic"] == "data"


async def test_an_activation_whose_session_is_lost_is_carried_out(
    unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """A technician's connection that breaks in the middle leaves no unit without a forwarder."""
    await configure(unit, broker.port, authority)
    await unit.save("data-topic", "new", BY)
    before = len(broker.connections)
    activation = asyncio.create_task(unit.activate(BY))
    await until(lambda: len(broker.connections) > before)  # the rehearsal's
    activation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await activation
    await until(lambda: not unit.pending)
    unit._take_in(radio_frame(1), 0)
    await until(settled(unit, 1))
    assert [publish.topic for publish in broker.publishes] == ["new"]


async def test_the_active_configuration_serves_again_after_a_restart(
    tmp_path: Path, broker: RecordingBroker, authority: Authority
) -> None:
    """Frames that were cached go out, and the counts go on."""
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        await configure(unit, broker.port, authority)
        unit._take_in(radio_frame(1), 0)
        await until(settled(unit, 1))
        await broker.stop()
        unit._take_in(radio_frame(2, priority=True), 0)
    await broker.start()
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        await until(settled(unit, 2))
        status = unit.status()
    assert (status.radio.frames, status.radio.priority_frames) == (2, 1)
    assert numbers(publish.payload for publish in broker.publishes) == [1, 2]
    assert [publish.topic for publish in broker.publishes] == ["data", "event"]


async def test_a_cache_that_somebody_deleted_is_missed(
    tmp_path: Path,
    broker: RecordingBroker,
    authority: Authority,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not by a new unit, which never had one."""
    for times in range(3):
        async with unit_at(tmp_path, tmp_path / "no modem") as unit:
            if times == 0:
                await configure(unit, broker.port, authority)
        assert ("frame cache is gone" in caplog.text) == (times == 2)
        if times == 1:
            (tmp_path / "state" / "cache.sqlite3").unlink()


async def test_an_unfit_active_configuration_does_not_stop_the_unit(
    tmp_path: Path, broker: RecordingBroker, authority: Authority
) -> None:
    """It comes up without a forwarder, says why, and takes a better one."""
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        await configure(unit, broker.port, authority)
        values = unit._store.saved.changed("broker-certificate", "nonsense")
        await asyncio.to_thread(unit._store.record, Activation(0.0, BY, "", True, values))
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        status = unit.status().broker
        assert status.state == "unconfigured"
        assert "broker-certificate" in (status.last_error or "")
        await unit.activate(BY)
        unit._take_in(radio_frame(1), 0)
        await until(settled(unit, 1))


async def test_the_mask_of_the_settings_says_what_is_priority(
    tmp_path: Path, broker: RecordingBroker, authority: Authority
) -> None:
    """(control field & mask) != 0, to the event topic; without one to the data topic."""
    with ModemLine(tmp_path) as modem:
        async with unit_at(tmp_path, modem.path) as unit:
            await configure(unit, broker.port, authority)
            await until(lambda: unit.status().radio.state == "receiving")
            modem.send(radio_frame(1, priority=True), radio_frame(2))
            await until(settled(unit, 2))
            await unit.clear("event-topic", BY)
            await unit.activate(BY)
            modem.send(radio_frame(3, priority=True))
            await until(settled(unit, 3))
            status = unit.status()
    assert (status.radio.frames, status.radio.priority_frames) == (3, 2)
    assert status.radio.last_rssi == radio_frame(3).rssi
    assert status.radio.last_frame is not None
    heard = unit.reception()
    assert (heard.tally.frames, heard.tally.priority_frames) == (3, 2)
    assert [frame.priority for frame in heard.latest] == [True, False, True]
    topics = {numbers([publish.payload])[0]: publish.topic for publish in broker.publishes}
    assert topics == {1: "event", 2: "data", 3: "data"}


async def test_what_is_wrong_with_the_storage_is_told(tmp_path: Path) -> None:
    """The unit runs on memory, says so in its status, and in nothing but that while all is well."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "cache.sqlite3").symlink_to(tmp_path / "nowhere" / "cache.sqlite3")
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        unit._take_in(radio_frame(1), 0)
        error = unit.status().as_json_dict()["cache"]["error"]
        assert "cache.sqlite3 cannot be used" in error
        assert "1 frames are held in memory" in error
        (tmp_path / "nowhere").mkdir()
        await until(lambda: unit.status().cache.error is None)
        assert "error" not in unit.status().as_json_dict()["cache"]
        assert unit.status().radio.frames == 1


async def test_a_stamp_from_before_the_clock_was_set_is_corrected(
    tmp_path: Path, broker: RecordingBroker, authority: Authority
) -> None:
    """The radio thread stamped it in 1970; what is published says when it came."""
    async with unit_at(tmp_path, tmp_path / "no modem") as unit:
        unit._take_in(radio_frame(1), 30.0)
        await configure(unit, broker.port, authority)
        await until(settled(unit, 1))
    (published,) = [json.loads(p.payload) for p in broker.publishes if p.topic == "data"]
    stamp = datetime.fromisoformat(published["frames"][0]["timestamp"])
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=5)
