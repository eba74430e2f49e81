"""Owns what the log says of those at the door: who came, who left, who was turned away.

A script that asks for `status` every minute, or a stranger who tries passwords all night, must not
push out of the log what a technician looks for. So of these each address is told of once an hour,
and no more than a few addresses; a technician at the screen is always told of.
"""

import logging
import time

from appliance.duration import spelled

TOLD_EVERY_S = 3600.0
MOST_ADDRESSES = 10  # told of within that time

_log = logging.getLogger(__name__)


class DoorLog:
    """The log of one server's door; `peer` is a client's address, `user` a name it claims."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._commands = _Seldom()
        self._refusals = _Seldom()

    def screen_opened(self, peer: str) -> None:
        """Somebody is at the screen."""
        _log.info("%s logged in from %s", self._user, peer)

    def command_given(self, peer: str) -> None:
        """Somebody, most likely a script, gave a command."""
        untold = self._commands.untold(peer)
        level = logging.DEBUG if untold is None else logging.INFO
        _log.log(level, "%s logged in from %s to give commands", self._user, peer)

    def screen_closed(self, peer: str, seconds: float, *, lost: bool) -> None:
        """Whoever was at the screen for so long has gone; `lost`: without saying so."""
        how = "was cut off" if lost else "logged out"
        _log.info("%s from %s %s after %s", self._user, peer, how, spelled(seconds))

    def refused(self, peer: str, why: str) -> None:
        """Somebody was not let in."""
        untold = self._refusals.untold(peer)
        level = logging.DEBUG if untold is None else logging.WARNING
        more = f"; {untold} more refused before it" if untold else ""
        _log.log(level, "login refused from %s: %s%s", peer, why, more)


class _Seldom:
    """Who was told of lately, and how many times somebody was not."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}  # when, on the monotonic clock, by address
        self._untold = 0

    def untold(self, peer: str) -> int | None:
        """How many were not told of since the last that was; None: this one is not to be told."""
        now = time.monotonic()
        self._told = {address: at for address, at in self._told.items() if now - at < TOLD_EVERY_S}
        if peer in self._told or len(self._told) >= MOST_ADDRESSES:
            self._untold += 1
            return None
        self._told[peer] = now
        untold, self._untold = self._untold, 0
        return untold
