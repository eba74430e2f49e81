"""The menu: how an entry is chosen, and that nothing else happens."""

from collections.abc import Callable

import pytest
import urwid

from tests.tui.pictures import looks
from tui.menu import Choice, Menu
from tui.palette import PALETTE

SIZE = (80, 22)


class Opened:
    """A menu of three, and what came of it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        names = {"r": "Radio", "l": "Log", "q": "Leave"}
        self.menu = Menu(
            [Choice(letter, name, f"F{letter}", self._act(name)) for letter, name in names.items()],
            lambda: self.done.append("closed"),
        )

    def _act(self, name: str) -> Callable[[], None]:
        return lambda: self.done.append(name)

    def press(self, *keys: str) -> list[str]:
        """Press keys and say what came of them."""
        for key in keys:
            self.menu.press(key)
        return self.done

    def widget(self) -> urwid.Widget:
        """The menu over something."""
        return self.menu.compose(urwid.SolidFill("."))

    def rows(self) -> list[str]:
        """What it looks like."""
        return [row.decode() for row in self.widget().render(SIZE, focus=True).text]


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (("enter",), "Radio"),
        (("down", "enter"), "Log"),
        (("tab", "tab", "enter"), "Leave"),
        (("up", "enter"), "Leave"),
        (("shift tab", "enter"), "Leave"),
        (("down", "down", "down", "enter"), "Radio"),
        (("end", "enter"), "Leave"),
        (("end", "home", "enter"), "Radio"),
        (("l",), "Log"),
        (("Q",), "Leave"),
    ],
)
def test_a_choice_closes_the_menu_and_acts(keys: tuple[str, ...], name: str) -> None:
    """In this order, so that what acts may open the menu again."""
    assert Opened().press(*keys) == ["closed", name]


@pytest.mark.parametrize("key", ["esc", "f10"])
def test_the_menu_is_closed_without_a_choice(key: str) -> None:
    """By the keys that open it."""
    assert Opened().press(key) == ["closed"]


@pytest.mark.parametrize("key", ["x", " ", "left", "backspace", "f9", "ctrl r", "水"])
def test_other_keys_do_nothing(key: str) -> None:
    """Whoever types on without looking loses nothing."""
    assert Opened().press(key) == []


def test_each_entry_shows_its_letter_and_the_key_that_does_the_same() -> None:
    """One is marked, not by colour alone; what is below stays in sight."""
    opened = Opened()
    opened.press("down")
    shown = opened.rows()
    assert [len(row) for row in shown] == [SIZE[0]] * SIZE[1]
    rows = [row.strip(".│") for row in shown if "│" in row]
    assert [row.split() for row in rows] == [
        ["R", "Radio", "Fr"],
        [">", "L", "Log", "Fl"],
        ["Q", "Leave", "Fq"],
    ]
    assert shown[0] == "." * SIZE[0]


def test_an_entry_is_clicked_upon() -> None:
    """Its frame is not one."""
    opened = Opened()
    row = next(y for y, row in enumerate(opened.rows()) if "Log" in row)
    column = opened.rows()[row].index("Log")
    opened.widget().mouse_event(SIZE, "mouse press", 1, opened.rows()[0].index(".") + 21, 9, True)
    assert opened.done == []
    opened.widget().mouse_event(SIZE, "mouse press", 1, column, row, True)
    assert opened.done == ["closed", "Log"]


def test_a_click_beside_the_menu_closes_it() -> None:
    """As it does on any screen; what is there is not clicked."""
    opened = Opened()
    opened.widget().mouse_event(SIZE, "mouse press", 1, 2, 12, True)
    assert opened.done == ["closed"]


def test_a_key_that_is_named_in_the_menu_does_the_same_there() -> None:
    """Whatever it lists works; a choice without a key of its own has none."""
    done: list[str] = []
    choices = [
        Choice("h", "Help", "F1", lambda: done.append("Help")),
        Choice("u", "Restore", "^R", lambda: done.append("Restore")),
        Choice("m", "Mouse", "", lambda: done.append("Mouse")),
    ]
    menu = Menu(choices, lambda: done.append("closed"))
    for key in ("f1", "ctrl r", "r", "1", "f2"):
        menu.press(key)
    assert done == ["closed", "Help", "closed", "Restore"]


def test_its_looks_are_in_the_palette() -> None:
    """A name that the palette lacks would be drawn without a look."""
    found = looks(Opened().widget().render(SIZE, focus=True))
    assert found == {"menu", "menu chosen"} & {name for name, *_ in PALETTE}
