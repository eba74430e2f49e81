"""Owns the twelve fields of one session: what is in them, and what is said of it.

What takes time (describing certificates, reviewing, judging) runs on threads, as tasks of the
session; a field never waits for it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from appliance.parameters.catalogue import CATALOGUE, Kind
from tui.drafts import Draft, Drafts, Edit, Offer
from tui.entry import Entry
from tui.judgement import judge

if TYPE_CHECKING:
    from appliance.unit import Unit

Spawn = Callable[[Coroutine[None, None, None]], object]


class Fields:
    """The entries in the catalogue's order, one of them selected.

    `spawn` runs what takes time and redraws after it; `redraw` asks for a new picture meanwhile.
    """

    def __init__(
        self, unit: "Unit", by: str, drafts: Drafts, spawn: Spawn, redraw: Callable[[], None]
    ) -> None:
        self.entries = tuple(Entry(each) for each in CATALOGUE)
        self.number = 0  # of the selected one
        self._unit = unit
        self._by = by
        self._spawn = spawn
        self._redraw = redraw
        self._judging = False
        self._looked_at: object = None  # what descriptions and review were last made of
        self._left_at: float | None = None
        self._drafts = drafts
        self._offer: Offer | None = drafts.enter(self.draft)
        self.take_over()

    @property
    def entry(self) -> Entry:
        """The selected one."""
        return self.entries[self.number]

    def select(self, number: int) -> None:
        """Select another one; beyond the ends it is the last one there."""
        self.number = min(max(number, 0), len(self.entries) - 1)

    @property
    def unsaved(self) -> tuple[str, ...]:
        """The labels of the parameters that are edited and not saved."""
        return tuple(entry.parameter.label for entry in self.entries if entry.edited)

    def refresh(self) -> None:
        """Take over what is saved by now, and have it described and reviewed anew."""
        self.take_over()
        hour = int(datetime.now(UTC).timestamp()) // 3600  # certificates come of age
        look = (self._unit.saved, self._unit.active, hour)
        if look != self._looked_at:
            self._looked_at = look
            self._spawn(self._look_at_saved())

    def take_over(self) -> None:
        """Take over what is saved by now; edits stay."""
        saved, pending = self._unit.saved, self._unit.pending
        for entry in self.entries:
            key = entry.parameter.key
            entry.refresh(saved[key], pending=key in pending)

    async def _look_at_saved(self) -> None:
        for entry in self.entries:
            key = entry.parameter.key
            if entry.parameter.kind is Kind.PEM:
                entry.describe(
                    await asyncio.to_thread(self._unit.describe, key),
                    await asyncio.to_thread(self._unit.describe_active, key),
                )
        findings = await self._unit.review()
        for entry in self.entries:
            key = entry.parameter.key
            entry.take_findings(tuple(each for each in findings if each.key == key))

    def begin_judging(self) -> None:
        """Have judged what was typed since; a text that changes meanwhile is judged after it."""
        if not self._judging and any(entry.to_be_judged for entry in self.entries):
            self._judging = True
            self._spawn(self._judge())

    async def _judge(self) -> None:
        try:
            while found := next(((e, t) for e in self.entries if (t := e.to_be_judged)), None):
                entry, text = found
                entry.take_judgement(text, await asyncio.to_thread(judge, entry.parameter, text))
                self._redraw()
        finally:
            self._judging = False

    def fill(self, also: Mapping[str, str]) -> tuple[list[str], list[str]]:
        """Fill fields with what the paste in another one held for them.

        Returns the labels of those filled, and of those left alone since they are edited.
        """
        filled, kept = [], []
        for entry in self.entries:
            text = also.get(entry.parameter.key)
            if text is None or text == self._unit.saved[entry.parameter.key]:
                continue
            if entry.edited:
                kept.append(entry.parameter.label)
            else:
                entry.offer(text)
                filled.append(entry.parameter.label)
        self.begin_judging()
        return filled, kept

    def draft(self) -> Draft:
        """The edits that are not saved, as another session may take them up."""
        edits = {entry.parameter.key: edit for entry in self.entries if (edit := entry.edit)}
        return Draft(self._by, edits, self._left_at)

    @property
    def offered(self) -> tuple[Draft, ...]:
        """Unsaved edits that this session found when it began, and has not taken over."""
        return self._offer.drafts(self._is_news) if self._offer else ()

    def _is_news(self, key: str, edit: Edit) -> bool:
        entry = next(each for each in self.entries if each.parameter.key == key)
        here = entry.edit and (entry.edit.text, entry.edit.cleared) == (edit.text, edit.cleared)
        return not here and edit.text.reveal() != self._unit.saved[key]

    def restore(self) -> tuple[list[str], list[str]]:
        """Put what is offered into the fields, but for those that are edited here too.

        Returns the labels of those filled, and of those left alone, for which the offer stands.
        """
        edits: dict[str, Edit] = {}
        for draft in self.offered:
            edits |= draft.edits
        filled, kept = [], []
        for entry in self.entries:
            edit = edits.get(entry.parameter.key)
            if edit is None:
                continue
            if entry.edited:
                kept.append(entry.parameter.label)
            else:
                entry.restore(edit)
                filled.append(entry.parameter.label)
        if not kept:
            self.turn_down()
        self.begin_judging()
        return filled, kept

    def turn_down(self) -> None:
        """Throw away what is offered."""
        if self._offer:
            self._drafts.forget(self._offer)
            self._offer = None

    def leave(self, left_at: float | None) -> None:
        """End; with a time (Unix s), edits that are not saved are kept for the next login."""
        self._left_at, self._offer = left_at, None
        if left_at is None:  # on purpose: neither the next login nor one open now is to have them
            for entry in self.entries:
                entry.drop_edit()
        self._drafts.leave(self.draft)
