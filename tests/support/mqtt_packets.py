"""MQTT 3.1.1 control packets as they are on the wire, decoded by the letter of the standard."""

import asyncio
from dataclasses import dataclass
from enum import IntEnum
from typing import Self


class Kind(IntEnum):
    """Control packet types (MQTT 3.1.1, 2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet from the client; `at` is the monotonic clock when its last byte was read."""

    kind: Kind
    flags: int
    body: bytes
    raw: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Connect:
    """A CONNECT (3.1); what its flags say is absent is None, not empty."""

    protocol_name: str
    level: int
    flags: int
    keep_alive: int
    client_id: str
    will_topic: str | None
    will_payload: bytes | None
    username: str | None
    password: bytes | None

    @property
    def clean_session(self) -> bool:
        """Bit 1 of the flags."""
        return bool(self.flags & 0x02)

    @property
    def will_qos(self) -> int:
        """Bits 3 and 4 of the flags."""
        return self.flags >> 3 & 0x03

    @property
    def will_retain(self) -> bool:
        """Bit 5 of the flags."""
        return bool(self.flags & 0x20)

    @classmethod
    def decode(cls, packet: Packet) -> Self:
        """Read the body of a CONNECT to its last byte; AssertionError where it is malformed."""
        body = _Body(packet.body)
        name, level, flags, keep_alive = body.text(), body.byte(), body.byte(), body.number()
        connect = cls(
            protocol_name=name,
            level=level,
            flags=flags,
            keep_alive=keep_alive,
            client_id=body.text(),
            will_topic=body.text() if flags & 0x04 else None,
            will_payload=body.string() if flags & 0x04 else None,
            username=body.text() if flags & 0x80 else None,
            password=body.string() if flags & 0x40 else None,
        )
        assert packet.flags == 0, "the fixed header's flags are reserved"
        assert not flags & 0x01, "the reserved connect flag is set (3.1.2.3)"
        assert not body.rest(), "bytes after the payload of CONNECT"
        return connect


@dataclass(frozen=True, slots=True)
class Publish:
    """A PUBLISH (3.3); `mid` is None at QoS 0."""

    dup: bool
    qos: int
    retain: bool
    topic: str
    mid: int | None
    payload: bytes
    at: float

    @classmethod
    def decode(cls, packet: Packet) -> Self:
        """Read a PUBLISH; AssertionError where it is malformed."""
        body = _Body(packet.body)
        qos = packet.flags >> 1 & 0x03
        topic = body.text()
        return cls(
            dup=bool(packet.flags & 0x08),
            qos=qos,
            retain=bool(packet.flags & 0x01),
            topic=topic,
            mid=body.number() if qos else None,
            payload=body.rest(),
            at=packet.at,
        )


def topic_filters(packet: Packet) -> list[tuple[str, int]]:
    """The topic filters of a SUBSCRIBE (3.8) with the QoS asked for."""
    body = _Body(packet.body)
    body.number()  # the packet identifier
    filters = []
    while not body.at_end():
        filters.append((body.text(), body.byte()))
    return filters


async def read_packet(reader: asyncio.StreamReader) -> Packet:
    """Read one packet; asyncio.IncompleteReadError where the line ends."""
    raw = bytearray(await reader.readexactly(1))
    length = 0
    for place in range(4):  # remaining length: at most four bytes (2.2.3)
        byte = (await reader.readexactly(1))[0]
        raw.append(byte)
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            break
    else:
        raise AssertionError("the remaining length has more than four bytes")
    body = await reader.readexactly(length)
    at = asyncio.get_running_loop().time()  # the monotonic clock
    return Packet(Kind(raw[0] >> 4), raw[0] & 0x0F, body, bytes(raw) + body, at)


class _Body:
    """What is left to read of a packet's body."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        assert len(self._data) >= count, "the packet is too short"
        taken, self._data = self._data[:count], self._data[count:]
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.string().decode()

    def at_end(self) -> bool:
        return not self._data

    def rest(self) -> bytes:
        return self.take(len(self._data))
