"""Owns what the keys do: choosing, editing, and the three buttons (guide, Configuration).

Saving and activating run as tasks of the session: no key ever waits for the unit.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING

import urwid

from appliance.parameters.catalogue import CATALOGUE, parameter
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import StoreError
from tui.entry import Entry
from tui.keys import Key, Paste
from tui.view import BUTTONS, Notice, Place, Scene, compose, too_small

if TYPE_CHECKING:
    from appliance.unit import Unit

_WELCOME = (
    "Choose a parameter, type or paste its value, then TAB to <Save> and press Enter. "
    "<Clear> empties the field."
)
_LEAVE_KEYS = ("ctrl c", "ctrl d")
_PLACES = tuple(Place)
_UNDONE = {"Saving": "Not saved", "Activating": "Not activated"}


class App:
    """One technician at work on one unit; `spawn` runs what takes time and redraws after it."""

    def __init__(
        self,
        unit: "Unit",
        by: str,
        size: tuple[int, int],
        spawn: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        self.size = size
        self.finished = False
        self._unit = unit
        self._by = by
        self._spawn = spawn
        self._entries = tuple(Entry(each) for each in CATALOGUE)
        self._chosen = 0
        self._place = Place.LIST
        self._notice = Notice(_WELCOME)
        self._working = ""  # what the unit is busy with for us, as a word to show
        self._warned = ""  # the key press that was answered with "press again"
        self._typed_ahead: list[Key | Paste] = []  # while a value is being saved
        self.refresh()

    @property
    def unsaved(self) -> tuple[str, ...]:
        """The labels of the parameters that are edited and not saved."""
        return tuple(entry.parameter.label for entry in self._entries if entry.edited)

    @property
    def _entry(self) -> Entry:
        return self._entries[self._chosen]

    def refresh(self) -> None:
        """Take over the unit's state, and values that changed elsewhere."""
        self._status = self._unit.status()
        saved, pending = self._unit.saved, self._unit.pending
        for entry in self._entries:
            key = entry.parameter.key
            entry.refresh(saved[key], pending=key in pending)

    def picture(self) -> urwid.Canvas:
        """Return the canvas of the screen as it is now, `size` large."""
        scene = Scene(self._status, self._entries, self._chosen, self._place, self._notice)
        return compose(scene, self.size).render(self.size, focus=True)

    def take(self, press: Key | Paste) -> None:
        """Do what a key press or a paste asks for; while a value is being saved, right after."""
        if self._working == "Saving":
            self._typed_ahead.append(press)
        else:
            self._do(press)

    def _do(self, press: Key | Paste) -> None:
        warned, self._warned = self._warned, ""
        if isinstance(press, Key) and press.name in _LEAVE_KEYS:
            self._leave(again=warned == "leave")
        elif too_small(self.size):
            return  # nobody sees what a key would do
        elif isinstance(press, Paste):
            self._insert(press.text)
        elif press.name == "enter" and self._place is not Place.LIST:
            self._press_button(again=warned == self._place.value)
        else:
            self._press_key(press.name)

    def _press_key(self, key: str) -> None:
        match key:
            case "tab" | "shift tab":
                self._move_on(1 if key == "tab" else -1)
            case "up" | "down":
                self._choose(self._chosen + (1 if key == "down" else -1))
            case "enter":
                self._enter()
            case _ if self._place in BUTTONS and key in (" ", "left", "right"):
                self._press_among_buttons(key)
            case _ if len(key) == 1:
                self._insert(key)
            case _ if self._place is Place.LIST:
                self._entry.field.press(key)

    def _enter(self) -> None:
        if self._entry.field.multiline:
            self._insert("\n")
        else:
            self._notice = Notice("Press TAB to reach <Save>.")

    def _press_among_buttons(self, key: str) -> None:
        if key == " ":
            self._notice = Notice(f"Press Enter to press {self._place.value}.")
            return
        target = BUTTONS.index(self._place) + (1 if key == "right" else -1)
        self._place = BUTTONS[min(max(target, 0), len(BUTTONS) - 1)]

    def _move_on(self, steps: int) -> None:
        self._place = _PLACES[(_PLACES.index(self._place) + steps) % len(_PLACES)]

    def _choose(self, number: int) -> None:
        self._place = Place.LIST
        self._chosen = min(max(number, 0), len(self._entries) - 1)
        if not self._working:
            self._notice = Notice("")

    def _insert(self, text: str) -> None:
        self._place = Place.LIST
        remark = self._entry.insert(text)
        if remark or not self._working:
            self._notice = Notice(remark, "refused")

    def _press_button(self, *, again: bool) -> None:
        if self._place is Place.CLEAR:
            self._clear()
        elif self._working:
            self._notice = Notice(f"{self._working} is still under way; wait for its end.")
        elif self._place is Place.SAVE:
            self._save()
        elif self.unsaved and not again:
            self._warned = Place.ACTIVATE.value
            self._notice = Notice(
                f"Edited, not saved: {', '.join(self.unsaved)}. <Activate> uses saved values only: "
                "save first, or press <Activate> again to go on without the edits."
            )
        else:
            self._start("Activating", self._activate())

    def _clear(self) -> None:
        entry = self._entry
        entry.clear()
        todo = "press <Save> to store it empty." if entry.edited else "it is saved as empty."
        self._notice = Notice(f"Cleared: {entry.parameter.label}; {todo}")

    def _save(self) -> None:
        entry = self._entry
        if entry.edited:
            self._start("Saving", self._save_entry(entry, entry.text))
        else:
            self._notice = Notice(f"Nothing to save: {entry.parameter.label} was not edited.")

    def _start(self, doing: str, work: Coroutine[None, None, None]) -> None:
        self._working = doing
        self._notice = Notice(f"{doing} ...")
        self._spawn(self._finish(doing, work))

    async def _finish(self, doing: str, work: Coroutine[None, None, None]) -> None:
        """Await the work and show how it ended."""
        try:
            await work
        except ConfigurationRefused as refusal:
            self._notice = Notice(_problems(refusal.problems), "refused")
        except Refused as refusal:
            self._notice = Notice(f"{_UNDONE[doing]}: {refusal.reason}", "refused")
        except StoreError as error:
            self._notice = Notice(f"{_UNDONE[doing]}: {error}", "refused")
        finally:
            self._working = ""
        self.refresh()
        typed_ahead, self._typed_ahead = self._typed_ahead, []
        for press in typed_ahead:
            self.take(press)

    async def _save_entry(self, entry: Entry, text: str) -> None:
        key, label = entry.parameter.key, entry.parameter.label
        if text:
            warnings = (await self._unit.save(key, text, self._by)).warnings
            said = f"Saved: {label}."
        else:
            await self._unit.clear(key, self._by)
            warnings, said = (), f"Saved: {label} is empty now."
        if key in self._unit.pending:
            said += " In service after <Activate>."
        self.refresh()
        entry.settle(text)
        notes = "".join(f"\nNote: {warning}." for warning in warnings)
        self._notice = Notice(f"{said}{notes}", "done")

    async def _activate(self) -> None:
        await self._unit.activate(self._by)
        self._notice = Notice("Activated: the saved values are in service.", "done")

    def _leave(self, *, again: bool) -> None:
        if self.unsaved and not again:
            self._warned = "leave"
            self._notice = Notice(
                f"Edited, not saved: {', '.join(self.unsaved)}. "
                "Press Ctrl-D again to leave without saving."
            )
        else:
            self.finished = True


def _problems(problems: Sequence[Refused]) -> str:
    lines = (
        f"{parameter(each.key).label}: {each.reason}" if each.key else each.reason
        for each in problems
    )
    return "\n".join(("Not activated, what was in service stays so:", *lines))
