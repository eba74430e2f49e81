"""What works everywhere: Esc, the menu, the function keys, the mouse, leaving, the size."""

import re
from collections.abc import Callable

import pytest

from appliance.parameters.catalogue import CATALOGUE
from appliance.unit import Unit
from tests.support.waiting import until
from tests.tui.conftest import Connect
from tests.tui.technician import LABELS, chosen_row
from tests.tui.wire_terminal import WireTerminal

MENU_ROW = re.compile(
    r"│(?P<mark>[> ]) (?P<letter>[A-Z])  (?P<words>\S.*?) *(?P<key>F\d|\^.|Esc|)\s*│"
)
OPEN = "─ Menu ─"
HOME = "<Activate>"


def entries(text: str) -> dict[str, str]:
    """Return the menu's entries, their letter by their words."""
    return {row["words"]: row["letter"].lower() for row in MENU_ROW.finditer(text)}


def gone(words: str) -> Callable[[str], bool]:
    """Return a condition: the words are shown no more."""
    return lambda text: words not in text


async def begin(connect: Connect, **options: object) -> WireTerminal:
    """Return a terminal that shows the parameters, with an edit that is not saved."""
    terminal = connect(**options)
    terminal.paste("edited")
    await terminal.wait_for("│edited  ")
    return terminal


def place(terminal: WireTerminal, words: str) -> tuple[int, int]:
    """Return column and row of the words' first letter."""
    row = next(y for y, row in enumerate(terminal.lines()) if words in row)
    return terminal.lines()[row].index(words), row


@pytest.mark.parametrize("key", ["esc", "f10"])
async def test_the_menu_opens_and_closes_over_what_is_there(connect: Connect, key: str) -> None:
    """Esc in the list, and F10; what is below stays, the edit too."""
    terminal = await begin(connect)
    terminal.key(key)
    text = await terminal.wait_for(OPEN)
    assert " Topic for Priority" in text
    assert terminal.lines()[-1].endswith("Esc close")
    terminal.key(key)
    text = await terminal.wait_for(gone(OPEN))
    assert "│edited  " in text
    assert chosen_row(text).startswith(">! Broker URL")


async def test_esc_goes_one_step_back(connect: Connect) -> None:
    """From a button to the list, from a refused activation to the list; only there to the menu."""
    terminal = connect()
    await terminal.wait_for(HOME)
    field = terminal.cursor
    terminal.key("tab", "tab")
    await until(lambda: terminal.cursor == place(terminal, "<Save>"))
    terminal.key("esc")
    await until(lambda: terminal.cursor == field)
    assert OPEN not in terminal.text()
    terminal.key("tab", "tab", "tab", "enter")
    await terminal.wait_for("Not activated, what was in service stays so:")
    terminal.key("esc")
    text = await terminal.wait_for(gone("Not activated"))
    assert OPEN not in text
    assert CATALOGUE[0].description[:30] in text
    terminal.key("esc")
    await terminal.wait_for(OPEN)


async def test_each_entry_of_the_menu_does_what_its_key_does(connect: Connect) -> None:
    """By letter, by arrows and Enter, and by function key: three ways to the same view."""
    terminal = connect()
    await terminal.wait_for(HOME)
    terminal.key("esc")
    text = await terminal.wait_for(OPEN)
    views = [row for row in MENU_ROW.finditer(text) if row["key"].startswith("F")]
    assert [row["key"] for row in views][:4] == ["F1", "F2", "F3", "F4"]
    terminal.key("esc")
    for number, row in enumerate(views, 1):
        title = f" {row['words']} "
        await terminal.wait_for(gone(OPEN))
        for way in ("letter", "arrows", "key"):
            if way == "key":
                terminal.key(row["key"].lower())
            else:
                terminal.key("f10")
                await terminal.wait_for(OPEN)
            if way == "letter":
                terminal.send(row["letter"])
            elif way == "arrows":
                terminal.key(*["down"] * number, "enter")
            await terminal.wait_for(lambda text, title=title: text.startswith(title))  # type: ignore[misc]
            terminal.key("esc")
            await terminal.wait_for(HOME)


async def test_the_menus_first_entry_leads_home(connect: Connect) -> None:
    """From any view, as Esc does."""
    terminal = connect()
    terminal.key("f3")
    await terminal.wait_for(lambda text: text.startswith(" Log "))
    terminal.key("f10")
    await terminal.wait_for(OPEN)
    terminal.key("enter")
    text = await terminal.wait_for(HOME)
    assert text.startswith(" Concentrator KAM73471100")


async def test_letters_typed_at_the_menu_go_nowhere_else(connect: Connect) -> None:
    """Those that are no entry's do nothing; a paste closes the menu and is text as ever."""
    terminal = await begin(connect)
    terminal.key("esc")
    text = await terminal.wait_for(OPEN)
    assert not set("xyz") & set(entries(text).values())
    for letter in "xyz":
        terminal.send(letter)
        terminal.key("backspace", "delete", "left")
    terminal.paste("!")
    text = await terminal.wait_for("│edited!  ")
    assert OPEN not in text


