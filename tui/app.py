"""Owns what the keys do: choosing, editing, and the buttons (guide, Configuration).

Saving and activating run as tasks of the session: no key ever waits for the unit.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import urwid

from appliance.activation import RehearsalFailedError
from appliance.parameters.catalogue import CATALOGUE, Accepted, Kind
from appliance.parameters.refusal import Changed, ConfigurationRefused, Refused
from appliance.parameters.store import StoreError
from appliance.parameters.values import ParameterValues
from appliance.status import Step
from tui import words
from tui.entry import Entry
from tui.keys import Key, Paste
from tui.trial import TrialWatch
from tui.view import BUTTONS, TRIAL_BUTTONS, Notice, Place, Scene, compose, too_small

if TYPE_CHECKING:
    from appliance.unit import Unit

# A refusal stands so long before <Activate> overrules it: an Enter pressed twice is no decision.
GLANCE_S = 0.5
_LEAVE_KEYS = ("ctrl c", "ctrl d")
_UNDONE = {
    "Saving": "Not saved",
    "Activating": "Not activated",
    "Going back": "Not gone back",
    "Keeping": "Not kept",
}


class App:
    """One technician at work on one unit; `spawn` runs what takes time and redraws after it."""

    def __init__(
        self,
        unit: "Unit",
        by: str,
        size: tuple[int, int],
        spawn: Callable[[Coroutine[None, None, None]], object],
        redraw: Callable[[], None],
    ) -> None:
        self.size = size
        self.finished = False
        self._unit = unit
        self._by = by
        self._spawn = spawn
        self._redraw = redraw
        self._entries = tuple(Entry(each) for each in CATALOGUE)
        self._chosen = 0
        self._place = Place.LIST
        self._notice = words.welcome(unit.notice)
        self._working = ""  # what the unit is busy with for us, as a word to show
        self._warned = ""  # what the last key press was answered with "press again" about
        self._typed_ahead: list[Key | Paste] = []  # while a value is being saved
        self._insist_from = 0.0  # on the loop's clock
        self._steps: tuple[Step, ...] = ()  # of the activation under way
        self._described: tuple[ParameterValues, date] | None = None
        self._watch = TrialWatch(unit)
        self._take_over()

    @property
    def unsaved(self) -> tuple[str, ...]:
        """The labels of the parameters that are edited and not saved."""
        return tuple(entry.parameter.label for entry in self._entries if entry.edited)

    @property
    def _entry(self) -> Entry:
        return self._entries[self._chosen]

    @property
    def _buttons(self) -> tuple[Place, ...]:
        return TRIAL_BUTTONS if self._watch.trial else BUTTONS

    def refresh(self) -> None:
        """Take over the unit's state, and values that changed elsewhere."""
        self._take_over()
        described = (self._unit.saved, datetime.now(UTC).date())
        if described != self._described:
            self._described = described
            self._spawn(self._describe())

    def _take_over(self) -> None:
        self._status = self._unit.status()
        saved, pending = self._unit.saved, self._unit.pending
        for entry in self._entries:
            key = entry.parameter.key
            entry.refresh(saved[key], pending=key in pending)
        if not self._working:
            self._follow_trial()

    async def _describe(self) -> None:
        """Have what the saved PEMs are said anew, on a thread: large keys take their time."""
        for entry in self._entries:
            if entry.parameter.kind is Kind.PEM:
                entry.describe(await asyncio.to_thread(self._unit.describe, entry.parameter.key))

    def _follow_trial(self) -> None:
        """Offer the trial's buttons while there is one, and say how it ended."""
        self._notice = self._watch.follow() or self._notice
        if self._place not in (Place.LIST, *self._buttons):
            self._place = Place.LIST

    def picture(self) -> urwid.Canvas:
        """Return the canvas of the screen as it is now, `size` large."""
        trial = self._watch.scene()
        scene = Scene(self._status, self._entries, self._chosen, self._place, self._notice, trial)
        return compose(scene, self.size).render(self.size, focus=True)

    def take(self, press: Key | Paste) -> None:
        """Do what a key press or a paste asks for; while a value is being saved, right after."""
        if self._working == "Saving":
            self._typed_ahead.append(press)
        else:
            self._do(press)

    async def end(self) -> None:
        """Leave nothing undecided behind."""
        await self._watch.end()

    def _do(self, press: Key | Paste) -> None:
        warned, self._warned = self._warned, ""
        if isinstance(press, Key) and press.name in _LEAVE_KEYS:
            self._leave(again=warned == "leave")
        elif too_small(self.size):
            return  # nobody sees what a key would do
        elif isinstance(press, Paste):
            self._insert(press.text)
        elif press.name == "enter" and self._place is not Place.LIST:
            self._press_button(warned)
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
            case _ if self._place is not Place.LIST and key in (" ", "left", "right"):
                self._press_among_buttons(key)
            case _ if len(key) == 1:
                self._insert(key)
            case _ if self._place is Place.LIST:
                self._answer(Notice(self._entry.press(key)))

    def _answer(self, notice: Notice) -> None:
        """Show the answer to an editing key; where there is none, what is shown stays."""
        if notice.text:
            self._notice = notice

    def _enter(self) -> None:
        if self._entry.field.multiline:
            self._insert("\n")
        else:
            self._notice = Notice("Press TAB to reach <Save>.")

    def _press_among_buttons(self, key: str) -> None:
        if key == " ":
            self._notice = Notice(f"Press Enter to press {self._place.value}.")
            return
        buttons = self._buttons
        target = buttons.index(self._place) + (1 if key == "right" else -1)
        self._place = buttons[min(max(target, 0), len(buttons) - 1)]

    def _move_on(self, steps: int) -> None:
        places = (Place.LIST, *self._buttons)
        self._place = places[(places.index(self._place) + steps) % len(places)]

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

    def _press_button(self, warned: str) -> None:
        if self._place is Place.CLEAR:
            self._clear()
        elif self._working:
            self._notice = Notice(
                f"{self._working} is still under way; wait for its end.", steps=self._steps
            )
        elif self._place is Place.SAVE:
            self._save()
        elif self._place is Place.ACTIVATE:
            self._press_activate(warned)
        elif self._place is Place.GO_BACK:
            self._start("Going back", self._unit.go_back(f"by choice of {self._by}"))
        else:
            self._start("Keeping", self._unit.keep(self._by))

    def _press_activate(self, warned: str) -> None:
        if warned == "unchecked" and asyncio.get_running_loop().time() < self._insist_from:
            self._warned = warned
        elif warned == "unchecked":
            self._start("Activating", self._activate(check=False))
        elif self.unsaved and warned != "unsaved":
            self._warned = "unsaved"
            self._notice = words.unsaved_at_activate(self.unsaved)
        else:
            self._start("Activating", self._activate(check=True))

    def _clear(self) -> None:
        entry = self._entry
        label = entry.parameter.label
        if entry.conflict:
            entry.drop_edit()
            self._notice = Notice(f"Your edit is dropped: {label} is as it was saved elsewhere.")
            return
        entry.clear()
        todo = "press <Save> to store it empty." if entry.edited else "it is saved as empty."
        self._notice = Notice(f"Cleared: {label}; {todo}")

    def _save(self) -> None:
        entry = self._entry
        if entry.edited:
            self._start("Saving", self._save_entry(entry, entry.text))
        else:
            self._notice = Notice(f"Nothing to save: {entry.parameter.label} was not edited.")

    def _start(self, doing: str, work: Coroutine[None, None, None]) -> None:
        self._working = doing
        self._steps = ()
        self._notice = Notice(f"{doing} ...")
        self._spawn(self._finish(doing, work))

    async def _finish(self, doing: str, work: Coroutine[None, None, None]) -> None:
        """Await the work and show how it ended."""
        try:
            await asyncio.shield(work)  # what has begun is carried out, also without a session
        except ConfigurationRefused as refusal:
            self._notice = words.problems(refusal.problems)
        except RehearsalFailedError as failure:
            self._warned = "unchecked" if self._place is Place.ACTIVATE else ""
            self._insist_from = asyncio.get_running_loop().time() + GLANCE_S
            self._notice = words.rehearsal_failed(str(failure), self._steps)
        except (Refused, StoreError) as error:
            reason = error.reason if isinstance(error, Refused) else str(error)
            self._notice = Notice(f"{_UNDONE[doing]}: {reason}", "refused")
        finally:
            self._working = ""
        self.refresh()
        typed_ahead, self._typed_ahead = self._typed_ahead, []
        for press in typed_ahead:
            self.take(press)

    async def _save_entry(self, entry: Entry, text: str) -> None:
        key, label = entry.parameter.key, entry.parameter.label
        accepted = Accepted("")
        try:
            if text:
                accepted = await self._unit.save(key, text, self._by, expected=entry.origin)
            else:
                await self._unit.clear(key, self._by, expected=entry.origin)
        except Changed as refusal:
            saved = self._unit.saved[key]
            entry.meet(saved)
            self._notice = words.changed(refusal.reason, entry.parameter, saved)
            return
        self.refresh()
        entry.settle(text, accepted.text)
        pending = key in self._unit.pending
        lines = [words.saved(label, empty=not text, pending=pending), *self._offer(accepted.also)]
        lines += [f"Note: {warning}." for warning in accepted.warnings]
        self._notice = Notice("\n".join(lines), "done")

    def _offer(self, also: Mapping[str, str]) -> list[str]:
        """Fill the fields of other parameters with what the same paste held for them."""
        filled, kept = [], []
        for entry in self._entries:
            text = also.get(entry.parameter.key)
            if text is None or text == self._unit.saved[entry.parameter.key]:
                continue
            if entry.edited:
                kept.append(entry.parameter.label)
            else:
                entry.offer(text)
                filled.append(entry.parameter.label)
        return words.offered(filled, kept)

    async def _activate(self, *, check: bool) -> None:
        trial = await self._unit.activate(self._by, check=check, on_step=self._take_step)
        if trial is None:
            self._notice = words.activated(await self._unit.review(), self._steps, check=check)
            return
        self._watch.own = trial
        self._notice = Notice("", steps=self._steps)
        at_button = self._place is Place.ACTIVATE  # and not back in the list, typing
        self._follow_trial()
        if at_button and self._watch.trial:
            # What the unit would do undecided is what Enter does.
            self._place = Place.GO_BACK if trial.earlier else Place.KEEP

    def _take_step(self, step: Step) -> None:
        self._steps += (step,)
        self._notice = Notice("Activating ...", steps=self._steps)
        self._redraw()

    def _leave(self, *, again: bool) -> None:
        if self._working == "Activating":
            self._notice = Notice(
                "Activating is still under way; wait for its end.", steps=self._steps
            )
        elif self.unsaved and not again:
            self._warned = "leave"
            self._notice = words.unsaved_at_leave(self.unsaved)
        else:
            self.finished = True
