import pytest

from tui.terminal import Abilities, abilities


@pytest.mark.parametrize(
    "term",
    ["xterm", "xterm-256color", "screen.xterm-256color", "tmux", "putty", "vte", "something-new"],
)
def test_ordinary_terminals_have_everything(term: str) -> None:
    """What technicians bring shows box drawing and colours, marks pastes and has a mouse."""
    assert abilities(term) == Abilities(*[True] * 7)


@pytest.mark.parametrize("term", ["dumb", "DUMB", "unknown", "", "sun", "wyse50"])
def test_a_name_that_promises_nothing_gets_nothing(term: str) -> None:
    """ASCII in one colour, and no mode that might be printed."""
    assert abilities(term) == Abilities()


def test_a_vt100_has_but_its_own_modes() -> None:
    """Automatic wrap can be switched off; the cursor can be hidden since the VT220."""
    assert abilities("vt100") == abilities("VT102-nam") == Abilities(wrap_mode=True)
    assert abilities("vt220") == abilities("vt320-w") == Abilities(wrap_mode=True, cursor_mode=True)
    assert abilities("vt52") == abilities("vt100")
    assert abilities("vt525") == abilities("vt220")


def test_consoles_have_colours_without_utf8() -> None:
    """The Linux console's font has no box drawing for certain, but it has colours."""
    console = abilities("linux")
    assert (console.utf8, console.colours, console.mouse) == (False, True, True)
    assert not console.buffers
    assert abilities("ansi") == abilities("cons25") == Abilities(colours=True)


@pytest.mark.parametrize("term", ["xterm-mono", "screen-m", "linux-m"])
def test_a_monochrome_variant_has_no_colours(term: str) -> None:
    """The terminfo database names monochrome variants -m and -mono."""
    able = abilities(term)
    assert not able.colours
    assert able.mouse
