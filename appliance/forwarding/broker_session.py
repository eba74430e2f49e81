"""One MQTT connection to the broker, from CONNECT to DISCONNECT. The only user of paho in the unit.

MQTT 3.1.1 with the guide's parameters: clean session, keep alive 60 s, QoS 1, retain off. The
session never reconnects; whoever opened it opens the next one. It runs on the event loop: paho is
driven through the loop's own readers and writers, only name resolution, TCP and TLS happen on a
thread. paho is handed no more than is to be in flight, since it resends all it holds (field fact),
and every message is published between CONNACK and the loss of the connection.
"""

import asyncio
import contextlib
import fcntl
import logging
import ssl
import sys
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from appliance.forwarding.connect_fault import CONNACK, CONNACK_BYTES, refusal, silence
from appliance.forwarding.tls_fault import Given
from appliance.forwarding.tls_link import LinkError, open_tls
from appliance.parameters.configuration import Configuration
from appliance.threads import on_own_thread

if TYPE_CHECKING:
    from _typeshed import HasFileno

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 60
LINK_TIMEOUT_S = 10.0  # for each of TCP and TLS
CONNACK_TIMEOUT_S = 15.0
ACK_TIMEOUT_S = 30.0  # without progress; paho never sends again while connected
DISCONNECT_TIMEOUT_S = 2.0
STATUS_PAYLOAD = b'{ "connected": 1 }'  # guide, "Topic for Status Notifications"


_AFTER_A_LOSS = "check the network, and ask the broker's operator whether it allows the topics"


class BrokerError(Exception):
    """One line: why there is no connection, or no longer, and what to look at."""


class _Client(mqtt.Client):
    """paho's client on a socket that is already connected and verified."""

    link: ssl.SSLSocket
    heard = b""  # the first bytes from the far end
    alert: ssl.SSLError | None = None  # paho only says that the connection is lost

    def _create_socket(self) -> ssl.SSLSocket:
        return self.link

    def _sock_recv(self, bufsize: int) -> bytes:
        try:
            data = super()._sock_recv(bufsize)
        except ssl.SSLError as error:
            self.alert = error
            raise
        self.heard = (self.heard + data)[:CONNACK_BYTES]
        if self.heard[:1] not in (b"", CONNACK):
            raise ConnectionAbortedError  # paho would take it for a packet, and wait for the rest
        return data


