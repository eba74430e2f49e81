"""Owns what the parameters look like: a Scene in, urwid widgets out (interfaces, section 7).

Widgets are made anew for every picture, but for the fields, which keep cursor and scrolling.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

import urwid

from appliance.status import Status
from tui.entry import Entry, State
from tui.parameter_pane import parameter_pane
from tui.progress import Progress
from tui.widgets import Clickable, Viewport, printable

_LIST_COLUMNS = 34  # the longest label fits
_VALUES_FROM = 110  # columns from which the list has room for the values
_LEAST_ROWS = 22  # of the whole
_LEAST_NOTICE_ROWS, _MOST_NOTICE_ROWS = 5, 7  # what the smallest screen has to give
_NOTICE_ROWS_BELOW_MUCH = 2  # a certificate's description, the steps of an activation
_BUTTON_GAP = 2
_MORE = " (there is more to read: enlarge the window)"
_LEGEND = " =active *saved ~edited !invalid"


class Place(Enum):
    """Where keys go; the value is what is written there. In the order TAB goes."""

    LIST = "list"
    CLEAR = "<Clear>"
    SAVE = "<Save>"
    ACTIVATE = "<Activate>"
    GO_BACK = "<Go back>"
    KEEP = "<Keep anyway>"


BUTTONS = (Place.CLEAR, Place.SAVE, Place.ACTIVATE)
DECISION_BUTTONS = (Place.GO_BACK, Place.KEEP)  # in place of the others, while one is asked for


_STATE_LOOKS = {
    State.EMPTY: "item",
    State.ACTIVE: "active",
    State.PENDING: "pending",
    State.EDITED: "edited",
    State.INVALID: "invalid",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What the screen answers; the kind decides its colour, the words say it all."""

    text: str
    kind: Literal["said", "done", "refused"] = "said"


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
    active: Mapping[str, str]
    chosen: int
    place: Place
    notice: Notice
    buttons: Sequence[Place] = BUTTONS
    trial: TrialScene | None = None
    progress: Progress | None = None
    offer: str = ""


@dataclass(frozen=True, slots=True)
class Hands:
    """What a mouse can do here: choose a parameter, push a button, put the cursor in the field."""

    choose: Callable[[int], None]
    push: Callable[[Place], None]
    put_cursor: Callable[[], None]


