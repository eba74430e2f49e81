"""The unit's clock, and the right time for frames that were stamped before it was set.

A small unit has no clock battery: it starts in 1970, or with what a drifted battery clock says, and
NTP sets it when the network is up. Frames do not wait for that: one that comes while the clock is
not known to be right also gets its time since boot, which no setting of the clock moves, and its
stamp stays provisional. What makes a stamp right, later on and in the same boot:

- the clock was impossible (see `Bounds`) and is set to a possible time, by whomever;
- NTP says for the first time that the clock is right: then all earlier provisional stamps follow.

A step between two possible times that NTP does not vouch for corrects nothing: nobody knows which
of the two was right. Stamps of an earlier boot whose clock was never set stay as they are. What is
known of a boot (`Setting`) outlives the process in the cache's file.
"""

import ctypes
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from appliance.forwarding.cached_frame import CachedFrame

log = logging.getLogger(__name__)

_NOT_SYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 512  # struct timex has 208 on 64-bit systems; all zero, it only asks
_LIBC = ctypes.CDLL(None)
_WORTH_IT_S = 1.0  # what is published has whole seconds


class Bounds(NamedTuple):
    """The times that a unit's clock can be right about, in Unix seconds."""

    earliest: float = -math.inf
    latest: float = math.inf

    def contain(self, at: float) -> bool:
        """Whether a clock may say `at`."""
        return self.earliest <= at < self.latest


class Moment(NamedTuple):
    """What the kernel says: Unix seconds, seconds since boot, whether NTP vouches for the first."""

    wall: float
    since_boot: float
    synchronised: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """The clock of `boot` was set: ever since `since_boot` it says `offset` + time since boot."""

    boot: int
    offset: float
    since_boot: float
    synchronised: bool

    def is_sound(self) -> bool:
        """Whether each value can be one: what comes from a disk may be anything."""
        numbers = (self.offset, self.since_boot)
        return isinstance(self.boot, int) and all(
            isinstance(each, float) and math.isfinite(each) for each in numbers
        )


def kernel_moment() -> Moment:
    """The time now."""
    answer = _LIBC.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    synchronised = answer not in (_NOT_SYNCHRONISED, -1)
    return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), synchronised)


def kernel_boot() -> int:
    """Which boot this is: 31 bits of the kernel's random boot id, enough to tell a few apart."""
    text = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")
    return int(text.replace("-", "")[:8], 16) >> 1


class UnitClock:
    """Stamps frames, and corrects stamps; `bounds` are those of a clock that can be right."""

    def __init__(
        self,
        bounds: Bounds = Bounds(),  # noqa: B008 - a value, not changed
        now: Callable[[], Moment] = kernel_moment,
        boot: Callable[[], int] = kernel_boot,
    ) -> None:
        self._bounds = bounds
        self._now = now
        self.boot = boot()
        self._settings: dict[int, Setting] = {}
        self._was_possible = self._was_synchronised = False
        self._looked = False
        self._earlier_boot_told = False

    def recall(self, settings: Iterable[Setting]) -> None:
        """Takes in what was known before this process."""
        for each in settings:
            known = self._settings.get(each.boot)
            if known is None or (each.synchronised and not known.synchronised):
                self._settings[each.boot] = each

    def stamp(self, received_at: float) -> tuple[int, float] | tuple[None, None]:
        """Boot and seconds since, for a frame received now; nothing where its time is certain."""
        moment = self.look()
        if moment.synchronised and self._bounds.contain(received_at):
            return None, None
        return self.boot, moment.since_boot

    def look(self) -> Moment:
        """Reads the clock, and notices that it was set."""
        moment = self._now()
        possible = self._bounds.contain(moment.wall)
        synchronised = possible and moment.synchronised
        known = self._settings.get(self.boot)
        vouched_for = known is not None and known.synchronised
        became_possible = possible and not self._was_possible and not vouched_for
        if became_possible or (synchronised and not self._was_synchronised):
            self._note(moment)
        self._was_possible, self._was_synchronised = possible, synchronised
        self._looked = True
        return moment

    def setting(self) -> Setting | None:
        """What is known of this boot's clock, to be kept in the file; None before it was set."""
        return self._settings.get(self.boot)

    def corrected(self, frame: CachedFrame) -> CachedFrame:
        """The frame with the best stamp there is for it."""
        if frame.boot is None or frame.since_boot is None:
            return frame
        possible = self._bounds.contain(frame.received_at)
        setting = self._settings.get(frame.boot)
        if setting is None:
            if not possible and frame.boot != self.boot:
                self._tell_of_earlier_boot(frame)
            return frame
        if possible and not (setting.synchronised and frame.since_boot < setting.since_boot):
            return frame
        at = setting.offset + frame.since_boot
        if abs(at - frame.received_at) < _WORTH_IT_S:
            return frame
        return frame._replace(received_at=at)

    def _note(self, moment: Moment) -> None:
        offset = moment.wall - moment.since_boot
        self._settings[self.boot] = Setting(
            self.boot, offset, moment.since_boot, moment.synchronised
        )
        if self._looked:  # not merely started with a clock that was right before
            log.info(
                "the clock was set, it is %s%s; frames stamped earlier in this boot follow it",
                datetime.fromtimestamp(moment.wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
                " by NTP" if moment.synchronised else "",
            )

    def _tell_of_earlier_boot(self, frame: CachedFrame) -> None:
        if not self._earlier_boot_told:
            log.warning(
                "frames of an earlier boot keep a wrong time (%.0f s after 1970-01-01): the unit's "
                "clock was not set before it was switched off; does NTP reach it?",
                frame.received_at,
            )
        self._earlier_boot_told = True
