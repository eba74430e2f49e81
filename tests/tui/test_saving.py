"""<Save>: values changed elsewhere meanwhile, what else a paste held, and saved PEMs described."""

from pathlib import Path

import pytest

from appliance.parameters.catalogue import parameter
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.support.waiting import until
from tests.tui.conftest import Connect
from tests.tui.technician import choose, chosen_row, pane, press
from tests.tui.wire_terminal import WireTerminal

OTHER = "tech from 192.0.2.9"


@pytest.fixture
def client(tmp_path: Path) -> Identity:
    """A client's certificate and key."""
    return Authority(tmp_path, "clients").client("meter room")


async def meet_a_conflict(connect: Connect, unit: Unit, key: str, theirs: str) -> WireTerminal:
    """Edit a saved value, have it saved elsewhere, and press Save."""
    await unit.save(key, "first", "a test")
    terminal = connect()
    await choose(terminal, key)
    terminal.send("mine")
    await terminal.wait_for(lambda text: chosen_row(text).startswith(">~"))
    await unit.save(key, theirs, OTHER)
    await press(terminal, "<Save>")
    words = " ".join((await terminal.wait_for("Not saved: ")).split())
    assert f"{parameter(key).label}: changed meanwhile by {OTHER}." in words
    assert "<Save> again replaces it with yours" in words
    assert unit.saved[key] == theirs
    return terminal


async def test_a_value_saved_elsewhere_is_not_overwritten_unknowingly(
    connect: Connect, unit: Unit
) -> None:
    """Who, what it is now and what can be done are told; the second Save replaces it."""
    terminal = await meet_a_conflict(connect, unit, "data-topic", "theirs")
    assert "Saved now: theirs" in terminal.text()
    terminal.key("enter")
    await terminal.wait_for("Saved: Topic for End-device Data.")
    assert unit.saved["data-topic"] == "firstmine"


async def test_a_third_value_is_a_conflict_again(connect: Connect, unit: Unit) -> None:
    """What is overwritten is what was shown, nothing newer."""
    terminal = await meet_a_conflict(connect, unit, "data-topic", "theirs")
    await unit.save("data-topic", "newer", OTHER)
    terminal.key("enter")
    await terminal.wait_for("Saved now: newer")
    assert unit.saved["data-topic"] == "newer"


async def test_clear_takes_the_other_value(connect: Connect, unit: Unit) -> None:
    """After a conflict it drops the edit; pressed again it empties the field as ever."""
    terminal = await meet_a_conflict(connect, unit, "data-topic", "theirs")
    terminal.key("left", "enter")
    text = await terminal.wait_for("Your edit is dropped")
    assert "│theirs " in text
    assert not chosen_row(text).startswith(">~")
    terminal.key("enter")
    await terminal.wait_for("Cleared: Topic for End-device Data")


async def test_a_conflict_over_a_secret_shows_neither(connect: Connect, unit: Unit) -> None:
    """That another one is set is all there is to know."""
    terminal = await meet_a_conflict(connect, unit, "client-password", "their word")
    assert "Another one is set now." in terminal.text()
    assert b"their word" not in terminal.received
    terminal.key("enter")
    await until(lambda: unit.saved["client-password"] == "mine")


async def test_clearing_what_was_saved_elsewhere_is_a_conflict(
    connect: Connect, unit: Unit
) -> None:
    """An emptied field is an edit like any other."""
    await unit.save("data-topic", "first", "a test")
    terminal = connect()
    await choose(terminal, "data-topic")
    await terminal.wait_for("│first")
    await press(terminal, "<Clear>")
    await unit.save("data-topic", "theirs", OTHER)
    terminal.key("tab", "enter")
    await terminal.wait_for("Saved now: theirs")
    assert unit.saved["data-topic"] == "theirs"


async def test_what_else_a_paste_held_is_in_its_field(
    connect: Connect, unit: Unit, client: Identity
) -> None:
    """The key beside the certificate is offered masked, as an edit, and saved on its own."""
    terminal = connect()
    await choose(terminal, "client-certificate")
    terminal.paste(client.certificate + client.key)
    await press(terminal, "<Save>")
    words = " ".join((await terminal.wait_for("The text also held")).split())
    assert (
        "The text also held: MQTT Client Private Key. It is in its field now: "
        "look and save it there." in words
    )
    assert unit.saved["client-private-key"] == ""
    terminal.key("down")
    text = await terminal.wait_for(">~ MQTT Client Private Key")
    assert "│*****" in text
    assert "edited, not saved" in text
    await press(terminal, "<Save>")
    await terminal.wait_for("Saved: MQTT Client Private Key.")
    assert unit.saved["client-private-key"] == client.key
    for line in client.key.splitlines()[1:-1]:
        assert line.encode() not in terminal.received


async def test_an_offer_never_costs_an_edit(connect: Connect, client: Identity) -> None:
    """What was entered before stays, and the offer is told of."""
    terminal = connect()
    await choose(terminal, "client-private-key")
    terminal.send("half a key")
    await terminal.wait_for("│**********  ")
    await choose(terminal, "client-certificate")
    terminal.paste(client.certificate + client.key)
    await press(terminal, "<Save>")
    words = " ".join((await terminal.wait_for("It also held")).split())
    assert "It also held: MQTT Client Private Key. Not taken: edited already" in words
    terminal.key("down")
    await terminal.wait_for("│**********  ")


async def test_what_is_saved_already_is_no_offer(
    connect: Connect, unit: Unit, client: Identity
) -> None:
    """The same key again would be nothing new."""
    await unit.save("client-private-key", client.key, "a test")
    terminal = connect()
    await choose(terminal, "client-certificate")
    terminal.paste(client.certificate + client.key)
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Saved: MQTT Client Certificate.")
    assert "also held" not in text


async def test_a_saved_certificate_is_described(
    connect: Connect, unit: Unit, client: Identity
) -> None:
    """Whose, until when and its fingerprint in place of PEM: whole lines, read by paging."""
    await unit.save("client-private-key", client.key, "a test")
    await unit.save("client-certificate", client.certificate, "a test")
    terminal = connect()
    await choose(terminal, "client-certificate")
    text = await terminal.wait_for("meter room")
    assert client.certificate.splitlines()[1][:30] not in text
    lines = unit.describe("client-certificate")
    field = [row[36:] for row in text.splitlines()]
    start = field.index(lines[0])
    assert field[start : start + 5] == list(lines[:5])
    terminal.key("page down")
    await terminal.wait_for(lines[-1])
    terminal.key("backspace")
    await terminal.wait_for("Paste what is to replace it")
    assert chosen_row(terminal.text()).startswith(">* ")
    terminal.paste("new")
    await terminal.wait_for("│new ")


async def test_a_saved_key_says_whether_it_matches(
    connect: Connect, unit: Unit, client: Identity
) -> None:
    """Its kind and the match are all that is shown; the description follows the certificate."""
    await unit.save("client-private-key", client.key, "a test")
    terminal = connect()
    await choose(terminal, "client-private-key")
    text = await terminal.wait_for("no client certificate to go with it")
    assert "EC P-256" in pane(text)
    assert "what you enter replaces it" in pane(text)
    await unit.save("client-certificate", client.certificate, OTHER)
    await terminal.wait_for("belongs to the client certificate")
