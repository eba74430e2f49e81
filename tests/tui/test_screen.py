import re
from typing import Any

import pytest
import urwid
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tui.wire_terminal import WireTerminal
from tui.palette import PALETTE
from tui.screen import TerminalScreen

OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"
PRIVATE_MODE = re.compile(r"\x1b\[\?(\d+)([hl])")
COLUMNS, ROWS = 12, 3

# Rows of runs of text in looks, as long as the screen is wide or longer.
PICTURES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from([None, *(name for name, *_ in PALETTE)]),
            st.text(st.sampled_from("ab   │─é水"), min_size=1, max_size=5),
        ),
        min_size=1,
    ),
    min_size=ROWS,
    max_size=ROWS,
)


def started(*args: Any) -> tuple[WireTerminal, TerminalScreen]:
    """Return a terminal with a screen on it."""
    terminal = WireTerminal(*args)
    screen = TerminalScreen(terminal)
    screen.start()
    return terminal, screen


def draw(screen: TerminalScreen, widget: urwid.Widget, size: tuple[int, int] = (80, 24)) -> None:
    """Draw a widget over the whole screen."""
    screen.draw_screen(size, widget.render(size, focus=True))


def drawn(screen: TerminalScreen, picture: list[list[tuple[str | None, str]]]) -> None:
    """Draw rows of runs."""
    rows = [urwid.Text(row, wrap="clip") for row in picture]
    draw(screen, urwid.Filler(urwid.Pile(rows), "top"), (COLUMNS, ROWS))


@pytest.mark.parametrize("term", ["xterm", "linux", "vt100", "vt220", "dumb", "ansi"])
def test_the_terminal_is_left_as_it_was_found(term: str) -> None:
    """Every mode that is switched on is switched off, the picture and the colours are gone."""
    terminal, screen = started(term)
    screen.mouse(True)
    draw(screen, urwid.Filler(urwid.AttrMap(urwid.Text("picture"), "title")))
    screen.stop()
    sent = terminal.received.decode()
    at_rest = {"7": "h", "25": "h"}  # automatic wrap and the cursor are on
    for mode, state in dict(PRIVATE_MODE.findall(sent)).items():
        assert state == at_rest.get(mode, "l")
    assert "\x1b[0m" in sent[sent.index("picture") :]
    assert terminal.text().strip() == ""
    screen.stop()
    screen.mouse(True)
    assert terminal.received.decode() == sent


@pytest.mark.parametrize(
    ("term", "modes"),
    [
        ("xterm-256color", {"7", "25", "1000", "1006", "1049", "2004"}),
        ("tmux", {"7", "25", "1000", "1006", "1049", "2004"}),
        ("linux", {"7", "25", "1000", "1006", "2004"}),
        ("vt220", {"7", "25"}),
        ("vt100", {"7"}),
        ("dumb", set()),
    ],
)
def test_no_mode_is_used_that_a_terminal_does_not_have(term: str, modes: set[str]) -> None:
    """Nor any sequence but those that place the cursor, erase, and set attributes."""
    terminal, screen = started(term)
    screen.mouse(True)
    draw(screen, urwid.Filler(urwid.Edit(("title", "name: "), "│")))
    draw(screen, urwid.Filler(urwid.LineBox(urwid.Text("value"))))
    screen.stop()
    sent = terminal.received.decode()
    assert {mode for mode, _ in PRIVATE_MODE.findall(sent)} == modes
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*[HJKm]", "", PRIVATE_MODE.sub("", sent))


def test_the_mouse_is_switched_as_often_as_asked_for() -> None:
    """And not when it is what it was."""
    terminal, screen = started()
    for on in (False, True, True, False, False, True):
        screen.mouse(on)
    switched = [
        state for mode, state in PRIVATE_MODE.findall(terminal.received.decode()) if mode == "1000"
    ]
    assert switched == ["h", "l", "h"]


