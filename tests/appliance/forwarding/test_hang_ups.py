import pytest

from appliance.forwarding.hang_ups import SOON_S, TIMES, HangUps


def hung_up(times: int) -> HangUps:
    """So often, soon after a PUBACK."""
    seen = HangUps()
    for _ in range(times):
        seen.lost("data", 0.1)
    return seen


def test_the_topic_before_each_end_is_named() -> None:
    """Not after a few."""
    assert hung_up(TIMES - 1).topic is None
    assert hung_up(TIMES).topic == "data"


def test_a_connection_that_lasts_ends_it() -> None:
    """It takes as many again."""
    seen = hung_up(TIMES)
    seen.over()
    assert seen.topic is None
    seen.lost("data", 0.1)
    assert seen.topic is None


@pytest.mark.parametrize(("topic", "later"), [("event", 0.1), ("data", SOON_S)])
def test_another_topic_or_a_late_end_begins_anew(topic: str, later: float) -> None:
    """A line that fails now and then has no favourite."""
    seen = hung_up(TIMES - 1)
    seen.lost(topic, later)
    assert seen.topic is None