async def test_no_key_in_another_view_changes_a_field(connect: Connect, unit: Unit) -> None:
    """What is typed and pasted there, and Enter, leave the parameters as they were."""
    terminal = await begin(connect)
    for key in ("f1", "f2", "f3", "f4"):
        terminal.key(key)
        await terminal.wait_for(gone(HOME))
        terminal.send("z")
        terminal.paste("pasted\npasted")
        terminal.key("enter", "tab", "backspace", "ctrl r", "ctrl z", "esc")
        text = await terminal.wait_for(HOME)
        assert "│edited  " in text
        assert text.count("~") == 1  # in the legend: no other is edited
    assert not any(unit.saved.values())


@pytest.mark.parametrize("key", ["ctrl c", "ctrl d"])
async def test_leaving_with_an_edit_takes_two_presses(connect: Connect, key: str) -> None:
    """The first one says what would be lost."""
    terminal = await begin(connect)
    terminal.key(key)
    await terminal.wait_for("Press Ctrl-D again to leave without saving.")
    terminal.send("x")
    await terminal.wait_for(lambda text: "Press Ctrl-D again" not in text)
    terminal.key(key)
    await terminal.wait_for("Press Ctrl-D again to leave without saving.")
    assert not terminal.session.done()
    terminal.key(key)
    await terminal.session


async def test_two_presses_in_one_read_are_no_answer(connect: Connect) -> None:
    """Nobody has read the question by then."""
    terminal = await begin(connect)
    terminal.send(b"\x04\x04\x04")
    await terminal.wait_for("Press Ctrl-D again to leave without saving.")
    assert not terminal.session.done()


async def test_leaving_a_window_that_is_too_small_keeps_the_edits(connect: Connect) -> None:
    """The question could not be read: the next login is offered them."""
    terminal = await begin(connect)
    terminal.resize(40, 12)
    await terminal.wait_for("enlarge the")
    terminal.key("ctrl d")
    await terminal.session
    await connect().wait_for("Unsaved edits of")


async def test_leaving_without_an_edit_takes_one_press(connect: Connect) -> None:
    """Nothing to lose, nothing to ask."""
    terminal = connect()
    terminal.key("ctrl d")
    await terminal.session


async def test_leaving_by_the_menu_asks_as_well(connect: Connect) -> None:
    """Wherever one is, the question and what would be lost are at home."""
    terminal = await begin(connect)
    terminal.key("f3")
    await terminal.wait_for(gone(HOME))
    terminal.key("f10")
    letter = entries(await terminal.wait_for(OPEN))["Leave"]
    terminal.send(letter)
    text = await terminal.wait_for("Edited, not saved: Broker URL. Press Ctrl-D again")
    assert HOME in text
    terminal.key("f10")
    await terminal.wait_for(OPEN)
    terminal.key("end", "enter")
    await terminal.session


async def test_escape_throws_nothing_away(connect: Connect) -> None:
    """Esc is harmless."""
    terminal = await begin(connect)
    for _ in range(3):
        terminal.key("esc")
        await terminal.wait_for(OPEN)
        terminal.key("esc")
        await terminal.wait_for(gone(OPEN))
    terminal.key("tab")
    terminal.key("esc")
    terminal.key("down", "up")
    await terminal.wait_for("│edited  ")


async def test_a_click_chooses_a_parameter(connect: Connect) -> None:
    """Each row of the list is its parameter's; nothing happens on the legend below."""
    terminal = await begin(connect)
    for number, label in enumerate(LABELS):
        terminal.click(number, 2 + number)
        await terminal.wait_for(lambda text, label=label: label in chosen_row(text))  # type: ignore[misc]
    terminal.click(*place(terminal, "=active"))
    terminal.click(0, 2)
    await terminal.wait_for("│edited  ")


async def test_a_click_puts_the_cursor_into_the_text(connect: Connect) -> None:
    """Also from a button; what is typed next goes there."""
    terminal = await begin(connect)
    terminal.key("tab")
    await until(lambda: terminal.cursor == place(terminal, "<Clear>"))
    x, y = place(terminal, "│edited")
    terminal.click(x + 1 + len("ed"), y)
    await until(lambda: terminal.cursor == (x + 1 + len("ed"), y))
    terminal.send("X")
    await terminal.wait_for("│edXited  ")


