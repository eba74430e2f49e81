import pytest

from appliance.duration import spelled


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "less than 1 s"),
        (42.9, "42 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200 + 20 * 60, "2 h 20 min"),
        (2 * 86_400, "2 days 0 h"),
        (62 * 3600, "2 days 14 h"),
    ],
)
def test_a_duration_is_spelled_in_one_or_two_units(seconds: float, words: str) -> None:
    """Nobody reads 223200 s."""
    assert spelled(seconds) == words
