"""Frames for tests: each can be told from every other, and found again in what was published."""

import json
from base64 import b64decode
from collections.abc import Iterable

from appliance.forwarding.cached_frame import CachedFrame
from appliance.radio.frame import RadioFrame

PRIORITY = 0x80


def radio_frame(number: int, *, priority: bool = False, size: int = 12) -> RadioFrame:
    """Frame `number`, its number at the start of `size` bytes of MBAL frame."""
    mbal = number.to_bytes(4, "big") + bytes(max(size - 4, 0))
    return RadioFrame(PRIORITY if priority else 0, -40 - number % 70, number % 4, mbal)


def cached_frame(number: int, *, priority: bool = False, size: int = 12) -> CachedFrame:
    """Frame `number` as the cache gives it, received in second `number`."""
    frame = radio_frame(number, size=size)
    return CachedFrame(number, number, priority, frame.rssi, frame.corrected_bits, frame.mbal)


def numbers(payloads: Iterable[bytes]) -> list[int]:
    """The numbers of the frames in published payloads, in order."""
    frames = [frame for payload in payloads for frame in json.loads(payload)["frames"]]
    return [int.from_bytes(b64decode(frame["frame"])[:4], "big") for frame in frames]
