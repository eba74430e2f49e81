import pytest

from appliance.radio.reception import Tally
from appliance.status import RadioState
from tests.support.heard import BEGAN, Heard
from tests.tui.wire_terminal import WireTerminal
from tui.palette import PALETTE
from tui.radio_picture import RadioScene, compose
from tui.screen import TerminalScreen
from tui.walk_test import WalkTest

SMALLEST = (80, 22)
SIZES = [SMALLEST, (81, 23), (100, 22), (80, 58), (120, 38), (200, 58), (500, 198)]


@pytest.fixture
def heard() -> Heard:
    """A radio that has heard a frame every two seconds for five minutes, some priority."""
    heard = Heard()
    for number in range(150):
        heard.frame(-100 + number % 30, number % 5 // 4, priority=number % 10 == 0)
        heard.now += 2
    return heard


def scene(heard: Heard, mark: Tally | None = None) -> RadioScene:
    """The picture of all that was heard, the antenna being moved in no time at that tally."""
    test = WalkTest(Heard().report().tally, mark, mark)
    return RadioScene(heard.report(), test, heard.unix_time())


def rows(shown: RadioScene, size: tuple[int, int] = SMALLEST) -> list[str]:
    """What it looks like."""
    return [row.decode().rstrip() for row in compose(shown, size).render(size, focus=True).text]


def left(shown: RadioScene, size: tuple[int, int] = SMALLEST) -> list[str]:
    """What stands to the left of the line between the columns."""
    return [row.partition("│")[0].strip() for row in rows(shown, size)[3:]]


def test_the_state_is_on_top(heard: Heard) -> None:
    """A modem's long name is cut, and does not push the rest down."""
    heard.modem = "a very long name of a modem indeed, " * 5
    shown = rows(scene(heard))
    assert shown[0].startswith(" + Receiving. Last frame: 2 s ago. Modem: a very long")
    assert shown[0].endswith("…")
    assert "frames a minute" in shown[1]


def test_a_long_error_takes_the_lines_it_needs_and_no_more_than_three(heard: Heard) -> None:
    """What to do stands at its end."""
    heard.state, heard.error = (
        "unavailable",
        f"/dev/{'x' * 30}: no such device: {'plug it in ' * 6}",
    )
    shown = rows(scene(heard))
    assert "frames a minute" in shown[2]
    heard.error = "word " * 500
    shown = rows(scene(heard))
    assert "frames a minute" in shown[3]
    assert shown[-1].split("│")[0].strip() == "none yet"


def test_frames_a_minute_are_a_number_and_a_line(heard: Heard) -> None:
    """A column is ten seconds; the one that is still running stands apart."""
    heard.frames(3)
    pulse, rule = rows(scene(heard))[1:3]
    assert pulse.startswith(" 31.4 frames a minute ")
    assert pulse.endswith(f"  {'█' * 30}│▅")
    assert " 10 s a column, highest 5 frames " in rule


def test_the_line_takes_the_width_that_there_is(heard: Heard) -> None:
    """More of the last hour on a wide screen, and higher where there are rows."""
    heard.frames(360, every_s=10)
    assert rows(scene(heard))[1].count("█") == 53
    wide = rows(scene(heard), (200, 58))[1:7]
    assert [row.count("█") for row in wide] == [173] * 6


def test_the_last_frame_is_a_number_and_a_bar_beside_the_last_minute(heard: Heard) -> None:
    """RSSI and corrected bits alike."""
    heard.frame(rssi=-55, corrected=10)
    shown = left(scene(heard))
    assert shown[0].split() == ["RSSI,", "last", "frame", "-55", "dBm"]
    assert (shown[1].count("█"), shown[1].count("·")) == (23, 8)
    assert shown[2] == "minute: median -85, weak -97"
    assert shown[3].split() == ["Bits", "corrected", "in", "it", "10"]
    assert (shown[4].count("█"), shown[4].count("·")) == (16, 15)
    assert shown[5] == "minute: mean 0.5, some in 23%"


def test_frames_are_spread_over_their_levels(heard: Heard) -> None:
    """The axis is always the same, so that pictures can be compared by eye."""
    shown = left(scene(heard))
    heading = shown.index("Frames by dBm, here      top 25")
    assert shown[heading + 9] == "-150      -100      -50       0"
    bottom = rows(scene(heard))[3 + heading + 8].partition("│")[0]
    assert bottom[1:].rstrip() == f"{' ' * 10}{'█' * 6}"


def test_a_larger_screen_compares_the_levels_of_both_places(heard: Heard) -> None:
    """Before the mark below, on the same axis, and the corrected bits."""
    mark = heard.report().tally
    heard.frames(40, rssi=-50)
    headings = [row.split(" top")[0].strip() for row in left(scene(heard, mark), (120, 38))]
    charts = [heading for heading in headings if heading.startswith("Frames by")]
    assert charts == ["Frames by dBm, here", "Frames by dBm, before", "Frames by corrected bits"]


def test_rejected_records_are_counted_with_the_last_reason_and_its_age(heard: Heard) -> None:
    """And none is said as none."""
    assert left(scene(heard))[-2].split() == ["Rejected", "records", "0"]
    assert left(scene(heard))[-1] == "none yet"
    heard.reject("oversize")
    heard.reject("bad CRC")
    heard.now += 12
    assert left(scene(heard))[-2].split() == ["Rejected", "records", "2"]
    assert left(scene(heard))[-1] == "last: bad CRC, 12 s ago"
    heard.reject("oversize")
    assert left(scene(heard))[-1] == "last: oversize, just now"


@pytest.mark.parametrize(
    ("state", "quiet_s"), [("unavailable", 1), ("silent", 1), ("receiving", 50)]
)
def test_a_radio_that_hears_nothing_looks_dead(
    heard: Heard, state: RadioState, quiet_s: int
) -> None:
    """No rate, no level and no bar are left over from when it heard."""
    heard.frame(rssi=-55, corrected=10)
    assert not rows(scene(heard))[1].startswith(" - ")
    heard.state, heard.error = state, "no such device"
    heard.now += quiet_s
    shown = rows(scene(heard))
    assert any(row.startswith(" - frames a minute") for row in shown[:3])
    levels = left(scene(heard))
    first = next(index for index, row in enumerate(levels) if row.startswith("RSSI"))
    assert [row.split()[-1] for row in levels[first : first + 4 : 3]] == ["-", "-"]
    assert all(set(levels[first + at]) == {"·"} for at in (1, 4))
    assert levels[first + 2] == "minute: median -, weak -"
    assert levels[first + 5] == "minute: mean -, some in -"


def test_on_the_way_the_levels_are_those_before(heard: Heard) -> None:
    """There is no other place yet, and before does not grow."""
    mark = heard.report().tally
    heard.frames(40, rssi=-50)
    test = WalkTest(Heard().report().tally, mark)
    shown = left(RadioScene(heard.report(), test, heard.unix_time()), (120, 38))
    charts = [row.split() for row in shown if row.startswith("Frames by")]
    assert charts == [["Frames", "by", "dBm,", "before", "top", "25"]]


def test_the_last_frames_fill_the_rows_there_are(heard: Heard) -> None:
    """The newest first, priority by its word."""
    heard.frame(rssi=-101, corrected=12, priority=True)
    shown = [row.partition("│")[2].strip() for row in rows(scene(heard))]
    first = shown.index("Time UTC    dBm   bytes  corrected") + 1
    assert shown[first] == "14:18:20   -101       3         12  priority"
    assert shown[first + 1] == "14:18:18    -71       3          1"
    assert shown[-1] == "14:18:08    -76       3          1"
    large = rows(scene(heard), (200, 58))
    assert sum("14:1" in row for row in large) == 58 - 6 - 2 - 12


def test_nothing_heard_yet_is_a_picture_too() -> None:
    """No number is made up."""
    shown = rows(scene(Heard()))
    assert "no frame yet" in "\n".join(shown)
    assert shown[1].startswith(" - frames a minute")
    assert left(scene(Heard()))[0].split() == ["RSSI,", "last", "frame", "-"]
    assert left(scene(Heard()))[2] == "minute: median -, weak -"


@pytest.mark.parametrize("size", SIZES)
def test_any_size_is_filled_exactly(heard: Heard, size: tuple[int, int]) -> None:
    """With a mark and without, whatever was heard."""
    mark = heard.report().tally
    heard.frame(-32768, 65535, priority=True)
    heard.modem = "水 " * 300
    way = RadioScene(heard.report(), WalkTest(mark, mark), heard.unix_time())
    shown = [scene(Heard()), scene(heard), scene(heard, mark), way]
    heard.state, heard.error = "unavailable", "水 " * 300
    for each in (*shown, scene(heard, mark)):
        canvas = compose(each, size).render(size, focus=True)
        assert (canvas.cols(), canvas.rows()) == size


def test_nothing_is_cut_at_the_smallest_size(heard: Heard) -> None:
    """The longest words of the comparison end within their column."""
    mark = heard.report().tally
    heard.now += 36_000
    heard.frames(3000, every_s=0.01, rssi=-120)
    shown = rows(scene(heard, mark))
    assert any(row.endswith("-34 dB worse") for row in shown)
    assert any(row.endswith("Worse: fewer frames are heard.") for row in shown)


def test_every_look_is_in_the_palette(heard: Heard) -> None:
    """Each can be told in monochrome too."""
    mark = heard.report().tally
    heard.frames(40, rssi=-50, corrected=3)
    canvas = compose(scene(heard, mark), (120, 38)).render((120, 38))
    looks = {look for row in canvas.content() for look, _, _ in row}
    assert looks - {None} <= {name for name, *_ in PALETTE}


def test_a_terminal_without_utf8_gets_more_ink_for_more_frames() -> None:
    """Each block has a stand-in of its own, column for column."""
    heard = Heard()
    for minute in range(9):
        heard.frames(minute, every_s=0.001)
        heard.now = 10 * (minute + 1)
    terminal = WireTerminal("vt100", *SMALLEST)
    screen = TerminalScreen(terminal)
    screen.start()
    screen.draw_screen(SMALLEST, compose(scene(heard), SMALLEST).render(SMALLEST, focus=True))
    assert terminal.received.isascii()
    assert terminal.lines()[1].endswith("  _.-:=+*#|")
    assert "?" not in terminal.text()
    assert BEGAN % 86_400 == 14 * 3600 + 13 * 60 + 20  # what the times above are about
