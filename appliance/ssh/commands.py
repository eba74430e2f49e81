"""Owns the commands a script or a technician gives instead of opening the screen.

Every command is declared once, in COMMANDS: help and dispatch walk that table. A command takes
the unit, its arguments and its standard input, and gives back a `Reply`; of SSH it knows nothing.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from appliance.activation import RehearsalFailedError
from appliance.errors import ConcentratorError
from appliance.parameters.catalogue import Kind, Parameter, parameter
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.parameters.store import Activation
from appliance.parameters.transfer import export_toml, import_toml
from appliance.ssh.login import Login
from appliance.ssh.plain_text import parameter_states, parameters_table, printable, status_text
from appliance.ssh.reports import check_json, check_text, comparison, history_text, passed
from appliance.status import Step

if TYPE_CHECKING:
    from appliance.unit import Unit

DONE, FAILED, WRONG_USAGE = 0, 1, 2
SHORTEST_PASSWORD = 8  # characters; the label's has 15
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
    login: Login
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
    unit: "Unit", login: Login, line: str, read_input: Callable[[], Awaitable[bytes]], by: str
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
        return await command.handler(_Request(unit, login, arguments, read_input, by))
    except _UsageError as error:
        return Reply(WRONG_USAGE, errors=f"{name}: {error}; usage: {command.usage}\n")
    except InputError as error:
        return Reply(error.status, errors=f"{error}\n")
    except ConfigurationRefused as error:
        return Reply(FAILED, errors=_lines(error.problems))
    except (Refused, ConcentratorError) as error:
        return Reply(FAILED, errors=_lines([error]))


async def _help(request: _Request) -> Reply:
    _expect_nothing(request)
    width = max(len(each.usage) for each in COMMANDS.values())
    return Reply(
        DONE, "".join(f"{each.usage:{width}}  {each.summary}\n" for each in COMMANDS.values())
    )


async def _show(request: _Request) -> Reply:
    if _wants(request, "--json"):
        return Reply(DONE, _json(parameter_states(request.unit)))
    # Certificates are read for it: not on the event loop.
    return Reply(DONE, await asyncio.to_thread(parameters_table, request.unit))


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
    notes = [f"warning: {chosen.key}: {warning}" for warning in accepted.warnings]
    notes += [
        f"the text also holds a value for {key}: set {key} from it too" for key in accepted.also
    ]
    return Reply(DONE, _outcome(request.unit, chosen.key, "saved"), _lines(notes))


async def _clear(request: _Request) -> Reply:
    chosen = _only_parameter(request)
    await request.unit.clear(chosen.key, request.by)
    return Reply(DONE, _outcome(request.unit, chosen.key, "cleared"))


async def _check(request: _Request) -> Reply:
    as_json = _wants(request, "--json")
    findings = await request.unit.review()
    steps: list[Step] = []
    if passed(findings, steps):
        steps = [step async for step in request.unit.rehearse()]
    report = check_json(findings, steps) if as_json else check_text(findings, steps)
    return Reply(DONE if passed(findings, steps) else FAILED, report)


async def _activate(request: _Request) -> Reply:
    unit = request.unit
    steps: list[Step] = []
    check = not _wants(request, "--no-check")
    try:
        trial = await unit.activate(request.by, check=check, on_step=steps.append)
    except RehearsalFailedError as error:
        advice = "nothing was changed; activate --no-check puts it into service all the same"
        return Reply(FAILED, check_text((), steps), _lines([f"not activated: {error}", advice]))
    warnings = [str(each) for each in await unit.review() if each.severity == "warning"]
    notes = _lines(f"warning: {each}" for each in warnings)
    if trial is None:
        confirmed = "confirmed by the broker" if check else "without a check"
        return Reply(DONE, f"{check_text((), steps)}activated, {confirmed}\n", notes)
    if trial.earlier:
        await unit.go_back("as a command does")
        outcome = "not confirmed, the earlier configuration serves again"
    else:
        await unit.keep("the unit, having nothing to go back to")
        outcome = "not confirmed, but in service: there is no earlier configuration to go back to"
    return Reply(FAILED, check_text((), steps), _lines([f"{outcome}: {trial.reason}"]))


async def _compare(request: _Request) -> Reply:
    _expect_nothing(request)
    return Reply(DONE, comparison(request.unit))


async def _history(request: _Request) -> Reply:
    _expect_nothing(request)
    return Reply(DONE, history_text(request.unit))


async def _rollback(request: _Request) -> Reply:
    chosen = _earlier(request)
    await request.unit.save_all(chosen.values, request.by)
    at = f"{datetime.fromtimestamp(chosen.at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Reply(DONE, f"saved: the configuration of {at}, in service after activate\n")


async def _export(request: _Request) -> Reply:
    _expect_nothing(request)
    return Reply(DONE, export_toml(request.unit.saved))


async def _import(request: _Request) -> Reply:
    _expect_nothing(request)
    texts = import_toml(_decoded(await request.read_input(), None))
    warnings = await request.unit.save_all(texts, request.by)
    return Reply(
        DONE,
        f"saved: {', '.join(texts)}; in service after activate\n",
        _lines(f"warning: {each}" for each in warnings),
    )


async def _passwd(request: _Request) -> Reply:
    _expect_nothing(request)
    lines = _decoded(await request.read_input(), None).splitlines()
    if len(lines) != 2 or not lines[1]:
        raise _UsageError("takes the old and the new password on standard input, one line each")
    if not await request.login.verify(lines[0]):
        raise Refused("the old password is wrong: nothing was changed")
    if len(lines[1].strip()) < SHORTEST_PASSWORD:
        raise Refused(f"the new password needs {SHORTEST_PASSWORD} characters: nothing was changed")
    await request.login.change(lines[1])
    return Reply(DONE, "password changed: note it, the label on the case says the old one\n")


async def _status(request: _Request) -> Reply:
    status = request.unit.status()
    if _wants(request, "--json"):
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
        Command(
            "check",
            "check [--json]",
            "tries the saved configuration against its broker, without putting it into service",
            _check,
        ),
        Command(
            "activate",
            "activate [--no-check]",
            "puts the saved values into service, once their broker has confirmed them",
            _activate,
        ),
        Command("compare", "compare", "saved against active values, line by line", _compare),
        Command("history", "history", "the last activations, newest first", _history),
        Command(
            "rollback",
            "rollback [N]",
            "saves the values of activation N of history again; the one before without N",
            _rollback,
        ),
        Command("export", "export", "the saved configuration as TOML, without secrets", _export),
        Command("import", "import", "saves a configuration from standard input", _import),
        Command("passwd", "passwd", "changes the password; old and new on standard input", _passwd),
        Command("status", "status [--json]", "radio, cache, broker and configuration", _status),
    )
}


def _expect_nothing(request: _Request) -> None:
    for word in request.arguments.split():
        raise _UsageError(f"does not take “{_echo(word)}”")


def _wants(request: _Request, option: str) -> bool:
    words = request.arguments.split()
    if words in ([], [option]):
        return bool(words)
    raise _UsageError(f"does not take “{_echo(' '.join(words))}”")


def _earlier(request: _Request) -> Activation:
    """The activation named by its number, or the last one in service with other values."""
    activations, active = request.unit.activations, request.unit.active
    words = request.arguments.split()
    if len(words) > 1 or not all(word.isdecimal() for word in words):
        raise _UsageError("takes the number of an activation, see history")
    if words:
        number = int(words[0])
        if 1 <= number <= len(activations):
            return activations[number - 1]
        raise Refused(f"there is no activation {number}: see history")
    for each in activations:
        if each.in_service and each.values != active:
            return each
    raise Refused("there is no earlier configuration to bring back: see history")


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
    text = _decoded(data, key)
    # `echo` and every editor end a line that is not meant to be part of the value.
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _decoded(data: bytes, key: str | None) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        if key and parameter(key).kind is Kind.PEM:
            return data.decode("latin-1")  # DER, PKCS#12 and the like: the rule names them
        reason = f"not UTF-8 text (byte {error.start + 1}): give text; a certificate or key as PEM"
        raise Refused(reason, key) from error


def _outcome(unit: "Unit", key: str, done: str) -> str:
    waiting = key in unit.pending
    return f"{key}: {done}{', in service after activate' if waiting else ''}\n"


def _json(values: object) -> str:
    return f"{json.dumps(values)}\n"


def _lines(items: Iterable[object]) -> str:
    return "".join(f"{printable(str(item))}\n" for item in items)


def _echo(word: str) -> str:
    return printable(word[:LONGEST_ECHO])
