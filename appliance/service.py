"""A unit in service: the engine, the SSH door in front of it, and the signals that end both."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator
from typing import Any

from appliance.errors import ConcentratorError
from appliance.provisioning import credentials_path
from appliance.settings import Settings
from appliance.ssh import host_key
from appliance.ssh.login import Login
from appliance.ssh.server import SshServer
from appliance.ssh.session import Screen
from appliance.state_dir import sole_user
from appliance.tasks import PART_FAILED
from appliance.unit import Unit

log = logging.getLogger(__name__)


class ServiceError(ConcentratorError):
    """One line: why the unit cannot serve, or had to stop."""


@contextlib.asynccontextmanager
async def serving(settings: Settings, screen: Screen) -> AsyncIterator[tuple[Unit, SshServer]]:
    """A provisioned unit that runs and can be logged in to, stopped cleanly on the way out.

    Raises ConcentratorError: the state directory, credentials, host key, cache or port.
    """
    with sole_user(settings.unit.state_dir):
        login = await asyncio.to_thread(Login.load, credentials_path(settings))
        key = await asyncio.to_thread(host_key.load_or_create, settings.ssh.host_key_dir)
        unit = Unit(settings, _serial_number(settings, login), host_key_fingerprint=key.fingerprint)
        server = SshServer(settings.ssh, key, login, unit, screen)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(unit.stop)
            try:
                await unit.start()
                stack.push_async_callback(server.stop)
                await server.start()
            except ConcentratorError as error:
                log.error("the unit cannot serve: %s", error)  # for the journal
                raise
            yield unit, server


def end_of_service() -> asyncio.Future[None]:
    """Done at SIGTERM or SIGINT; with a ServiceError when a part of the unit has failed.

    To be called before the unit is started, so that no signal ends it uncleanly.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        if not ended.done():
            ended.set_result(None)

    def fail(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)  # the log, with its traceback
        if PART_FAILED in context and not ended.done():
            message = f"{context['message']} ({context['exception']!r})"
            log.error("%s: the unit stops, to be started afresh", message)
            ended.set_exception(ServiceError(f"{message}: see the log; start the unit afresh"))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.set_exception_handler(fail)
    return ended


def _serial_number(settings: Settings, login: Login) -> str:
    """The label's serial number: what `provision` recorded, otherwise the settings'."""
    recorded, stated = login.serial_number, settings.unit.serial_number
    if recorded and "unit.serial_number" in settings.stated and stated != recorded:
        log.warning(
            "the label says serial number %s, [unit] serial_number says %s: the label holds; "
            "correct the settings, or provision with --force",
            recorded, stated,
        )  # fmt: skip
    return recorded or stated
