"""A subscriber behind the broker under test: what a head-end would get."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the subscriber got it; `at` is the monotonic clock."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    at: float = field(default=0.0, compare=False)


class LoopbackClient(mqtt.Client):
    """paho's client, connecting to 127.0.0.1 whatever the name; SNI and check keep the name."""

    def _create_socket_connection(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._port), timeout=10)


class Subscriber:
    """Subscribes (QoS 1) in a thread of its own and records what arrives, reconnecting.

    With a `session` name the broker keeps what comes while the subscriber is away.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext,
        *topics: str,
        host: str = "broker.localhost",
        username: str | None = None,
        password: str | None = None,
        session: str = "",
    ) -> None:
        self._address = (host, port)
        self._topics = topics or ("#",)
        self._arrived = threading.Condition()
        self._messages: list[Message] = []
        self._subscribed = threading.Event()
        self._client = LoopbackClient(
            CallbackAPIVersion.VERSION2,
            client_id=session,
            clean_session=not session,
            protocol=mqtt.MQTTv311,
        )
        self._client.tls_set_context(context)
        self._client.reconnect_delay_set(1, 1)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        """Subscribed when this returns."""
        self._client.connect(*self._address, keepalive=60)
        self._client.loop_start()
        self.wait_subscribed()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect and join the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def messages(self) -> list[Message]:
        """What came so far, in order; an async test waits with `until` on this."""
        with self._arrived:
            return list(self._messages)

    def wait_for(
        self, wanted: int | Callable[[list[Message]], bool], timeout: float = 10
    ) -> list[Message]:
        """The messages once there are `wanted` of them, or `wanted(messages)` holds; blocking."""
        deadline = time.monotonic() + timeout
        with self._arrived:
            while not _satisfied(wanted, self._messages):
                if not self._arrived.wait(deadline - time.monotonic()):
                    came = [message.topic for message in self._messages]
                    raise AssertionError(f"not within {timeout} s; {len(came)} came: {came[-20:]}")
            return list(self._messages)

    def wait_subscribed(self, timeout: float = 10) -> None:
        """Return once subscribed: after a restart of the broker, subscribed again."""
        assert self._subscribed.wait(timeout), f"not subscribed within {timeout} s"

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: ReasonCode, _: Any
    ) -> None:
        if not reason.is_failure:
            client.subscribe([(topic, 1) for topic in self._topics])

    def _on_disconnect(self, *_: object) -> None:
        self._subscribed.clear()

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed.set()

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        with self._arrived:
            came = (message.topic, bytes(message.payload), message.qos, message.retain)
            self._messages.append(Message(*came, at=time.monotonic()))
            self._arrived.notify_all()


def _satisfied(wanted: int | Callable[[list[Message]], bool], messages: list[Message]) -> bool:
    return len(messages) >= wanted if isinstance(wanted, int) else wanted(messages)
