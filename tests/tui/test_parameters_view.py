"""Among the parameters: choosing, editing, pasting, the buttons."""

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.activation import RehearsalFailedError
from appliance.parameters.catalogue import CATALOGUE, parameter
from appliance.unit import Unit
from tests.support.certificates import Authority
from tests.support.waiting import until
from tests.tui.conftest import Connect
from tests.tui.technician import LABELS, choose, chosen_row, go_round, pane, press
from tui.drafts import Drafts
from tui.parameters_view import ParametersView


def certificates(pem: str) -> list[str]:
    """Return the certificates in a PEM; their order is the unit's business."""
    return sorted("".join(each.split()) for each in pem.split("-----END CERTIFICATE-----"))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a technician has in files."""

    chain: str
    certificate: str
    key: str


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """Authorities in one PEM of more than 12 kB, and a client's certificate and key."""
    authorities = [Authority(tmp_path, f"authority {number:02}") for number in range(24)]
    client = authorities[0].client("concentrator")
    chain = "".join(authority.certificate for authority in authorities)
    assert len(chain) > 12_000
    return Credentials(chain, client.certificate, client.key)


async def test_up_and_down_visit_all_twelve(connect: Connect) -> None:
    """Each label is chosen in turn, its description and example shown; the ends are ends."""
    terminal = connect()
    for each in CATALOGUE:
        text = await terminal.wait_for(lambda text, each=each: each.label in chosen_row(text))  # type: ignore[misc]
        assert each.description in pane(text)
        assert each.example in pane(text)
        terminal.key("down")
    terminal.key(*["up"] * 11)
    await terminal.wait_for(lambda text: LABELS[0] in chosen_row(text))
    terminal.key("up", "down")
    await terminal.wait_for(lambda text: LABELS[1] in chosen_row(text))


async def test_a_value_is_typed_and_saved(connect: Connect, unit: Unit) -> None:
    """What is typed is in the field; Save stores it, and the sign before the label follows."""
    terminal = connect()
    await choose(terminal, "data-topic")
    terminal.send("meters/north/data")
    text = await terminal.wait_for("meters/north/data  ")
    assert chosen_row(text).startswith(">~ ")
    assert "edited, not saved" in text
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Saved: Topic for End-device Data.")
    assert chosen_row(text).startswith(">* ")
    assert "saved, not active" in text
    assert unit.saved["data-topic"] == "meters/north/data"


async def test_editing_keys_edit_the_field(connect: Connect, unit: Unit) -> None:
    """Left, Home, End, Backspace and Delete work on the chosen parameter's field."""
    terminal = connect()
    await choose(terminal, "client-id")
    terminal.send("abcdef")
    await terminal.wait_for("abcdef")
    terminal.key("backspace", "left", "delete", "home", "delete", "end")
    await terminal.wait_for("│bcd  ")
    await press(terminal, "<Save>")
    await until(lambda: unit.saved["client-id"] == "bcd")


async def test_tab_goes_round_and_shift_tab_back(connect: Connect) -> None:
    """List, Clear, Save, Activate, list: the cursor is in the field, then on each button."""
    terminal = connect()
    await terminal.wait_for("<Activate>")
    field = terminal.cursor
    await go_round(terminal)
    await until(lambda: terminal.cursor == field)


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (["down", "down"], ">! Topic for End-device Data"),
        (["tab", "tab", "enter", "shift tab", "shift tab"], "Nothing to save: "),
        (["tab", "enter", "shift tab"], "Cleared: "),
        (["tab", "tab", "tab", "enter", "tab"], "Not activated, what was in service stays so"),
        (["f10", "f10"], "<Activate>"),
        (["f3", "f10", "enter"], "<Activate>"),
        (["down"] * 6, "trustme"),
    ],
)
async def test_tab_goes_the_same_way_whatever_happened_before(
    connect: Connect,
    unit: Unit,
    authority: Authority,
    keys: list[str],
    shown: str,
) -> None:
    """After an answer, on a certificate described, beside an activation that was refused."""
    await unit.save("broker-certificate", authority.certificate, "a test")
    terminal = connect()
    terminal.key(*keys)
    await terminal.wait_for(shown)
    await go_round(terminal)


async def test_tab_goes_the_same_way_with_an_edit(connect: Connect) -> None:
    """Also once <Save> has refused it."""
    terminal = connect()
    terminal.paste("half")
    await terminal.wait_for("│half ")
    await go_round(terminal)
    await press(terminal, "<Save>")
    await terminal.wait_for("Not saved: ")
    terminal.key("shift tab", "shift tab")
    await go_round(terminal)


