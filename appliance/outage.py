"""Owns how the log tells of something that does not work: each reason once, and when it is over.

What is broken is tried again every few seconds. A log that said so every time would push out what
a technician looks for; one that never said "again" would leave them searching for what is mended.
"""

import logging
import time

from appliance.duration import spelled

_MOST_REASONS = 10  # told in one outage: some hold a number that is another one every time


class Outage:
    """One outage after the other of one thing; to be told of each failure, and of the success."""

    def __init__(self) -> None:
        self.failures = 0  # since it began; 0: there is none
        self._began = 0.0  # monotonic
        self._told: set[str] = set()

    def level(self, reason: str, first: int = logging.WARNING) -> int:
        """Count a failure; the level to log it at: `first` for a new reason, DEBUG for an old."""
        if not self.failures:
            self._began = time.monotonic()
        self.failures += 1
        if reason in self._told or len(self._told) >= _MOST_REASONS:
            return logging.DEBUG
        self._told.add(reason)
        return first

    def end(self) -> str:
        """It works: how long it did not, in words; "" where there was no outage."""
        if not self.failures:
            return ""
        self.failures = 0
        self._told.clear()
        return spelled(time.monotonic() - self._began)
