"""Owns what the keys do among the parameters: choosing, editing, pressing buttons.

Follows the guide, Configuration, and interfaces, section 7.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import urwid

from appliance.parameters.catalogue import CATALOGUE
from tui import words
from tui.buttons import Buttons
from tui.drafts import Drafts
from tui.entry import Entry
from tui.fields import Fields, Spawn
from tui.parameters_picture import Hands, Notice, Place, Scene, compose

if TYPE_CHECKING:
    from appliance.unit import Unit

_KEYS = "Up/Down choose  TAB buttons  ^U empty  ^Z undo  F1 help  Esc menu  ^D leave"


class ParametersView:
    """One technician at the twelve parameters of one unit; `settled` is told when a save is done.

    `spawn` runs what takes time and redraws after it; `redraw` asks for a new picture meanwhile.
    """

    name = "Parameters"

    def __init__(
        self,
        unit: "Unit",
        by: str,
        drafts: Drafts,
        spawn: Spawn,
        redraw: Callable[[], None],
        settled: Callable[[], None],
    ) -> None:
        self.fields = Fields(unit, by, drafts, spawn, redraw)
        self._unit = unit
        self._settled = settled
        self._notice = words.welcome(unit.notice)
        self._warned = ""  # what the last key press was answered with "press again" about
        self._asked = False  # whether that answer was in a picture
        self._buttons = Buttons(unit, by, self.fields, spawn, redraw, self.say, self._take_in)
        self._take_over()

    @property
    def saving(self) -> bool:
        """Whether a value is on its way to the disk: what is typed meanwhile comes after it."""
        return self._buttons.doing == "Saving"

    @property
    def _entry(self) -> Entry:
        return self.fields.entry

    def keys(self) -> str:
        """The keys that work here."""
        return _KEYS

    def refresh(self) -> None:
        """Take over the unit's state, and values that changed elsewhere."""
        self.fields.refresh()
        self._take_over()

    def _take_over(self) -> None:
        self._status = self._unit.status()
        self._buttons.follow_trial()

    def _take_in(self) -> None:
        """Take over what a button has come to."""
        self.refresh()
        self._settled()

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return what it looks like."""
        self._asked = bool(self._warned)
        activating = self._buttons.activating
        scene = Scene(
            self._status,
            self.fields.entries,
            self._unit.active or {},
            self.fields.number,
            self._buttons.place,
            self._notice,
            activating.buttons,
            activating.watch.scene(),
            activating.progress,
            words.offered_drafts(self.fields.offered),
        )
        hands = Hands(self._choose, self._push, self._buttons.leave)
        return compose(scene, asyncio.get_running_loop().time(), size, hands)

    def press(self, key: str) -> None:
        """Take a key."""
        warned, self._warned = self._warned, ""
        if key == "enter" and self._buttons.place is not Place.LIST:
            self._press_button(warned)
        else:
            self._press_key(key)
        self.fields.begin_judging()

    def insert(self, text: str) -> None:
        """Take pasted or typed text into the selected field."""
        self._warned = ""
        self._insert(text)
        self.fields.begin_judging()

    def choose(self, key: str) -> None:
        """Select the parameter of that key."""
        self._choose([each.key for each in CATALOGUE].index(key))

    def say(self, notice: Notice) -> None:
        """Show something in place of the last answer."""
        self._notice = notice

    def come_home(self, notice: Notice) -> None:
        """Begin anew in the list, with something to say."""
        self._buttons.leave()
        self._notice = notice

    def step_back(self) -> bool:
        """Take Esc: out of the progress or the buttons, into the list; False: nothing was open."""
        self._warned = ""
        if self._buttons.place is Place.LIST and not self._buttons.activating.progress:
            return False
        self._buttons.leave()
        return True

    def may_leave(self) -> bool:
        """Say whether nothing is lost by leaving, or has been asked about before."""
        warned, self._warned = self._warned, ""
        if self._buttons.doing == "Activating":
            self._buttons.hold()
            return False
        if self.fields.unsaved and not (warned == "leave" and self._asked):
            self._warned, self._asked = "leave", False
            self._notice = words.unsaved_at_leave(self.fields.unsaved)
            return False
        return True

    def restore(self) -> None:
        """Put the unsaved edits of other sessions into the fields."""
        self._notice = words.restored(*self.fields.restore())

    def turn_down(self) -> None:
        """Throw those edits away."""
        self.fields.turn_down()
        self._notice = Notice("The edits that were left unsaved are thrown away.")

    async def end(self, left_at: float | None) -> None:
        """Leave nothing undecided behind; with a time (Unix s), unsaved edits are kept."""
        self.fields.leave(left_at)
        await self._buttons.activating.watch.end()

    def _press_key(self, key: str) -> None:
        in_list = self._buttons.place is Place.LIST
        match key:
            case "tab" | "shift tab":
                self._buttons.move_on(1 if key == "tab" else -1)
            case "up" | "down":
                self._choose(self.fields.number + (1 if key == "down" else -1))
            case "enter":
                self._enter()
            case "ctrl r" if self.fields.offered:
                self.restore()
            case " " if not in_list:
                self._notice = Notice(f"Press Enter to press {self._buttons.place.value}.")
            case "left" | "right" if not in_list:
                self._buttons.move(1 if key == "right" else -1)
            case _ if len(key) == 1:
                self._insert(key)
            case _ if in_list:
                self._edit(key)

    def _edit(self, key: str) -> None:
        """Hand an editing key to the field; where it has no answer, what is shown stays."""
        if answer := self._entry.press(key):
            self._notice = Notice(answer)

    def _enter(self) -> None:
        if self._entry.field.multiline:
            self._insert("\n")
        else:
            self._notice = Notice("Press TAB to reach <Save>.")

    def _choose(self, number: int) -> None:
        self._buttons.unread = False
        self._buttons.leave()
        self.fields.select(number)
        if not self._buttons.doing:
            self._notice = Notice("")

    def _insert(self, text: str) -> None:
        self._buttons.leave()
        remark = self._entry.insert(text)
        if remark or not (self._buttons.doing or self._buttons.unread):
            self._notice = Notice(remark, "refused")

    def _push(self, button: Place) -> None:
        """Take a click on a button."""
        warned, self._warned = self._warned, ""
        if button in self._buttons.activating.buttons:
            self._buttons.place = button
            self._press_button(warned)

    def _press_button(self, warned: str) -> None:
        if self._buttons.press(insisted=warned == "unsaved"):
            self._warned = "unsaved"
