from appliance.forwarding.cached_frame import QuarantinedFrame
from appliance.ssh.quarantine_report import quarantine_text
from tests.support.frames import cached_frame


def aside(number: int, reason: str = "for “data”: refused", size: int = 12) -> QuarantinedFrame:
    """Frame `number`, set aside an hour later."""
    return QuarantinedFrame(cached_frame(number, size=size), reason, number + 3600)


def test_a_frame_has_two_lines() -> None:
    """What it is, and why it was set aside."""
    assert quarantine_text([aside(1)], 1) == (
        "1 frame set aside; quarantine release sends them again\n"
        "1970-01-01 00:00:01 UTC  ordinary  -41 dBm  12 bytes  AAAAAQAAAAAAAAAA\n"
        "  set aside 1970-01-01 01:00:01 UTC for “data”: refused\n"
    )


def test_none() -> None:
    """One line says so."""
    assert quarantine_text([], 0) == "no frame is set aside\n"


def test_a_long_frame_is_cut_and_many_are_counted() -> None:
    """The list stays readable."""
    text = quarantine_text([aside(1, size=900), aside(2)], 5)
    assert max(map(len, text.splitlines())) < 140
    assert text.endswith("and 3 more\n")


def test_nothing_in_it_reaches_the_terminal() -> None:
    """A topic is the technician's, but it may hold anything."""
    assert "\x1b" not in quarantine_text([aside(1, "for “\x1b[2J”")], 1)
