import time

from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.frames_in_memory import FramesInMemory
from tests.support.frames import cached_frame


def holding(*ids: int, priority: range = range(0)) -> FramesInMemory:
    """Frames of these ids."""
    frames = FramesInMemory()
    for one in ids:
        frames.append(cached_frame(one, priority=one in priority))
    return frames


def is_none(_: int) -> bool:
    """Nothing is gone."""
    return False


def ids(frames: list[CachedFrame]) -> list[int]:
    """Their ids."""
    return [frame.id for frame in frames]


def test_frames_are_read_in_order_behind_an_id() -> None:
    """But for those that were acknowledged while they were being written."""
    frames = holding(*range(1, 7))
    assert ids(frames.following(2, 3, is_none)) == [3, 4, 5]
    assert ids(frames.following(2, 3, (4).__eq__)) == [3, 5, 6]


def test_the_oldest_without_priority_give_way_first() -> None:
    """Then the oldest of priority, until nothing is left."""
    frames = holding(*range(1, 6), priority=range(1, 3))
    gone = [frames.remove_oldest() for _ in range(6)]
    assert [frame and frame.id for frame in gone] == [3, 4, 5, 1, 2, None]
    assert frames.priority_frames == 0


def test_what_is_being_written_stays_until_it_is() -> None:
    """It can be read, and does not give way: it may be on disk already."""
    frames = holding(*range(1, 5))
    assert [frame.id for frame in frames.write(70)] == [1, 2]
    frames.append(cached_frame(5))
    assert frames.first_unwritten == 3
    assert [frames.is_being_written(one) for one in (2, 3)] == [True, False]
    oldest = frames.remove_oldest()
    assert oldest
    assert oldest.id == 3
    assert ids(frames.following(0, 10, is_none)) == [1, 2, 4, 5]
    frames.written()
    assert ids(frames.following(0, 10, is_none)) == [4, 5]


def test_a_write_that_fails_leaves_everything_as_it_was() -> None:
    """The next one begins with the same frames."""
    frames = holding(1, 2)
    frames.write(1)
    frames.refused()
    assert not frames.is_being_written(1)
    assert [frame.id for frame in frames.write(1000)] == [1, 2]


def test_frames_can_be_renumbered() -> None:
    """When the ids that are in the file are known; order and priority stay."""
    frames = holding(1, 2, 3, priority=range(1, 2))
    frames.renumber(10)
    assert ids(frames.following(0, 10, is_none)) == [11, 12, 13]
    gone = frames.remove_oldest()
    assert gone
    assert gone.id == 12


def test_giving_way_behind_many_priority_frames_is_quick() -> None:
    """A full memory drops a frame for each that comes: that must not take longer and longer."""
    frames = holding(*range(1, 60_001), priority=range(1, 30_001))
    began = time.process_time()
    for one in range(60_001, 80_001):
        frames.append(cached_frame(one))
        frames.remove_oldest()
    # Passing over 30,000 frames each time would take minutes.
    assert time.process_time() - began < 10
