"""Owns who may come in: one user, a few attempts a connection, a bounded number of connections.

The library below limits none of these. An attempt is counted before anything is awaited: a client
that pipelines its requests cancels the one under way, and must not have it for free.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import asyncssh

from appliance.plain_text import printable
from appliance.ssh.channel import Channel
from appliance.ssh.door_log import DoorLog
from appliance.ssh.login import Login
from appliance.ssh.session import USER

MAX_ATTEMPTS = 6  # a connection, as OpenSSH's MaxAuthTries
MAX_WAITING = 20  # connections that have not logged in
MAX_LOGGED_IN = 10
MAX_CHANNELS = 8  # sessions a connection
LONGEST_NAME = 32  # characters of a user name repeated in the log


class Connections:
    """Who is connected, in order of arrival."""

    def __init__(self) -> None:
        self.door = DoorLog(USER)
        self.waiting: list[Connection] = []
        self.logged_in: list[Connection] = []

    def admit(self, connection: "Connection") -> None:
        """Take a new connection in; where there are too many, a waiting one makes room.

        It is the oldest of the address that has the most, so that an address which opens
        connections by the dozen locks out itself and not the technician.
        """
        self.waiting.append(connection)
        if len(self.waiting) > MAX_WAITING:
            crowd = Counter(each.peer for each in self.waiting).most_common(1)[0][0]
            oldest = next(each for each in self.waiting if each.peer == crowd)
            self.waiting.remove(oldest)
            oldest.abort()

    def promote(self, connection: "Connection") -> None:
        """Move a connection to those logged in."""
        self.waiting.remove(connection)
        self.logged_in.append(connection)

    def forget(self, connection: "Connection") -> None:
        """The connection is gone."""
        for each in (self.waiting, self.logged_in):
            if connection in each:
                each.remove(connection)


class Connection(asyncssh.SSHServer):
    """One client's connection: logs the user in, then opens session channels and nothing else.

    Forwarding of every kind is refused: the library does so unless a method here allows it.
    """

    def __init__(
        self, login: Login, connections: Connections, on_start: Callable[[Channel], None]
    ) -> None:
        self.peer = "an unknown address"
        self._login = login
        self._connections = connections
        self._on_start = on_start
        self._attempts = 0
        self._channels = 0
        self._screen_since: float | None = None  # monotonic: its first one

    def abort(self) -> None:
        """Cut the connection at once."""
        self._connection.abort()

    async def close(self) -> None:
        """Say goodbye, and wait until the connection is gone."""
        self._connection.close()
        await self._connection.wait_closed()

    # What the library calls.

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """A client has connected; it has the login timeout to prove who it is."""
        self._connection = conn
        name: Any = conn.get_extra_info("peername")
        if name:
            self.peer = printable(str(name[0]))
        self._connections.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._connections.forget(self)
        if self._screen_since is not None:
            seconds = time.monotonic() - self._screen_since
            self._connections.door.screen_closed(self.peer, seconds, lost=exc is not None)

    def begin_auth(self, username: str) -> bool:
        """Say that a login is needed, whoever it is: False would let the client in."""
        return True

    def password_auth_supported(self) -> bool:
        """RFC 4252, section 8."""
        return True

    def kbdint_auth_supported(self) -> bool:
        """RFC 4256."""
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        """Say whether the client is the technician."""
        self._count_attempt()
        return await self._validate(username, password)

    def get_kbdint_challenge(
        self,
        username: str,
        lang: str,
        submethods: str,
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        """One prompt, not echoed."""
        return "", "", "", [("Password: ", False)]

    async def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        """Say whether the one answer is the password."""
        self._count_attempt()
        return await self._validate(username, responses[0] if len(responses) == 1 else "")

    def auth_completed(self) -> None:
        """The password was right, and there is room."""
        self._connections.promote(self)

    def session_requested(self) -> Channel | bool:
        """Open a session channel, unless there are too many."""
        if self._channels >= MAX_CHANNELS:
            return False
        self._channels += 1
        return Channel(self.peer, self._start, self._channel_closed)

    def _start(self, channel: Channel) -> None:
        if channel.command is not None or channel.term is None:
            self._connections.door.command_given(self.peer)
        elif self._screen_since is None:
            self._screen_since = time.monotonic()
            self._connections.door.screen_opened(self.peer)
        self._on_start(channel)

    def _channel_closed(self) -> None:
        self._channels -= 1

    def _count_attempt(self) -> None:
        self._attempts += 1
        if self._attempts > MAX_ATTEMPTS:
            self._refuse_for_good()

    async def _validate(self, username: str, password: str) -> bool:
        # The password is hashed for an unknown user too: the time taken tells nobody who exists.
        if await self._login.verify(password) and username == USER:
            self._refuse_one_too_many()
            return True
        name = printable(username[:LONGEST_NAME])
        self._connections.door.refused(self.peer, f"user “{name}”, wrong name or password")
        if self._attempts >= MAX_ATTEMPTS:
            self._refuse_for_good()
        return False

    def _refuse_one_too_many(self) -> None:
        if len(self._connections.logged_in) >= MAX_LOGGED_IN:
            full = f"{MAX_LOGGED_IN} connections are logged in already, end one of them"
            self._connections.door.refused(self.peer, full)
            raise asyncssh.DisconnectError(
                asyncssh.DISC_TOO_MANY_CONNECTIONS,
                f"{MAX_LOGGED_IN} connections are logged in already: end one of them first",
            )

    def _refuse_for_good(self) -> None:
        raise asyncssh.DisconnectError(
            asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE,
            f"{MAX_ATTEMPTS} wrong passwords: connect again",
        )
