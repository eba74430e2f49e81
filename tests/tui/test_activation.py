"""<Activate> against a broker that behaves, and ones that do not; and the trial that may follow."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from appliance import activation as activation_module
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.support.configurations import values
from tests.support.recording_broker import SILENCE, RecordingBroker
from tests.support.waiting import until
from tests.tui.conftest import Connect
from tests.tui.technician import chosen_row, go_round, pane, press
from tests.tui.wire_terminal import WireTerminal
from tui import activating
from tui.drafts import Drafts
from tui.session import run

BY = "tech from 192.0.2.7"


@pytest.fixture
async def broker(broker_identity: Identity) -> AsyncIterator[RecordingBroker]:
    """A broker to put into service."""
    async with RecordingBroker(broker_identity) as broker:
        yield broker


@pytest.fixture
async def serving(
    unit: Unit, broker_identity: Identity, authority: Authority
) -> AsyncIterator[RecordingBroker]:
    """An earlier broker, in service on the unit."""
    async with RecordingBroker(broker_identity) as broker:
        await enter(unit, broker, authority, "old")
        assert await unit.activate("a test") is None
        yield broker


async def enter(unit: Unit, broker: RecordingBroker, authority: Authority, topic: str) -> None:
    """Save what it takes for a broker; its message at connect is what it confirms."""
    given = values(broker.port, authority, status_topic="status", data_topic=topic)
    for key, text in given.items():
        await unit.save(key, text, "a test")


async def begin_trial(terminal: WireTerminal, broker: RecordingBroker) -> str:
    """Activate on a broker that takes the rehearsal, and refuses after it."""
    broker.script.close_on_publish = 1
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    return await terminal.wait_for("<Keep anyway>")


async def test_activate_puts_saved_values_into_service(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Each step is there, the broker's confirmation is the last one, the signs say so."""
    await enter(unit, broker, authority, "data")
    terminal = connect()
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    text = await terminal.wait_for("Activated: confirmed by the broker.")
    steps = [row[36:].split()[:2] for row in text.splitlines()[4:11]]
    names = ("clock", "name", "tcp", "tls", "mqtt", "connect", "puback")
    assert steps == [["+", name] for name in names]
    assert "acknowledged by the broker" in pane(text)
    await terminal.wait_for(">= Broker URL")
    await terminal.wait_for("In service now: connected")
    assert unit.active == unit.saved


