"""What the unit makes of a broker, over a simulated line: `tests.support.simulated_link`."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.forwarding.cached_frame import CachedFrame
from appliance.forwarding.narrowing import CAREFUL_AFTER
from appliance.forwarding.payload import Message
from tests.support.frames import cached_frame
from tests.support.simulated_link import WINDOW, Answer, Broker, SimulatedLink


def frames(numbers: Iterable[int], *, every: int = 7) -> list[CachedFrame]:
    """Frames of 60 bytes; every seventh has priority."""
    return [cached_frame(n, priority=n % every == 0, size=60) for n in numbers]


def refusing(*bad: int, by: Answer = "close") -> Broker:
    """A broker that does not take some frames."""

    def answer(message: Message, _: int) -> Answer:
        return by if any(frame.id in bad for frame in message.frames) else "acknowledge"

    return answer


def failing(rate: float, seed: int, ways: Sequence[Answer]) -> Broker:
    """A line that fails at random."""
    chance = Random(seed)

    def answer(_: Message, __: int) -> Answer:
        return chance.choice(ways) if chance.random() < rate else "acknowledge"

    return answer


def in_order(numbers: Iterable[int]) -> bool:
    """Whether priority frames came in order, and the others."""
    listed = list(numbers)
    parts = [n for n in listed if n % 7], [n for n in listed if n % 7 == 0]
    return all(part == sorted(part) for part in parts)


@pytest.mark.parametrize("status_topic", ["", "status"])
@pytest.mark.parametrize("by", ["close", "say nothing"])
@pytest.mark.parametrize(
    "bad", [(301,), (1,), (7,), (1, 301, 302), (1, 100, 301, 350, 900), range(15, 60)]
)
def test_frames_that_are_refused_are_found_one_by_one(
    bad: Sequence[int], by: Answer, status_topic: str
) -> None:
    """Exactly those, however many there are; all others are delivered, once."""
    link = SimulatedLink(frames(range(1, 1201)), refusing(*bad, by=by), status_topic=status_topic)
    link.run(lambda: not link.queue, 40 * len(bad))
    assert sorted(link.quarantined) == sorted(bad)
    assert sorted(link.delivered) == sorted(set(range(1, 1201)) - set(bad))
    assert len(link.told) == len(bad)
    assert link.largest_in_flight <= WINDOW


def test_a_refused_frame_costs_a_minute() -> None:
    """With the backoff as it is: 25 connections."""
    link = SimulatedLink(frames(range(1, 1201)), refusing(301))
    link.run(lambda: bool(link.quarantined))
    assert link.connections <= 35
    assert link.now < 120


def test_with_the_last_frame_of_a_topic_at_fault_the_next_ones_prove_it() -> None:
    """As they come, one a minute; until then the topic is held, and said to be for one frame."""

    def answer(message: Message, number: int) -> Answer:
        return refusing(5)(message, number)

    came = 0

    def arrivals(now: float) -> list[CachedFrame]:
        nonlocal came
        first, came = came, int(now // 60)
        return frames(range(100 + first, 100 + came), every=10_000)

    link = SimulatedLink(frames(range(1, 6), every=10_000), answer)
    link.arrivals = arrivals
    link.run(lambda: bool(link.quarantined), 300)
    assert link.quarantined == [5]
    assert "there is no other to compare it with" in link.told[0]
    assert link.now < 1800


@settings(max_examples=100, deadline=None)
@given(
    rate=st.floats(0, 0.6),
    seed=st.integers(0, 2**32),
    ways=st.lists(
        st.sampled_from(["close", "acknowledge and close", "say nothing"]),
        min_size=1,
        max_size=3,
    ),
    status_topic=st.sampled_from(["", "status"]),
    batch_frames=st.sampled_from([1, 10, 500]),
)
def test_a_bad_line_sets_nothing_aside(
    rate: float, seed: int, ways: list[Answer], status_topic: str, batch_frames: int
) -> None:
    """Losses at random, however often: every frame is delivered, once, and none is accused."""
    link = SimulatedLink(
        frames(range(1, 200)),
        failing(rate, seed, ways),
        seed,
        status_topic=status_topic,
        batch_frames=batch_frames,
    )
    link.run(lambda: not link.queue)
    assert link.quarantined == []
    assert sorted(link.delivered) == list(range(1, 200))


@pytest.mark.parametrize("seed", range(12))
def test_up_to_a_third_of_all_messages_lost_nothing_comes_out_of_turn(seed: int) -> None:
    """Order is given up only for a trial, and a trial needs more than a bad line."""
    link = SimulatedLink(frames(range(1, 701)), failing(0.3, seed, ["close"]), seed)
    link.run(lambda: not link.queue)
    assert in_order(link.delivered)
    assert not link.quarantined


def drops_after(count: int) -> Broker:
    """Every connection after so many messages, the next one just having been sent."""
    return lambda _, number: "acknowledge" if number <= count else "close"


def every_other() -> Broker:
    """Two brokers behind one address, one of them broken: connections go there in turn."""
    connections = 0

    def answer(_: Message, number: int) -> Answer:
        nonlocal connections
        connections += number == 1
        return "close" if connections % 2 else "acknowledge"

    return answer


def all_but_one_in(count: int) -> Broker:
    """One message of so many passes, whichever it is."""
    messages = 0

    def answer(_: Message, __: int) -> Answer:
        nonlocal messages
        messages += 1
        return "close" if messages % count else "acknowledge"

    return answer


@pytest.mark.parametrize(
    "broker",
    [
        lambda: drops_after(1),
        lambda: drops_after(2),
        every_other,
        lambda: all_but_one_in(2),
        lambda: all_but_one_in(3),
        lambda: all_but_one_in(5),
    ],
)
@pytest.mark.parametrize("status_topic", ["", "status"])
@pytest.mark.parametrize("seed", range(2))
def test_a_pattern_is_not_taken_for_a_frame(
    broker: Callable[[], Broker], status_topic: str, seed: int
) -> None:
    """What fails in turn is the broker, and all is delivered once it behaves."""
    link = SimulatedLink(frames(range(1, 400)), broker(), seed, status_topic=status_topic)
    link.run(lambda: not link.queue or link.connections >= 250)
    link.broker = lambda _, __: "acknowledge"
    began = link.now
    link.run(lambda: not link.queue)
    assert link.now - began < 300
    assert link.quarantined == []


@pytest.mark.parametrize("forbidden", ["event", "data", "status"])
def test_a_forbidden_topic_is_held_and_the_others_flow(forbidden: str) -> None:
    """Named once, tried again; when it is allowed, all of it goes out in its order."""

    def answer(message: Message, _: int) -> Answer:
        return "close" if message.topic == forbidden else "acknowledge"

    link = SimulatedLink(frames(range(1, 1201)), answer)
    others = {n for n in range(1, 1201) if ("data" if n % 7 else "event") != forbidden}
    link.run(lambda: set(link.delivered) >= others and bool(link.told), 60)
    assert link.quarantined == []
    (told,) = link.told
    assert f"closes the connection at each message to “{forbidden}”: it may forbid this" in told
    link.broker = lambda _, __: "acknowledge"
    began = link.now
    link.run(lambda: not link.queue)
    assert link.now - began < 700
    assert sorted(link.delivered) == list(range(1, 1201))
    assert forbidden == "status" or link.told[1:] == [
        f"the broker takes messages to “{forbidden}” again"
    ]


def test_nothing_waits_behind_a_held_topic() -> None:
    """Frames of other topics that come later go out at once, a window full at a time."""
    link = SimulatedLink(
        frames(range(1, 3001)), lambda m, _: "close" if m.topic == "data" else "acknowledge"
    )
    link.run(lambda: bool(link.told), 60)
    link.connect()
    link.queue += [cached_frame(n, priority=True, size=60) for n in range(5000, 6000)]
    connections = link.connections
    link.run(lambda: {*range(5000, 6000)} <= set(link.delivered))
    assert link.connections == connections + 1


def test_a_topic_is_held_only_where_something_passes() -> None:
    """A broker that takes nothing at all is tried at the backoff's pace, and nothing is held."""
    link = SimulatedLink(frames(range(1, 100)), lambda _, __: "close")
    link.run(lambda: link.connections >= 300)
    assert link.told == []
    assert max(link.waits) < 13
    link.broker = lambda _, __: "acknowledge"
    link.run(lambda: not link.queue, 305)


