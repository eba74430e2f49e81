"""Owns one session's screen: which view is shown, the menu over it, and the way out.

The keys that work everywhere are taken here; all others go to the view that is shown.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import urwid

from tui import words
from tui.drafts import Drafts
from tui.fields import Spawn
from tui.frame import appeal, body_size, framed, too_small
from tui.help_view import HelpView
from tui.history_view import HistoryView
from tui.keys import Key, Mouse, Paste
from tui.log_view import LogView
from tui.menu import Choice, Menu
from tui.parameters_picture import Notice
from tui.parameters_view import ParametersView
from tui.radio_view import RadioView
from tui.receipt_view import ReceiptView
from tui.views import View

if TYPE_CHECKING:
    from appliance.unit import Unit

Press = Key | Paste | Mouse

_LEAVE_KEYS = ("ctrl c", "ctrl d")
_MENU_KEYS = "Up/Down choose   Enter or letter do it   Esc close"


class App:
    """One technician at work on one unit; `spawn` runs what takes time and redraws after it.

    `set_mouse` switches the terminal's mouse reports.
    """

    def __init__(
        self,
        unit: "Unit",
        by: str,
        size: tuple[int, int],
        drafts: Drafts,
        spawn: Spawn,
        redraw: Callable[[], None],
        set_mouse: Callable[[bool], None],
    ) -> None:
        self.size = size
        self.finished = False
        self.cut_short = False  # finished, but not in order: edits are to be kept
        self._unit = unit
        self._set_mouse = set_mouse
        self._mouse = True
        set_mouse(True)
        self._parameters = ParametersView(unit, by, drafts, spawn, redraw, self._catch_up)
        fields = self._parameters.fields
        self._views: dict[str, View] = {
            "f1": HelpView(lambda: fields.entry.parameter.key, self._parameters.choose),
            "f2": RadioView(unit.reception),
            "f3": LogView(unit),
            "f4": ReceiptView(unit, spawn),
            "f5": HistoryView(unit, by, spawn, self._go_home),
        }
        self._view: View = self._parameters
        self._menu: Menu | None = None
        self._shown: urwid.Widget | None = None  # what a click is on
        self._typed_ahead: list[Press] = []  # while a value is being saved

    @property
    def unsaved(self) -> tuple[str, ...]:
        """The labels of the parameters that are edited and not saved."""
        return self._parameters.fields.unsaved

    @property
    def farewell(self) -> str:
        """What is to be said to somebody who leaves."""
        return words.farewell(self._unit.pending)

    def refresh(self) -> None:
        """Take over the unit's state, and values that changed elsewhere."""
        self._parameters.refresh()
        if self._view is not self._parameters:
            self._view.refresh()

    def picture(self) -> urwid.Canvas:
        """Return the canvas of the screen as it is now, `size` large."""
        self._shown = self._compose()
        return self._shown.render(self.size, focus=True)

    def _compose(self) -> urwid.Widget:
        if too_small(self.size):
            return appeal(self.size)
        body = self._view.compose(body_size(self.size))
        if self._menu:
            body = self._menu.compose(body)
        home = self._view is self._parameters
        keys = _MENU_KEYS if self._menu else self._view.keys()
        return framed(body, self._unit.status(), "" if home else self._view.name, keys)

    def take(self, press: Press) -> None:
        """Do what a key press or a paste asks for; while a value is being saved, right after."""
        if self._parameters.saving:
            self._typed_ahead.append(press)
        else:
            self._do(press)

    def _catch_up(self) -> None:
        typed_ahead, self._typed_ahead = self._typed_ahead, []
        for press in typed_ahead:
            self.take(press)

    async def end(self, left_at: float | None) -> None:
        """Leave nothing undecided behind; with a time (Unix s), unsaved edits are kept."""
        await self._parameters.end(left_at)

    def _do(self, press: Press) -> None:
        if isinstance(press, Key) and press.name in _LEAVE_KEYS:
            self._leave()
        elif too_small(self.size):
            return  # nobody sees what a key would do
        elif isinstance(press, Mouse):
            self._point(press)
        elif isinstance(press, Paste):
            self._menu = None
            self._view.insert(press.text)
        else:
            self._press(press.name)

    def _press(self, key: str) -> None:
        if self._menu:
            self._menu.press(key)
        elif key in self._views:
            self._show(self._views[key])
        elif key == "f10":
            self._open_menu()
        elif key == "esc":
            self._step_back()
        else:
            self._view.press(key)

    def _step_back(self) -> None:
        """Take Esc: back to the parameters, and there into the menu; nothing is thrown away."""
        if self._view is not self._parameters:
            self._show(self._parameters)
        elif not self._parameters.step_back():
            self._open_menu()

    def _show(self, view: View) -> None:
        self._view = view
        view.refresh()

    def _go_home(self, notice: Notice) -> None:
        self._show(self._parameters)
        self._parameters.come_home(notice)

    def _open_menu(self) -> None:
        self._menu = Menu(self._choices(), self._close_menu)

    def _close_menu(self) -> None:
        self._menu = None

    def _choices(self) -> Sequence[Choice]:
        choices = [Choice("p", "Parameters", "Esc", lambda: self._show(self._parameters))]
        letters = {"f1": "h", "f2": "r", "f3": "l", "f4": "c", "f5": "e"}
        choices += [self._choice_of_view(key, letters[key]) for key in self._views]
        if self._parameters.fields.offered:
            choices += [
                Choice("u", "Unsaved edits: restore", "^R", self._parameters.restore),
                Choice("t", "Unsaved edits: throw away", "", self._parameters.turn_down),
            ]
        mouse = "Mouse: give it to the terminal" if self._mouse else "Mouse: use it here"
        return [
            *choices,
            Choice("m", mouse, "", self._toggle_mouse),
            Choice("q", "Leave", "^D", self._leave),
        ]

    def _choice_of_view(self, key: str, letter: str) -> Choice:
        view = self._views[key]
        return Choice(letter, view.name, key.upper(), lambda: self._show(view))

    def _toggle_mouse(self) -> None:
        self._mouse = not self._mouse
        self._set_mouse(self._mouse)
        self._parameters.say(words.mouse(here=self._mouse))

    def _point(self, mouse: Mouse) -> None:
        """Hand a click or a turn of the wheel to whatever is there."""
        if mouse.kind in ("wheel up", "wheel down"):
            self._press(mouse.kind.removeprefix("wheel "))
        elif mouse.kind == "press" and mouse.button == 1 and self._shown:
            self._click(mouse)
        elif mouse.kind == "press" and self._mouse:
            # Most terminals paste with this button: the next press of it is the terminal's.
            self._toggle_mouse()

    def _click(self, mouse: Mouse) -> None:
        if mouse.row in (0, self.size[1] - 1):
            self._press("f10")
        elif self._shown:
            where = (mouse.column, mouse.row)
            self._shown.mouse_event(self.size, "mouse press", 1, *where, focus=True)

    def _leave(self) -> None:
        self._menu = None
        if too_small(self.size):
            # Nobody could read a question: the edits are kept for the next login instead.
            self.finished = self.cut_short = True
        elif self._parameters.may_leave():
            self.finished = True
        else:
            self._show(self._parameters)
