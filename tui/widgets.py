"""Owns the generic widgets: a text field that edits its text exactly, and a window upon it."""

from collections.abc import Callable, Hashable

import urwid

from appliance.hidden_characters import REPLACEMENT, is_hidden

_PAGE_LINES = 8


def printable(text: str) -> str:
    """Return the text without controls, bidirectional overrides and the like; newlines stay."""
    if text.isprintable():
        return text
    return "".join(each for each in text if each == "\n" or not is_hidden(each))


class TextField(urwid.Edit):
    """An input field whose `edit_text` is exactly what was entered, invisible characters included.

    On the screen such a character is U+FFFD, a TAB is a blank, and in a masked field, or where
    `hides` says so of the text, everything but a newline is an asterisk.
    """

    def __init__(
        self, *, multiline: bool, masked: bool, hides: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._masked = masked
        self._hides = hides
        # urwid's own mask keeps the text out of the repr; it would also mask the newlines.
        super().__init__(multiline=multiline, wrap="any", mask="*" if masked else None)

    def get_text(self) -> tuple[str, list[tuple[Hashable, int]]]:
        """Return what is shown: as many characters as `edit_text`, for the cursor's sake."""
        text = self.get_edit_text()
        if self._masked or self._hides(text):
            text = "".join("\n" if each == "\n" else "*" for each in text)
        elif not text.isprintable():
            text = "".join(map(_visible, text))
        return text, []

    def press(self, key: str) -> bool:
        """Take an editing key; say whether it was one."""
        line_start = self.edit_text.rfind("\n", 0, self.edit_pos) + 1
        line_end = self.edit_text.find("\n", self.edit_pos)
        match key:
            case "left" | "right" | "backspace" | "delete":
                # The width has no say in these.
                self.keypress((80,), key)
            case "home":
                self.edit_pos = line_start
            case "end":
                self.edit_pos = len(self.edit_text) if line_end < 0 else line_end
            case "page up":
                self._turn_page(-_PAGE_LINES)
            case "page down":
                self._turn_page(_PAGE_LINES)
            case _:
                return False
        return True

    def replace(self, text: str) -> None:
        """Show another text, the cursor behind its end."""
        self.set_edit_text(text, edit_pos=len(text))

    def _turn_page(self, lines: int) -> None:
        rows = self.edit_text.split("\n")
        row = self.edit_text.count("\n", 0, self.edit_pos) + lines
        before = rows[: min(max(row, 0), len(rows) - 1)]
        self.edit_pos = sum(len(line) + 1 for line in before)


def _visible(character: str) -> str:
    if character == "\n" or not is_hidden(character):
        return character
    return " " if character == "\t" else REPLACEMENT


class Viewport(urwid.WidgetWrap[urwid.Widget]):
    """As many rows of a taller widget as fit, moved only as far as its cursor asks."""

    def __init__(self, widget: urwid.Widget) -> None:
        super().__init__(widget)
        self._top = 0

    def sizing(self) -> frozenset[urwid.Sizing]:
        """Say that it takes the rows it is given, unlike the widget in it."""
        return frozenset([urwid.Sizing.BOX])

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.CompositeCanvas:  # type: ignore[override]
        """Draw the rows in view."""
        columns, rows = size
        canvas = urwid.CompositeCanvas(self._w.render((columns,), focus))
        if canvas.cursor:
            line = canvas.cursor[1]
            self._top = min(max(self._top, line - rows + 1), line)
        self._top = max(0, min(self._top, canvas.rows() - rows))
        canvas.pad_trim_top_bottom(-self._top, rows + self._top - canvas.rows())
        return canvas
