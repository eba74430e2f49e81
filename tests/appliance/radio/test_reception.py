import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.radio.reception import BUCKET_S, HeardFrame, Rejection
from tests.support.heard import BEGAN, Heard

WEEK_S = 7 * 86400.0


@pytest.fixture
def heard() -> Heard:
    """A reception that has heard nothing yet."""
    return Heard()


def test_nothing_heard_is_said_as_such(heard: Heard) -> None:
    """No number is made up where there are no frames, not even a silence."""
    heard.now += 30
    report = heard.report()
    assert (report.silent_for_s, report.latest, report.rejections) == (None, (), ())
    assert (report.tally.seconds, report.tally.frames, report.tally.frames_a_minute) == (30, 0, 0)
    tally = report.tally
    assert (tally.rssi_median, tally.rssi_weak, tally.rssi_best) == (None, None, None)
    assert (tally.corrected_a_frame, tally.damaged_share) == (None, None)


def test_no_rate_is_told_of_no_time(heard: Heard) -> None:
    """What was heard between a moment and the same moment has no frames a minute."""
    now = heard.report().tally
    assert (now - now).frames_a_minute is None


def test_a_rate_needs_ten_seconds() -> None:
    """Three frames in the first second are not 180 a minute."""
    heard = Heard()
    heard.frames(3, every_s=3.3)
    assert heard.report().tally.frames_a_minute is None
    heard.frames(1, every_s=0.1)
    assert heard.report().tally.frames_a_minute == pytest.approx(24)


def test_the_port_is_reported_in_the_receivers_words(heard: Heard) -> None:
    """State, error and modem are passed on."""
    heard.state, heard.error, heard.modem = "unavailable", "no such device", None
    report = heard.report()
    assert (report.state, report.error, report.modem) == ("unavailable", "no such device", None)


def test_silence_is_measured_from_the_last_frame(heard: Heard) -> None:
    """Live, by the monotonic clock; a rejected record does not end it."""
    heard.frame()
    heard.now += 2
    heard.frame()
    heard.now += 41.5
    heard.reject()
    assert heard.report().silent_for_s == 41.5


def test_the_newest_frames_come_first_and_the_old_ones_go(heard: Heard) -> None:
    """Fifty of them, with the RSSI as it was told."""
    for number in range(60):
        heard.frame(-300 if number == 59 else -number, number, priority=number == 59)
    latest = heard.report().latest
    assert latest[0] == HeardFrame(BEGAN, -300, 59, 3, True)
    assert [frame.corrected_bits for frame in latest] == list(range(59, 9, -1))


def test_the_newest_rejections_come_first_and_the_old_ones_go(heard: Heard) -> None:
    """Twenty of them with their reason; the count goes on."""
    for _ in range(25):
        heard.reject("bad CRC")
        heard.now += 1
    heard.reject("short")
    report = heard.report()
    newest = (Rejection(BEGAN + 25, "short"), Rejection(BEGAN + 24, "bad CRC"))
    assert report.rejections[:2] == newest
    assert (len(report.rejections), report.tally.rejected) == (20, 26)


@given(st.lists(st.integers(-150, 0), min_size=1))
def test_median_and_percentiles_are_exact(levels: list[int]) -> None:
    """They are those of the frames themselves, each a value that occurred (nearest rank)."""
    heard = Heard()
    for level in levels:
        heard.frame(level)
    tally, ordered = heard.report().tally, sorted(levels)
    assert tally.rssi_median == statistics.median_low(levels)
    assert tally.rssi_weak == ordered[(len(levels) + 9) // 10 - 1]
    assert tally.rssi_best == ordered[-1]


def test_a_level_beyond_the_scale_is_counted_at_its_end(heard: Heard) -> None:
    """Whatever a modem says, -150 and 0 dBm bound the counts, and 20 corrected bits."""
    for level in (-32768, -151, 1, 32767):
        heard.frame(level, 65535)
    tally = heard.report().tally
    assert (tally.rssi[0], tally.rssi[-1], tally.frames) == (2, 2, 4)
    assert tally.corrected[-1] == 4
    assert tally.corrected_a_frame == 65535


def test_the_difference_of_two_tallies_is_what_came_between(heard: Heard) -> None:
    """Before is left out of every number."""
    for _ in range(5):
        heard.frame(-120, 9, priority=True)
    heard.reject()
    earlier = heard.report().tally
    heard.now += 30
    for level, corrected in ((-90, 0), (-80, 0), (-70, 3), (-60, 1)):
        heard.frame(level, corrected, priority=level == -60)
    heard.reject()
    between = heard.report().tally - earlier
    assert (between.seconds, between.frames, between.frames_a_minute) == (30, 4, 8)
    assert (between.rssi_weak, between.rssi_median, between.rssi_best) == (-90, -80, -60)
    assert (between.corrected_a_frame, between.damaged_share) == (1, 0.5)
    assert (between.priority_frames, between.rejected) == (1, 1)


def test_levels_are_binned_for_display(heard: Heard) -> None:
    """Each bin from its lowest dBm; all frames are in one of them."""
    for level in (-150, -146, -145, -81, -80, -76, 0):
        heard.frame(level)
    bins = dict(heard.report().tally.rssi_bins())
    assert (bins[-150], bins[-145], bins[-85], bins[-80], bins[0]) == (2, 1, 1, 2, 1)
    assert sum(bins.values()) == 7
    assert len(bins) == 31


def test_frames_are_counted_in_buckets(heard: Heard) -> None:
    """One each ten seconds, oldest first, the last one still running; empty ones are there."""
    heard.frame()
    heard.now += BUCKET_S - 0.25
    heard.frame()
    heard.now += 0.25
    heard.frame()
    heard.now += 2 * BUCKET_S
    assert heard.report().buckets == (2, 1, 0, 0)


def test_buckets_reach_back_an_hour(heard: Heard) -> None:
    """However long nobody looked and nothing came."""
    heard.frame()
    heard.now += WEEK_S
    heard.frame()
    report = heard.report()
    assert report.buckets == (*[0] * 359, 1)
    assert report.last_minute.frames == 1


def test_the_last_minute_slides(heard: Heard) -> None:
    """It spans 60 to 70 s, is exact about how many, and forgets what is older."""
    for second in range(200):
        heard.frame(-60 if second < 100 else -90)
        heard.now += 1
        minute = heard.report().last_minute
        assert minute.seconds == second + 1 if second < 60 else 60 <= minute.seconds < 70
        assert minute.frames == pytest.approx(minute.seconds, abs=2)
    assert minute.rssi_best == -90


def test_a_rejection_after_a_pause_is_in_the_last_minute(heard: Heard) -> None:
    """Time passes for it as for a frame."""
    heard.now += 300
    heard.reject()
    assert heard.report().last_minute.rejected == 1
