"""Sets of frame ids that stay small however many there are.

What is acknowledged is acknowledged in order, but for the few messages in flight: a few ranges say
it all.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator


class IdRanges:
    """A set of whole numbers, kept as ranges."""

    def __init__(self) -> None:
        self._firsts: list[int] = []  # both ordered, and of the same length
        self._lasts: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._firsts, number)
        return place > 0 and number <= self._lasts[place - 1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The ranges, first and last included, in order."""
        return zip(self._firsts, self._lasts, strict=True)

    @property
    def first(self) -> float:
        """The least number; infinity without any."""
        return self._firsts[0] if self._firsts else math.inf

    def add(self, number: int) -> bool:
        """Puts `number` in; False where it was already."""
        place = bisect_right(self._firsts, number)
        if place and number <= self._lasts[place - 1]:
            return False
        self._count += 1
        joins_left = place > 0 and self._lasts[place - 1] == number - 1
        joins_right = place < len(self._firsts) and self._firsts[place] == number + 1
        if joins_left and joins_right:
            self._lasts[place - 1] = self._lasts.pop(place)
            del self._firsts[place]
        elif joins_left:
            self._lasts[place - 1] = number
        elif joins_right:
            self._firsts[place] = number
        else:
            self._firsts.insert(place, number)
            self._lasts.insert(place, number)
        return True

    def discard(self, number: int) -> bool:
        """Takes `number` out; False where it was not in."""
        place = bisect_right(self._firsts, number) - 1
        if place < 0 or number > self._lasts[place]:
            return False
        first, last = self._firsts.pop(place), self._lasts.pop(place)
        if number < last:
            self._firsts.insert(place, number + 1)
            self._lasts.insert(place, last)
        if first < number:
            self._firsts.insert(place, first)
            self._lasts.insert(place, number - 1)
        self._count -= 1
        return True

    def take(self, limit: int, to: int, ranges: int) -> "IdRanges":
        """Takes out the lowest numbers up to `to`: `limit` at most, and in so many `ranges`."""
        taken = IdRanges()
        while (
            self._firsts
            and self._firsts[0] <= to
            and taken._count < limit
            and len(taken._firsts) < ranges
        ):
            first = self._firsts[0]
            last = min(self._lasts[0], first + limit - taken._count - 1, to)
            taken._firsts.append(first)
            taken._lasts.append(last)
            taken._count += last - first + 1
            if last == self._lasts[0]:
                del self._firsts[0], self._lasts[0]
            else:
                self._firsts[0] = last + 1
        self._count -= taken._count
        return taken

    def put_back(self, taken: "IdRanges") -> None:
        """Puts in again what `take` took out."""
        for first, last in taken:
            for number in range(first, last + 1):
                self.add(number)
