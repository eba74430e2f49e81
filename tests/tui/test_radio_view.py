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
    """The view of it, just opened."""
    view = RadioView(heard.report, heard.unix_time)
    view.refresh()
    return view


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


def test_what_was_heard_before_the_view_was_opened_is_no_part_of_the_test() -> None:
    """A session may be an hour old by then."""
    heard = Heard()
    heard.frames(30)
    view = RadioView(heard.report, heard.unix_time)
    heard.frames(30)
    view.refresh()
    heard.frames(12)
    view.refresh()
    assert numbers(view, "frames") == ["12", "-"]


@pytest.mark.parametrize("keys", ["mb", "MB"])
def test_the_way_between_two_places_belongs_to_neither(
    heard: Heard, view: RadioView, keys: str
) -> None:
    """Before ends with m, after begins with b; each to the moment."""
    heard.frames(30, rssi=-90)
    view.press(keys[0])
    heard.frames(50, rssi=-120)
    view.refresh()
    assert numbers(view, "frames") == ["30", "-"]
    assert "Move the antenna, then press b" in text(view)
    view.press(keys[1])
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
        view.press("b")
    heard.frames(4)
    view.refresh()
    assert numbers(view, "frames") == ["3", "4"]
    assert "Too few frames before the mark to compare: 3" in text(view)


@pytest.mark.parametrize("key", ["x", "X", "delete"])
def test_the_mark_is_cleared(heard: Heard, view: RadioView, key: str) -> None:
    """The test begins anew."""
    heard.frames(30)
    view.press("m")
    view.press("b")
    heard.frames(30)
    view.press(key)
    heard.frames(2)
    view.refresh()
    assert numbers(view, "frames") == ["2", "-"]


def test_each_key_can_be_taken_back(heard: Heard, view: RadioView) -> None:
    """What was heard meanwhile counts as if the key had not been pressed."""
    heard.frames(30)
    view.press("m")
    view.press("b")
    heard.frames(20)
    for key in "xmbm":
        view.press(key)
        heard.frames(1)
    for expected in (["1", "2"], ["1", "-"], ["4", "-"], ["30", "24"], ["30", "-"], ["54", "-"]):
        view.press("ctrl z")
        assert numbers(view, "frames") == expected
    view.press("ctrl z")
    assert numbers(view, "frames") == ["54", "-"]


def test_a_key_that_changes_nothing_is_no_step_to_take_back(heard: Heard, view: RadioView) -> None:
    """Nor does b without a mark, or m on the way."""
    view.press("b")
    heard.frames(30)
    view.press("m")
    heard.frames(5)
    view.press("m")
    assert numbers(view, "frames") == ["30", "-"]
    view.press("ctrl z")
    assert numbers(view, "frames") == ["35", "-"]


def test_only_the_last_steps_are_kept(heard: Heard, view: RadioView) -> None:
    """A key held down fills no memory."""
    for _ in range(100):
        heard.frames(1)
        view.press("x")
    for _ in range(100):
        view.press("ctrl z")
    assert numbers(view, "frames") == ["20", "-"]


@pytest.mark.parametrize(
    "key", ["enter", "a", "z", " ", "up", "tab", "backspace", "ctrl x", "f5", "é"]
)
def test_other_keys_and_pastes_do_nothing(heard: Heard, view: RadioView, key: str) -> None:
    """No other key, and no paste, not even of the keys that do something."""
    heard.frames(30)
    view.press("m")
    view.press("b")
    heard.frames(30)
    view.refresh()
    before = text(view)
    view.press(key)
    view.insert("mbx\nm")
    assert text(view) == before


def test_the_keys_that_work_fit_the_foot_line(view: RadioView) -> None:
    """All of them are named."""
    named = view.keys()
    assert len(named) <= 78
    assert all(word in named for word in ("m mark", "b begin", "x clear", "^Z", "Esc back"))
