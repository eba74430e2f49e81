"""Owns what an activation looks like while it happens: rehearsal, connection, PUBACK."""

from collections.abc import Sequence
from typing import Any, Literal

import urwid

from appliance.status import BrokerStatus, Step, StepName
from tui.widgets import Viewport, printable

# In this order, each at most once (appliance.forwarding.rehearsal, appliance.activation).
_EXPECTED: tuple[StepName, ...] = ("clock", "name", "tcp", "tls", "mqtt", "connect", "puback")
_MEANING: dict[StepName, str] = {
    "clock": "this unit's clock",
    "name": "the broker's address",
    "tcp": "a connection to it",
    "tls": "encryption, certificates",
    "mqtt": "login at the broker",
    "connect": "in service: connecting",
    "puback": "the broker's answer",
}
_NAMED_IN = 2 + max(map(len, _EXPECTED)) + 1  # columns before a step's words: sign and name
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
        """Return the box widget that shows it on so many columns and rows.

        Where there is too little room, steps that went well are cut, and once it is over the end
        is in view: the reason of a failure is there.
        """
        columns, rows = size
        whole = self._lines(now, broker, "space")
        if whole.rows((columns,)) > rows:
            whole = self._lines(now, broker, "ellipsis")
        window = Viewport(whole)
        if not self.under_way:
            window.scroll(whole.rows((columns,)))
        return window

    def _lines(
        self, now: float, broker: BrokerStatus, wrap: Literal["ellipsis", "space"]
    ) -> urwid.Pile:
        """Return all of it, the steps that went well wrapped like this."""
        lines = [self._heading(now), urwid.Divider()]
        lines += [_step(each, wrap if each.verdict == "ok" else "space") for each in self.steps]
        lines += [*self._coming(now), urwid.Divider(), *self._engine(broker)]
        return urwid.Pile([("pack", each) for each in lines])

    def _heading(self, now: float) -> urwid.Widget:
        seconds = (self._ended if self._ended is not None else now) - self._began
        heading = urwid.AttrMap(urwid.Text(self._outcome), "heading")
        return urwid.Columns([heading, ("pack", urwid.Text(f"{seconds:.0f} s"))])

    def _coming(self, now: float) -> Sequence[urwid.Widget]:
        """The step that is being waited for, and those after it."""
        if not self.under_way:
            return []
        known = {each.name for each in self.steps}
        names = [name for name in self._expected if name not in known]
        rows = [_row(" ", name, _MEANING[name], "hint") for name in names]
        if names:
            words = f"{_MEANING[names[0]]} ... {now - self._step_began:.0f} s"
            rows[0] = _row(">", names[0], words, "text")
        return rows

    def _engine(self, broker: BrokerStatus) -> Sequence[urwid.Widget]:
        """What the engine that is in service says now: it is watched beyond the last step."""
        rows: list[urwid.Widget] = [urwid.Text(("hint", f"In service now: {broker.state}"))]
        reason = broker.trouble
        if reason and reason not in {each.text for each in self.steps}:
            rows.append(urwid.Text(("hint", printable(reason))))
        return rows


def _step(step: Step, wrap: Literal["ellipsis", "space"]) -> urwid.Widget:
    took = f"{step.seconds:.1f} s: " if step.seconds >= _WORTH_TELLING_S else ""
    words = f"{took}{printable(step.text)}"
    return _row(_SIGNS[step.verdict], step.name, words, _LOOKS[step.verdict], wrap)


def _row(
    sign: str, name: str, words: str, look: str, wrap: Literal["ellipsis", "space"] = "space"
) -> urwid.Widget:
    """Return a step's row; words that take more than one stay behind the column of the names."""
    cells: list[Any] = [
        (_NAMED_IN, urwid.Text((look, f"{sign} {name}"))),
        urwid.Text((look, words), wrap=wrap),
    ]
    return urwid.Columns(cells)
