"""Owns the text field: what it shows of a text that is edited in it; generic."""

from collections.abc import Callable, Sequence

import urwid

from appliance.hidden_characters import REPLACEMENT, is_hidden
from tui.editing import EditedText
from tui.wrapping import Wrapping

_UNSEEN_SIZE = (80, 9)  # columns and rows of a field that was never drawn as a box


class TextField(urwid.Widget):
    """An input field whose `edit_text` is exactly what was entered, invisible characters included.

    On the screen such a character is U+FFFD, a TAB is a blank, and in a masked field, or where
    `hides` says so of the text, everything but a newline is an asterisk. As a box it shows the
    rows around the cursor, as a flow all of them. `placeholder`, the name of a look and words, is
    shown while it is empty.
    """

    _sizing = frozenset([urwid.Sizing.FLOW, urwid.Sizing.BOX])
    _selectable = True

    def __init__(
        self, *, multiline: bool, masked: bool, hides: Callable[[str], bool] = lambda _: False
    ) -> None:
        super().__init__()
        self.multiline = multiline
        self._placeholder: tuple[str, str] | None = None
        self._edited = EditedText(lambda text: masked or hides(text), self._rewrap)
        self._size = _UNSEEN_SIZE
        self._top = 0  # the first row in view
        self._wrapping = Wrapping(_UNSEEN_SIZE[0], self._shown)

    @property
    def edit_text(self) -> str:
        """What was entered."""
        return self._edited.text

    def get_edit_text(self) -> str:
        """Return what was entered."""
        return self._edited.text

    def set_edit_text(self, text: str, edit_pos: int) -> None:
        """Show another text, the cursor there; nothing can be undone."""
        self.replace(text)
        self.edit_pos = edit_pos

    @property
    def edit_pos(self) -> int:
        """The character that the cursor is at, from 0; after the last one it is the length."""
        return self._edited.cursor

    @edit_pos.setter
    def edit_pos(self, position: int) -> None:
        self._edited.move(position)
        self._invalidate()

    @property
    def placeholder(self) -> tuple[str, str] | None:
        """What is shown while nothing was entered: the name of a look, and words."""
        return self._placeholder

    @placeholder.setter
    def placeholder(self, placeholder: tuple[str, str] | None) -> None:
        self._placeholder = placeholder
        self._invalidate()

    def insert_text(self, text: str) -> None:
        """Put text in at the cursor; more than a character, and undo takes it out as one."""
        self._edited.insert(text)
        self._invalidate()

    def replace(self, text: str, *, undoable: bool = False) -> None:
        """Show another text, the cursor behind its end; it is a new beginning unless `undoable`."""
        self._edited.replace(text, undoable=undoable)
        self._invalidate()

    def press(self, key: str) -> bool:
        """Take an editing key; say whether it was one."""
        if key in ("page up", "page down"):
            page = max(self._size[1] - 1, 1)
            self.scroll(-page if key == "page up" else page)
            return True
        self._invalidate()
        return self._edited.press(key)

    def scroll(self, rows: int) -> None:
        """Move the cursor, and with it the view, so many rows down, or up."""
        column, row = self._wrapping.place(self.edit_pos)
        target = max(row + rows, 0)
        target = min(target, self._wrapping.count(target + 1) - 1)
        self._top = max(self._top + target - row, 0)
        self.edit_pos = self._wrapping.offset(column, target)

    def mouse_event(
        self, size: Sequence[int], event: str, button: int, col: int, row: int, focus: bool
    ) -> bool:
        """Put the cursor where it is clicked."""
        if event != "mouse press" or button != 1:
            return False
        wrapping = self._wrapped(size[0])
        target = row + (self._top if len(size) > 1 else 0)
        below = target >= wrapping.count(target + 1)
        self.edit_pos = len(self.edit_text) if below else wrapping.offset(col, target)
        return True

    def rows(self, size: tuple[int], focus: bool = False) -> int:
        """Return how many rows all of it takes."""
        return self._shown_wrapping(size[0]).count()

    def count_rows(self, columns: int, most: int) -> int:
        """Return how many rows all of it takes, or `most` once it takes so many."""
        return self._shown_wrapping(columns).count(most)

    def render(self, size: Sequence[int], focus: bool = False) -> urwid.Canvas:
        """Draw all rows, or as a box those in view, which follow the cursor of a focused field."""
        columns, *height = size
        place = self._wrapped(columns).place(self.edit_pos) if focus else None
        shown = self._shown_wrapping(columns)
        top, end = 0, shown.count(*height)
        if height:
            top, end = self._view(shown, height[0], place[1] if place else None)
            self._size = (columns, height[0])
        rows = [shown.row(each).encode() for each in range(top, end)]
        look = None if self.edit_text or not self.placeholder else self.placeholder[0]
        canvas = urwid.CompositeCanvas(
            urwid.TextCanvas(
                rows,
                [[(look, len(row))] for row in rows],
                cursor=(place[0], place[1] - top) if place else None,
                maxcol=columns,
            )
        )
        if height:
            canvas.pad_trim_top_bottom(0, height[0] - len(rows))
        return canvas

    def _view(self, shown: Wrapping, height: int, row: int | None) -> tuple[int, int]:
        """Return the first row in view and the one after the last, with the cursor's among them."""
        if row is not None:
            self._top = min(max(self._top, row - height + 1), row)
        end = shown.count(self._top + height)
        self._top = max(0, min(self._top, end - height))
        return self._top, min(end, self._top + height)

    def _shown_wrapping(self, columns: int) -> Wrapping:
        """Return the rows of what is shown: of the text, or of the placeholder."""
        if self.edit_text or not self.placeholder:
            return self._wrapped(columns)
        wrapping = Wrapping(columns, str)
        wrapping.take(self.placeholder[1], 0)
        return wrapping

    def _wrapped(self, columns: int) -> Wrapping:
        if self._wrapping.columns != columns:
            self._wrapping = Wrapping(columns, self._shown)
            self._rewrap(0)
        return self._wrapping

    def _rewrap(self, changed_at: int) -> None:
        self._wrapping.take(self._edited.text, changed_at)

    def _shown(self, piece: str) -> str:
        """Return what stands for a piece of the text, within a line."""
        if self._edited.hidden:
            return "*" * len(piece)
        return piece if piece.isprintable() else "".join(map(_visible, piece))


def _visible(character: str) -> str:
    if not is_hidden(character):
        return character
    return " " if character == "\t" else REPLACEMENT
