"""Owns how long something took, in words for a person."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def spelled(seconds: float) -> str:
    """The duration in one or two units, cut off below: "42 s", "14 min", "3 h 20 min"."""
    whole = int(seconds)
    if whole < 1:
        return "less than 1 s"
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} days {whole % _DAY // _HOUR} h"
