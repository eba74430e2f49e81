from appliance.forwarding.progress import Progress


def test_nothing_on_its_way_is_no_stall() -> None:
    """However long."""
    assert Progress().stalled_s(1000) == 0


def test_bytes_of_the_oldest_message_are_progress() -> None:
    """A slow line."""
    progress = Progress()
    progress.sent(1, 1000, 0)
    for second in range(1, 11):
        progress.look(second * 100, second)
        assert progress.stalled_s(second) == 0
    assert progress.stalled_s(40) == 30  # all of it is there, and no PUBACK


def test_bytes_of_later_messages_are_none_for_a_message_that_is_there() -> None:
    """It could wait for ever behind a busy line."""
    progress = Progress()
    progress.sent(1, 100, 0)
    progress.look(100, 1)
    for second in range(2, 30):
        progress.sent(second, second * 100, second)
        progress.look(second * 100, second)
    assert progress.stalled_s(30) == 29


def test_a_puback_for_a_later_message_is_none_either() -> None:
    """Only the oldest one's; then the next one has its time."""
    progress = Progress()
    for number in (1, 2, 3):
        progress.sent(number, number * 100, 0)
    progress.acknowledged(2, 10)
    assert progress.stalled_s(10) == 10
    progress.acknowledged(1, 20)
    assert progress.stalled_s(25) == 5  # of message 3
    progress.acknowledged(3, 30)
    assert progress.stalled_s(100) == 0


def test_an_acknowledgement_of_nothing_counts_for_nothing() -> None:
    """A wrong id, or one for the second time."""
    progress = Progress()
    progress.sent(1, 100, 0)
    progress.acknowledged(7, 5)
    assert progress.stalled_s(10) == 10
