import logging

from appliance.outage import Outage


def test_each_reason_is_told_once_in_an_outage() -> None:
    """Also when two of them take turns; repeats are for who debugs."""
    outage = Outage()
    levels = [outage.level(reason) for reason in ("refused", "lost", "refused", "lost")]
    assert levels == [logging.WARNING, logging.WARNING, logging.DEBUG, logging.DEBUG]
    assert outage.failures == 4


def test_the_end_says_how_long_it_lasted_and_the_next_outage_tells_anew() -> None:
    """And without an outage there is nothing to say."""
    outage = Outage()
    assert outage.end() == ""
    outage.level("lost")
    assert outage.end() == "less than 1 s"
    assert (outage.failures, outage.end()) == (0, "")
    assert outage.level("lost", logging.ERROR) == logging.ERROR


def test_reasons_that_are_new_every_time_are_not_told_for_ever() -> None:
    """Ten of them say it all."""
    outage = Outage()
    levels = [outage.level(f"port {number} is closed") for number in range(100)]
    assert levels == [logging.WARNING] * 10 + [logging.DEBUG] * 90
