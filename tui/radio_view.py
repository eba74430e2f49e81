"""Owns the radio view's state and keys: a walk test with the antenna."""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import urwid

from tui.radio_picture import RadioScene, compose
from tui.walk_test import WalkTest

if TYPE_CHECKING:
    from appliance.radio.reception import ReceptionReport


_MOST_STEPS = 20  # to take back


class RadioView:
    """What the radio hears, live; `reception` is the unit's, `clock` gives Unix seconds."""

    name = "Radio"

    def __init__(
        self, reception: "Callable[[], ReceptionReport]", clock: Callable[[], float] = time.time
    ) -> None:
        self._reception = reception
        self._clock = clock
        self._report = reception()
        # The last is the present one; empty until the view is opened, which begins the test.
        self._tests: deque[WalkTest] = deque(maxlen=_MOST_STEPS + 1)

    def keys(self) -> str:
        """The keys that work here."""
        return "m mark before   b begin after here   x clear   ^Z undo   Esc back"

    def refresh(self) -> None:
        """Take over what was heard since."""
        self._report = self._reception()
        if not self._tests:
            self._tests.append(WalkTest(self._report.tally))

    def press(self, key: str) -> None:
        """Mark the antenna's place, begin at the next one, begin anew, or take the last back."""
        self.refresh()
        now, test = self._report.tally, self._tests[-1]
        match key:
            case "m" | "M":
                self._go_on(test.mark(now))
            case "b" | "B":
                self._go_on(test.begin(now))
            case "x" | "X" | "delete":
                self._go_on(WalkTest(now))
            case "ctrl z" | "ctrl _" if len(self._tests) > 1:
                self._tests.pop()

    def insert(self, text: str) -> None:
        """Take a paste: there is nothing to paste into."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows."""
        return compose(RadioScene(self._report, self._tests[-1], self._clock()), size)

    def _go_on(self, test: WalkTest) -> None:
        if test != self._tests[-1]:
            self._tests.append(test)
