from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.heard import Heard
from tui.walk_test import ENOUGH, Comparison, Row, WalkTest, compare

Place = Callable[[Heard], None]


def place(count: int, every_s: float = 2, rssi: int = -80, spread: int = 8, bits: int = 0) -> Place:
    """A place where so many frames come, their RSSI spread around a level."""

    def hear(heard: Heard) -> None:
        for number in range(count):
            level = rssi - spread + 2 * spread * number // max(1, count - 1)
            heard.frames(1, every_s, level, bits)

    return hear


def walk(*places: Place) -> Comparison:
    """What is said at the last of the places, with strong frames on the way between each two."""
    heard = Heard()
    test = WalkTest(heard.report().tally)
    for number, hear in enumerate(places):
        if number:
            test = test.mark(heard.report().tally)
            heard.frames(7, 0.01, rssi=-1)
            test = test.begin(heard.report().tally)
        hear(heard)
    return compare(test, heard.report().tally)


def row(comparison: Comparison, label: str) -> Row:
    """The row so called."""
    [found] = [each for each in comparison.rows if each.label == label]
    return found


def test_without_a_mark_this_place_is_before() -> None:
    """Its numbers are there already, and what to do next."""
    told = walk(place(30))
    assert row(told, "frames") == Row("frames", "30", "-")
    assert row(told, "time") == Row("time", "60 s", "-")
    assert told.verdict.startswith("Press m to mark this place")
    assert told.judgement == "open"


def test_on_the_way_nothing_is_compared() -> None:
    """Before is frozen; what comes in belongs nowhere, and what to do next is said."""
    heard = Heard()
    test = WalkTest(heard.report().tally)
    heard.frames(30)
    test = test.mark(heard.report().tally)
    heard.frames(30)
    now = heard.report().tally
    assert test.mark(now) == test
    told = compare(test, now)
    assert row(told, "frames") == Row("frames", "30", "-")
    assert told.verdict == "Marked. Move the antenna, then press b: after begins there."


def test_without_a_mark_there_is_no_other_place_to_begin() -> None:
    """The numbers of this one go on."""
    heard = Heard()
    test = WalkTest(heard.report().tally)
    heard.frames(30)
    assert test.begin(heard.report().tally) == test


def test_after_can_begin_anew() -> None:
    """At a third place, or in a better position; before is kept."""
    heard = Heard()
    test = WalkTest(heard.report().tally)
    for count in (30, 20):
        heard.frames(count)
        test = test.mark(heard.report().tally) if count == 30 else test
        test = test.begin(heard.report().tally)
    heard.frames(15)
    assert row(compare(test, heard.report().tally), "frames") == Row("frames", "30", "15")


def test_before_and_after_are_each_their_places_alone() -> None:
    """What comes after the mark is not before, what comes on the way is neither."""
    told = walk(place(30, every_s=2), place(20, every_s=1))
    assert row(told, "frames") == Row("frames", "30", "20")
    assert row(told, "time") == Row("time", "60 s", "20 s")
    assert row(told, "frames a min").before == "30.0"
    assert row(told, "frames a min").after == "60.0"


def test_the_next_mark_moves_on() -> None:
    """After becomes before; the place before that is forgotten."""
    told = walk(place(30), place(20), place(15))
    assert row(told, "frames") == Row("frames", "20", "15")


@pytest.mark.parametrize(
    ("places", "verdict"),
    [
        ((place(30), place(9)), "to compare yet: 9"),
        ((place(9), place(30)), "before the mark to compare: 9"),
        ((place(30), place(0)), "to compare yet: 0"),
        ((place(0), place(0)), "before the mark to compare: 0"),
    ],
)
def test_too_few_frames_are_not_compared(places: tuple[Place, Place], verdict: str) -> None:
    """It says so, and whether to wait for more helps; no change is told, however great."""
    told = walk(*places)
    assert told.verdict == f"Too few frames {verdict} of {ENOUGH} needed."
    assert {each.change for each in told.rows} == {""}
    assert told.judgement == "open"


