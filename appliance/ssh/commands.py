"""Owns the commands a script or a technician gives instead of opening the screen.

Every command is declared once, in COMMANDS: help and dispatch walk that table. A command takes
the unit, its arguments and its standard input, and gives back a `Reply`; of SSH it knows nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.errors import ConcentratorError
from appliance.parameters.refusal import ConfigurationRefused, Refused
from appliance.ssh.activation_commands import activate, check, compare, history, rollback
from appliance.ssh.login import Login
from appliance.ssh.parameter_commands import (
    clear_value,
    export_values,
    get_value,
    import_values,
    set_value,
    show_values,
)
from appliance.ssh.reports import guidance_text
from appliance.ssh.request import (
    DONE,
    FAILED,
    WRONG_USAGE,
    InputError,
    Reply,
    Request,
    UsageError,
    echo,
    lines,
)
from appliance.ssh.unit_commands import change_password, journal, quarantine, receipt, status

if TYPE_CHECKING:
    from appliance.unit import Unit

HINT = "help KEY tells what a parameter means and where to find its value; show lists the keys"


@dataclass(frozen=True, slots=True)
class Command:
    """One command: how it is called, what help says of it, and what does it."""

    usage: str
    summary: str
    handler: Callable[[Request], Awaitable[Reply]]

    @property
    def name(self) -> str:
        """The word it is called by."""
        return self.usage.partition(" ")[0]


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
        return Reply(WRONG_USAGE, errors=f"unknown command “{echo(name)}”: try help\n")
    try:
        return await command.handler(Request(unit, login, arguments, read_input, by))
    except UsageError as error:
        return Reply(WRONG_USAGE, errors=f"{name}: {error}; usage: {command.usage}\n")
    except InputError as error:
        return Reply(error.status, errors=f"{error}\n")
    except ConfigurationRefused as error:
        return Reply(FAILED, errors=lines(error.problems))
    except (Refused, ConcentratorError) as error:
        return Reply(FAILED, errors=lines([error]))


async def _help(request: Request) -> Reply:
    if not request.words:
        return Reply(DONE, lines([*_listed(*COMMANDS.values()), HINT]))
    if (word := request.arguments.strip()) in COMMANDS:
        return Reply(DONE, lines(_listed(COMMANDS[word])))
    return Reply(DONE, guidance_text(request.only_parameter()))


def _listed(*commands: Command) -> list[str]:
    width = max(len(each.usage) for each in commands)
    return [f"{each.usage:{width}}  {each.summary}" for each in commands]


COMMANDS = {
    each.name: each
    for each in (
        Command("help [KEY]", "lists these commands; explains a parameter", _help),
        Command("show [--json]", "the parameters: state, saved and active values", show_values),
        Command("get KEY", "the saved value of one parameter, as it is", get_value),
        Command(
            "set KEY [VALUE]",
            "checks and saves a value; without VALUE takes it from standard input",
            set_value,
        ),
        Command("clear KEY", "empties the saved value", clear_value),
        Command(
            "check [--json]",
            "tries the saved configuration against its broker, without putting it into service",
            check,
        ),
        Command(
            "activate [--no-check]",
            "puts the saved values into service, once their broker has confirmed them",
            activate,
        ),
        Command("compare", "saved against active values, line by line", compare),
        Command("history", "the last activations, newest first", history),
        Command(
            "rollback [N]",
            "saves the values of activation N of history again; the one before without N",
            rollback,
        ),
        Command("export", "the saved configuration as TOML, without secrets", export_values),
        Command("import", "saves a configuration from standard input", import_values),
        Command("passwd", "changes the password; old and new on standard input", change_password),
        Command("status [--json]", "radio, cache, broker and configuration", status),
        Command(
            "quarantine [release]",
            "frames that the broker would not take, set aside; release sends them again",
            quarantine,
        ),
        Command("receipt", "one page to hand over: settings, delivery, reception", receipt),
        Command("log [N]", "the last N entries of what the unit did; 100 without N", journal),
    )
}
