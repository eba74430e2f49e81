import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.forwarding.cache import FrameCache
from appliance.forwarding.unit_clock import (
    Bounds,
    Moment,
    Setting,
    UnitClock,
    kernel_boot,
    kernel_moment,
)
from tests.appliance.forwarding.caches import opened, stored
from tests.support.frames import cached_frame, radio_frame
from tests.support.waiting import until

BOUNDS = Bounds(1_793_491_200.0, 2_424_643_200.0)  # November 2026, and twenty years
NOON = 1_800_000_000.0
BOOT = 7


@dataclass
class Kernel:
    """A unit's clocks, to be set and to go on."""

    wall: float = 10.0
    since_boot: float = 10.0
    synchronised: bool = False
    boot: int = BOOT

    def now(self) -> Moment:
        """What they say."""
        return Moment(self.wall, self.since_boot, self.synchronised)

    def go_on(self, seconds: float) -> None:
        """Time passes."""
        self.wall += seconds
        self.since_boot += seconds

    def clock(self) -> UnitClock:
        """The clock of a process on this kernel."""
        return UnitClock(BOUNDS, self.now, lambda: self.boot)


@pytest.fixture
def kernel() -> Kernel:
    """A unit without a clock battery, ten seconds after it was switched on."""
    return Kernel()


def receive(cache: FrameCache, kernel: Kernel, number: int) -> None:
    """A frame comes in now."""
    cache.append(radio_frame(number), kernel.wall, priority=False)


async def stamps(cache: FrameCache) -> list[float]:
    """The frames' time stamps."""
    return [frame.received_at for frame in await cache.read(0, 100)]


async def test_stamps_of_1970_are_corrected_once_the_clock_is_set(
    tmp_path: Path, kernel: Kernel
) -> None:
    """In memory and on disk alike; what came after is right as it is."""
    async with opened(tmp_path, clock=kernel.clock()) as cache:
        receive(cache, kernel, 1)
        await until(stored(cache))
        kernel.go_on(60)
        receive(cache, kernel, 2)
        assert await stamps(cache) == [10, 70]
        kernel.go_on(30)
        kernel.wall = NOON
        assert await stamps(cache) == [NOON - 90, NOON - 30]
        kernel.go_on(5)
        receive(cache, kernel, 3)
        await until(stored(cache))
        assert await stamps(cache) == [NOON - 90, NOON - 30, NOON + 5]


async def test_a_restart_of_the_unit_does_not_lose_the_correction(
    tmp_path: Path, kernel: Kernel
) -> None:
    """Neither of its program, the clock being set meanwhile, nor of the whole unit afterwards."""
    async with opened(tmp_path, clock=kernel.clock()) as cache:
        receive(cache, kernel, 1)
    kernel.go_on(50)
    kernel.wall = NOON
    async with opened(tmp_path, clock=kernel.clock()) as cache:
        assert await stamps(cache) == [NOON - 50]
    later = Kernel(wall=20, since_boot=20, boot=8)
    async with opened(tmp_path, clock=later.clock()) as cache:
        receive(cache, later, 2)
        assert await stamps(cache) == [NOON - 50, 20]
        later.wall = NOON + 5000
        assert await stamps(cache) == [NOON - 50, NOON + 5000]


