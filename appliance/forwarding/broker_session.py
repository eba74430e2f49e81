"""One MQTT connection to the broker, from CONNECT to DISCONNECT.

MQTT 3.1.1 with the guide's parameters: clean session, keep alive 60 s, QoS 1, retain off. The
session never reconnects; whoever opened it opens the next one. It runs on the event loop: paho is
driven through the loop's own readers and writers, only name resolution, TCP and TLS happen on a
thread. paho is handed no more than is to be in flight, since it resends all it holds (field fact),
and every message is published between CONNACK and the loss of the connection.
"""

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import Callable, Iterator

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from appliance.forwarding.connect_fault import refusal, silence
from appliance.forwarding.mqtt_client import MqttClient
from appliance.forwarding.progress import Progress
from appliance.forwarding.tls_fault import Given
from appliance.forwarding.tls_link import LinkError, no_dns, open_tls
from appliance.parameters.configuration import Configuration
from appliance.threads import on_own_thread

KEEP_ALIVE_S = 60
LINK_TIMEOUT_S = 20.0  # for each of TCP and TLS: certificates take their time at 8 kbit/s
CONNACK_TIMEOUT_S = 15.0
ACK_TIMEOUT_S = 30.0  # without progress; paho never sends again while connected
TICK_S = 1.0  # between looks at what takes too long
DISCONNECT_TIMEOUT_S = 2.0
OPEN_TIMEOUT_S = 60.0  # for name, TCP and TLS; resolving a name has no bound of its own
STATUS_PAYLOAD = b'{ "connected": 1 }'  # guide, "Topic for Status Notifications"


_AFTER_A_LOSS = "check the network, and ask the broker's operator whether it allows the topics"


class BrokerError(Exception):
    """One line: why there is no connection, or no longer, and what to look at."""


