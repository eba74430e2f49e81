"""Owns one session from its start to its exit status: the screen, or a single command.

This is the edge of a session: whatever crashes in a screen or a command is logged, ends this
session with an apology, and touches no other.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from appliance.plain_text import printable
from appliance.ssh import commands
from appliance.ssh.channel import Channel
from appliance.ssh.login import Login
from appliance.ssh.request import DONE, FAILED, WRONG_USAGE, InputError
from appliance.ssh.terminal import Terminal

if TYPE_CHECKING:
    from appliance.unit import Unit

# Of a screen: the unit, the technician's terminal, the idle timeout in seconds (0 = never).
Screen = Callable[["Unit", Terminal, float], Awaitable[None]]

USER = "tech"
# No value is longer than 65,535 bytes; a chain of certificates with its comments fits with ease.
MAX_INPUT = 256 * 1024  # bytes
NO_SHELL = (
    "this unit has no shell: log in from a terminal for the screen, or give a command; "
    f"try: ssh {USER}@unit help\n"
)
APOLOGY = "sorry, something failed inside the unit and its log says what; please log in again\n"

_log = logging.getLogger(__name__)


async def serve(
    channel: Channel, unit: "Unit", login: Login, screen: Screen, idle_timeout: float
) -> None:
    """Give the client what it asked for and close the channel with the exit status."""
    try:
        status = await _run(channel, unit, login, screen, idle_timeout)
    except Exception:  # noqa: BLE001 - the edge of a session: it alone ends
        _log.exception("a session from %s crashed", channel.peer)
        if channel.term is not None:
            Terminal(channel).restore()
        _write(channel, APOLOGY, to_errors=True)
        status = FAILED
    await channel.exit(status)


async def _run(
    channel: Channel, unit: "Unit", login: Login, screen: Screen, idle_timeout: float
) -> int:
    if channel.command is not None:
        return await _run_command(channel, channel.command, unit, login)
    if channel.term is None:
        _write(channel, NO_SHELL, to_errors=True)
        return WRONG_USAGE
    await screen(unit, Terminal(channel), idle_timeout)
    return DONE


async def _run_command(channel: Channel, line: str, unit: "Unit", login: Login) -> int:
    async def read_input() -> bytes:
        return await _read_input(channel)

    by = f"{USER} from {channel.peer}"
    reply = await commands.run(unit, login, line, read_input, by)
    _write(channel, reply.output)
    _write(channel, reply.errors, to_errors=True)
    await channel.drain()
    return reply.status


async def _read_input(channel: Channel) -> bytes:
    if channel.term is not None:
        # A terminal in raw mode shows nothing typed and has no end of file.
        advice = f"write it behind the key, or leave out -t and pipe it: ssh {USER}@unit … < file"
        raise InputError(f"no value given: {advice}", WRONG_USAGE)
    data = bytearray()
    while (event := await channel.next_event()) is not None:
        data += event if isinstance(event, bytes) else b""
        if len(data) > MAX_INPUT:
            raise InputError(f"standard input is longer than {MAX_INPUT:,} bytes")
    if not channel.input_complete:
        # Half a value is never saved.
        raise InputError("the connection ended before the value did")
    return bytes(data)


def _write(channel: Channel, text: str, *, to_errors: bool = False) -> None:
    if channel.term is not None:
        # The client's terminal is in raw mode: it neither returns the carriage nor is it a file.
        text = printable(text, keep="\n\t").replace("\n", "\r\n")
    channel.write(text.encode(), to_errors=to_errors)
