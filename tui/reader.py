"""Owns reading a text that is longer than the screen: wrapped, scrolled, and followed as it grows.

Generic, it knows nothing of the product. Only what is in view is wrapped, so that a key is
answered at once however long the text is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import urwid

from tui.widgets import printable

_MARGIN = 1  # columns on either side
_NARROWEST = 10  # columns left for text beside a lead


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text, wrapped to the width behind its `lead`; `look` is a palette name."""

    text: str = ""
    look: str = "text"
    lead: str = ""


class Reader:
    """A window on lines; with `follows` it stays at their end unless moved away from it."""

    def __init__(self, *, follows: bool = False) -> None:
        self._follows = self._following = follows
        self._lines: tuple[Line, ...] = (Line(),)
        self._top = (0, 0)  # the line at the top of the window, and which row of it
        self._columns, self._height = 80, 21
        self._wrapped: dict[Line, tuple[str, ...]] = {}

    def show(self, lines: Iterable[Line]) -> None:
        """Read these from now on; a line that was at the top and is among them stays there."""
        before, self._lines = self._lines, tuple(lines) or (Line(),)
        if len(self._wrapped) > 2 * len(self._lines):
            self._wrapped.clear()
        top = before[self._top[0]]
        if self._lines[self._top[0] : self._top[0] + 1] != (top,):
            moved = top in self._lines
            self._top = (self._lines.index(top), self._top[1]) if moved else (0, 0)

    def press(self, key: str) -> bool:
        """Scroll; say whether it was a key for that."""
        page = max(1, self._height - 1)
        match key:
            case "up" | "down":
                self._scroll(-1 if key == "up" else 1)
            case "page up" | "page down":
                self._scroll(-page if key == "page up" else page)
            case "home" | "end":
                self._top = (0, 0) if key == "home" else self._last_top()
            case _:
                return False
        self._following = self._follows and self._top == self._last_top()
        return True

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget: the rows in view, and below them which lines these are."""
        self._fit(size)
        markup: list[tuple[str, str]] = []
        index, row = self._top
        while index < len(self._lines) and len(markup) < self._height:
            rows = self._rows(self._lines[index])[row:]
            markup += [(self._lines[index].look, f"{each}\n") for each in rows]
            index, row = index + 1, 0
        text = urwid.Text(markup[: self._height], wrap="clip")
        body = urwid.Padding(urwid.Filler(text, "top"), left=_MARGIN, right=_MARGIN)
        place = urwid.AttrMap(urwid.Text(self._place(index), wrap="clip"), "hint")
        return urwid.Pile([body, ("pack", place)])

    def _place(self, after: int) -> str:
        """Say which lines are in view, up to the one before `after`."""
        words = f" lines {self._top[0] + 1}-{after} of {len(self._lines)}"
        if self._follows:
            words += ", live" if self._following else ", not live: End goes to the newest"
        elif self._top < self._last_top():
            words += ", more below"
        return words

    def _fit(self, size: tuple[int, int]) -> None:
        columns, self._height = size[0] - 2 * _MARGIN, size[1] - 1
        if columns != self._columns:
            self._columns = columns
            self._wrapped.clear()
        index, row = self._top
        self._top = (index, min(row, len(self._rows(self._lines[index])) - 1))
        last = self._last_top()
        self._top = last if self._following else min(self._top, last)

    def _last_top(self) -> tuple[int, int]:
        """The top of the last page."""
        end = len(self._lines) - 1
        return self._moved((end, len(self._rows(self._lines[end])) - 1), 1 - self._height)

    def _scroll(self, rows: int) -> None:
        self._top = min(self._moved(self._top, rows), self._last_top())

    def _moved(self, place: tuple[int, int], rows: int) -> tuple[int, int]:
        """The place so many rows further down, or up, within the text."""
        index, row = place[0], place[1] + rows
        while row < 0 and index > 0:
            index -= 1
            row += len(self._rows(self._lines[index]))
        while row >= (here := len(self._rows(self._lines[index]))):
            if index == len(self._lines) - 1:
                return index, here - 1
            index, row = index + 1, row - here
        return index, max(0, row)

    def _rows(self, line: Line) -> tuple[str, ...]:
        """The line as wrapped to the width."""
        if line not in self._wrapped:
            self._wrapped[line] = _wrap(line, self._columns)
        return self._wrapped[line]


def _wrap(line: Line, columns: int) -> tuple[str, ...]:
    text, width = printable(line.text), max(_NARROWEST, columns - len(line.lead))
    rows = [text]
    if len(text) > width or not text.isascii() or "\n" in text:
        canvas = urwid.Text(text, wrap="space").render((width,))
        rows = [row.decode().rstrip() for row in canvas.text]
    indent = " " * len(line.lead)
    return tuple((indent if number else line.lead) + row for number, row in enumerate(rows))