class BrokerSession:
    """A connection for `configuration`; `on_change` is called when it is lost.

    `message_ids` gives what to number messages with: where it goes on from one connection to the
    next, a PUBACK that comes late cannot be taken for that of another message. `clock_is_wrong` is
    for the words of a failure.
    """

    def __init__(
        self,
        configuration: Configuration,
        context: ssl.SSLContext,
        on_change: Callable[[], None],
        message_ids: Iterator[int] | None = None,
        *,
        clock_is_wrong: bool = False,
    ) -> None:
        self._configuration = configuration
        self._context = context
        self._on_change = on_change
        self._given = Given(
            configuration.broker_certificate, configuration.client_certificate, clock_is_wrong
        )
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client()
        self._client.message_ids = message_ids or all_message_ids()
        self._connack: asyncio.Future[None] = self._loop.create_future()
        self._closed = asyncio.Event()
        self._pending: dict[int, asyncio.Future[None]] = {}
        self._progress = Progress()
        self._tick: asyncio.TimerHandle | None = None
        self.greeting: asyncio.Future[None] = self._loop.create_future()  # the status message
        self.lost_at = 0.0  # on the loop's clock
        self.lost: str | None = None  # the reason, once the connection is gone
        self.silent = False  # whether it was given up because no PUBACK came

    def _make_client(self) -> MqttClient:
        configuration = self._configuration
        client = MqttClient(
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
        client.drive(self._loop, self._end)
        return client

    @property
    def hung_up(self) -> bool:
        """Whether it was the far end that closed the connection, in good order."""
        return bool(self.lost) and self._client.hung_up

    async def open(self, *, greet: bool = True) -> None:
        """Connects and, with a status topic, publishes that if it is to `greet`.

        Without a status topic `greeting` is done at once; it is cancelled where there is one and
        nothing is published. Raises BrokerError.
        """
        await self.connect(await self._open_link())
        if greet and self._configuration.status_topic:
            self.greeting = self.publish(self._configuration.status_topic, STATUS_PAYLOAD)
        elif self._configuration.status_topic:
            self.greeting.cancel()
        else:
            self.greeting.set_result(None)

    async def _open_link(self) -> ssl.SSLSocket:
        broker = self._configuration.broker
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                return await on_own_thread(
                    "broker link",
                    lambda: open_tls(
                        broker.host, broker.port, self._context, LINK_TIMEOUT_S, self._given
                    ),
                    discard=ssl.SSLSocket.close,
                )
        except (LinkError, TimeoutError) as error:
            self._lose(str(error) if isinstance(error, LinkError) else no_dns(broker.host))
            raise BrokerError(self.lost) from error

    async def connect(self, link: ssl.SSLSocket, connack_timeout: float | None = None) -> None:
        """Sends CONNECT on `link`, the session's from now on; returns at the CONNACK.

        The wait is CONNACK_TIMEOUT_S where none is given. Raises BrokerError.
        """
        broker = self._configuration.broker
        self._client.link = link
        self._tick = self._loop.call_later(TICK_S, self._look)
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
        info = self._client.publish(topic, payload, qos=1, retain=False)
        self._pending[info.mid] = acknowledged
        self._progress.sent(info.mid, self._client.queued, self._loop.time())
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
            self._client.ping_after(max(1, KEEP_ALIVE_S * 3 // 4))
            self._connack.set_result(None)

    def _on_publish(
        self, _client: object, _user: object, mid: int, _reason: object, _p: object
    ) -> None:
        self._progress.acknowledged(mid, self._loop.time())
        acknowledged = self._pending.pop(mid, None)
        if acknowledged and not acknowledged.done():
            acknowledged.set_result(None)

    def _on_disconnect(self, *_: object) -> None:
        self._closed.set()

    def _look(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._look)
        self._client.step(self._client.loop_misc)
        if self._pending and not self.lost and self._client.socket():
            self._watch_progress()

    def _watch_progress(self) -> None:
        """Gives up a broker that is silent, but not one that a slow line keeps from answering."""
        now = self._loop.time()
        self._progress.look(self._client.taken, now)
        if self._progress.stalled_s(now) > ACK_TIMEOUT_S:
            host = self._configuration.broker.host
            silence = f"{host} has not acknowledged a message for {ACK_TIMEOUT_S:.0f} s"
            self.silent = True
            self._lose(f"{silence}: {_AFTER_A_LOSS}")

    def _end(self, trouble: MQTTErrorCode | Exception) -> None:
        """What paho's work came to."""
        if isinstance(trouble, Exception):
            self._lose(f"the broker's answer cannot be understood ({trouble})")
        else:
            self._lose(self._reason(trouble))

    def _reason(self, code: MQTTErrorCode) -> str:
        host = self._configuration.broker.host
        if not self._connack.done():
            return self._refusal()
        if code == MQTTErrorCode.MQTT_ERR_CONN_LOST:
            return f"the connection to {host} is lost: {_AFTER_A_LOSS}"
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            return f"what {host} sends is not MQTT 3.1.1: ask the broker's operator"
        return f"the connection to {host} is lost ({mqtt.error_string(code)})"

    def _refusal(self) -> str:
        return refusal(self._configuration, self._client.heard, self._client.alert)

    def _lose(self, reason: str) -> None:
        """The end of the session, once: frees the socket and settles what waits."""
        if self.lost:
            return
        self.lost, self.lost_at = reason, self._loop.time()
        if self._tick:
            self._tick.cancel()
        self._closed.set()
        self._client.let_go()
        if not self._connack.done():
            self._connack.set_exception(BrokerError(reason))
            self._connack.exception()  # read here: nobody may be waiting for it any more
        for acknowledged in self._pending.values():
            acknowledged.cancel()
        self._pending.clear()
        self._on_change()


def all_message_ids() -> Iterator[int]:
    """1 to 65,535, over and over (MQTT 3.1.1, 2.3.1)."""
    return (number % 65_535 + 1 for number in itertools.count())
