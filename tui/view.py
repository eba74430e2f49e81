"""Owns what the screen looks like: a Scene in, urwid widgets out (interfaces, section 7).

Widgets are made anew for every picture, but for the fields, which keep cursor and scrolling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import urwid

from appliance.parameters.catalogue import Kind
from appliance.status import BrokerStatus, Status, Step
from tui.entry import Entry, State
from tui.widgets import Viewport, printable

SMALLEST = (80, 24)  # columns and rows

_LIST_COLUMNS = 34  # the longest label fits
_LINE_ROWS = 3
_LEAST_NOTICE_ROWS, _MOST_NOTICE_ROWS = 5, 7  # what the smallest screen has to give
_BUTTON_GAP = 2
_MORE = " (there is more to read: enlarge the window)"
_LEGEND = "   = active  * saved  ~ edited"
_HELP = " Up/Down choose   TAB buttons   Enter press   PgUp/PgDn long text   Ctrl-D leave"


class Place(Enum):
    """Where keys go; the value is what is written there. In the order TAB goes."""

    LIST = "list"
    CLEAR = "<Clear>"
    SAVE = "<Save>"
    ACTIVATE = "<Activate>"
    GO_BACK = "<Go back>"
    KEEP = "<Keep anyway>"


BUTTONS = (Place.CLEAR, Place.SAVE, Place.ACTIVATE)
TRIAL_BUTTONS = (Place.GO_BACK, Place.KEEP)  # in place of the others, while a trial lasts

_SIGNS = {"ok": "+", "failed": "x", "skipped": "-", "warning": "!"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What the screen answers; the kind decides its colour, the words say it all."""

    text: str
    kind: Literal["said", "done", "refused"] = "said"
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialScene:
    """An undecided activation: whose and why, and in how many seconds the unit decides."""

    by: str
    reason: str
    earlier: bool
    seconds_left: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything one picture shows."""

    status: Status
    entries: Sequence[Entry]
    chosen: int
    place: Place
    notice: Notice
    trial: TrialScene | None = None


def compose(scene: Scene, size: tuple[int, int]) -> urwid.Widget:
    """Return the box widget that shows the scene on so many columns and rows."""
    columns, rows = size
    if too_small(size):
        words = f"This screen needs 80×24, yours is {columns}×{rows}: enlarge the window."  # noqa: RUF001
        return urwid.Filler(urwid.Text(words, align="center"))
    parts: list[Any] = [
        ("pack", _title(scene.status)),
        ("pack", _rule(columns, "┬")),
        _body(scene),
        ("pack", _rule(columns, "┴")),
        ("pack", _buttons(scene)),
        ("pack", _notices(scene, columns, _MOST_NOTICE_ROWS + (rows - SMALLEST[1]) // 2)),
        ("pack", urwid.AttrMap(urwid.Text(_HELP, wrap="clip"), "help")),
    ]
    return urwid.Pile(parts, focus_item=2 if scene.place is Place.LIST else 4)


def too_small(size: tuple[int, int]) -> bool:
    """Say whether a terminal of that size is too small for the screen."""
    return size[0] < SMALLEST[0] or size[1] < SMALLEST[1]


def _title(status: Status) -> urwid.Widget:
    facts = "   ".join(
        (
            f"broker {_broker_words(status.broker)}",
            f"cache {status.cache.frames}",
            f"radio {status.radio.state}",
        )
    )
    columns = urwid.Columns(
        [
            urwid.Text(f" Concentrator {printable(status.unit.serial_number)}", wrap="ellipsis"),
            ("pack", urwid.Text(f"{facts} ")),
        ],
        dividechars=1,
    )
    return urwid.AttrMap(columns, "title")


def _broker_words(broker: BrokerStatus) -> str:
    if broker.retry_in_s is None:
        return broker.state
    return f"{broker.state} {broker.retry_in_s:.0f} s"


def _rule(columns: int, joint: str) -> urwid.Widget:
    line = f"{'─' * _LIST_COLUMNS}{joint}{'─' * (columns - _LIST_COLUMNS - 1)}"
    return urwid.AttrMap(urwid.Text(line, wrap="clip"), "rule")


def _body(scene: Scene) -> urwid.Widget:
    return urwid.Columns(
        [
            (_LIST_COLUMNS, urwid.Filler(_list(scene), "top")),
            (1, urwid.AttrMap(urwid.SolidFill("│"), "rule")),
            urwid.Padding(_pane(scene.entries[scene.chosen]), left=1),
        ],
        focus_column=2,
    )


def _list(scene: Scene) -> urwid.Widget:
    rows: list[urwid.Widget] = []
    for number, entry in enumerate(scene.entries):
        mark, look = " ", "item"
        if number == scene.chosen:
            mark, look = ">", "chosen" if scene.place is Place.LIST else "chosen behind"
        row = urwid.Text(f"{mark}{entry.state.value} {entry.parameter.label}", wrap="clip")
        rows.append(urwid.AttrMap(row, look))
    rows += [urwid.Divider(), urwid.AttrMap(urwid.Text(_LEGEND, wrap="clip"), "hint")]
    return urwid.Pile(rows)


def _pane(entry: Entry) -> urwid.Widget:
    """Return label, description and example of a parameter, and below them its field."""
    parameter = entry.parameter
    need = "required" if parameter.required else "optional"
    heading = urwid.Columns(
        [urwid.AttrMap(urwid.Text(parameter.label), "heading"), ("pack", urwid.Text(need))]
    )
    title = _state_words(entry)
    if lines := entry.text.rstrip("\n").count("\n"):
        title += f", {lines + 1} lines"
    # A description has no sides: it takes all the columns that there are.
    sides = {"lline": "", "rline": ""} if entry.described else {}
    view = urwid.AttrMap(entry.view, "field")
    field = urwid.LineBox(view, title=title, title_align="left", **sides)
    parts: list[Any] = [("pack", heading), ("pack", urwid.Text(parameter.description))]
    if parameter.example:
        parts.append(("pack", urwid.Text(f"Example: {parameter.example}")))
    focus = len(parts)
    if parameter.kind is Kind.LINE:
        parts += [(_LINE_ROWS + 2, field), urwid.SolidFill(" ")]
    else:
        parts.append(field)
    return urwid.Pile(parts, focus_item=focus)


def _state_words(entry: Entry) -> str:
    secret = entry.parameter.secret
    match entry.state:
        case State.EDITED:
            return "edited, not saved"
        case State.PENDING if not entry.stored:
            return "cleared, still active"
        case State.PENDING:
            return "set, not active" if secret else "saved, not active"
        case State.ACTIVE:
            return "set, active" if secret else "active"
    return "not set" if secret else "empty"


def _buttons(scene: Scene) -> urwid.Widget:
    """Return the button line; the cursor stands on the button that Enter would press."""
    cells: list[Any] = [(_BUTTON_GAP, urwid.Text(""))]
    buttons = TRIAL_BUTTONS if scene.trial else BUTTONS
    for button in buttons:
        look = "button pressed" if button is scene.place else "button"
        icon = urwid.SelectableIcon(button.value, 0)
        cells.append((len(button.value), urwid.AttrMap(icon, look)))
    chosen = buttons.index(scene.place) + 1 if scene.place in buttons else None
    return urwid.Columns(cells, dividechars=_BUTTON_GAP, focus_column=chosen)


def _notices(scene: Scene, columns: int, most: int) -> urwid.Widget:
    """Return the answer to the last key and the unit's own reports, `most` rows at the most."""
    parts: list[urwid.Widget] = []
    if scene.trial:
        parts.append(urwid.Text(("refused", printable(_trial_words(scene.trial)))))
    if scene.notice.text:
        parts.append(urwid.Text((scene.notice.kind, printable(scene.notice.text))))
    parts += [_step(each) for each in scene.notice.steps]
    parts += [urwid.Text(("hint", printable(each))) for each in _reports(scene)]
    answer = urwid.Padding(urwid.Pile(parts or [urwid.Text("")]), left=1, right=1)
    rows = answer.rows((columns,))
    if rows <= most:
        return urwid.BoxAdapter(Viewport(answer), max(rows, _LEAST_NOTICE_ROWS))
    more = urwid.AttrMap(urwid.Text(_MORE, wrap="clip"), "hint")
    return urwid.Pile([urwid.BoxAdapter(Viewport(answer), most - 1), more])


