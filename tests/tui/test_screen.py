import re

import urwid

from tests.tui.wire_terminal import WireTerminal
from tui.screen import TerminalScreen

OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"


def draw(screen: TerminalScreen, widget: urwid.Widget) -> None:
    """Draw a widget over the whole screen."""
    size = screen.get_cols_rows()
    screen.draw_screen(size, widget.render(size, focus=True))


def test_the_terminal_is_left_as_it_was_found() -> None:
    """Every mode that is switched on is switched off, the picture and the colours are gone."""
    terminal = WireTerminal()
    screen = TerminalScreen(terminal)
    screen.start()
    draw(screen, urwid.Filler(urwid.AttrMap(urwid.Text("picture"), "title")))
    screen.stop()
    sent = terminal.received.decode()
    for mode in ("1049", "2004"):
        assert sent.index(f"\x1b[?{mode}h") < sent.index(f"\x1b[?{mode}l")
    for mode in ("7", "25"):  # automatic wrap and the cursor are on in a terminal at rest
        assert sent.index(f"\x1b[?{mode}l") < sent.rindex(f"\x1b[?{mode}h")
    assert "\x1b[0m" in sent[sent.index("picture") :]
    assert terminal.text().strip() == ""


def test_only_rows_that_changed_are_sent() -> None:
    """A line that is the same again costs nothing, and neither does a picture."""
    terminal = WireTerminal()
    screen = TerminalScreen(terminal)
    screen.start()
    text = urwid.Text("first\nsecond")
    draw(screen, urwid.Filler(text, "top"))
    before = len(terminal.received)
    draw(screen, urwid.Filler(text, "top"))
    assert len(terminal.received) == before
    text.set_text("first\nother")
    draw(screen, urwid.Filler(text, "top"))
    assert b"first" not in terminal.received[before:]
    assert terminal.lines()[:2] == ["first", "other"]


def test_all_is_drawn_anew_after_clear() -> None:
    """After a resize nothing is known of what the terminal shows."""
    terminal = WireTerminal()
    screen = TerminalScreen(terminal)
    screen.start()
    draw(screen, urwid.Filler(urwid.Text("words")))
    before = len(terminal.received)
    screen.clear()
    draw(screen, urwid.Filler(urwid.Text("words")))
    assert b"words" in terminal.received[before:]


def test_the_cursor_is_where_the_widget_has_it() -> None:
    """The cursor of the focused field is the terminal's."""
    terminal = WireTerminal()
    screen = TerminalScreen(terminal)
    screen.start()
    draw(screen, urwid.Filler(urwid.Edit("name: ", "ab"), "top"))
    assert terminal.cursor == (8, 0)


def test_the_last_column_of_the_last_row_is_drawn_without_scrolling() -> None:
    """A full screen stays where it is."""
    terminal = WireTerminal(columns=10, rows=3)
    screen = TerminalScreen(terminal)
    screen.start()
    draw(screen, urwid.SolidFill("x"))
    assert terminal.lines() == ["x" * 10] * 3


def test_nothing_that_steers_a_terminal_gets_out() -> None:
    """Controls, bidirectional overrides, private use and the like are dropped at the door."""
    terminal = WireTerminal()
    screen = TerminalScreen(terminal)
    screen.start()
    draw(screen, urwid.Filler(urwid.Text(f"a{OVERRIDE}\ue000\u200b\x9b\x1b]0;b"), "top"))
    sent = terminal.received.decode()
    for hidden in (OVERRIDE, "\ue000", "\u200b", "\x9b", "\x1b]"):
        assert hidden not in sent


def test_a_terminal_without_utf8_gets_ascii_column_for_column() -> None:
    """Box drawing becomes plus, minus and bar; wide characters keep their two columns."""
    terminal = WireTerminal("vt100")
    screen = TerminalScreen(terminal)
    screen.start()
    draw(screen, urwid.Filler(urwid.LineBox(urwid.Text("80×24 ø 水 é|")), "top"))  # noqa: RUF001
    assert terminal.received.isascii()
    assert terminal.lines()[0] == f"+{'-' * 78}+"
    assert terminal.lines()[1].startswith("|80x24 ? ?? ?|")


def test_colours_are_sent_only_to_terminals_that_have_them() -> None:
    """Monochrome terminals get standout and bold instead."""
    sent = {}
    for term in ("xterm", "linux", "vt100"):
        terminal = WireTerminal(term)
        screen = TerminalScreen(terminal)
        screen.start()
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
