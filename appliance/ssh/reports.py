"""Owns how parameters, checks, comparisons, history, journal and status read as text and JSON."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from textwrap import fill, indent
from typing import TYPE_CHECKING

from appliance.journal import JournalEntry
from appliance.parameters.catalogue import CATALOGUE, Parameter, parameter
from appliance.parameters.description import describe, masked, summary
from appliance.parameters.finding import Finding
from appliance.parameters.guidance import GUIDANCE, SERVICES
from appliance.parameters.values import ParameterValues
from appliance.plain_text import aligned, moment, printable
from appliance.status import Status, Step

if TYPE_CHECKING:
    from appliance.unit import Unit

UNITS = {"uptime_s": "s", "retry_in_s": "s", "last_rssi": "dBm"}
STATE_WORDS = {"empty": "empty", "active": "active", "pending": "saved, not active"}


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
            "saved": masked(each, saved[each.key]),
            "active": masked(each, active[each.key] if active is not None else ""),
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
        rows.append((key, words, summary(parameter(key), saved)))
        rows += (("", "", f"  {printable(line)}") for line in unit.describe(key))
        if pending and active:
            rows.append(("", "  in service", summary(parameter(key), active)))
    return aligned(rows)


def shortfall(findings: Sequence[Finding], steps: Sequence[Step]) -> str:
    """In a line why a configuration is not ready for service; "" where nothing is wrong."""
    if errors := sum(each.severity == "error" for each in findings):
        return f"not ready: {errors} error{'s' * (errors > 1)}, and nobody was called\n"
    failed = [each.name for each in steps if each.verdict == "failed"]
    return f"not ready: {', '.join(failed)} failed\n" if failed else ""


def check_text(findings: Sequence[Finding], steps: Sequence[Step]) -> str:
    """One line a finding and a step, verdict first, a step with its time."""
    lines = [f"{each.severity:8} {each}" for each in findings]
    lines += [
        f"{each.verdict:8} {each.name:7} {each.seconds:6.2f} s  {each.text}" for each in steps
    ]
    return "".join(f"{printable(line.rstrip())}\n" for line in lines)


def check_json(findings: Sequence[Finding], steps: Sequence[Step]) -> str:
    """`{"ok": …, "findings": […], "steps": […]}` in one line."""
    document = {
        "ok": not shortfall(findings, steps),
        "findings": [asdict(each) for each in findings],
        "steps": [asdict(each) for each in steps],
    }
    return f"{json.dumps(document)}\n"


def without_reasons(steps: Sequence[Step]) -> list[Step]:
    """The steps, of a failed one only that it failed: the reason goes to standard error."""
    return [replace(each, text="") if each.verdict == "failed" else each for each in steps]


def trial_note(unit: "Unit") -> str:
    """A warning in a line where a configuration is on trial, otherwise ""; on the event loop."""
    if (trial := unit.trial) is None:
        return ""
    left = max(0, round(trial.deadline - asyncio.get_running_loop().time()))
    end = "the earlier one serves again" if trial.earlier else "it stays"
    note = (
        f"warning: the configuration activated by {trial.by} is on trial: {trial.reason}; without "
        f"a decision on the screen {end} in {left} s"
    )
    return f"{printable(note)}\n"


def guidance_text(declared: Parameter) -> str:
    """What a parameter means, its rule, and where its value is found, for `help KEY`."""
    guidance = GUIDANCE[declared.key]
    kind = f"{'required' if declared.required else 'optional'}{', secret' * declared.secret}"
    parts = [
        (f"{declared.key}: {declared.label} ({kind})", declared.description),
        ("Meaning", guidance.meaning),
        ("Rule", guidance.rule),
        ("Example", declared.example),
        *((f"At {service}", guidance.where[service]) for service in SERVICES),
    ]
    return "\n".join(f"{title}\n{_paragraph(text)}\n" for title, text in parts)


def _paragraph(text: str) -> str:
    # A command is not broken inside its words: it is copied from here.
    return indent(fill(text, 74, break_on_hyphens=False), "    ")


def comparison(saved: ParameterValues, active: ParameterValues, now: datetime) -> str:
    """The parameters whose saved value is not the active one: active with -, saved with +.

    Certificates are described, secrets masked. Blocks.
    """
    lines = [line for each in CATALOGUE for line in _differences(each, saved, active, now)]
    return "".join(lines) or "saved and active values are the same\n"


def _differences(
    declared: Parameter, saved: ParameterValues, active: ParameterValues, now: datetime
) -> Iterator[str]:
    if saved[declared.key] == active[declared.key]:
        return
    for sign, values, word in (("-", active, "the one in service"), ("+", saved, "another one")):
        for line in _shown(declared, values, word, now):
            yield f"{sign} {declared.key}: {printable(line)}".rstrip() + "\n"


def _shown(declared: Parameter, values: ParameterValues, word: str, now: datetime) -> Sequence[str]:
    text = values[declared.key]
    if declared.secret:
        return (f"set, {word}",) if text else ()
    return describe(declared.key, values, now) or text.splitlines()


def history_text(unit: "Unit") -> str:
    """The last activations, newest first, numbered as `rollback` takes them."""
    active = next((each for each in unit.activations if each.in_service), None)
    lines = []
    for number, each in enumerate(unit.activations, 1):
        place = "active" if each is active else "earlier" if each.in_service else "not kept"
        lines.append(f"{number:2}  {moment(each.at)}  {place:10}  {each.by}: {each.outcome}")
    return "".join(f"{printable(line)}\n" for line in lines) or "nothing was activated yet\n"


def journal_text(entries: Iterable[JournalEntry]) -> str:
    """One line an entry: when, how serious, what happened."""
    return "".join(
        f"{moment(each.at)}  {each.level:7}  {printable(each.text)}\n" for each in entries
    )


def status_text(status: Status) -> str:
    """The unit's status as aligned lines under one heading a part."""
    lines = []
    for part, fields in status.as_json_dict().items():
        rows = [(_label(name), _quantity(name, value)) for name, value in fields.items()]
        lines += [f"{part}\n", *(f"  {line}\n" for line in aligned(rows, 18).splitlines())]
    return "".join(lines)


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