class BrokerSession:
    """A connection for `configuration`; `on_change` is called when it is lost."""

    def __init__(
        self, configuration: Configuration, context: ssl.SSLContext, on_change: Callable[[], None]
    ) -> None:
        self._configuration = configuration
        self._context = context
        self._on_change = on_change
        self._given = Given(configuration.broker_certificate, configuration.client_certificate)
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client()
        self._connack: asyncio.Future[None] = self._loop.create_future()
        self._closed = asyncio.Event()
        self._pending: dict[int, asyncio.Future[None]] = {}
        self._progress_at = 0.0  # on the loop's clock: a PUBACK, or bytes the far end has taken
        self._unsent = 0  # bytes that the far end has not taken
        self._tick: asyncio.TimerHandle | None = None
        self.greeting: asyncio.Future[None] = self._loop.create_future()  # the status message
        self.lost: str | None = None  # the reason, once the connection is gone

    def _make_client(self) -> _Client:
        configuration = self._configuration
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=configuration.client_id,
            clean_session=True,
            protocol=mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        if configuration.username is not None:
            password = configuration.password
            client.username_pw_set(configuration.username, password and password.reveal())
        if will := configuration.last_will:
            client.will_set(will.topic, will.payload.encode(), qos=1, retain=False)
        client.max_inflight_messages_set(0)  # no limit of its own: the forwarder's window rules
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_socket_open = self._watch_readable
        client.on_socket_close = self._forget_readable
        client.on_socket_register_write = self._watch_writable
        client.on_socket_unregister_write = self._forget_writable
        return client

    async def open(self) -> None:
        """Connects and, with a status topic, publishes that. Raises BrokerError."""
        broker = self._configuration.broker
        try:
            link = await on_own_thread(
                "broker link",
                lambda: open_tls(
                    broker.host, broker.port, self._context, LINK_TIMEOUT_S, self._given
                ),
                discard=ssl.SSLSocket.close,
            )
        except LinkError as error:
            self._lose(str(error))
            raise BrokerError(self.lost) from error
        await self.connect(link)
        if self._configuration.status_topic:
            self.greeting = self.publish(self._configuration.status_topic, STATUS_PAYLOAD)
        else:
            self.greeting.set_result(None)

    async def connect(self, link: ssl.SSLSocket, connack_timeout: float | None = None) -> None:
        """Sends CONNECT on `link`, the session's from now on; returns at the CONNACK.

        The wait is CONNACK_TIMEOUT_S where none is given. Raises BrokerError.
        """
        broker = self._configuration.broker
        self._client.link = link
        self._tick = self._loop.call_later(1, self._every_second)
        self._client.connect(broker.host, broker.port, keepalive=KEEP_ALIVE_S)
        try:
            async with asyncio.timeout(connack_timeout or CONNACK_TIMEOUT_S):
                await self._connack
        except TimeoutError as error:
            self._give_up(silence(self._configuration))
            raise BrokerError(self.lost) from error
        except asyncio.CancelledError:
            self._give_up("given up by this unit")
            raise

    def _give_up(self, reason: str) -> None:
        """Ends the session before its CONNACK.

        With DISCONNECT even so: a broker that has accepted would publish the Last Will.
        """
        if not self.lost:
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                self._client.disconnect()
                self._client.loop_write()
        self._lose(reason)

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """Sends a message at QoS 1; the future is done at its PUBACK.

        When the connection is lost before that, the future is cancelled: sent or not, the message
        is to be sent again on the next connection.
        """
        acknowledged = self._loop.create_future()
        if self.lost:
            acknowledged.cancel()
            return acknowledged
        if not self._pending:
            self._progress_at = self._loop.time()
        info = self._client.publish(topic, payload, qos=1, retain=False)
        self._pending[info.mid] = acknowledged
        return acknowledged

    async def close(self) -> None:
        """Sends DISCONNECT, so that no Last Will follows, and lets go of the connection."""
        try:
            if not self.lost and self._client.socket():
                self._client.disconnect()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                        await self._closed.wait()
        finally:
            self._lose("closed by this unit")

    def _on_connect(
        self, _client: object, _user: object, _flags: object, reason: ReasonCode, _p: object
    ) -> None:
        if reason.is_failure:
            self._lose(self._refusal())
        elif not self._connack.done():
            self._connack.set_result(None)

    def _on_publish(
        self, _client: object, _user: object, mid: int, _reason: object, _p: object
    ) -> None:
        self._progress_at = self._loop.time()
        acknowledged = self._pending.pop(mid, None)
        if acknowledged and not acknowledged.done():
            acknowledged.set_result(None)

    def _on_disconnect(self, *_: object) -> None:
        self._closed.set()

    def _watch_readable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._loop.add_reader(link.fileno(), self._read)

    def _forget_readable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._loop.remove_reader(link.fileno())

    def _watch_writable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._loop.add_writer(link.fileno(), self._step, self._client.loop_write)

    def _forget_writable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._loop.remove_writer(link.fileno())

    def _read(self) -> None:
        link = self._client.link
        self._step(self._client.loop_read)
        while not self.lost and self._client.socket() and link.pending():
            # TLS has decrypted more than was asked for: the socket will not wake us for it.
            self._step(self._client.loop_read)

    def _every_second(self) -> None:
        self._tick = self._loop.call_later(1, self._every_second)
        self._step(self._client.loop_misc)
        if self._pending and not self.lost:
            self._watch_progress()

    def _watch_progress(self) -> None:
        """Gives up a broker that is silent, but not one that a slow line keeps from answering."""
        unsent = _unsent(self._client.link)
        if unsent < self._unsent:
            self._progress_at = self._loop.time()
        self._unsent = unsent
        if self._loop.time() - self._progress_at > ACK_TIMEOUT_S:
            host = self._configuration.broker.host
            silence = f"{host} has not acknowledged a message for {ACK_TIMEOUT_S:.0f} s"
            self._lose(f"{silence}: {_AFTER_A_LOSS}")

    def _step(self, work: Callable[[], MQTTErrorCode]) -> None:
        """Lets paho do one piece of its work; whatever goes wrong in it ends the connection."""
        try:
            code = work()
        except (OSError, ValueError, RuntimeError, UnicodeError) as error:
            self._lose(f"the broker's answer cannot be understood ({error})")
            return
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lose(self._reason(code))

    def _reason(self, code: MQTTErrorCode) -> str:
        host = self._configuration.broker.host
        if not self._connack.done():
            return self._refusal()
        if code == MQTTErrorCode.MQTT_ERR_CONN_LOST:
            return f"the connection to {host} is lost: {_AFTER_A_LOSS}"
        return f"the connection to {host} is lost ({mqtt.error_string(code)})"

    def _refusal(self) -> str:
        return refusal(self._configuration, self._client.heard, self._client.alert)

    def _lose(self, reason: str) -> None:
        """The end of the session, once: frees the socket and settles what waits."""
        if self.lost:
            return
        self.lost = reason
        if self._tick:
            self._tick.cancel()
        self._closed.set()
        self._drop_link()
        if not self._connack.done():
            self._connack.set_exception(BrokerError(reason))
            self._connack.exception()  # read here: nobody may be waiting for it any more
        for acknowledged in self._pending.values():
            acknowledged.cancel()
        self._pending.clear()
        self._on_change()

    def _drop_link(self) -> None:
        client = self._client
        client.on_socket_close = client.on_socket_unregister_write = client.on_disconnect = None
        if link := client.socket():  # None where paho has closed it
            self._loop.remove_reader(link.fileno())
            self._loop.remove_writer(link.fileno())
            link.close()


def _unsent(link: ssl.SSLSocket) -> int:
    """Bytes in the kernel that the far end has not acknowledged (tcp(7), SIOCOUTQ)."""
    waiting = fcntl.ioctl(link.fileno(), termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(waiting, sys.byteorder)