def test_only_what_changed_is_sent() -> None:
    """Nothing for the same picture again, and of a row what lies between the cells that differ."""
    terminal, screen = started()
    text = urwid.Text("first\nsecond line, longer\nthird")
    draw(screen, urwid.Filler(text, "top"))
    before = len(terminal.received)
    draw(screen, urwid.Filler(text, "top"))
    assert len(terminal.received) == before
    text.set_text("first\nsecond lane, longer\nthird")
    draw(screen, urwid.Filler(text, "top"))
    assert terminal.received[before:] == b"\x1b[2;9Ha"
    assert terminal.lines()[:3] == ["first", "second lane, longer", "third"]


def test_a_look_is_set_only_where_it_changes() -> None:
    """What is drawn after a picture in the same look costs its text."""
    terminal, screen = started("xterm", COLUMNS, ROWS)
    drawn(screen, [[("title", "ab")], [("title", "cd"), ("chosen", "ef")], [(None, "x")]])
    before = len(terminal.received)
    drawn(screen, [[("title", "ab")], [("title", "cd"), ("chosen", "ef")], [("text", "y")]])
    assert terminal.received[before:] == b"\x1b[3;1Hy"
    drawn(screen, [[("title", "ab")], [("title", "cd"), ("chosen", "eg")], [("text", "y")]])
    assert terminal.received.endswith(b"\x1b[2;4H\x1b[0;30;46mg")


def test_the_rest_of_a_row_is_erased_rather_than_overwritten() -> None:
    """Many blanks cost three bytes."""
    terminal, screen = started()
    draw(screen, urwid.Filler(urwid.Text("a" * 70)))
    before = len(terminal.received)
    draw(screen, urwid.Filler(urwid.Text("a" * 9)))
    assert terminal.received[before:] == b"\x1b[12;10H\x1b[K"
    assert terminal.text().strip() == "a" * 9


def test_a_row_with_wide_characters_is_sent_whole() -> None:
    """Terminals disagree on where what follows them stands."""
    terminal, screen = started()
    draw(screen, urwid.Filler(urwid.Text("水 level: 1")))
    before = len(terminal.received)
    draw(screen, urwid.Filler(urwid.Text("水 level: 2")))
    assert terminal.received[before:].decode() == "\x1b[12;1H水 level: 2\x1b[K"


@settings(deadline=None)  # no matter how slow the machine
@given(st.lists(PICTURES, min_size=2, max_size=4), st.sampled_from(["xterm", "vt100", "dumb"]))
def test_a_changed_picture_is_as_one_drawn_anew(
    pictures: list[list[list[tuple[str | None, str]]]], term: str
) -> None:
    """Whatever was there before, each cell has its character and its look."""
    terminal, screen = started(term, COLUMNS, ROWS)
    for picture in pictures:
        drawn(screen, picture)
        fresh_terminal, fresh_screen = started(term, COLUMNS, ROWS)
        drawn(fresh_screen, picture)
        assert cells(terminal) == cells(fresh_terminal)
        assert terminal.cursor == fresh_terminal.cursor or term == "xterm"  # hidden there


def cells(terminal: WireTerminal) -> list[list[Any]]:
    """Return all that a terminal shows: characters with their attributes."""
    buffer = terminal._screen.buffer
    return [[buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS)]


def test_a_picture_of_another_size_is_drawn_anew() -> None:
    """Also where nobody said that the window was resized."""
    terminal, screen = started()
    draw(screen, urwid.SolidFill("x"))
    terminal.resize(90, 30)
    draw(screen, urwid.Filler(urwid.Text("words"), "top"), (90, 30))
    assert terminal.text().strip() == "words"


def test_all_is_drawn_anew_after_clear() -> None:
    """After a resize nothing is known of what the terminal shows."""
    terminal, screen = started()
    draw(screen, urwid.Filler(urwid.Text("words")))
    before = len(terminal.received)
    screen.clear()
    draw(screen, urwid.Filler(urwid.Text("words")))
    assert b"words" in terminal.received[before:]