async def test_keys_pressed_while_a_value_is_being_saved_are_not_lost(
    connect: Connect, unit: Unit
) -> None:
    """A script, or fast fingers: three values and their Saves without a wait."""
    terminal = connect()
    for text in ("ssl://a.b:1", "event", "data"):
        terminal.paste(text)
        terminal.key("tab", "tab", "enter", "tab", "tab", "down")
    await until(lambda: unit.saved["data-topic"] == "data")
    assert (unit.saved["broker-url"], unit.saved["event-topic"]) == ("ssl://a.b:1", "event")


async def test_enter_on_a_single_line_leads_to_save(connect: Connect) -> None:
    """Enter in the list changes nothing and says where to go."""
    terminal = connect()
    terminal.key("enter")
    await terminal.wait_for("press TAB to reach <Save>".replace("press", "Press"))


async def test_enter_in_a_text_begins_a_line(connect: Connect, unit: Unit) -> None:
    """The Last Will's payload may have several lines."""
    terminal = connect()
    await choose(terminal, "last-will-payload")
    terminal.send("{{")
    await terminal.wait_for("│{{")
    terminal.key("enter")
    await terminal.wait_for("edited, not saved")
    terminal.send("}}")
    await terminal.wait_for("│}}")
    await press(terminal, "<Save>")
    await until(lambda: unit.saved["last-will-payload"] == "{{\n}}")


async def test_an_unsaved_edit_stays_with_its_parameter(connect: Connect) -> None:
    """Looking at other parameters costs nothing."""
    terminal = connect()
    terminal.send("ssl://half")
    await terminal.wait_for("ssl://half")
    terminal.key("down", "down")
    await terminal.wait_for(lambda text: "ssl://half" not in text)
    terminal.key("up", "up")
    await terminal.wait_for("ssl://half")


async def test_a_refusal_is_shown_in_full(connect: Connect, unit: Unit) -> None:
    """The reason names what is wrong, the edit stays to be mended, nothing is stored."""
    terminal = connect()
    terminal.send("http://192.0.2.1")
    await terminal.wait_for("http://192.0.2.1")
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Not saved: ")
    assert "ssl://" in text.split("Not saved: ")[1]
    assert "http://192.0.2.1" in text
    assert unit.saved["broker-url"] == ""


@pytest.mark.parametrize("sizes", [(100_000,), (4096,), (1, 2, 3), (700, 1, 64), (33, 1500, 7)])
async def test_a_pasted_chain_arrives_whole_without_brackets(
    connect: Connect, unit: Unit, credentials: Credentials, sizes: tuple[int, ...]
) -> None:
    """However the network cuts it, 12 kB of PEM are the saved value."""
    terminal = connect()
    await choose(terminal, "broker-certificate")
    data, cuts = credentials.chain.replace("\n", "\r").encode(), itertools.cycle(sizes)
    while data:
        size = next(cuts)
        terminal.send(data[:size])
        data = data[size:]
    await terminal.wait_for(f"{credentials.chain.count(chr(10))} lines")
    await press(terminal, "<Save>")
    await terminal.wait_for("Saved: MQTT Broker Certificate.")
    assert certificates(unit.saved["broker-certificate"]) == certificates(credentials.chain)


async def test_a_pasted_chain_arrives_whole_in_brackets(
    connect: Connect, unit: Unit, credentials: Credentials
) -> None:
    """Bracketed paste leaves nothing to guess: TAB may follow at once."""
    terminal = connect()
    await choose(terminal, "broker-certificate")
    terminal.paste(credentials.chain)
    await press(terminal, "<Save>")
    await terminal.wait_for("Saved: MQTT Broker Certificate.")
    assert certificates(unit.saved["broker-certificate"]) == certificates(credentials.chain)


async def test_what_the_store_made_of_a_pem_is_shown(
    connect: Connect, unit: Unit, credentials: Credentials
) -> None:
    """Blank lines around a PEM are gone from the field once it is saved."""
    terminal = connect()
    await choose(terminal, "client-certificate")
    terminal.paste("\n\n\n" + credentials.certificate + "\n\n\n")
    await press(terminal, "<Save>")
    text = await terminal.wait_for("Saved: MQTT Client Certificate.")
    assert f", {unit.saved['client-certificate'].count(chr(10))} lines" in text


@pytest.mark.parametrize("chunks", [["x\ty\t\t\t\r\r"], ["xy", "\t", "\t", "\t", "\r", "\r", "z"]])
async def test_a_paste_with_tabs_never_presses_a_button(
    connect: Connect, unit: Unit, chunks: list[str]
) -> None:
    """TAB and Enter within pasted text are text, even where they would reach Activate."""
    terminal = connect()
    await choose(terminal, "last-will-payload")
    terminal.send(*chunks)
    text = await terminal.wait_for("edited, not saved")
    assert "Activat" not in text.replace("<Activate>", "")
    await press(terminal, "<Save>")
    await terminal.wait_for("Saved: Payload")
    assert unit.saved["last-will-payload"] == "".join(chunks).replace("\r", "\n")


