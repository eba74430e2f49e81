"""Owns how the unit's values look as plain text: tables for people, and nothing that deceives.

Whatever may come from outside (values, the broker's reasons, the names of users) is shown through
`printable`: a control sequence or a bidirectional override would otherwise reach the terminal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.hidden_characters import REPLACEMENT, is_hidden
from appliance.parameters.catalogue import CATALOGUE, Kind, Parameter, parameter
from appliance.status import Status

if TYPE_CHECKING:
    from appliance.unit import Unit

LONGEST_SHOWN = 120  # characters of a value in a table; `get` gives all of it
UNITS = {"uptime_s": "s", "retry_in_s": "s", "last_rssi": "dBm"}
STATE_WORDS = {"empty": "empty", "active": "active", "pending": "saved, not active"}


def printable(text: str, keep: str = "") -> str:
    """Return `text` with every hidden character but those in `keep` visibly replaced."""
    return "".join(
        REPLACEMENT if is_hidden(character) and character not in keep else character
        for character in text
    )


def parameter_states(unit: "Unit") -> dict[str, dict[str, str]]:
    """Saved and active value and state of every parameter by key, as `show --json` gives them.

    A secret is "set", or "" where there is none. States are "empty", "active" and "pending".
    """
    saved, active, pending = unit.saved, unit.active, unit.pending

    def state(key: str) -> str:
        if key in pending:
            return "pending"
        return "active" if saved[key] else "empty"

    return {
        each.key: {
            "saved": _masked(each, saved[each.key]),
            "active": _masked(each, active[each.key] if active is not None else ""),
            "state": state(each.key),
        }
        for each in CATALOGUE
    }


def parameters_table(unit: "Unit") -> str:
    """The parameters as an aligned table, certificates and keys described.

    Where another value is active it has a line of its own.
    """
    rows = [("PARAMETER", "STATE", "VALUE")]
    for key, each in parameter_states(unit).items():
        saved, active = each["saved"], each["active"]
        pending = each["state"] == "pending"
        words = "cleared, still active" if pending and not saved else STATE_WORDS[each["state"]]
        rows.append((key, words, _summary(parameter(key), saved)))
        rows += (("", "", f"  {printable(line)}") for line in unit.describe(key))
        if pending and active:
            rows.append(("", "  in service", _summary(parameter(key), active)))
    return _aligned(rows)


def status_text(status: Status) -> str:
    """The unit's status as aligned lines under one heading a part."""
    lines = []
    for part, fields in status.as_json_dict().items():
        rows = [(_label(name), _quantity(name, value)) for name, value in fields.items()]
        lines += [f"{part}\n", *(f"  {line}\n" for line in _aligned(rows, 18).splitlines())]
    return "".join(lines)


def _masked(declared: Parameter, text: str) -> str:
    return "set" if declared.secret and text else text


def _summary(declared: Parameter, text: str) -> str:
    """One line for a value; a PEM as what it holds, several lines of text as their first."""
    if declared.secret or not text:
        return text
    if declared.kind is Kind.PEM:
        count = text.count("-----BEGIN ")
        return f"{count} certificate{'s' * (count != 1)}, {len(text.encode()):,} bytes"
    first, *more = text.splitlines() or [""]
    line = first if len(first) <= LONGEST_SHOWN else f"{first[:LONGEST_SHOWN]}…"
    return printable(f"{line} … ({len(more) + 1} lines)" if more else line)


def _label(name: str) -> str:
    return name.removesuffix("_s").replace("_", " ")


def _quantity(name: str, value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(each) for each in value)
    if isinstance(value, float):
        value = round(value, 1)
    return printable(f"{value} {UNITS.get(name, '')}".rstrip())


def _aligned(rows: Sequence[Sequence[str]], narrowest: int = 0) -> str:
    widths = [max(narrowest, *map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows)
