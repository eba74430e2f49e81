import pytest

from tui.charts import bar, histogram, sparkline


def test_a_sparkline_shows_the_newest_values_at_the_right() -> None:
    """A column each, as high as its share of the greatest; older ones fall off the left."""
    assert sparkline([8, 0, 1, 4, 8], 4) == (" ▁▄█",)


def test_few_values_leave_room_at_the_left() -> None:
    """What has not been yet is blank."""
    assert sparkline([2], 3) == ("  █",)
    assert sparkline([], 3) == ("   ",)


def test_more_rows_show_finer_steps() -> None:
    """The highest row first; a column fills the rows below its top."""
    assert sparkline([16, 9, 8, 1], 4, 2) == ("█▁  ", "███▁")


def test_something_is_never_drawn_as_nothing() -> None:
    """One frame beside a thousand is there to be seen; none at all is not."""
    assert sparkline([1000, 1, 0], 3, 2) == ("█  ", "█▁ ")
    assert sparkline([0, 0], 2) == ("  ",)


def test_a_histogram_shows_all_counts() -> None:
    """Each as wide as is asked for."""
    assert histogram([0, 2, 1], 2, 1) == ("  ██▄▄",)
    assert histogram([0, 2, 1], 1, 0) == ()


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, "····"), (0.5, "██··"), (1, "████"), (-3, "····"), (7, "████")],
)
def test_a_bar_is_filled_by_its_share(share: float, drawn: str) -> None:
    """What lies beyond an end is drawn as that end."""
    assert bar(share, 4) == drawn
