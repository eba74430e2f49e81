"""Owns the longer answers of the screen, in the technician's words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from appliance.parameters.catalogue import CATALOGUE, Kind, Parameter, parameter
from appliance.parameters.finding import Finding
from appliance.parameters.refusal import Refused
from appliance.parameters.store import Activation
from tui.drafts import Draft
from tui.parameters_picture import Notice

_WELCOME = (
    "Choose a parameter, type or paste its value, then TAB to <Save> and press Enter. "
    "<Clear> empties the field."
)
_LONGEST_SHOWN = 120  # characters of a value saved elsewhere


def welcome(notice: str | None) -> Notice:
    """Greet; with what became of the last activation where that is news."""
    return Notice(notice, "refused") if notice else Notice(_WELCOME)


def saved(label: str, *, empty: bool, pending: bool) -> str:
    """Say what a Save has done, and what is left to do."""
    said = f"Saved: {label} is empty now." if empty else f"Saved: {label}."
    return f"{said} In service after <Activate>." if pending else said


def offered(filled: Sequence[str], kept: Sequence[str]) -> list[str]:
    """Say what else a paste held: what went into other fields, and what did not."""
    lines = []
    if filled:
        where = "It is in its field" if len(filled) == 1 else "They are in their fields"
        what = "it" if len(filled) == 1 else "them"
        lines.append(
            f"The text also held: {', '.join(filled)}. {where} now: look and save {what} there."
        )
    if kept:
        lines.append(f"It also held: {', '.join(kept)}. Not taken: edited already, not saved.")
    return lines


def changed(reason: str, declared: Parameter, now: str) -> Notice:
    """Say that somebody was faster, with what is saved now, and what can be done."""
    if not now:
        value = "It is empty now."
    elif declared.secret:
        value = "Another one is set now."
    elif declared.kind is Kind.PEM:
        value = "Another certificate is saved now."
    else:
        value = f"Saved now: {_shortened(now)}"
    todo = "<Save> again replaces it with yours, <Clear> drops yours and shows what is saved."
    return Notice(f"Not saved: {declared.label}: {reason}.\n{value}\n{todo}", "refused")


def _shortened(text: str) -> str:
    line, *more = text.split("\n")
    cut = len(line) > _LONGEST_SHOWN or more
    return f"{line[:_LONGEST_SHOWN]} …" if cut else line


def problems(refusals: Sequence[Refused]) -> Notice:
    """Name every reason why the whole cannot go into service."""
    lines = (_of(each.key, each.reason) for each in refusals)
    return Notice("\n".join(("Not activated, what was in service stays so:", *lines)), "refused")


def rehearsal_failed(reason: str, *, choice: bool) -> Notice:
    """Say why the broker cannot be reached, and where there is a choice, what it is."""
    if choice:  # the reason is beside it, with the steps
        return Notice(
            "Not activated, what was in service goes on. <Go back> leads to what is to be mended; "
            "<Keep anyway> activates all the same.",
            "refused",
        )
    return Notice(f"Not activated, what was in service goes on: {reason}", "refused")


def named_first(reason: str, default: int) -> int:
    """Return the place in the catalogue of the parameter that a reason names first."""
    places = {reason.find(each.label): number for number, each in enumerate(CATALOGUE)}
    places.pop(-1, None)
    return places[min(places)] if places else default


def activated(findings: Sequence[Finding], *, check: bool) -> Notice:
    """Say that the values are in service, with what should still be known of them."""
    how = "confirmed by the broker." if check else "in service, without a check."
    lines = (f"{each.severity.capitalize()}: {_of(each.key, each.text)}" for each in findings)
    return Notice("\n".join((f"Activated: {how}", *lines)), "done")


def trial_over(newest: Activation) -> Notice:
    """Say how a trial ended."""
    return Notice(
        f"The trial is over: {newest.outcome}.", "done" if newest.in_service else "refused"
    )


def offered_drafts(drafts: Sequence[Draft]) -> str:
    """Offer the unsaved edits of sessions before; empty where there are none."""
    if not drafts:
        return ""
    keys = dict.fromkeys(key for draft in drafts for key in draft.edits)
    newest = drafts[-1]
    when = "in a session still open"
    if newest.left_at is not None:
        when = f"cut off at {datetime.fromtimestamp(newest.left_at, UTC):%H:%M} UTC"
    labels = ", ".join(parameter(key).label for key in keys)
    return f"Unsaved edits of {newest.by}, {when}: {labels}. Ctrl-R or the menu restores them."


def restored(filled: Sequence[str], kept: Sequence[str]) -> Notice:
    """Say which edits are back, and which are not."""
    lines = []
    if filled:
        lines.append(f"Back in the fields, not saved yet: {', '.join(filled)}.")
    if kept:
        lines.append(f"Not taken: {', '.join(kept)}. Edited here too: save or clear that first.")
    return Notice("\n".join(lines), "done" if filled else "said")


def farewell(pending: Sequence[str]) -> str:
    """Remind of what was saved and forgotten; empty where nothing was."""
    if not pending:
        return ""
    labels = ", ".join(parameter(key).label for key in pending)
    return f"Saved, not in service before <Activate>: {labels}."


def mouse(*, here: bool) -> Notice:
    """Say whose the mouse is now, since only one can have it."""
    if here:
        return Notice("The mouse works here now; with Shift it marks and pastes all the same.")
    return Notice(
        "The mouse is your terminal's now: click again to paste or mark. The menu (Esc) has it "
        "work here again."
    )


def unsaved_at_activate(labels: Sequence[str]) -> Notice:
    """Warn that an edit would not be among what is activated."""
    return Notice(
        f"Edited, not saved: {', '.join(labels)}. <Activate> uses saved values only: "
        "save first, or press <Activate> again to go on without the edits."
    )


def unsaved_at_leave(labels: Sequence[str]) -> Notice:
    """Warn that leaving loses edits."""
    return Notice(
        f"Edited, not saved: {', '.join(labels)}. Press Ctrl-D again to leave without saving."
    )


def _of(key: str | None, text: str) -> str:
    return f"{parameter(key).label}: {text}" if key else text
