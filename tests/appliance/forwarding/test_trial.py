from itertools import pairwise
from random import Random

from appliance.forwarding.payload import Message
from appliance.forwarding.trial import DIFFERENT_FRAMES, STATUS, TIMES, Trial
from tests.support.frames import cached_frame
from tests.support.simulated_link import DATA, EVENT, STATUS_TOPIC, topic_of

SUSPECT = 5


def alone(number: int, topic: str = DATA) -> Message:
    """A message of one frame."""
    return Message(topic, b"", (cached_frame(number),))


GREETING = Message(STATUS_TOPIC, b"", ())


def trial(suspect: int = SUSPECT, topic: str = DATA, seed: int = 0) -> Trial:
    """One that has just begun."""
    return Trial(topic, suspect, Random(seed))


def test_a_frame_is_at_fault_when_it_alone_fails_each_time() -> None:
    """Not before both have happened often enough."""
    case = trial()
    for other in range(10, 10 + TIMES):
        assert case.verdict is None
        case.lost(alone(SUSPECT))
        case.passed(alone(other))
    assert case.verdict == "frame"


def test_one_success_acquits_it() -> None:
    """Whatever was before."""
    case = trial()
    for other in range(10, 10 + TIMES - 1):
        case.lost(alone(SUSPECT))
        case.passed(alone(other))
    case.passed(alone(SUSPECT))
    assert case.verdict == "innocent"


def test_another_one_that_fails_raises_what_is_asked_for() -> None:
    """It may be the line; or there are more such frames, and then it takes only a little longer."""
    case = trial()
    case.lost(alone(99))
    for other in range(10, 10 + TIMES):
        case.lost(alone(SUSPECT))
        case.passed(alone(other))
        assert case.verdict is None
    case.lost(alone(SUSPECT))
    case.lost(alone(SUSPECT))
    assert case.verdict is None
    case.passed(alone(50))
    assert case.verdict == "frame"


def test_another_one_that_failed_is_no_comparison_any_more() -> None:
    """It may be at fault itself."""
    case = trial()
    case.lost(alone(6))
    case.passed(alone(7))
    order = [cached_frame(n) for n in (SUSPECT, 6, 8)]
    assert {case.choose(order, topic_of) for _ in range(50)} == {order[0], order[2]}


def test_a_topic_is_at_fault_when_different_frames_fail_and_other_topics_pass() -> None:
    """Three frames at least, and often."""
    case = trial()
    case.choose([cached_frame(n) for n in range(SUSPECT, 20)], topic_of)  # there are others
    for turn in range(TIMES):
        case.passed(GREETING)
        case.lost(alone(SUSPECT))
        assert case.verdict is None, turn
    case.lost(alone(6))
    assert case.verdict is None
    case.lost(alone(7))
    assert case.verdict == "topic"
    assert len(case.lost_ids) == DIFFERENT_FRAMES


def test_without_another_frame_to_compare_with_the_topic_is_held() -> None:
    """Nothing is set aside on the word of other topics; what is known is kept for later."""
    case = trial()
    case.choose([cached_frame(SUSPECT)], topic_of)
    for _ in range(TIMES):
        case.passed(GREETING)
        case.lost(alone(SUSPECT))
    verdicts = [case.verdict]
    case.resume()
    for other in range(10, 10 + TIMES):
        verdicts.append(case.verdict)
        case.passed(alone(other))
    assert [*verdicts, case.verdict] == ["topic", *[None] * TIMES, "frame"]


def test_failures_everywhere_are_the_line() -> None:
    """Nothing is at fault, however often."""
    case = trial()
    case.choose([cached_frame(SUSPECT)], topic_of)
    for _ in range(10 * TIMES):
        case.passed(GREETING)
        case.lost(alone(SUSPECT))
        case.lost(GREETING)
    assert case.verdict is None
    assert not case.greet(STATUS_TOPIC, frames_waiting=True)  # no comparison any more


def test_lots_are_drawn_between_the_suspect_and_the_next_other_one() -> None:
    """In turn would be a pattern that two brokers behind one address can have as well."""
    case = trial()
    case.passed(alone(1))  # the topic is not at fault
    order = [cached_frame(n) for n in (SUSPECT, 6, 7)] + [cached_frame(9, priority=True)]
    drawn = [case.choose(order, topic_of) for _ in range(200)]
    numbers = [frame.id for frame in drawn if frame]
    assert set(numbers) == {SUSPECT, 6}
    assert 60 < numbers.count(SUSPECT) < 140
    in_turn = sum(one != other for one, other in pairwise(numbers))
    assert 60 < in_turn < 140


def test_other_topics_are_tried_while_nothing_passes_on_this_one() -> None:
    """Unless they fail too."""
    case = trial()
    order = [cached_frame(9, priority=True), cached_frame(SUSPECT), cached_frame(6)]
    assert {case.choose(order, topic_of) for _ in range(100)} == set(order)
    case.lost(alone(9, EVENT))
    assert {case.choose(order, topic_of) for _ in range(100)} == set(order[1:])


def test_the_status_message_is_tried_against_frames() -> None:
    """It has connections of its own, and frames have others without it."""
    case = trial(STATUS, STATUS_TOPIC)
    assert {case.greet(STATUS_TOPIC, frames_waiting=True) for _ in range(50)} == {True, False}
    assert case.greet(STATUS_TOPIC, frames_waiting=False)
    assert case.choose([cached_frame(1)], topic_of) == cached_frame(1)
    for number in range(1, 1 + TIMES):
        case.lost(GREETING)
        case.passed(alone(number))
    assert case.verdict == "topic"


def test_a_trial_is_never_idle() -> None:
    """Where nothing is left to compare with, the line may be well again: that has to be tried."""
    case = trial(STATUS, STATUS_TOPIC)
    case.lost(alone(1))  # no comparison any more
    assert case.choose([cached_frame(2)], topic_of) == cached_frame(2)