async def test_several_lines_for_one_are_told_of(connect: Connect) -> None:
    """A one-line field takes the first line and says that there was more."""
    terminal = connect()
    await choose(terminal, "client-id")
    terminal.paste("first\nsecond\n")
    text = await terminal.wait_for("Only the first of 2 pasted lines")
    assert "│first " in text
    assert "second" not in text


async def test_pasting_while_a_button_has_the_focus_fills_the_field(connect: Connect) -> None:
    """A paste is never a press, wherever it lands."""
    terminal = connect()
    terminal.key("tab", "tab")
    terminal.paste("ssl://broker.example.com:8883\n")
    await terminal.wait_for("│ssl://broker.example.com:8883 ")


async def test_clear_and_save_empty_a_value(connect: Connect, unit: Unit) -> None:
    """Clear empties the field, Save what is stored; also for a required parameter."""
    await unit.save("data-topic", "meters/north", "a test")
    terminal = connect()
    await choose(terminal, "data-topic")
    await terminal.wait_for("│meters/north ")
    await press(terminal, "<Clear>")
    await terminal.wait_for("Cleared: Topic for End-device Data")
    assert unit.saved["data-topic"] == "meters/north"
    terminal.key("tab", "enter")
    await terminal.wait_for("Saved: Topic for End-device Data is empty now.")
    assert unit.saved["data-topic"] == ""


async def test_a_secret_is_never_sent_to_the_terminal(
    connect: Connect, unit: Unit, credentials: Credentials
) -> None:
    """Neither while it is entered nor later is any of it in what the terminal receives."""
    terminal = connect()
    await choose(terminal, "client-private-key")
    terminal.paste(credentials.key)
    await terminal.wait_for("│*****")
    await press(terminal, "<Save>")
    await terminal.wait_for("set, not active")
    assert unit.saved["client-private-key"]
    terminal.key("up", "up", "up")
    await terminal.wait_for(lambda text: LABELS[8] in chosen_row(text))
    terminal.send("hunter2 hunter2")
    await terminal.wait_for("│***************")
    await press(terminal, "<Save>")
    await terminal.wait_for("Saved: MQTT Client Password")
    assert unit.saved["client-password"] == "hunter2 hunter2"
    for line in credentials.key.splitlines()[1:-1]:
        assert line.encode() not in terminal.received
    assert b"hunter" not in terminal.received


async def test_an_untouched_secret_is_not_wiped(connect: Connect, unit: Unit) -> None:
    """Its field is empty, but only Clear and Save together forget a secret."""
    await unit.save("client-password", "hunter2", "a test")
    terminal = connect()
    await choose(terminal, "client-password")
    await terminal.wait_for("set; what you enter replaces it")
    await press(terminal, "<Save>")
    await terminal.wait_for("Nothing to save")
    assert unit.saved["client-password"] == "hunter2"
    terminal.key("shift tab", "enter")
    await terminal.wait_for("cleared once you press <Save>")
    terminal.key("tab", "enter")
    await terminal.wait_for("MQTT Client Password is empty now")
    assert unit.saved["client-password"] == ""


async def test_activate_names_every_problem_by_its_label(connect: Connect, unit: Unit) -> None:
    """What is missing is told in the technician's words; nothing is put into service."""
    await unit.save("client-password", "hunter2", "a test")
    terminal = connect()
    await terminal.wait_for("<Activate>")
    await press(terminal, "<Activate>")
    text = await terminal.wait_for("Not activated, what was in service stays so:")
    notices = text.split("stays so:")[1]
    for key in ("broker-url", "data-topic", "client-password"):
        assert f"{parameter(key).label}: " in notices
    assert unit.active is None


async def test_activate_asks_when_an_edit_is_not_saved(connect: Connect, unit: Unit) -> None:
    """It says what is not saved; only pressed again it goes on without the edit, to the broker."""
    await unit.save("broker-url", "ssl://broker.localhost:1", "a test")
    await unit.save("data-topic", "meters", "a test")
    terminal = connect()
    await choose(terminal, "client-id")
    terminal.send("not saved")
    await terminal.wait_for("│not saved")
    await press(terminal, "<Activate>")
    await terminal.wait_for("Edited, not saved: MQTT Client ID.")
    assert unit.active is None
    terminal.key("enter")
    await terminal.wait_for("what was in service goes on.")


