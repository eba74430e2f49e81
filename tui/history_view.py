"""Owns the history view: the last activations, and the way back to an earlier one."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import urwid

from appliance.parameters.catalogue import parameter
from appliance.parameters.refusal import Refused
from appliance.parameters.store import Activation, StoreError
from tui.parameters_picture import Notice
from tui.widgets import Clickable, Viewport, printable

if TYPE_CHECKING:
    from appliance.unit import Unit

_MARKS = {"active": "=", "earlier": " ", "not kept": "x"}
_ANSWER_ROWS = 5


class HistoryView:
    """The activations, newest first, one of them chosen.

    `spawn` runs what takes time and redraws after it; `done` is told what was restored.
    """

    name = "Earlier configurations"

    def __init__(
        self,
        unit: "Unit",
        by: str,
        spawn: Callable[[Coroutine[None, None, None]], object],
        done: Callable[[Notice], None],
    ) -> None:
        self._unit = unit
        self._by = by
        self._spawn = spawn
        self._done = done
        self._activations: tuple[Activation, ...] = ()
        self._chosen = 0
        self._asked = False  # whether to restore the chosen one
        self._answer = Notice("")

    def keys(self) -> str:
        """The keys that work here."""
        return "Up/Down choose   Enter bring its values back   Esc back"

    def refresh(self) -> None:
        """Take over what was activated since; the chosen one stays chosen."""
        chosen = self._activations[self._chosen] if self._activations else None
        self._activations = self._unit.activations
        if chosen in self._activations:
            self._chosen = self._activations.index(chosen)
        else:
            self._chosen, self._asked = 0, False

    def press(self, key: str) -> None:
        """Choose, or bring the chosen one's values back: at the second Enter."""
        asked, self._asked = self._asked, False
        self._answer = Notice("")
        match key:
            case "up" | "down":
                self._choose(self._chosen + (1 if key == "down" else -1))
            case "home" | "end":
                self._choose(0 if key == "home" else len(self._activations))
            case "enter" if self._activations and asked:
                self._spawn(self._restore(self._activations[self._chosen]))
            case "enter" if self._activations:
                self._ask()

    def insert(self, text: str) -> None:
        """Take no paste: nothing can be entered here."""

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget for so many columns and rows."""
        rows: list[Any] = [self._row(number, each) for number, each in enumerate(self._activations)]
        if not rows:
            rows = [urwid.Text(" Nothing was activated yet.")]
        answer = urwid.Text((self._answer.kind, printable(self._answer.text)))
        foot = urwid.BoxAdapter(Viewport(urwid.Padding(answer, left=1, right=1)), _ANSWER_ROWS)
        heading = urwid.Text(("heading", " Activations, newest first, times in UTC"))
        return urwid.Pile(
            [
                ("pack", heading),
                urwid.Padding(self._list(rows, size[1] - _ANSWER_ROWS - 1), left=1, right=1),
                ("pack", foot),
            ]
        )

    def _list(self, rows: list[Any], height: int) -> urwid.Widget:
        """Return the rows with the chosen one in view: each takes two."""
        top = max(0, min(self._chosen - height // 4, len(rows) - height // 2))
        return urwid.Filler(urwid.Pile(rows[top : top + height // 2]), "top")

    def _row(self, number: int, activation: Activation) -> urwid.Widget:
        place = self._place(activation)
        mark = ">" if number == self._chosen else " "
        at = datetime.fromtimestamp(activation.at, UTC)
        head = f"{mark}{_MARKS[place]} {at:%Y-%m-%d %H:%M:%S}  {place:9} {activation.by}"
        words = f"{printable(head)}\n    {printable(activation.outcome)}"
        look = "chosen" if number == self._chosen else "item"
        row = urwid.AttrMap(urwid.Text(words, wrap="ellipsis"), look)
        return Clickable(row, lambda: self._choose(number))

    def _place(self, activation: Activation) -> str:
        active = next((each for each in self._activations if each.in_service), None)
        if activation is active:
            return "active"
        return "earlier" if activation.in_service else "not kept"

    def _choose(self, number: int) -> None:
        self._chosen = min(max(number, 0), max(0, len(self._activations) - 1))
        self._asked = False
        self._answer = Notice("")

    def _ask(self) -> None:
        """Say what would change, and have Enter pressed again."""
        values, saved = self._activations[self._chosen].values, self._unit.saved
        labels = [parameter(key).label for key in saved if saved[key] != values[key]]
        if not labels:
            self._answer = Notice("These are the saved values: nothing would change.")
            return
        self._asked = True
        self._answer = Notice(
            f"This replaces the saved values of: {', '.join(labels)}. Enter again does it; what is "
            "in service stays so until <Activate>."
        )

    async def _restore(self, activation: Activation) -> None:
        at = datetime.fromtimestamp(activation.at, UTC)
        try:
            await self._unit.save_all(activation.values, self._by)
        except (Refused, StoreError) as error:
            self._answer = Notice(f"Not brought back: {error}", "refused")
        else:
            self._chosen = 0
            words = f"Saved: the values of {at:%Y-%m-%d %H:%M} UTC. In service after <Activate>."
            self._done(Notice(words, "done"))
