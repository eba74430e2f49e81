"""paho's MQTT client, made strict and countable. With `broker_session` the only user of paho.

paho takes whatever a broker sends: packets up to 256 MB, the acknowledgements of QoS 2 for a
message at QoS 1, a second CONNACK, upon which it sends everything again. This client publishes at
QoS 1 and subscribes to nothing: a broker has few things to tell it, and small ones. The event loop
drives it, through its own readers and writers.
"""

import asyncio
import fcntl
import ssl
import sys
import termios
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

from appliance.forwarding.connect_fault import CONNACK, CONNACK_BYTES

if TYPE_CHECKING:
    from _typeshed import HasFileno

READS_AT_ONCE = 100  # packets, before the unit's other work gets its turn
LARGEST_PACKET = 65_536  # bytes; CONNACK, PUBACK and PINGRESP have no more than 4
_KIND = 0xF0  # the bits of a packet's first byte that say what it is (MQTT 3.1.1, 2.2.1)
_CONNACK = CONNACK[0]
_EXPECTED = (0x40, 0xD0)  # PUBACK, PINGRESP
# Some brokers subscribe clients by themselves. An answer could pile up here while they do not read.
_IGNORED = (0x30, 0x90, 0xB0)  # PUBLISH, SUBACK, UNSUBACK


class MqttClient(mqtt.Client):
    """A client on a socket that is already connected and verified."""

    link: ssl.SSLSocket
    message_ids: Iterator[int]
    heard = b""  # the first bytes from the far end
    alert: ssl.SSLError | None = None  # paho only says that the connection is lost
    hung_up = False  # whether the far end closed the connection in good order
    written = 0  # bytes that the kernel has taken

    def drive(
        self,
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[MQTTErrorCode | Exception], None],
    ) -> None:
        """Lets `loop` do the work; `on_end` is called with what ends the connection."""
        self._event_loop = loop
        self._on_end = on_end
        self.on_socket_open = self._watch_readable
        self.on_socket_close = self._forget_readable
        self.on_socket_register_write = self._watch_writable
        self.on_socket_unregister_write = self._forget_writable

    def step(self, work: Callable[[], MQTTErrorCode]) -> None:
        """Lets paho do one piece of its work; whatever goes wrong in it ends the connection."""
        try:
            code = work()
        except (OSError, ValueError, RuntimeError, UnicodeError) as error:
            self._on_end(error)
            return
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._on_end(code)

    def let_go(self) -> None:
        """Closes the socket, and tells nobody."""
        self.on_socket_close = self.on_socket_unregister_write = self.on_disconnect = None
        if link := self.socket():  # None where paho has closed it
            self._event_loop.remove_reader(link.fileno())
            self._event_loop.remove_writer(link.fileno())
            link.close()

    @property
    def queued(self) -> int:
        """Bytes of all packets so far, those included that the kernel has not taken yet."""
        return self.written + sum(packet["to_process"] for packet in self._out_packet)

    @property
    def taken(self) -> int:
        """Bytes that the far end's kernel has acknowledged, or somewhat fewer (TLS adds some)."""
        waiting = fcntl.ioctl(self.link.fileno(), termios.TIOCOUTQ, bytes(4))  # tcp(7), SIOCOUTQ
        return self.written - int.from_bytes(waiting, sys.byteorder)

    def ping_after(self, seconds: int) -> None:
        """Pings after so long without a message; CONNECT has told the broker another number.

        paho looks once a second and pings when the time is over: too late by the letter.
        """
        self._keepalive = seconds

    def _create_socket(self) -> ssl.SSLSocket:
        return self.link

    def _mid_generate(self) -> int:
        return next(self.message_ids)

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > LARGEST_PACKET:
            raise ConnectionAbortedError
        try:
            data = super()._sock_recv(bufsize)
            self.hung_up = not data
        except ssl.SSLEOFError:  # an end without TLS's close_notify: the line's, or a crash
            data = b""
        except ssl.SSLError as error:
            self.alert = error
            raise
        self.heard = (self.heard + data)[:CONNACK_BYTES]
        if self.heard[:1] not in (b"", CONNACK):
            raise ConnectionAbortedError  # paho would take it for a packet, and wait for the rest
        return data

    def _sock_send(self, buf: bytes | bytearray) -> int:
        sent = super()._sock_send(buf)
        self.written += sent
        return sent

    def _packet_handle(self) -> MQTTErrorCode:
        kind = self._in_packet["command"] & _KIND
        if kind in _IGNORED:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        if kind in _EXPECTED or (kind == _CONNACK and not self.is_connected()):
            return super()._packet_handle()
        return MQTTErrorCode.MQTT_ERR_PROTOCOL

    def _watch_readable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._event_loop.add_reader(link.fileno(), self._read)

    def _forget_readable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._event_loop.remove_reader(link.fileno())

    def _watch_writable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._event_loop.add_writer(link.fileno(), self.step, self.loop_write)

    def _forget_writable(self, _client: object, _user: object, link: "HasFileno") -> None:
        self._event_loop.remove_writer(link.fileno())

    def _read(self) -> None:
        for _ in range(READS_AT_ONCE):
            if self.link.fileno() < 0:
                return
            self.step(self.loop_read)
            if self.link.fileno() < 0 or not self.link.pending():
                return
        # TLS has decrypted more than was asked for: the socket will not wake us for it.
        self._event_loop.call_soon(self._read)