@pytest.mark.parametrize("limit", [2000, 8000, 30_000])
@pytest.mark.parametrize("by", ["close", "say nothing"])
def test_a_size_limit_is_found(limit: int, by: Answer) -> None:
    """At least half of it is used, in a dozen connections; no frame is accused."""

    def answer(message: Message, _: int) -> Answer:
        return by if len(message.payload) > limit else "acknowledge"

    link = SimulatedLink(frames(range(1, 3001), every=10_000), answer)
    link.run(lambda: not link.queue, 15)
    assert link.quarantined == []
    assert link.delivered == list(range(1, 3001))
    (told,) = link.told
    assert "set max_payload" in told
    assert limit / 2.5 <= link.suspicion.limit(61_440, link.now) <= limit


def test_messages_grow_again_step_by_step() -> None:
    """Twice as many frames with each PUBACK, until the window opens."""
    sizes: list[int] = []
    link = SimulatedLink(frames(range(1, 1001), every=10_000), refusing(1))

    def noting(message: Message, number: int) -> Answer:
        answer = refusing(1)(message, number)
        if link.quarantined and answer == "acknowledge" and message.frames:
            sizes.append(len(message.frames))
        return answer

    link.broker = noting
    link.run(lambda: not link.queue)
    assert all(after <= 2 * before for before, after in pairwise(sizes[:6]))
    assert max(sizes) > 300


def test_the_first_loss_changes_nothing() -> None:
    """And where the second has other frames at the head, neither: it moves on."""
    link = SimulatedLink(frames(range(1, 1000), every=10_000), drops_after(1), batch_frames=10)
    link.status_topic = ""
    link.run(lambda: not link.queue)
    assert link.connections == 100  # a message each
    assert CAREFUL_AFTER == 2


def test_suspects_that_a_full_cache_drops_are_forgotten() -> None:
    """There is nothing left to be found out about them."""
    link = SimulatedLink(frames(range(1, 1001), every=10_000), refusing(3))
    link.run(lambda: link.connections >= 12)
    assert link.suspicion.careful
    link.queue = [frame for frame in link.queue if frame.id > 500]
    link.run(lambda: not link.queue, 20)
    assert link.quarantined == []
