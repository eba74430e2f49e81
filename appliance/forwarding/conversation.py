"""One connection to the broker after the other: what each is for, and what its end tells.

`delivery` sends what there is to send, `suspicion` learns from what was outstanding when the
connection was lost, `eviction` from who ended it and when, `hang_ups` from what came before.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable

from appliance.forwarding.broker_session import BrokerError, BrokerSession, all_message_ids
from appliance.forwarding.certificate_fault import shown
from appliance.forwarding.delivery import Delivery
from appliance.forwarding.eviction import SILENCE_S, Eviction
from appliance.forwarding.hang_ups import HangUps
from appliance.forwarding.refusal_lines import hang_up_line
from appliance.forwarding.suspicion import Suspicion
from appliance.parameters.configuration import Configuration


class EvictedError(BrokerError):
    """Another client seems to have this one's client ID: to leave it the broker for a while."""


class Conversation:
    """With the broker of `configuration`; `wake` is set by whatever may be a reason to look."""

    def __init__(
        self,
        configuration: Configuration,
        context: ssl.SSLContext,
        delivery: Delivery,
        suspicion: Suspicion,
        eviction: Eviction,
        wake: asyncio.Event,
        clock_is_wrong: Callable[[], bool],
    ) -> None:
        self._configuration = configuration
        self._context = context
        self._delivery = delivery
        self._suspicion = suspicion
        self._eviction = eviction
        self._wake = wake
        self._clock_is_wrong = clock_is_wrong
        self._hang_ups = HangUps()
        self._message_ids = all_message_ids()
        self._finishing = False

    def finish(self) -> None:
        """Ends the connection once what is on its way is acknowledged."""
        self._finishing = True
        self._delivery.finish()

    def lasts(self) -> None:
        """The connection has lasted long enough for a success."""
        self._hang_ups.over()

    @property
    def findings(self) -> tuple[str, ...]:
        """What is known of connections that end, and somebody has to mend; one line each."""
        topic = self._hang_ups.topic
        return tuple(filter(None, (self._dispute, topic and hang_up_line(topic))))

    @property
    def _dispute(self) -> str | None:
        if not self._eviction.suspected:
            return None
        return (
            "another client seems to use the MQTT Client ID "
            f"“{shown(self._configuration.client_id)}” at this broker: give each unit its own "
            "(empty: the serial number)"
        )

    async def hold(
        self, on_connected: Callable[[BrokerSession], None], *, frames_waiting: bool
    ) -> None:
        """One connection, until it has served its purpose. Raises BrokerError where it is lost."""
        session = BrokerSession(
            self._configuration,
            self._context,
            self._wake.set,
            self._message_ids,
            clock_is_wrong=self._clock_is_wrong(),
        )
        silent = self._eviction.to_be_silent
        greet = not silent and self._suspicion.greet(self._now(), frames_waiting=frames_waiting)
        try:
            await self._open(session, greet=greet)
            on_connected(session)
            await (self._keep_silent(session) if silent else self._deliver(session))
        finally:
            await session.close()

    async def _open(self, session: BrokerSession, *, greet: bool) -> None:
        try:
            await session.open(greet=greet)
        except BrokerError:
            self._eviction.refused()
            raise

    async def _deliver(self, session: BrokerSession) -> None:
        opened_at = self._now()
        outstanding = await self._delivery.through(session)
        if not session.lost:
            return
        if session.silent:
            self._eviction.refused()
        elif session.hung_up and not self._suspicion.careful:
            self._eviction.hung_up(session.lost_at - opened_at)
        self._suspicion.lost(outstanding, session.lost_at, silent=session.silent)
        last = self._delivery.last_puback
        if not session.hung_up:
            self._hang_ups.over()
        elif last and not outstanding:
            self._hang_ups.hung_up(last.topic, session.lost_at - last.first_at)
        if session.hung_up and self._dispute:
            raise EvictedError(self._dispute)
        if self._hang_ups.topic:
            raise BrokerError(hang_up_line(self._hang_ups.topic))
        raise BrokerError(session.lost)

    async def _keep_silent(self, session: BrokerSession) -> None:
        """Sends nothing, to see whether the far end ends the connection all the same."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SILENCE_S):
                while not session.lost and not self._finishing:
                    self._wake.clear()
                    await self._wake.wait()
        if not session.lost:
            self._eviction.silence_passed()
            self._hang_ups.silence_passed()
            return
        self._hang_ups.over()
        if session.hung_up:
            self._eviction.silence_ended()
        if self._dispute:
            raise EvictedError(self._dispute)
        raise BrokerError(session.lost)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
