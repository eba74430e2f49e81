"""The frames that are not on disk yet, in the order they came.

Promises: a frame stays readable here until its commit has succeeded; whatever is done with one
costs the same however many there are, but for `following`, which passes over what is in flight,
and for `remove_oldest`, which passes over what is being written.
"""

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice, takewhile

from appliance.forwarding.cache_schema import ROW_OVERHEAD
from appliance.forwarding.cached_frame import CachedFrame


class FramesInMemory:
    """Frames by id; those of a commit under way are `writing`, and already as good as stored."""

    def __init__(self) -> None:
        # Ordered ones find their first in no time, however many were taken from the front before.
        self._frames: OrderedDict[int, CachedFrame] = OrderedDict()
        self._ordinary: OrderedDict[int, None] = OrderedDict()  # the ids without priority
        self._writing_to = 0  # the ids up to this one are in a commit under way
        self.priority_frames = 0

    def __len__(self) -> int:
        return len(self._frames)

    def __contains__(self, frame_id: int) -> bool:
        return frame_id in self._frames

    def append(self, frame: CachedFrame) -> None:
        """Takes in the newest frame."""
        self._frames[frame.id] = frame
        self.priority_frames += frame.priority
        if not frame.priority:
            self._ordinary[frame.id] = None

    def following(
        self, after: int, limit: int, is_gone: Callable[[int], bool]
    ) -> list[CachedFrame]:
        """Up to `limit` frames behind the id `after`, without those that are gone."""
        frames = (f for f in self._frames.values() if f.id > after and not is_gone(f.id))
        return list(islice(frames, limit))

    @property
    def first_unwritten(self) -> int | None:
        """The id of the oldest frame that no commit is writing."""
        return next((one for one in self._frames if one > self._writing_to), None)

    def is_being_written(self, frame_id: int) -> bool:
        """Whether the frame is on its way to the disk, and may be there already."""
        return frame_id <= self._writing_to and frame_id in self._frames

    def remove(self, frame_id: int) -> CachedFrame | None:
        """Takes the frame out, if it is here."""
        frame = self._frames.pop(frame_id, None)
        if frame:
            self.priority_frames -= frame.priority
            self._ordinary.pop(frame_id, None)
        return frame

    def remove_oldest(self) -> CachedFrame | None:
        """Takes out the oldest frame without priority, or with none the oldest of priority.

        None where all that is left is on its way to the disk.
        """
        for ids in (self._ordinary, self._frames):
            oldest = next((one for one in ids if one > self._writing_to), None)
            if oldest is not None:
                return self.remove(oldest)
        return None

    def write(self, room: int) -> tuple[CachedFrame, ...]:
        """Begins to write: the oldest frames, up to about `room` bytes of them."""
        writing = []
        for frame in self._frames.values():
            if room <= 0:
                break
            writing.append(frame)
            room -= len(frame.mbal) + ROW_OVERHEAD
        self._writing_to = writing[-1].id if writing else 0
        return tuple(writing)

    def written(self) -> None:
        """What was begun has succeeded."""
        while self._frames and next(iter(self._frames)) <= self._writing_to:
            self.remove(next(iter(self._frames)))
        self._writing_to = 0

    def refused(self) -> list[CachedFrame]:
        """What was begun has failed: everything is as it was; what it was."""
        writing = list(takewhile(lambda f: f.id <= self._writing_to, self._frames.values()))
        self._writing_to = 0
        return writing

    def renumber(self, shift: int) -> None:
        """Adds `shift` to every id."""
        frames = [frame._replace(id=frame.id + shift) for frame in self._frames.values()]
        self._frames = OrderedDict((frame.id, frame) for frame in frames)
        self._ordinary = OrderedDict((f.id, None) for f in frames if not f.priority)
