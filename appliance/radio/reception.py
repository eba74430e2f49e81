"""What the unit heard since it started, gathered frame by frame; pure, bounded, O(1) a frame.

Owns the counts of frames and rejected records, and how long nothing was heard: by the monotonic
clock, which an unset or corrected time of day does not disturb. Statistics are exact: they come
from counts per dBm and per number of corrected bits, not from samples.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import sub

from appliance.radio.frame import RadioFrame
from appliance.status import RadioState

BUCKET_S = 10.0
_BUCKETS = 360  # one hour
_MINUTE_BUCKETS = 6
_LATEST = 50
_REJECTIONS = 20

# What lies beyond an end is counted at that end.
_LOWEST_DBM = -150
_HIGHEST_DBM = 0
_MOST_CORRECTED = 20
_WEAK_PERCENT = 10
LEAST_RATE_S = 10.0  # over a shorter time a rate is chance


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """One frame: Unix seconds of its reception, RSSI in dBm, `size` of its MBAL frame in bytes."""

    received_at: float
    rssi: int
    corrected_bits: int
    size: int
    priority: bool


@dataclass(frozen=True, slots=True)
class Rejection:
    """One record that could not be used: Unix seconds, and why in the protocol's words."""

    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What was heard within so many seconds; `later - earlier` is what was heard in between.

    `rssi[n]` frames came at n - 150 dBm, the first and the last entry standing for all below and
    above. `corrected[n]` frames had n corrected bits, the last entry standing for 20 and more;
    `corrected_bits` is their exact sum.
    """

    seconds: float
    priority_frames: int
    rejected: int
    corrected_bits: int
    rssi: tuple[int, ...]
    corrected: tuple[int, ...]

    def __sub__(self, earlier: "Tally") -> "Tally":
        return Tally(
            self.seconds - earlier.seconds,
            self.priority_frames - earlier.priority_frames,
            self.rejected - earlier.rejected,
            self.corrected_bits - earlier.corrected_bits,
            tuple(map(sub, self.rssi, earlier.rssi)),
            tuple(map(sub, self.corrected, earlier.corrected)),
        )

    @property
    def frames(self) -> int:
        """How many frames came."""
        return sum(self.rssi)

    @property
    def frames_a_minute(self) -> float | None:
        """The rate over all the seconds; None where they are fewer than 10."""
        return 60 * self.frames / self.seconds if self.seconds >= LEAST_RATE_S else None

    @property
    def rssi_median(self) -> int | None:
        """The RSSI in dBm that half of the frames did not exceed; None without frames."""
        return self._rssi_at(50)

    @property
    def rssi_weak(self) -> int | None:
        """The RSSI in dBm that the weakest tenth did not exceed; None without frames."""
        return self._rssi_at(_WEAK_PERCENT)

    @property
    def rssi_best(self) -> int | None:
        """The highest RSSI in dBm; None without frames."""
        return self._rssi_at(100)

    @property
    def corrected_a_frame(self) -> float | None:
        """The mean number of corrected bits; None without frames."""
        return self.corrected_bits / self.frames if self.frames else None

    @property
    def damaged_share(self) -> float | None:
        """The share (0 to 1) of frames in which bits were corrected; None without frames."""
        return 1 - self.corrected[0] / self.frames if self.frames else None

    def rssi_bins(self, width: int = 5) -> tuple[tuple[int, int], ...]:
        """Pairs of a lowest dBm and the frames in the `width` dB from there, -150 dBm first."""
        return tuple(
            (_LOWEST_DBM + index, sum(self.rssi[index : index + width]))
            for index in range(0, len(self.rssi), width)
        )

    def _rssi_at(self, percent: int) -> int | None:
        """The lowest dBm by which `percent` of the frames are counted: the nearest rank."""
        frames = self.frames
        totals = enumerate(accumulate(self.rssi), _LOWEST_DBM)
        reached = (dbm for dbm, total in totals if 100 * total >= percent * frames)
        return next(reached) if frames else None


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """The radio at one moment, and what it heard since the unit started.

    `silent_for_s` counts from the last frame, None before the first. `buckets` are the frames of
    each `bucket_s` of the last hour, oldest first, the last one still running. `latest` (up to 50)
    and `rejections` (up to 20) are newest first. `last_minute` spans the last 60 to 70 s, or less
    after a start; `tally` all since the start.
    """

    state: RadioState
    error: str | None
    modem: str | None
    silent_for_s: float | None
    buckets: tuple[int, ...]
    latest: tuple[HeardFrame, ...]
    rejections: tuple[Rejection, ...]
    last_minute: Tally
    tally: Tally
    bucket_s: float = BUCKET_S


class Reception:
    """Gathers what the radio hears; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._heard_at: float | None = None
        self._priority_frames = self._rejected = self._corrected_bits = 0
        self._rssi = [0] * (_HIGHEST_DBM - _LOWEST_DBM + 1)
        self._corrected = [0] * (_MOST_CORRECTED + 1)
        self._running = 0  # the number of the running bucket
        self._buckets = deque([0], _BUCKETS)
        # As it was when each of the last buckets began.
        self._past = deque([self._tally(0)], _MINUTE_BUCKETS + 1)
        self._latest: deque[HeardFrame] = deque(maxlen=_LATEST)
        self._rejections: deque[Rejection] = deque(maxlen=_REJECTIONS)

    def heard(self, frame: RadioFrame, received_at: float, *, priority: bool) -> None:
        """Take note of a frame received at `received_at` (Unix seconds)."""
        self._heard_at = self._clock()
        self._keep_up(self._heard_at)
        self._buckets[-1] += 1
        self._priority_frames += priority
        self._corrected_bits += frame.corrected_bits
        self._rssi[min(max(frame.rssi, _LOWEST_DBM), _HIGHEST_DBM) - _LOWEST_DBM] += 1
        self._corrected[min(frame.corrected_bits, _MOST_CORRECTED)] += 1
        self._latest.appendleft(
            HeardFrame(received_at, frame.rssi, frame.corrected_bits, len(frame.mbal), priority)
        )

    def rejected(self, reason: str, at: float) -> None:
        """Take note of a record rejected at `at` (Unix seconds)."""
        self._keep_up(self._clock())
        self._rejected += 1
        self._rejections.appendleft(Rejection(at, reason))

    def report(self, state: RadioState, error: str | None, modem: str | None) -> ReceptionReport:
        """What was heard until now, with what the receiver says of the port and the modem."""
        now = self._clock()
        self._keep_up(now)
        tally = self._tally(now - self._began)
        return ReceptionReport(
            state,
            error,
            modem,
            None if self._heard_at is None else now - self._heard_at,
            tuple(self._buckets),
            tuple(self._latest),
            tuple(self._rejections),
            tally - self._past[0],
            tally,
        )

    def _keep_up(self, now: float) -> None:
        """Begin the buckets that are due; in those passed over nothing happened."""
        due = int((now - self._began) // BUCKET_S)
        if due == self._running:
            return
        tally = self._tally(0)
        # More than an hour of them would push each other out.
        for number in range(max(self._running, due - _BUCKETS) + 1, due + 1):
            self._buckets.append(0)
            self._past.append(replace(tally, seconds=number * BUCKET_S))
        self._running = due

    def _tally(self, seconds: float) -> Tally:
        return Tally(
            seconds,
            self._priority_frames,
            self._rejected,
            self._corrected_bits,
            tuple(self._rssi),
            tuple(self._corrected),
        )
