from hypothesis import given
from hypothesis import strategies as st

from appliance.forwarding.id_ranges import IdRanges

NUMBERS = st.lists(st.integers(0, 40), max_size=60)


def filled(numbers: list[int]) -> IdRanges:
    """Ranges with these numbers in."""
    ranges = IdRanges()
    for number in numbers:
        ranges.add(number)
    return ranges


@given(NUMBERS)
def test_it_is_a_set(numbers: list[int]) -> None:
    """Whatever the order: each number once, in ranges that do not touch."""
    ranges = IdRanges()
    for place, number in enumerate(numbers):
        assert ranges.add(number) == (number not in numbers[:place])
    assert len(ranges) == len(set(numbers))
    assert [n for n in range(-1, 42) if n in ranges] == sorted(set(numbers))
    bounds = [edge for each in ranges for edge in each]
    assert bounds == sorted(bounds)
    assert all(behind > last + 1 for last, behind in zip(bounds[1::2], bounds[2::2], strict=False))


@given(NUMBERS, st.integers(0, 45), st.integers(0, 45))
def test_the_lowest_are_taken_and_can_be_put_back(numbers: list[int], limit: int, to: int) -> None:
    """As many as asked for, and none behind a number; put back, all is as it was."""
    ranges = filled(numbers)
    before = list(ranges)
    taken = ranges.take(limit, to, 100)
    expected = [number for number in sorted(set(numbers)) if number <= to][:limit]
    assert [n for n in range(41) if n in taken] == expected
    assert len(taken) + len(ranges) == len(set(numbers))
    assert not any(number in ranges for number in expected)
    ranges.put_back(taken)
    assert list(ranges) == before


@given(NUMBERS, NUMBERS)
def test_single_numbers_can_be_taken_out(numbers: list[int], out: list[int]) -> None:
    """Each once, wherever in a range it is."""
    ranges = filled(numbers)
    left = set(numbers)
    for number in out:
        assert ranges.discard(number) == (number in left)
        left.discard(number)
    assert list(ranges) == list(filled(sorted(left)))
    assert len(ranges) == len(left)


def test_a_million_in_order_are_one_range() -> None:
    """What is acknowledged in an outage of the disk takes no memory."""
    ranges = filled(list(range(100_000)))
    assert list(ranges) == [(0, 99_999)]


@given(NUMBERS, st.integers(0, 10))
def test_no_more_ranges_are_taken_than_asked_for(numbers: list[int], most: int) -> None:
    """Where what is acknowledged is scattered."""
    ranges = filled(numbers)
    before = list(ranges)
    assert list(ranges.take(100, 100, most)) == before[:most]
    assert list(ranges) == before[most:]
    assert ranges.first == (before[most][0] if before[most:] else float("inf"))
