"""Edits that were not saved: what of them outlives a session, and who is offered them."""

import asyncio
import contextlib

import pytest

from appliance.parameters.catalogue import CATALOGUE
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.tui.broken_unit import BrokenUnit
from tests.tui.conftest import Connect
from tests.tui.technician import choose, chosen_row, press
from tests.tui.wire_terminal import WireTerminal

OFFER = "Unsaved edits of tech from 192.0.2.7"
WHOLE = 40  # rows that leave room for all there is to report


@pytest.fixture
def client(authority: Authority) -> Identity:
    """A client's certificate and key."""
    return authority.client("meter room")


async def leave_edits(connect: Connect, **texts: str) -> None:
    """Enter texts for keys (with _ for -), and have the line cut."""
    terminal = connect()
    await enter(terminal, **texts)
    terminal.hang_up()
    await terminal.session


async def enter(terminal: WireTerminal, **texts: str) -> None:
    """Enter texts for keys (with _ for -), saving none."""
    for key, text in texts.items():
        await choose(terminal, key.replace("_", "-"))
        terminal.paste(text)
        await terminal.wait_for("edited, not saved")


async def next_login(connect: Connect) -> WireTerminal:
    """Log in where something is offered."""
    terminal = connect(rows=WHOLE)
    await terminal.wait_for(OFFER)
    return terminal


async def nothing_offered(connect: Connect) -> WireTerminal:
    """Log in where nothing is offered."""
    terminal = connect(rows=WHOLE)
    text = await terminal.wait_for("<Activate>")
    assert "Unsaved edits" not in text
    return terminal


async def restore(terminal: WireTerminal) -> str:
    """Take the offer; return what is said."""
    terminal.key("ctrl r")
    text = await terminal.wait_for("Back in the fields")
    return joined(text)


def joined(text: str) -> str:
    """Return what is shown as one line, since sentences wrap."""
    return " ".join(text.split())


@pytest.mark.parametrize("ending", ["line", "idle", "crash", "cancelled"])
async def test_edits_outlive_a_session_that_was_not_left(
    connect: Connect, unit: Unit, ending: str
) -> None:
    """The next login says whose, since when and which, and has them back with a key."""
    broken = BrokenUnit(unit)
    terminal = connect(1.0 if ending == "idle" else 0, on=broken)
    await enter(terminal, broker_url="ssl://half", client_id="unit-1")
    if ending == "line":
        terminal.hang_up()
    elif ending == "crash":
        broken.broken = True
    elif ending == "cancelled":
        terminal.session.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await terminal.session
    again = await next_login(connect)
    words = joined(again.text())
    assert f"{OFFER}, cut off at " in words
    assert "UTC: Broker URL, MQTT Client ID. Ctrl-R or the menu restores them." in words
    assert "│ssl://half" not in again.text()
    words = await restore(again)
    assert "Back in the fields, not saved yet: Broker URL, MQTT Client ID." in words
    assert "Unsaved edits" not in words
    await again.wait_for("│ssl://half ")
    await again.wait_for(">! Broker URL")  # judged as if it had been typed here
    await choose(again, "client-id")
    await again.wait_for("│unit-1 ")
    await press(again, "<Save>")
    await again.wait_for("Saved: MQTT Client ID.")
    assert unit.saved["client-id"] == "unit-1"


async def leave(terminal: WireTerminal) -> None:
    """Leave with edits, on purpose."""
    terminal.key("ctrl d")
    await terminal.wait_for("Press Ctrl-D again to leave without saving.")
    terminal.key("ctrl d")


async def test_edits_taken_are_offered_to_nobody_else(connect: Connect) -> None:
    """Those not taken are, to each login."""
    await leave_edits(connect, client_id="unit-1")
    first, second = await next_login(connect), await next_login(connect)
    await restore(first)
    await leave(first)
    await first.session
    await restore(second)
    await leave(second)
    await second.session
    await nothing_offered(connect)


async def test_a_clean_leave_keeps_nothing(connect: Connect) -> None:
    """Who was asked and left all the same has thrown the edits away, for those open now too."""
    terminal = connect()
    await enter(terminal, client_id="unit-1")
    other = await next_login(connect)
    terminal.key("ctrl d")
    await terminal.wait_for("Press Ctrl-D again to leave without saving.")
    terminal.key("ctrl d")
    await terminal.session
    await other.wait_for(lambda text: "Unsaved edits" not in text)
    await nothing_offered(connect)


async def test_a_session_that_hangs_is_offered_while_it_is_open(connect: Connect) -> None:
    """Its line may be dead without knowing; what was typed last is there."""
    hanging = connect()
    await enter(hanging, client_id="unit")
    terminal = await next_login(connect)
    assert "in a session still open: MQTT Client ID." in joined(terminal.text())
    hanging.paste("-1")
    await hanging.wait_for("│unit-1 ")
    await restore(terminal)
    await choose(terminal, "client-id")
    await terminal.wait_for("│unit-1 ")
    assert "│unit-1 " in hanging.text()


async def test_ctrl_r_does_nothing_where_nothing_is_offered(connect: Connect) -> None:
    """The last answer stays, and there is no entry for it in the menu."""
    terminal = await nothing_offered(connect)
    await press(terminal, "<Save>")
    await terminal.wait_for("Nothing to save: Broker URL")
    terminal.key("ctrl r", "f10")
    text = await terminal.wait_for("─ Menu ─")
    assert "Nothing to save: Broker URL" in text
    assert "Unsaved edits" not in text


