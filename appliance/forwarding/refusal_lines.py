"""Owns how it reads what a broker was found not to take: a line for the technician each. Pure.

`silent` says that the broker does not acknowledge, where others hang up.
"""

from datetime import UTC, datetime

from appliance.forwarding.cached_frame import CachedFrame


def size_line(cap: int, *, silent: bool) -> str:
    """Larger messages do not pass."""
    takes = "acknowledges in time only" if silent else "takes only"
    return (
        f"the broker {takes} messages of up to about {cap:,} bytes: set max_payload in [mqtt] of "
        "the unit's settings file to that"
    )


def topic_line(topic: str, *, silent: bool) -> str:
    """Nothing to this topic passes."""
    does = "acknowledges no message" if silent else "closes the connection at each message"
    remedy = "it may forbid this unit to publish there; ask its operator"
    return f"the broker {does} to “{topic}”: {remedy}"


def lone_frame_line(frame: CachedFrame, topic: str, *, silent: bool) -> str:
    """One frame does not pass, and its topic has no other."""
    does = "does not acknowledge" if silent else "closes the connection at"
    return (
        f"the broker {does} {_described(frame)} for “{topic}”, and there is no other to compare it "
        "with: it is kept and tried again"
    )


def grounds_line(topic: str, *, silent: bool) -> str:
    """Why a frame is set aside."""
    does = "does not acknowledge it" if silent else "closes the connection at it"
    return f"for “{topic}”: the broker {does} each time, and takes others"


def set_aside_line(frame: CachedFrame, grounds: str) -> str:
    """A frame is set aside."""
    return f"{_described(frame)} was set aside, {grounds}; see the command quarantine"


def without_status_line(grounds: str) -> str:
    """The status message is not sent any more."""
    return f"the status message is left out, {grounds}"


def hang_up_line(topic: str) -> str:
    """Messages to this topic are acknowledged, and the connection ends right after."""
    return (
        f"the broker closes the connection each time it has acknowledged messages to “{topic}”: it "
        "may forbid this unit to publish there, and throw them away; ask its operator"
    )


def _described(frame: CachedFrame) -> str:
    at = datetime.fromtimestamp(frame.received_at, UTC)
    return f"a frame of {len(frame.mbal)} bytes received {at:%Y-%m-%d %H:%M:%S} UTC"
