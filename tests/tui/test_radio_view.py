import pytest

from tests.support.heard import Heard
from tui.radio_view import RadioView

SIZE = (80, 22)


@pytest.fixture
def heard() -> Heard:
    """A radio that hears nothing before the view is there."""
    return Heard()


@pytest.fixture
def view(heard: Heard) -> RadioView:
    """The view of it."""
    return RadioView(heard.report, heard.unix_time)


def text(view: RadioView) -> str:
    """What is shown."""
    canvas = view.compose(SIZE).render(SIZE, focus=True)
    return "\n".join(row.decode() for row in canvas.text)


def numbers(view: RadioView, label: str) -> list[str]:
    """The comparison's row so called: before, after, and the change in words."""
    [row] = [row for row in text(view).splitlines() if f"│ {label:14}" in row]
    return row.split(f"│ {label:14}")[1].split()


def test_what_is_heard_shows_with_the_next_refresh(heard: Heard, view: RadioView) -> None:
    """A picture in between is of one moment."""
    heard.frames(5)
    assert numbers(view, "frames") == ["0", "-"]
    view.refresh()
    assert numbers(view, "frames") == ["5", "-"]


def test_what_was_heard_before_the_session_is_no_part_of_the_test() -> None:
    """It is in the charts of the radio, not in the walk test's numbers."""
    heard = Heard()
    heard.frames(30)
    view = RadioView(heard.report, heard.unix_time)
    heard.frames(12)
    view.refresh()
    assert numbers(view, "frames") == ["12", "-"]


@pytest.mark.parametrize("key", ["m", "M"])
def test_m_marks_up_to_this_moment(heard: Heard, view: RadioView, key: str) -> None:
    """Also what came since the last refresh is before the mark."""
    heard.frames(30, rssi=-90)
    view.press(key)
    heard.frames(20, rssi=-84)
    view.refresh()
    assert numbers(view, "frames") == ["30", "20"]
    assert numbers(view, "RSSI median") == ["-90", "dBm", "-84", "dBm", "+6", "dB", "better"]
    assert "Better: about as many frames, but stronger." in text(view)


def test_m_again_moves_on(heard: Heard, view: RadioView) -> None:
    """After becomes before."""
    for count in (30, 20, 3):
        heard.frames(count)
        view.press("m")
    heard.frames(4)
    view.refresh()
    assert numbers(view, "frames") == ["3", "4"]
    assert "Too few frames before the mark to compare: 3" in text(view)


@pytest.mark.parametrize("key", ["x", "X", "delete"])
def test_the_mark_is_cleared(heard: Heard, view: RadioView, key: str) -> None:
    """The test begins anew."""
    heard.frames(30)
    view.press("m")
    heard.frames(30)
    view.press(key)
    heard.frames(2)
    view.refresh()
    assert numbers(view, "frames") == ["2", "-"]


@pytest.mark.parametrize("key", ["enter", "a", " ", "up", "tab", "backspace", "ctrl x", "f5", "é"])
def test_other_keys_and_pastes_do_nothing(heard: Heard, view: RadioView, key: str) -> None:
    """No other key, and no paste, not even of the keys that do something."""
    heard.frames(30)
    view.press("m")
    heard.frames(30)
    view.refresh()
    before = text(view)
    view.press(key)
    view.insert("mx\nm")
    assert text(view) == before


def test_the_keys_that_work_fit_the_foot_line(view: RadioView) -> None:
    """All of them are named."""
    named = view.keys()
    assert len(named) <= 78
    assert [word in named for word in ("m mark", "x clear", "Esc back")] == [True] * 3
