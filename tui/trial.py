"""Owns one session's view of the unit's trial: whose it is, and how it ended."""

import asyncio
import logging
import math
from typing import TYPE_CHECKING

from appliance.activation import Trial
from appliance.parameters.store import StoreError
from tui import words
from tui.parameters_picture import Notice, TrialScene

if TYPE_CHECKING:
    from appliance.unit import Unit

logger = logging.getLogger(__name__)


class TrialWatch:
    """The trial as last seen; `own` is one that this session's technician began."""

    def __init__(self, unit: "Unit") -> None:
        self.trial: Trial | None = None
        self.own: Trial | None = None
        self._unit = unit
        self._before = unit.activations[:1]  # the newest one when the trial was first seen
        self._outcome_due = False  # over, but the unit is still busy going back

    def follow(self) -> Notice | None:
        """Look again; return what to say where the trial is over."""
        trial, newest = self._unit.trial, self._unit.activations[:1]
        notice = None
        if trial is not self.trial:
            if self.trial:
                self._outcome_due = True
                notice = Notice("The trial is over.")
            else:
                self._before = newest
            self.trial = trial
        if self._outcome_due and newest != self._before:
            self._outcome_due = False
            notice = words.trial_over(newest[0])
        return notice

    def scene(self) -> TrialScene | None:
        """Return what to show of it now."""
        if not (trial := self.trial):
            return None
        left = trial.deadline - asyncio.get_running_loop().time()
        return TrialScene(trial.by, trial.reason, trial.earlier, max(0, math.ceil(left)))

    async def end(self) -> None:
        """Go back from an own trial that is undecided: its technician has gone."""
        trial = self.own
        if trial and trial.earlier and self._unit.trial is trial:
            try:
                await asyncio.shield(self._unit.go_back("the session was lost"))
            except StoreError as error:
                logger.error("the end of the trial by %s: %s", trial.by, error)