async def test_a_click_presses_a_button(connect: Connect, unit: Unit) -> None:
    """Once, and only the button it is on; the release of it nothing more."""
    terminal = connect()
    terminal.paste("ssl://a.b:1")
    await terminal.wait_for("│ssl://a.b:1")
    terminal.click(*place(terminal, "<Save>"))
    await terminal.wait_for("Saved: Broker URL.")
    assert unit.saved["broker-url"] == "ssl://a.b:1"
    x, y = place(terminal, "<Clear>")
    terminal.click(x + 3, y)
    await terminal.wait_for("Cleared: Broker URL")
    terminal.click(x - 1, y)
    terminal.click(*place(terminal, "<Activate>"))
    text = await terminal.wait_for("Edited, not saved: Broker URL.")
    assert "Activating" not in text


@pytest.mark.parametrize("row", [0, 23])
async def test_a_click_on_title_or_foot_opens_the_menu(connect: Connect, row: int) -> None:
    """Where a terminal's user looks for one; there or beside it again closes it."""
    terminal = connect()
    await terminal.wait_for(HOME)
    terminal.click(40, row)
    await terminal.wait_for(OPEN)
    terminal.click(40, row)
    await terminal.wait_for(gone(OPEN))
    terminal.click(40, row)
    await terminal.wait_for(OPEN)
    terminal.click(2, 12)  # beside it
    await terminal.wait_for(gone(OPEN))
    terminal.click(40, row)
    await terminal.wait_for(OPEN)
    terminal.click(*place(terminal, "Log  "))
    await terminal.wait_for(lambda text: text.startswith(" Log "))


async def test_the_wheel_moves_through_list_and_menu(connect: Connect) -> None:
    """As the arrows do, wherever the pointer is."""
    terminal = connect()
    await terminal.wait_for(HOME)
    terminal.mouse(65, 60, 12)
    terminal.mouse(65, 60, 12)
    await terminal.wait_for(lambda text: LABELS[2] in chosen_row(text))
    terminal.mouse(64, 60, 12)
    await terminal.wait_for(lambda text: LABELS[1] in chosen_row(text))
    terminal.key("f10")
    await terminal.wait_for(OPEN)
    terminal.mouse(65, 1, 1)
    terminal.key("enter")
    await terminal.wait_for(lambda text: text.startswith(" Help "))


@pytest.mark.parametrize("button", [1, 2])
async def test_another_button_gives_the_mouse_to_the_terminal(
    connect: Connect, button: int
) -> None:
    """It pastes there: said once; a report still on its way takes nothing back, the menu does."""
    terminal = await begin(connect)
    terminal.click(5, 8, button)
    words = "The mouse is your terminal's now: click again to paste"
    await terminal.wait_for(words)
    terminal.click(5, 8, button)
    terminal.key("esc")
    letter = entries(await terminal.wait_for(OPEN))["Mouse: use it here"]
    assert words in terminal.text()
    terminal.send(letter)
    await terminal.wait_for("The mouse works here now")
    terminal.key("esc")
    assert "Mouse: give it to the terminal" in entries(await terminal.wait_for(OPEN))


async def test_a_mouse_beyond_the_picture_does_nothing(connect: Connect) -> None:
    """Reports may be older than the size, or absurd; drags and releases are no clicks."""
    terminal = await begin(connect)
    for column, row in ((79, 22), (500, 5), (5, 500), (500, 500), (34, 1), (36, 3)):
        terminal.click(column, row)
    terminal.mouse(0, 5, 8, released=True)
    terminal.mouse(32, 5, 8)
    terminal.resize(60, 20)
    terminal.click(5, 8)
    terminal.click(5, 0)
    terminal.resize(80, 24)
    terminal.send("!")
    text = await terminal.wait_for("│edited!")
    assert OPEN not in text
    assert "Broker URL" in chosen_row(text)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("view", ["", "f1", "f2", "f3", "f4"])
async def test_every_view_fills_the_size_exactly(
    connect: Connect, size: tuple[int, int], view: str
) -> None:
    """Title above, keys below, and no row of another size between them."""
    terminal = connect(columns=size[0], rows=size[1])
    await terminal.wait_for(HOME)
    if view:
        terminal.key(view)
        await terminal.wait_for(gone(HOME))
    lines = terminal.lines()
    assert lines[0].endswith("radio unavailable")
    assert len(lines[0]) == size[0] - 1
    assert lines[-1].startswith(" ")
    assert "Esc " in lines[-1]


async def test_the_values_are_in_the_list_where_there_is_room(connect: Connect, unit: Unit) -> None:
    """A resize is all it takes; a secret is only said to be set."""
    await unit.save("data-topic", "meters/north", "a test")
    await unit.save("client-password", "hunter2", "a test")
    terminal = connect(columns=120, rows=40)
    text = await terminal.wait_for("Topic for End-device Data       meters/north")
    assert "MQTT Client Password            (set)" in text
    terminal.resize(80, 24)
    await terminal.wait_for(gone("meters/north"))
    terminal.resize(200, 60)
    await terminal.wait_for("Topic for End-device Data       meters/north")
    assert b"hunter2" not in terminal.received
