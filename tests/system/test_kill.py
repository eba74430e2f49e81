"""What is safe stays safe: the unit is killed again and again under traffic."""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.lives import MOODS, Lives, Mood, rig

KILLS = 200

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
async def test_no_frame_that_was_safe_is_lost_by_a_kill(
    quick_path: Path, authority: Authority, record_property: Callable[[str, object], None]
) -> None:
    """Killed at random moments, the broker up, down, flapping, or not heard."""
    moods = random.Random(5).choices(MOODS, k=KILLS)
    lives = await live_and_die(quick_path, authority, moods)
    lives.assert_nothing_lost()
    lives.assert_few_sent_again()
    lives.assert_accounted_for()
    record_property("kills", figures(lives))


async def test_a_late_flush_is_noticed(quick_path: Path, authority: Authority) -> None:
    """With frames in memory for a second before they are written, this rig finds lost ones."""
    weakened = {"appliance.forwarding.cache.FLUSH_AFTER_S": 1.0}
    lives = await live_and_die(quick_path, authority, ["down"] * 5, weakened)
    with pytest.raises(AssertionError, match="lost"):
        lives.assert_nothing_lost()


async def test_a_wide_window_is_noticed(quick_path: Path, authority: Authority) -> None:
    """With a thousand messages in flight, this rig finds too many sent again."""
    weakened = {"appliance.forwarding.forwarder.WINDOW": 1000}
    lives = await live_and_die(quick_path, authority, ["unanswered"] * 3, weakened)
    with pytest.raises(AssertionError, match="sent again"):
        lives.assert_few_sent_again()


async def live_and_die(
    directory: Path,
    authority: Authority,
    moods: Sequence[Mood],
    weakened: Mapping[str, object] | None = None,
) -> Lives:
    """A life for each mood of the broker, and one more that delivers what is left."""
    async with rig(directory, authority) as made:
        for mood in moods:
            await made.live_and_die(mood, weakened)
        return await made.finish()


def figures(lives: Lives) -> str:
    """One line for the report."""
    again = zip(lives.lives, lives.sent_again(), strict=True)
    most: dict[str, int] = {}
    for life, count in again:
        kills = 1 + life.losses
        most[life.mood] = max(most.get(life.mood, 0), -(-count // kills))
    told = ", ".join(f"{mood} {count}" for mood, count in most.items())
    return f"{len(lives.lives)} kills, {len(lives.safe)} safe frames, 0 lost; sent again: {told}"
