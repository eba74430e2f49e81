"""A frame as the cache keeps it."""

from typing import NamedTuple


class CachedFrame(NamedTuple):
    """One received frame; a named tuple because an outage is drained 500 rows at a time.

    `id` grows in the order of reception; `received_at` is in Unix seconds, `rssi` in dBm.
    """

    id: int
    received_at: float
    priority: bool
    rssi: int
    corrected_bits: int
    mbal: bytes
