"""Owns the radio's state in one line: since when nothing was heard, and what to check."""

from typing import TYPE_CHECKING, Literal

from appliance.duration import spelled
from tui.widgets import printable

if TYPE_CHECKING:
    from appliance.radio.reception import ReceptionReport

_QUIET_S = 30.0  # nobody on a ladder waits longer before asking
_QUIET_GAPS = 5  # times the usual time between two frames; chance rarely takes longer
_DAMAGED_SHARE = 0.1  # of all records; a sound cable damages fewer
_NOISE = 2  # damaged records that say nothing of the cable
_CHECK = "check antenna, its cable, modem supply, modem cable."

Look = Literal["done", "warning", "refused"]


def state(report: "ReceptionReport") -> tuple[Look, str]:
    """How the radio is: a look, and one line with a sign."""
    quiet_s = report.tally.seconds if report.silent_for_s is None else report.silent_for_s
    quiet, minute = spelled(quiet_s), report.last_minute
    if report.state == "unavailable":
        return "refused", f"x Nothing heard for {quiet}. {_one_line(report.error)}"
    if report.state == "silent" or quiet_s > _patience_s(report):
        if _damaged_since(report) > _NOISE:
            return "warning", f"! Only damaged records for {quiet}: check the modem cable."
        return "warning", f"! Silent for {quiet}: {_CHECK}"
    if report.silent_for_s is None:
        return "warning", f"- Listening for {quiet}, nothing heard yet."
    if minute.rejected > _DAMAGED_SHARE * (minute.rejected + minute.frames):
        damaged = f"{minute.rejected} damaged records in the last minute"
        return "warning", f"! Receiving, but {damaged}: check the modem cable."
    modem = f" Modem: {_one_line(report.modem)}" if report.modem else ""
    return "done", f"+ Receiving. Last frame: {quiet} ago.{modem}"


def hears(report: "ReceptionReport") -> bool:
    """Whether the last frame and the last minute tell of the present."""
    quiet_s = report.silent_for_s
    return report.state == "receiving" and quiet_s is not None and quiet_s <= _patience_s(report)


def _patience_s(report: "ReceptionReport") -> float:
    """How long a silence is nothing special, judged by the last hour."""
    span, frames = report.bucket_s * len(report.buckets), sum(report.buckets)
    return max(_QUIET_S, _QUIET_GAPS * span / frames) if frames else _QUIET_S


def _damaged_since(report: "ReceptionReport") -> int:
    """How many records were rejected after the last frame."""
    last = report.latest[0].received_at if report.latest else 0
    return sum(each.at > last for each in report.rejections)


def _one_line(text: str | None) -> str:
    return " ".join(printable(text or "").split())
