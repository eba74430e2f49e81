"""Owns what an activation looks like while it happens: rehearsal, connection, PUBACK."""

from collections.abc import Sequence
from typing import Literal

import urwid

from appliance.status import BrokerStatus, Step, StepName
from tui.widgets import Viewport, printable

# In this order, each at most once (appliance.forwarding.rehearsal, appliance.activation).
_EXPECTED: tuple[StepName, ...] = ("clock", "name", "tcp", "tls", "mqtt", "connect", "puback")
_MEANING: dict[StepName, str] = {
    "clock": "this unit's clock",
    "name": "the broker's address",
    "tcp": "a connection to it",
    "tls": "encryption and certificates",
    "mqtt": "login at the broker",
    "connect": "in service: connecting",
    "puback": "the broker's acknowledgement",
}
_WORTH_TELLING_S = 0.1
_SIGNS = {"ok": "+", "failed": "x", "skipped": "-", "warning": "!"}
_LOOKS = {"ok": "done", "failed": "refused", "skipped": "hint", "warning": "warning"}


class Progress:
    """The steps of one activation; times are those of the loop's clock."""

    def __init__(self, began: float, *, check: bool = True) -> None:
        self._expected = _EXPECTED if check else ()  # unchecked there are no steps to tell
        self.steps: tuple[Step, ...] = ()
        self._began = self._step_began = began
        self._ended: float | None = None
        self._outcome = "Activating"

    @property
    def under_way(self) -> bool:
        """Whether more is to come."""
        return self._ended is None

    def take(self, step: Step, now: float) -> None:
        """Take a step that is done."""
        self.steps += (step,)
        self._step_began = now

    def end(self, outcome: str, now: float) -> None:
        """Take it that there are no more steps, and what came of them in two words."""
        self._outcome, self._ended = outcome, now

    def words(self) -> str:
        """Say in a few words how far it is."""
        return f"step {min(len(self.steps) + 1, len(self._expected))} of {len(self._expected)}"

    def compose(self, now: float, broker: BrokerStatus, size: tuple[int, int]) -> urwid.Widget:
        """Return the box widget that shows it on so many columns and rows."""
        lines = [self._heading(now), urwid.Divider(), *self._done(size[0]), *self._coming(now)]
        lines += [urwid.Divider(), *_engine(broker)]
        return Viewport(urwid.Pile([("pack", each) for each in lines]))

    def _heading(self, now: float) -> urwid.Widget:
        seconds = (self._ended if self._ended is not None else now) - self._began
        heading = urwid.AttrMap(urwid.Text(self._outcome), "heading")
        return urwid.Columns([heading, ("pack", urwid.Text(f"{seconds:.0f} s"))])

    def _done(self, columns: int) -> Sequence[urwid.Widget]:
        return [_step(each) for each in self.steps]

    def _coming(self, now: float) -> Sequence[urwid.Widget]:
        """The step that is being waited for, and those after it."""
        if not self.under_way:
            return []
        known = {each.name for each in self.steps}
        names = [name for name in self._expected if name not in known]
        rows = [f"  {name:8} {_MEANING[name]}" for name in names]
        if names:
            waited = now - self._step_began
            rows[0] = f"> {names[0]:8} {_MEANING[names[0]]} ... {waited:.0f} s"
        return [urwid.Text(("hint" if number else "text", row)) for number, row in enumerate(rows)]


def _step(step: Step) -> urwid.Widget:
    """Return a step's row; one that is not simply well is there in full."""
    took = f"{step.seconds:.1f} s: " if step.seconds >= _WORTH_TELLING_S else ""
    words = f"{_SIGNS[step.verdict]} {step.name:8} {took}{printable(step.text)}"
    wrap: Literal["ellipsis", "space"] = "ellipsis" if step.verdict == "ok" else "space"
    return urwid.Text((_LOOKS[step.verdict], words), wrap=wrap)


def _engine(broker: BrokerStatus) -> Sequence[urwid.Widget]:
    """What the engine that is in service says now: it is watched beyond the last step."""
    rows: list[urwid.Widget] = [urwid.Text(("hint", f"In service now: {broker.state}"))]
    if broker.last_error and broker.state not in ("connected", "idle"):
        rows.append(urwid.Text(("hint", printable(broker.last_error))))
    return rows
