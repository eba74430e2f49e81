"""Owns the receipt view: the commissioning receipt as it would be printed now."""

import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import urwid

from appliance.receipt import receipt_text
from tui.reader import Line, Reader

if TYPE_CHECKING:
    from appliance.unit import Unit

_RENEW_S = 5.0  # certificates are read for it: not every second
_TAKE_ALONG = (
    # A port may be forwarded: only who logged in knows the way.
    "To take it along, on your computer, with the ssh options as for this screen:",
    "  ssh tech@unit receipt > receipt.txt",
)


class ReceiptView:
    """What an installer hands over; `spawn` runs what takes time and redraws after it."""

    name = "Receipt"

    def __init__(
        self, unit: "Unit", spawn: Callable[[Coroutine[None, None, None]], object]
    ) -> None:
        self._unit = unit
        self._spawn = spawn
        self._reader = Reader()
        self._renewing = False
        self._renew_at = 0.0  # monotonic
        self._show("The receipt is being put together ...")

    def keys(self) -> str:
        """The keys that work here."""
        return "Up/Down/PgUp/PgDn/Home/End scroll  Esc back"

    def refresh(self) -> None:
        """Have the receipt made anew, on a thread, every few seconds."""
        if not self._renewing and time.monotonic() >= self._renew_at:
            self._renewing = True
            self._spawn(self._renew())

    def press(self, key: str) -> None:
        """Scroll."""
        self._reader.press(key)

    def insert(self, text: str) -> None:
        """Take no paste: nothing can be entered here."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows."""
        return self._reader.compose(size)

    async def _renew(self) -> None:
        text = await receipt_text(self._unit, datetime.now(UTC))
        self._show(text)
        self._renewing = False
        self._renew_at = time.monotonic() + _RENEW_S

    def _show(self, text: str) -> None:
        hints = [Line(each, "hint") for each in _TAKE_ALONG]
        self._reader.show([*hints, Line(), *map(Line, text.splitlines())])
