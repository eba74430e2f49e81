"""Tries a configuration against its broker without putting it into service.

One step after the other, as the forwarder takes them: clock, name, TCP, TLS, MQTT. CONNECT is
followed by DISCONNECT; nothing is published, and so no Last Will either. The whole ends within
`Bounds.worst_s` whatever the network does, and never blocks the event loop.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from appliance.forwarding.broker_session import DISCONNECT_TIMEOUT_S, BrokerError, BrokerSession
from appliance.forwarding.certificate_fault import shown, summary
from appliance.forwarding.second_look import LOOK_TIMEOUT_S
from appliance.forwarding.tls_fault import Given
from appliance.forwarding.tls_link import LinkError, Lookup, connect, no_dns, resolve, secure
from appliance.parameters.configuration import Configuration
from appliance.status import Step, StepName, Verdict
from appliance.threads import on_own_thread

_ADDRESSES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Bounds:
    """The longest that each wait may take, in seconds."""

    name_s: float = 8.0  # a resolver asks the second server after 5 s
    tcp_s: float = 5.0  # room for two lost SYNs
    tls_s: float = 5.0
    look_s: float = LOOK_TIMEOUT_S  # only where TLS failed, and then the last one
    connack_s: float = 8.0  # some brokers look the user up first

    @property
    def worst_s(self) -> float:
        """The longest that all of it may take."""
        last = max(self.look_s, self.connack_s + DISCONNECT_TIMEOUT_S)
        return self.name_s + self.tcp_s + self.tls_s + last


async def rehearse(
    configuration: Configuration,
    context: ssl.SSLContext,
    *,
    clock_fault: Callable[[], str | None],
    skip_mqtt: str | None = None,
    bounds: Bounds = Bounds(),
    lookup: Lookup = socket.getaddrinfo,
) -> AsyncGenerator[Step, None]:
    """Each step as it is done; the first one that failed is the last.

    `context` is the TLS client context of `configuration`; `clock_fault` says what is wrong with
    this unit's clock; `skip_mqtt` is the reason for not trying CONNECT. When cancelled, a step
    that is on a thread closes its socket there, within its bound. Closing this iterator early
    (`contextlib.aclosing`) lets go of the connection.
    """
    fault = clock_fault()
    yield Step(
        "clock", "warning" if fault else "ok", 0.0, fault or "this unit's clock can be right"
    )
    attempt = _Attempt(configuration, context, bool(fault), bounds, lookup)
    works: list[tuple[StepName, Callable[[], Awaitable[str]]]] = [
        ("name", attempt.look_up),
        ("tcp", attempt.connect),
        ("tls", attempt.secure),
    ]
    if not skip_mqtt:
        works.append(("mqtt", attempt.introduce))
    try:
        for name, work in works:
            step = await _take(name, work)
            yield step
            if step.verdict == "failed":
                return
        if skip_mqtt:
            yield Step("mqtt", "skipped", 0.0, skip_mqtt)
    finally:
        attempt.close()


async def _take(name: StepName, work: Callable[[], Awaitable[str]]) -> Step:
    began = time.monotonic()
    verdict: Verdict = "ok"
    try:
        text = await work()
    except (LinkError, BrokerError) as error:
        verdict, text = "failed", str(error)
    return Step(name, verdict, time.monotonic() - began, text)


class _Attempt:
    """The steps that meet the network, and what each leaves to the next.

    Each gives its text, or raises LinkError or BrokerError.
    """

    def __init__(
        self,
        configuration: Configuration,
        context: ssl.SSLContext,
        clock_is_wrong: bool,
        bounds: Bounds,
        lookup: Lookup,
    ) -> None:
        self._configuration = configuration
        self._context = context
        self._given = Given(
            configuration.broker_certificate, configuration.client_certificate, clock_is_wrong
        )
        self._bounds = bounds
        self._lookup = lookup
        self._host, self._port = configuration.broker.host, configuration.broker.port
        self._addresses: list[str] = []
        self._connection: socket.socket | None = None  # later the TLS one on it

    async def look_up(self) -> str:
        try:
            async with asyncio.timeout(self._bounds.name_s):
                self._addresses = await on_own_thread(
                    "rehearsal name",
                    lambda: resolve(self._host, self._port, self._lookup),
                    discard=lambda _: None,
                )
        except TimeoutError as error:
            raise LinkError(no_dns(self._host)) from error
        more = len(self._addresses) - _ADDRESSES_SHOWN
        addresses = ", ".join(self._addresses[:_ADDRESSES_SHOWN])
        return f"{self._host} is {addresses}{f' and {more} more' if more > 0 else ''}"

    async def connect(self) -> str:
        self._connection = await on_own_thread(
            "rehearsal TCP",
            lambda: connect(self._host, self._port, self._addresses, self._bounds.tcp_s),
            discard=socket.socket.close,
        )
        return f"{self._host} takes connections on port {self._port}"

    async def secure(self) -> str:
        plain, self._connection = self._connection, None  # the thread closes it where it fails
        assert plain is not None  # noqa: S101
        link = self._connection = await on_own_thread(
            "rehearsal TLS",
            lambda: secure(
                plain,
                self._host,
                self._port,
                self._context,
                self._bounds.tls_s,
                self._given,
                self._bounds.look_s,
            ),
            discard=ssl.SSLSocket.close,
        )
        version = str(link.version()).replace("v", " ")
        return f"{version}; {summary(link.getpeercert(binary_form=True) or b'')}"

    async def introduce(self) -> str:
        session = BrokerSession(self._configuration, self._context, lambda: None)
        link, self._connection = self._connection, None
        assert isinstance(link, ssl.SSLSocket)  # noqa: S101
        try:
            await session.connect(link, self._bounds.connack_s)
        finally:
            await session.close()
        return f"the broker accepts MQTT Client ID {shown(self._configuration.client_id)}"

    def close(self) -> None:
        if self._connection:
            self._connection.close()