async def test_another_key_takes_the_warning_back(connect: Connect, unit: Unit) -> None:
    """Only pressing twice in a row counts as having been told."""
    terminal = connect()
    terminal.send("edited")
    await terminal.wait_for("│edited")
    await press(terminal, "<Activate>")
    await terminal.wait_for("Edited, not saved: Broker URL.")
    terminal.key("left", "right", "enter")
    await terminal.wait_for("Edited, not saved: Broker URL.")
    assert unit.active is None


async def test_values_set_elsewhere_show_up(connect: Connect, unit: Unit) -> None:
    """A script's `set` is seen without a key being pressed."""
    terminal = connect()
    await terminal.wait_for(">  Broker URL")
    await unit.save("broker-url", "ssl://elsewhere.example.com:8883", "a script")
    await terminal.wait_for("ssl://elsewhere.example.com:8883")


async def test_hidden_characters_of_a_value_do_not_reach_the_terminal(
    connect: Connect, unit: Unit
) -> None:
    """A bidirectional override in a payload is seen to be there, and does nothing."""
    await unit.save("last-will-payload", "a\u202eb\x1b]0;c\x07", "a test")
    terminal = connect()
    await choose(terminal, "last-will-payload")
    await terminal.wait_for("│a\N{REPLACEMENT CHARACTER}b")
    assert "\u202e".encode() not in terminal.received
    assert b"\x1b]" not in terminal.received


class FailingUnit:
    """A unit whose rehearsal fails as soon as it is told to."""

    def __init__(self, unit: Unit) -> None:
        self.failing = asyncio.Event()
        self._unit = unit

    def __getattr__(self, name: str) -> object:
        """Be the unit in everything else."""
        return getattr(self._unit, name)

    async def activate(self, *_: object, **__: object) -> None:
        """Fail once it is time."""
        await self.failing.wait()
        raise RehearsalFailedError("no such broker")


async def test_a_key_between_a_failure_and_its_buttons_crashed_the_screen(unit: Unit) -> None:
    """The button that has the focus may be gone with the next turn of the loop, not with a key."""
    failing, tasks = FailingUnit(unit), []
    spawn = lambda work: tasks.append(asyncio.create_task(work))  # noqa: E731
    nothing = lambda: None  # noqa: E731
    view = ParametersView(failing, "tech", Drafts(), spawn, nothing, nothing)  # type: ignore[arg-type]
    for key in ("tab", "tab", "tab", "enter", "shift tab"):
        view.press(key)
    await asyncio.sleep(0)
    failing.failing.set()
    while not all(each.done() for each in tasks):
        for key in ("tab", "left", "right", "shift tab"):
            view.press(key)
        await asyncio.sleep(0)
    picture = view.compose((80, 22)).render((80, 22), focus=True)
    assert b"<Go back>  <Keep anyway>" in b"".join(picture.text)


async def test_a_stray_key_costs_no_certificate(
    connect: Connect, unit: Unit, credentials: Credentials
) -> None:
    """A letter or Enter upon a described one does nothing; a paste can be taken back."""
    await unit.save("client-certificate", credentials.certificate, "a test")
    terminal = connect()
    await choose(terminal, "client-certificate")
    await terminal.wait_for("years left")
    for key in (b"x", b"\r", b"\x15"):
        terminal.send(key)
        await terminal.wait_for("Paste what is to replace it, or press <Clear>.")
        terminal.key("up", "down")
        await terminal.wait_for(lambda text: "Paste what is" not in text)
    await terminal.wait_for("years left")
    terminal.paste("something else")
    await terminal.wait_for("no PEM")
    terminal.send(b"\x1a\x1a")
    await terminal.wait_for("years left")


async def test_clear_can_be_undone(connect: Connect, unit: Unit) -> None:
    """What was in the field is back, saved or not; for a secret, that it stays."""
    await unit.save("data-topic", "meters", "a test")
    await unit.save("client-password", "secret", "a test")
    terminal = connect()
    for key, before in (("data-topic", "meters"), ("client-password", "what you enter replaces")):
        await choose(terminal, key)
        await terminal.wait_for(before)
        await press(terminal, "<Clear>")
        await terminal.wait_for("Cleared: ")
        terminal.key("shift tab")
        terminal.send(b"\x1a")
        await terminal.wait_for(lambda text: "edited" not in pane(text))
        assert before in pane(terminal.text())


async def test_a_whole_url_replaces_the_saved_one(connect: Connect, unit: Unit) -> None:
    """Nobody means two in a row; a piece of one is inserted as ever."""
    await unit.save("broker-url", "ssl://old.example.com:8883", "a test")
    terminal = connect()
    await terminal.wait_for("ssl://old")
    terminal.paste("ssl://new.example.com:1")
    await terminal.wait_for("│ssl://new.example.com:1 ")
    terminal.paste("2")
    await terminal.wait_for("│ssl://new.example.com:12 ")
