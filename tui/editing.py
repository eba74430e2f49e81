"""Owns a text with a cursor in it, and what editing keys make of the two; generic."""

import re
from collections.abc import Callable

import urwid

from tui.undo import Change, History

_NEARBY = 64  # characters; no cluster of characters drawn as one is longer
_WORD = re.compile(r"\W*\w*")
_RUNS = ("backspace", "ctrl h", "delete")


class EditedText:
    """A text kept exactly as it is entered; `cursor` is where in it, from 0 to its length.

    `changed` is called with the first character that is another one. Where `hides` says so of the
    text, keys that move by words move by lines: where a secret has its blanks is part of it.
    """

    def __init__(self, hides: Callable[[str], bool], changed: Callable[[int], None]) -> None:
        self.text = ""
        self.cursor = 0
        self.hidden = hides("")
        self._hides = hides
        self._changed = changed
        self._history = History()

    def move(self, cursor: int) -> None:
        """Move the cursor; where there is no such place, to the end nearer to it."""
        self._history.end_run()
        self.cursor = min(max(cursor, 0), len(self.text))

    def insert(self, text: str) -> None:
        """Put text in at the cursor; more than a character, and undo takes it out as one."""
        self._change(self.cursor, self.cursor, text, in_run=len(text) == 1)

    def replace(self, text: str, *, undoable: bool) -> None:
        """Take another text, the cursor behind its end; it is a new beginning unless `undoable`."""
        self._change(0, len(self.text), text, in_run=False)
        if not undoable:
            self._history.clear()

    def press(self, key: str) -> bool:
        """Take an editing key; say whether it was one."""
        if (there := self._moved_to(key)) is not None:
            self.move(there)
        elif (there := self._erased_to(key)) is not None:
            start, end = sorted((self.cursor, there))
            self._change(start, end, "", in_run=key in _RUNS)
        elif key in ("ctrl z", "ctrl _"):
            self._follow(self._history.undo())
        elif key == "ctrl y":
            self._follow(self._history.redo())
        else:
            return False
        return True

    def _moved_to(self, key: str) -> int | None:
        """Return where a key moves the cursor; None if it does not."""
        match key:
            case "left":
                return self._left()
            case "right":
                return self._right()
            case "home" | "ctrl a":
                return self._line_start()
            case "end" | "ctrl e":
                return self._line_end()
            case "ctrl left" | "meta left" | "meta b":
                return self._word_start()
            case "ctrl right" | "meta right" | "meta f":
                return self._word_end()
        return None

    def _erased_to(self, key: str) -> int | None:
        """Return up to where a key erases, from the cursor; None if it does not."""
        match key:
            case "backspace" | "ctrl h":
                return self._left()
            case "delete":
                return self._right()
            case "ctrl w" | "meta backspace":
                return self._word_start()
            case "ctrl u":
                return self._line_start()
            case "ctrl k":
                return self._line_end()
        return None

    def _change(self, start: int, end: int, text: str, *, in_run: bool) -> None:
        change = Change(start, self.text[start:end], text)
        if change.removed != text:
            self._history.record(change, in_run=in_run)
            self._follow(change)
        self.cursor = start + len(text)

    def _follow(self, change: Change | None) -> None:
        """Make a change that the history knows of."""
        if not change:
            return
        rest = self.text[change.at + len(change.removed) :]
        self.text = f"{self.text[: change.at]}{change.inserted}{rest}"
        self.cursor = change.at + len(change.inserted)
        hidden, self.hidden = self.hidden, self._hides(self.text)
        self._changed(change.at if hidden == self.hidden else 0)

    def _left(self) -> int:
        nearby = self.text[max(self.cursor - _NEARBY, 0) : self.cursor]
        if not nearby:
            return 0
        return self.cursor - len(nearby) + urwid.move_prev_char(nearby, 0, len(nearby))

    def _right(self) -> int:
        nearby = self.text[self.cursor : self.cursor + _NEARBY]
        return self.cursor + (urwid.move_next_char(nearby, 0, len(nearby)) if nearby else 0)

    def _line_start(self) -> int:
        return self.text.rfind("\n", 0, self.cursor) + 1

    def _line_end(self) -> int:
        end = self.text.find("\n", self.cursor)
        return len(self.text) if end < 0 else end

    def _word_start(self) -> int:
        if self.hidden:
            return self._line_start()
        backwards = _WORD.match(self.text[: self.cursor][::-1])
        return self.cursor - (backwards.end() if backwards else 0)

    def _word_end(self) -> int:
        if self.hidden:
            return self._line_end()
        forwards = _WORD.match(self.text, self.cursor)
        return forwards.end() if forwards else self.cursor
