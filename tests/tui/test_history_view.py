import pytest

from appliance.unit import Unit
from tests.tui.conftest import Connect
from tests.tui.wire_terminal import WireTerminal

URL = "ssl://broker.localhost:1"


@pytest.fixture
async def served(unit: Unit) -> Unit:
    """A unit on which topics `first`, `second` and `third` were activated, in that order."""
    await unit.save("broker-url", URL, "a test")
    for topic in ("first", "second", "third"):
        await unit.save("data-topic", topic, "a test")
        await unit.activate(f"who wanted the {topic}", check=False)
    return unit


async def open_history(terminal: WireTerminal) -> str:
    """Go there by the menu."""
    await terminal.wait_for("<Activate>")
    terminal.key("esc")
    await terminal.wait_for("Menu")
    terminal.send("e")
    return await terminal.wait_for("Activations, newest first")


async def test_activations_are_listed_newest_first(connect: Connect, served: Unit) -> None:
    """Who, what came of it, and which one is active."""
    text = await open_history(connect())
    places = [text.index(f"who wanted the {topic}") for topic in ("third", "second", "first")]
    assert places == sorted(places)
    assert text.count("active ") == 1
    assert text.count("kept without a check") == 3


async def test_the_second_enter_brings_values_back_as_saved_ones(
    connect: Connect, served: Unit
) -> None:
    """The first one says what would change; what is in service stays so."""
    terminal = connect()
    await open_history(terminal)
    terminal.key("down", "down", "enter")
    await terminal.wait_for("replaces the saved values of: Topic for End-device Data")
    assert served.saved["data-topic"] == "third"
    terminal.key("enter")
    await terminal.wait_for("Saved: the values of")
    await terminal.wait_for(">* Topic for End-device Data".removeprefix(">"))
    assert served.saved["data-topic"] == "first"
    assert served.active is not None
    assert served.active["data-topic"] == "third"


async def test_any_other_key_takes_the_question_back(connect: Connect, served: Unit) -> None:
    """Enter, something else, Enter: nothing is restored."""
    terminal = connect()
    await open_history(terminal)
    terminal.key("down", "enter")
    await terminal.wait_for("replaces the saved values")
    terminal.key("up", "down", "enter")
    await terminal.wait_for("replaces the saved values")
    assert served.saved["data-topic"] == "third"
    terminal.key("up", "enter")
    await terminal.wait_for("nothing would change")
    terminal.key("enter", "enter")
    await terminal.wait_for("nothing would change")
    assert served.saved["data-topic"] == "third"


async def test_a_long_history_scrolls_with_the_choice(connect: Connect, served: Unit) -> None:
    """Twenty activations of two rows each do not fit at once."""
    for number in range(20):
        await served.save("data-topic", f"topic {number}", "a test")
        await served.activate(f"visitor {number}", check=False)
    terminal = connect()
    await open_history(terminal)
    for number in range(19, 3, -1):
        await terminal.wait_for(f"visitor {number}\n")
        terminal.key("down")
    terminal.key("end")
    await terminal.wait_for("visitor 0\n")
    terminal.key("home")
    await terminal.wait_for("visitor 19\n")


async def test_a_unit_from_the_factory_has_none(connect: Connect) -> None:
    """An empty list says so, and Enter does nothing."""
    terminal = connect()
    await open_history(terminal)
    await terminal.wait_for("Nothing was activated yet.")
    terminal.key("enter", "down", "enter", "esc")
    await terminal.wait_for("<Activate>")
