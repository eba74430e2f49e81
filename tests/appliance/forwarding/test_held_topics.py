import math

from appliance.forwarding.held_topics import ALONE_S, FIRST_S, LONGEST_S, HeldTopics

STATUS = "status"


def test_intervals_grow_while_other_topics_flow() -> None:
    """From a minute to ten."""
    holds, now, waits = HeldTopics(), 100.0, []
    for _ in range(8):
        holds.flows()
        holds.hold("data", now)
        waits.append(holds.next_due(STATUS) - now)
        assert holds.due(now + waits[-1] - 1, STATUS) is None
        now += waits[-1]
        assert holds.due(now, STATUS) == "data"
    assert waits[0] == FIRST_S
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_S


def test_while_nothing_else_flows_there_is_no_reason_to_wait_long() -> None:
    """It may be the line after all."""
    holds = HeldTopics()
    for now in (0.0, 100.0, 200.0):
        holds.hold("data", now)
    assert holds.next_due(STATUS) == 200 + ALONE_S


def test_a_topic_that_is_taken_again_lets_all_be_tried() -> None:
    """The broker's operator has changed something."""
    holds = HeldTopics()
    holds.hold("data", 0)
    holds.hold("event", 0)
    holds.release("data", 5)
    assert "data" not in holds
    assert holds.due(5, STATUS) == "event"


def test_the_status_message_has_its_own_moment() -> None:
    """When a connection opens, not in the middle of one."""
    holds = HeldTopics()
    holds.hold(STATUS, 0)
    assert holds.due(1000, STATUS) is None
    assert holds.next_due(STATUS) == math.inf
    assert not holds.allows(STATUS, FIRST_S - 1)
    assert holds.allows(STATUS, FIRST_S)
    assert holds.allows("data", 0)