@pytest.mark.parametrize("every_s", [0, 0.3])
def test_a_rate_over_a_short_time_is_none(every_s: float) -> None:
    """A burst of frames in the first seconds would be hundreds a minute."""
    told = walk(place(30), place(30, every_s))
    assert row(told, "frames a min") == Row("frames a min", "30.0", "-")
    assert (told.verdict, told.judgement) == (
        "Too short a time to compare yet: 10 s needed.",
        "open",
    )
    told = walk(place(30, every_s), place(30))
    assert row(told, "frames a min") == Row("frames a min", "-", "30.0")
    assert told.verdict == "Too short a time before the mark to compare: 10 s needed."


def test_stronger_frames_are_better() -> None:
    """The difference in dB, in words, and what it comes to."""
    told = walk(place(60, rssi=-88), place(60, rssi=-82))
    assert row(told, "RSSI median").change == "+6 dB better"
    assert row(told, "frames a min").change == "the same"
    assert told.verdict == "Better: about as many frames, but stronger."
    assert told.judgement == "better"


def test_weaker_frames_are_worse() -> None:
    """The other way round."""
    told = walk(place(60, rssi=-82), place(60, rssi=-88))
    assert row(told, "RSSI median").change == "-6 dB worse"
    assert row(told, "RSSI weak 10%").judgement == "worse"
    assert told.verdict == "Worse: about as many frames, but weaker."


def test_a_small_difference_of_few_frames_is_left_open() -> None:
    """It may be chance: a question mark, and no verdict."""
    told = walk(place(12, rssi=-82, spread=15), place(11, rssi=-80, spread=15, every_s=1.8))
    assert row(told, "RSSI median").change.endswith(" dB ?")
    assert row(told, "frames a min").change == "+3.3 ?"
    assert told.verdict == "No clear difference so far; ? may be chance."
    assert told.judgement == "open"


def test_hearing_more_counts_more_than_hearing_weak_ones() -> None:
    """A better antenna hears far meters too, and their weak frames lower the median."""

    def both(heard: Heard) -> None:
        place(60, every_s=1, rssi=-80)(heard)
        place(60, every_s=1, rssi=-110)(heard)

    told = walk(place(60, rssi=-80), both)
    assert row(told, "RSSI weak 10%").judgement == "worse"
    assert told.verdict == "Better: more frames are heard, among them weak ones."
    assert told.judgement == "better"


def test_hearing_only_strong_ones_is_no_gain() -> None:
    """Where the weak ones are lost the median rises, and the place is worse all the same."""

    def both(heard: Heard) -> None:
        place(60, every_s=1, rssi=-80)(heard)
        place(60, every_s=1, rssi=-110)(heard)

    told = walk(both, place(60, rssi=-80))
    assert told.verdict == "Worse: fewer frames are heard, the weak ones are missing."
    assert told.judgement == "worse"


def test_corrected_bits_decide_where_all_else_is_equal() -> None:
    """Fewer are better."""
    told = walk(place(60, bits=3), place(60, bits=0))
    assert row(told, "bits corrected").change == "-3 better"
    assert told.verdict == "Better: fewer bits had to be corrected."
    assert walk(place(60, bits=0), place(60, bits=3)).judgement == "worse"


def test_the_same_place_twice_is_not_judged() -> None:
    """Equal sides, level by level."""
    told = walk(place(60, spread=0), place(60, spread=0))
    assert {each.change for each in told.rows} == {"", "the same"}
    assert told.judgement == "open"


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-400, 100), st.integers(0, 70000)), max_size=30),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([0.0, 0.001, 7.0, 1e6]),
)
def test_anything_can_be_compared(places: list[list[tuple[int, int]]], every_s: float) -> None:
    """Whatever was heard in whatever time, words come of it."""

    def hearing(frames: list[tuple[int, int]]) -> Place:
        def hear(heard: Heard) -> None:
            for rssi, bits in frames:
                heard.frames(1, every_s, rssi, bits)

        return hear

    told = walk(*map(hearing, places))
    assert told.verdict
    assert len(told.rows) == 7
