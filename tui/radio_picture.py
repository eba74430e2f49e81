"""Owns what the radio view looks like: a RadioScene in, urwid widgets out.

State and frames a minute on top. Below on the left the last frame and how strong the frames at
this place are, on the right what changed since the mark, and the last frames one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import shorten, wrap
from typing import TYPE_CHECKING

import urwid

from appliance.duration import spelled
from tui.charts import bar, histogram, sparkline
from tui.radio_words import hears, state
from tui.walk_test import WalkTest, compare, dbm, number
from tui.widgets import printable

if TYPE_CHECKING:
    from appliance.radio.reception import HeardFrame, ReceptionReport, Tally

Row = tuple[str, str]  # look and text

_BINS = 31  # of RSSI, a column each or more
_LEAST_RIGHT = 47  # columns: the comparison's
_MOST_STATE_ROWS = 3
_RATE_COLUMNS = 24
_LEAST_ROWS, _ROWS_A_PULSE_ROW, _MOST_PULSE_ROWS = 22, 4, 6
_CHART_ROWS = 7  # the lowest of several charts, its heading and axis included
_VERDICT_ROWS = 2
_WEAKEST_DBM, _STRONGEST_DBM = -130, -30  # what a receiver can tell apart
_MOST_BITS = 20  # fill a bar
_JUDGED = {"better": "done", "worse": "refused", "open": "text"}


@dataclass(frozen=True, slots=True)
class RadioScene:
    """Everything one picture shows; `now` is Unix seconds."""

    report: "ReceptionReport"
    walk_test: WalkTest
    now: float


def compose(scene: RadioScene, size: tuple[int, int]) -> urwid.Widget:
    """Return the box widget that shows the scene on so many columns and rows."""
    columns, rows = size
    top = _state(scene.report, columns) + _pulse(scene.report, size)
    scale = max(1, (columns - _LEAST_RIGHT - 2) // _BINS)
    left = scale * _BINS + 1
    top.append(_rule(scene.report, left, columns))
    room = rows - len(top)
    lower = urwid.Columns(
        [
            (left, urwid.Padding(_box(_levels(scene, scale, room)), left=1)),
            (1, urwid.AttrMap(urwid.SolidFill("│"), "rule")),
            urwid.Padding(_box(_places(scene, columns - left - 2) + _latest(scene)), left=1),
        ]
    )
    return urwid.Pile([(len(top), _box(top)), lower])


def _box(rows: Sequence[Row]) -> urwid.Widget:
    """Return as many of the rows as fit, cut at the right edge."""
    markup = [(look, f"{text}\n") for look, text in rows]
    return urwid.Filler(urwid.Text(markup, wrap="clip"), "top")


def _state(report: "ReceptionReport", columns: int) -> list[Row]:
    look, words = state(report)
    if look == "done":  # all is well: no reason to move the rest of the picture
        return [(look, f" {shorten(words, columns - 2, placeholder='…')}")]
    return [(look, f" {line}") for line in wrap(words, columns - 2)[:_MOST_STATE_ROWS]]


def _pulse(report: "ReceptionReport", size: tuple[int, int]) -> list[Row]:
    """Frames a minute now and how they came, the running column behind a bar of its own."""
    columns, rows = size
    high = min(1 + (rows - _LEAST_ROWS) // _ROWS_A_PULSE_ROW, _MOST_PULSE_ROWS)
    rate = report.last_minute.frames_a_minute if hears(report) else None
    line = sparkline(report.buckets, columns - _RATE_COLUMNS - 2, high)
    labels = [f" {number(rate)} frames a minute", *[""] * (high - 1)]
    return [
        ("bar", f"{label:{_RATE_COLUMNS}}{row[:-1]}│{row[-1]}")
        for label, row in zip(labels, line, strict=True)
    ]


def _rule(report: "ReceptionReport", left: int, columns: int) -> Row:
    scale = f" {report.bucket_s:.0f} s a column, highest {max(report.buckets)} frames "
    return ("rule", f"{'─' * left}┬{scale.center(columns - left - 1, '─')}")


def _levels(scene: RadioScene, scale: int, rows: int) -> list[Row]:
    """The last frame against the last minute, how frames are spread, and what was rejected."""
    minute, rssi, bits = scene.report.last_minute, None, None
    if hears(scene.report):
        rssi, bits = scene.report.latest[0].rssi, scene.report.latest[0].corrected_bits
    else:  # what was heard last is no sign of life
        minute -= minute
    strength = 0.0 if rssi is None else (rssi - _WEAKEST_DBM) / (_STRONGEST_DBM - _WEAKEST_DBM)
    share = "-" if minute.damaged_share is None else f"{minute.damaged_share:.0%}"
    width = scale * _BINS
    shown: list[Row] = [
        _pair("RSSI, last frame", dbm(rssi), width),
        ("bar", bar(strength, width)),
        (
            "hint",
            f"minute: median {_or_dash(minute.rssi_median)}, weak {_or_dash(minute.rssi_weak)}",
        ),
        _pair("Bits corrected in it", _or_dash(bits), width),
        ("warning" if bits else "bar", bar((bits or 0) / _MOST_BITS, width)),
        ("hint", f"minute: mean {number(minute.corrected_a_frame)}, some in {share}"),
        ("text", ""),
    ]
    rejected = _rejected(scene, width)
    return shown + _charts(scene, scale, rows - len(shown) - len(rejected)) + rejected


def _charts(scene: RadioScene, scale: int, rows: int) -> list[Row]:
    """As many charts as there is room for, filling it."""
    now, test = scene.report.tally, scene.walk_test
    here = test.after(now) if test.marked else test.before(now)
    bins = f"{'-150':{10 * scale}}{'-100':{10 * scale}}{'-50':{10 * scale}}0"
    bits = f"{'0':{10 * scale}}{'10':{10 * scale}}20+"
    charts = [] if here is None else [("Frames by dBm, here", _rssi_bins(here), bins)]
    if test.marked:
        charts.append(("Frames by dBm, before", _rssi_bins(test.before(now)), bins))
    if here is not None:
        charts.append(("Frames by corrected bits", here.corrected, bits))
    shown: list[Row] = []
    for left in range(max(1, min(len(charts), rows // _CHART_ROWS)), 0, -1):
        heading, counts, axis = charts.pop(0)
        high = max(0, (rows - len(shown)) // left - 2)
        drawn = histogram(counts, scale, high)
        shown.append(_pair(heading, f"top {max(counts)}", scale * _BINS))
        shown += [("bar", row) for row in drawn]
        shown.append(("hint", axis))
    return shown


def _rssi_bins(tally: "Tally") -> Sequence[int]:
    return [frames for _, frames in tally.rssi_bins()]


def _rejected(scene: RadioScene, width: int) -> list[Row]:
    """How many records could not be used, and the last one's reason and age."""
    total = _pair("Rejected records", str(scene.report.tally.rejected), width)
    if not scene.report.rejections:
        return [total, ("hint", "none yet")]
    last = scene.report.rejections[0]
    age_s = scene.now - last.at
    age = "just now" if age_s < 1 else f"{spelled(age_s)} ago"
    return [total, ("hint", f"last: {printable(last.reason)}, {age}")]