def compose(scene: Scene, now: float, size: tuple[int, int], hands: Hands) -> urwid.Widget:
    """Return the box widget that shows the scene on so many columns and rows.

    `now` is the loop's clock.
    """
    columns, rows = size
    left = _LIST_COLUMNS if columns < _VALUES_FROM else _LIST_COLUMNS + (columns - 80) // 2
    notices, noticed = _notices(scene, columns, _MOST_NOTICE_ROWS + (rows - _LEAST_ROWS) // 2)
    shown = rows - 3 - noticed
    parts: list[Any] = [
        ("pack", _rule(columns, left, "┬")),
        _body(scene, now, (columns - left - 2, shown), left, hands),
        ("pack", _rule(columns, left, "┴")),
        ("pack", _buttons(scene, hands)),
        ("pack", notices),
    ]
    return urwid.Pile(parts, focus_item=1 if scene.place is Place.LIST else 3)


def _rule(columns: int, left: int, joint: str) -> urwid.Widget:
    line = f"{'─' * left}{joint}{'─' * (columns - left - 1)}"
    return urwid.AttrMap(urwid.Text(line, wrap="clip"), "rule")


def _body(scene: Scene, now: float, size: tuple[int, int], left: int, hands: Hands) -> urwid.Widget:
    entry = scene.entries[scene.chosen]
    if scene.progress:
        pane = scene.progress.compose(now, scene.status.broker, size)
    else:
        pane = Clickable(parameter_pane(entry, scene.active, size), hands.put_cursor)
    return urwid.Columns(
        [
            (left, urwid.Filler(_list(scene, left, hands), "top")),
            (1, urwid.AttrMap(urwid.SolidFill("│"), "rule")),
            urwid.Padding(pane, left=1),
        ],
        focus_column=2,
    )


def _list(scene: Scene, left: int, hands: Hands) -> urwid.Widget:
    rows = [
        _row(number, scene, left, lambda number=number: hands.choose(number))  # type: ignore[misc]
        for number in range(len(scene.entries))
    ]
    legend = urwid.AttrMap(urwid.Text(_LEGEND, wrap="clip"), "hint")
    return urwid.Pile([*rows, urwid.Divider(), legend])


def _row(number: int, scene: Scene, left: int, choose: Callable[[], None]) -> urwid.Widget:
    """Return a parameter's row in the list: sign, label, and where there is room its value."""
    entry, mark, look = scene.entries[number], " ", _STATE_LOOKS[scene.entries[number].state]
    if number == scene.chosen:
        mark, look = ">", "chosen" if scene.place is Place.LIST else "chosen behind"
    words = f"{mark}{entry.state.value} {entry.parameter.label}"
    if left > _LIST_COLUMNS and entry.summary:
        words = f"{words:{_LIST_COLUMNS}} {printable(entry.summary)}"
    return Clickable(urwid.AttrMap(urwid.Text(words, wrap="ellipsis"), look), choose)


def _buttons(scene: Scene, hands: Hands) -> urwid.Widget:
    """Return the button line; the cursor stands on the button that Enter would press."""
    cells: list[Any] = [(_BUTTON_GAP, urwid.Text(""))]
    for button in scene.buttons:
        look = "button pressed" if button is scene.place else "button"
        icon = urwid.AttrMap(urwid.SelectableIcon(button.value, 0), look)
        push = Clickable(icon, lambda button=button: hands.push(button))  # type: ignore[misc]
        cells.append((len(button.value), push))
    places = list(scene.buttons)
    chosen = places.index(scene.place) + 1 if scene.place in places else None
    return urwid.Columns(cells, dividechars=_BUTTON_GAP, focus_column=chosen)


def _notices(scene: Scene, columns: int, most: int) -> tuple[urwid.Widget, int]:
    """Return the answer to the last key and the unit's reports, and their rows, `most` at most."""
    parts: list[urwid.Widget] = []
    if scene.trial:
        parts.append(urwid.Text(("refused", printable(_trial_words(scene.trial)))))
    if scene.notice.text:
        parts.append(urwid.Text((scene.notice.kind, printable(scene.notice.text))))
    parts += [urwid.Text(("hint", printable(each))) for each in _reports(scene)]
    answer = urwid.Padding(urwid.Pile(parts or [urwid.Text("")]), left=1, right=1)
    # Not by the notice alone: what is above would jump about with every key.
    much = scene.progress or scene.entries[scene.chosen].described
    least = _NOTICE_ROWS_BELOW_MUCH if much else _LEAST_NOTICE_ROWS
    rows = max(answer.rows((columns,)), least)
    if rows <= most:
        return urwid.BoxAdapter(Viewport(answer), rows), rows
    more = urwid.AttrMap(urwid.Text(_MORE, wrap="clip"), "hint")
    return urwid.Pile([urwid.BoxAdapter(Viewport(answer), most - 1), more]), most


def _trial_words(trial: TrialScene) -> str:
    left = f"{trial.seconds_left} s"
    undecided = f"Without a decision the unit goes back in {left}."
    if not trial.earlier:
        undecided = (
            f"Without a decision it is kept in {left}; there is nothing to go back to: "
            "<Go back> takes it out of service."
        )
    return f"On trial for {trial.by}, not confirmed by the broker: {trial.reason}\n{undecided}"


def _reports(scene: Scene) -> list[str]:
    """Return what the unit has to report without being asked; a trial tells of the broker."""
    status, reports = scene.status, [scene.offer] if scene.offer else []
    if status.broker.trouble and not scene.trial:
        reports.append(f"Broker: {status.broker.trouble}")
    if status.radio.error:
        reports.append(f"Radio: {status.radio.error}")
    if status.cache.error:
        reports.append(f"Cache: {status.cache.error}")
    return reports
