"""What is wrong with the cache at the moment, told once when it begins and once when it ends.

A fault that lasts would fill the log, and one that is over would stay unexplained in it: each kind
of fault is an episode, with one line at either end.
"""

import logging
from enum import IntEnum

log = logging.getLogger(__name__)


class Fault(IntEnum):
    """The kinds of episode, the gravest first."""

    REFUSING = 1  # the disk takes nothing
    SALVAGING = 2  # a damaged file is being read
    UNREADABLE = 3  # a damaged file cannot be, before somebody helps
    FULL = 4  # the quota is reached


_GRAVE = (Fault.REFUSING, Fault.UNREADABLE)


class CacheHealth:
    """The episodes that last."""

    def __init__(self) -> None:
        self._lasting: dict[Fault, str] = {}

    def begins(self, fault: Fault, text: str) -> None:
        """Notes the fault, in a line for the technician; logged where it is news."""
        if fault not in self._lasting:
            log.log(logging.ERROR if fault in _GRAVE else logging.WARNING, "%s", text)
        self._lasting[fault] = text

    def ends(self, fault: Fault, text: str) -> None:
        """Notes that the fault is over; `text` says so, where it was there at all."""
        if self._lasting.pop(fault, None):
            log.info("%s", text)

    def lasts(self, fault: Fault) -> bool:
        """Whether this fault is there now."""
        return fault in self._lasting

    def __str__(self) -> str:
        """The gravest fault in one line; empty where all is well."""
        return self._lasting[min(self._lasting)] if self._lasting else ""
