import pytest

from tui.terminal import has_colours, speaks_utf8


@pytest.mark.parametrize("term", ["xterm", "xterm-256color", "screen", "tmux", "putty", "rxvt"])
def test_ordinary_terminals_have_utf8_and_colours(term: str) -> None:
    """What technicians bring shows box drawing and colours."""
    assert speaks_utf8(term)
    assert has_colours(term)


@pytest.mark.parametrize("term", ["vt100", "VT220", "dumb", "unknown", "", "sun"])
def test_simple_terminals_have_neither(term: str) -> None:
    """A name that promises nothing gets ASCII in one colour."""
    assert not speaks_utf8(term)
    assert not has_colours(term)


def test_consoles_have_colours_without_utf8() -> None:
    """The Linux console's font has no box drawing for certain, but it has colours."""
    assert not speaks_utf8("linux")
    assert has_colours("linux")


def test_a_monochrome_variant_has_no_colours() -> None:
    """The terminfo database names monochrome variants -m and -mono."""
    assert not has_colours("xterm-mono")
    assert not has_colours("screen-m")
