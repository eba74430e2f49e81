"""A received frame, as the rest of the unit knows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RadioFrame:
    """One OpenlinkIQ frame: control field, RSSI in dBm, bits corrected, MBAL frame.

    Guide, Receiving OpenlinkIQ frames; the MBAL frame is passed on unread.
    """

    control: int
    rssi: int
    corrected_bits: int
    mbal: bytes

    def is_priority(self, mask: int) -> bool:
        """Whether any control bit of `mask` is set (guide, Topic for Priority Data)."""
        return self.control & mask != 0
