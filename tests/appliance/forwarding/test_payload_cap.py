from appliance.forwarding.payload_cap import SLOW_LINE_S, TIMES, PayloadCap

MOST = 61_440


def episode(cap: PayloadCap, failed: int, passed: int, *, silent: bool = False) -> int | None:
    """A message failed as a whole, and passed in parts."""
    cap.failed(failed)
    cap.passed(passed)
    return cap.resolved(0, silent=silent)


def test_a_size_that_never_passes_is_a_limit() -> None:
    """After three times; the largest that passed is the cap."""
    cap = PayloadCap()
    found = [episode(cap, 60_000, passed) for passed in (20_000, 30_000, 25_000)]
    assert found == [None, None, 30_000]
    assert len(found) == TIMES
    assert cap.limit(MOST, 0) == 30_000
    assert cap.limit(1000, 0) == 1000
    assert cap.limit(MOST, 1e12) == 30_000


def test_a_size_that_passed_before_is_none() -> None:
    """A line that fails fails with small messages too."""
    cap = PayloadCap()
    cap.passed(60_000)
    assert [episode(cap, 60_000, 20_000) for _ in range(10)] == [None] * 10
    assert cap.limit(MOST, 0) == MOST


def test_a_small_message_that_fails_begins_anew() -> None:
    """Then it is not the size."""
    cap = PayloadCap()
    assert episode(cap, 60_000, 30_000) is None
    assert episode(cap, 60_000, 30_000) is None
    cap.failed(10_000)
    assert cap.resolved(0, silent=False) is None
    assert episode(cap, 60_000, 30_000) is None
    assert cap.limit(MOST, 0) == MOST


def test_what_was_a_frame_or_a_topic_says_nothing_of_sizes() -> None:
    """Its failures do not count."""
    cap = PayloadCap()
    for _ in range(TIMES):
        cap.failed(60_000)
        cap.passed(30_000)
        cap.forget_failures()
        assert cap.resolved(0, silent=False) is None


def test_a_line_that_is_too_slow_is_tried_again() -> None:
    """Large messages that were not acknowledged in time may be so an hour later."""
    cap = PayloadCap()
    for _ in range(TIMES):
        episode(cap, 60_000, 30_000, silent=True)
    assert cap.limit(MOST, SLOW_LINE_S - 1) == 30_000
    assert cap.limit(MOST, SLOW_LINE_S) == MOST
