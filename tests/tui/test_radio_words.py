import pytest

from tests.support.heard import Heard
from tui.radio_words import state


@pytest.fixture
def heard() -> Heard:
    """A radio that has heard a frame a second for a minute."""
    heard = Heard()
    heard.frames(60)
    return heard


def test_a_radio_that_hears_says_when_and_with_what(heard: Heard) -> None:
    """How long ago the last frame came, and the modem's own words."""
    assert state(heard.report()) == ("done", "+ Receiving. Last frame: 1 s ago. Modem: Acme R1")
    heard.modem = None
    assert state(heard.report()) == ("done", "+ Receiving. Last frame: 1 s ago.")


def test_a_silence_is_told_early_with_what_to_check(heard: Heard) -> None:
    """Long before the unit calls its radio silent: after half a minute, where frames are many."""
    heard.now += 28
    assert state(heard.report())[0] == "done"
    heard.now += 2
    assert state(heard.report()) == (
        "warning",
        "! Silent for 31 s: check antenna, its cable, modem supply, modem cable.",
    )


def test_where_frames_are_rare_a_pause_is_no_silence() -> None:
    """Patience goes by the usual time between two frames."""
    heard = Heard()
    heard.frames(20, every_s=60)
    heard.now += 120
    assert state(heard.report())[0] == "done"
    heard.now += 240
    assert state(heard.report())[1].startswith("! Silent for 7 min:")


def test_a_radio_that_never_heard_anything_listens_before_it_complains() -> None:
    """Since the unit's start; there is no last frame to tell of."""
    heard = Heard()
    heard.now += 12
    assert state(heard.report()) == ("warning", "- Listening for 12 s, nothing heard yet.")
    heard.now += 30
    assert state(heard.report())[1].startswith("! Silent for 42 s: check antenna")


def test_the_units_own_judgement_is_not_softened(heard: Heard) -> None:
    """A radio that the status calls silent is silent here too."""
    heard.state = "silent"
    assert state(heard.report())[1].startswith("! Silent for 1 s")


def test_a_missing_modem_is_told_in_the_units_words(heard: Heard) -> None:
    """Since when, and what the error says to do; on one line, with nothing hidden in it."""
    heard.state, heard.error = "unavailable", "/dev/ttyUSB0: no such device:\nplug it in\x1b[0m"
    heard.now += 200
    look, words = state(heard.report())
    assert look == "refused"
    assert words == "x Nothing heard for 3 min. /dev/ttyUSB0: no such device: plug it in[0m"


def test_damaged_records_alone_point_at_the_cable(heard: Heard) -> None:
    """The modem hears, but its line spoils it: the antenna is not to blame."""
    for _ in range(3):
        heard.now += 15
        heard.reject()
    assert state(heard.report()) == (
        "warning",
        "! Only damaged records for 46 s: check the modem cable.",
    )


def test_records_damaged_before_the_silence_do_not_explain_it(heard: Heard) -> None:
    """Nor does a single one after it."""
    for _ in range(5):
        heard.reject()
    heard.frame()
    heard.now += 60
    heard.reject()
    assert state(heard.report())[1].startswith("! Silent for 60 s")


def test_many_damaged_records_among_frames_are_told(heard: Heard) -> None:
    """A few are noise; a tenth of all is a fault."""
    for _ in range(3):
        heard.reject()
    assert state(heard.report())[0] == "done"
    for _ in range(9):
        heard.reject()
    words = "! Receiving, but 12 damaged records in the last minute: check the modem cable."
    assert state(heard.report()) == ("warning", words)
