from appliance.forwarding.narrowing import ALONE, CAREFUL_AFTER, Narrowing
from appliance.forwarding.payload import Message
from appliance.forwarding.trial import STATUS
from tests.support.frames import cached_frame
from tests.support.simulated_link import DATA, EVENT, STATUS_TOPIC, topic_of


def message(*numbers: int, topic: str = DATA) -> Message:
    """A message of these frames."""
    return Message(topic, b"", tuple(cached_frame(number) for number in numbers))


def next_of(narrowing: Narrowing, *numbers: int, priority: tuple[int, ...] = ()) -> list[int]:
    """The frames chosen of these, those of priority first."""
    order = [cached_frame(n, priority=True) for n in priority]
    order += [cached_frame(n) for n in numbers]
    return [frame.id for frame in narrowing.choose(order, topic_of)]


def narrowed(*numbers: int) -> Narrowing:
    """Care was taken because a message of these frames failed."""
    narrowing = Narrowing(500)
    for _ in range(CAREFUL_AFTER):
        narrowing.lost(message(*numbers))
    return narrowing


def test_care_is_taken_at_the_second_loss_of_the_same_oldest_frames() -> None:
    """That newer ones joined them makes no difference; that they passed does."""
    narrowing = Narrowing(500)
    narrowing.lost(message(1, 2))
    assert not narrowing.careful
    narrowing.lost(message(2, 3))
    assert narrowing.careful
    moving = Narrowing(500)
    for number in range(1, 20):
        moving.lost(message(number))
        moving.acknowledged(message(number))
    assert not moving.careful


def test_what_fails_is_halved_and_what_passes_is_cleared() -> None:
    """Down to the one frame; that one is accused when it has failed alone often enough."""
    narrowing = narrowed(*range(1, 9))
    assert next_of(narrowing, *range(1, 12)) == [1, 2, 3, 4]
    narrowing.acknowledged(message(1, 2, 3, 4))
    assert next_of(narrowing, *range(5, 12)) == [5, 6]
    narrowing.lost(message(5, 6))
    assert next_of(narrowing, *range(5, 12)) == [5]
    narrowing.acknowledged(message(5))
    assert next_of(narrowing, *range(6, 12)) == [6]
    accused = [narrowing.lost(message(6)) for _ in range(ALONE)]
    assert accused == [*[None] * (ALONE - 1), 6]


def test_frames_ahead_of_the_suspects_go_before_them_as_usual() -> None:
    """Priority frames that came meanwhile do not wait for the end of the search."""
    narrowing = narrowed(*range(1, 9))
    assert next_of(narrowing, *range(1, 9), priority=(20, 21, 22)) == [20, 21, 22]
    narrowing.acknowledged(message(20, 21, 22, topic=EVENT))
    assert next_of(narrowing, *range(1, 9)) == [1, 2, 3, 4]


def test_messages_grow_until_they_are_as_before() -> None:
    """Once all of what failed has passed, which is told once."""
    narrowing = narrowed(1, 2)
    assert not narrowing.acknowledged(message(1))
    assert narrowing.acknowledged(message(2))
    sizes = []
    while narrowing.careful:
        sizes.append(len(next_of(narrowing, *range(3, 600))))
        assert not narrowing.acknowledged(message(*range(3, 3 + sizes[-1])))
    assert sizes == [2, 4, 8, 16, 32, 64, 128, 256]


def test_the_status_message_can_be_the_one() -> None:
    """It stands for itself."""
    greeting = Message(STATUS_TOPIC, b"", ())
    narrowing = Narrowing(500)
    accused = [narrowing.lost(greeting) for _ in range(CAREFUL_AFTER + ALONE)]
    assert accused[-1] == STATUS


def test_suspects_that_are_gone_end_the_search() -> None:
    """When none is left."""
    narrowing = narrowed(1, 2, 3)
    assert narrowing.suspects_up_to(2) == {1, 2}
    narrowing.forget(frozenset({1, 2}))
    assert narrowing.suspects_up_to(100) == {3}
    narrowing.forget(frozenset({3}))
    assert next_of(narrowing, *range(5, 20)) == [5]  # from one on
