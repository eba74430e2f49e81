"""Owns the commands a script or a technician gives instead of opening the screen.

Every command is declared once, in COMMANDS: help and dispatch walk that table. A command takes
the unit, its arguments and its standard input, and gives back a `Reply`; of SSH it knows nothing.
"""

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from appliance.parameters.catalogue import Parameter, parameter
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import StoreError
from appliance.ssh.plain_text import parameter_states, parameters_table, printable, status_text

if TYPE_CHECKING:
    from appliance.unit import Unit

DONE, FAILED, WRONG_USAGE = 0, 1, 2
LONGEST_ECHO = 40  # characters of a wrong word repeated in an error


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers: exit status 0, 1 or 2, standard output and standard error."""

    status: int
    output: str = field(default="", repr=False)
    errors: str = ""


class InputError(Exception):
    """Standard input cannot be taken: one line that says why, and the exit status it calls for."""

    def __init__(self, reason: str, status: int = FAILED) -> None:
        super().__init__(reason)
        self.status = status


class _UsageError(Exception):
    """The words behind a command's name are not what it takes; one line."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What a handler gets; `arguments` is the text behind the command's name, as it came."""

    unit: "Unit"
    arguments: str = field(repr=False)
    read_input: Callable[[], Awaitable[bytes]]
    by: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is called, what help says of it, and what does it."""

    name: str
    usage: str
    summary: str
    handler: Callable[[_Request], Awaitable[Reply]]


async def run(
    unit: "Unit", line: str, read_input: Callable[[], Awaitable[bytes]], by: str
) -> Reply:
    """Do what `line` says on behalf of `by`; interfaces, section 6.

    `read_input` gives all of standard input, or raises InputError; it is called only where a
    command needs it.
    """
    name, _, arguments = line.lstrip(" ").partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        return Reply(WRONG_USAGE, errors=f"unknown command “{_echo(name)}”: try help\n")
    try:
        return await command.handler(_Request(unit, arguments, read_input, by))
    except _UsageError as error:
        return Reply(WRONG_USAGE, errors=f"{name}: {error}; usage: {command.usage}\n")
    except InputError as error:
        return Reply(error.status, errors=f"{error}\n")
    except ConfigurationRefused as error:
        return Reply(FAILED, errors=_lines(error.problems))
    except (Refused, StoreError) as error:
        return Reply(FAILED, errors=_lines([error]))


async def _help(request: _Request) -> Reply:
    _expect_nothing(request)
    width = max(len(each.usage) for each in COMMANDS.values())
    return Reply(
        DONE, "".join(f"{each.usage:{width}}  {each.summary}\n" for each in COMMANDS.values())
    )


async def _show(request: _Request) -> Reply:
    if _wants_json(request):
        return Reply(DONE, _json(parameter_states(request.unit)))
    return Reply(DONE, parameters_table(request.unit))


async def _get(request: _Request) -> Reply:
    chosen = _only_parameter(request)
    if chosen.secret:
        raise Refused("is a secret and never shown; show says whether it is set", chosen.key)
    text = request.unit.saved[chosen.key]
    return Reply(DONE, text if not text or text.endswith("\n") else f"{text}\n")


async def _set(request: _Request) -> Reply:
    # What follows the one space behind KEY is the value as it stands, quotes and spaces and all.
    key, given, value = request.arguments.lstrip(" ").partition(" ")
    chosen = _parameter(key)
    if not given:
        value = await _value_from_input(request, chosen.key)
    accepted = await request.unit.save(chosen.key, value, request.by)
    warnings = [f"warning: {chosen.key}: {warning}" for warning in accepted.warnings]
    return Reply(DONE, _outcome(request.unit, chosen.key, "saved"), _lines(warnings))


async def _clear(request: _Request) -> Reply:
    chosen = _only_parameter(request)
    await request.unit.clear(chosen.key, request.by)
    return Reply(DONE, _outcome(request.unit, chosen.key, "cleared"))


async def _activate(request: _Request) -> Reply:
    _expect_nothing(request)
    await request.unit.activate(request.by)
    return Reply(DONE, "activated: the saved configuration is in service\n")


async def _status(request: _Request) -> Reply:
    status = request.unit.status()
    if _wants_json(request):
        return Reply(DONE, _json(status.as_json_dict()))
    return Reply(DONE, status_text(status))


COMMANDS = {
    each.name: each
    for each in (
        Command("help", "help", "lists these commands", _help),
        Command("show", "show [--json]", "the parameters: state, saved and active values", _show),
        Command("get", "get KEY", "the saved value of one parameter, as it is", _get),
        Command(
            "set",
            "set KEY [VALUE]",
            "checks and saves a value; without VALUE takes it from standard input",
            _set,
        ),
        Command("clear", "clear KEY", "empties the saved value", _clear),
        Command("activate", "activate", "puts the saved values into service", _activate),
        Command("status", "status [--json]", "radio, cache, broker and configuration", _status),
    )
}


def _expect_nothing(request: _Request) -> None:
    for word in request.arguments.split():
        raise _UsageError(f"does not take “{_echo(word)}”")


def _wants_json(request: _Request) -> bool:
    words = request.arguments.split()
    if words in ([], ["--json"]):
        return bool(words)
    raise _UsageError(f"does not take “{_echo(' '.join(words))}”")


def _only_parameter(request: _Request) -> Parameter:
    words = request.arguments.split()
    if len(words) > 1:
        raise _UsageError("takes one KEY and nothing more")
    return _parameter("".join(words))


def _parameter(key: str) -> Parameter:
    if not key:
        raise _UsageError("KEY is missing")
    try:
        return parameter(key)
    except Refused as error:
        raise Refused(f"{error.reason} (see show)", _echo(key)) from error


async def _value_from_input(request: _Request, key: str) -> str:
    try:
        data = await request.read_input()
    except InputError as error:
        raise InputError(f"{key}: {error}", error.status) from error
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start + 1}): give text; a certificate or key as PEM"
        raise Refused(reason, key) from error
    # `echo` and every editor end a line that is not meant to be part of the value.
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _outcome(unit: "Unit", key: str, done: str) -> str:
    waiting = key in unit.pending
    return f"{key}: {done}{', in service after activate' if waiting else ''}\n"


def _json(values: object) -> str:
    return f"{json.dumps(values)}\n"


def _lines(items: Iterable[object]) -> str:
    return "".join(f"{printable(str(item))}\n" for item in items)


def _echo(word: str) -> str:
    return printable(word[:LONGEST_ECHO])
