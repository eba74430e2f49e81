import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance import activation as activation_module
from appliance.activation import CONFIRMED, RehearsalFailedError
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import StoreError
from appliance.settings import parse
from appliance.status import Step
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.support.configurations import values
from tests.support.frames import numbers, radio_frame
from tests.support.recording_broker import RecordingBroker
from tests.support.waiting import until

BY = "a test"


@asynccontextmanager
async def unit_at(directory: Path) -> AsyncIterator[Unit]:
    """The unit of `directory`, running without a modem."""
    unit = Unit(parse('[radio]\nurl = "/nowhere"', directory, "settings"), "KAM1")
    await unit.start()
    try:
        yield unit
    finally:
        await unit.stop()


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[Unit]:
    """A factory-new unit."""
    async with unit_at(tmp_path) as unit:
        yield unit


@pytest.fixture
async def old(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """The broker that serves at first."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker


@pytest.fixture
async def new(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """The broker to change to."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker


async def enter(unit: Unit, broker: RecordingBroker, authority: Authority, topic: str) -> None:
    """Saves what it takes for a broker; it has a status topic."""
    for key, text in values(
        broker.port, authority, status_topic="status", data_topic=topic
    ).items():
        await unit.save(key, text, BY)


async def serve(unit: Unit, broker: RecordingBroker, authority: Authority) -> None:
    """Puts the first configuration into service."""
    await enter(unit, broker, authority, "old")
    assert await unit.activate(BY) is None


async def sent_to(unit: Unit, broker: RecordingBroker, number: int) -> str:
    """The topic on which a new frame reaches this broker."""
    unit._take_in(radio_frame(number), 0)
    await until(lambda: any(p.topic != "status" for p in broker.publishes))
    publish = next(each for each in reversed(broker.publishes) if each.topic != "status")
    assert numbers([publish.payload])[-1] == number
    return publish.topic


async def test_the_puback_of_the_status_message_makes_it_permanent(
    unit: Unit, old: RecordingBroker, authority: Authority
) -> None:
    """Each step is told as it happens, and the history says who and when."""
    await enter(unit, old, authority, "old")
    steps: list[Step] = []
    assert await unit.activate(BY, on_step=steps.append) is None
    told = ["clock", "name", "tcp", "tls", "mqtt", "connect", "puback"]
    assert [step.name for step in steps] == told
    (entry,) = unit.activations
    assert (entry.by, entry.outcome, entry.in_service) == (BY, CONFIRMED, True)
    assert unit.active == unit.saved
    assert unit.notice is None
    assert [publish.topic for publish in old.publishes] == ["status"]


async def test_until_then_the_old_one_is_the_active_one(
    tmp_path: Path, old: RecordingBroker, new: RecordingBroker, authority: Authority
) -> None:
    """A power cut in the middle: the old configuration serves, whole."""
    async with unit_at(tmp_path) as unit:
        await serve(unit, old, authority)
        await enter(unit, new, authority, "new")
        new.script.hold_pubacks = True
        activation = asyncio.create_task(unit.activate(BY))
        await until(lambda: new.publishes)
        assert unit.active is not None
        assert unit.active["data-topic"] == "old"
        activation.cancel()
    async with unit_at(tmp_path) as unit:
        assert unit.active is not None
        assert unit.active["data-topic"] == "old"
        assert await sent_to(unit, old, 1) == "old"


async def test_a_failed_rehearsal_changes_nothing(
    unit: Unit, old: RecordingBroker, authority: Authority
) -> None:
    """The old connection is not even interrupted; without a check it goes through."""
    await serve(unit, old, authority)
    await unit.save("broker-url", "ssl://broker.invalid:8883", BY)
    with pytest.raises(RehearsalFailedError, match=r"broker\.invalid"):
        await unit.activate(BY)
    assert len([each for each in old.connections if each.closed_at is None]) == 1
    assert await sent_to(unit, old, 1) == "old"
    assert await unit.activate(BY, check=False) is None
    assert unit.activations[0].outcome == "kept without a check"
    assert unit.active == unit.saved


async def test_errors_of_the_review_are_refused(
    unit: Unit, old: RecordingBroker, authority: Authority
) -> None:
    """Every one of them, before anybody is called."""
    await enter(unit, old, authority, "old")
    await unit.save("client-password", "word", BY)
    with pytest.raises(ConfigurationRefused, match="client-password: needs client-username"):
        await unit.activate(BY)
    assert old.connections == []
    assert [each.severity for each in await unit.review()] == ["error"]


async def start_trial(
    unit: Unit, old: RecordingBroker, new: RecordingBroker, authority: Authority
) -> None:
    """A configuration whose broker takes the rehearsal, and refuses after it."""
    await serve(unit, old, authority)
    await enter(unit, new, authority, "new")
    new.script.close_on_publish = 1  # the rehearsal publishes nothing
    trial = await unit.activate(BY)
    assert trial is not None
    assert (trial.by, trial.earlier) == (BY, True)
    assert "is lost" in trial.reason
    assert unit.trial == trial


async def test_a_technician_goes_back(
    unit: Unit, old: RecordingBroker, new: RecordingBroker, authority: Authority
) -> None:
    """The old configuration serves again, frames that came meanwhile included; it is remembered."""
    await start_trial(unit, old, new, authority)
    with pytest.raises(Refused, match="still waits for a decision"):
        await unit.activate(BY)
    await unit.go_back("chosen by a test")
    assert unit.trial is None
    assert await sent_to(unit, old, 1) == "old"
    entry = unit.activations[0]
    assert not entry.in_service
    assert entry.outcome.startswith("went back, chosen by a test: ")
    assert unit.notice is not None
    assert "went back, chosen by a test" in unit.notice


async def test_a_technician_keeps_it_anyway(
    unit: Unit, old: RecordingBroker, new: RecordingBroker, authority: Authority
) -> None:
    """The new configuration is the active one, and delivers when its broker behaves."""
    await start_trial(unit, old, new, authority)
    await unit.keep(BY)
    assert unit.active == unit.saved
    assert unit.activations[0].outcome.startswith(f"kept by {BY} though not confirmed: ")
    new.script.close_on_publish = None
    assert await sent_to(unit, new, 1) == "new"


async def test_nobody_decides(
    unit: Unit,
    old: RecordingBroker,
    new: RecordingBroker,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The unit goes back by itself, and the next technician reads why."""
    monkeypatch.setattr(activation_module, "DECISION_S", 0.2)
    await start_trial(unit, old, new, authority)
    await until(lambda: unit.trial is None and len(unit.activations) == 2)
    assert "nobody decided within" in (unit.notice or "")
    assert await sent_to(unit, old, 1) == "old"


async def test_a_first_configuration_stays_when_nobody_decides(
    unit: Unit, new: RecordingBroker, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to go back to."""
    monkeypatch.setattr(activation_module, "DECISION_S", 0.2)
    await enter(unit, new, authority, "new")
    new.script.close_on_publish = 1
    trial = await unit.activate(BY)
    assert trial is not None
    assert not trial.earlier
    await until(lambda: unit.trial is None and unit.active == unit.saved)
    assert "nothing to go back to" in unit.activations[0].outcome


async def test_a_late_confirmation_decides(
    unit: Unit, old: RecordingBroker, new: RecordingBroker, authority: Authority
) -> None:
    """The broker comes to its senses while the technician thinks."""
    await start_trial(unit, old, new, authority)
    new.script.close_on_publish = None
    await until(lambda: unit.trial is None)
    assert unit.activations[0].outcome == f"{CONFIRMED}, late"
    assert unit.active == unit.saved


async def test_without_a_status_topic_the_connection_is_proof(
    unit: Unit, old: RecordingBroker, authority: Authority
) -> None:
    """CONNACK completes it."""
    await enter(unit, old, authority, "old")
    await unit.clear("status-topic", BY)
    assert await unit.activate(BY) is None
    assert unit.activations[0].outcome == CONFIRMED


async def test_the_confirming_puback_is_on_record(
    tmp_path: Path, old: RecordingBroker, authority: Authority
) -> None:
    """With the activation itself; frames that follow, and a restart, do not change it."""
    async with unit_at(tmp_path) as unit:
        await serve(unit, old, authority)
        first = unit.activations[0].first_puback
        assert first is not None
        assert first <= unit.activations[0].at
        assert await sent_to(unit, old, 1) == "old"
    async with unit_at(tmp_path) as unit:
        unit._take_in(radio_frame(2), 0)
        await until(lambda: unit.status().broker.published_frames == 2)
        assert unit.activations[0].first_puback == first


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_first_puback_that_comes_later_completes_the_record(
    tmp_path: Path, old: RecordingBroker, authority: Authority, *, restarted: bool
) -> None:
    """Without a status topic it is that of the first frame, be it after a restart."""
    async with contextlib.AsyncExitStack() as units:
        unit = await units.enter_async_context(unit_at(tmp_path))
        await enter(unit, old, authority, "old")
        await unit.clear("status-topic", BY)
        assert await unit.activate(BY) is None
        assert unit.activations[0].first_puback is None
        if restarted:
            await units.aclose()
            unit = await units.enter_async_context(unit_at(tmp_path))
        assert await sent_to(unit, old, 1) == "old"
        first = await until(lambda: unit.activations[0].first_puback)
        assert first is not None
        assert first >= unit.activations[0].at
    async with unit_at(tmp_path) as again:
        assert again.activations == unit.activations


async def test_a_puback_during_a_trial_is_that_of_the_trial(
    unit: Unit, old: RecordingBroker, new: RecordingBroker, authority: Authority
) -> None:
    """The earlier activation is not touched by it; the one that is kept has it."""
    await serve(unit, old, authority)
    before = unit.activations[0]
    await enter(unit, new, authority, "new")
    new.script.close_on_publish = 1
    assert await unit.activate(BY) is not None
    new.script.close_on_publish = None
    await until(lambda: unit.trial is None)
    assert unit.activations[0].first_puback is not None
    assert unit.activations[1] == before


async def test_a_first_puback_that_cannot_be_recorded_stops_nothing(
    unit: Unit, old: RecordingBroker, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk: frames go on, and the log says what is missing."""

    def refuse(*_: object) -> None:
        raise StoreError("not stored")

    await enter(unit, old, authority, "old")
    await unit.clear("status-topic", BY)
    assert await unit.activate(BY) is None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(unit._store, "complete", refuse)
        assert await sent_to(unit, old, 1) == "old"
        await until(lambda: "the first delivery is not on record: not stored" in caplog.text)
    unit._take_in(radio_frame(2), 0)
    await until(lambda: unit.status().broker.published_frames == 2)


async def test_what_cannot_be_recorded_does_not_stay(
    unit: Unit,
    old: RecordingBroker,
    new: RecordingBroker,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full disk in the moment of confirmation: the old configuration serves again."""
    await serve(unit, old, authority)
    await enter(unit, new, authority, "new")

    def refuse(*_: object) -> None:
        raise StoreError("not stored")

    monkeypatch.setattr(unit._store, "record", refuse)
    with pytest.raises(StoreError):
        await unit.activate(BY)
    assert await sent_to(unit, old, 1) == "old"


async def test_a_second_connect_never_evicts_the_first(
    unit: Unit, old: RecordingBroker, authority: Authority
) -> None:
    """The same broker and client ID: the rehearsal leaves MQTT to Activate."""
    await serve(unit, old, authority)
    steps = [step async for step in unit.rehearse()]
    assert [step.verdict for step in steps] == ["ok", "ok", "ok", "ok", "skipped"]
    assert "the same client ID" in steps[-1].text


async def test_several_values_are_saved_together_or_not_at_all(unit: Unit) -> None:
    """Every fault is named; warnings come back."""
    await unit.save("data-topic", "before", BY)
    with pytest.raises(ConfigurationRefused):
        await unit.save_all({"data-topic": "after", "status-topic": "a/#"}, BY)
    assert unit.saved["data-topic"] == "before"
    (warning,) = await unit.save_all({"data-topic": "after", "status-topic": " x"}, BY)
    assert (warning.severity, warning.key) == ("warning", "status-topic")
    assert unit.saved["data-topic"] == "after"
