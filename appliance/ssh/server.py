"""Owns the SSH server: where it listens, how its sessions run, and how all of it is stopped.

Algorithms are pinned to those ssh-audit finds no fault with; OpenSSH 9 and PuTTY 0.78 have them.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Collection
from typing import TYPE_CHECKING

import asyncssh

from appliance.errors import ConcentratorError
from appliance.settings import SshSettings
from appliance.ssh.channel import Channel
from appliance.ssh.connection import Connection, Connections
from appliance.ssh.host_key import HostKey
from appliance.ssh.login import Login
from appliance.ssh.session import Screen, serve

if TYPE_CHECKING:
    from appliance.unit import Unit

KEX = ("mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org")
CIPHERS = (
    "aes256-gcm@openssh.com",
    "aes128-gcm@openssh.com",
    "aes256-ctr",
    "aes192-ctr",
    "aes128-ctr",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
VERSION = "concentrator"  # instead of the library's name and number
LOGIN_TIMEOUT_S = 30
KEEPALIVE_S, KEEPALIVES_MISSED = 30, 3
WINDOW = 128 * 1024  # bytes a client may send ahead on a channel; the library allows 2 MB
STOP_S = 2.0  # for sessions to end, and then for connections to close

_log = logging.getLogger(__name__)


class SshError(ConcentratorError):
    """The server cannot listen; one line that names the settings key."""


class SshServer:
    """Serves technicians on `[ssh] host` and `port`: the screen, or single commands."""

    def __init__(
        self,
        settings: SshSettings,
        host_key: HostKey,
        login: Login,
        unit: "Unit",
        screen: Screen,
    ) -> None:
        self._settings = settings
        self._host_key = host_key
        self._login = login
        self._unit = unit
        self._screen = screen
        self._connections = Connections()
        self._sessions: dict[asyncio.Task[None], Channel] = {}
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def port(self) -> int:
        """The port listened on; `[ssh] port` unless that is 0."""
        return self._settings.port if self._acceptor is None else self._acceptor.get_port()

    async def start(self) -> None:
        """Listen; raises SshError."""
        # Below this the library logs every command, and with `set` the value in it.
        asyncssh.set_log_level(logging.WARNING)
        try:
            self._acceptor = await self._listen()
        except (OSError, ValueError) as error:  # ValueError: a host that cannot be a name
            raise SshError(_explain(error, self._settings)) from error
        _log.info("technicians can log in: SSH on %s port %d", self._settings.host, self.port)

    async def stop(self) -> None:
        """End every session and connection and stop listening, within a few seconds."""
        if self._acceptor is None:
            return
        self._acceptor.close()
        for channel in self._sessions.values():
            channel.hang_up()
        await _finish(self._sessions)
        connections = [*self._connections.waiting, *self._connections.logged_in]
        await _finish([asyncio.create_task(each.close(), name="ssh close") for each in connections])
        await _finish(self._sessions)  # any that was opened meanwhile
        self._acceptor = None

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            self._settings.host,
            self._settings.port,
            server_factory=lambda: Connection(self._login, self._connections, self._start_session),
            server_host_keys=[self._host_key.private],
            server_version=VERSION,
            kex_algs=KEX,
            encryption_algs=CIPHERS,
            mac_algs=MACS,
            compression_algs=("none",),
            password_auth=True,
            kbdint_auth=True,
            public_key_auth=False,
            host_based_auth=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            encoding=None,
            line_editor=False,
            window=WINDOW,
            login_timeout=LOGIN_TIMEOUT_S,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=KEEPALIVES_MISSED,
        )

    def _start_session(self, channel: Channel) -> None:
        session = asyncio.create_task(
            serve(channel, self._unit, self._login, self._screen, self._settings.idle_timeout),
            name=f"ssh session {channel.peer}",
        )
        self._sessions[session] = channel
        session.add_done_callback(self._sessions.pop)


async def _finish(tasks: Collection[asyncio.Task[None]]) -> None:
    """Wait STOP_S for the tasks, cancel what is left, and wait for that."""
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=STOP_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _explain(error: Exception, settings: SshSettings) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"[ssh] port {settings.port} is in use: choose another, or stop what listens there"
    if number == errno.EACCES:
        return f"[ssh] port {settings.port} is reserved for root: choose one from 1024 up"
    reason = f" ({os.strerror(number)})" if number and number > 0 else ""
    advice = "give an address of this unit, or 0.0.0.0 for all of them"
    return f"[ssh] host {settings.host} cannot be listened on{reason}: {advice}"
