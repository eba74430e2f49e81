import pytest

from appliance.forwarding import refusal_lines as lines
from tests.support.frames import cached_frame

FRAME = cached_frame(60, size=61)


@pytest.mark.parametrize("silent", [True, False])
def test_every_finding_is_one_line_that_says_what_and_where(silent: bool) -> None:
    """And how the broker does it."""
    grounds = lines.grounds_line("data", silent=silent)
    found = [
        lines.size_line(15_244, silent=silent),
        lines.topic_line("data", silent=silent),
        lines.lone_frame_line(FRAME, "data", silent=silent),
        lines.set_aside_line(FRAME, grounds),
        lines.without_status_line(grounds),
    ]
    for line in found:
        assert "\n" not in line
        assert ("acknowledge" in line) == silent
    assert "15,244 bytes" in found[0]
    assert all("“data”" in line for line in found[1:])
    assert "a frame of 61 bytes received 1970-01-01 00:01:00 UTC" in found[2]
    assert found[3].endswith("see the command quarantine")


def test_a_hang_up_behind_a_puback_is_told_from_a_refusal() -> None:
    """The frames are gone, and may be nowhere."""
    line = lines.hang_up_line("data")
    assert "\n" not in line
    assert "each time it has acknowledged messages to “data”" in line
