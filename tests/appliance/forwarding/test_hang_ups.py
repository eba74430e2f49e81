import pytest

from appliance.forwarding.hang_ups import SILENT_TIMES, SOON_S, HangUps


def hung_up(silent_times: int) -> HangUps:
    """Soon after a PUBACK, each time, but for so many silent connections."""
    seen = HangUps()
    for _ in range(silent_times):
        seen.hung_up("data", 0.1)
        seen.silence_passed()
    seen.hung_up("data", 0.1)
    return seen


def test_the_topic_before_each_end_is_named() -> None:
    """Not before it is known that nobody minds a silent connection."""
    assert hung_up(SILENT_TIMES - 1).topic is None
    assert hung_up(SILENT_TIMES).topic == "data"


def test_silent_connections_alone_say_nothing() -> None:
    """Nor does one end among them."""
    seen = HangUps()
    for _ in range(10):
        seen.silence_passed()
    seen.hung_up("data", 0.1)
    assert seen.topic is None


def test_a_connection_that_lasts_ends_it() -> None:
    """It takes as many again."""
    seen = hung_up(SILENT_TIMES)
    seen.over()
    assert seen.topic is None
    seen.hung_up("data", 0.1)
    assert seen.topic is None


@pytest.mark.parametrize(("topic", "later"), [("event", 0.1), ("data", SOON_S)])
def test_another_topic_or_a_late_end_begins_anew(topic: str, later: float) -> None:
    """A line that fails now and then has no favourite, and leaves time for many messages."""
    seen = hung_up(SILENT_TIMES - 1)
    seen.hung_up(topic, later)
    seen.hung_up("data", 0.1)
    seen.silence_passed()
    assert seen.topic is None
