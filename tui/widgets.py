"""Owns the generic widgets: the text field (in its own module), a window, a thing to click.

Mouse events come the way urwid routes them: to the widget that fills the screen, and from each to
the one inside it that is there.
"""

from collections.abc import Callable

import urwid

from appliance.hidden_characters import is_hidden
from tui.text_field import TextField

__all__ = ["Clickable", "TextField", "Viewport", "printable"]

_Size = tuple[()] | tuple[int] | tuple[int, int]  # of a fixed widget, a flow, a box


def printable(text: str) -> str:
    """Return the text without controls, bidirectional overrides and the like; newlines stay."""
    if text.isprintable():
        return text
    return "".join(each for each in text if each == "\n" or not is_hidden(each))


class Viewport(urwid.WidgetWrap[urwid.Widget]):
    """As many rows of a taller widget as fit, moved only as far as its cursor asks.

    A TextField moves itself; of it no more than what fits is drawn.
    """

    def __init__(self, widget: urwid.Widget) -> None:
        super().__init__(widget)
        self._top = 0

    def sizing(self) -> frozenset[urwid.Sizing]:
        """Say that it takes the rows it is given, unlike the widget in it."""
        return frozenset([urwid.Sizing.BOX])

    def count_rows(self, columns: int, most: int) -> int:
        """Return how many rows there are to see, or `most` once there are so many."""
        if isinstance(self._w, TextField):
            return self._w.count_rows(columns, most)
        return min(self._w.render((columns,)).rows(), most)

    def scroll(self, rows: int) -> None:
        """Move so many rows down, or up; with a TextField its cursor moves."""
        if isinstance(self._w, TextField):
            self._w.scroll(rows)
        else:
            self._top = max(self._top + rows, 0)
            self._invalidate()

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.CompositeCanvas:  # type: ignore[override]
        """Draw the rows in view."""
        if isinstance(self._w, TextField):
            return urwid.CompositeCanvas(self._w.render(size, focus))
        columns, rows = size
        canvas = urwid.CompositeCanvas(self._w.render((columns,), focus))
        if canvas.cursor:
            line = canvas.cursor[1]
            self._top = min(max(self._top, line - rows + 1), line)
        self._top = max(0, min(self._top, canvas.rows() - rows))
        canvas.pad_trim_top_bottom(-self._top, rows + self._top - canvas.rows())
        return canvas

    def mouse_event(  # type: ignore[override]
        self, size: tuple[int, int], event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Hand the event to the widget, with the row it is on there."""
        if isinstance(self._w, TextField):
            return self._w.mouse_event(size, event, button, col, row, focus)
        handle = getattr(self._w, "mouse_event", None)
        there = (size[:1], event, button, col, row + self._top, focus)
        return bool(handle and handle(*there))


class Clickable(urwid.WidgetWrap[urwid.Widget]):
    """A widget that calls back when it is clicked with the left button; otherwise as it is.

    What is inside gets the click first: a field puts its cursor there.
    """

    def __init__(self, widget: urwid.Widget, on_click: Callable[[], None]) -> None:
        super().__init__(widget)
        self._on_click = on_click

    def mouse_event(
        self, size: _Size, event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Call back for a click; say whether anything was done."""
        handle = getattr(self._w, "mouse_event", None)
        handled = bool(handle and handle(size, event, button, col, row, focus))
        if event != "mouse press" or button != 1:
            return handled
        self._on_click()
        return True