@pytest.mark.parametrize("row", ["Unsaved edits: restore", "Unsaved edits: throw away"])
async def test_the_menu_restores_or_throws_away(connect: Connect, row: str) -> None:
    """After that there is no more to restore, here and at the next login."""
    await leave_edits(connect, broker_url="ssl://half")
    terminal = await next_login(connect)
    terminal.key("f10")
    text = await terminal.wait_for("─ Menu ─")
    entry = next(line for line in text.splitlines() if row in line)
    terminal.send(entry.split("│")[1].split()[0])
    text = await terminal.wait_for(lambda text: "Unsaved edits of" not in text)
    assert ("│ssl://half " in text) == row.endswith("restore")
    terminal.key("f10")
    text = await terminal.wait_for("─ Menu ─")
    assert "Unsaved edits" not in text
    terminal.key("f10", "ctrl d")
    if row.endswith("restore"):
        await terminal.wait_for("Press Ctrl-D again to leave without saving.")
        terminal.key("ctrl d")
    await terminal.session
    await nothing_offered(connect)


async def test_an_own_edit_is_never_replaced(connect: Connect) -> None:
    """What was left for that parameter is told of and stays offered, the rest is taken."""
    await leave_edits(connect, client_id="theirs", data_topic="left")
    terminal = await next_login(connect)
    await enter(terminal, client_id="mine")
    words = await restore(terminal)
    assert "Back in the fields, not saved yet: Topic for End-device Data. " in words
    assert "Not taken: MQTT Client ID. Edited here too" in words
    assert "UTC: MQTT Client ID. Ctrl-R" in words
    assert "│mine " in terminal.text()
    terminal.key("ctrl r")
    text = await terminal.wait_for(lambda text: "Back in the fields" not in text)
    assert "Not taken: MQTT Client ID." in text
    terminal.key(*["backspace"] * len("mine"))
    await terminal.wait_for(">  MQTT Client ID")
    words = await restore(terminal)
    assert "Unsaved edits" not in words
    assert "│theirs " in terminal.text()


async def test_of_two_drafts_the_newest_is_taken(connect: Connect) -> None:
    """And what only the older one has."""
    await leave_edits(connect, client_id="older", data_topic="left")
    await leave_edits(connect, client_id="newer")
    terminal = await next_login(connect)
    words = await restore(terminal)
    assert "Topic for End-device Data, MQTT Client ID." in words
    await choose(terminal, "client-id")
    await terminal.wait_for("│newer ")


async def test_what_was_saved_meanwhile_is_no_offer(connect: Connect, unit: Unit) -> None:
    """The edit has come to its end, by whomever."""
    await leave_edits(connect, client_id="unit-1", data_topic="meters")
    terminal = await next_login(connect)
    await unit.save("client-id", "unit-1", "a test")
    await terminal.wait_for(lambda text: "UTC: Topic for End-device Data. Ctrl-R" in joined(text))
    await unit.save("data-topic", "meters", "a test")
    await terminal.wait_for(lambda text: "Unsaved edits" not in text)


async def test_a_restored_edit_meets_what_was_saved_since(connect: Connect, unit: Unit) -> None:
    """It was begun from another value: <Save> says so, as it would have said then."""
    await unit.save("data-topic", "first", "a test")
    await leave_edits(connect, data_topic="/mine")
    await unit.save("data-topic", "theirs", "tech from 192.0.2.9")
    terminal = await next_login(connect)
    await restore(terminal)
    await choose(terminal, "data-topic")
    await terminal.wait_for("│first/mine ")
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Not saved: ")
    assert "changed meanwhile by tech from 192.0.2.9." in joined(text)
    terminal.key("enter")
    await terminal.wait_for("Saved: Topic for End-device Data.")
    assert unit.saved["data-topic"] == "first/mine"


async def test_a_secret_comes_back_unseen(connect: Connect, unit: Unit, client: Identity) -> None:
    """Password, key and certificate are whole, and none of a secret was in any picture."""
    terminals = [connect()]
    secrets = {"client_password": "hunter2 hunter2", "client_private_key": client.key}
    await enter(terminals[0], **secrets, client_certificate=client.certificate)
    terminals[0].hang_up()
    await terminals[0].session
    terminals.append(await next_login(connect))
    words = await restore(terminals[1])
    assert "MQTT Client Password, MQTT Client Certificate, MQTT Client Private Key." in words
    for key in ("client-password", "client-certificate", "client-private-key"):
        await choose(terminals[1], key)
        await press(terminals[1], "<Save>")
        label = next(each.label for each in CATALOGUE if each.key == key)
        await terminals[1].wait_for(f"Saved: {label}.")
        terminals[1].key("tab", "tab")
    assert unit.saved["client-password"] == secrets["client_password"]
    assert unit.saved["client-private-key"] == client.key
    assert unit.saved["client-certificate"] == client.certificate
    received = b"".join(bytes(each.received) for each in terminals)
    for line in ("hunter", *client.key.splitlines()[1:-1]):
        assert line.encode() not in received


async def test_a_secret_to_be_cleared_is_so_again(connect: Connect, unit: Unit) -> None:
    """An empty field alone would mean nothing."""
    await unit.save("client-password", "hunter2", "a test")
    terminal = connect()
    await choose(terminal, "client-password")
    await terminal.wait_for("what you enter replaces it")
    await press(terminal, "<Clear>")
    await terminal.wait_for("cleared once you press <Save>")
    terminal.hang_up()
    await terminal.session
    again = await next_login(connect)
    await restore(again)
    await choose(again, "client-password")
    await again.wait_for("cleared once you press <Save>")
    assert chosen_row(again.text()).startswith(">~")
    await press(again, "<Save>")
    await again.wait_for("MQTT Client Password is empty now")
    assert unit.saved["client-password"] == ""
