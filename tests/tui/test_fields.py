"""What is said of the fields: a judgement while one types, the review of what is saved."""

import threading
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from appliance.parameters.catalogue import Parameter, parameter
from appliance.parameters.values import ParameterValues
from appliance.unit import Unit
from tests.support.certificates import Authority, Identity
from tests.tui.conftest import Connect
from tests.tui.technician import choose, chosen_row, pane, press
from tests.tui.wire_terminal import WireTerminal
from tui import fields
from tui.drafts import Drafts
from tui.fields import Fields
from tui.judgement import Judgement, judge


@pytest.fixture
def client(authority: Authority) -> Identity:
    """A client's certificate and key."""
    return authority.client("meter room")


async def wait_for_verdict(terminal: WireTerminal, verdict: str, sign: str) -> None:
    """Wait until this is said of the field, with this sign in the list."""

    def shown(text: str) -> bool:
        return f" {verdict}" in pane(text) and chosen_row(text).startswith(f">{sign} ")

    await terminal.wait_for(shown)


async def test_a_url_is_judged_while_it_is_typed(connect: Connect) -> None:
    """Each key may change what is said, and the sign in the list follows."""
    terminal = connect()
    await wait_for_verdict(terminal, "x required and not set", "!")
    terminal.send("ssl://broker")
    await wait_for_verdict(terminal, "x the broker name has one part only", "!")
    terminal.send(".example.com")
    await wait_for_verdict(terminal, "x no port: add it behind the name", "!")
    terminal.send(":1883")
    await wait_for_verdict(terminal, "! port 1883 is most often MQTT without TLS", "~")
    terminal.key("left", "left", "left", "backspace")
    await wait_for_verdict(terminal, "+ valid", "~")


async def test_a_topic_is_judged_while_it_is_typed(connect: Connect) -> None:
    """What is refused, what is only worth a thought, and what is well."""
    terminal = connect()
    await choose(terminal, "event-topic")
    terminal.send("meters/+")
    await wait_for_verdict(terminal, "x '+' at place 8", "!")
    terminal.key("backspace")
    await wait_for_verdict(terminal, "! ends with '/'", "~")
    terminal.key("backspace")
    await wait_for_verdict(terminal, "+ valid", "~")


async def test_nothing_is_said_of_a_field_that_was_emptied(connect: Connect, unit: Unit) -> None:
    """The last verdict was about another text; an empty one can always be saved."""
    await unit.save("event-topic", "x", "a test")
    terminal = connect()
    await choose(terminal, "event-topic")
    terminal.send("+")
    await wait_for_verdict(terminal, "x '+' at place 2", "!")
    terminal.key("backspace", "backspace")
    text = await terminal.wait_for(lambda text: chosen_row(text).startswith(">~"))
    assert "at place" not in text
    terminal.send("#")
    await wait_for_verdict(terminal, "x '#' at place 1", "!")
    await press(terminal, "<Clear>")
    text = await terminal.wait_for("Cleared: ")
    assert "at place" not in text


async def test_pem_is_judged_while_it_is_pasted(
    connect: Connect, client: Identity, authority: Authority
) -> None:
    """Half of it, the wrong thing, and the whole."""
    terminal = connect()
    await choose(terminal, "client-certificate")
    half = len(client.certificate) // 2
    terminal.paste(client.certificate[:half])
    await wait_for_verdict(terminal, "x block 1 has no END line", "!")
    terminal.paste(client.certificate[half:])
    await wait_for_verdict(terminal, "+ valid", "~")
    await choose(terminal, "broker-certificate")
    terminal.paste(client.key)
    await wait_for_verdict(terminal, "x ", "!")
    await press(terminal, "<Clear>")
    terminal.key("tab", "tab", "tab")
    terminal.paste(authority.certificate)
    await wait_for_verdict(terminal, "+ valid", "~")
    for line in client.key.splitlines()[1:-1]:
        assert line.encode() not in terminal.received