async def test_stamps_of_a_boot_whose_clock_was_never_set_stay(
    tmp_path: Path, kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows when that was; the log says so, once."""
    async with opened(tmp_path, clock=kernel.clock()) as cache:
        receive(cache, kernel, 1)
        receive(cache, kernel, 2)
    later = Kernel(wall=NOON, since_boot=20, boot=8)
    async with opened(tmp_path, clock=later.clock()) as cache:
        assert await stamps(cache) == [10, 10]
        assert await stamps(cache) == [10, 10]
    told = [r.message for r in caplog.records if "earlier boot" in r.message]
    assert len(told) == 1
    assert "does NTP reach it?" in told[0]


def test_ntp_corrects_what_came_before_it(kernel: Kernel) -> None:
    """A battery clock that is hours wrong: NTP vouches for the right time."""
    kernel.wall = NOON
    clock = kernel.clock()
    boot, since_boot = clock.stamp(kernel.wall)
    frame = cached_frame(1)._replace(received_at=NOON, boot=boot, since_boot=since_boot)
    kernel.go_on(600)
    kernel.wall += 3 * 3600
    kernel.synchronised = True
    clock.look()
    assert clock.corrected(frame).received_at == NOON + 3 * 3600
    assert clock.stamp(kernel.wall) == (None, None)  # certain from now on


def test_a_step_that_nobody_vouches_for_corrects_nothing(kernel: Kernel) -> None:
    """Of two possible times nobody knows which is right."""
    kernel.wall = NOON
    clock = kernel.clock()
    boot, since_boot = clock.stamp(kernel.wall)
    assert boot == BOOT
    frame = cached_frame(1)._replace(received_at=NOON, boot=boot, since_boot=since_boot)
    kernel.wall += 86_400
    clock.look()
    assert clock.corrected(frame) is frame


def test_ntp_that_comes_after_a_first_setting_corrects_again(kernel: Kernel) -> None:
    """Somebody set the clock by hand, some minutes wrong; what NTP says afterwards is better."""
    clock = kernel.clock()
    boot, since_boot = clock.stamp(kernel.wall)
    frame = cached_frame(1)._replace(received_at=10, boot=boot, since_boot=since_boot)
    kernel.wall = NOON
    clock.look()
    assert clock.corrected(frame).received_at == NOON
    kernel.wall = NOON + 120
    kernel.synchronised = True
    clock.look()
    assert clock.corrected(frame).received_at == NOON + 120


def test_a_clock_that_is_lost_again_spoils_nothing(kernel: Kernel) -> None:
    """Set back to 1970 after NTP: old stamps stay corrected, new ones follow what NTP said."""
    clock = kernel.clock()
    boot, since_boot = clock.stamp(kernel.wall)
    early = cached_frame(1)._replace(received_at=10, boot=boot, since_boot=since_boot)
    kernel.wall, kernel.synchronised = NOON, True
    clock.look()
    kernel.go_on(100)
    kernel.wall, kernel.synchronised = 5, False
    boot, since_boot = clock.stamp(kernel.wall)
    late = cached_frame(2)._replace(received_at=5, boot=boot, since_boot=since_boot)
    kernel.wall = NOON + 9999  # by hand
    clock.look()
    assert clock.corrected(early).received_at == NOON
    assert clock.corrected(late).received_at == NOON + 100


def test_a_stamp_from_after_the_last_synchronisation_is_its_own(kernel: Kernel) -> None:
    """NTP went away: the clock runs on, and is no worse than what NTP said hours ago."""
    kernel.wall, kernel.synchronised = NOON, True
    clock = kernel.clock()
    clock.look()
    kernel.go_on(36_000)
    kernel.wall += 7  # it drifts
    kernel.synchronised = False
    boot, since_boot = clock.stamp(kernel.wall)
    frame = cached_frame(1)._replace(received_at=kernel.wall, boot=boot, since_boot=since_boot)
    assert clock.corrected(frame) is frame


def test_a_correction_below_a_second_is_none(kernel: Kernel) -> None:
    """A frame that is sent again should carry the stamp it had."""
    kernel.wall = NOON
    clock = kernel.clock()
    boot, since_boot = clock.stamp(kernel.wall)
    frame = cached_frame(1)._replace(received_at=NOON, boot=boot, since_boot=since_boot)
    kernel.wall += 0.7
    kernel.synchronised = True
    clock.look()
    assert clock.corrected(frame) is frame


def test_the_log_says_when_the_clock_is_set(
    kernel: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at a start with a clock that was right before."""
    with caplog.at_level(logging.INFO):
        clock = kernel.clock()
        clock.look()
        kernel.wall = NOON
        clock.look()
        kernel.clock().look()
    (line,) = [record.message for record in caplog.records]
    assert "the clock was set, it is 2027-01-15 08:00:00 UTC" in line


def test_what_is_remembered_gives_way_to_what_is_seen(kernel: Kernel) -> None:
    """A setting of this boot that another process has kept is no better than the clock itself."""
    old = Setting(BOOT, NOON, 1.0, synchronised=False)
    kernel.wall = NOON + 500
    clock = kernel.clock()
    clock.look()
    clock.recall([old, Setting(3, 5.0, 1.0, synchronised=True)])
    assert clock.setting() == Setting(BOOT, NOON + 490, 10.0, synchronised=False)


def test_what_ntp_said_before_is_remembered(kernel: Kernel) -> None:
    """Better than a clock that is possible only."""
    kernel.wall = NOON
    clock = kernel.clock()
    clock.look()
    known = Setting(BOOT, NOON - 5, 1.0, synchronised=True)
    clock.recall([known])
    assert clock.setting() == known


def test_a_frame_that_crosses_the_setting_of_the_clock_is_corrected(kernel: Kernel) -> None:
    """Its stamp was taken a moment before, by the thread that reads the port."""
    clock = kernel.clock()
    clock.look()
    kernel.wall, kernel.synchronised = NOON, True
    boot, since_boot = clock.stamp(10.0)
    frame = cached_frame(1)._replace(received_at=10.0, boot=boot, since_boot=since_boot)
    assert clock.corrected(frame).received_at == NOON


def test_what_the_kernel_says() -> None:
    """The real clocks go on, and the boot is the same."""
    first, second = kernel_moment(), kernel_moment()
    assert second.wall >= first.wall > 1_700_000_000
    assert second.since_boot >= first.since_boot > 0
    assert kernel_boot() == kernel_boot()
    assert 0 <= kernel_boot() < 1 << 31
