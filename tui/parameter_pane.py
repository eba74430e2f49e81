"""Owns what one parameter looks like: description, field, judgement (interfaces, section 7)."""

from collections.abc import Mapping
from typing import Any, Literal

import urwid

from appliance.parameters.catalogue import Kind, Parameter
from appliance.parameters.guidance import GUIDANCE
from tui.entry import Entry, State
from tui.widgets import Viewport, printable

_ROOMY = 20  # rows of the pane from which there is room for more than the least
_LEAST_FIELD_ROWS, _LINE_FIELD_ROWS = 3, 5  # with its box
_BORDER_ROWS, _BORDER_COLUMNS = 2, 2
_MORE_IN_FIELD = " more: PgUp/PgDn "
_VERDICTS = {"valid": ("+", "ok"), "warning": ("!", "warning"), "refused": ("x", "error")}


def parameter_pane(entry: Entry, active: Mapping[str, str], size: tuple[int, int]) -> urwid.Widget:
    """Return what there is of a parameter, on so many columns and rows.

    `active` are the values in service. Where room is short the description gives way.
    """
    columns, rows = size
    line = entry.parameter.kind is Kind.LINE
    explanation, remarks = _explanation(entry), _remarks(entry, active, rows)
    spare = rows - 1 - sum(each.rows((columns,)) for each in remarks)
    least = _LEAST_FIELD_ROWS
    if entry.described:
        least = _BORDER_ROWS + entry.view.count_rows(columns, spare)
    explained = explanation.rows((columns,))
    parts: list[Any] = [("pack", _heading(entry.parameter))]
    if explained <= spare - least:
        parts.append(("pack", explanation))
        spare -= explained
    focus = len(parts)
    field_rows = max(min(spare, _LINE_FIELD_ROWS) if line else spare, _LEAST_FIELD_ROWS)
    parts.append((field_rows, _field(entry, (columns, field_rows))))
    parts += [("pack", each) for each in remarks]
    parts.append(_help(entry.parameter) if line and rows >= _ROOMY else urwid.SolidFill(" "))
    return urwid.Pile(parts, focus_item=focus)


def _heading(declared: Parameter) -> urwid.Widget:
    label = urwid.AttrMap(urwid.Text(declared.label), "heading")
    need = "required" if declared.required else "optional"
    return urwid.Columns([label, ("pack", urwid.Text(need))])


def _explanation(entry: Entry) -> urwid.Pile:
    rows: list[Any] = [urwid.Text(entry.parameter.description)]
    if entry.parameter.example and not entry.described:
        rows.append(urwid.Text(f"Example: {entry.parameter.example}"))
    return urwid.Pile(rows)


def _field(entry: Entry, size: tuple[int, int]) -> urwid.Widget:
    """Return the field in a box of so many columns and rows, whose lower line tells of more."""
    columns, rows = size
    inside, lower = columns - _BORDER_COLUMNS, "└{}┘"
    sides = {"bline": ""}
    if entry.described:  # it has no sides, and takes all the columns that there are
        inside, lower = columns, "─{}─"
        sides |= {"lline": "", "rline": ""}
    seen = rows - _BORDER_ROWS
    more = _MORE_IN_FIELD if entry.view.count_rows(inside, seen + 1) > seen else ""
    view = urwid.AttrMap(entry.view, "field")
    box = urwid.LineBox(view, title=_title(entry), title_align="left", **sides)
    line = lower.format(f"{more:─>{columns - _BORDER_COLUMNS}}")
    return urwid.Pile([box, ("pack", urwid.Text(line, wrap="clip"))])


def _help(declared: Parameter) -> urwid.Widget:
    """Return what the help says of a parameter, as far as there is room."""
    guidance = GUIDANCE[declared.key]
    texts = [guidance.meaning, *(f"{name}: {text}" for name, text in guidance.where.items())]
    rows: list[Any] = [urwid.Text(("hint", f"\n{text}")) for text in texts]
    return Viewport(urwid.Pile(rows))


def _title(entry: Entry) -> str:
    """Say where the value stands, and how much of it there is."""
    words = _state_words(entry)
    if not (text := entry.text):
        return words
    count = f"{len(text):,} character{'s' if len(text) > 1 else ''}"
    if lines := text.rstrip("\n").count("\n"):
        count = f"{lines + 1} lines"
    return f"{words}, {count}"


def _remarks(entry: Entry, active: Mapping[str, str], rows: int) -> list[urwid.Text]:
    """Return the judgement of what is in the field, and what is active where that differs."""
    parts: list[urwid.Text] = []
    wrap: Literal["ellipsis", "space"] = "space" if rows >= _ROOMY else "ellipsis"
    if judgement := entry.judgement:
        sign, look = _VERDICTS[judgement.verdict]
        parts.append(urwid.Text((look, f"{sign} {printable(judgement.text)}")))
    if entry.standing is not State.ACTIVE and active.get(entry.parameter.key):
        words = f"Active now: {printable(entry.active_words(active[entry.parameter.key]))}"
        parts.append(urwid.Text(("hint", words), wrap=wrap))
    return parts


def _state_words(entry: Entry) -> str:
    secret = entry.parameter.secret
    match entry.standing:
        case State.EDITED:
            return "edited, not saved"
        case State.PENDING if not entry.stored:
            return "cleared, still active"
        case State.PENDING:
            return "set, not active" if secret else "saved, not active"
        case State.ACTIVE:
            return "set, active" if secret else "active"
    return "not set" if secret else "empty"