async def test_steps_show_as_they_happen_and_keys_are_answered(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """While the broker is silent the step it is asked in is named, and keys go on acting."""
    await enter(unit, broker, authority, "data")
    broker.script.connack = SILENCE
    terminal = connect()
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    text = await terminal.wait_for("> mqtt    login at the broker ... ")
    assert "Activating: step 5 of 7 ..." in text
    assert "+ tls " in text
    assert "  connect in service: connecting" in text
    began = time.monotonic()
    for row in ("Topic for Priority", "Topic for End-device", "Topic for Last Will"):
        terminal.key("down")
        await terminal.wait_for(lambda text, row=row: row in chosen_row(text))  # type: ignore[misc]
    assert time.monotonic() - began < 1  # the broker is given 8 s
    assert "login at the broker" not in terminal.text()
    terminal.key("ctrl d")
    text = await terminal.wait_for("Activating is still under way")
    assert "> mqtt    login at the broker" in text
    await broker.stop()
    await terminal.wait_for("Not activated, what was in service goes on. ")
    assert "x mqtt " in terminal.text()


async def test_tab_goes_its_way_while_an_activation_hangs(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """The buttons are there all the time, and each says that it has to wait, but for <Clear>."""
    await enter(unit, broker, authority, "data")
    broker.script.connack = SILENCE
    terminal = connect()
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    await terminal.wait_for("> mqtt ")
    terminal.key("tab")
    await go_round(terminal)
    for button in ("<Save>", "<Activate>"):
        await press(terminal, button)
        await terminal.wait_for("Activating is still under way; wait for its end.")
        terminal.key("down")
        await terminal.wait_for(lambda text: "> mqtt " not in text)
    assert len(broker.connections) == 1
    assert unit.active is None


async def test_warnings_are_shown_with_the_success(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """What is in service may still deserve a thought."""
    await enter(unit, broker, authority, "data")
    await unit.save("last-will-payload", "gone", "a test")
    terminal = connect(rows=40)
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    text = await terminal.wait_for("Activated: confirmed by the broker.")
    assert "Warning: Payload for Last Will: has no effect without" in text


async def fail_rehearsal(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> WireTerminal:
    """Activate on a broker that refuses the login."""
    await enter(unit, broker, authority, "data")
    broker.script.connack = 5
    terminal = connect()
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    text = await terminal.wait_for("<Go back>  <Keep anyway>")
    assert "<Activate>" not in text
    return terminal


async def test_a_failed_rehearsal_may_be_overruled(
    connect: Connect,
    unit: Unit,
    broker: RecordingBroker,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reason and ways out are told; <Keep anyway> activates without a check."""
    monkeypatch.setattr(activating, "GLANCE_S", 0.0)
    terminal = await fail_rehearsal(connect, unit, broker, authority)
    text = await terminal.wait_for("<Keep anyway> activates all the same.")
    assert "Not activated, what was in service goes on. " in text
    assert "x mqtt " in text
    assert unit.active is None
    terminal.key("right", "enter")
    text = await terminal.wait_for("Activated: in service, without a check.")
    assert "Activated, not confirmed" in pane(text)
    assert "<Clear>  <Save>  <Activate>" in text
    assert unit.active == unit.saved


async def test_a_failed_rehearsal_leads_back_to_its_cause(
    connect: Connect,
    unit: Unit,
    broker: RecordingBroker,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """<Go back> has the focus; it selects the parameter that the reason names first."""
    monkeypatch.setattr(activating, "GLANCE_S", 0.0)
    terminal = await fail_rehearsal(connect, unit, broker, authority)
    assert "check MQTT Client Username" in pane(terminal.text())
    row = next(row for row in terminal.lines() if "<Go back>" in row)
    await until(lambda: terminal.cursor == (row.index("<Go"), terminal.lines().index(row)))
    terminal.key("enter")
    text = await terminal.wait_for(">  MQTT Client Username")
    assert "<Clear>  <Save>  <Activate>" in text
    assert "Not activated: what was in service goes on." in text
    assert unit.active is None


async def test_an_enter_pressed_twice_decides_nothing(
    connect: Connect,
    unit: Unit,
    broker: RecordingBroker,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some refusals come faster than a finger leaves the key; a later Enter is a decision."""
    clock = asyncio.get_running_loop().time
    monkeypatch.setattr(activating, "GLANCE_S", 1.0)
    terminal = await fail_rehearsal(connect, unit, broker, authority)
    refused_by = clock()
    terminal.key("right", "enter", "left", "enter")
    await until(lambda: clock() > refused_by + 1.0)
    assert "<Go back>  <Keep anyway>" in terminal.text()
    assert unit.active is None
    terminal.key("right", "enter")
    await terminal.wait_for("Activated: in service, without a check.")


@pytest.mark.parametrize("way", ["up", "down", "esc", "typing", "click"])
async def test_turning_to_something_else_goes_back(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority, way: str
) -> None:
    """The parameter is there again, with the usual buttons; Activate rehearses anew."""
    terminal = await fail_rehearsal(connect, unit, broker, authority)
    if way == "typing":
        terminal.send("x")
    elif way == "click":
        terminal.click(5, 6)
    else:
        terminal.key(way)
    text = await terminal.wait_for("<Clear>  <Save>  <Activate>")
    assert "x mqtt " not in text
    assert "Keep anyway" not in text
    attempts = len(broker.connections)
    await press(terminal, "<Activate>")
    if way == "typing":
        await terminal.wait_for("Edited, not saved: Broker URL.")
        terminal.key("enter")
    await terminal.wait_for("<Go back>  <Keep anyway>")
    assert len(broker.connections) == attempts + 1
    assert unit.active is None


async def test_a_failure_met_while_typing_asks_nothing(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Who has turned to a field again is told, and keeps the usual buttons."""
    await enter(unit, broker, authority, "data")
    broker.script.connack = SILENCE
    terminal = connect()
    await terminal.wait_for(">* Broker URL")
    await press(terminal, "<Activate>")
    await terminal.wait_for("> mqtt ")
    terminal.key("down")
    await terminal.wait_for(">* Topic for Priority Data")
    terminal.send("/north")
    await terminal.wait_for("│event/north")
    await broker.stop()
    text = await terminal.wait_for("Not activated, what was in service goes on: ")
    assert "<Clear>  <Save>  <Activate>" in text
    assert "Keep anyway" not in text
    assert "│event/north" in text


@pytest.mark.usefixtures("serving")
async def test_a_trial_says_why_and_offers_to_go_back(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Two buttons in place of three, the cursor on the first; Enter brings the old one back."""
    await enter(unit, broker, authority, "new")
    terminal = connect()
    text = await begin_trial(terminal, broker)
    words = " ".join(text.split())
    assert f"On trial for {BY}, not confirmed by the broker: the connection" in words
    assert "the unit goes back in " in words
    assert "<Go back>  <Keep anyway>" in text
    assert "<Save>" not in text
    row = next(row for row in terminal.lines() if "<Go back>" in row)
    await until(lambda: terminal.cursor == (row.index("<Go"), terminal.lines().index(row)))
    terminal.key("enter")
    text = await terminal.wait_for("The trial is over: went back, by choice of")
    assert "<Clear>  <Save>  <Activate>" in text
    assert unit.active is not None
    assert unit.active["data-topic"] == "old"
    assert unit.trial is None


@pytest.mark.usefixtures("serving")
async def test_a_trial_is_kept_anyway(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """TAB goes to the other button and on to the list, which stays usable."""
    await enter(unit, broker, authority, "new")
    terminal = connect()
    await begin_trial(terminal, broker)
    terminal.key("down")
    await terminal.wait_for(">= Topic for Priority Data")
    terminal.key("tab", "tab", "tab", "shift tab", "enter")
    await terminal.wait_for(f"The trial is over: kept by {BY}")
    await terminal.wait_for("<Activate>")
    assert unit.active == unit.saved


@pytest.mark.usefixtures("serving")
async def test_a_trial_that_ends_by_itself_is_told_of(
    connect: Connect,
    unit: Unit,
    broker: RecordingBroker,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody decides: the unit does, and the ordinary buttons are back."""
    monkeypatch.setattr(activation_module, "DECISION_S", 1.5)
    await enter(unit, broker, authority, "new")
    terminal = connect()
    await begin_trial(terminal, broker)
    text = await terminal.wait_for("The trial is over: went back, nobody decided within")
    assert "<Activate>" in text
    assert unit.trial is None


@pytest.mark.usefixtures("serving")
async def test_a_trial_is_seen_and_decided_in_any_session(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """A second technician keeps it; the first one reads who did, the focus left in the list."""
    await enter(unit, broker, authority, "new")
    first, second = connect(), connect()
    await begin_trial(first, broker)
    await second.wait_for("<Keep anyway>")
    second.key("tab", "tab", "enter")
    await first.wait_for("The trial is over: kept by")
    await second.wait_for("The trial is over: kept by")


async def test_with_nothing_to_go_back_to_keeping_is_at_hand(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """The focus is on what the unit would do; what the other button means is said."""
    await enter(unit, broker, authority, "new")
    terminal = connect()
    words = " ".join((await begin_trial(terminal, broker)).split())
    assert "<Go back> takes it out of service" in words
    terminal.key("enter")
    await terminal.wait_for("The trial is over: kept by")
    assert unit.active == unit.saved


@pytest.mark.usefixtures("serving")
@pytest.mark.parametrize("ending", ["line", "ctrl d", "idle"])
async def test_a_lost_session_ends_its_own_trial(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority, ending: str
) -> None:
    """Nobody is there to decide: back to what worked, and the next login reads why."""
    await enter(unit, broker, authority, "new")
    terminal = connect(2.0 if ending == "idle" else 0)
    await begin_trial(terminal, broker)
    if ending == "line":
        terminal.hang_up()
    elif ending == "ctrl d":
        terminal.key("ctrl d")
    await terminal.session
    assert unit.trial is None
    assert unit.active is not None
    assert unit.active["data-topic"] == "old"
    next_one = connect()
    text = " ".join((await next_one.wait_for("The activation of")).split())
    assert f"by {BY} went back, the session was lost" in text


@pytest.mark.usefixtures("serving")
async def test_a_cancelled_session_ends_its_own_trial(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """The SSH server cancels what does not end by itself."""
    await enter(unit, broker, authority, "new")
    terminal = connect()
    await terminal.wait_for("<Activate>")
    wire = WireTerminal()
    session = asyncio.create_task(run(unit, wire, 0, drafts=Drafts()))
    await begin_trial(wire, broker)
    await terminal.wait_for("<Keep anyway>")
    session.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await session
    assert unit.trial is None
    await terminal.wait_for("The trial is over: went back, the session was lost")


@pytest.mark.usefixtures("serving")
async def test_a_lost_session_leaves_a_neighbours_trial_alone(
    connect: Connect, unit: Unit, broker: RecordingBroker, authority: Authority
) -> None:
    """Also one of the same address."""
    await enter(unit, broker, authority, "new")
    mine, neighbour = connect(), connect()
    await begin_trial(mine, broker)
    await neighbour.wait_for("<Keep anyway>")
    neighbour.key("ctrl d")
    await neighbour.session
    assert unit.trial is not None
