"""Owns how the frames read that were set aside because the broker would not take them."""

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plain_text import cut, moment, printable

if TYPE_CHECKING:
    from appliance.forwarding.cached_frame import QuarantinedFrame

LONGEST_FRAME = 64  # characters of Base64; enough to tell frames apart, and to see the address


def quarantine_text(frames: Sequence["QuarantinedFrame"], total: int) -> str:
    """Two lines a frame, oldest first; `total` says how many there are, more than these or not."""
    if not total:
        return "no frame is set aside\n"
    lines = [f"{total} frame{'s' * (total != 1)} set aside; quarantine release sends them again"]
    for aside in frames:
        frame = aside.frame
        kind = "priority" if frame.priority else "ordinary"
        lines.append(
            f"{moment(frame.received_at)}  {kind}  {frame.rssi} dBm  {len(frame.mbal)} bytes  "
            f"{cut(b64encode(frame.mbal).decode(), LONGEST_FRAME)}"
        )
        lines.append(f"  set aside {moment(aside.at)} {aside.reason}")
    if total > len(frames):
        lines.append(f"and {total - len(frames)} more")
    return "".join(f"{printable(line)}\n" for line in lines)