def _trial_words(trial: TrialScene) -> str:
    left = f"{trial.seconds_left} s"
    undecided = f"Without a decision the unit goes back in {left}."
    if not trial.earlier:
        undecided = (
            f"Without a decision it is kept in {left}; there is nothing to go back to: "
            "<Go back> takes it out of service."
        )
    return f"On trial for {trial.by}, not confirmed by the broker: {trial.reason}\n{undecided}"


def _step(step: Step) -> urwid.Widget:
    """Return a step's row; one that is not simply well is there in full."""
    words = f"{_SIGNS[step.verdict]} {step.verdict:7} {step.name:5} {step.seconds:5.2f} s  "
    wrap: Literal["ellipsis", "space"] = "space"
    if step.verdict in ("ok", "failed"):  # a failure is told in full by the answer
        wrap = "ellipsis"
    return urwid.Text(("hint", words + printable(step.text)), wrap=wrap)


def _reports(scene: Scene) -> list[str]:
    """Return what the unit has to report without being asked; a trial tells of the broker."""
    status, reports = scene.status, []
    if (
        not scene.trial
        and status.broker.last_error
        and status.broker.state not in ("connected", "idle")
    ):
        reports.append(f"Broker: {status.broker.last_error}")
    if status.radio.error:
        reports.append(f"Radio: {status.radio.error}")
    return reports
