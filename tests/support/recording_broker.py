"""A scripted MQTT 3.1.1 broker over TLS: records what is on the wire, and misbehaves on request.

It runs on the test's event loop. By default it is a good broker to a publisher: CONNACK 0, PUBACK
for every QoS 1 PUBLISH, PINGRESP, SUBACK; it forwards nothing.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.support.certificates import Authority, Identity
from tests.support.mqtt_packets import Connect, Kind, Packet, Publish, read_packet, topic_filters

SILENCE = -1
CLOSE_WITHIN_S = 1  # how long a client may take to answer TLS's close_notify


@dataclass(slots=True)
class Script:
    """How the broker behaves; a test may change it at any time."""

    connack: int | None = 0
    """Return code of CONNACK; None closes the connection in its place, SILENCE says nothing."""

    suback: int = 0x01
    """Return code for each topic filter of a SUBSCRIBE; 0x80 is a refusal."""

    close_after_publishes: int | None = None
    """Close a connection once this many of its PUBLISH packets are acknowledged."""

    close_on_publish: int | None = None
    """Close a connection at its n-th PUBLISH (from 1), which is not acknowledged."""

    refuses: Callable[[Publish], bool] = lambda _: False
    """Close a connection, each time, at a PUBLISH like this, which is not acknowledged."""

    hold_pubacks: bool = False
    """Keep every PUBACK until `release_pubacks`, which may be never."""

    answer: Callable[[Publish], bytes | None] | None = None
    """What to send in place of the PUBACK (see `puback`); None closes the connection."""

    after_connack: bytes = b""
    """What to send behind the CONNACK."""

    stall_in_tls: bool = False
    """Accept the TCP connection and say nothing in it."""

    drip: bool = False
    """Send every byte by itself, in a TLS record of its own."""


@dataclass(slots=True, eq=False)
class Connection:
    """One TCP connection; times are the monotonic clock's."""

    opened_at: float
    closed_at: float | None = None
    server_name: str | None = None
    """The name asked for with SNI."""
    tls_version: str | None = None
    """As `ssl` says it: "TLSv1.2"; None when the handshake failed."""
    tls_error: str | None = None
    client_certificate: dict[str, Any] | None = None
    packets: list[Packet] = field(default_factory=list)
    connect: Connect | None = None
    publishes: list[Publish] = field(default_factory=list)
    held: list[Publish] = field(default_factory=list)
    """QoS 1 PUBLISH packets whose PUBACK is held back."""
    fault: str | None = None
    """What the client did that MQTT 3.1.1 forbids."""

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of the packets, in order."""
        return [packet.kind for packet in self.packets]


class RecordingBroker:
    """`async with` it, look at `connections` and `publishes`, change `script`.

    `stop` closes every connection and refuses new ones, `start` listens on the same port again.
    While `hearing` is cleared it reads and writes nothing on connections that stay open. With
    `clients`, a client needs a certificate of that authority.
    """

    def __init__(self, server: Identity, clients: Authority | None = None) -> None:
        self.script = Script()
        self.connections: list[Connection] = []
        self.port = 0
        self.hearing = asyncio.Event()
        self.hearing.set()
        self._server_identity = server
        self._clients = clients
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: dict[Connection, asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close everything; a client that broke the protocol fails the test here."""
        await self.stop()
        if error is None:
            faults = [connection.fault for connection in self.connections if connection.fault]
            assert not faults, f"the client broke MQTT 3.1.1: {faults}"

    async def start(self) -> None:
        """Listen: at first on a free port, later on the port of before."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and close every connection; returns when all are closed."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def publishes(self) -> list[Publish]:
        """Every PUBLISH of every connection, in order of arrival."""
        every = [publish for connection in self.connections for publish in connection.publishes]
        return sorted(every, key=lambda publish: publish.at)

    @property
    def connects(self) -> list[Connect]:
        """Every CONNECT, in order of arrival of the connections."""
        return [each.connect for each in self.connections if each.connect is not None]

    def release_pubacks(self) -> None:
        """Send the PUBACKs held back, in order; new ones are held while the script says so."""
        for connection, writer in self._writers.items():
            for publish in connection.held:
                writer.write(puback(publish))
            connection.held.clear()

    def release_puback(self) -> None:
        """Send the oldest PUBACK held back on the newest connection."""
        connection, writer = list(self._writers.items())[-1]
        writer.write(puback(connection.held.pop(0)))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio's, up to Python 3.11, takes a cancelled one for a fault.
        task = asyncio.create_task(self._attend(reader, writer), name="recording broker client")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(asyncio.get_running_loop().time())
        self.connections.append(connection)
        try:
            await self._serve(connection, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone: the record says how far it came
        except (AssertionError, ValueError) as error:
            connection.fault = str(error)
        finally:
            self._writers.pop(connection, None)
            await _close(writer)
            connection.closed_at = asyncio.get_running_loop().time()

    async def _serve(
        self, connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.script.stall_in_tls:
            await reader.read()  # until the client gives up
        await self._secure(connection, writer)
        self._writers[connection] = writer
        packet = await self._read_packet(reader)
        connection.packets.append(packet)
        assert packet.kind is Kind.CONNECT, f"{packet.kind.name} before CONNECT (3.1)"
        connection.connect = Connect.decode(packet)
        code = self.script.connack
        if code == SILENCE:
            await reader.read()  # until the client gives up
        elif code is not None:
            connack = bytes([Kind.CONNACK << 4, 2, 0, code])
            await self._send(connack + self.script.after_connack, writer)
        while code == 0:
            packet = await self._read_packet(reader)
            connection.packets.append(packet)
            answer = self._answer(connection, packet)
            await self._send(answer or b"", writer)
            if answer is None or self._is_over(connection, packet):
                break

    async def _read_packet(self, reader: asyncio.StreamReader) -> Packet:
        await self.hearing.wait()
        packet = await read_packet(reader)
        await self.hearing.wait()
        return packet

    async def _send(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        for part in [data[n : n + 1] for n in range(len(data))] if self.script.drip else [data]:
            writer.write(part)
            await writer.drain()

    async def _secure(self, connection: Connection, writer: asyncio.StreamWriter) -> None:
        """Make the handshake here, not in the listening socket, so that a failure is seen."""
        try:
            await writer.start_tls(self._context(connection), ssl_handshake_timeout=10)
        except OSError as error:  # ssl.SSLError, or the client has hung up
            connection.tls_error = repr(error)
            raise
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        connection.tls_version = tls.version()
        connection.client_certificate = tls.getpeercert()

    def _context(self, connection: Connection) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        identity = self._server_identity
        context.load_cert_chain(identity.certificate_path, identity.key_path)
        if self._clients is not None:
            context.load_verify_locations(self._clients.path)
            context.verify_mode = ssl.CERT_REQUIRED

        def note(_: object, name: str | None, __: ssl.SSLContext) -> None:
            connection.server_name = name

        context.sni_callback = note
        return context

    def _answer(self, connection: Connection, packet: Packet) -> bytes | None:
        """What the script says to answer; None when the connection is over at once."""
        match packet.kind:
            case Kind.PUBLISH:
                return self._answer_publish(connection, Publish.decode(packet))
            case Kind.PINGREQ:
                return bytes([Kind.PINGRESP << 4, 0])
            case Kind.SUBSCRIBE:
                codes = bytes([self.script.suback] * len(topic_filters(packet)))
                return bytes([Kind.SUBACK << 4, 2 + len(codes)]) + packet.body[:2] + codes
            case Kind.DISCONNECT:
                return None
            case _:
                raise AssertionError(f"unexpected {packet.kind.name}")

    def _answer_publish(self, connection: Connection, publish: Publish) -> bytes | None:
        connection.publishes.append(publish)
        at = len(connection.publishes)
        if at == self.script.close_on_publish or self.script.refuses(publish):
            return None
        if publish.qos and self.script.hold_pubacks:
            connection.held.append(publish)
        elif publish.qos and self.script.answer:
            return self.script.answer(publish)
        elif publish.qos:
            return puback(publish)
        return b""

    def _is_over(self, connection: Connection, packet: Packet) -> bool:
        last = self.script.close_after_publishes
        return packet.kind is Kind.PUBLISH and len(connection.publishes) == last


def puback(publish: Publish, shift: int = 0) -> bytes:
    """The PUBACK for `publish`, or one whose packet identifier is by `shift` another one."""
    assert publish.mid is not None
    return bytes([Kind.PUBACK << 4, 2]) + ((publish.mid + shift) % 65_536).to_bytes(2, "big")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()
    except OSError:
        pass  # closed by the other side, and not politely
