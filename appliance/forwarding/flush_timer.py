"""Says when the frames in memory have to be written.

Each frame has its time in which the broker may acknowledge it: none is written early because an
older one was about to be, unless that one still waits when its own time is over.
"""

import asyncio
from collections import deque
from collections.abc import Callable

_TICK_S = 0.001  # timers are no more exact


class FlushTimer:
    """Calls `due` when a frame that `is_waiting` still came `after_s` seconds ago."""

    def __init__(
        self, after_s: float, is_waiting: Callable[[int], bool], due: Callable[[], None]
    ) -> None:
        self._after_s = after_s
        self._is_waiting = is_waiting
        self._due = due
        self._arrivals: deque[tuple[int, float]] = deque()  # ids, and times on the loop's clock
        self._timer: asyncio.TimerHandle | None = None

    def came(self, frame_id: int) -> None:
        """A frame has come in."""
        loop = asyncio.get_running_loop()
        self._arrivals.append((frame_id, loop.time()))
        if not self._timer:
            self._timer = loop.call_later(self._after_s, self._look)

    def _look(self) -> None:
        self._timer = None
        while self._arrivals and not self._is_waiting(self._arrivals[0][0]):
            self._arrivals.popleft()
        if not self._arrivals:
            return
        loop, at = asyncio.get_running_loop(), self._arrivals[0][1] + self._after_s
        if at > loop.time() + _TICK_S:
            self._timer = loop.call_at(at, self._look)
        else:
            self._arrivals.clear()  # they are all written together
            self._due()
