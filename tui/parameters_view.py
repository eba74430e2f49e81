"""Owns what the keys do among the parameters: choosing, editing, the buttons.

Follows the guide, Configuration, and interfaces, section 7. Saving and activating run as tasks of
the session: no key ever waits for the unit.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import urwid

from appliance.parameters.catalogue import CATALOGUE
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import StoreError
from tui import words
from tui.activating import Activating
from tui.drafts import Drafts
from tui.entry import Entry
from tui.fields import Fields, Spawn
from tui.parameters_picture import Hands, Notice, Place, Scene, compose
from tui.saving import save

if TYPE_CHECKING:
    from appliance.unit import Unit

_KEYS = "Up/Down choose  TAB buttons  ^U empty  ^Z undo  F1 help  Esc menu  ^D leave"
_UNDONE = {
    "Saving": "Not saved",
    "Activating": "Not activated",
    "Going back": "Not gone back",
    "Keeping": "Not kept",
}


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
        self._by = by
        self._spawn = spawn
        self._redraw = redraw
        self._settled = settled
        self._place = Place.LIST
        self._notice = words.welcome(unit.notice)
        self._working = ""  # what the unit is busy with for us, as a word to show
        self._warned = ""  # what the last key press was answered with "press again" about
        self._asked = False  # whether that answer was in a picture
        self._unread = False  # how an activation ended while somebody typed on
        self._activating = Activating(unit, by)
        self._take_over()

    @property
    def saving(self) -> bool:
        """Whether a value is on its way to the disk: what is typed meanwhile comes after it."""
        return self._working == "Saving"

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
        if not self._working:
            self._follow_trial()

    def _follow_trial(self) -> None:
        """Offer the trial's buttons while there is one, and say how it ended."""
        self._notice = self._activating.watch.follow() or self._notice
        self._keep_in_reach()

    def _keep_in_reach(self) -> None:
        """Go to the list from a button that is no more, since others have taken its place."""
        if self._place not in (Place.LIST, *self._activating.buttons):
            self._place = Place.LIST

    def compose(self, size: tuple[int, int]) -> urwid.Widget:
        """Return what it looks like."""
        self._asked = bool(self._warned)
        scene = Scene(
            self._status,
            self.fields.entries,
            self._unit.active or {},
            self.fields.number,
            self._place,
            self._notice,
            self._activating.buttons,
            self._activating.watch.scene(),
            self._activating.progress,
            words.offered_drafts(self.fields.offered),
        )
        hands = Hands(self._choose, self._push, self._put_cursor)
        return compose(scene, asyncio.get_running_loop().time(), size, hands)

    def press(self, key: str) -> None:
        """Take a key."""
        warned, self._warned = self._warned, ""
        if key == "enter" and self._place is not Place.LIST:
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
        self._go_to_list()
        self._notice = notice

    def step_back(self) -> bool:
        """Take Esc: out of the progress or the buttons, into the list; False: nothing was open."""
        self._warned = ""
        if self._place is Place.LIST and not self._activating.progress:
            return False
        self._go_to_list()
        return True

    def may_leave(self) -> bool:
        """Say whether nothing is lost by leaving, or has been asked about before."""
        warned, self._warned = self._warned, ""
        if self._working == "Activating":
            self._activating.look()
            self._notice = Notice("Activating is still under way; wait for its end.")
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
        await self._activating.watch.end()

    def _press_key(self, key: str) -> None:
        match key:
            case "tab" | "shift tab":
                self._move_on(1 if key == "tab" else -1)
            case "up" | "down":
                self._choose(self.fields.number + (1 if key == "down" else -1))
            case "enter":
                self._enter()
            case "ctrl r" if self.fields.offered:
                self.restore()
            case _ if self._place is not Place.LIST and key in (" ", "left", "right"):
                self._press_among_buttons(key)
            case _ if len(key) == 1:
                self._insert(key)
            case _ if self._place is Place.LIST:
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

    def _press_among_buttons(self, key: str) -> None:
        if key == " ":
            self._notice = Notice(f"Press Enter to press {self._place.value}.")
            return
        buttons = self._activating.buttons
        target = buttons.index(self._place) + (1 if key == "right" else -1)
        self._place = buttons[min(max(target, 0), len(buttons) - 1)]

    def _move_on(self, steps: int) -> None:
        places = (Place.LIST, *self._activating.buttons)
        self._place = places[(places.index(self._place) + steps) % len(places)]

    def _choose(self, number: int) -> None:
        self._unread = False
        self._go_to_list()
        self.fields.select(number)
        if not self._working:
            self._notice = Notice("")

    def _go_to_list(self) -> None:
        self._place = Place.LIST
        if self._activating.put_away():
            self._notice = Notice("")

    def _put_cursor(self) -> None:
        """Take a click into the field, which has put the cursor there."""
        self._go_to_list()

    def _insert(self, text: str) -> None:
        self._go_to_list()
        remark = self._entry.insert(text)
        if remark or not (self._working or self._unread):
            self._notice = Notice(remark, "refused")

    def _push(self, button: Place) -> None:
        """Take a click on a button."""
        warned, self._warned = self._warned, ""
        if button in self._activating.buttons:
            self._place = button
            self._press_button(warned)

    def _press_button(self, warned: str) -> None:
        if self._place is Place.CLEAR:
            self._clear()
        elif self._working:
            self._activating.look()
            self._notice = Notice(f"{self._working} is still under way; wait for its end.")
        elif self._place is Place.SAVE:
            self._save()
        elif self._place is Place.ACTIVATE:
            self._press_activate(warned)
        elif self._activating.overrules:
            self._decide_rehearsal()
        elif self._place is Place.GO_BACK:
            self._start("Going back", self._unit.go_back(f"by choice of {self._by}"))
        else:
            self._start("Keeping", self._unit.keep(self._by))

    def _press_activate(self, warned: str) -> None:
        if self.fields.unsaved and warned != "unsaved":
            self._warned = "unsaved"
            self._notice = words.unsaved_at_activate(self.fields.unsaved)
        elif not self._activating.is_held_down() or self._unit.pending:
            self._start("Activating", self._activate(check=True))

    def _decide_rehearsal(self) -> None:
        """Take a decision on a rehearsal that failed; "go back" leads to what it blames."""
        if self._activating.hurried:
            return
        keep = self._place is Place.KEEP
        self._choose(self._activating.blamed(self.fields.number))
        if keep:
            self._place = Place.ACTIVATE
            self._start("Activating", self._activate(check=False))
        else:
            self._notice = Notice("Not activated: what was in service goes on.")

    def _clear(self) -> None:
        entry, place = self._entry, self._place
        label = entry.parameter.label
        self._go_to_list()
        self._place = place
        if entry.conflict:
            entry.drop_edit()
            self._notice = Notice(f"Your edit is dropped: {label} is as it was saved elsewhere.")
            return
        entry.clear()
        todo = "press <Save> to store it empty." if entry.edited else "it is saved as empty."
        self._notice = Notice(f"Cleared: {label}; {todo}")

    def _save(self) -> None:
        entry = self._entry
        self._activating.put_away()
        if entry.edited:
            self._start("Saving", self._save_entry(entry))
        else:
            self._notice = Notice(f"Nothing to save: {entry.parameter.label} was not edited.")

    def _start(self, doing: str, work: Coroutine[None, None, None]) -> None:
        self._working = doing
        self._notice = Notice(f"{doing} ...")
        self._spawn(self._finish(doing, work))

    async def _finish(self, doing: str, work: Coroutine[None, None, None]) -> None:
        """Await the work and show how it ended."""
        try:
            await asyncio.shield(work)  # what has begun is carried out, also without a session
        except ConfigurationRefused as refusal:
            self._notice = words.problems(refusal.problems)
        except (Refused, StoreError) as error:
            reason = error.reason if isinstance(error, Refused) else str(error)
            self._notice = Notice(f"{_UNDONE[doing]}: {reason}", "refused")
        finally:
            self._working = ""
        self.refresh()
        self._settled()

    async def _save_entry(self, entry: Entry) -> None:
        self._notice = await save(self._unit, self._by, self.fields, entry)

    async def _activate(self, *, check: bool) -> None:
        def tell(notice: Notice) -> None:
            self._notice = notice
            self._redraw()

        self._notice = await self._activating.run(check=check, tell=tell)
        self._unread = self._activating.progress is None
        asked = Place.ACTIVATE not in self._activating.buttons
        if asked and self._place is Place.ACTIVATE:  # and not back in the list, typing
            self._place = self._activating.default
        self._keep_in_reach()
