"""Owns where the rows of a text begin that is wrapped wherever a row is full; generic.

Rows are laid out no further than asked for, and those before a change are kept: what a key costs
depends on the rows in view, not on the length of the text.
"""

from bisect import bisect_right
from collections.abc import Callable

import urwid


class Wrapping:
    """The rows of a text, `columns` wide; `show` says what stands for a piece of it on the screen.

    What is shown has as many characters as the piece, perhaps of other widths.
    """

    def __init__(self, columns: int, show: Callable[[str], str]) -> None:
        self.columns = columns
        self._show = show
        self._text = ""
        self._starts = [0]
        self._complete = True

    def take(self, text: str, changed_at: int) -> None:
        """Take the text as it is now, the same as before up to the character at `changed_at`."""
        self._text = text
        # The row that ends there may have had room for what came.
        kept = bisect_right(self._starts, changed_at - 1)
        del self._starts[max(kept, 1) :]
        self._complete = False

    def count(self, most: int | None = None) -> int:
        """Return how many rows there are, or `most` once there are so many."""
        while not self._complete and (most is None or len(self._starts) < most):
            self._lay_out_row()
        return len(self._starts) if most is None else min(len(self._starts), most)

    def row(self, number: int) -> str:
        """Return what is shown in a row that there is."""
        start, end = self._bounds(number)
        return self._show(self._text[start:end])

    def place(self, offset: int) -> tuple[int, int]:
        """Return the column and the row of the character at the offset.

        What is behind a full last row is shown upon its last character.
        """
        while not self._complete and self._starts[-1] <= offset:
            self._lay_out_row()
        number = bisect_right(self._starts, offset) - 1
        column = _width(self._show(self._text[self._starts[number] : offset]))
        return min(column, self.columns - 1), number

    def offset(self, column: int, number: int) -> int:
        """Return the offset of the character nearest to that column in a row that there is."""
        start, end = self._bounds(number)
        piece = self._show(self._text[start:end])
        return start + urwid.calc_text_pos(piece, 0, len(piece), column)[0]

    def _bounds(self, number: int) -> tuple[int, int]:
        self.count(number + 2)
        start = self._starts[number]
        if number + 1 == len(self._starts):
            return start, len(self._text)
        end = self._starts[number + 1]
        return start, end - 1 if self._text[end - 1] == "\n" else end

    def _lay_out_row(self) -> None:
        """Find where the row after the last known one begins, or that there is none."""
        start, size = self._starts[-1], 2 * self.columns
        while True:
            line, newline, _ = self._text[start : start + size].partition("\n")
            fitting = self._fitting(line)
            if fitting < len(line):
                self._starts.append(start + fitting)
            elif newline:
                self._starts.append(start + fitting + 1)
            elif start + size < len(self._text):
                size *= 4  # characters without a width
                continue
            else:
                self._complete = True
            return

    def _fitting(self, line: str) -> int:
        """Return how many characters of the line fit in a row, one at the least."""
        shown = self._show(line)
        if shown.isascii():
            return min(len(shown), self.columns)
        fitting: int = urwid.calc_text_pos(shown, 0, len(shown), self.columns)[0]
        return max(fitting, min(len(shown), 1))


def _width(shown: str) -> int:
    if shown.isascii():
        return len(shown)
    width: int = urwid.calc_width(shown, 0, len(shown))
    return width
