"""Frames in, MQTT messages out, as the guide's "Publish end-device data" lays them out.

Promises: within one iteration priority frames come first; frames keep their order; a topic's share
is one message, or several where `max_payload` calls for it; every frame is in exactly one message.
"""

from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from appliance.forwarding.cached_frame import CachedFrame

_HEAD = b'{"version":1,"frames":['
_TAIL = b"]}"


@dataclass(frozen=True, slots=True)
class Message:
    """One PUBLISH to be: its topic, its payload, and the frames a PUBACK settles."""

    topic: str
    payload: bytes
    frames: tuple[CachedFrame, ...]


def messages(
    iteration: Sequence[CachedFrame], priority_topic: str, data_topic: str, max_payload: int
) -> Iterator[Message]:
    """The messages of one iteration, in the order they are to be sent.

    `max_payload` is in bytes. A single frame that is larger all the same goes out alone.
    """
    priority = [frame for frame in iteration if frame.priority]
    others = [frame for frame in iteration if not frame.priority]
    if priority_topic == data_topic:
        yield from _split(data_topic, priority + others, max_payload)
    else:
        yield from _split(priority_topic, priority, max_payload)
        yield from _split(data_topic, others, max_payload)


def _split(topic: str, frames: Iterable[CachedFrame], max_payload: int) -> Iterator[Message]:
    room = max_payload - len(_HEAD) - len(_TAIL)
    share: list[CachedFrame] = []
    encoded: list[bytes] = []
    size = -1  # of the encoded frames with a comma between each two
    for frame in frames:
        text = encode(frame)
        if share and size + 1 + len(text) > room:
            yield _message(topic, share, encoded)
            share, encoded, size = [], [], -1
        share.append(frame)
        encoded.append(text)
        size += 1 + len(text)
    if share:
        yield _message(topic, share, encoded)


def _message(topic: str, share: list[CachedFrame], encoded: list[bytes]) -> Message:
    return Message(topic, _HEAD + b",".join(encoded) + _TAIL, tuple(share))


def encode(frame: CachedFrame) -> bytes:
    """One element of "frames". Written out, as every value in it is plain ASCII."""
    return (
        b'{"frametype":"OpenlinkIQ","timestamp":"%b","frame":"%b",'
        b'"meta":{"rssi":%d,"noofcorrectedbits":%d}}'
    ) % (
        _timestamp(int(frame.received_at)),
        b2a_base64(frame.mbal, newline=False),
        frame.rssi,
        frame.corrected_bits,
    )


@lru_cache(maxsize=64)  # neighbours in the cache came within the same seconds
def _timestamp(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
