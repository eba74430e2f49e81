"""A frame as the cache keeps it, and as it is kept when the broker will not take it."""

from typing import NamedTuple

_LARGEST = 1024  # bytes of an MBAL frame
ENDLESS = 1 << 56  # more than any unit will ever count, and far from what SQLite cannot store
_EARLIEST, _LATEST = -62_135_596_800.0, 253_402_300_800.0  # years 1 to 9999, which have a name


class CachedFrame(NamedTuple):
    """One received frame; a named tuple because an outage is drained 500 rows at a time.

    `id` grows in the order of reception; `received_at` is in Unix seconds, `rssi` in dBm. `boot`
    and `since_boot` (seconds) are there only where the stamp is provisional: see `unit_clock`.
    """

    id: int
    received_at: float
    priority: bool
    rssi: int
    corrected_bits: int
    mbal: bytes
    boot: int | None = None
    since_boot: float | None = None

    def is_sound(self) -> bool:
        """Whether each value can be one: what comes from a disk may be anything."""
        return (
            isinstance(self.id, int)
            and 0 < self.id < ENDLESS
            and _is_moment(self.received_at)
            and self.priority in (0, 1)
            and isinstance(self.rssi, int)
            and isinstance(self.corrected_bits, int)
            and isinstance(self.mbal, bytes)
            and 1 <= len(self.mbal) <= _LARGEST
        )


class QuarantinedFrame(NamedTuple):
    """A frame that was set aside; `at` in Unix seconds, `reason` for the technician to read."""

    frame: CachedFrame
    reason: str
    at: float

    def is_sound(self) -> bool:
        """Whether each value can be one."""
        return self.frame.is_sound() and isinstance(self.reason, str) and _is_moment(self.at)


def _is_moment(value: object) -> bool:
    return isinstance(value, float) and _EARLIEST <= value < _LATEST
