"""The radio modem's serial protocol: bytes in, records out, and back; no I/O.

Records stand between flag bytes and escape as in RFC 1662, 4.2; `type | body | CRC`, the CRC
being CRC-16/IBM-3740, big-endian. A damaged record never costs the record after it, and the
outcome does not depend on how the bytes were cut into chunks.
"""

import re
import struct
from binascii import crc_hqx
from dataclasses import dataclass

from appliance.radio.frame import RadioFrame

FLAG = b"\x7e"
_ESCAPE = b"\x7d"
_ESCAPED = re.compile(rb"\x7d(.)", re.DOTALL)

_CRC_INITIAL = 0xFFFF
_CRC_SIZE = 2
_FRAME_TYPE = 0x01
_INFORMATION_TYPE = 0x02
_FRAME_HEAD = struct.Struct(">BBhH")  # type, control, RSSI in dBm, corrected bits
_MBAL_MAX = 1024
_INFORMATION_MAX = 255

_RECORD_MIN = 1 + _CRC_SIZE
# Known records have at most 1,032 bytes. A later modem may have longer ones of types we ignore;
# beyond this the bytes between two flags are not held, so that noise cannot fill the memory.
_RECORD_MAX = 4096
_WIRE_MAX = 2 * _RECORD_MAX  # every byte escaped


@dataclass(frozen=True, slots=True)
class ReceivedFrame:
    """A frame heard on the radio (type 0x01)."""

    frame: RadioFrame


@dataclass(frozen=True, slots=True)
class ModemInformation:
    """Maker, model and firmware in the modem's own words (type 0x02)."""

    text: str


@dataclass(frozen=True, slots=True)
class UnknownRecord:
    """An intact record of a type this unit does not know."""

    type: int


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record not to be used, and why."""

    reason: str


Record = ReceivedFrame | ModemInformation | UnknownRecord | RejectedRecord


class Decoder:
    """Turns what a port delivers since its opening into records; holds at most one record."""

    def __init__(self) -> None:
        self._begun = b""
        self._synchronised = False  # a flag has been seen: what follows begins a record

    def feed(self, data: bytes) -> list[Record]:
        """The records that `data` completes, in order; never raises."""
        *ended, begun = (self._begun + data).split(FLAG)
        if not self._synchronised:
            if not ended:
                return []
            self._synchronised = True
            del ended[0]  # the rest of a record sent before the port was opened
        # One byte too many is enough to have the record rejected when its flag comes.
        self._begun = begun[: _WIRE_MAX + 1]
        return [_decode(wire) for wire in ended if wire]


def encode_frame(frame: RadioFrame) -> bytes:
    """The type 0x01 record, flag to flag; ValueError for an MBAL frame not of 1 to 1,024 bytes."""
    if not 1 <= len(frame.mbal) <= _MBAL_MAX:
        raise ValueError(f"an MBAL frame has 1 to {_MBAL_MAX} bytes, not {len(frame.mbal)}")
    head = _FRAME_HEAD.pack(_FRAME_TYPE, frame.control, frame.rssi, frame.corrected_bits)
    return _encode(head + frame.mbal)


def encode_information(text: str) -> bytes:
    """The type 0x02 record, flag to flag; ValueError for more than 255 bytes of UTF-8."""
    body = text.encode()
    if len(body) > _INFORMATION_MAX:
        raise ValueError(f"modem information has up to {_INFORMATION_MAX} bytes, not {len(body)}")
    return _encode(bytes([_INFORMATION_TYPE]) + body)


def _encode(content: bytes) -> bytes:
    record = content + crc_hqx(content, _CRC_INITIAL).to_bytes(_CRC_SIZE, "big")
    # The escape byte first, or the escapes put in for flags would be escaped again.
    record = record.replace(_ESCAPE, b"\x7d\x5d").replace(FLAG, b"\x7d\x5e")
    return FLAG + record + FLAG


def _decode(wire: bytes) -> Record:
    """The record between two flags."""
    if len(wire) > _WIRE_MAX:
        return RejectedRecord("oversize")
    if _ESCAPE in wire:
        escapes_at_end = len(wire) - len(wire.rstrip(_ESCAPE))
        if escapes_at_end % 2:  # the last one escapes the flag: RFC 1662, 4.3, an aborted frame
            return RejectedRecord("aborted")
        wire = _ESCAPED.sub(_unescape, wire)
    if len(wire) < _RECORD_MIN:
        return RejectedRecord("short")
    if len(wire) > _RECORD_MAX:
        return RejectedRecord("oversize")
    # The CRC of a record with its own CRC behind it is zero.
    if crc_hqx(wire, _CRC_INITIAL) != 0:
        return RejectedRecord("bad CRC")
    return _interpret(wire[:-_CRC_SIZE])


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes([match[1][0] ^ 0x20])


def _interpret(content: bytes) -> Record:
    """Type and body of an intact record."""
    if content[0] == _FRAME_TYPE:
        if len(content) <= _FRAME_HEAD.size:
            return RejectedRecord("short")
        if len(content) > _FRAME_HEAD.size + _MBAL_MAX:
            return RejectedRecord("oversize")
        _, control, rssi, corrected_bits = _FRAME_HEAD.unpack_from(content)
        mbal = content[_FRAME_HEAD.size :]
        return ReceivedFrame(RadioFrame(control, rssi, corrected_bits, mbal))
    if content[0] == _INFORMATION_TYPE:
        if len(content) > 1 + _INFORMATION_MAX:
            return RejectedRecord("oversize")
        # Information is for people: one odd byte in it is no reason to withhold the rest.
        return ModemInformation(content[1:].decode(errors="replace"))
    return UnknownRecord(content[0])