def test_the_cursor_is_where_the_widget_has_it() -> None:
    """The cursor of the focused field is the terminal's."""
    terminal, screen = started()
    field = urwid.Edit("name: ", "ab")
    draw(screen, urwid.Filler(field, "top"))
    assert terminal.cursor == (8, 0)
    before = len(terminal.received)
    field.set_edit_pos(1)
    draw(screen, urwid.Filler(field, "top"))
    assert terminal.received[before:] == b"\x1b[1;8H"


@pytest.mark.parametrize("term", ["xterm", "vt100"])
def test_without_a_cursor_there_is_none_to_be_seen(term: str) -> None:
    """It is hidden, or where that cannot be, out of the way; and it comes back."""
    terminal, screen = started(term)
    hidden = term == "xterm"
    for _ in range(2):
        draw(screen, urwid.Filler(urwid.Edit("name: "), "top"))
        assert not terminal._screen.cursor.hidden
        draw(screen, urwid.Filler(urwid.Text("name: "), "top"))
        assert terminal._screen.cursor.hidden is hidden
        assert hidden or terminal.cursor == (79, 23)


def test_the_last_column_of_the_last_row_is_drawn_without_scrolling() -> None:
    """A full screen stays where it is."""
    terminal, screen = started("xterm", 10, 3)
    draw(screen, urwid.SolidFill("x"), (10, 3))
    assert terminal.lines() == ["x" * 10] * 3


def test_a_terminal_that_always_wraps_never_scrolls() -> None:
    """Where wrapping cannot be switched off the very last cell stays empty."""
    terminal, screen = started("dumb", 10, 3)
    for character in "xy":
        draw(screen, urwid.SolidFill(character), (10, 3))
        assert terminal.lines() == [character * 10, character * 10, character * 9]


def test_nothing_that_steers_a_terminal_gets_out() -> None:
    """Controls, bidirectional overrides, private use and the like are dropped at the door."""
    terminal, screen = started()
    draw(screen, urwid.Filler(urwid.Text(f"a{OVERRIDE}\ue000\u200b\x9b\x1b]0;b"), "top"))
    sent = terminal.received.decode()
    for hidden in (OVERRIDE, "\ue000", "\u200b", "\x9b", "\x1b]"):
        assert hidden not in sent


def test_a_terminal_without_utf8_gets_ascii_column_for_column() -> None:
    """Box drawing becomes plus, minus and bar; wide characters keep their two columns."""
    terminal, screen = started("vt100")
    draw(screen, urwid.Filler(urwid.LineBox(urwid.Text("80×24 ø 水 é|")), "top"))  # noqa: RUF001
    assert terminal.received.isascii()
    assert terminal.lines()[0] == f"+{'-' * 78}+"
    assert terminal.lines()[1].startswith("|80x24 ? ?? ?|")


def test_colours_are_sent_only_to_terminals_that_have_them() -> None:
    """Monochrome terminals get standout and bold instead."""
    sent = {}
    for term in ("xterm", "linux", "vt100"):
        terminal, screen = started(term)
        draw(screen, urwid.AttrMap(urwid.SolidFill("x"), "title"))
        sent[term] = terminal.received.decode()
    coloured = re.compile(r"\x1b\[[0-9;]*4[0-7]m")
    assert coloured.search(sent["xterm"])
    assert coloured.search(sent["linux"])
    assert not coloured.search(sent["vt100"])
    assert "\x1b[0;7m" in sent["vt100"]


def test_terminals_of_both_kinds_are_served_side_by_side() -> None:
    """One terminal's lack of UTF-8 is not the other's."""
    rich, poor = WireTerminal("xterm"), WireTerminal("dumb")
    screens = [TerminalScreen(rich), TerminalScreen(poor)]
    for screen in screens:
        screen.start()
    for screen in screens:
        draw(screen, urwid.Filler(urwid.Divider("─"), "top"))
    assert rich.lines()[0] == "─" * 80
    assert poor.lines()[0] == "-" * 80
