from collections.abc import Callable
from random import Random

import pytest

from appliance.forwarding import eviction as module
from appliance.forwarding.eviction import SHORT_S, SILENT_TIMES, TIMES, Eviction


def eviction(seed: int = 0) -> Eviction:
    """One that knows nothing yet."""
    return Eviction(Random(seed))


def hang_up(case: Eviction, times: int = TIMES, lasted: float = 0.7) -> None:
    """Connections in a row are ended by the far end."""
    for _ in range(times):
        case.hung_up(lasted)


def test_another_client_is_one_that_ends_silent_connections() -> None:
    """Twice, after several others."""
    case = eviction()
    hang_up(case, TIMES - 1)
    assert not case.to_be_silent
    hang_up(case, 1)
    for _ in range(SILENT_TIMES):
        assert case.to_be_silent
        assert not case.suspected
        case.silence_ended()
    assert case.suspected
    assert not case.to_be_silent


def test_a_broker_that_hangs_up_at_messages_is_told_from_it() -> None:
    """A silent connection stays; to keep silent is tried less and less often."""
    case = eviction()
    silences = 0
    for _ in range(1000):
        case.hung_up(0.1)
        if case.to_be_silent:
            silences += 1
            case.silence_passed()
    assert not case.suspected
    assert silences < 10


@pytest.mark.parametrize(
    "between",
    [
        lambda case: case.refused(),  # the broker was down, or the line
        lambda case: case.hung_up(SHORT_S),  # nobody comes back so late
        lambda case: case.silence_passed(),
    ],
)
def test_what_does_not_fit_begins_anew(between: Callable[[Eviction], None]) -> None:
    """Only connections in a row count."""
    case = eviction()
    hang_up(case, TIMES - 1)
    between(case)
    hang_up(case, TIMES - 1)
    assert not case.to_be_silent


def test_waits_grow_and_differ() -> None:
    """Two short ones, for the other unit to find out as well; then a minute to ten, spread."""
    waits = []
    for seed in range(20):
        case = eviction(seed)
        waits.append([case.wait(0.5) for _ in range(10)])
    for each in waits:
        assert each[:2] == [0.5, 0.5]
        assert all(module.FIRST_WAIT_S * 0.75 <= wait <= 750 for wait in each[2:])
        assert each[-1] >= module.LONGEST_WAIT_S * 0.75
    assert len({each[2] for each in waits}) == 20


def test_it_is_over_when_a_connection_lasts() -> None:
    """Longer than the other one would wait."""
    case = eviction()
    hang_up(case)
    case.silence_ended()
    case.silence_ended()
    case.wait(0)
    case.over()
    assert not case.suspected
    assert not case.to_be_silent
    assert case.wait(0.1) == 0.1
