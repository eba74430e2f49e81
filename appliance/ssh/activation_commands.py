"""The commands around what is in service: check, activate, compare, history, rollback."""

import asyncio
from datetime import UTC, datetime

from appliance.activation import RehearsalFailedError
from appliance.parameters.refusal import Refused
from appliance.parameters.store import Activation
from appliance.parameters.values import ParameterValues
from appliance.plain_text import moment
from appliance.ssh.reports import (
    check_json,
    check_text,
    comparison,
    history_text,
    shortfall,
    trial_note,
    without_reasons,
)
from appliance.ssh.request import DONE, FAILED, Reply, Request, UsageError, lines
from appliance.status import Step


async def check(request: Request) -> Reply:
    """Reviews the saved configuration and rehearses it, changing nothing."""
    as_json = request.wants("--json")
    findings = await request.unit.review()
    steps: list[Step] = []
    if not shortfall(findings, steps):
        steps = [step async for step in request.unit.rehearse()]
    report = check_json(findings, steps) if as_json else check_text(findings, steps)
    missing = shortfall(findings, steps)
    return Reply(FAILED if missing else DONE, report, trial_note(request.unit) + missing)


async def activate(request: Request) -> Reply:
    """Puts the saved values into service, or says on standard error why not."""
    steps: list[Step] = []
    with_check = not request.wants("--no-check")
    try:
        trial = await request.unit.activate(request.by, check=with_check, on_step=steps.append)
    except RehearsalFailedError as error:
        advice = "nothing was changed; activate --no-check puts it into service all the same"
        told = check_text((), without_reasons(steps))
        return Reply(FAILED, told, lines([f"not activated: {error}", advice]))
    if trial is None:
        confirmed = "confirmed by the broker" if with_check else "without a check"
        told = f"{check_text((), steps)}activated, {confirmed}\n"
        return Reply(DONE, told, await _warnings(request))
    if trial.earlier:
        await request.unit.go_back("as a command does")
        outcome = "not confirmed, the earlier configuration serves again"
    else:
        await request.unit.keep("the unit, having nothing to go back to")
        outcome = "not confirmed, but in service: there is no earlier configuration to go back to"
    told = check_text((), without_reasons(steps))
    return Reply(FAILED, told, lines([f"{outcome}: {trial.reason}"]))


async def compare(request: Request) -> Reply:
    """Saved against active, line by line."""
    request.expect_nothing()
    unit = request.unit
    active = unit.active or ParameterValues()
    # Certificates are read for it: not on the event loop.
    text = await asyncio.to_thread(comparison, unit.saved, active, datetime.now(UTC))
    return Reply(DONE, text, trial_note(unit))


async def history(request: Request) -> Reply:
    """The last activations."""
    request.expect_nothing()
    return Reply(DONE, history_text(request.unit))


async def rollback(request: Request) -> Reply:
    """Saves the values of an earlier activation again."""
    chosen = _earlier(request)
    await request.unit.save_all(chosen.values, request.by)
    told = f"saved: the configuration of {moment(chosen.at)}, in service after activate\n"
    return Reply(DONE, told)


async def _warnings(request: Request) -> str:
    findings = await request.unit.review()
    return lines(f"warning: {each}" for each in findings if each.severity == "warning")


def _earlier(request: Request) -> Activation:
    """The activation named by its number, or the last one in service with other values."""
    activations, active = request.unit.activations, request.unit.active
    words = request.words
    if len(words) > 1 or not all(word.isdecimal() for word in words):
        raise UsageError("takes the number of an activation, see history")
    if words:
        number = int(words[0])
        if 1 <= number <= len(activations):
            return activations[number - 1]
        raise Refused(f"there is no activation {number}: see history")
    for each in activations:
        if each.in_service and each.values != active:
            return each
    raise Refused("there is no earlier configuration to bring back: see history")
