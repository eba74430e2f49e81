"""Memory and descriptors of a unit's process, which are to stay flat whatever happens to it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import psutil

GROWTH_MB = 12.0  # Python's heap and SQLite's page cache fill up once; a leak goes on
MORE_DESCRIPTORS = 6  # a connection being opened, a session over SSH


@dataclass(frozen=True, slots=True)
class Vitals:
    """At one moment: resident memory in MB, open descriptors, threads."""

    rss_mb: float
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Of a process that runs."""
        process = psutil.Process(pid)
        with process.oneshot():
            rss_mb = process.memory_info().rss / 1e6
            return cls(round(rss_mb, 1), process.num_fds(), process.num_threads())

    @classmethod
    def each(cls, choose: Callable[[Iterable[float]], float], many: Sequence[Self]) -> Self:
        """The lowest (`min`) or highest (`max`) figure of each kind."""
        return cls(
            choose(one.rss_mb for one in many),
            int(choose(one.descriptors for one in many)),
            int(choose(one.threads for one in many)),
        )

    def assert_flat_since(self, before: "Vitals") -> None:
        """No more than what fills up once has been added."""
        assert self.rss_mb < before.rss_mb + GROWTH_MB, f"{before} became {self}"
        assert self.descriptors <= before.descriptors + MORE_DESCRIPTORS, f"{before} became {self}"
        assert self.threads <= before.threads + MORE_DESCRIPTORS, f"{before} became {self}"
