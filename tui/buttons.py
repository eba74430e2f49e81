"""Owns what the buttons do, and what the unit is busy with for them.

Saving and activating run as tasks of the session: no key ever waits for the unit.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import StoreError
from tui import words
from tui.activating import Activating
from tui.fields import Fields, Spawn
from tui.parameters_picture import Notice, Place
from tui.saving import save

if TYPE_CHECKING:
    from appliance.unit import Unit
    from tui.entry import Entry

_UNDONE = {
    "Saving": "Not saved",
    "Activating": "Not activated",
    "Going back": "Not gone back",
    "Keeping": "Not kept",
}


class Buttons:
    """The buttons below `fields`; `place` says which has the keys, if it is not the list.

    `spawn` runs what takes time and redraws after it, `redraw` asks for a new picture meanwhile;
    `say` shows an answer, and `done` is told when something has ended.
    """

    def __init__(
        self,
        unit: "Unit",
        by: str,
        fields: Fields,
        spawn: Spawn,
        redraw: Callable[[], None],
        say: Callable[[Notice], None],
        done: Callable[[], None],
    ) -> None:
        self.place = Place.LIST
        self.doing = ""  # what the unit is busy with for us, as a word to show
        self.unread = False  # how an activation ended while somebody typed on
        self.activating = Activating(unit, by)
        self._unit = unit
        self._by = by
        self._fields = fields
        self._spawn = spawn
        self._redraw = redraw
        self._say = say
        self._done = done

    def follow_trial(self) -> None:
        """Offer the trial's buttons while there is one, and say how it ended."""
        if self.doing:
            return
        if notice := self.activating.watch.follow():
            self._say(notice)
        self._keep_in_reach()

    def leave(self) -> None:
        """Give the keys back to the list."""
        self.place = Place.LIST
        if self.activating.put_away():
            self._say(Notice(""))

    def move_on(self, steps: int) -> None:
        """Go round list and buttons."""
        places = (Place.LIST, *self.activating.buttons)
        self.place = places[(places.index(self.place) + steps) % len(places)]

    def move(self, steps: int) -> None:
        """Go to the button at the left (-1) or at the right (1), if there is one."""
        buttons = self.activating.buttons
        target = buttons.index(self.place) + steps
        self.place = buttons[min(max(target, 0), len(buttons) - 1)]

    def hold(self) -> None:
        """Say that what is under way has to end first."""
        self.activating.look()
        self._say(Notice(f"{self.doing} is still under way; wait for its end."))

    def press(self, *, insisted: bool) -> bool:
        """Press the one at `place`; True where it has to be pressed again, which is `insisted`."""
        if self.place is Place.CLEAR:
            self._clear()
        elif self.doing:
            self.hold()
        elif self.place is Place.SAVE:
            self._save()
        elif self.place is Place.ACTIVATE:
            return self._press_activate(insisted=insisted)
        elif self.activating.overrules:
            self._decide_rehearsal()
        elif self.place is Place.GO_BACK:
            self._start("Going back", self._unit.go_back(f"by choice of {self._by}"))
        else:
            self._start("Keeping", self._unit.keep(self._by))
        return False

    def _press_activate(self, *, insisted: bool) -> bool:
        if self._fields.unsaved and not insisted:
            self._say(words.unsaved_at_activate(self._fields.unsaved))
            return True
        if not self.activating.is_held_down() or self._unit.pending:
            self._start("Activating", self._activate(check=True))
        return False

    def _decide_rehearsal(self) -> None:
        """Take a decision on a rehearsal that failed; "go back" leads to what it blames."""
        if self.activating.hurried:
            return
        keep = self.place is Place.KEEP
        self.unread = False
        self.leave()
        self._fields.select(self.activating.blamed(self._fields.number))
        if keep:
            self.place = Place.ACTIVATE
            self._start("Activating", self._activate(check=False))
        else:
            self._say(Notice("Not activated: what was in service goes on."))

    def _clear(self) -> None:
        entry, place = self._fields.entry, self.place
        label = entry.parameter.label
        self.leave()
        self.place = place
        if entry.conflict:
            entry.drop_edit()
            self._say(Notice(f"Your edit is dropped: {label} is as it was saved elsewhere."))
            return
        entry.clear()
        todo = "press <Save> to store it empty." if entry.edited else "it is saved as empty."
        self._say(Notice(f"Cleared: {label}; {todo}"))

    def _save(self) -> None:
        entry = self._fields.entry
        self.activating.put_away()
        if entry.edited:
            self._start("Saving", self._save_entry(entry))
        else:
            self._say(Notice(f"Nothing to save: {entry.parameter.label} was not edited."))

    def _start(self, doing: str, work: Coroutine[None, None, None]) -> None:
        self.doing = doing
        self._say(Notice(f"{doing} ..."))
        self._spawn(self._finish(doing, work))

    async def _finish(self, doing: str, work: Coroutine[None, None, None]) -> None:
        """Await the work and show how it ended."""
        try:
            await asyncio.shield(work)  # what has begun is carried out, also without a session
        except ConfigurationRefused as refusal:
            self._say(words.problems(refusal.problems))
        except (Refused, StoreError) as error:
            reason = error.reason if isinstance(error, Refused) else str(error)
            self._say(Notice(f"{_UNDONE[doing]}: {reason}", "refused"))
        finally:
            self.doing = ""
        self._done()

    async def _save_entry(self, entry: "Entry") -> None:
        self._say(await save(self._unit, self._by, self._fields, entry))

    async def _activate(self, *, check: bool) -> None:
        def tell(notice: Notice) -> None:
            self._say(notice)
            self._redraw()

        self._say(await self.activating.run(check=check, tell=tell))
        self.unread = self.activating.progress is None
        asked = Place.ACTIVATE not in self.activating.buttons
        if asked and self.place is Place.ACTIVATE:  # and not back in the list, typing
            self.place = self.activating.default
        self._keep_in_reach()

    def _keep_in_reach(self) -> None:
        """Go to the list from a button that is no more, since others have taken its place."""
        if self.place not in (Place.LIST, *self.activating.buttons):
            self.place = Place.LIST