def _pair(label: str, value: str, width: int) -> Row:
    return ("heading", f"{label}{value:>{width - len(label)}}")


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _places(scene: RadioScene, width: int) -> list[Row]:
    """The place before the mark and the one after it, side by side, and what that comes to."""
    comparison = compare(scene.walk_test, scene.report.tally)
    shown = [("heading", _cells("Walk test", "before", "after", "change"))]
    shown += [
        (_JUDGED[row.judgement], _cells(row.label, row.before, row.after, row.change))
        for row in comparison.rows
    ]
    verdict = wrap(comparison.verdict, width - 1)[:_VERDICT_ROWS]
    verdict += [""] * (_VERDICT_ROWS - len(verdict) + 1)
    return shown + [(_JUDGED[comparison.judgement], line) for line in verdict]


def _cells(label: str, before: str, after: str, change: str) -> str:
    return f"{label:14}{before:>9} {after:>9} {change}"


def _latest(scene: RadioScene) -> list[Row]:
    """The last frames, the newest first, after a heading."""
    heading = f"{'Time UTC':8}{'dBm':>7}{'bytes':>8}{'corrected':>11}"
    if not scene.report.latest:
        return [("heading", heading), ("hint", "no frame yet")]
    return [("heading", heading), *(_frame(each) for each in scene.report.latest)]


def _frame(frame: "HeardFrame") -> Row:
    at = datetime.fromtimestamp(frame.received_at, UTC)
    numbers = f"{frame.rssi:>7}{frame.size:>8}{frame.corrected_bits:>11}"
    return ("text", f"{at:%H:%M:%S}{numbers}{'  priority' if frame.priority else ''}")
