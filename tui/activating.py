"""Owns what a session sees of an activation: its progress, and the decision it may come to."""

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from appliance.activation import RehearsalFailedError
from appliance.status import Step
from tui import words
from tui.parameters_picture import BUTTONS, DECISION_BUTTONS, Notice, Place
from tui.progress import Progress
from tui.trial import TrialWatch

if TYPE_CHECKING:
    from appliance.unit import Unit

# A refusal stands so long before it can be overruled: an Enter pressed twice is no decision.
GLANCE_S = 0.5


class Activating:
    """The activation of one session, and the trial that anybody's may end in."""

    def __init__(self, unit: "Unit", by: str) -> None:
        self._unit = unit
        self._by = by
        self._under_way: Progress | None = None
        self._rehearsal_failed = False  # and what to do about it is on the buttons
        self._failure = ""  # what it said
        self._insist_from = 0.0  # on the loop's clock
        self._enter_at = -math.inf  # when <Activate> was pressed or served last
        self.watch = TrialWatch(unit)
        self.progress: Progress | None = None  # what is looked at

    @property
    def buttons(self) -> tuple[Place, ...]:
        """The buttons there are: a decision takes the place of the others."""
        return DECISION_BUTTONS if self.watch.trial or self._rehearsal_failed else BUTTONS

    @property
    def overrules(self) -> bool:
        """Whether the decision is about a rehearsal: nothing has changed by now."""
        return self._rehearsal_failed

    @property
    def hurried(self) -> bool:
        """Whether a decision now would be made before the question can have been read."""
        return asyncio.get_running_loop().time() < self._insist_from

    def is_held_down(self) -> bool:
        """Take a press of <Activate>; say whether it is but the key being held down."""
        now = asyncio.get_running_loop().time()
        before, self._enter_at = self._enter_at, now
        return now - before < GLANCE_S

    @property
    def default(self) -> Place:
        """What the unit would do undecided."""
        trial = self.watch.trial
        return Place.KEEP if trial and not trial.earlier else Place.GO_BACK

    def blamed(self, otherwise: int) -> int:
        """The place in the list of what the failed rehearsal names as its cause."""
        return words.named_first(self._failure, otherwise)

    def look(self) -> None:
        """Show the progress again."""
        self.progress = self._under_way or self.progress

    def put_away(self) -> bool:
        """Show the progress no more, and take a failed rehearsal for "go back".

        Says whether something was over, and its answer with it.
        """
        over = self.progress is not None and not self.progress.under_way
        self._rehearsal_failed, self.progress = False, None
        return over

    async def run(self, *, check: bool, tell: Callable[[Notice], None]) -> Notice:
        """Activate, telling each step; return the answer. Raises what `Unit.activate` does."""
        clock, outcome = asyncio.get_running_loop().time, "Not activated"
        progress = self.progress = self._under_way = Progress(clock(), check=check)

        def take_step(step: Step) -> None:
            progress.take(step, clock())
            tell(Notice(f"Activating: {progress.words()} ..."))

        try:
            trial = await self._unit.activate(self._by, check=check, on_step=take_step)
            findings = await self._unit.review()
            done = "Activated" if check else "Activated, not confirmed"
            outcome = "On trial" if trial else done
        except RehearsalFailedError as failure:
            self._failure, self._insist_from = str(failure), clock() + GLANCE_S
            self._rehearsal_failed = self.progress is progress  # and not put away, to type on
            return words.rehearsal_failed(self._failure, choice=self._rehearsal_failed)
        finally:
            progress.end(outcome, clock())
            self._under_way, self._enter_at = None, clock()
        if trial is None:
            return words.activated(findings, check=check)
        self.watch.own = trial
        return self.watch.follow() or Notice("")
