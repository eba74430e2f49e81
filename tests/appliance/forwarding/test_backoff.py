import pytest

from appliance.forwarding.backoff import BackoffRule, retry_delay


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [
        ("linear", [0, 2, 4, 6, 8, 10, 12, 12, 12]),
        ("exponential", [1, 2, 4, 8, 16, 32, 64, 64, 64]),
    ],
)
def test_delay_grows_and_is_held_at_the_seventh_retry(
    rule: BackoffRule, seconds: list[int]
) -> None:
    """2*n or 2**n seconds, n = 0 to 6 and no further (guide, Lost MQTT connection)."""
    assert [retry_delay(rule, retry, 0) for retry in range(9)] == seconds


def test_the_random_part_is_in_milliseconds() -> None:
    """999 is just under a second."""
    assert retry_delay("linear", 1, 999) == pytest.approx(2.999)