async def test_a_slow_judgement_never_overtakes_newer_text(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typing goes on meanwhile; the last word is about the last text, those between are skipped."""
    judged: list[str] = []
    go_on = threading.Event()

    def judge_slowly(declared: Parameter, text: str) -> Judgement | None:
        judged.append(text)
        assert go_on.wait(30)
        return judge(declared, text)

    monkeypatch.setattr(fields, "judge", judge_slowly)
    terminal = connect()
    await terminal.wait_for("required and not set")
    try:
        for text in ("ssl://a.b:1", "#", "/", "+"):
            terminal.paste(text)
        terminal.key("backspace", "backspace", "backspace")
        terminal.send("2")
        text = await terminal.wait_for("│ssl://a.b:12 ")
        assert "+ valid" not in text
        assert judged == ["ssl://a.b:1"]
    finally:
        go_on.set()
    await wait_for_verdict(terminal, "+ valid", "~")
    assert judged == ["ssl://a.b:1", "ssl://a.b:12"]


async def test_a_slow_judgement_of_a_value_saved_meanwhile_is_nothing(
    connect: Connect, unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said of a saved value is the review's."""
    go_on = threading.Event()

    def judge_slowly(declared: Parameter, text: str) -> Judgement | None:
        assert go_on.wait(30)
        return Judgement("refused", "late") if text else None

    monkeypatch.setattr(fields, "judge", judge_slowly)
    terminal = connect()
    try:
        await choose(terminal, "client-id")
        terminal.paste("unit-1")
        await press(terminal, "<Save>")
        await terminal.wait_for("Saved: MQTT Client ID.")
    finally:
        go_on.set()
    terminal.key("tab", "tab", "down")
    terminal.paste("x")  # judged after it
    await terminal.wait_for(">! MQTT Client Certificate")
    assert " * MQTT Client ID " in terminal.text()
    assert unit.saved["client-id"] == "unit-1"


async def test_what_is_saved_is_reviewed_as_a_whole(connect: Connect, unit: Unit) -> None:
    """A value may be well and yet not go with the others; who mends that is told at once."""
    await unit.save("client-password", "hunter2", "a test")
    terminal = connect()
    await choose(terminal, "client-password")
    await wait_for_verdict(terminal, "x ", "!")
    assert "set, not active" in pane(terminal.text())
    await unit.save("client-username", "unit", "a test")
    await terminal.wait_for(">* MQTT Client Password")


async def test_required_and_empty_is_invalid_until_it_is_saved(
    connect: Connect, unit: Unit
) -> None:
    """The list shows at a glance what keeps the unit from service."""
    terminal = connect()
    await terminal.wait_for(" ! Topic for End-device Data")
    text = await terminal.wait_for(">! Broker URL")
    assert [row[1:2] for row in text.splitlines()[2:14]].count("!") == 2
    for key, value in (("broker-url", "ssl://a.b:1"), ("data-topic", "data")):
        await unit.save(key, value, "a test")
    await terminal.wait_for(" * Topic for End-device Data")
    await terminal.wait_for(">* Broker URL")


async def test_what_is_active_is_there_while_another_value_is_entered(
    connect: Connect, unit: Unit, in_service: ParameterValues
) -> None:
    """Beside an edit, beside a saved value, and no more once both are the same."""
    terminal = connect()
    await choose(terminal, "data-topic")
    text = await terminal.wait_for(">= Topic for End-device Data")
    assert "Active now" not in text
    terminal.paste("/new")
    await terminal.wait_for("│in/service/new ")
    await terminal.wait_for("Active now: in/service")
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Saved: ")
    assert "saved, not active" in text
    assert "Active now: in/service" in text
    await unit.save("data-topic", in_service["data-topic"], "a test")
    text = await terminal.wait_for(">= Topic for End-device Data")
    assert "Active now" not in text


@pytest.mark.usefixtures("in_service")
async def test_an_active_certificate_and_its_key_are_described(
    connect: Connect, unit: Unit, client: Identity, authority: Authority
) -> None:
    """Which one is in service is told while its successor is entered; of the key its kind."""
    await unit.save("client-certificate", client.certificate, "a test")
    await unit.save("client-private-key", client.key, "a test")
    await unit.activate("a test", check=False)
    successor = authority.client("new meter room")
    await unit.save("client-certificate", successor.certificate, "a test")
    await unit.save("client-private-key", successor.key, "a test")
    terminal = connect()
    await choose(terminal, "client-certificate")
    await terminal.wait_for("new meter room")
    assert "Active now: CN=meter room" in pane(terminal.text())
    terminal.key("down")
    await terminal.wait_for("Active now: EC P-256")
    for key in (client.key, successor.key):
        for line in key.splitlines()[1:-1]:
            assert line.encode() not in terminal.received


@pytest.mark.usefixtures("in_service")
async def test_of_an_active_secret_only_that_it_is_set_is_told(
    connect: Connect, unit: Unit
) -> None:
    """Whatever becomes of it."""
    await unit.save("client-username", "unit", "a test")
    await unit.save("client-password", "hunter2", "a test")
    await unit.activate("a test", check=False)
    terminal = connect()
    await choose(terminal, "client-password")
    await terminal.wait_for(">= MQTT Client Password")
    terminal.paste("another")
    text = await terminal.wait_for("│*******  ")
    assert "Active now: set" in text
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Saved: ")
    assert "Active now: set" in text
    for secret in (b"hunter2", b"another"):
        assert secret not in terminal.received


async def test_the_count_grows_with_what_is_typed(connect: Connect) -> None:
    """A paste is seen to have come whole, before it is saved."""
    terminal = connect()
    await choose(terminal, "last-will-payload")
    terminal.paste("ab")
    await terminal.wait_for("edited, not saved, 2 characters")
    terminal.key("enter")
    terminal.paste("c\nd")
    await terminal.wait_for("edited, not saved, 3 lines ─")
    assert parameter("last-will-payload").label in chosen_row(terminal.text())


async def test_what_is_saved_is_looked_at_again_only_once_it_may_have_changed(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When something is saved, and once an hour: a session that is idle costs next to nothing."""
    now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    looks: list[datetime] = []

    def spawn(work: Coroutine[None, None, None]) -> None:
        looks.append(now)
        work.close()

    monkeypatch.setattr(fields, "datetime", SimpleNamespace(now=lambda _: now))
    shown = Fields(unit, "a test", Drafts(), spawn, lambda: None)
    began = now
    for minute in (0, 0, 1, 30, 59, 60, 61, 119):
        now = began + timedelta(minutes=minute)
        shown.refresh()
    assert looks == [began, began + timedelta(hours=1)]
    await unit.save("client-id", "unit-1", "a test")
    shown.refresh()
    shown.refresh()
    assert looks[2:] == [now]
