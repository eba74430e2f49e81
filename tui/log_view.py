"""Owns the log view: what the unit did, in plain words, the newest at the bottom."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import urwid

from appliance.journal import JournalEntry
from tui.reader import Line, Reader

if TYPE_CHECKING:
    from appliance.unit import Unit

# By level: a sign, since colour alone tells nothing, and the look.
_LEVELS = {"info": (" ", "text"), "warning": ("!", "warning"), "error": ("x", "refused")}


class LogView:
    """The unit's journal, live."""

    name = "Log"

    def __init__(self, unit: "Unit") -> None:
        self._journal = unit.journal
        self._reader = Reader(follows=True)
        self._entries: tuple[JournalEntry, ...] | None = None
        self._only_troubles = False

    def keys(self) -> str:
        """The keys that work here."""
        toggle = "w everything" if self._only_troubles else "w only warnings and errors"
        return f"Up/Down/PgUp/PgDn scroll  End live  {toggle}  Esc back"

    def refresh(self) -> None:
        """Take over what happened since."""
        entries = self._journal.entries()
        if entries != self._entries:
            self._entries = entries
            self._show(entries)

    def press(self, key: str) -> None:
        """Scroll, or leave out what is only news."""
        if key in ("w", "W"):
            self._only_troubles = not self._only_troubles
            self._show(self._entries or ())
            self._reader.press("end")
        else:
            self._reader.press(key)

    def insert(self, text: str) -> None:
        """Take no paste: nothing can be entered here."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows."""
        return self._reader.compose(size)

    def _show(self, entries: tuple[JournalEntry, ...]) -> None:
        shown = [each for each in entries if not self._only_troubles or each.level != "info"]
        if shown:
            self._reader.show(_lines(shown))
        else:
            nothing = f"no warning or error among the last {len(entries)} entries"
            self._reader.show([Line(nothing if entries else "nothing happened yet", "hint")])


def _lines(entries: Iterable[JournalEntry]) -> Iterator[Line]:
    """One line an entry, and before the first of a day one with its date."""
    day = ""
    for entry in entries:
        at = datetime.fromtimestamp(entry.at, UTC)
        if (date := f"{at:%Y-%m-%d}, times in UTC") != day:
            day = date
            yield Line(day, "heading")
        sign, look = _LEVELS[entry.level]
        yield Line(entry.text, look, f"{at:%H:%M:%S} {sign} ")
