"""The commands on saved values: show, get, set, clear, export, import."""

import asyncio
import json
from typing import TYPE_CHECKING

from appliance.parameters.refusal import Refused
from appliance.parameters.transfer import export_toml, import_toml
from appliance.ssh.reports import parameter_states, parameters_table
from appliance.ssh.request import DONE, Reply, Request, lines, parameter_named

if TYPE_CHECKING:
    from appliance.unit import Unit


async def show_values(request: Request) -> Reply:
    """The twelve: state, saved and active value."""
    if request.wants("--json"):
        return Reply(DONE, f"{json.dumps(parameter_states(request.unit))}\n")
    # Certificates are read for it: not on the event loop.
    return Reply(DONE, await asyncio.to_thread(parameters_table, request.unit))


async def get_value(request: Request) -> Reply:
    """One saved value, raw."""
    chosen = request.only_parameter()
    if chosen.secret:
        raise Refused("is a secret and never shown; show says whether it is set", chosen.key)
    text = request.unit.saved[chosen.key]
    return Reply(DONE, text if not text or text.endswith("\n") else f"{text}\n")


async def set_value(request: Request) -> Reply:
    """Checks and saves one value."""
    # What follows the one space behind KEY is the value as it stands, quotes and spaces and all.
    key, given, value = request.arguments.lstrip(" ").partition(" ")
    chosen = parameter_named(key)
    if not given:
        value = await _value_from_input(request, chosen.key)
    accepted = await request.unit.save(chosen.key, value, request.by)
    notes = [f"warning: {chosen.key}: {warning}" for warning in accepted.warnings]
    notes += [
        f"the text also holds a value for {key}: set {key} from it too" for key in accepted.also
    ]
    return Reply(DONE, _outcome(request.unit, chosen.key, "saved"), lines(notes))


async def clear_value(request: Request) -> Reply:
    """Empties one saved value."""
    chosen = request.only_parameter()
    await request.unit.clear(chosen.key, request.by)
    return Reply(DONE, _outcome(request.unit, chosen.key, "cleared"))


async def export_values(request: Request) -> Reply:
    """The saved configuration as TOML, without secrets."""
    request.expect_nothing()
    return Reply(DONE, export_toml(request.unit.saved))


async def import_values(request: Request) -> Reply:
    """Saves a configuration from standard input, all or nothing."""
    request.expect_nothing()
    texts = import_toml(await request.input_text())
    warnings = await request.unit.save_all(texts, request.by)
    return Reply(
        DONE,
        f"saved: {', '.join(texts)}; in service after activate\n",
        lines(f"warning: {each}" for each in warnings),
    )


async def _value_from_input(request: Request, key: str) -> str:
    text = await request.input_text(key)
    # `echo` and every editor end a line that is not meant to be part of the value.
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _outcome(unit: "Unit", key: str, done: str) -> str:
    waiting = key in unit.pending
    return f"{key}: {done}{', in service after activate' if waiting else ''}\n"
