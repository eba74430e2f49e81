"""The published payload as a receiver reads it: every rule checked, nothing put right.

Written from the outside description (interfaces, section 5), apart from the unit's own encoder,
so that each checks the other. Pure.
"""

import base64
import json
import re
import reprlib
from dataclasses import dataclass
from datetime import datetime

VERSION = 1
FRAME_TYPE = "OpenlinkIQ"
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


@dataclass(frozen=True, slots=True)
class PublishedFrame:
    """One frame of a payload: UTC time as published, MBAL frame, RSSI in dBm, bits corrected."""

    timestamp: str
    frame: bytes
    rssi: int
    corrected_bits: int


class _Object(list[tuple[str, object]]):
    """A JSON object with its keys as they came: order and doubles included."""


def parse_payload(payload: bytes) -> list[PublishedFrame]:
    """The frames in order; raises ValueError naming the place, as "frames[3].meta.rssi: …"."""
    version, frames = _members(_load(payload), "payload", ("version", "frames"))
    if _integer(version, "version") != VERSION:
        raise ValueError(f"version: {VERSION} is needed, not {reprlib.repr(version)}")
    if type(frames) is not list:
        raise ValueError("frames: a list is needed")
    return [_frame(member, f"frames[{index}]") for index, member in enumerate(frames)]


def _load(payload: bytes) -> object:
    try:
        # bytes.decode, as json.loads would also take UTF-16 and a byte-order mark
        return json.loads(
            payload.decode(), object_pairs_hook=_Object, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"payload: not JSON in UTF-8 ({error})") from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")  # Python's json takes NaN and Infinity (RFC 8259, 6)


def _frame(value: object, place: str) -> PublishedFrame:
    frame_type, timestamp, frame, meta = _members(
        value, place, ("frametype", "timestamp", "frame", "meta")
    )
    if frame_type != FRAME_TYPE:
        raise ValueError(
            f'{place}.frametype: "{FRAME_TYPE}" is needed, not {reprlib.repr(frame_type)}'
        )
    rssi, corrected_bits = _members(meta, f"{place}.meta", ("rssi", "noofcorrectedbits"))
    return PublishedFrame(
        timestamp=_timestamp(timestamp, f"{place}.timestamp"),
        frame=_base64(frame, f"{place}.frame"),
        rssi=_integer(rssi, f"{place}.meta.rssi"),
        corrected_bits=_count(corrected_bits, f"{place}.meta.noofcorrectedbits"),
    )


def _members(value: object, place: str, keys: tuple[str, ...]) -> list[object]:
    """The object's values, if its keys are these in this order."""
    if not isinstance(value, _Object):
        raise ValueError(f"{place}: an object is needed")  # noqa: TRY004 - one error for a payload
    found = [key for key, _ in value]
    if found != list(keys):
        raise ValueError(f"{place}: the keys are {reprlib.repr(found)}, not {list(keys)}")
    return [member for _, member in value]


def _timestamp(value: object, place: str) -> str:
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        try:
            datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
        except ValueError as error:
            raise ValueError(f"{place}: {value} is no date and time ({error})") from error
        return value
    raise ValueError(f"{place}: 2021-11-13T21:54:01Z is the form, not {reprlib.repr(value)}")


def _base64(value: object, place: str) -> bytes:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{place}: a frame in Base64 is needed")
    try:
        frame = base64.b64decode(value, validate=True)
    except ValueError as error:
        raise ValueError(f"{place}: not standard Base64 with padding ({error})") from error
    if base64.b64encode(frame).decode() != value:
        # b64decode lets surplus bits and padding pass (RFC 4648, 3.5)
        raise ValueError(f"{place}: not canonical Base64")
    return frame


def _integer(value: object, place: str) -> int:
    if type(value) is not int:  # True is an int to isinstance
        raise ValueError(f"{place}: an integer is needed, not {reprlib.repr(value)}")
    return value


def _count(value: object, place: str) -> int:
    count = _integer(value, place)
    if count < 0:
        raise ValueError(f"{place}: {count} is less than none")
    return count
