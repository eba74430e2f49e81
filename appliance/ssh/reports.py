"""Owns how checks, comparisons and histories read as plain text and as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from appliance.parameters.catalogue import CATALOGUE, Parameter
from appliance.parameters.finding import Finding
from appliance.ssh.plain_text import printable
from appliance.status import Step

if TYPE_CHECKING:
    from appliance.unit import Unit


def passed(findings: Iterable[Finding], steps: Iterable[Step]) -> bool:
    """Whether nothing is wrong, as far as it was tried."""
    sound = all(each.severity != "error" for each in findings)
    return sound and all(step.verdict != "failed" for step in steps)


def check_text(findings: Sequence[Finding], steps: Sequence[Step]) -> str:
    """One line a finding and a step, verdict first, a step with its time."""
    lines = [f"{each.severity:8} {each}" for each in findings]
    lines += [
        f"{each.verdict:8} {each.name:6} {each.seconds:6.2f} s  {each.text}" for each in steps
    ]
    return "".join(f"{printable(line)}\n" for line in lines)


def check_json(findings: Sequence[Finding], steps: Sequence[Step]) -> str:
    """`{"ok": …, "findings": […], "steps": […]}` in one line."""
    document = {
        "ok": passed(findings, steps),
        "findings": [asdict(each) for each in findings],
        "steps": [asdict(each) for each in steps],
    }
    return f"{json.dumps(document)}\n"


def comparison(unit: "Unit") -> str:
    """The parameters whose saved value is not the active one: active with -, saved with +."""
    lines = [line for each in CATALOGUE for line in _differences(unit, each)]
    return "".join(lines) or "saved and active values are the same\n"


def _differences(unit: "Unit", declared: Parameter) -> Iterator[str]:
    saved, active = unit.saved[declared.key], unit.active[declared.key] if unit.active else ""
    if saved == active:
        return
    for sign, text, word in (("-", active, "the one in service"), ("+", saved, "another one")):
        shown = f"set, {word}" if declared.secret and text else text
        for line in shown.splitlines():
            yield f"{sign} {declared.key}: {printable(line)}\n"


def history_text(unit: "Unit") -> str:
    """The last activations, newest first, numbered as `rollback` takes them."""
    active = next((each for each in unit.activations if each.in_service), None)
    lines = []
    for number, each in enumerate(unit.activations, 1):
        at = datetime.fromtimestamp(each.at, UTC)
        place = "active" if each is active else "earlier" if each.in_service else "not kept"
        lines.append(
            f"{number:2}  {at:%Y-%m-%d %H:%M:%S} UTC  {place:10}  {each.by}: {each.outcome}"
        )
    return "".join(f"{printable(line)}\n" for line in lines) or "nothing was activated yet\n"
