"""Owns the radio view's state and keys: a walk test with the antenna."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import urwid

from tui.radio_picture import RadioScene, compose
from tui.walk_test import WalkTest

if TYPE_CHECKING:
    from appliance.radio.reception import ReceptionReport


class RadioView:
    """What the radio hears, live; `reception` is the unit's, `clock` gives Unix seconds."""

    name = "Radio"

    def __init__(
        self, reception: "Callable[[], ReceptionReport]", clock: Callable[[], float] = time.time
    ) -> None:
        self._reception = reception
        self._clock = clock
        self._report = reception()
        self._walk_test = WalkTest(self._report.tally)

    def keys(self) -> str:
        """The keys that work here."""
        return "m mark: before and after   x clear the mark, begin anew   Esc back"

    def refresh(self) -> None:
        """Take over what was heard since."""
        self._report = self._reception()

    def press(self, key: str) -> None:
        """Mark the antenna's place, or begin anew."""
        match key:
            case "m" | "M":
                self.refresh()
                self._walk_test.mark(self._report.tally)
            case "x" | "X" | "delete":
                self.refresh()
                self._walk_test.clear(self._report.tally)

    def insert(self, text: str) -> None:
        """Take a paste: there is nothing to paste into."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows."""
        now = self._report.tally
        before, after = self._walk_test.before(now), self._walk_test.after(now)
        return compose(RadioScene(self._report, before, after, self._clock()), size)
