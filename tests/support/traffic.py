"""Steady frames from a modem, when each was sent, and what became of them at the far end."""

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.support.frames import radio_frame
from tests.support.modem_line import ModemLine

SAFE_AFTER_S = 0.25  # the promise
PRIORITY_EVERY = 5  # frames
ON_TIME_S = 0.01  # a thread that wakes up so late is still on time
STALL_SEEN_S = 1.0  # a stall longer ago than this holds nothing up any more


class Traffic:
    """Sends frames, numbered from `first` on, `rate` a second, while in `with`.

    `sent` tells when the last byte of each frame was on the line, by the monotonic clock. A frame
    that finds no modem plugged in is not sent, and has no entry.
    """

    def __init__(
        self, modem: ModemLine, *, rate: float = 200, first: int = 0, size: int = 12
    ) -> None:
        self.sent: dict[int, float] = {}
        self.next = first
        self._modem = modem
        self._interval = 1 / rate
        self._size = size
        self._stop = threading.Event()
        self._stalls: list[tuple[float, float]] = []  # when noticed, how long
        self._thread = threading.Thread(target=self._run, name="traffic")

    def __enter__(self) -> Self:
        """Frames flow from now on."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """No more frames when this returns."""
        self.stop()

    def stop(self) -> None:
        """Ends it early; blocks for a moment."""
        self._stop.set()
        self._thread.join()

    def safe_at(self, moment: float) -> set[int]:
        """The frames that are promised to be safe at this moment.

        While this machine stood still (nothing of a test's thread ran either) the unit could do
        nothing: such time is not counted against it.
        """
        stalled = sum(
            late for noticed, late in self._stalls if moment - STALL_SEEN_S < noticed <= moment
        )
        return {n for n, at in self.sent.items() if at < moment - SAFE_AFTER_S - stalled}

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._send()
            due = max(due, time.monotonic() - self._interval) + self._interval
            time.sleep(max(0.0, due - time.monotonic()))
            late = time.monotonic() - due
            if late > ON_TIME_S:
                self._stalls.append((time.monotonic(), late))

    def _send(self) -> None:
        number = self.next
        frame = radio_frame(number, priority=number % PRIORITY_EVERY == 0, size=self._size)
        try:
            self._modem.send(frame)
        except OSError:  # unplugged
            return
        self.sent[number] = time.monotonic()
        self.next = number + 1


def repeated(messages: Sequence[Sequence[int]]) -> set[int]:
    """The places of those messages of which a frame comes again in a later one."""
    last = {frame: place for place, frames in enumerate(messages) for frame in frames}
    return {
        place
        for place, frames in enumerate(messages)
        if any(last[frame] != place for frame in frames)
    }
