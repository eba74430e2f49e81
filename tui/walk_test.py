"""Owns the walk test: what was heard before a mark and after it, compared in words; pure.

A difference is called better or worse only where chance alone would hardly bring it about: meters
send at times of their own, and a few frames more or fewer mean nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

from appliance.duration import spelled

if TYPE_CHECKING:
    from appliance.radio.reception import Tally

ENOUGH = 10  # frames on each side; with fewer nothing is compared
_CLEAR = 2.0  # standard deviations: by chance beyond them once in twenty times

_UNMARKED = "Press m to mark this place, then move the antenna."
_ON_THE_WAY = "Marked. Move the antenna, then press b: after begins there."

Judgement = Literal["better", "worse", "open"]


@dataclass(frozen=True, slots=True)
class Row:
    """One number of both sides, as text; `change` is empty where nothing is compared."""

    label: str
    before: str
    after: str
    change: str = ""
    judgement: Judgement = "open"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Number by number, and what it comes to."""

    rows: tuple[Row, ...]
    verdict: str
    judgement: Judgement = "open"


@dataclass(frozen=True, slots=True)
class WalkTest:
    """Two places of the antenna, by the tallies of all that was heard until each moment.

    What is heard between `marked` and `there`, the antenna being carried, belongs to neither.
    """

    began: "Tally"
    marked: "Tally | None" = None  # the end of before
    there: "Tally | None" = None  # the beginning of after

    def mark(self, now: "Tally") -> "WalkTest":
        """End the present place, which is before from now on; on the way there is no place."""
        if self.marked is None or self.there is not None:
            return WalkTest(self.there or self.began, now)
        return self

    def begin(self, now: "Tally") -> "WalkTest":
        """Begin after here, or begin it anew; without a mark there is nothing to begin."""
        return replace(self, there=now) if self.marked else self

    def before(self, now: "Tally") -> "Tally":
        """What was heard up to the mark; up to now where there is none."""
        return (self.marked or now) - self.began

    def after(self, now: "Tally") -> "Tally | None":
        """What was heard at the new place; None until it has begun."""
        return now - self.there if self.there else None


def compare(test: WalkTest, now: "Tally") -> Comparison:
    """Both places; where frames enough were heard, what changed and whether for the better."""
    before, after = test.before(now), test.after(now)
    if after is None:
        rows = tuple(Row(each.label, each.text(before), "-") for each in _NUMBERS)
        return Comparison(rows, _ON_THE_WAY if test.marked else _UNMARKED)
    if few := _too_few(before, after):
        pairs = ((each.label, each.text(before), each.text(after)) for each in _NUMBERS)
        return Comparison(tuple(Row(*each) for each in pairs), few)
    rows = tuple(each.compared(before, after) for each in _NUMBERS)
    return Comparison(rows, *_verdict(before, after))


def _too_few(before: "Tally", after: "Tally") -> str:
    """Say which side has too few frames, or too short a time; empty where neither has."""
    if before.frames < ENOUGH:
        return f"Too few frames before the mark to compare: {before.frames} of {ENOUGH} needed."
    if before.frames_a_minute is None:
        return "Too short a time before the mark to compare: 10 s needed."
    if after.frames < ENOUGH:
        return f"Too few frames to compare yet: {after.frames} of {ENOUGH} needed."
    if after.frames_a_minute is None:
        return "Too short a time to compare yet: 10 s needed."
    return ""


def number(value: float | None) -> str:
    """The value, with a decimal where that still tells something; "-" for None."""
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def dbm(level: int | None) -> str:
    """The level with its unit; "-" for None."""
    return "-" if level is None else f"{level} dBm"


def _rate_shift(before: "Tally", after: "Tally") -> int:
    """1 where clearly more frames came in the same time, -1 where clearly fewer, or 0."""
    difference = after.frames / after.seconds - before.frames / before.seconds
    # The number of frames in a time spreads as its square root (Poisson).
    spread = sqrt(before.frames / before.seconds**2 + after.frames / after.seconds**2)
    return _clear(difference, spread)


def _level_shift(before: "Tally", after: "Tally") -> int:
    return _shift(before.rssi, after.rssi)


def _errors_shift(before: "Tally", after: "Tally") -> int:
    return _shift(before.corrected, after.corrected)


def _shift(before: Sequence[int], after: Sequence[int]) -> int:
    """1 where the counts clearly moved up, -1 where down, or 0: the rank test of Mann, Whitney."""
    wins, lower = 0.0, 0
    for first, second in zip(before, after, strict=True):
        wins += second * (lower + first / 2)
        lower += first
    pairs, both = lower * sum(after), lower + sum(after)
    ties = sum((first + second) ** 3 for first, second in zip(before, after, strict=True)) - both
    spread = sqrt((both + 1 - ties / (both * (both - 1))) / (12 * pairs))
    return _clear(wins / pairs - 1 / 2, spread)


def _clear(difference: float, spread: float) -> int:
    if abs(difference) <= _CLEAR * spread:
        return 0
    return 1 if difference > 0 else -1


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of a tally: what it is called, how it looks, and when its change is a clear one."""

    label: str
    of: Callable[["Tally"], Any]
    show: Callable[[Any], str] = str
    unit: str = ""
    shift: Callable[["Tally", "Tally"], int] | None = None
    good: int = 1  # -1 where less is better

    def text(self, tally: "Tally") -> str:
        return self.show(self.of(tally))

    def compared(self, before: "Tally", after: "Tally") -> Row:
        row = Row(self.label, self.text(before), self.text(after))
        if self.shift is None:
            return row
        difference = self.of(after) - self.of(before)
        difference = round(difference, 1 if abs(difference) < 100 else None)
        if not difference:
            return replace(row, change="the same")
        amount = f"{difference:+g}{self.unit}"
        if self.shift(before, after) * difference <= 0:
            return replace(row, change=f"{amount} ?")
        judgement: Judgement = "better" if difference * self.good > 0 else "worse"
        return replace(row, change=f"{amount} {judgement}", judgement=judgement)


_NUMBERS = (
    _Number("time", lambda tally: max(1, tally.seconds), spelled),
    _Number("frames", lambda tally: tally.frames),
    _Number("frames a min", lambda tally: tally.frames_a_minute, number, "", _rate_shift),
    _Number("RSSI median", lambda tally: tally.rssi_median, dbm, " dB", _level_shift),
    _Number("RSSI weak 10%", lambda tally: tally.rssi_weak, dbm, " dB", _level_shift),
    _Number("bits corrected", lambda tally: tally.corrected_a_frame, number, "", _errors_shift, -1),
    _Number("rejected", lambda tally: tally.rejected),
)


def _verdict(before: "Tally", after: "Tally") -> tuple[str, Judgement]:
    """What the antenna is for comes first: frames heard, then how well."""
    level = _level_shift(before, after)
    match _rate_shift(before, after), level, _errors_shift(before, after):
        case 1, _, _:
            weak = ", among them weak ones" if level < 0 else ""
            return f"Better: more frames are heard{weak}.", "better"
        case -1, _, _:
            strong = ", the weak ones are missing" if level > 0 else ""
            return f"Worse: fewer frames are heard{strong}.", "worse"
        case _, 1, _:
            return "Better: about as many frames, but stronger.", "better"
        case _, -1, _:
            return "Worse: about as many frames, but weaker.", "worse"
        case _, _, -1:
            return "Better: fewer bits had to be corrected.", "better"
        case _, _, 1:
            return "Worse: more bits had to be corrected.", "worse"
    return "No clear difference so far; ? may be chance.", "open"
